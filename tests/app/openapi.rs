//! The API's description: that it is whole, well-formed, and says what the server does.
//!
//! Who changes a call sees the change in the snapshot; `INSTA_UPDATE=always cargo test --test app -- openapi` takes it over.

mod document;
mod page;

use std::collections::{BTreeMap, BTreeSet};

use herald::openapi;
use reqwest::Method;
use serde_json::Value;

use crate::support::app::{client, spawn_app};
use crate::support::process::Home;
use crate::support::programs::told;

/// The document as it is served.
fn document() -> Value {
    serde_json::from_str(openapi::json()).expect("the document is JSON")
}

/// One method of one path.
struct Call {
    method: Method,
    /// With its parameters in braces.
    path: String,
    operation: Value,
}

impl Call {
    fn all() -> Vec<Call> {
        let document = document();
        let paths = document["paths"].as_object().expect("paths");
        let calls = paths.iter().flat_map(|(path, item)| {
            item.as_object().expect("methods").iter().map(move |(method, operation)| Call {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                operation: operation.clone(),
            })
        });
        calls.collect()
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The scope that its key must have; `None` where none is needed.
    fn scope(&self) -> Option<String> {
        let scope = &self.operation["security"][0]["api_key"][0];
        scope.as_str().map(str::to_owned)
    }

    /// The path with an id that nothing has in the place of each parameter.
    fn path_to_nothing(&self) -> String {
        let mut path = self.path.clone();
        while let Some((before, rest)) = path.split_once('{') {
            let (name, after) = rest.split_once('}').expect("a closing brace");
            let id = if name == "event_id" { "EVT-000000000000000000000000" } else { "000000000000000000000000" };
            path = format!("{before}{id}{after}");
        }
        path
    }
}

/// The calls that `src/routes.rs` has below the API's base, as `POST /api/v1/events`, with `{}` for every parameter.
fn routed() -> BTreeSet<String> {
    let source = include_str!("../../src/routes.rs");
    let (_, api) = source.split_once("scope(\"/api/v1\")").expect("the routes of the API");
    let (api, _) = api.split_once(".default_service").expect("the end of the routes of the API");
    let mut found = BTreeSet::new();
    for route in api.split(".service(at(\"").skip(1) {
        let (path, methods) = route.split_once("\")").expect("a path");
        let path = without_names(path);
        for method in ["get", "post", "put", "patch", "delete"] {
            if methods.contains(&format!(".{method}(")) {
                found.insert(format!("{} /api/v1{path}", method.to_uppercase()));
            }
        }
    }
    found
}

/// A path with `{}` for every parameter, whatever it is called and whatever it must look like.
fn without_names(path: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0;
    for c in path.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth > 0 => continue,
            _ => {}
        }
        if depth == 0 && c == '}' {
            plain.push_str("{}");
        } else if depth == 0 {
            plain.push(c);
        }
    }
    plain
}

#[test]
fn every_call_is_described_and_every_described_call_exists() {
    let described: BTreeSet<String> =
        Call::all().iter().map(|call| format!("{} {}", call.method, without_names(&call.path))).collect();
    assert!(described.contains("POST /api/v1/events"), "{described:?}");
    assert_eq!(described, routed());
}

#[test]
fn names_of_parameters_are_left_out_of_paths() {
    assert_eq!(without_names("/a/{id}/b/{x:[0-9]{24}}/c"), "/a/{}/b/{}/c");
}

#[test]
fn a_change_of_the_description_is_seen_in_review() {
    insta::assert_snapshot!("description", openapi::json());
}

#[tokio::test]
async fn the_command_prints_the_description() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = Home { folder: folder.path().to_owned(), settings: Vec::new() };
    let output = home.runs(&["openapi"]).await;
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{}\n", openapi::json()));
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "it touches nothing");
}

#[tokio::test]
async fn the_description_is_served_to_anybody_and_only_when_it_changed() {
    let app = spawn_app().await;
    let ask = |tag: &str| client().get(app.url("/api/v1/openapi.json")).header("if-none-match", tag.to_owned());
    let answer = told(client().get(app.url("/api/v1/openapi.json"))).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.text, openapi::json());
    let tag = answer.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() > 20, "{tag}");
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let answer = told(ask(&known)).await;
        assert_eq!((answer.status, answer.text.as_str(), answer.header("etag")), (304, "", tag.as_str()), "{known}");
    }
    assert_eq!(told(ask("\"other\"")).await.status, 200);
    app.stop().await;
}

/// Asks without a key and with keys that lack the scope: what is described must be there, and behind the very scope.
#[tokio::test]
async fn every_described_call_answers_and_asks_for_the_scope_that_is_described() {
    let app = spawn_app().await;
    let mut programs = BTreeMap::new();
    for (scope, others) in [("read", "publish,write"), ("publish", "read,write"), ("write", "publish,read")] {
        programs.insert(scope, app.program(others).await);
    }
    for call in Call::all() {
        let path = call.path_to_nothing();
        let answer = told(client().request(call.method.clone(), app.url(&path))).await;
        let Some(scope) = call.scope() else {
            assert_eq!(answer.status, 200, "{}: {}", call.name(), answer.text);
            continue;
        };
        assert_eq!(answer.status, 401, "{}: {}", call.name(), answer.text);
        let program = &programs[scope.as_str()];
        let below = path.strip_prefix(openapi::BASE).expect("below the base");
        let answer = told(program.request(call.method.clone(), below)).await;
        assert_eq!(answer.status, 403, "{} asks for {scope}: {}", call.name(), answer.text);
        assert!(answer.json()["detail"].as_str().unwrap().contains(&format!("`{scope}`")), "{}", answer.text);
    }
    app.stop().await;
}
