//! What forms are answered with: every form that stood on a page is posted as browsers post it, full of the strings, and with
//! each of its choices replaced by one; the common ones are posted through htmx, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use fantoccini::Locator;
use serde_json::{Value, json};

use super::Look;
use crate::support::routes::{Route, WEBHOOKS, table};

/// For what htmx brings.
const PATIENCE: Duration = Duration::from_secs(10);

/// The forms of a page.
pub const FORMS: &str = "() => {
    const has = (e) => e.name && !(/checkbox|radio/.test(e.type) && !e.checked);
    return [...document.querySelectorAll('form')].map((form) => ({
        method: form.getAttribute('method') ?? 'get',
        action: new URL(form.getAttribute('action') || location.href, location.href).pathname,
        kind: form.getAttribute('enctype'),
        fields: [...form.elements].filter(has).map((e) => [e.name, e.hidden ? 'hidden' : e.type, e.value]),
    }));
}";

/// Posts a form like it. How: `full`, all strings in each field that is typed into; `odd`, one in each field; `plain`, as it was.
const POST: &str = "
    const [spec, how, pressed, payloads] = arguments;
    const form = document.createElement('form');
    const same = {};
    for (const [name, value] of [['method', spec.method], ['action', spec.action], ['enctype', spec.kind ?? '']]) form.setAttribute(name, value);
    for (const [name, type, value] of spec.fields) {
        if (type === 'submit' && (name !== pressed?.[0] || value !== pressed[2])) continue;
        const field = document.createElement(type === 'textarea' ? type : 'input');
        // More would be more than a form may hold.
        same[name] = (same[name] ?? 0) + 1;
        const typed = same[name] <= 3 && !['hidden', 'radio', 'checkbox', 'select-one', 'submit'].includes(type);
        const all = payloads.join(type === 'textarea' ? '\\n' : ' ').slice(0, spec.method === 'get' ? 1500 : Infinity);
        field.name = name;
        if (type === 'file') {
            const chosen = new DataTransfer();
            chosen.items.add(new File([payloads.join('\\n')], '<img src=x onerror=pwned(0)>.csv'));
            field.type = type;
            field.files = chosen.files;
        } else {
            if (type !== 'textarea') field.type = 'hidden';
            field.value = how === 'full' && typed ? all : how === 'odd' ? payloads[69] : value;
        }
        form.append(field);
    }
    document.body.append(form);
    window.isLeft = true;
    HTMLFormElement.prototype.submit.call(form);
";

/// The page that came next is there, with the status of the answer.
const ARRIVED: &str = "return !window.isLeft && document.readyState === 'complete'
    && performance.getEntriesByType('navigation')[0].responseStatus || null;";

/// Fills what can be typed into a form, and presses its button.
const FILL: &str = "
    const [css, payloads] = arguments;
    const form = document.querySelector(css);
    form.noValidate = true;
    for (const e of form.elements) {
        if (e.readOnly || !/^(text|email|url|search|password|date|datetime-local|textarea)$/.test(e.type)) continue;
        if (e.type !== 'textarea') e.type = 'text';
        e.value = payloads.join(e.type === 'textarea' ? '\\n' : ' ');
    }
    form.requestSubmit();
";

/// What htmx posts: the page, and its form.
const SWAPPED: &[(&str, &str)] = &[
    ("/settings/integrations/collaboration/webhooks/new", "#webhook-form"),
    ("/settings/integrations/collaboration/webhooks/guide/check", "form[hx-post]"),
    ("/projects/new", "#project-form"),
    ("/projects/{project}", "#add-section"),
    ("/sections/{section}", "#question-form"),
    ("/sections/{section}/edit", "#section-form"),
    ("/questions/{question}", "#question-form"),
    ("/answers/new", "#pair"),
    ("/answers/{pair}", "#ask"),
    ("/answers/{pair-in-review}/review", "#review"),
    ("/answers/moderation", "#reject"),
    ("/intakes/new", "#intake-form"),
    ("/trash/projects/{trashed-project}/delete", "#confirm-form"),
    ("/settings", "form[hx-post='/settings']"),
    ("/profile", "#profile"),
    ("/profile", "#address"),
];

/// What is pressed on a page, and what htmx brings then.
const PRESSED: &[(&str, &str, &str)] = &[
    ("/settings/integrations/collaboration/webhooks/{webhook}/edit", "#webhook-form [value=test]", "#toasts .toast"),
    ("/settings/integrations/collaboration/webhooks/{webhook}/edit", "[form=reveal]", "#revealed .headers"),
    ("/settings/integrations/collaboration/webhooks", "[hx-get$='/delete']", "dialog[open]"),
    ("/settings/integrations/collaboration/webhooks/{paused-webhook}", "[hx-post$='/resume'] button", "dialog[open]"),
    ("/settings/members/{member}", "[hx-get$='/deactivate']", "dialog[open]"),
    ("/settings/members/invitations/{invitation}", "[hx-get$='/revoke']", "dialog[open]"),
    ("/settings/api-keys", "[hx-get$='/revoke']", "dialog[open]"),
    ("/questions/{question}", "[hx-get$='/delete']", "dialog[open]"),
    ("/trash", "[hx-get$='/delete']", "dialog[open]"),
    ("/trash", "[hx-get='/trash/empty']", "dialog[open]"),
];

/// The only form that does not give back what it refuses: it asks for a secret.
const KEPT_BACK: &str = "POST /receiver/secrets";

/// What is not posted: the first ends the session, the second sends events to everybody.
const LEFT_OUT: [&str; 2] = ["POST /logout", "POST /demo/send"];

/// Ways to do something after which there is less to be done.
const LAST: [&str; 8] = ["archive", "deactivate", "delete", "discard", "end", "library", "revoke", "trash"];

/// Forms, each once, by where they are posted to and what they hold.
#[derive(Default)]
pub struct Forms {
    found: BTreeMap<(String, Vec<String>), Value>,
    pub posted: BTreeSet<String>,
}

impl Forms {
    pub fn finds(&mut self, forms: &[Value]) {
        for form in forms {
            let names = fields(form).map(|field| field[0].as_str().unwrap_or_default().to_owned());
            let (method, path) = (form["method"].as_str().expect("a method"), form["action"].as_str().expect("a path"));
            let key = (route(&method.to_uppercase(), path), names.collect());
            self.found.entry(key).or_insert_with(|| form.clone());
        }
    }
}

impl Look<'_> {
    /// Posts the forms that were found and were not posted yet: at first those that say what is wrong with what was typed, and
    /// then those that only do something.
    pub async fn posts_forms(&mut self) {
        let (typed, mut plain): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.forms.found).into_iter().partition(|(_, form)| fields(form).any(is_typed));
        plain.sort_by_key(|((route, _), _)| route.rsplit('/').next().is_some_and(|way| LAST.contains(&way)));
        for ((route, _), form) in &typed {
            self.posts(route, form, "full", None).await;
            let mut buttons: Vec<_> = fields(form).filter(|field| field[1] == "submit").collect();
            // Each row of headers has one.
            buttons.dedup_by(|one, other| one[0] == other[0] && one[0] != "action");
            for button in buttons {
                self.posts(route, form, "full", Some(button)).await;
            }
            if !fields(form).all(is_typed) {
                self.posts(route, form, "odd", None).await;
            }
        }
        for ((route, _), form) in &plain {
            if !LEFT_OUT.contains(&route.as_str()) {
                self.posts(route, form, "plain", None).await;
            }
        }
    }

    async fn posts(&mut self, route: &str, form: &Value, how: &str, pressed: Option<&Value>) {
        let payloads = self.planted.payloads.clone();
        let client = self.browser.client();
        client
            .execute(POST, vec![form.clone(), json!(how), json!(pressed), json!(payloads)])
            .await
            .expect("no dialog is open");
        let status = self.arrives(route).await;
        self.forms.posted.insert(route.to_owned());
        let read = self.looks(&format!("{route}, posted {how}")).await;
        let is_shown = |field: &Value| is_typed(field) && !matches!(field[1].as_str(), Some("password" | "file"));
        let gives_back = how == "full" && pressed.is_none() && status == 422 && fields(form).any(is_shown);
        if gives_back && route.starts_with("POST ") && route != KEPT_BACK {
            self.shows(&format!("{route}, refused"), &read, &payloads);
        }
    }

    async fn arrives(&self, what: &str) -> u64 {
        let client = self.browser.client();
        crate::support::app::eventually(&format!("the answer to {what}"), &mut async || {
            // Between two pages there is none to look at.
            client.execute(ARRIVED, vec![]).await.ok()?.as_u64()
        })
        .await
    }

    /// Posts through htmx, and opens dialogs.
    pub async fn swaps(&mut self) {
        for (path, css) in SWAPPED {
            let path = self.planted.about(path);
            self.browser.open(&self.planted.app.url(&path)).await;
            let arguments = vec![json!(css), json!(self.planted.payloads)];
            self.browser
                .client()
                .execute(FILL, arguments)
                .await
                .unwrap_or_else(|error| panic!("{path} {css}: {error}"));
            self.is_brought(&format!("{path}, {css} posted by htmx"), "#toasts .toast, .error, [aria-invalid=true]")
                .await;
        }
        for (path, css, brought) in PRESSED {
            let path = self.planted.about(path);
            self.browser.open(&self.planted.app.url(&path)).await;
            let press = "document.querySelector(arguments[0]).click();";
            let pressed = self.browser.client().execute(press, vec![json!(css)]).await;
            pressed.unwrap_or_else(|error| panic!("{path} {css}: {error}"));
            self.is_brought(&format!("{path}, {css} pressed"), brought).await;
        }
    }

    /// Looks at the page once htmx has brought this, and notes it if that never happens: a script that ran may be why.
    async fn is_brought(&mut self, what: &str, css: &str) {
        let comes = self.browser.client().wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        if let Err(error) = comes {
            self.wrong.push(format!("{what}: there is never {css}: {error}"));
        }
        self.looks(what).await;
    }

    /// Every route of a page that takes a form, and to which none was posted.
    pub fn unposted(&self) -> Vec<String> {
        let pages = table().into_iter().filter(|row| !row.route.is_api() && !row.route.is_read());
        pages.map(|row| format!("POST {}", row.route.path)).filter(|path| !self.forms.posted.contains(path)).collect()
    }
}

fn fields(form: &Value) -> impl Iterator<Item = &Value> {
    form["fields"].as_array().expect("a list").iter()
}

fn is_typed(field: &Value) -> bool {
    !matches!(field[1].as_str(), Some("hidden" | "radio" | "checkbox" | "select-one" | "submit" | "button"))
}

/// The route that an address belongs to; the address itself if the table has none.
fn route(method: &str, path: &str) -> String {
    static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| table().into_iter().map(|row| row.route).collect());
    let is_of = |route: &&Route| {
        let (given, parts): (Vec<_>, Vec<_>) = (path.split('/').collect(), route.path.split('/').collect());
        let is_like = |(given, part): (&&str, &&str)| part.starts_with('{') || part == given;
        route.method == method && given.len() == parts.len() && given.iter().zip(&parts).all(is_like)
    };
    let paths = ROUTES.iter().filter(is_of).map(|route| route.path.as_str());
    let path = paths.min_by_key(|path| path.matches('{').count()).unwrap_or(path);
    format!("{method} {path}")
}

#[test]
fn forms_belong_to_the_route_that_says_most() {
    assert_eq!(route("POST", "/answers/new"), "POST /answers/new");
    assert_eq!(route("POST", "/answers/6b0e548a0000157e6de2440c"), "POST /answers/{id}");
    let path = format!("{WEBHOOKS}/6b0e548a0000157e6de2440c/edit");
    assert_eq!(route("POST", &path), format!("POST {WEBHOOKS}/{{webhook}}/edit"));
    assert_eq!(route("POST", "/demo/send"), "POST /demo/send");
}
