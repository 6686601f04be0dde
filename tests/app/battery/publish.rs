//! Bodies that are published: each bad one with its exact status and the fields that are told, each good one at the bounds accepted.

mod table;

use std::collections::BTreeSet;

use reqwest::RequestBuilder;

use self::table::{Case, Sent};
use crate::support::app::spawn_app;
use crate::support::programs::{Program, number, told};
use crate::support::recorder::Recorder;

/// The call with this body, as the case sends it.
fn request(program: &Program, case: &Case) -> RequestBuilder {
    let path = if case.is_batch { "/events/batch" } else { "/events" };
    let mut request = program.request(reqwest::Method::POST, path);
    for (name, value) in &case.headers {
        request = request.header(*name, value.as_slice());
    }
    match &case.body {
        Sent::Whole(bytes) => request.body(bytes.clone()),
        // In pieces, so that nobody knows how much is to come.
        Sent::InPieces(bytes) => {
            let pieces: Vec<_> = bytes.chunks(8_000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
            request.body(reqwest::Body::wrap_stream(futures_util::stream::iter(pieces)))
        }
    }
}

#[tokio::test]
async fn every_bad_body_is_told_with_its_status_and_its_fields() {
    let app = spawn_app().await;
    let program = app.program("publish").await;
    let cases = table::bad();
    assert!(cases.len() >= 120, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let answer = told(request(&program, case)).await;
        let fields: BTreeSet<String> =
            if answer.status == 422 { answer.fields().into_iter().collect() } else { BTreeSet::new() };
        let expected: BTreeSet<String> = case.fields.iter().cloned().collect();
        let is_document = answer.header("content-type") == "application/problem+json";
        if (answer.status, &fields, is_document) != (case.status, &expected, true) {
            let text: String = answer.text.chars().take(300).collect();
            wrong.push(format!("{}: {}, not {} {expected:?}: {text}", case.what, answer.status, case.status));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are answered in another way:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    for table in ["SELECT COUNT(*) FROM events", "SELECT COUNT(*) FROM idempotency_keys"] {
        assert_eq!(number(&app.running().db, table).await, 0, "nothing was recorded or remembered");
    }
    app.stop().await;
}

#[tokio::test]
async fn what_stands_right_at_the_bounds_is_taken_and_called_back_as_it_was_written() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    app.adds_webhook(&receiver.url("/"), &["PROJECT_EDITED"]).await;
    let program = app.program("publish").await;
    let cases = table::good();
    assert!(cases.len() >= 30, "{}", cases.len());
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in &cases {
        let answer = told(request(&program, case)).await;
        if answer.status != 202 {
            let text: String = answer.text.chars().take(300).collect();
            wrong.push(format!("{}: {} {text}", case.what, answer.status));
            continue;
        }
        let events = if case.is_batch { answer.json()["data"].as_array().map_or(0, Vec::len) } else { 1 };
        count += events;
        let Some(ending) = &case.called_back else { continue };
        let id = answer.json()["event_id"].as_str().expect("an id").to_owned();
        receiver.wait_until(|requests| requests.iter().any(|request| request.text().contains(&id))).await;
        let callback = receiver.requests().into_iter().find(|request| request.text().contains(&id)).expect("it came");
        if !callback.text().ends_with(ending.as_str()) {
            wrong.push(format!("{}: called back as {}", case.what, callback.text()));
        }
    }
    assert!(wrong.is_empty(), "{} are refused or changed:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM events").await, i64::try_from(count).unwrap());
    app.stop().await;
}
