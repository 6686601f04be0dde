//! `herald demo`: a throw-away organization that answers security questionnaires, with webhooks, a receiver inside the program,
//! and events to watch.
//!
//! Everything lives in a temporary folder that is removed at the end. What people did in the workspace is done by the actions of
//! its pages, and events go the way of all events: through the outbox and the engine; only the receiver is reached in memory.

mod history;
mod library;
mod printer;
mod projects;
mod scene;
pub(crate) mod send;
mod stage;
mod stories;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::signals::Signals;
use super::{Failure, start_logging};
use crate::app::{App, Surroundings};
use crate::base::{Rng, SystemRng};
use crate::config::{Config, SettingsArgs};
use crate::receiver::Receiver;

/// What differs from the contract's defaults: retries can be watched, and the log leaves the terminal to the callbacks.
const DEFAULTS: &[(&str, &str)] = &[("retry_schedule", "5s,15s,30s,1m,2m,5m,15m"), ("log", "warn")];

/// Settings that a demo decides by itself.
const OWN: [&str; 2] = ["database_url", "secret_key_file"];

pub async fn run(settings: SettingsArgs) -> Result<(), Failure> {
    // From here on a signal ends the demo and not the process, so that the folder is removed.
    let mut signals = Signals::listen()?;
    let folder =
        Folder::make(&SystemRng).map_err(|e| Failure::failed(format!("cannot make a temporary folder: {e}")))?;
    let (config, moved) = config(settings, folder.path())?;
    start_logging(&config);
    let surroundings = Surroundings::default();
    let receiver = Arc::new(Receiver::new(surroundings.clock.clone()));
    let (observer, attempts) = printer::observer();
    let surroundings = Surroundings { observer: Some(observer), demo: Some(receiver.clone()), ..surroundings };
    let app = App::start(&config, surroundings).await?;
    let base = base(&config, app.address);
    let scene = scene::build(&app, &receiver, &base).await?;
    welcome(&base, &scene, moved.then_some(app.address));
    let printing =
        tokio::spawn(printer::print(app.db.clone(), app.context.clock.clone(), scene.organization.clone(), attempts));
    scene.begin(&app).await?;
    signals.next().await;
    say("\nStopping. What the demo made is removed.");
    tokio::select! {
        () = app.stop() => {}
        () = signals.next() => {}
    }
    printing.abort();
    Ok(())
}

/// The settings, in `folder`; and whether the usual port was taken, so that another one will be picked.
fn config(mut settings: SettingsArgs, folder: &Path) -> Result<(Config, bool), Failure> {
    if let Some(name) = OWN.into_iter().find(|name| settings.given.contains_key(*name)) {
        let flag = name.replace('_', "-");
        return Err(Failure::unusable(format!(
            "a demo keeps its data in a temporary folder: leave out --{flag}, or use herald serve"
        )));
    }
    // As flags, so that nothing in the environment can lead a demo to real data.
    let file = |name: &str| folder.join(name).display().to_string();
    settings.given.insert("database_url".into(), format!("sqlite://{}", file("herald.db")));
    settings.given.insert("secret_key_file".into(), file("herald.key"));
    let mut config = Config::read_over(DEFAULTS, &settings, std::env::vars_os()).map_err(Failure::unusable)?;
    let is_taken = TcpListener::bind(config.listen).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse);
    if is_taken {
        config.listen.set_port(0);
    }
    Ok((config, is_taken))
}

/// Where people and webhooks reach the demo.
fn base(config: &Config, address: SocketAddr) -> Url {
    let host =
        if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() };
    let own = || format!("http://{host}/").parse().expect("an address and a port make a URL");
    config.public_url.clone().unwrap_or_else(own)
}

fn welcome(base: &Url, scene: &scene::Scene, instead: Option<SocketAddr>) {
    let taken =
        if instead.is_some() { "\n  That port was free; the usual one is taken by another program.\n" } else { "" };
    say(&format!(
        "\n  Herald demo, listening on {origin}\n{taken}\n  Sign in      {base}login\n  Email        {email}\n  Password     {password}\n  \
         With it, too {moderator}, a moderator\n               {member}, a member\n\n  \
         Receiver     {base}receiver\n\n  {organization} answers security questionnaires: projects, answers and intakes raise the events. There are\n  \
         three webhooks: one that is delivered, one that fails and is tried again, one that is paused and holds what\n  \
         comes. \"Send sample events\" in the sidebar makes more happen.\n  \
         Ctrl-C stops the demo and removes all it made.\n",
        origin = base.as_str().trim_end_matches('/'),
        email = scene.email,
        password = scene.password.expose(),
        organization = scene.organization.name,
        member = scene::TOMAS,
        moderator = scene::PRIYA,
    ));
}

/// A line for the terminal. Where nobody reads it any more, the demo goes on.
fn say(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// A temporary folder that only its owner can read, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn make(rng: &dyn Rng) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = format!("herald-demo-{:032x}", u128::from_be_bytes(rng.bytes()));
        let path = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "cannot remove the demo's folder");
        }
    }
}
