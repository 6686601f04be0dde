//! `herald demo`, as a stranger runs it: the real binary, in a folder of its own.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::app::PATIENCE;

/// A demo that is running; killed if a test fails.
pub struct Demo {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: tempfile::TempDir,
    said: Vec<String>,
}

impl Demo {
    /// Starts one at a port that it picks.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut process = Command::new(env!("CARGO_BIN_EXE_herald"))
            .args(["demo", "--listen", "127.0.0.1:0"])
            // Nothing that concerns the tests, or other programs, is a setting of the demo.
            .env_clear()
            .env("TMPDIR", folder.path())
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let lines = BufReader::new(process.stdout.take().expect("a piped stdout")).lines();
        Self { process, lines, folder, said: Vec::new() }
    }

    /// The first line with these words in it: one that was said already, or one to come.
    pub async fn says(&mut self, words: &str) -> String {
        if let Some(line) = self.said.iter().find(|line| line.contains(words)) {
            return line.clone();
        }
        let reading = async {
            loop {
                let line = self.lines.next_line().await.expect("stdout can be read").expect("the demo goes on");
                self.said.push(line.clone());
                if line.contains(words) {
                    return line;
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, reading).await;
        found.unwrap_or_else(|_| panic!("never said {words:?}: {:#?}", self.said))
    }

    /// What follows `label` in the welcome.
    pub async fn tells(&mut self, label: &str) -> String {
        let line = self.says(label).await;
        line.split_whitespace().last().expect("a word").to_owned()
    }

    /// Sends the signal; the demo must end well and leave nothing behind.
    pub async fn ends_by(mut self, signal: &str) {
        let id = self.process.id().expect("it is running").to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(sent.expect("kill runs").success());
        let ended = tokio::time::timeout(Duration::from_secs(30), self.process.wait()).await;
        assert_eq!(ended.expect("it ends in time").expect("a status").code(), Some(0));
        let left: Vec<_> = std::fs::read_dir(self.folder.path()).expect("the folder is there").collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
