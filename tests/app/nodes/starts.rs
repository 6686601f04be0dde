//! How nodes start beside each other.

use crate::support::app::client;
use crate::support::process::Home;
use crate::support::{Engine, TestDatabase};

fn home(database: &TestDatabase, key_file: &str) -> Home {
    Home {
        folder: database.path(""),
        settings: vec![
            ("HERALD_LISTEN", "127.0.0.1:0".into()),
            ("HERALD_DATABASE_URL", database.url().into()),
            ("HERALD_SECRET_KEY_FILE", key_file.into()),
        ],
    }
}

/// Why `herald serve` does not start: its exit code, and what it says.
async fn refused(home: &Home) -> (Option<i32>, String) {
    let output = home.runs(&["serve"]).await;
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn two_nodes_that_start_at_once_on_an_empty_database_both_come_up() {
    for _ in 0..3 {
        let database = TestDatabase::fresh(Engine::Postgres);
        // Not even the key file is there.
        let home = home(&database, "herald.key");
        let nodes = tokio::join!(home.serve(), home.serve());
        for node in [&nodes.0, &nodes.1] {
            let ready = client().get(format!("{}/readyz", node.base)).send().await.expect("an answer");
            assert_eq!(ready.status(), 200);
        }
        super::stop([nodes.0, nodes.1]).await;
    }
}

#[tokio::test]
async fn a_node_without_the_key_of_the_others_does_not_start() {
    let database = TestDatabase::fresh(Engine::Postgres);
    let first = home(&database, "herald.key").serve().await;
    let (code, said) = refused(&home(&database, "absent.key")).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("absent.key is missing") && said.contains("HERALD_SECRET_KEY_FILE"), "{said}");
    assert!(!database.path("absent.key").exists(), "it makes no key of its own");

    std::fs::write(database.path("other.key"), [9; 32]).expect("a file");
    let (code, said) = refused(&home(&database, "other.key")).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("other.key holds another key") && said.contains("HERALD_SECRET_KEY_FILE"), "{said}");

    let (code, said) = refused(&home(&database, "")).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("HERALD_SECRET_KEY_FILE: with PostgreSQL it must be set"), "{said}");
    assert_eq!(first.terminate().await.code(), Some(0), "the first is none the worse for it");
}
