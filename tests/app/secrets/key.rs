//! The key file: made for its owner alone, changed while the server runs, and missed where it is gone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use reqwest::Method;
use serde_json::json;

use super::House;
use crate::support::process::Home;
use crate::support::recorder::{Answer, Recorder};
use crate::support::{Engine, TestDatabase};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_changed_while_the_server_runs() {
    let house = House::new(&[("HERALD_RETRY_SCHEDULE", "100ms,100ms,100ms")]).await;
    let (server, receiver) = (house.home.serve().await, Recorder::start().await);
    let base = server.base.clone();
    let new = |name: &str| {
        json!({ "name": name, "url": receiver.url(&format!("/{name}?key=query-token-1")), "signing_secret": SECRET,
                "headers": [{ "name": "X-Key", "value": "header-value-1" }], "events": ["PROJECT_CREATED"] })
    };
    let mut ids = Vec::new();
    for number in 0..3 {
        let made = house.posts(&base, "/webhooks", new(&format!("hook{number}"))).await;
        ids.push(made["id"].as_str().expect("an id").to_owned());
    }
    house.publishes(&base).await;
    receiver.wait_for(3).await;
    let key_file = house.folder.path().join("herald.key");
    let before = fs::read(&key_file).expect("the key");
    assert_eq!(fs::metadata(&key_file).expect("the file").permissions().mode() & 0o777, 0o600);
    let operator = house.home.admin(&["operator-secret"]).await;

    let prepared = house.home.admin(&["rotate-key", "--prepare"]).await;
    assert!(prepared["next_key_id"].is_string() && prepared["next_key_id"] != prepared["key_id"]);
    assert_eq!(fs::read(&key_file).expect("the key"), before, "only prepared");
    let rotated = house.home.admin(&["rotate-key"]).await;
    assert_eq!((&rotated["key_id"], &rotated["previous_key_id"]), (&prepared["next_key_id"], &prepared["key_id"]));
    assert_eq!(
        (&rotated["resealed"], &rotated["unreadable"]),
        (&json!(9), &json!(0)),
        "3 headers, 3 secrets, 3 queries"
    );
    let after = fs::read(&key_file).expect("the key");
    let kept = house.folder.path().join(rotated["previous_key_file"].as_str().expect("a path"));
    assert!(after != before && fs::read(&kept).expect("the old key") == before);
    for file in [&key_file, &kept] {
        assert_eq!(fs::metadata(file).expect("the file").permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(house.home.admin(&["operator-secret"]).await, operator, "what is derived stays");

    // The server has not been told, and goes on: it reads what was sealed anew, and seals with the new key.
    for id in &ids {
        let secret = house.reads(&base, &format!("/webhooks/{id}/secret")).await;
        assert_eq!(secret["signing_secret"], SECRET);
        let renamed =
            house.calls(&base, Method::PATCH, &format!("/webhooks/{id}"), Some(json!({ "name": "renamed" }))).await;
        assert_eq!(renamed.0, 200, "{}", renamed.1);
    }
    let added = house.posts(&base, "/webhooks", new("hook3")).await;
    house.publishes(&base).await;
    let requests = receiver.wait_for(7).await;
    for request in &requests {
        assert_eq!(request.header("x-key"), Some("header-value-1"));
        assert!(request.target.ends_with("?key=query-token-1"), "{}", request.target);
    }
    let again = house.home.admin(&["rotate-key"]).await;
    assert_eq!((&again["resealed"], &again["unreadable"]), (&json!(12), &json!(0)), "all of it is readable: {again}");

    assert_eq!(server.terminate().await.code(), Some(0));
    let server = house.home.serve().await;
    let id = added["id"].as_str().expect("an id");
    assert_eq!(house.reads(&server.base, &format!("/webhooks/{id}/secret")).await["signing_secret"], SECRET);
    assert_eq!(
        house.reads(&server.base, &format!("/webhooks/{id}")).await["url"],
        receiver.url("/hook3?key=query-token-1")
    );
    assert_eq!(server.terminate().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_follows_a_change_of_the_key_that_was_prepared() {
    let database = TestDatabase::fresh(Engine::Postgres);
    let house = House::new(&[("HERALD_DATABASE_URL", database.url()), ("HERALD_SECRET_KEY_FILE", "herald.key")]).await;
    let (one, receiver) = (house.home.serve().await, Recorder::start().await);
    // Another machine, with a copy of the key file.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let copy = |name: &str| {
        fs::copy(house.folder.path().join(name), elsewhere.path().join(name)).expect("a copy");
    };
    copy("herald.key");
    let other = Home { folder: elsewhere.path().to_owned(), settings: house.home.settings.clone() };
    let two = other.serve().await;
    let new = json!({ "name": "a", "url": receiver.url("/?key=query-token-1"), "events": ["PROJECT_CREATED"],
                      "headers": [{ "name": "X-Key", "value": "header-value-1" }], "signing_secret": SECRET });
    let path =
        format!("/webhooks/{}", house.posts(&one.base, "/webhooks", new.clone()).await["id"].as_str().expect("an id"));

    house.home.admin(&["rotate-key", "--prepare"]).await;
    copy("herald.key.next");
    let rotated = house.home.admin(&["rotate-key"]).await;
    assert_eq!((&rotated["resealed"], &rotated["unreadable"]), (&json!(3), &json!(0)));
    for base in [&one.base, &two.base] {
        assert_eq!(house.reads(base, &format!("{path}/secret")).await["signing_secret"], SECRET);
        assert_eq!(house.reads(base, &path).await["url"], receiver.url("/?key=query-token-1"));
        house.publishes(base).await;
    }
    // What the other machine seals, this one reads.
    let added = house.posts(&two.base, "/webhooks", new).await;
    let added = format!("/webhooks/{}/secret", added["id"].as_str().expect("an id"));
    assert_eq!(house.reads(&one.base, &added).await["signing_secret"], SECRET);
    for request in receiver.wait_for(2).await {
        assert_eq!(request.header("x-key"), Some("header-value-1"));
    }
    // Its next start takes the next key, which still lies beside the old one.
    assert_eq!(two.terminate().await.code(), Some(0));
    let two = other.serve().await;
    assert_eq!(house.reads(&two.base, &added).await["signing_secret"], SECRET);
    for server in [one, two] {
        assert_eq!(server.terminate().await.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_key_that_was_cut_short_is_gone_on_with() {
    let house = House::new(&[]).await;
    let (server, receiver) = (house.home.serve().await, Recorder::start().await);
    receiver.answer("/", Answer::status(200));
    let new = json!({ "name": "a", "url": receiver.url("/?key=query-token-1"), "events": ["PROJECT_CREATED"] });
    house.posts(&server.base, "/webhooks", new).await;
    assert_eq!(server.terminate().await.code(), Some(0));

    // As after a crash when everything is sealed anew, and the files have not changed places.
    let (key, next) = (house.folder.path().join("herald.key"), house.folder.path().join("herald.key.next"));
    let old = fs::read(&key).expect("the key");
    house.home.admin(&["rotate-key"]).await;
    fs::rename(&key, &next).expect("renamed");
    fs::write(&key, &old).expect("written");
    let server = house.home.serve().await;
    house.publishes(&server.base).await;
    receiver.wait_for(1).await;
    let rotated = house.home.admin(&["rotate-key"]).await;
    assert_eq!((&rotated["resealed"], rotated["key_id"].is_string()), (&json!(0), true));
    assert!(!next.exists() && fs::read(&key).expect("the key") != old);
    assert_eq!(server.terminate().await.code(), Some(0));
    assert_eq!(house.home.serve().await.terminate().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_does_not_start_without_its_key() {
    let house = House::new(&[]).await;
    assert_eq!(house.home.serve().await.terminate().await.code(), Some(0));
    let key = house.folder.path().join("herald.key");
    let right = fs::read(&key).expect("the key");
    let failing = async |word: &str| {
        let output = house.home.runs(&["serve"]).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(word) && said.contains("herald.key") && said.contains("HERALD_SECRET_KEY_FILE"),
            "{said}"
        );
    };
    fs::write(&key, [7; 32]).expect("written");
    failing("another key").await;
    fs::remove_file(&key).expect("removed");
    failing("missing").await;
    assert!(!key.exists(), "none is made for a database that has one");

    // Others can read it: that is said, and it starts.
    fs::write(&key, right).expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("a mode");
    let server = house.home.serve().await;
    assert!(server.log().contains("others can read the key file"), "{}", server.log());
    assert_eq!(server.terminate().await.code(), Some(0));
}
