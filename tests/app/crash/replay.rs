//! The program is killed in the middle of a replay, and goes on with it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{JsonBody as _, prepare, same_bytes_each_time, text, times_of, until};
use crate::support::app::{client, eventually};
use crate::support::recorder::Recorder;

const EVENTS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_goes_on_where_it_was_killed() {
    let recorder = Recorder::start().await;
    let (_house, home, key) = prepare(&recorder, "read,write,publish").await;
    let server = home.serve().await;
    let call = async |base: &str, method: Method, path: &str, body: Option<Value>| -> Value {
        let request = client().request(method, format!("{base}/api/v1{path}")).bearer_auth(&key);
        let request = match &body {
            Some(body) => request.json_body(body),
            None => request,
        };
        serde_json::from_str(&request.send().await.expect("an answer").text().await.expect("a text")).expect("JSON")
    };
    let event = json!({ "event_type": "INTAKE_CREATED", "entity_ids": ["1"], "performed_by": "ada@example.com" });
    let batch = json!({ "events": vec![event; EVENTS] });
    call(&server.base, Method::POST, "/events/batch", Some(batch)).await;
    until("everything arrives", EVENTS, async || recorder.count()).await;
    let webhook = text(&call(&server.base, Method::GET, "/webhooks", None).await["data"][0], "id");
    until("everything is written down", EVENTS, async || {
        let arrived = call(&server.base, Method::GET, "/deliveries?state=succeeded", None).await;
        arrived["data"].as_array().expect("a list").len()
    })
    .await;

    let body = json!({ "since": "2020-01-01T00:00:00Z", "states": ["succeeded"], "per_second": 15 });
    let replay = call(&server.base, Method::POST, &format!("/webhooks/{webhook}/replay"), Some(body)).await;
    let path = format!("/replays/{}", text(&replay, "id"));
    until("some of it arrives again", EVENTS + 5, async || recorder.count()).await;
    server.kill().await;
    assert!(recorder.requests().len() < 2 * EVENTS, "it was killed in the middle");

    let server = home.serve().await;
    until("all of it has been sent again", EVENTS, async || {
        let shown = call(&server.base, Method::GET, &path, None).await;
        usize::try_from(shown["done"].as_u64().expect("a count")).expect("a small one")
    })
    .await;
    let finished = eventually("it finishes", &mut async || {
        let shown = call(&server.base, Method::GET, &path, None).await;
        (shown["state"] == "finished").then_some(shown)
    })
    .await;
    assert_eq!([&finished["total"], &finished["done"], &finished["succeeded"]], [&json!(EVENTS); 3]);
    let times = times_of(&recorder.requests());
    assert!(times.len() == EVENTS && times.values().all(|count| *count >= 2), "{times:?}");
    same_bytes_each_time(&recorder.requests());
    assert_eq!(server.terminate().await.code(), Some(0), "SIGTERM ends it in order");
}
