//! Two nodes on one PostgreSQL: the program itself, twice. They share the database and the key file, and nothing else.

mod changes;
mod starts;
mod trash;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use herald::base::{Clock, SystemClock, WebhookId};
use herald::delivery::model::Lease;
use herald::delivery::signing::SigningSecret;
use herald::receiver::{Key, check};
use serde_json::json;

use crate::crash::{JsonBody, acknowledged_event, same_bytes_each_time, text, times_of, until};
use crate::support::Engine;
use crate::support::app::client;
use crate::support::house::{DeliveryRow, House, SECRET};
use crate::support::process::{Home, Server};
use crate::support::recorder::{Answer, Received, Recorder};

const EVENTS: usize = 2_000;
const PUBLISHERS: usize = 16;
/// Requests at a time from each node.
const WIDTH: usize = 10;
/// One attempt, in all.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The database and what both nodes need; its organization is the house's.
struct Cluster {
    house: House,
    home: Home,
    /// May publish.
    key: String,
}

impl Cluster {
    async fn prepare() -> Self {
        let house = House::open(Engine::Postgres, Arc::new(SystemClock)).await;
        std::fs::write(house.database.path("herald.key"), [7; 32]).expect("the key file of the house's vault");
        let home = Home {
            folder: house.database.path(""),
            settings: vec![
                ("HERALD_LISTEN", "127.0.0.1:0".into()),
                ("HERALD_DATABASE_URL", house.database.url().into()),
                ("HERALD_SECRET_KEY_FILE", "herald.key".into()),
                ("HERALD_ALLOWED_NETWORKS", "127.0.0.0/8".into()),
                ("HERALD_RETRY_SCHEDULE", "1s,1s,1s".into()),
                ("HERALD_REQUEST_TIMEOUT", "5s".into()),
            ],
        };
        let id = house.organization.to_string();
        let key = home.admin(&["create-api-key", "--organization", &id, "--name", "load", "--scopes", "publish"]).await;
        Self { house, home, key: text(&key, "key") }
    }

    /// Publishes events from many callers at once, each call to the next node (`http://…`). A call that is not answered is
    /// repeated at the other one. Gives the acknowledged events.
    async fn publish(&self, bases: [String; 2], events: usize) -> BTreeSet<String> {
        let publishers = (0..PUBLISHERS).map(|number| {
            let (bases, key) = (bases.clone(), self.key.clone());
            tokio::spawn(async move {
                let client = client();
                let mut acknowledged = Vec::new();
                for call in (number..events).step_by(PUBLISHERS) {
                    let mut places = bases.iter().cycle().skip(call / PUBLISHERS);
                    acknowledged.push(loop {
                        let base = places.next().expect("a cycle has no end");
                        if let Some(id) = publish_once(&client, base, &key, call).await {
                            break id;
                        }
                        tokio::task::yield_now().await;
                    });
                }
                acknowledged
            })
        });
        let published = futures_util::future::join_all(publishers.collect::<Vec<_>>()).await;
        published.into_iter().flat_map(|acknowledged| acknowledged.expect("no publisher panics")).collect()
    }

    /// The webhook's deliveries, once there are `count` and all of them have that state.
    async fn all_in(&self, webhook: &WebhookId, count: usize, state: &str) -> Vec<DeliveryRow> {
        until(&format!("{count} deliveries are {state}"), count, async || {
            let rows = self.house.deliveries(webhook).await;
            rows.iter().filter(|row| row.state == state).count()
        })
        .await;
        let rows = self.house.deliveries(webhook).await;
        assert!(rows.len() == count && rows.iter().all(|row| row.state == state), "all are {state}: {rows:?}");
        rows
    }
}

async fn publish_once(client: &reqwest::Client, base: &str, key: &str, call: usize) -> Option<String> {
    let body =
        json!({"event_type": "INTAKE_CREATED", "entity_ids": [call.to_string()], "performed_by": "ada@example.com"});
    let request = client.post(format!("{base}/api/v1/events")).bearer_auth(key);
    acknowledged_event(request.header("idempotency-key", call.to_string()).json_body(&body)).await
}

/// Every request is a callback of its event, and its signature holds.
fn all_are_genuine(requests: &[Received]) {
    same_bytes_each_time(requests);
    let keys = [Key { name: "the webhook's".into(), secret: SigningSecret::parse(SECRET).expect("a secret").into() }];
    for request in requests {
        let verdict = check(&keys, &request.headers, &request.body, SystemClock.now());
        assert!(verdict.holds(), "{verdict:?}: {request:?}");
    }
}

async fn stop(nodes: [Server; 2]) {
    for status in futures_util::future::join_all(nodes.map(Server::terminate)).await {
        assert_eq!(status.code(), Some(0), "SIGTERM ends it in order");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_nodes_publish_is_delivered_once() {
    let recorder = Recorder::start().await;
    let cluster = Cluster::prepare().await;
    let webhook = cluster.house.add_webhook(&recorder.url("/")).await;
    let (first, second) = tokio::join!(cluster.home.serve(), cluster.home.serve());
    let acknowledged = cluster.publish([first.base.clone(), second.base.clone()], EVENTS).await;
    assert_eq!(acknowledged.len(), EVENTS, "no two calls made one event");
    let rows = cluster.all_in(&webhook, EVENTS, "succeeded").await;
    assert!(rows.iter().all(|row| row.attempts == 1), "each took one attempt");
    let requests = recorder.requests();
    all_are_genuine(&requests);
    let once: BTreeMap<String, usize> = acknowledged.into_iter().map(|event| (event, 1)).collect();
    assert_eq!(times_of(&requests), once);
    stop([first, second]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_node_had_is_delivered_by_the_other() {
    let recorder = Recorder::start().await;
    // Slow enough that some are under way and many wait, at any moment.
    recorder.answer("/", Answer::status(200).after(Duration::from_millis(200)));
    let cluster = Cluster::prepare().await;
    let webhook = cluster.house.add_webhook(&recorder.url("/")).await;
    let (killed, other) = tokio::join!(cluster.home.serve(), cluster.home.serve());
    let events = 400;
    let publishing = cluster.publish([killed.base.clone(), other.base.clone()], events);
    let killing = async {
        until("some have arrived", 6 * WIDTH, async || recorder.count()).await;
        killed.kill().await;
        let left = cluster.house.deliveries(&webhook).await;
        // The other node goes on taking leases until they are read.
        (SystemClock.now(), left)
    };
    let (acknowledged, (read_at, left)) = tokio::join!(publishing, killing);
    let lease = Lease::outlasting(TIMEOUT).length();
    assert!(left.iter().filter_map(|row| row.leased_until).all(|end| end <= read_at + lease), "it is free soon");
    let rows = cluster.all_in(&webhook, events, "succeeded").await;
    assert!(rows.iter().all(|row| row.attempts == 1), "the node that lives sent nothing twice");
    let requests = recorder.requests();
    all_are_genuine(&requests);
    let times = times_of(&requests);
    assert_eq!(times.keys().cloned().collect::<BTreeSet<_>>(), acknowledged, "nothing is lost");
    let under_way = left.iter().filter(|row| row.state == "pending" && row.leased_until.is_some());
    let under_way: BTreeSet<String> = under_way.map(|row| row.id.event.to_string()).collect();
    for (event, times) in times.into_iter().filter(|(_, times)| *times > 1) {
        assert!(times == 2 && under_way.contains(&event), "{event} was not under way and came {times} times");
    }
    assert_eq!(other.terminate().await.code(), Some(0));
}
