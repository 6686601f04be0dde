//! Strings that want to run a script, in every field that is kept, in what a form gives back when it is refused, in every part
//! of a receiver's answer and in mails, page by page in Chromium: nothing runs, nothing is asked of anybody else, no dialog
//! opens, the policy has nothing to block, and each string is there to be read.

mod forms;
mod mails;
mod planted;

use serde_json::{Value, json};

use self::forms::{FORMS, Forms};
use self::planted::{PUBLIC, Planted};
use crate::support::app::{PASSWORD, Setting};
use crate::support::chromium::{Browser, BrowserOptions};
use crate::support::routes::{Route, table};

/// Notes what should not happen, from before the page's first script on.
const ALARM: &str = "
    window.alarms = [];
    window.pwned = (n) => window.alarms.push('script ' + n);
    for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'])
        window[name] = (...what) => { window.alarms.push(name + ' ' + what.join(' ')); };
    document.addEventListener('securitypolicyviolation', (e) =>
        window.alarms.push('policy ' + e.violatedDirective + ' ' + e.blockedURI));
    addEventListener('error', (e) => window.alarms.push('error ' + e.message));
";

/// What is on the page: alarms; elements and attributes that none of our templates has; addresses elsewhere; and all that can be
/// read, in fields too.
const LOOK: &str = "
    const odd = [...window.alarms];
    const here = location.origin + '/';
    const ours = [location.origin, ...arguments];
    const strange = new Set(['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'STYLE', 'MARQUEE', 'VIDEO', 'AUDIO', 'IMG', 'MATH', 'FRAME',
        'APPLET', 'XMP', 'PLAINTEXT', 'ANIMATE', 'SET', 'FOREIGNOBJECT', 'HX-PARTIAL', 'X', 'NOEMBED', 'FONT']);
    const leads = ['href', 'src', 'action', 'formaction', 'xlink:href', 'data', 'poster', 'srcset', 'background', 'ping', 'cite'];
    let text = '';
    for (const e of document.querySelectorAll('*')) {
        const name = e.tagName.toUpperCase();
        if (strange.has(name)) odd.push('element ' + e.outerHTML.slice(0, 120));
        if (name === 'SCRIPT' && !e.src.startsWith(here + 'static/')) odd.push('script ' + e.outerHTML.slice(0, 120));
        if (name === 'META' && e.httpEquiv) odd.push('meta ' + e.outerHTML);
        for (const a of e.attributes) {
            if (/^on|^hx-on|^style$|^srcdoc$/i.test(a.name)) odd.push('attribute ' + a.name + '=' + a.value.slice(0, 80));
            if (leads.includes(a.name) && !/^mailto:[^?]*$/.test(a.value) && !ours.includes(new URL(a.value, location.href).origin))
                odd.push('leads elsewhere: ' + name + ' ' + a.name + '=' + a.value.slice(0, 80));
            text += ' ' + a.value;
        }
        if (name === 'INPUT' || name === 'TEXTAREA') text += ' ' + e.value;
    }
    for (const loaded of performance.getEntriesByType('resource'))
        if (!loaded.name.startsWith(here)) odd.push('asked ' + loaded.name);
    const next = [...document.querySelectorAll('.table-foot a[href]')].filter((a) => /^(Older|Next)$/.test(a.textContent.trim()));
    return [odd, (text + ' ' + document.documentElement.textContent).replace(/\\s+/g, ' '), next.map((a) => a.href)[0] ?? null,
        more];
";

/// Where our own templates lead.
const OUTSIDE: [&str; 3] = [PUBLIC, "https://www.rfc-editor.org", "https://www.standardwebhooks.com"];

struct Look<'a> {
    browser: Browser,
    planted: &'a Planted,
    wrong: Vec<String>,
    looks: usize,
    forms: Forms,
}

impl Look<'_> {
    async fn signs_out(&self) {
        self.browser.client().delete_all_cookies().await.expect("cookies go");
    }

    async fn signs_in(&self, who: &str) {
        self.signs_out().await;
        self.browser.signs_in(&self.planted.app.url("/login"), who, PASSWORD).await;
    }

    /// Opens a page and those that follow it, notes their forms, and gives all that can be read there.
    async fn reads(&mut self, path: &str) -> String {
        self.reads_at(path, self.planted.app.url(path)).await
    }

    async fn reads_at(&mut self, path: &str, mut address: String) -> String {
        let mut read = String::new();
        for _ in 0..12 {
            self.browser.open(&address).await;
            let seen = self.looks_for(path, FORMS).await;
            read.push_str(seen[1].as_str().expect("a text"));
            self.forms.finds(seen[3].as_array().expect("a list"));
            match seen[2].as_str() {
                Some(next) => address = next.to_owned(),
                None => break,
            }
        }
        read
    }

    /// Looks at the page that is open, and gives all that can be read there.
    async fn looks(&mut self, what: &str) -> String {
        self.looks_for(what, "() => null").await[1].as_str().expect("a text").to_owned()
    }

    /// What [`LOOK`] sees, with what the function `more` gives.
    async fn looks_for(&mut self, what: &str, more: &str) -> Value {
        let script = format!("const more = ({more})();\n{LOOK}");
        let seen = self.browser.client().execute(&script, OUTSIDE.map(Value::from).into()).await;
        let seen = seen.expect("no dialog is open");
        self.looks += 1;
        let odd = seen[0].as_array().expect("a list").iter().filter_map(Value::as_str);
        self.wrong.extend(odd.map(|odd| format!("{what}: {odd}")));
        seen
    }

    /// That every one of these strings can be read.
    fn shows<'p>(&mut self, what: &str, read: &str, expected: impl IntoIterator<Item = &'p String>) {
        let is_absent = |text: &&String| !read.contains(&plain(text));
        let absent: Vec<_> = expected.into_iter().filter(is_absent).collect();
        if let Some(first) = absent.first() {
            self.wrong.push(format!("{what}: lacks {} strings, such as {first:?}", absent.len()));
        }
    }

    /// The pages of these routes, about each of the things that were planted.
    async fn reads_routes(&mut self, is_asked: impl Fn(&Route) -> bool) {
        let planted = self.planted;
        for row in table().into_iter().filter(|row| is_looked_at(&row.route) && is_asked(&row.route)) {
            for set in 0..planted.sets(row.thing) {
                let path = planted.path(&row.route, row.thing, set);
                let read = self.reads(&path).await;
                self.shows(&path, &read, planted.expected(&row.route.path, row.thing, set));
            }
        }
    }
}

/// White space as the page's text has it.
fn plain(text: &str) -> String {
    // What JavaScript's `\s` takes for white space.
    let is_space = |c: char| c.is_whitespace() && c != '\u{85}' || c == '\u{feff}';
    text.split(is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether it answers with a page, to those who are signed in.
fn is_looked_at(route: &Route) -> bool {
    let path = route.path.as_str();
    let is_file = [".csv", ".ndjson", "/export"].iter().any(|end| path.ends_with(end)) || path.starts_with("/static/");
    let is_plain = ["/favicon.ico", "/healthz", "/readyz", "/", "/login", "/setup"].contains(&path);
    route.is_read() && !route.is_api() && !is_file && !is_plain
}

fn is_of_managers(route: &Route) -> bool {
    route.path.starts_with("/organizations")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_string_is_more_than_a_text_on_any_page() {
    let planted = Planted::everywhere().await;
    let browser = Browser::start(BrowserOptions::default()).await;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": ALARM })).await;
    let mut look = Look { browser, planted: &planted, wrong: Vec::new(), looks: 0, forms: Forms::default() };
    look.signs_in(&planted.app.admin.email).await;
    look.reads_routes(|route| !is_of_managers(route)).await;
    for (path, expected) in planted.more() {
        let read = look.reads(&path).await;
        look.shows(&path, &read, expected);
    }
    look.reads_mails().await;
    look.swaps().await;
    look.posts_forms().await;
    look.signs_in(planted::MANAGER).await;
    look.reads_routes(is_of_managers).await;
    look.posts_forms().await;
    look.signs_out().await;
    for path in planted.outside() {
        look.reads(&path).await;
    }
    look.posts_forms().await;
    let fresh = Setting { without_users: true, ..Setting::default() }.spawn().await;
    look.reads_at("/setup", fresh.url(&format!("/setup?code={}", fresh.running().setup_code.expose()))).await;
    look.posts_forms().await;
    let noise = look
        .browser
        .console()
        .await
        .into_iter()
        .filter(|entry| entry.source == "security" || entry.source == "javascript");
    look.wrong.extend(noise.map(|entry| format!("the console says {}", entry.message)));
    let unposted = look.unposted();
    let (wrong, looks) = (look.wrong, look.looks);
    let evil = planted.evil.requests();
    fresh.stop().await;
    planted.app.stop().await;
    let some = wrong.iter().take(100).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} things are wrong, such as\n{some}", wrong.len());
    assert!(evil.is_empty() && planted.evil.connections() == 0, "somebody else was asked: {evil:#?}");
    assert!(looks > 150, "{looks} looks");
    // What a thing can do only in another state, such as being reopened.
    assert!(unposted.len() < 25, "{unposted:#?}");
}
