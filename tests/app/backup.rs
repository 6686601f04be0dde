//! `herald backup`: a copy of the database, taken while the server works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use crate::crash::{JsonBody as _, acknowledged_event, prepare, until, until_true};
use crate::support::Engine;
use crate::support::app::client;
use crate::support::books::look_through;
use crate::support::house::House;
use crate::support::process::Home;
use crate::support::recorder::Recorder;
use herald::base::{Clock as _, SystemClock};

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_under_load_is_whole_and_a_server_starts_on_it() {
    let recorder = Recorder::start().await;
    let (house, home, key) = prepare(&recorder, "publish").await;
    let server = home.serve().await;
    let (over, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let publishers: Vec<_> = (0..8)
        .map(|number| {
            let (over, acknowledged, base, key) = (over.clone(), acknowledged.clone(), server.base.clone(), key.clone());
            tokio::spawn(async move {
                let client = client();
                while !over.load(Ordering::SeqCst) {
                    let body = json!({ "event_type": "INTAKE_CREATED", "entity_ids": [number.to_string()], "performed_by": "ada@example.com" });
                    let request = client.post(format!("{base}/api/v1/events")).bearer_auth(&key).json_body(&body);
                    if acknowledged_event(request).await.is_some() {
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    until("the server is at work", 200, async || acknowledged.load(Ordering::SeqCst)).await;
    let before = acknowledged.load(Ordering::SeqCst);
    let output = home.runs(&["backup", "copy.db"]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("copy.db holds") && said.contains("does not contain the key file"), "{said}");
    until("the server goes on", before + 50, async || acknowledged.load(Ordering::SeqCst)).await;
    over.store(true, Ordering::SeqCst);
    for publisher in publishers {
        publisher.await.expect("no publisher panics");
    }
    assert_eq!(server.terminate().await.code(), Some(0));

    let copy = format!("sqlite://{}", house.database.path("copy.db").display());
    let report = look_through(&copy, Some(&house.vault), SystemClock.now()).await;
    assert!(report.is_clean(), "{report}");
    assert!(report.counted("events") >= before as u64, "all that was acknowledged before is in it: {report}");
    let names: Vec<_> = std::fs::read_dir(house.database.path("")).expect("a folder").flatten().collect();
    assert!(names.iter().all(|entry| !entry.file_name().to_string_lossy().contains(".part")), "{names:?}");

    let again = home.runs(&["backup", "copy.db"]).await;
    let complaint = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(1) && complaint.contains("is there already"), "{complaint}");

    let mut restored = home.clone();
    for (name, value) in &mut restored.settings {
        if *name == "HERALD_DATABASE_URL" {
            *value = copy.clone();
        }
    }
    let server = restored.serve().await;
    let body = json!({ "event_type": "INTAKE_CREATED", "entity_ids": ["restored"], "performed_by": "ada@example.com" });
    let request = client().post(format!("{}/api/v1/events", server.base)).bearer_auth(&key).json_body(&body);
    let event = acknowledged_event(request).await.expect("it publishes");
    until_true("the event arrives", || {
        recorder.requests().iter().any(|one| one.header("webhook-id") == Some(event.as_str()))
    })
    .await;
    assert_eq!(server.terminate().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_copied_says_why_and_leaves_nothing() {
    let house = House::open(Engine::Sqlite, Arc::new(SystemClock)).await;
    let home = |url: &str| Home {
        folder: house.database.path(""),
        settings: vec![("HERALD_DATABASE_URL", url.into()), ("HERALD_SECRET_KEY_FILE", "herald.key".into())],
    };
    for (url, file, code, why) in [
        (house.database.url(), "no/such/folder/copy.db", 1, "cannot write"),
        ("sqlite://missing.db", "copy.db", 2, "there is no such file"),
        ("postgres://localhost/herald", "copy.db", 1, "pg_dump"),
    ] {
        let output = home(url).runs(&["backup", file]).await;
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && complaint.contains(why), "{complaint}");
        assert!(!house.database.path("copy.db").exists() && !house.database.path("missing.db").exists());
    }
    house.db.close().await;
}
