//! The ChromeDriver process, and the commands that fantoccini does not know.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{self, Child, Stdio};
use std::time::Duration;

use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A ChromeDriver process and the profile of its one browser.
pub struct Driver {
    process: Child,
    pub port: u16,
    pub profile: TempDir,
}

impl Driver {
    /// Starts the driver on a port of its own choice.
    pub fn start() -> Driver {
        let mut process = process::Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver does not start (bin/test installs it): {error}"));
        let mut lines = BufReader::new(process.stdout.take().expect("stdout is piped")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.strip_prefix("ChromeDriver was started successfully on port ")?.trim_end_matches('.').parse().ok()
            })
            .expect("chromedriver says on which port it listens");
        // Reads on, so that the driver never blocks on a full pipe; ends with the driver.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Driver { process, port, profile: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Closes the browser and waits for that, without needing a runtime.
    pub fn end_session(&self, session: &str) -> std::io::Result<()> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(connection, "DELETE /session/{session} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        // The answer comes when the browser is closed; its first bytes are enough.
        match connection.read(&mut [0; 64])? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Our own child, by its handle; already closed browsers make this a formality.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A WebDriver command that fantoccini has no method for.
#[derive(Debug)]
pub struct Command {
    method: Method,
    /// Below the session's own address.
    path: String,
    body: Option<String>,
}

impl Command {
    /// A command of the DevTools protocol.
    pub fn devtools(command: &str, parameters: Value) -> Command {
        let body = json!({"cmd": command, "params": parameters}).to_string();
        Command { method: Method::POST, path: "goog/cdp/execute".to_owned(), body: Some(body) }
    }

    /// What the browser's console said since the last time.
    pub fn console() -> Command {
        let body = json!({"type": "browser"}).to_string();
        Command { method: Method::POST, path: "se/log".to_owned(), body: Some(body) }
    }

    /// An element's accessible name, as the browser computes it.
    pub fn computed_label(element: &str) -> Command {
        Command { method: Method::GET, path: format!("element/{element}/computedlabel"), body: None }
    }
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (self.method.clone(), self.body.clone())
    }
}
