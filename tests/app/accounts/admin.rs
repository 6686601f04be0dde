//! `herald admin`, the real program, beside a running server.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::value;
use crate::support::app::{Setting, TestApp};
use crate::support::programs::number;

pub(super) fn admin(app: &TestApp, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herald"));
    // The settings of the tests themselves are none of Herald's.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HERALD_")) {
        command.env_remove(name);
    }
    let mut child = command
        .arg("admin")
        .args(arguments)
        .env("HERALD_DATABASE_URL", app.database.url())
        .env("HERALD_SECRET_KEY_FILE", app.database.path("herald.key"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("the program reads, or has room");
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

/// The one JSON object that a command prints.
pub(super) fn made(app: &TestApp, arguments: &[&str], input: &str) -> Value {
    let output = admin(app, arguments, input);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object and nothing else")
}

#[tokio::test]
async fn a_running_server_honours_at_once_what_admin_makes() {
    let app = Setting { without_users: true, ..Setting::default() }.spawn().await;
    let organization = made(&app, &["create-organization", "--name", "Ostrander"], "");
    let id = organization["id"].as_str().unwrap();
    let expected = json!({
        "id": id, "name": "Ostrander", "time_zone": "UTC", "edition": "enterprise", "webhooks_enabled": false,
    });
    assert_eq!(organization, expected);
    let flags = ["--time-zone", "Asia/Kolkata", "--edition", "essentials", "--enable-webhooks"];
    let other = made(&app, &[&["create-organization", "--name", "Two"], flags.as_slice()].concat(), "");
    assert_eq!(
        (&other["time_zone"], &other["edition"], &other["webhooks_enabled"]),
        (&json!("Asia/Kolkata"), &json!("essentials"), &json!(true))
    );

    let user = ["create-user", "--organization", id, "--email", "Sam@Ostrander.example", "--role", "admin"];
    let sam = made(&app, &user, "");
    assert_eq!(
        (&sam["organization_id"], &sam["email"], &sam["role"]),
        (&json!(id), &json!("sam@ostrander.example"), &json!("admin"))
    );
    let visitor = app.visitor();
    let fields = [("email", "sam@ostrander.example"), ("password", sam["password"].as_str().unwrap())];
    assert_eq!(visitor.posts("/login", &fields).await.status(), 303);
    assert_eq!(value(&visitor.reads("/settings").await, "name"), "Ostrander");

    let manager = ["create-user", "--email", "mia@herald.example", "--account-manager", "--password-stdin"];
    let mia = made(&app, &manager, "correct horse battery\n");
    assert_eq!(
        (&mia["organization_id"], &mia["role"], &mia["password"]),
        (&Value::Null, &json!("account_manager"), &Value::Null)
    );
    let fields = [("email", "mia@herald.example"), ("password", "correct horse battery")];
    assert_eq!(app.visitor().posts("/login", &fields).await.status(), 303);

    let key = [
        "create-api-key",
        "--organization",
        id,
        "--name",
        "k",
        "--scopes",
        "read,publish",
        "--user",
        "sam@ostrander.example",
    ];
    let key = made(&app, &key, "");
    assert_eq!((&key["organization_id"], &key["scopes"]), (&json!(id), &json!(["read", "publish"])));
    let lasting = ["create-api-key", "--organization", id, "--name", "short", "--scopes", "read", "--expires", "90d"];
    assert_eq!(made(&app, &lasting, "")["name"], "short");
    let days = "SELECT (expires_at - created_at) / 86400000000 FROM api_keys WHERE name = 'short'";
    assert_eq!(number(&app.running().db, days).await, 90);
    assert_eq!(visitor.gets("/setup?code=x").await.headers()["location"], "/login");
    app.stop().await;
}

#[tokio::test]
async fn what_admin_refuses_it_says_in_a_sentence() {
    let app = Setting::default().spawn().await;
    let id = app.organization.id.as_str();
    let unknown = "60adfdb750b58a0c2d78bdd8";
    for (arguments, input, says) in [
        (vec!["create-organization", "--name", ""], "", "--name"),
        (vec!["create-organization", "--name", "x", "--time-zone", "Mars/Olympus"], "", "--time-zone"),
        (vec!["create-organization", "--name", "x", "--edition", "gold"], "", "--edition"),
        (vec!["create-user", "--organization", id, "--email", "ada", "--role", "admin"], "", "--email"),
        (vec!["create-user", "--organization", id, "--email", "ada@halden.example", "--role", "admin"], "", "already"),
        (vec!["create-user", "--organization", id, "--email", "x@halden.example", "--role", "king"], "", "--role"),
        (vec!["create-user", "--organization", id, "--email", "x@halden.example"], "", "--role"),
        (
            vec!["create-user", "--organization", unknown, "--email", "x@y.example", "--role", "admin"],
            "",
            "no organization",
        ),
        (
            vec!["create-user", "--email", "x@y.example", "--account-manager", "--password-stdin"],
            "short\n",
            "12 characters",
        ),
        (vec!["create-api-key", "--organization", id, "--name", "k", "--scopes", "all"], "", "--scopes"),
        (
            vec!["create-api-key", "--organization", id, "--name", "k", "--scopes", "read", "--expires", "soon"],
            "",
            "--expires",
        ),
        (
            vec!["create-api-key", "--organization", id, "--name", "k", "--scopes", "read", "--expires", "9999d"],
            "",
            "--expires",
        ),
        (
            vec!["create-api-key", "--organization", id, "--name", "k", "--scopes", "read", "--user", "no@y.example"],
            "",
            "--user",
        ),
    ] {
        let output = admin(&app, &arguments, input);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty());
    }
    app.stop().await;
}
