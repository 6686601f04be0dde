//! Strings that want to run a script, in every field that is kept and in every part of a receiver's answer, page by page in
//! Chromium: nothing runs, nothing is asked of anybody else, no dialog opens, the policy has nothing to block, and each string is
//! there to be read.

mod planted;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::planted::{Planted, SETS};
use crate::support::app::PASSWORD;
use crate::support::chromium::{Browser, BrowserOptions};
use crate::support::routes::{Route, WEBHOOKS, table};

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
            if (leads.includes(a.name) && !/^mailto:[^?]*$/.test(a.value) && new URL(a.value, location.href).origin !== location.origin)
                odd.push('leads elsewhere: ' + name + ' ' + a.name + '=' + a.value.slice(0, 80));
            text += ' ' + a.value;
        }
        if (name === 'INPUT' || name === 'TEXTAREA') text += ' ' + e.value;
    }
    for (const loaded of performance.getEntriesByType('resource'))
        if (!loaded.name.startsWith(here)) odd.push('asked ' + loaded.name);
    const next = [...document.querySelectorAll('.table-foot a[href]')].filter((a) => /^(Older|Next)$/.test(a.textContent.trim()));
    return [odd, (text + ' ' + document.documentElement.textContent).replace(/\\s+/g, ' '), next.map((a) => a.href)[0] ?? null];
";

/// What the server is to refuse, the browser must not refuse first.
const UNCHECKED: &str = "for (const form of document.forms) form.noValidate = true;\n";

struct Look<'a> {
    browser: Browser,
    planted: &'a Planted,
    wrong: Vec<String>,
    pages: usize,
}

impl Look<'_> {
    async fn signs_out(&self) {
        self.browser.client().delete_all_cookies().await.expect("cookies go");
    }

    async fn signs_in(&self, who: &str) {
        self.signs_out().await;
        self.browser.signs_in(&self.planted.app.url("/login"), who, PASSWORD).await;
    }

    /// Opens a page and those that follow it, and gives all that can be read there.
    async fn reads(&mut self, path: &str) -> String {
        let mut address = self.planted.app.url(path);
        let mut read = String::new();
        for _ in 0..8 {
            self.browser.open(&address).await;
            self.pages += 1;
            let seen = self.browser.client().execute(LOOK, vec![]).await.expect("no dialog is open");
            let odd = seen[0].as_array().expect("a list").iter().filter_map(Value::as_str);
            self.wrong.extend(odd.map(|odd| format!("{path}: {odd}")));
            read.push_str(seen[1].as_str().expect("a text"));
            match seen[2].as_str() {
                Some(next) => address = next.to_owned(),
                None => break,
            }
        }
        read
    }

    /// Fills the form of a page in by `script`, and looks at what it is answered with.
    async fn posts(&mut self, path: &str, script: &str) {
        self.browser.open(&self.planted.app.url(path)).await;
        let client = self.browser.client();
        let arguments = vec![json!(self.planted.payloads[0]), json!(self.planted.payloads)];
        client.execute(&format!("{UNCHECKED}{script}"), arguments).await.expect("no dialog is open");
        self.browser.wait_for("#toasts .toast, .error, [aria-invalid=true], [role=alert]").await;
        let odd = client.execute(LOOK, vec![]).await.expect("no dialog is open");
        let odd = odd[0].as_array().expect("a list").iter().filter_map(Value::as_str);
        self.wrong.extend(odd.map(|odd| format!("{path} after a post: {odd}")));
    }

    /// That every one of these strings can be read.
    fn shows<'p>(&mut self, path: &str, read: &str, expected: impl IntoIterator<Item = &'p String>) {
        let is_absent = |text: &&String| !read.contains(&plain(text));
        let absent: Vec<_> =
            expected.into_iter().filter(is_absent).map(|text| format!("{path}: lacks {text:?}")).collect();
        self.wrong.extend(absent.into_iter().take(5));
    }
}

/// White space as the page's text has it.
fn plain(text: &str) -> String {
    // What JavaScript's `\s` takes for white space.
    let is_space = |c: char| c.is_whitespace() && c != '\u{85}' || c == '\u{feff}';
    text.split(is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether an admin sees a page at this address; what account managers see is looked at in the end.
fn is_looked_at(route: &Route) -> bool {
    let path = route.path.as_str();
    let is_file = [".csv", ".ndjson", "/export"].iter().any(|end| path.ends_with(end)) || path.starts_with("/static/");
    let is_plain = ["/favicon.ico", "/healthz", "/readyz", "/", "/login", "/setup"].contains(&path);
    route.is_read() && !route.is_api() && !is_file && !is_plain && !path.starts_with("/organizations")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_string_is_more_than_a_text_on_any_page() {
    let planted = Planted::everywhere().await;
    let browser = Browser::start(BrowserOptions::default()).await;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": ALARM })).await;
    let mut look = Look { browser, planted: &planted, wrong: Vec::new(), pages: 0 };
    look.signs_in(&planted.app.admin.email).await;
    let mut seen = BTreeSet::new();
    for row in table().into_iter().filter(|row| is_looked_at(&row.route)) {
        let sets = if row.thing.is_empty() { 1 } else { SETS };
        for set in 0..sets {
            let path = planted.path(&row.route, row.thing, set);
            let read = look.reads(&path).await;
            look.shows(&path, &read, planted.expected(&row.route.path, row.thing, set));
        }
        seen.insert(row.route.path);
    }
    assert!(seen.len() > 40, "{seen:?}");
    for (path, expected) in planted.more() {
        let read = look.reads(&path).await;
        look.shows(&path, &read, expected);
    }
    // What forms give back with an error, and toasts after a post, with and without a reload.
    for (path, script) in planted::POSTS {
        look.posts(&planted.webhook_path(path), script).await;
    }
    look.signs_in(planted::MANAGER).await;
    for path in ["/organizations".to_owned(), format!("/organizations/{}", planted.app.organization.id)] {
        let read = look.reads(&path).await;
        look.shows(&path, &read, [&planted.organization]);
    }
    look.signs_out().await;
    for path in planted.outside() {
        look.reads(&path).await;
    }
    look.posts("/login", planted::SIGN_IN).await;
    let noise = look
        .browser
        .console()
        .await
        .into_iter()
        .filter(|entry| entry.source == "security" || entry.source == "javascript");
    look.wrong.extend(noise.map(|entry| format!("the console says {}", entry.message)));
    let (wrong, pages) = (look.wrong, look.pages);
    let evil = planted.evil.requests();
    planted.app.stop().await;
    assert!(evil.is_empty() && planted.evil.connections() == 0, "somebody else was asked: {evil:#?}");
    assert!(pages > 150, "{pages} pages of {WEBHOOKS} and others");
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
