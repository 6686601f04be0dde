//! The routes as `src/routes.rs` and the files of `static/` have them, and the rows that the battery's table has about them:
//! what goes through these covers a route from its first day.

use std::path::Path;
use std::sync::LazyLock;

/// A method and a path, with its parameters in braces as they are written there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub method: String,
    pub path: String,
}

impl Route {
    pub fn is_api(&self) -> bool {
        self.path.starts_with("/api/v1/")
    }

    pub fn is_read(&self) -> bool {
        self.method == "GET"
    }

    /// The address about this thing.
    pub fn about(&self, thing: &Thing) -> String {
        let mut filled = String::new();
        let mut rest = self.path.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            // A pattern in the parameter may have braces of its own: `{webhook:[0-9a-f]{24}}`.
            let end = after.find("}}").map_or_else(|| after.find('}'), |end| Some(end + 1)).expect("a closing brace");
            let (name, after) = (&after[..end], &after[end + 1..]);
            filled += before;
            filled += if name.starts_with("webhook") { thing.webhook() } else { &thing.id };
            rest = after;
        }
        filled + rest
    }
}

/// What an address is about: its id, and that of the webhook where it stands behind one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    pub id: String,
    pub webhook: Option<String>,
}

impl Thing {
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), webhook: None }
    }

    /// A delivery or a replay of this webhook.
    pub fn of(webhook: &str, id: &str) -> Self {
        Self { id: id.to_owned(), webhook: Some(webhook.to_owned()) }
    }

    fn webhook(&self) -> &str {
        self.webhook.as_deref().unwrap_or(&self.id)
    }
}

/// A line of the table of routes and actors.
pub struct Row {
    pub route: Route,
    /// What the id in the path is of; empty where there is none.
    pub thing: &'static str,
    /// What each actor gets.
    pub answers: Vec<&'static str>,
}

/// The table's text, read when the tests run: whoever fills it in need not compile for each word.
static TABLE: LazyLock<String> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/app/battery/routes.txt");
    std::fs::read_to_string(path).expect("the table")
});

/// The table `tests/app/battery/routes.txt`: method, path, what its id is of (`-`: there is none), and what each actor gets.
pub fn table() -> Vec<Row> {
    let is_row = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    TABLE.lines().filter(is_row).map(row).collect()
}

fn row(line: &'static str) -> Row {
    let mut words = line.split_whitespace();
    let mut next = || words.next().unwrap_or_else(|| panic!("this row is too short: {line}"));
    let route = Route { method: next().to_owned(), path: next().replace("…/webhooks", WEBHOOKS) };
    let thing = Some(next()).filter(|thing| *thing != "-").unwrap_or_default();
    assert_eq!(route.path.contains('{'), !thing.is_empty(), "what is the id of? {line}");
    Row { route, thing, answers: words.collect() }
}

/// What the table writes as `…/webhooks`.
pub const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";

/// All of them. Whoever writes a route in another way teaches it here.
pub fn routed() -> Vec<Route> {
    let routes = include_str!("../../src/routes.rs");
    let (pages, api) = routes.split_once("scope(\"/api/v1\")").expect("the API's routes");
    let (api, _) = api.split_once(".default_service").expect("the end of the API's routes");
    let assets = include_str!("../../src/web/assets.rs");
    let (_, assets) = assets.split_once("pub fn configure").expect("the routes of files");
    let (assets, _) = assets.split_once("\n}").expect("their end");
    // What a demo has besides is asked for in the tests of the demo.
    let (before, demo) = pages.split_once("pub fn demo").expect("the demo's routes");
    let (_, after) = demo.split_once("\n}\n").expect("their end");
    [(before, ""), (after, ""), (assets, ""), (api, "/api/v1")]
        .into_iter()
        .flat_map(|(text, base)| of(text, base))
        .collect()
}

fn of(text: &str, base: &str) -> Vec<Route> {
    let mut found = Vec::new();
    for piece in text.split(".service(").skip(1) {
        if piece.starts_with("api())") {
            continue;
        }
        let piece = piece.strip_prefix("super::route::").unwrap_or(piece);
        let (beginning, rest) = match (piece.strip_prefix("at(\""), piece.strip_prefix("webhooks(\"")) {
            (Some(rest), _) => (base, rest),
            (_, Some(rest)) => (WEBHOOKS, rest),
            _ => panic!("what is this route? {piece}"),
        };
        let (path, methods) = rest.split_once("\")").expect("a path");
        for method in ["get", "post", "put", "patch", "delete"] {
            if methods.contains(&format!(".{method}(")) {
                found.push(Route { method: method.to_uppercase(), path: format!("{beginning}{path}") });
            }
        }
    }
    found
}

#[test]
fn routes_are_read_in_all_their_forms() {
    let text = r#"app.service(at("/a/{id}").get(x::y).post(z)).service(webhooks("/{webhook}").delete(w));"#;
    let found: Vec<String> = of(text, "").into_iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(found, ["GET /a/{id}", "POST /a/{id}", &format!("DELETE {WEBHOOKS}/{{webhook}}")]);
}

#[test]
fn addresses_are_filled_with_what_they_are_about() {
    let route = |path: &str| Route { method: "GET".into(), path: path.into() };
    assert_eq!(route("/a/{webhook:[0-9a-f]{24}}/b").about(&Thing::new("c")), "/a/c/b");
    assert_eq!(route("/a/{webhook}/b/{delivery}").about(&Thing::of("w", "d")), "/a/w/b/d");
}
