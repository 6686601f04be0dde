//! The program itself, as a process that can be killed.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

const PROGRAM: &str = env!("CARGO_BIN_EXE_herald");

/// How long a process may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a process runs: its folder, which holds database and key, and its settings; it inherits nothing.
#[derive(Clone, Debug)]
pub struct Home {
    pub folder: PathBuf,
    pub settings: Vec<(&'static str, String)>,
}

impl Home {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(&self.folder).env_clear().envs(self.settings.iter().cloned());
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub async fn runs(&self, arguments: &[&str]) -> Output {
        let ran = tokio::time::timeout(PATIENCE, self.command(arguments).output()).await;
        ran.unwrap_or_else(|_| panic!("{arguments:?} does not end")).expect("the program runs")
    }

    /// Runs `herald admin …`, and gives the object that it prints.
    pub async fn admin(&self, arguments: &[&str]) -> Value {
        let output = self.runs(&[&["admin"], arguments].concat()).await;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        serde_json::from_slice(&output.stdout).expect("one JSON object on stdout")
    }

    /// Starts `herald serve`, and returns once it listens.
    pub async fn serve(&self) -> Server {
        let mut command = self.command(&["serve"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("stderr is piped");
        let log = Arc::new(Mutex::new(String::new()));
        let (listening, address) = oneshot::channel();
        tokio::spawn(read_log(BufReader::new(stderr), log.clone(), listening));
        match tokio::time::timeout(PATIENCE, address).await {
            Ok(Ok(address)) => Server { child, base: address, log },
            _ => panic!("the server does not start:\n{}", log.lock().expect("no holder panics")),
        }
    }
}

/// Keeps what the server says, and hears where it listens. Ends with the process.
async fn read_log(
    mut stderr: BufReader<tokio::process::ChildStderr>,
    log: Arc<Mutex<String>>,
    listening: oneshot::Sender<String>,
) {
    let mut listening = Some(listening);
    let mut line = String::new();
    while stderr.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        if let Some((_, address)) = line.split_once("listening on ")
            && let Some(listening) = listening.take()
        {
            // The test may have given up.
            let _ = listening.send(address.trim().to_owned());
        }
        log.lock().expect("no holder panics").push_str(&line);
        line.clear();
    }
}

/// A running server. Killed when dropped.
pub struct Server {
    child: Child,
    /// `http://…` without a path.
    pub base: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    pub fn log(&self) -> String {
        self.log.lock().expect("no holder panics").clone()
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the server runs")
    }

    /// The most memory that the process has had so far (resident), in MB.
    pub fn peak_megabytes(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kilobytes * 1_024.0 / 1e6
    }

    /// Processor time that the process has used so far.
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).expect("the server runs");
        // Behind the name, which ends with the last parenthesis: utime and stime are fields 14 and 15, in hundredths of a second.
        let (_, rest) = stat.rsplit_once(')').expect("a name");
        let ticks = rest.split_whitespace().skip(11).take(2).map(|text| text.parse::<u64>().expect("a number"));
        Duration::from_millis(10 * ticks.sum::<u64>())
    }

    /// `kill -9`: no chance to finish anything.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the server can be killed");
    }

    /// SIGTERM, and the end that it leads to.
    pub async fn terminate(mut self) -> ExitStatus {
        let id = self.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(told.success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.unwrap_or_else(|_| panic!("the server does not stop:\n{}", self.log())).expect("an exit status")
    }
}

/// A copy of a SQLite database as a crash left it, to look into without repairing the original.
pub fn copy_database(database: &Path, into: &Path) -> PathBuf {
    let name = database.file_name().expect("a database is a file").to_string_lossy().into_owned();
    for suffix in ["", "-wal"] {
        let from = database.with_file_name(format!("{name}{suffix}"));
        if from.exists() {
            std::fs::copy(&from, into.join(format!("{name}{suffix}"))).expect("a copy");
        }
    }
    into.join(name)
}
