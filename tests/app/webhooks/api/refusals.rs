//! Who may call what, and what is refused whatever a body says.

use super::*;
use crate::support::app::{Setting, client, spawn_app};
use crate::support::receivers::ClosedPort;

/// Every call to one webhook, with the scope that it needs and a body that it takes.
fn calls(path: &str) -> Vec<(Method, String, &'static str, Option<Value>)> {
    let below = |end: &str| format!("{path}{end}");
    vec![
        (Method::GET, below(""), "read", None),
        (Method::PATCH, below(""), "write", Some(json!({ "name": "Other" }))),
        (Method::GET, below("/secret"), "write", None),
        (Method::POST, below("/test"), "write", None),
        (Method::POST, below("/pause"), "write", None),
        (Method::POST, below("/resume"), "write", None),
        (Method::POST, below("/enable"), "write", None),
        (Method::POST, below("/rotate-secret"), "write", None),
        (Method::POST, below("/rotate-secret/end"), "write", None),
        (Method::POST, below("/restore"), "write", None),
        (Method::DELETE, below(""), "write", None),
    ]
}

/// The calls without an id.
fn general() -> Vec<(Method, String, &'static str, Option<Value>)> {
    vec![
        (Method::GET, "/webhooks".into(), "read", None),
        (Method::POST, "/webhooks".into(), "write", Some(minimal("https://203.0.112.7/"))),
        (Method::POST, "/webhooks/test".into(), "write", Some(json!({ "url": "http://10.0.0.1/" }))),
    ]
}

async fn asks(program: &Program, method: &Method, path: &str, body: Option<&Value>) -> Told {
    let mut request = program.request(method.clone(), path);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    told(request).await
}

#[tokio::test]
async fn each_call_asks_for_its_scope() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let path = program.adds(minimal(&ClosedPort::reserve().url())).await;
    let (read, write, publish) = (app.program("read").await, app.program("write").await, app.program("publish").await);
    for (method, path, scope, body) in calls(&path).into_iter().chain(general()) {
        let shown = format!("{method} {path}");
        let nobody = told(client().request(method.clone(), app.url(&format!("/api/v1{path}")))).await;
        assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, "Bearer"), "{shown}");
        let others = if scope == "read" { [&write, &publish] } else { [&read, &publish] };
        for other in others {
            let refused = asks(other, &method, &path, body.as_ref()).await;
            assert_eq!((refused.status, refused.header("content-type")), (403, "application/problem+json"), "{shown}");
        }
        let allowed = asks(if scope == "read" { &read } else { &write }, &method, &path, body.as_ref()).await;
        assert!((200..300).contains(&allowed.status), "{shown}: {}", allowed.text);
    }
    app.stop().await;
}

#[tokio::test]
async fn anothers_webhook_is_not_there() {
    let app = spawn_app().await;
    let theirs = app.program("read,write").await.adds(minimal("https://203.0.112.7/")).await;
    let program = app.stranger("read,write").await;
    for path in
        [theirs.as_str(), "/webhooks/60adfdb750b58a0c2d78bdd8", "/webhooks/60ADFDB750B58A0C2D78BDD8", "/webhooks/x"]
    {
        for (method, path, _, body) in calls(path) {
            let answer = asks(&program, &method, &path, body.as_ref()).await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (404, "application/problem+json"),
                "{method} {path}"
            );
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn while_webhooks_are_not_enabled_it_is_403() {
    let app = Setting { webhooks_disabled: true, ..Setting::default() }.spawn().await;
    let program = app.program("read,write").await;
    for (method, path, _, body) in calls("/webhooks/60adfdb750b58a0c2d78bdd8").into_iter().chain(general()) {
        let answer = asks(&program, &method, &path, body.as_ref()).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (403, "application/problem+json"),
            "{method} {path}"
        );
        assert_eq!(answer.json()["type"], "/api/docs#problem-webhooks-not-enabled", "{method} {path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn other_methods_and_bodies_have_their_statuses() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let path = program.adds(minimal("https://203.0.112.7/")).await;
    for (method, path, allow) in [
        (Method::PUT, "/webhooks".to_owned(), "GET, HEAD, POST"),
        (Method::GET, "/webhooks/test".into(), "POST"),
        (Method::PUT, path.clone(), "GET, HEAD, PATCH, DELETE"),
        (Method::POST, format!("{path}/secret"), "GET, HEAD"),
        (Method::GET, format!("{path}/pause"), "POST"),
        (Method::GET, format!("{path}/rotate-secret"), "POST"),
        (Method::DELETE, format!("{path}/test"), "POST"),
        (Method::PATCH, format!("{path}/restore"), "POST"),
    ] {
        let answer = told(program.request(method.clone(), &path)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let (resume, rotate) = (format!("{path}/resume"), format!("{path}/rotate-secret"));
    for (method, path) in [
        (Method::POST, "/webhooks"),
        (Method::POST, "/webhooks/test"),
        (Method::PATCH, path.as_str()),
        (Method::POST, resume.as_str()),
        (Method::POST, rotate.as_str()),
    ] {
        let json = |body: &str| {
            program.request(method.clone(), path).header("content-type", "application/json").body(body.to_owned())
        };
        for bad in ["{", "{\"name\":1,\"name\":2}", "\u{feff}{}", "{}x", "[\"\\ud800\"]"] {
            assert_eq!(told(json(bad)).await.status, 400, "{method} {path} {bad}");
        }
        let form = program.request(method.clone(), path).header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(told(form.body("name=x")).await.status, 415, "{method} {path}");
        assert_eq!(told(json("{}").header("content-encoding", "gzip")).await.status, 415, "{method} {path}");
        assert_eq!(told(json(&" ".repeat(256 * 1024 + 1))).await.status, 413, "{method} {path}");
    }
    assert_eq!(told(program.post("/webhooks", "")).await.status, 400, "this body may not be left out");
    app.stop().await;
}
