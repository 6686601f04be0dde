//! `herald check`: nothing is wrong after real work, and whatever is made wrong is found.

mod command;
mod planted;

use herald::base::{Clock as _, SystemClock};
use herald::config::{Config, SettingsArgs};
use herald::db::{Db, Options};
use herald::events::EventType;
use herald::webhooks::actions;
use serde_json::{Value, json};

use crate::publish::SMALL;
use crate::support::app::{Setting, TestApp, eventually};
use crate::support::books::look_through;
use crate::support::programs::{Program, number, told};
use crate::support::recorder::{Answer, Recorder};
use crate::support::webhooks::{actor, adds_webhook, records, tools};
use crate::support::{Engine, TestDatabase};

/// An organization that has done a bit of everything, and stopped.
struct Lived {
    app: TestApp,
    db: Db,
}

impl Lived {
    async fn on(engine: Engine) -> Self {
        let setting = Setting { engine: Some(engine), ..Setting::default() };
        let mut app = setting.with("HERALD_RETRY_SCHEDULE", "1h").spawn().await;
        let recorder = Recorder::start().await;
        recorder.answer("/bad", Answer::status(500));
        lives(&app, &recorder).await;
        app.app.take().expect("it runs").stop().await;
        let db = Db::open(app.database.url(), Options::default()).await.expect("it is sound");
        Self { app, db }
    }

    /// What the command line would be given.
    fn config(&self) -> Config {
        let settings = [
            ("HERALD_DATABASE_URL", self.database().url().to_owned()),
            ("HERALD_SECRET_KEY_FILE", self.database().path("herald.key").display().to_string()),
        ];
        let settings = settings.into_iter().map(|(name, value)| (name.into(), value.into()));
        Config::read(&SettingsArgs::default(), settings).expect("good settings")
    }

    fn database(&self) -> &TestDatabase {
        &self.app.database
    }
}

async fn lives(app: &TestApp, recorder: &Recorder) {
    let good = adds_webhook(app, "Good", &recorder.url("/good")).await;
    adds_webhook(app, "Bad", &recorder.url("/bad")).await;
    let paused = adds_webhook(app, "Paused", &recorder.url("/paused")).await;
    let deleted = adds_webhook(app, "Deleted", &recorder.url("/deleted")).await;
    let restored = adds_webhook(app, "Restored", &recorder.url("/restored")).await;
    records(app, EventType::ProjectCreated).await;
    arrive(app, "SELECT COUNT(*) FROM attempts", 5).await;
    let (tools, actor) = (tools(app), actor(app));
    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::pause(&mut tx, &tools, &actor, &paused.id).await.expect("a pause");
    actions::delete(&mut tx, &tools, &actor, &deleted.id).await.expect("a deletion");
    actions::delete(&mut tx, &tools, &actor, &restored.id).await.expect("a deletion");
    tx.commit().await.expect("a commit");
    records(app, EventType::ProjectEdited).await;
    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::restore(&mut tx, &tools, &actor, &restored.id).await.expect("an undo");
    tx.commit().await.expect("a commit");
    arrive(app, "SELECT COUNT(*) FROM attempts", 8).await;

    let program = app.program("read,write,publish").await;
    let published = told(program.post("/events", SMALL).header("idempotency-key", "one")).await;
    assert_eq!(published.status, 202, "{}", published.text);
    arrive(app, "SELECT COUNT(*) FROM deliveries WHERE state = 'succeeded'", 8).await;
    let body = json!({ "since": "2020-01-01T00:00:00Z", "states": ["succeeded"] });
    let replay = posts(&program, &format!("/webhooks/{}/replay", good.id), body, 202).await;
    let path = format!("/replays/{}", replay["id"].as_str().expect("an id"));
    eventually("the replay finishes", &mut async || {
        (program.gets(&path).await.json()["state"] == "finished").then_some(())
    })
    .await;
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM deliveries WHERE state = 'held'").await, 2);

    let long = "naïve café — “ISO 27001” a\u{301}bc हिन्दी 日本語 \u{e000} ".repeat(20);
    for (question, answer, tags) in [
        ("Do you encrypt data at rest?", "Yes: \"AES-256\", by the book.", json!(["Security", "ISO-27001"])),
        ("…", "!?", json!([])),
        ("Ünïcödé", long.as_str(), json!(["Größe"])),
    ] {
        posts(&program, "/answers", json!({ "question": question, "answer": answer, "tags": tags }), 201).await;
    }
    let trashed = json!({ "question": "Old?", "answer": "Old.", "tags": ["Old"] });
    let id = posts(&program, "/answers", trashed, 201).await["id"].as_str().expect("an id").to_owned();
    told(program.request(reqwest::Method::DELETE, &format!("/answers/{id}"))).await;
}

async fn arrive(app: &TestApp, query: &'static str, count: i64) {
    eventually(query, &mut async || (number(&app.running().db, query).await >= count).then_some(())).await;
}

async fn posts(program: &Program, path: &str, body: Value, status: u16) -> Value {
    let answer = told(program.post(path, body.to_string())).await;
    assert_eq!(answer.status, status, "{path}: {}", answer.text);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_real_work_everything_is_in_order_beside_the_running_server() {
    for engine in Engine::ALL {
        let setting = Setting { engine: Some(engine), ..Setting::default() };
        let app = setting.with("HERALD_RETRY_SCHEDULE", "1h").spawn().await;
        let recorder = Recorder::start().await;
        recorder.answer("/bad", Answer::status(500));
        lives(&app, &recorder).await;
        let vault = &app.running().context.vault;
        let report = look_through(app.database.url(), Some(vault), SystemClock.now()).await;
        assert!(report.is_clean(), "{engine:?}: {report}");
        let counted =
            ["events", "webhooks", "idempotency keys", "replays", "pairs of the answer library", "their tags"];
        // Pairs are events, too, of which nobody here is told.
        assert_eq!(counted.map(|what| report.counted(what)), [8, 5, 1, 1, 4, 4], "{engine:?}: {report}");
        for what in ["deliveries", "attempts", "sealed secrets", "subscriptions"] {
            assert!(report.counted(what) >= 10, "{engine:?}: {report}");
        }
        app.stop().await;
    }
}
