//! Every page as people see it: axe-core finds nothing wrong, the console stays silent, nothing has to be scrolled
//! sideways; light and dark, on a desktop and on a phone. With `HERALD_SCREENSHOTS` set to a folder, pictures are
//! saved there (`bin/screenshots`).

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::scene::{ACCOUNT_MANAGER, LOCKED, MEMBER, NEWCOMER, Scene};
use crate::support::app::PASSWORD;
use crate::support::chromium::{Browser, BrowserOptions, ConsoleEntry};

use Step::{Fill, Follow, Press, See, Tick};

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
    /// Ticks the box that the selector names.
    Tick(&'static str),
    /// Waits until what the selector names says this.
    See(&'static str, &'static str),
}

const NOBODY: &str = "";
const ADMIN: &str = "ada@halden.example";

const COLLABORATION: &str = "/settings/integrations/collaboration";
const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";
const NEW: &str = "/settings/integrations/collaboration/webhooks/new";

/// Pages of the same person stand together, since each change of person is a sign-in.
const PAGES: &[Page] = &[
    page("setup", NOBODY, "{setup}"),
    page("setup-errors", NOBODY, "{setup}").after(&[Press("Set up Herald"), See("#form-errors", "Check")]),
    page("setup-refused", NOBODY, "{setup}-mistyped"),
    page("sign-in", NOBODY, "/login"),
    page("sign-in-refused", NOBODY, "/login").after(&[
        Fill("Email", ADMIN),
        Fill("Password", "not this one"),
        Press("Sign in"),
        See("#form-errors", "wrong"),
    ]),
    page("not-found-outside", NOBODY, "/nowhere"),
    page("demo-receiver", NOBODY, "{receiver}").after(&[See("#received", "Signature holds")]),
    page("api-docs-outside", NOBODY, "/api/docs"),
    page("projects", ADMIN, "/"),
    page("projects-filtered-away", ADMIN, "/projects?q=nothing"),
    page("projects-archived-empty", ADMIN, "/projects?status=archived"),
    page("project", ADMIN, "/projects/{project}"),
    page("project-section-errors", ADMIN, "/projects/{project}")
        .after(&[Press("Add section"), See("#name-error", "Enter a name.")]),
    page("project-trashed", ADMIN, "/projects/{trashed-project}"),
    page("project-form", ADMIN, "/projects/{project}/edit"),
    page("project-form-errors", ADMIN, "/projects/new").after(&[Press("Create project"), See("#form-errors", "Check")]),
    page("section", ADMIN, "/sections/{section}"),
    page("section-empty", ADMIN, "/sections/{empty-section}"),
    page("section-rename", ADMIN, "/sections/{section}/edit"),
    page("section-delete", ADMIN, "/sections/{section}/delete"),
    page("question", ADMIN, "/questions/{question}"),
    page("question-delete-dialog", ADMIN, "/questions/{question}")
        .after(&[Follow("Delete question"), See("dialog", "Delete this question?")]),
    page("intakes", ADMIN, "/intakes"),
    page("intake", ADMIN, "/intakes/{intake}"),
    page("intake-converted", ADMIN, "/intakes/{converted-intake}"),
    page("intake-form", ADMIN, "/intakes/new"),
    page("intake-form-errors", ADMIN, "/intakes/new").after(&[Press("Create intake"), See("#form-errors", "Check")]),
    page("trash", ADMIN, "/trash"),
    page("trash-delete", ADMIN, "/trash/projects/{trashed-project}/delete"),
    page("trash-empty-errors", ADMIN, "/trash/empty").after(&[Press("Empty trash"), See("#confirm-error", "Type it")]),
    page("collaboration", ADMIN, COLLABORATION),
    page("webhooks", ADMIN, WEBHOOKS),
    page("webhook-delete-dialog", ADMIN, WEBHOOKS)
        .after(&[Follow("Delete CRM sync"), See("dialog", "Delete CRM sync?")]),
    page("webhook-form", ADMIN, NEW),
    page("webhook-form-errors", ADMIN, NEW).after(&[
        Fill("Name", "Partner portal"),
        Fill("URL", "hooks.halden.example/crm"),
        Press("Submit"),
        See("#form-errors", "Check"),
    ]),
    page("webhook-form-tested", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}/edit")
        .after(&[Press("Send Test Webhook"), See("#toasts", "Test webhook delivered")]),
    page("webhook-form-test-failed", ADMIN, "/settings/integrations/collaboration/webhooks/{deal-desk-notifier}/edit")
        .after(&[
            Press("Send Test Webhook"),
            See("#toasts", "503"),
            Press("Show details"),
            See("#toasts", "webhook-id"),
        ]),
    page("webhook-delete", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}/delete"),
    page("webhook", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}"),
    page("webhook-failing", ADMIN, "/settings/integrations/collaboration/webhooks/{deal-desk-notifier}"),
    page("webhook-as-table", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}?view=table"),
    page("webhook-paused", ADMIN, "/settings/integrations/collaboration/webhooks/{staging-receiver}"),
    page("webhook-disabled", ADMIN, "/settings/integrations/collaboration/webhooks/{old-ticket-system}"),
    page("webhook-resume", ADMIN, "/settings/integrations/collaboration/webhooks/{staging-receiver}")
        .after(&[Press("Resume"), See("main, dialog", "held")]),
    page("webhook-secret", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}")
        .after(&[Press("Reveal signing secret and header values"), See("h1", "Secrets of CRM sync")]),
    page("delivery", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}/deliveries/{delivery}"),
    page(
        "delivery-retrying",
        ADMIN,
        "/settings/integrations/collaboration/webhooks/{deal-desk-notifier}/deliveries/{failed-delivery}",
    ),
    page("events", ADMIN, "/events"),
    page("events-filtered-away", ADMIN, "/events?event_type=PROJECT_DELETED"),
    page("event", ADMIN, "/events/{event}"),
    page("settings", ADMIN, "/settings"),
    page("api-keys", ADMIN, "/settings/api-keys"),
    page("api-key-new", ADMIN, "/settings/api-keys/new"),
    page("api-key-errors", ADMIN, "/settings/api-keys/new").after(&[Press("Create key"), See("#form-errors", "Check")]),
    page("api-key-created", ADMIN, "/settings/api-keys/new").after(&[
        Fill("Name", "Data warehouse"),
        Tick("input[name=scopes][value=read]"),
        Press("Create key"),
        See("#new-key-title", "Copy your new key now"),
    ]),
    page("api-key-revoke", ADMIN, "/settings/api-keys")
        .after(&[Follow("Revoke Reporting"), See("dialog", "Revoke Reporting?")]),
    page("api-docs", ADMIN, "/api/docs"),
    page("profile", ADMIN, "/profile"),
    page("profile-errors", ADMIN, "/profile").after(&[Press("Change password"), See("#form-errors", "Check")]),
    page("answers", ADMIN, "/answers"),
    page("answers-searched", ADMIN, "/answers").after(&[
        Fill("Search questions and answers", "encrypt"),
        See("#pairs", "Do you encrypt customer data at rest"),
    ]),
    page("answers-filtered-away", ADMIN, "/answers?q=nowhere"),
    page("answers-chosen", ADMIN, "/answers")
        .after(&[Press("Publish"), See("#pairs-error", "Choose at least one pair.")]),
    page("answer-new", ADMIN, "/answers/new"),
    page("answer-edit", ADMIN, "/answers/{pair}"),
    page("answer-edit-errors", ADMIN, "/answers/new").after(&[
        Fill("Question", "Do you?"),
        Press("Add pair"),
        See("#form-errors", "Check"),
    ]),
    page("answer-in-review", ADMIN, "/answers/{pair-in-review}"),
    page("answer-review", ADMIN, "/answers/{pair-in-review}/review"),
    page("answer-history", ADMIN, "/answers/{pair-changed}/history"),
    page("moderation", ADMIN, "/answers/moderation"),
    page("moderation-new-pair", ADMIN, "/answers/moderation")
        .after(&[Tick(".picklist li:nth-child(2) a"), See("article .badge", "New pair")]),
    page("not-found", ADMIN, "/settings/nowhere"),
    page("forbidden", MEMBER, "/settings"),
    page("answer-sent-back", MEMBER, "/answers/{pair-sent-back}"),
    page("organizations", ACCOUNT_MANAGER, "/organizations"),
    page("organization-new", ACCOUNT_MANAGER, "/organizations/new"),
    page("organization", ACCOUNT_MANAGER, "/organizations/{organization}"),
    page("projects-empty", NEWCOMER, "/projects"),
    page("intakes-empty", NEWCOMER, "/intakes"),
    page("trash-empty", NEWCOMER, "/trash"),
    page("webhooks-empty", NEWCOMER, WEBHOOKS),
    page("events-empty", NEWCOMER, "/events"),
    page("answers-empty", NEWCOMER, "/answers"),
    page("moderation-empty", NEWCOMER, "/answers/moderation"),
    page("api-keys-empty", NEWCOMER, "/settings/api-keys"),
    page("collaboration-locked", LOCKED, COLLABORATION),
    page("webhooks-locked", LOCKED, WEBHOOKS),
];

const fn page(name: &'static str, who: &'static str, path: &'static str) -> Page {
    Page { name, who, path, steps: &[] }
}

impl Page {
    const fn after(self, steps: &'static [Step]) -> Page {
        Page { steps, ..self }
    }
}

/// None in particular.
const ALL_RULES: &[&str] = &[];

const COLOUR_RULES: &[&str] = &["color-contrast", "link-in-text-block"];

/// In pixels.
const HIGHEST_PICTURE: u32 = 1200;

/// How a page is looked at: the name in the pictures' files, and the window.
const WINDOWS: [(&str, Window); 4] = [
    ("desktop-light", Window { is_dark: false, is_narrow: false }),
    ("desktop-dark", Window { is_dark: true, is_narrow: false }),
    ("mobile-dark", Window { is_dark: true, is_narrow: true }),
    ("mobile-light", Window { is_dark: false, is_narrow: true }),
];

#[derive(Clone, Copy)]
struct Window {
    is_dark: bool,
    is_narrow: bool,
}

impl Window {
    fn options(self) -> BrowserOptions {
        let options = BrowserOptions::default();
        let options = if self.is_dark { options.dark() } else { options };
        if self.is_narrow { options.narrow() } else { options }
    }
}

#[tokio::test]
async fn every_page_is_accessible_quiet_and_fits_in_light_and_dark_on_desktops_and_phones() {
    // For whoever works on a page: only those whose names begin so.
    let only = std::env::var("HERALD_PAGES").ok();
    let scene = Scene::set().await;
    let browser = Browser::start(BrowserOptions::default()).await;
    let look = Look { scene, browser };
    let mut wrong = Vec::new();
    let mut who = NOBODY;
    for page in PAGES.iter().filter(|page| only.as_ref().is_none_or(|only| page.name.starts_with(only))) {
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
                Tick(css) => self.browser.wait_for(css).await.click().await.expect("a box to tick"),
                See(css, text) => self.browser.wait_for_text(css, text).await,
            }
        }
        for (name, window) in WINDOWS {
            self.use_window(window.options()).await;
            let at = format!("{} ({name})", page.name);
            wrong.extend(self.violations(window, &at).await);
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

    async fn violations(&self, window: Window, at: &str) -> Vec<String> {
        // What the dark changes is colours, and the rest takes most of the time.
        let found = self.browser.violations_of(if window.is_dark { COLOUR_RULES } else { ALL_RULES }).await;
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
    let is_error_answer =
        ["403", "404", "409", "422"].iter().any(|status| entry.message.contains(&format!("a status of {status}")));
    entry.level != "SEVERE" && entry.source != "security"
        || entry.source == "network" && is_error_answer && entry.message.starts_with(page)
}
