//! `herald listen`, as a developer runs it: the real binary, and what it prints.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::app::PATIENCE;

/// A receiver that is running; killed if a test fails.
pub struct Listener {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// `http://…` without a path.
    pub base: String,
    /// Everything that was printed and looked at so far.
    pub said: String,
}

impl Listener {
    /// Starts one at a port that it picks.
    pub async fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_herald"))
            .args(["listen", "--port", "0"])
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let lines = BufReader::new(process.stdout.take().expect("a piped stdout")).lines();
        let mut listener = Self { process, lines, base: String::new(), said: String::new() };
        let line = listener.says("listening on ").await;
        listener.base = line.trim_start_matches("listening on ").to_owned();
        listener
    }

    /// The first line to come with these words in it.
    pub async fn says(&mut self, words: &str) -> String {
        let reading = async {
            loop {
                let line = self.lines.next_line().await.expect("UTF-8 on stdout").expect("the receiver goes on");
                self.said += &format!("{line}\n");
                if line.contains(words) {
                    return line;
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, reading).await;
        found.unwrap_or_else(|_| panic!("never said {words:?}:\n{}", self.said))
    }

    /// Sends the signal; the receiver must end well. Its last words.
    pub async fn ends_by(mut self, signal: &str) -> String {
        let id = self.process.id().expect("it is running").to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(sent.expect("kill runs").success());
        let last = self.says("Received ").await;
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        assert_eq!(ended.expect("it ends in time").expect("a status").code(), Some(0));
        last
    }
}
