//! The command, as people and their machines run it.

use std::sync::Arc;

use herald::base::SystemClock;
use herald::events::EventType;

use crate::support::Engine;
use crate::support::house::House;
use crate::support::process::Home;

/// An organization with a webhook and an event, in a folder with its key.
async fn house(engine: Engine) -> (House, Home) {
    let house = House::open(engine, Arc::new(SystemClock)).await;
    std::fs::write(house.database.path("herald.key"), [7; 32]).expect("the key file of the house's vault");
    house.add_webhook("http://127.0.0.1:9/").await;
    house.publish(EventType::IntakeCreated).await;
    let home = Home {
        folder: house.database.path(""),
        settings: vec![
            ("HERALD_DATABASE_URL", house.database.url().into()),
            ("HERALD_SECRET_KEY_FILE", "herald.key".into()),
        ],
    };
    (house, home)
}

async fn checks(home: &Home) -> (Option<i32>, String, String) {
    let output = home.runs(&["check"]).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_it_looked_at_and_what_is_wrong() {
    for engine in Engine::ALL {
        let (house, home) = house(engine).await;
        let (code, said, complaint) = checks(&home).await;
        assert_eq!((code, complaint.as_str()), (Some(0), ""), "{engine:?}: {said}");
        let lines: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(lines.contains(&vec!["1", "events"]) && lines.contains(&vec!["1", "deliveries"]), "{said}");
        assert!(said.contains("everything is in order"), "{said}");

        std::fs::remove_file(house.database.path("herald.key")).expect("there is one");
        let (code, said, _) = checks(&home).await;
        assert!(code == Some(0) && said.contains("not checked: whether secrets can be opened"), "{said}");
        assert!(!house.database.path("herald.key").exists(), "it makes nothing");
        std::fs::write(house.database.path("herald.key"), [8; 32]).expect("another key");

        let mut tx = house.db.begin().await.expect("a transaction");
        sqlx::query("DELETE FROM deliveries").execute(&mut *tx).await.expect("a change");
        tx.commit().await.expect("a commit");
        let (code, said, complaint) = checks(&home).await;
        assert_eq!(code, Some(1), "{said} {complaint}");
        assert!(said.contains("an event has no delivery to a webhook that was subscribed to it (1):"), "{said}");
        assert!(said.contains("cannot be opened with the key file (1):"), "{said}");
        assert!(complaint.contains("not in order (2 cases)"), "{complaint}");
        house.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_database_of_this_version_is_left_as_it_is() {
    let (house, mut home) = house(Engine::Sqlite).await;
    let mut tx = house.db.begin().await.expect("a transaction");
    sqlx::query("UPDATE _sqlx_migrations SET version = 99").execute(&mut *tx).await.expect("a change");
    tx.commit().await.expect("a commit");
    let (code, _, complaint) = checks(&home).await;
    assert!(code == Some(3) && complaint.contains("newer Herald"), "{complaint}");
    let mut tx = house.db.begin().await.expect("a transaction");
    sqlx::query("DELETE FROM _sqlx_migrations").execute(&mut *tx).await.expect("a change");
    tx.commit().await.expect("a commit");
    let (code, _, complaint) = checks(&home).await;
    assert!(code == Some(2) && complaint.contains("it lacks migration"), "{complaint}");
    house.db.close().await;

    let missing = house.database.path("missing.db");
    std::fs::write(house.database.path("text.db"), "not a database, and long enough to be told from one".repeat(99))
        .expect("a file");
    for (name, cause) in [("missing.db", "there is no such file"), ("text.db", "not a database")] {
        home.settings[0].1 = format!("sqlite://{name}");
        let (code, said, complaint) = checks(&home).await;
        assert!(code == Some(2) && complaint.contains(cause) && said.is_empty(), "{complaint}");
    }
    assert!(!missing.exists());
}
