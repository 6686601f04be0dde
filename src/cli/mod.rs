//! The command line: a file for each command.

pub mod admin;
mod backup;
mod check;
pub mod demo;
mod listen;
mod openapi;
mod serve;
mod signals;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::runtime::Builder;

use crate::config::{Config, LogFormat, SettingsArgs};
use crate::db;

/// Webhooks done right for organizations that answer RFPs and questionnaires.
#[derive(Debug, Parser)]
#[command(name = "herald", disable_version_flag = true, args_conflicts_with_subcommands = true)]
struct Cli {
    /// Print the version, and that of the SQLite inside
    #[arg(short = 'V', long)]
    version: bool,
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (what `herald` alone does, too)
    Serve(Serve),
    /// Try Herald: a throw-away organization, a receiver, and events to watch
    Demo(Serve),
    /// Make organizations, users and API keys; works beside a running server
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Copy the database into a new file while the server runs; the key file is not in it
    Backup(backup::Backup),
    /// Verify the database and its books: every event has its deliveries, every delivery ends or waits
    Check(Serve),
    /// Receive callbacks in development: print each, check its signature, fail on demand
    Listen(listen::Listen),
    /// Print the description of the REST API (OpenAPI 3.1)
    Openapi,
}

#[derive(Debug, clap::Args)]
struct Serve {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// A failure that ends the program: its exit code and the sentence for stderr.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    pub message: String,
}

impl Failure {
    /// Something went wrong (1).
    pub fn failed(message: impl ToString) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    /// Bad settings or an unusable database (2).
    pub fn unusable(message: impl ToString) -> Self {
        Self { code: 2, message: message.to_string() }
    }
}

impl From<crate::app::StartError> for Failure {
    fn from(error: crate::app::StartError) -> Self {
        Self { code: error.exit_code(), message: error.to_string() }
    }
}

/// Reads the command line, does what it says, and tells how that went: 0 done, 1 failed, 2 bad settings or an unusable
/// database, 3 a newer database, 4 a database in use.
pub fn run() -> ExitCode {
    let parsed = Cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help is asked for and goes to stdout; bad arguments are 2.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    // Of its own it has the writer to run, which takes one thing after another; a second thread would only be woken for
    // nothing. Pages and the engine have threads of their own.
    let runtime = match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(Err(Failure::failed(format!("cannot start: {error}")))),
    };
    let result = runtime.block_on(dispatch(cli));
    // What still runs by then has been given its time.
    runtime.shutdown_background();
    end(result)
}

fn end(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, message }) => {
            eprintln!("herald: {message}");
            ExitCode::from(code)
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    if cli.version {
        let sqlite = db::sqlite_version().await.map_err(Failure::failed)?;
        println!("herald {} (SQLite {sqlite})", env!("CARGO_PKG_VERSION"));
        return Ok(());
    }
    match cli.command.unwrap_or(Command::Serve(Serve { settings: cli.settings })) {
        Command::Serve(Serve { settings }) => serve::run(&config(&settings)?).await,
        Command::Demo(Serve { settings }) => demo::run(settings).await,
        Command::Backup(command) => backup::run(&config(&command.settings)?, &command.file).await,
        Command::Check(Serve { settings }) => check::run(&config(&settings)?).await,
        Command::Listen(arguments) => listen::run(arguments).await,
        Command::Openapi => openapi::run(),
        Command::Admin(command) => admin::run(&config(command.settings())?, command).await,
    }
}

/// The settings from flags, environment and file.
fn config(settings: &SettingsArgs) -> Result<Config, Failure> {
    Config::read(settings, std::env::vars_os()).map_err(Failure::unusable)
}

/// Logs go to stderr, so that stdout belongs to what a command answers.
fn start_logging(config: &Config) {
    // A plain level speaks of Herald; the web server's own steps only matter to who asks for them by name.
    let plain = !config.log.contains(['=', ',']);
    // A cookie that opens nothing any more is no news either, and anybody can send one.
    let quiet = "actix_server=warn,actix_http=warn,actix_session=error";
    let filter = if plain { format!("{},{quiet}", config.log) } else { config.log.clone() };
    let filter = tracing_subscriber::EnvFilter::new(filter);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first one's log.
    let _ = match config.log_format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
