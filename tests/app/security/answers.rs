//! The security headers are on every kind of answer there is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use herald::web::connection::Patience;
use reqwest::header::HeaderMap;
use reqwest::{Method, Response};

use super::Furnished;
use crate::support::app::{Setting, Visitor, spawn_app};
use crate::support::raw::{Raw, asks};
use crate::support::routes::{Route, WEBHOOKS, routed};

const EXPECTED: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
         manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
];

fn assert_guarded(headers: &HeaderMap, what: &str) {
    for (name, value) in EXPECTED {
        let found: Vec<_> = headers.get_all(name).iter().map(|value| value.to_str().expect("ASCII")).collect();
        assert_eq!(found, [value], "{name} of {what}");
    }
    for told in ["server", "x-powered-by", "via", "strict-transport-security", "access-control-allow-origin"] {
        assert!(headers.get(told).is_none(), "{told} of {what}");
    }
    let caching = headers.get("cache-control").map(|value| value.to_str().expect("ASCII")).unwrap_or_default();
    let may_be_kept = [" /static/", " /favicon.ico"].iter().any(|place| what.contains(place));
    // The API's description is the same for everybody, and asked for again each time.
    let is_description = what.contains(" /api/v1/openapi.json") && caching == "no-cache";
    let is_kept = may_be_kept && caching.starts_with("public");
    assert!(caching == "no-store" || is_kept || is_description, "{caching:?} of {what}");
}

async fn read(visitor: &Visitor, method: Method, path: &str) -> Response {
    visitor.sends(visitor.request(method, path)).await
}

#[tokio::test]
async fn every_address_answers_with_the_security_headers() {
    let house = Furnished::house().await;
    let nobody = house.app.visitor();
    let mut statuses = BTreeSet::new();
    let addresses: BTreeMap<String, Route> = routed().into_iter().map(|route| (house.path(&route), route)).collect();
    for (path, route) in addresses {
        for visitor in [&nobody, &house.admin] {
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                if method == "POST" && path.ends_with("logout") {
                    continue;
                }
                let answer = read(visitor, method.parse().unwrap(), &path).await;
                statuses.insert(answer.status().as_u16());
                assert_guarded(answer.headers(), &format!("{method} {path}"));
                if answer.status() == 405 {
                    assert!(answer.headers().contains_key("allow"), "{method} {path}");
                }
            }
        }
        if route.is_api() {
            let rest = path.strip_prefix("/api/v1").unwrap();
            for method in ["GET", "POST", "PUT"] {
                let request = house.program.request(method.parse().unwrap(), rest).header("content-type", "text/csv");
                let answer = request.body("x").send().await.unwrap();
                statuses.insert(answer.status().as_u16());
                assert_guarded(answer.headers(), &format!("{method} {path} with a key"));
            }
        }
    }
    let expected = [200, 303, 401, 403, 405, 415];
    assert!(expected.iter().all(|status| statuses.contains(status)), "{statuses:?}");
    house.app.stop().await;
}

#[tokio::test]
async fn every_other_kind_of_answer_has_them_too() {
    let house = Furnished::house().await;
    let admin = &house.admin;
    let form = |path: &str| {
        let request = admin.request(Method::POST, path).header("sec-fetch-site", "same-origin");
        request.header("content-type", "application/x-www-form-urlencoded")
    };
    let fragment =
        admin.request(Method::GET, "/projects").header("hx-request", "true").header("hx-request-type", "partial");
    let lost = admin.request(Method::GET, "/nowhere").header("hx-request", "true").header("hx-request-type", "partial");
    let compressed = admin.request(Method::GET, &herald::web::assets::url("app.css")).header("accept-encoding", "br");
    let too_long = admin.request(Method::GET, "/login").header("x-long", "x".repeat(100_000));
    let other = admin.request(Method::POST, "/profile").header("sec-fetch-site", "same-origin");
    let other = other.header("content-type", "text/plain");
    let kinds = [
        (fragment, 200, "a fragment /projects"),
        (lost, 404, "a toast"),
        (compressed, 200, "a file /static/"),
        (form("/profile").body("name=Ada&theme=dark"), 303, "a redirect"),
        (form("/profile/password").body("current=x&new=short"), 422, "a form again"),
        (form("/profile").body(vec![b'x'; 300 * 1024]), 413, "too large a form"),
        (other.body("x"), 415, "no form"),
        (too_long, 431, "too long a head"),
        (house.program.post("/events", vec![b' '; 300 * 1024]), 413, "too large a call"),
        (house.program.post("/events", "{"), 400, "no JSON"),
        (house.program.post("/events", "{}"), 422, "a call against the rules"),
        (house.program.request(Method::POST, "/events").body("{}"), 415, "a call that is no JSON"),
        (
            form(&format!("{WEBHOOKS}/{}/enable", house.id("paused-webhook"))).body(""),
            409,
            "what the state does not allow",
        ),
        (
            house.program.post(&format!("/webhooks/{}/enable", house.id("paused-webhook")), "{}"),
            409,
            "a call against the state",
        ),
        (admin.request(Method::GET, "/reset-password?code=x"), 410, "what is over"),
    ];
    for (request, status, what) in kinds {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{what}");
        assert_guarded(answer.headers(), what);
    }
    house.app.stop().await;
}

/// Too many tries, another host, a fault of ours, and a database that does not answer.
#[tokio::test]
async fn answers_in_bad_times_have_them_too() {
    let app = Setting::default()
        .with("HERALD_PUBLIC_URL", "http://herald.example")
        .with("HERALD_SIGN_IN_RATE", "1/m")
        .spawn()
        .await;
    let (admin, program) = (app.admin().await, app.program("read").await);
    let wrong = [("email", "somebody@halden.example"), ("password", "wrong")];
    for status in [422, 429] {
        let answer = app.visitor().posts("/login", &wrong).await;
        assert_eq!(answer.status(), status);
        assert_guarded(answer.headers(), "too many tries");
    }
    let elsewhere = admin.sends(admin.request(Method::GET, "/projects").header("host", "evil.example")).await;
    assert_eq!(elsewhere.status(), 421);
    assert_guarded(elsewhere.headers(), "another host");

    let mut tx = app.running().db.begin().await.unwrap();
    sqlx::query("ALTER TABLE intakes RENAME TO lost").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    for (answer, what) in [
        (admin.gets("/intakes").await, "a fault"),
        (program.request(Method::GET, "/intakes").send().await.unwrap(), "a fault in a call"),
    ] {
        assert_eq!(answer.status(), 500, "{what}");
        assert_guarded(answer.headers(), what);
    }

    app.running().db.close().await;
    for (answer, what, words) in [
        (admin.gets("/projects").await, "no database for a session", "Herald is busy"),
        (
            program.request(Method::GET, "/projects").send().await.unwrap(),
            "no database for a call",
            "#problem-unavailable",
        ),
        (admin.gets("/api/v1/projects").await, "no database for a call with a session", "#problem-unavailable"),
        (app.visitor().gets("/readyz").await, "not ready", ""),
    ] {
        assert_eq!(answer.status(), 503, "{what}");
        assert_guarded(answer.headers(), what);
        assert!(words.is_empty() || answer.headers().contains_key("retry-after"), "{what}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(words), "{what}: {text}");
    }
    app.stop().await;
}

/// The first head of a connection that takes too long is answered before the connection is closed.
#[tokio::test]
async fn an_answer_to_a_slow_head_has_them_too() {
    let patience = Patience { head: Duration::from_millis(300), ..Patience::default() };
    let app = Setting { patience: Some(patience), ..Setting::default() }.spawn().await;
    let answer = asks(app.running().address, "GET /healthz HTTP/1.1\r\nHost: h\r\nX: ").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    for (name, value) in EXPECTED {
        assert!(answer.is_empty() || answer.contains(&format!("\r\n{name}: {value}\r\n")), "{name} in {answer}");
    }
    app.stop().await;
}

/// What no handler sees, because it cannot be read: the answer is the framework's, and gets the headers on its way out.
#[tokio::test]
async fn what_is_no_http_is_answered_with_them_too() {
    let app = Setting::default().with("HERALD_PUBLIC_URL", "https://herald.example").spawn().await;
    let address = app.running().address;
    for (bytes, status) in [
        (b"GARBAGE\r\n\r\n".to_vec(), "400"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "400"),
        (b"GET / HTTP/1.1\r\nHost: herald.example\r\nContent-Length: x\r\n\r\n".to_vec(), "400"),
        ([&b"GET / HTTP/1.1\r\nHost: herald.example\r\nX: "[..], &vec![b'x'; 200_000]].concat(), "431"),
    ] {
        let answer = asks(address, &bytes).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        for (name, value) in EXPECTED {
            assert!(answer.contains(&format!("\r\n{name}: {value}\r\n")), "{name} in {answer}");
        }
        assert!(answer.contains("\r\nstrict-transport-security: max-age=63072000\r\n"), "{answer}");
        assert!(answer.contains("\r\ncache-control: no-store\r\n") && !answer.contains("server:"), "{answer}");
    }
    // The same on a connection that has served a request.
    let mut raw = Raw::open(address).await;
    raw.says("GET /healthz HTTP/1.1\r\nHost: herald.example\r\n\r\n").await;
    let (head, body) = raw.hears().await.expect("an answer");
    assert_eq!((head.status, body.as_slice()), (200, &b"ok"[..]));
    raw.says("GARBAGE\r\n\r\n").await;
    let (head, _) = raw.hears().await.expect("an answer");
    assert_eq!((head.status, head.header("x-frame-options")), (400, "DENY"));
    app.stop().await;
}

#[tokio::test]
async fn a_browser_keeps_to_https_where_that_is_the_public_address() {
    let app = Setting::default().with("HERALD_PUBLIC_URL", "https://herald.example").spawn().await;
    let visitor = app.visitor();
    for path in ["/login", "/nowhere", "/healthz", "/api/v1/events", &herald::web::assets::url("app.css")] {
        let answer = visitor.gets(path).await;
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=63072000", "{path}");
    }
    app.stop().await;
    let app = spawn_app().await;
    assert!(app.visitor().gets("/login").await.headers().get("strict-transport-security").is_none());
    app.stop().await;
}
