//! Every page as people see it: axe-core finds nothing wrong, the console stays silent, nothing has to be scrolled
//! sideways; light and dark, on a desktop and on a phone. With `HERALD_SCREENSHOTS` set to a folder, pictures are
//! saved there (`bin/screenshots`).

mod deliveries;
mod settings;
mod workspace;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::scene::Scene;
use crate::support::app::PASSWORD;
use crate::support::chromium::{Browser, BrowserOptions, ConsoleEntry};

use Step::{Attach, Fill, FillDisk, Follow, Overtaken, Press, See, ShowCode, Tick};

/// One page in one state: who opens which address, and what has to be done there before it is looked at.
struct Page {
    name: &'static str,
    who: &'static str,
    /// As for [`Scene::address`].
    path: &'static str,
    steps: &'static [Step],
}

enum Step {
    /// Presses the button of this name.
    Press(&'static str),
    /// Follows the link of this name.
    Follow(&'static str),
    /// Types into the field of this label.
    Fill(&'static str, &'static str),
    /// Chooses a file with this content for the page's only file field.
    Attach(&'static str),
    /// Lets somebody else save what the form is about, after it was opened.
    Overtaken,
    /// Lets the disk be full for a moment.
    FillDisk,
    /// Ticks the box that the selector names.
    Tick(&'static str),
    /// Types what an authenticator app shows that was given the key on the page.
    ShowCode,
    /// Waits until what the selector names says this.
    See(&'static str, &'static str),
}

const NOBODY: &str = "";
const ADMIN: &str = "ada@halden.example";

const fn page(name: &'static str, who: &'static str, path: &'static str) -> Page {
    Page { name, who, path, steps: &[] }
}

impl Page {
    const fn after(self, steps: &'static [Step]) -> Page {
        Page { steps, ..self }
    }
}

/// In pixels.
const HIGHEST_PICTURE: u32 = 1200;

/// How a page is looked at: the name in the pictures' files, and the window. axe-core looks at the first and the last, which
/// are each width and each theme once: no colour depends on the width.
const WINDOWS: [(&str, Window); 4] = [
    ("desktop-light", Window { is_dark: false, is_narrow: false, has_axe: true }),
    ("desktop-dark", Window { is_dark: true, is_narrow: false, has_axe: false }),
    ("mobile-light", Window { is_dark: false, is_narrow: true, has_axe: false }),
    ("mobile-dark", Window { is_dark: true, is_narrow: true, has_axe: true }),
];

#[derive(Clone, Copy)]
struct Window {
    is_dark: bool,
    is_narrow: bool,
    has_axe: bool,
}

impl Window {
    fn options(self) -> BrowserOptions {
        let options = BrowserOptions::default();
        let options = if self.is_dark { options.dark() } else { options };
        if self.is_narrow { options.narrow() } else { options }
    }
}

#[tokio::test]
async fn every_page_of_the_workspace_is_accessible_quiet_and_fits_desktops_and_phones() {
    look_at(workspace::PAGES).await;
}

#[tokio::test]
async fn every_page_around_the_workspace_is_accessible_quiet_and_fits_desktops_and_phones() {
    look_at(settings::PAGES).await;
}

#[tokio::test]
async fn every_page_of_what_waits_and_is_sent_again_is_accessible_quiet_and_fits_desktops_and_phones() {
    look_at(deliveries::PAGES).await;
}

async fn look_at(pages: &[Page]) {
    // For whoever works on a page: only those whose names begin so.
    let only = std::env::var("HERALD_PAGES").ok();
    let is_asked =
        |page: &Page| only.as_ref().is_none_or(|only| only.split(',').any(|start| page.name.starts_with(start)));
    let pages: Vec<_> = pages.iter().filter(|page| is_asked(page)).collect();
    if pages.is_empty() {
        return;
    }
    let look = Look { scene: Scene::set().await, browser: Browser::start(BrowserOptions::default()).await };
    let mut wrong = Vec::new();
    let mut who = NOBODY;
    for page in pages {
        if page.who != who {
            look.signs_in(page.who).await;
            who = page.who;
        }
        look.at(page, &mut wrong).await;
    }
    look.scene.ends().await;
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

struct Look {
    scene: Scene,
    browser: Browser,
}

impl Look {
    async fn signs_in(&self, who: &str) {
        self.browser.client().delete_all_cookies().await.expect("cookies go");
        self.browser.signs_in(&self.scene.address("/login"), who, PASSWORD).await;
    }

    /// Opens the page, does its steps once, and looks at what is there in every window.
    async fn at(&self, page: &Page, wrong: &mut Vec<String>) {
        self.use_window(WINDOWS[0].1.options()).await;
        self.browser.console().await;
        self.browser.open(&self.scene.address(page.path)).await;
        for step in page.steps {
            match step {
                Press(name) => self.browser.press(name).await,
                Follow(name) => self.browser.follow(name).await,
                Fill(label, text) => self.browser.fill(label, text).await,
                Attach(content) => self.attaches(content).await,
                Overtaken => self.is_overtaken().await,
                FillDisk => self.scene.fills_the_disk().await,
                ShowCode => self.shows_a_code().await,
                Tick(css) => self.browser.wait_for(css).await.click().await.expect("a box to tick"),
                See(css, text) => self.browser.wait_for_text(css, text).await,
            }
        }
        for (name, window) in WINDOWS {
            self.use_window(window.options()).await;
            let at = format!("{} ({name})", page.name);
            if window.has_axe {
                wrong.extend(self.violations(&at).await);
            }
            if window.is_narrow {
                wrong.extend(self.sideways(&at).await);
            }
            self.takes_a_picture(&format!("{}-{name}.png", page.name), window).await;
        }
        self.use_window(BrowserOptions { width: 320, ..BrowserOptions::default().narrow() }).await;
        wrong.extend(self.sideways(&format!("{} (320 px)", page.name)).await);
        let address = self.browser.client().current_url().await.expect("an address");
        let noise = self.browser.console().await.into_iter().filter(|entry| !is_expected(entry, address.as_str()));
        wrong.extend(noise.map(|entry| format!("{}: the console says {}: {}", page.name, entry.level, entry.message)));
    }

    async fn attaches(&self, content: &str) {
        let path = self.scene.app.database.path("chosen.csv");
        std::fs::write(&path, content).expect("a file is written");
        let field = self.browser.wait_for("input[type=file]").await;
        field.send_keys(&path.display().to_string()).await.expect("a file is chosen");
    }

    async fn shows_a_code(&self) {
        let key = self.browser.wait_for("#totp-key").await.text().await.expect("a text");
        self.browser.fill("Code", &self.scene.code_of(&key)).await;
    }

    /// No version is this old: as if the thing had been saved again since.
    async fn is_overtaken(&self) {
        let script = "document.querySelector('main [name=version]').value = '0'";
        self.browser.client().execute(script, vec![]).await.expect("the form has a version");
    }

    /// Without motion, so that no colour is on its way to another while it is looked at: this is why both wishes are
    /// told at once. Without scroll bars, since phones draw theirs above the page, and so do many desktops.
    async fn use_window(&self, options: BrowserOptions) {
        let size = json!({"width": options.width, "height": options.height, "deviceScaleFactor": 1, "mobile": false});
        self.browser.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!([
            {"name": "prefers-color-scheme", "value": options.color_scheme.as_str()},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.browser.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
        self.browser.devtools("Emulation.setScrollbarsHidden", json!({"hidden": true})).await;
    }

    async fn violations(&self, at: &str) -> Vec<String> {
        let found = self.browser.violations().await;
        let lines = found.iter().flat_map(|violation| {
            violation.nodes.iter().map(move |node| {
                format!("{at}: {}: {} at {:?}\n    {}", violation.id, violation.help, node.target, node.summary)
            })
        });
        lines.collect()
    }

    /// What is wider than the window, if anything makes the page scroll sideways.
    async fn sideways(&self, at: &str) -> Option<String> {
        let wide = "const width = document.documentElement.clientWidth; \
             if (document.documentElement.scrollWidth <= width) return null; \
             const wide = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > width); \
             return wide.map(e => e.tagName + '.' + e.className).slice(0, 5).join(', ');";
        match self.browser.client().execute(wide, vec![]).await.expect("an answer") {
            Value::Null => None,
            elements => Some(format!("{at}: scrolls sideways because of {elements}")),
        }
    }

    /// Saves the whole page, in a window that is as high as it: what sticks to the window's ends is then at the page's.
    async fn takes_a_picture(&self, name: &str, window: Window) {
        let Some(folder) = std::env::var_os("HERALD_SCREENSHOTS").map(PathBuf::from) else { return };
        let script = "document.activeElement?.blur(); scrollTo(0, 0); return document.documentElement.scrollHeight";
        let height = self.browser.client().execute(script, vec![]).await.expect("an answer");
        let height = height.as_u64().and_then(|height| u32::try_from(height).ok()).expect("a height");
        // Lists go on for ever, and look the same there.
        let height = height.min(HIGHEST_PICTURE);
        self.use_window(BrowserOptions { height, ..window.options() }).await;
        self.browser.save_screenshot(&folder.join(name)).await;
    }
}

/// A page that is itself an error, a form that is refused or asks back, are answers of their kind: Chromium notes them.
fn is_expected(entry: &ConsoleEntry, page: &str) -> bool {
    let is_error_answer = ["403", "404", "409", "410", "422"]
        .iter()
        .any(|status| entry.message.contains(&format!("a status of {status}")));
    entry.level != "SEVERE" && entry.source != "security"
        || entry.source == "network" && is_error_answer && entry.message.starts_with(page)
}
