//! A real Chromium for one test, driven by Debian's ChromeDriver. Each browser has its own driver and profile, so
//! tests share nothing, and all of it is gone when the `Browser` is dropped, after a panic too.

mod axe;
mod driver;
mod people;

use std::path::Path;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::driver::{Command, Driver};

/// How long a page may take to show what a test waits for; generous, since machines are shared.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a test looks whether it has come.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

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
    pub fn as_str(self) -> &'static str {
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

    /// The visible button that people and screen readers know as `name`, once it is there.
    pub async fn button(&self, name: &str) -> Element {
        self.named("button, [role=button], [role=switch], input[type=submit], summary", name).await
    }

    /// The visible link called `name`.
    pub async fn link(&self, name: &str) -> Element {
        self.named("a[href]", name).await
    }

    /// The visible field with the label `name`: text, choice, box to tick.
    pub async fn field(&self, name: &str) -> Element {
        self.named("input, select, textarea", name).await
    }

    /// Replaces what stands in the field with the label `name`.
    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.field(name).await;
        field.clear().await.unwrap_or_else(|error| panic!("cannot clear {name:?}: {error}"));
        field.send_keys(text).await.unwrap_or_else(|error| panic!("cannot type into {name:?}: {error}"));
    }

    /// Presses the button called `name`.
    pub async fn press(&self, name: &str) {
        let button = self.button(name).await;
        button.click().await.unwrap_or_else(|error| panic!("cannot press {name:?}: {error}"));
    }

    /// Follows the link called `name`.
    pub async fn follow(&self, name: &str) {
        let link = self.link(name).await;
        link.click().await.unwrap_or_else(|error| panic!("cannot follow {name:?}: {error}"));
    }

    /// The first visible element among those that `css` names whose accessible name, as the browser computes it,
    /// is `name`, once it is there.
    pub async fn named(&self, css: &str, name: &str) -> Element {
        let found = async {
            loop {
                for element in self.client.find_all(Locator::Css(css)).await.unwrap_or_default() {
                    // Elements may be swapped while we look; then we look again.
                    let label = self.client.issue_cmd(Command::computed_label(&element.element_id())).await;
                    if label.is_ok_and(|label| label == name) && element.is_displayed().await.unwrap_or(false) {
                        return element;
                    }
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(element) => element,
            Err(_) => panic!("nothing among {css} is called {name:?} on {}", self.describe().await),
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
                tokio::time::sleep(LOOK_AGAIN).await;
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
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(PATIENCE, arrived).await.is_err() {
            panic!("never arrived at {part}; still on {}", self.describe().await);
        }
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
        // Both wishes are told at once: without motion no colour is on its way to another while it is looked at.
        let features = json!([
            {"name": "prefers-color-scheme", "value": options.color_scheme.as_str()},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// What the browser's console said since the last look: errors of scripts, refusals by the page's
    /// Content-Security-Policy, answers that are errors.
    pub async fn console(&self) -> Vec<ConsoleEntry> {
        let entries = self.client.issue_cmd(Command::console()).await.expect("the browser's log");
        Vec::<ConsoleEntry>::deserialize(&entries).expect("ChromeDriver's shape of a log")
    }

    /// A command of the DevTools protocol, for what WebDriver has no word for.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let call = Command::devtools(command, parameters);
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

/// A line of the browser's console.
#[derive(Debug, Deserialize)]
pub struct ConsoleEntry {
    /// `SEVERE`, `WARNING`, `INFO`.
    pub level: String,
    /// Who says it: `network`, `security`, `javascript`, `console-api`.
    pub source: String,
    pub message: String,
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
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
    capabilities
}
