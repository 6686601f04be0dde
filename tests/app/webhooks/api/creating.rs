//! `POST /webhooks` and `GET /webhooks/{id}`.

use std::sync::Arc;

use herald::delivery::resolver::StaticResolver;

use herald::base::Timestamp;

use super::*;
use crate::support::app::{Setting, spawn_app};
use crate::support::programs::number;

const URL: &str = "https://203.0.112.7/hook";

#[tokio::test]
async fn a_webhook_is_answered_as_the_contract_shows_it() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let answer = program.posts("/webhooks", minimal(URL)).await;
    assert_eq!((answer.status, answer.header("content-type")), (201, "application/json"), "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut created = answer.json();
    assert_eq!(keys(&created), [&KEYS[..], &["signing_secret", "public_key"]].concat());
    assert!(created["signing_secret"].as_str().unwrap().starts_with("whsec_"));
    let id = created["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), format!("/api/v1/webhooks/{id}"));
    for time in ["created_at", "updated_at"] {
        let time = created[time].as_str().unwrap();
        assert!(Timestamp::parse_rfc3339(time).is_some() && time.ends_with('Z'), "{time}");
    }
    let expected = json!({
        "id": id, "name": "CRM sync", "description": null, "url": URL, "state": "active", "disabled_reason": null,
        "headers": [], "events": ["PROJECT_CREATED"], "last_test": null,
        "created_at": created["created_at"], "updated_at": created["updated_at"],
        "max_concurrency": null, "max_per_second": null, "signing": "symmetric",
    });
    created.as_object_mut().unwrap().remove("signing_secret");
    created.as_object_mut().unwrap().remove("public_key");
    assert_eq!(created, expected);
    let shown = program.gets(&format!("/webhooks/{id}")).await;
    assert_eq!((shown.status, shown.json()), (200, expected), "the secret was shown once");
    app.stop().await;
}

#[tokio::test]
async fn all_that_can_be_chosen_is_kept() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let answer = program
        .posts(
            "/webhooks",
            json!({
                "name": "  CRM sync  ", "description": "first\r\nsecond", "url": " HTTPS://203.0.112.7:443/a?b=%2f ",
                "state": "paused", "signing_secret": secret,
                "headers": [{ "name": "X-Tenant", "value": " prod " }, { "name": "authorization", "value": "Bearer a" }],
                "events": ["INTAKE_CREATED", "SECTION_COMPLETED", "INTAKE_CREATED"],
            }),
        )
        .await;
    let created = answer.json();
    assert_eq!(answer.status, 201, "{created}");
    assert_eq!((&created["name"], &created["description"]), (&json!("CRM sync"), &json!("first\nsecond")));
    assert_eq!((&created["url"], &created["state"]), (&json!("https://203.0.112.7/a?b=%2f"), &json!("paused")));
    let headers = json!([{ "name": "X-Tenant", "value": null }, { "name": "authorization", "value": null }]);
    assert_eq!((&created["headers"], &created["signing_secret"]), (&headers, &json!(secret)));
    assert_eq!(created["events"], json!(["SECTION_COMPLETED", "INTAKE_CREATED"]));
    let nothing =
        with(minimal(URL), json!({ "description": null, "state": null, "headers": null, "signing_secret": null }));
    assert_eq!(program.posts("/webhooks", nothing).await.status, 201, "null counts as left out");
    app.stop().await;
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_by_its_path() {
    let app = spawn_app().await;
    let program = app.program("write").await;
    let header = |name: &str| json!({ "headers": [{ "name": name, "value": "x" }] });
    let value = |value: Value| json!({ "headers": [{ "name": "X-A", "value": value }] });
    let many: Vec<Value> = (0..21).map(|n| json!({ "name": format!("X-{n}"), "value": "x" })).collect();
    let large: Vec<Value> = (0..5).map(|n| json!({ "name": format!("X-{n}"), "value": "x".repeat(4_000) })).collect();
    let mut table = vec![
        (json!({ "name": null }), vec!["name"]),
        (json!({ "name": "  " }), vec!["name"]),
        (json!({ "name": "é".repeat(101) }), vec!["name"]),
        (json!({ "name": "a\nb" }), vec!["name"]),
        (json!({ "name": 7 }), vec!["name"]),
        (json!({ "name": ["a"] }), vec!["name"]),
        (json!({ "description": "x".repeat(1_001) }), vec!["description"]),
        (json!({ "description": "\u{1b}" }), vec!["description"]),
        (json!({ "description": {} }), vec!["description"]),
        (json!({ "url": null }), vec!["url"]),
        (json!({ "url": false }), vec!["url"]),
        (json!({ "state": "disabled" }), vec!["state"]),
        (json!({ "state": "Active" }), vec!["state"]),
        (json!({ "state": true }), vec!["state"]),
        (json!({ "events": null }), vec!["events"]),
        (json!({ "events": [] }), vec!["events"]),
        (json!({ "events": "PROJECT_CREATED" }), vec!["events"]),
        (
            json!({ "events": ["PROJECT_CREATED", "all", "TEST", "project", 7, null] }),
            vec!["events[4]", "events[5]", "events[1]", "events[2]", "events[3]"],
        ),
        (json!({ "headers": {} }), vec!["headers"]),
        (json!({ "headers": many }), vec!["headers"]),
        (json!({ "headers": large }), vec!["headers"]),
        (json!({ "headers": ["X-A: b", { "name": "X-A", "value": "x" }, null] }), vec!["headers[0]", "headers[2]"]),
        (json!({ "headers": [{}] }), vec!["headers[0].name"]),
        (json!({ "headers": [{ "name": 1, "value": 2 }] }), vec!["headers[0].name", "headers[0].value"]),
        (
            json!({ "headers": [{ "name": "X-A", "value": "x" }, { "name": "x-a", "value": "y" }] }),
            vec!["headers[1].name"],
        ),
        (json!({ "headers": [{ "name": "X-A", "value": "x", "secret": true }] }), vec!["headers[0].secret"]),
        (json!({ "headers": [{ "name": "X-A" }] }), vec!["headers[0].value"]),
        (json!({ "signing_secret": "" }), vec!["signing_secret"]),
        (json!({ "signing_secret": "secret" }), vec!["signing_secret"]),
        (json!({ "signing_secret": "whsec_YWJj" }), vec!["signing_secret"]),
        (json!({ "signing_secret": 7 }), vec!["signing_secret"]),
        (json!({ "id": "x", "last_test": null, "status": "paused" }), vec!["id", "last_test", "status"]),
        (json!({ "name": "", "url": "x", "events": ["x"], "extra": 1 }), vec!["extra", "name", "url", "events[0]"]),
    ];
    for name in ["Host", "content-type", "webhook_id", "X-Forwarded-For", "Metadata", "a b", "é", "", "X-A\r\nX-B"] {
        table.push((header(name), vec!["headers[0].name"]));
    }
    for bad in [json!(""), json!(" "), json!("a\nb"), json!("é"), json!("x".repeat(4_097)), json!(7)] {
        table.push((value(bad), vec!["headers[0].value"]));
    }
    for url in [
        "",
        "example.com",
        "ftp://example.com/",
        "https://user:pw@example.com/",
        "https://example.com/#x",
        "https://example.com\\a",
        "https://a..b/",
        "https://example.com:22/",
        "https://example.com/\n",
    ] {
        table.push((json!({ "url": url }), vec!["url"]));
    }
    for (changes, fields) in table {
        let answer = program.posts("/webhooks", with(minimal(URL), changes.clone())).await;
        assert_eq!((answer.status, answer.header("content-type")), (422, "application/problem+json"), "{changes}");
        assert_eq!(answer.fields(), fields, "{changes}: {}", answer.text);
    }
    for body in [json!([]), json!(7), json!(null)] {
        assert_eq!(program.posts("/webhooks", body).await.fields(), [""]);
    }
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM webhooks").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn an_address_that_may_not_be_reached_is_named_with_its_rule_and_the_setting() {
    let resolver = StaticResolver::default().with("inside.example", &["10.1.2.3"]);
    let app = Setting { resolver: Some(Arc::new(resolver)), ..Setting::default() }.spawn().await;
    let program = app.program("write").await;
    for (url, address, rule) in [
        ("http://10.0.0.1/", "10.0.0.1", "10.0.0.0/8"),
        ("http://0x0a000001/", "10.0.0.1", "10.0.0.0/8"),
        ("http://[::ffff:192.168.1.1]/", "192.168.1.1", "192.168.0.0/16"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254", "metadata"),
        ("http://localhost/", "localhost", "localhost"),
        ("http://inside.example/", "10.1.2.3", "10.0.0.0/8"),
    ] {
        let answer = program.posts("/webhooks", minimal(url)).await;
        assert_eq!((answer.status, answer.fields()), (422, vec!["url".to_owned()]), "{url}");
        let message = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        for part in [address, rule, "HERALD_ALLOWED_NETWORKS"] {
            assert!(message.contains(part), "{url}: {part}: {message}");
        }
    }
    let unknown = program.posts("/webhooks", minimal("https://nobody-knows.example/")).await;
    assert_eq!(unknown.status, 201, "a name that does not resolve is accepted");
    app.stop().await;
}

#[tokio::test]
async fn one_webhook_too_many_is_409() {
    let app = Setting::default().with("HERALD_MAX_WEBHOOKS", "2").spawn().await;
    let program = app.program("write").await;
    let first = program.adds(minimal(URL)).await;
    program.adds(minimal(URL)).await;
    let refused = program.posts("/webhooks", minimal(URL)).await;
    assert_eq!((refused.status, &refused.json()["status"]), (409, &json!(409)), "{}", refused.text);
    assert_eq!(program.deletes(&first).await.status, 204);
    program.adds(minimal(URL)).await;
    assert_eq!(program.acts(&format!("{first}/restore")).await.status, 409, "there is no room for it any more");
    app.stop().await;
}
