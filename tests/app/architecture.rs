//! Keeps the plan of the house true: who may import whom, who sees SQL, what may stand in migrations and templates.
//! The rules are read off the text, which is enough for code that `rustfmt` has laid out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What each module may import besides itself. `x::y` means: of `x` only `y`. A module that is not here may import
/// everything, and nothing that is here may import it.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("db", &["base"]),
    ("auth", &["base", "db"]),
    ("events", &["base", "db"]),
    ("mail", &["base", "db"]),
    ("delivery", &["base", "db", "events", "mail"]),
    ("web", &["base", "db", "auth"]),
    (
        "webhooks",
        &[
            "base",
            "db",
            "auth",
            "events",
            "mail",
            "delivery::model",
            "delivery::endpoint",
            "delivery::scrub",
            "delivery::signing",
            "delivery::sender",
            "delivery::store",
            "web",
        ],
    ),
    ("publish", &["base", "db", "auth", "events", "web", "*::model"]),
    ("workspace", &["base", "db", "auth", "events", "web", "*::model"]),
    // The switch of an organization holds its deliveries, or lets them go.
    ("accounts", &["base", "db", "auth", "events", "mail", "delivery::store", "web", "*::model"]),
    ("ops", &["base", "db", "auth", "events", "web", "*::model", "*::store"]),
    // The sender hands requests to the built-in receiver, and so says what one is.
    ("receiver", &["base", "db", "auth", "events", "web", "*::model", "delivery::signing", "delivery::sender"]),
];

/// The order inside a feature: each imports only what stands before it; the last two never each other.
const LAYERS: [&str; 5] = ["model", "store", "actions", "pages", "api"];

/// Files that speak SQL beside `db` and the `store`s: the outbox writes an event and its deliveries in one go.
const SQL_FILES: &[&str] = &["events/record.rs", "events/fan_out.rs"];

const COLUMN_TYPES: [&str; 3] = ["TEXT", "BIGINT", "DOUBLE PRECISION"];

const LONGEST_FILE: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` that ends in `.extension`, sorted.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a folder's entry").path();
            if path.is_dir() {
                collect(&path, extension, found);
            } else if path.extension().is_some_and(|end| end == extension) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join(folder), extension, &mut found);
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A source file, as the rules see it.
struct Source {
    /// Below `src`, such as `webhooks/log/pages.rs`.
    name: String,
    /// Its own module path, such as `["webhooks", "log", "pages"]`.
    module: Vec<String>,
    /// What it says without comments and without its tests.
    code: String,
}

impl Source {
    fn all() -> Vec<Source> {
        files("src", "rs").iter().map(|path| Source::new(path)).collect()
    }

    fn new(path: &Path) -> Source {
        let name = path.strip_prefix(root().join("src")).expect("below src").display().to_string();
        Source::of(&name, &read(path))
    }

    fn of(name: &str, text: &str) -> Source {
        let mut module: Vec<String> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        let tests = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
        let code = text[..tests].lines().filter(|line| !line.trim_start().starts_with("//"));
        Source { name: name.to_owned(), module, code: code.collect::<Vec<_>>().join("\n") }
    }

    /// The top module it belongs to: `webhooks` for `webhooks/log/pages.rs`.
    fn top(&self) -> &str {
        &self.module[0]
    }

    /// Every path of our own that it names, as a module path from the crate's root.
    fn imports(&self) -> BTreeSet<Vec<String>> {
        let mut found = BTreeSet::new();
        for (at, _) in self.code.match_indices("crate::") {
            let boundary = !self.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
            if boundary {
                expand(&self.code[at + "crate::".len()..], &[], &mut found);
            }
        }
        for (at, _) in self.code.match_indices("super::") {
            if self.code[..at].ends_with("super::") {
                continue;
            }
            let mut rest = &self.code[at..];
            // `super` of a file `a/b.rs` is `a`, and so it is of the folder's `a/b/mod.rs`.
            let mut from = self.module.clone();
            while let Some(next) = rest.strip_prefix("super::") {
                from.pop();
                rest = next;
            }
            expand(rest, &from, &mut found);
        }
        found
    }
}

/// Reads a path or a braced group such as `db::{Tx, column::Flag}` from the start of `text`.
fn expand(text: &str, before: &[String], found: &mut BTreeSet<Vec<String>>) {
    if let Some(group) = text.strip_prefix('{') {
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    let item = group[start..at].trim();
                    if !item.is_empty() {
                        expand(item, before, found);
                    }
                    start = at + 1;
                    if c == '}' {
                        return;
                    }
                }
                _ => {}
            }
        }
        return;
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    if end == 0 {
        return;
    }
    let mut path = before.to_vec();
    path.push(text[..end].to_owned());
    match text[end..].strip_prefix("::") {
        Some(rest) if rest.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '{') => {
            expand(rest, &path, found);
        }
        _ => {
            found.insert(path);
        }
    }
}

/// The layer of a module path inside its feature, by the first of its parts that names one.
fn layer(path: &[String]) -> Option<usize> {
    path.iter().skip(1).find_map(|part| LAYERS.iter().position(|layer| layer == part))
}

fn may_import(top: &str, path: &[String]) -> bool {
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(module, _)| *module == top) else {
        return true;
    };
    allowed.iter().any(|rule| match rule.split_once("::") {
        None => path[0] == *rule,
        Some(("*", layer)) => {
            MAY_IMPORT.iter().any(|(module, _)| path[0] == *module) && path[1..].iter().any(|part| part == layer)
        }
        Some((module, part)) => path[0] == module && path.get(1).is_some_and(|second| second == part),
    })
}

/// What is wrong with what one file imports.
fn wrong_imports(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in source.imports() {
        let shown = path.join("::");
        if path[0] != source.top() {
            if !may_import(source.top(), &path) {
                wrong.push(format!("{} may not import {shown}", source.name));
            }
            let inner = layer(&source.module).is_some_and(|layer| LAYERS[layer] != "pages" && LAYERS[layer] != "api");
            if path[0] == "web" && inner {
                wrong.push(format!("{} may not import {shown}: only pages and api know the web", source.name));
            }
        } else if let (Some(own), Some(other)) = (layer(&source.module), layer(&path)) {
            let siblings = own == 4 && other == 3;
            if other > own || siblings {
                wrong.push(format!("{} may not import {shown}: model <- store <- actions <- pages, api", source.name));
            }
        }
    }
    wrong
}

fn assert_nothing_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_import_only_what_the_plan_allows() {
    let wrong: Vec<String> = Source::all().iter().flat_map(wrong_imports).collect();
    assert_nothing_wrong(&wrong);
}

#[test]
fn a_forbidden_import_is_noticed_however_it_is_written() {
    for (name, code, is_wrong) in [
        ("events/record.rs", "use crate::delivery::store;", true),
        ("events/record.rs", "use crate::{base::Clock, delivery};", true),
        ("events/record.rs", "fn f() { crate::delivery::wake() }", true),
        ("events/record.rs", "use crate::db::{Tx, column::{Flag, Timestamp}};", false),
        ("events/record.rs", "// crate::delivery owns the rows\nuse super::store;", false),
        ("events/record.rs", "#[cfg(test)]\nmod tests {\n    use crate::app::App;\n}", false),
        ("delivery/lane.rs", "use crate::webhooks::model::Webhook;", true),
        ("webhooks/actions.rs", "use crate::delivery::engine::Engine;", true),
        ("webhooks/actions.rs", "use crate::delivery::{model::State, sender::Sender};", false),
        ("webhooks/actions.rs", "use super::pages::Form;", true),
        ("webhooks/actions.rs", "use crate::web::Error;", true),
        ("webhooks/pages.rs", "use crate::web::Error;\nuse super::{actions, model::Webhook};", false),
        ("webhooks/log/store.rs", "use super::super::actions;", true),
        ("webhooks/api.rs", "use super::pages;", true),
        ("publish/actions.rs", "use crate::webhooks::model::Webhook;", false),
        ("publish/actions.rs", "use crate::webhooks::store;", true),
        ("base/ids.rs", "use crate::db::Tx;", true),
        ("cli/serve.rs", "use crate::app::App;", false),
        ("db/mod.rs", "use crate::app::App;", true),
    ] {
        let wrong = wrong_imports(&Source::of(name, code));
        assert_eq!(!wrong.is_empty(), is_wrong, "{name}: {code}: {wrong:?}");
    }
}

#[test]
fn only_stores_and_db_see_sql() {
    let wrong: Vec<String> = Source::all()
        .iter()
        .filter(|source| source.code.contains("sqlx"))
        .filter(|source| source.top() != "db" && !source.module.iter().any(|part| part == "store"))
        .filter(|source| !SQL_FILES.contains(&source.name.as_str()))
        .map(|source| format!("{} sees sqlx", source.name))
        .collect();
    assert_nothing_wrong(&wrong);
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let wrong: Vec<String> = files("src", "rs")
        .iter()
        .map(|path| (path, read(path).lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{} has {lines} lines: give its second subject a file", path.display()))
        .collect();
    assert_nothing_wrong(&wrong);
}

/// What is wrong with the column types of one migration: both engines must store and read the same values.
fn wrong_columns(sql: &str) -> Vec<String> {
    let plain: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let mut wrong = Vec::new();
    for statement in plain.join(" ").split(';') {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
        let columns: Vec<String> = if upper.starts_with(&["CREATE".to_owned(), "TABLE".to_owned()]) {
            let inside =
                statement.split_once('(').map_or("", |(_, rest)| rest.rsplit_once(')').map_or(rest, |(a, _)| a));
            split_at_commas(inside)
        } else if upper.starts_with(&["ALTER".to_owned(), "TABLE".to_owned()]) {
            let add = upper.iter().position(|word| word == "ADD");
            let skip = |at: usize| at + 1 + usize::from(upper.get(at + 1).is_some_and(|word| word == "COLUMN"));
            add.map(|at| words[skip(at)..].join(" ")).into_iter().collect()
        } else {
            Vec::new()
        };
        wrong.extend(columns.into_iter().filter(|column| !is_portable(column)));
    }
    wrong
}

/// Parts of `text` between the commas that stand in no brackets.
fn split_at_commas(text: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        match parts.last_mut() {
            Some(last) if c != ',' || depth > 0 => last.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts
}

fn is_portable(column: &str) -> bool {
    let words: Vec<String> = column.split_whitespace().map(str::to_uppercase).collect();
    let Some(first) = words.first() else { return true };
    let first = first.split('(').next().unwrap_or_default();
    if ["PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "CONSTRAINT"].contains(&first) {
        return true;
    }
    let rest = words[1..].join(" ");
    COLUMN_TYPES
        .iter()
        .any(|kind| rest.strip_prefix(kind).is_some_and(|after| after.is_empty() || after.starts_with([' ', ','])))
}

#[test]
fn migrations_use_only_the_types_that_both_engines_share() {
    let migrations = files("migrations", "sql");
    assert!(!migrations.is_empty(), "there are no migrations");
    let wrong: Vec<String> = migrations
        .iter()
        .flat_map(|path| wrong_columns(&read(path)).into_iter().map(move |column| (path, column)))
        .map(|(path, column)| format!("{}: {}", path.display(), column.trim()))
        .collect();
    assert_nothing_wrong(&wrong);
}

#[test]
fn a_column_of_another_type_is_noticed() {
    let sql = "-- why\nCREATE TABLE things (\n id TEXT NOT NULL PRIMARY KEY, -- a, comment\n size BIGINT NOT NULL DEFAULT 0,\n\
        load DOUBLE PRECISION, done BOOLEAN NOT NULL,\n at TIMESTAMPTZ,\n CHECK (size IN (0, 1)), PRIMARY KEY (id, size));\n\
        ALTER TABLE things ADD COLUMN more INTEGER; CREATE INDEX things_at ON things (at);";
    let wrong: Vec<String> = wrong_columns(sql).iter().map(|column| column.trim().to_owned()).collect();
    assert_eq!(wrong, ["done BOOLEAN NOT NULL", "at TIMESTAMPTZ", "more INTEGER"]);
}

/// What the Content-Security-Policy would silently switch off in a page.
fn wrong_markup(html: &str) -> Vec<String> {
    let lower = html.to_lowercase();
    let mut wrong = Vec::new();
    for forbidden in ["<style", " style=", "hx-on", "javascript:", "js:{", "\"js:"] {
        if lower.contains(forbidden) {
            wrong.push(forbidden.trim().to_owned());
        }
    }
    for (at, _) in lower.match_indices("<script") {
        let tag = lower[at..].split('>').next().unwrap_or_default();
        if !tag.contains(" src=") {
            wrong.push("a script without src".to_owned());
        }
    }
    for (at, _) in lower.match_indices(" on") {
        let name: String = lower[at + 1..].chars().take_while(char::is_ascii_lowercase).collect();
        let inside_tag = lower[..at].rfind('<') > lower[..at].rfind('>');
        if inside_tag && lower[at + 1 + name.len()..].starts_with("=\"") {
            wrong.push(format!("{name}="));
        }
    }
    wrong
}

#[test]
fn templates_hold_nothing_that_the_content_security_policy_blocks() {
    let wrong: Vec<String> = files("templates", "html")
        .iter()
        .flat_map(|path| wrong_markup(&read(path)).into_iter().map(move |what| format!("{}: {what}", path.display())))
        .collect();
    assert_nothing_wrong(&wrong);
}

#[test]
fn blocked_markup_is_noticed() {
    assert_eq!(wrong_markup("<p style=\"color:red\">"), ["style="]);
    assert_eq!(wrong_markup("<script>alert(1)</script>"), ["a script without src"]);
    assert_eq!(wrong_markup("<button onclick=\"f()\" hx-on:click=\"f()\">"), ["hx-on", "onclick="]);
    assert!(wrong_markup("<script src=\"/app.js\"></script><p>turned on=\"yes\" for style</p>").is_empty());
}
