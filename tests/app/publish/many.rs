//! Many publishers at once.

use std::collections::HashSet;

use futures_util::future::join_all;

use super::SMALL;
use crate::support::Engine;
use crate::support::app::Setting;
use crate::support::programs::number;
use crate::support::recorder::Recorder;

const PUBLISHERS: usize = 100;
const EACH: usize = 10;

#[tokio::test]
async fn a_hundred_publishers_lose_nothing() {
    for engine in Engine::ALL {
        let app = Setting { engine: Some(engine), ..Setting::default() }.spawn().await;
        let receiver = Recorder::start().await;
        for path in ["/one", "/two"] {
            app.adds_webhook(&receiver.url(path), &["PROJECT_EDITED"]).await;
        }
        let program = app.program("publish").await;
        let publisher = async || {
            let mut ids = Vec::with_capacity(EACH);
            for _ in 0..EACH {
                let answer = program.publishes(SMALL).await;
                assert_eq!(answer.status, 202, "{engine:?}: {}", answer.text);
                assert_eq!(answer.json()["deliveries"], 2);
                ids.push(answer.json()["event_id"].as_str().expect("an id").to_owned());
            }
            ids
        };
        let ids: HashSet<String> = join_all((0..PUBLISHERS).map(|_| publisher())).await.concat().into_iter().collect();
        assert_eq!(ids.len(), PUBLISHERS * EACH);
        let db = &app.running().db;
        assert_eq!(number(db, "SELECT COUNT(*) FROM events").await, 1_000, "{engine:?}");
        assert_eq!(number(db, "SELECT COUNT(DISTINCT seq) FROM events").await, 1_000, "{engine:?}");
        assert_eq!(number(db, "SELECT COUNT(*) FROM deliveries").await, 2_000, "{engine:?}");
        receiver.wait_until(|arrived| arrived.len() >= 2_000).await;
        for path in ["/one", "/two"] {
            let arrived: HashSet<String> = receiver
                .requests_to(path)
                .iter()
                .map(|request| request.header("webhook-id").expect("an id").to_owned())
                .collect();
            assert_eq!(arrived, ids, "{engine:?} {path}");
        }
        app.stop().await;
    }
}
