//! A demo, as the binary runs it, for its receiver's page.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::app::PATIENCE;

/// Ends when it is dropped, and its folder with it.
pub struct Demo {
    _process: Child,
    _folder: TempDir,
    /// The URL of the receiver's page.
    pub receiver: String,
}

impl Demo {
    pub async fn start() -> Demo {
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
        let mut lines = BufReader::new(process.stdout.take().expect("a piped stdout")).lines();
        let reading = async {
            loop {
                let line = lines.next_line().await.expect("stdout can be read").expect("the demo goes on");
                if let Some(address) = line.trim().strip_prefix("Receiver ") {
                    return address.trim().to_owned();
                }
            }
        };
        let receiver = tokio::time::timeout(PATIENCE, reading).await.expect("the demo says where its receiver is");
        Demo { _process: process, _folder: folder, receiver }
    }
}
