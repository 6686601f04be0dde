//! A real Chromium for one test, driven by Debian's ChromeDriver. Each browser has its own driver and profile, so
//! tests share nothing, and all of it is gone when the `Browser` is dropped, after a panic too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// How long a page may take to show what a test waits for; generous, since machines are shared.
const PATIENCE: Duration = Duration::from_secs(30);

const AXE: &str = include_str!("../vendor/axe/axe.min.js");

/// Without the network flags Chromium looks for its maker's hosts at every start, which a closed network answers
/// with many refusals; `--no-sandbox` lets it run as root, and it sees only our own pages.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=en-US",
];

/// What a page finds out about its visitor's wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorScheme {
    Light,
    Dark,
}

impl ColorScheme {
    fn as_str(self) -> &'static str {
        match self {
            ColorScheme::Light => "light",
            ColorScheme::Dark => "dark",
        }
    }
}

/// How a browser is started: `BrowserOptions::default()` is a light desktop with JavaScript.
#[derive(Debug, Clone, Copy)]
pub struct BrowserOptions {
    pub width: u32,
    pub height: u32,
    pub color_scheme: ColorScheme,
    pub javascript: bool,
}

impl Default for BrowserOptions {
    fn default() -> Self {
        BrowserOptions { width: 1280, height: 900, color_scheme: ColorScheme::Light, javascript: true }
    }
}

impl BrowserOptions {
    pub fn without_javascript(self) -> Self {
        BrowserOptions { javascript: false, ..self }
    }

    pub fn dark(self) -> Self {
        BrowserOptions { color_scheme: ColorScheme::Dark, ..self }
    }

    /// A phone: 390 pixels wide.
    pub fn narrow(self) -> Self {
        BrowserOptions { width: 390, height: 844, ..self }
    }
}

/// One thing axe-core found wrong on a page.
#[derive(Debug, Deserialize)]
pub struct Violation {
    /// axe's name of the rule, such as `label`.
    pub id: String,
    pub help: String,
    pub nodes: Vec<ViolationNode>,
}

/// An element that breaks a rule.
#[derive(Debug, Deserialize)]
pub struct ViolationNode {
    /// Selectors that lead to it: one, or several through frames and shadow roots.
    pub target: Vec<Value>,
    #[serde(rename = "failureSummary", default)]
    pub summary: String,
}

/// A running browser with one window.
pub struct Browser {
    client: Client,
    session: String,
    driver: Driver,
}

impl Browser {
    /// Starts ChromeDriver and Chromium. Panics where they are missing: a browser test without a browser has
    /// failed.
    pub async fn start(options: BrowserOptions) -> Browser {
        let driver = Driver::start();
        let client = ClientBuilder::rustls()
            .expect("the machine's root certificates")
            .capabilities(capabilities(&options, driver.profile.path()))
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("ChromeDriver starts Chromium");
        let session = client.session_id().await.expect("a session").expect("a session has an id");
        let browser = Browser { client, session, driver };
        browser.use_window(options).await;
        browser
    }

    /// For everything that has no verb here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Opens a page and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url} does not open: {error}"));
    }

    /// The element that `css` names, once it is there. Panics with the page's text if it does not come.
    pub async fn wait_for(&self, css: &str) -> Element {
        match self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("no {css} on {}: {error}", self.describe().await),
        }
    }

    /// Waits until the visible text of what `css` names contains `text`.
    pub async fn wait_for_text(&self, css: &str, text: &str) {
        let seen = async {
            loop {
                // An element may be swapped between finding and reading it; then we look again.
                if let Ok(element) = self.client.find(Locator::Css(css)).await
                    && element.text().await.is_ok_and(|seen| seen.contains(text))
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, seen).await.is_err() {
            panic!("{css} never says {text:?} on {}", self.describe().await);
        }
    }

    /// Waits until the address of the page contains `part`.
    pub async fn wait_for_address(&self, part: &str) {
        let arrived = async {
            while !self.client.current_url().await.is_ok_and(|url| url.as_str().contains(part)) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, arrived).await.is_err() {
            panic!("never arrived at {part}; still on {}", self.describe().await);
        }
    }

    /// What axe-core finds wrong on the page as it is now. The script comes in through the driver, which the page's
    /// Content-Security-Policy does not bind. Needs JavaScript.
    pub async fn violations(&self) -> Vec<Violation> {
        self.client.execute(AXE, vec![]).await.expect("axe-core loads");
        let found = self
            .client
            .execute_async(
                "const done = arguments[0]; \
                 axe.run(document, {resultTypes: ['violations']}) \
                    .then(r => done({violations: r.violations}), e => done({error: String(e)}));",
                vec![],
            )
            .await
            .expect("axe-core runs");
        if let Some(error) = found.get("error") {
            panic!("axe-core failed: {error}");
        }
        Vec::<Violation>::deserialize(&found["violations"]).expect("axe-core's shape of a violation")
    }

    /// Fails the test with every finding of axe-core; `page` is how the failure calls the page.
    pub async fn is_accessible(&self, page: &str) {
        let violations = self.violations().await;
        let lines: Vec<String> = violations
            .iter()
            .flat_map(|violation| {
                violation.nodes.iter().map(move |node| {
                    format!("{}: {} at {:?}\n{}", violation.id, violation.help, node.target, node.summary)
                })
            })
            .collect();
        assert!(lines.is_empty(), "axe-core on {page}:\n{}", lines.join("\n"));
    }

    /// Saves what the window shows as a PNG file.
    pub async fn save_screenshot(&self, path: &Path) {
        let png = self.client.screenshot().await.expect("a screenshot");
        std::fs::write(path, png).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// Saves the whole page as a PNG file, beyond what fits into the window.
    pub async fn save_full_page(&self, path: &Path) {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let size = &metrics["cssContentSize"];
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let shot = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let answer = self.devtools("Page.captureScreenshot", shot).await;
        let text = answer["data"].as_str().expect("a picture in base64");
        let png = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).expect("valid base64");
        std::fs::write(path, png).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// Changes the window's size and colours in the middle of a test. The size is the page's own, which no window
    /// manager rounds up (a window of Chromium cannot be as narrow as a phone).
    pub async fn use_window(&self, options: BrowserOptions) {
        let size = json!({"width": options.width, "height": options.height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = json!({"name": "prefers-color-scheme", "value": options.color_scheme.as_str()});
        self.devtools("Emulation.setEmulatedMedia", json!({"features": [scheme]})).await;
    }

    /// A command of the DevTools protocol, for what WebDriver has no word for.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let call = DevTools { body: json!({"cmd": command, "params": parameters}).to_string() };
        self.client.issue_cmd(call).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    async fn describe(&self) -> String {
        let address = self.client.current_url().await.map(String::from).unwrap_or_default();
        let text = match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        };
        format!("{address}, which says:\n{text}")
    }
}

impl Drop for Browser {
    /// Asks the driver to close the browser and waits for that, without needing the test's runtime.
    fn drop(&mut self) {
        if let Err(error) = self.driver.end_session(&self.session) {
            eprintln!("the browser did not close: {error}");
        }
    }
}

fn capabilities(options: &BrowserOptions, profile: &Path) -> Map<String, Value> {
    let mut arguments: Vec<String> = FLAGS.iter().map(|&flag| flag.to_owned()).collect();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments.push(format!("--window-size={},{}", options.width, options.height));
    let mut chrome = json!({"args": arguments});
    if !options.javascript {
        // 2 is "block": page scripts do not run, while the driver's own still do.
        chrome["prefs"] = json!({"profile.managed_default_content_settings.javascript": 2});
    }
    let mut capabilities = Map::new();
    capabilities.insert("goog:chromeOptions".to_owned(), chrome);
    capabilities
}

/// A ChromeDriver process and the profile of its one browser.
struct Driver {
    process: Child,
    port: u16,
    profile: TempDir,
}

impl Driver {
    fn start() -> Driver {
        let mut process = Command::new("chromedriver")
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

    fn end_session(&self, session: &str) -> std::io::Result<()> {
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

#[derive(Debug)]
struct DevTools {
    body: String,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.clone()))
    }
}
