//! What is changed on one node holds on the other: at once where the database is asked each time, within a second where a
//! node remembers.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use herald::base::{Clock, SystemClock, WebhookId};
use herald::db::meta;
use herald::delivery::signing::SigningSecret;
use herald::receiver::{Key, check};
use reqwest::{Client, StatusCode};

use super::{Cluster, publish_once, stop, text};
use crate::crash::until;
use crate::publish::SMALL;
use crate::support::app::{Visitor, client, eventually};
use crate::support::process::Server;
use crate::support::recorder::{Answer, Gate, Recorder};

/// The second that a node may remember, and what a busy machine adds to it.
const SOON: Duration = Duration::from_secs(5);

/// Two nodes, an administrator signed in at the first, and callers who publish at the second.
struct Scene {
    cluster: Cluster,
    nodes: [Server; 2],
    admin: Visitor,
    client: Client,
    recorder: Recorder,
    webhook: WebhookId,
}

impl Scene {
    /// `settings`: more of both nodes.
    async fn start(settings: &[(&'static str, &str)]) -> Self {
        let recorder = Recorder::start().await;
        let mut cluster = Cluster::prepare().await;
        cluster.home.settings.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let webhook = cluster.house.add_webhook(&recorder.url("/")).await;
        let organization = cluster.house.organization.to_string();
        let email = "ada@example.com";
        let arguments = ["create-user", "--organization", &organization, "--email", email, "--role", "admin"];
        let user = cluster.home.admin(&arguments).await;
        let (first, second) = tokio::join!(cluster.home.serve(), cluster.home.serve());
        let admin = Visitor::at(&first.base);
        let answer = admin.posts("/login", &[("email", email), ("password", &text(&user, "password"))]).await;
        assert_eq!(answer.status(), 303, "she can sign in");
        Self { cluster, nodes: [first, second], admin, client: client(), recorder, webhook }
    }

    /// Publishes at the second node. `call`: tells events apart.
    async fn publish(&self, call: usize) -> String {
        let published = publish_once(&self.client, &self.nodes[1].base, &self.cluster.key, call).await;
        published.expect("it is acknowledged")
    }

    /// Posts a form of the webhook at the first node.
    async fn changes(&self, action: &str, fields: &[(&str, &str)]) {
        let path = format!("/settings/integrations/collaboration/webhooks/{}/{action}", self.webhook);
        let status = self.admin.posts(&path, fields).await.status();
        assert!(status == 200 || status == 303, "{action}: {status}");
    }

    /// Publishes at the second node until it is known there what the first has done: `known` is told where the events
    /// arrived, and with what. Gives how long that took.
    async fn until_known(&self, what: &str, mut known: impl FnMut(&Recorder) -> bool) -> Duration {
        let changed = Instant::now();
        for call in 1_000.. {
            let arrived = self.recorder.count();
            self.publish(call).await;
            until(what, arrived + 1, async || self.recorder.count()).await;
            if known(&self.recorder) {
                break;
            }
        }
        changed.elapsed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_new_events_at_once_and_takes_back_what_waits_at_the_other_node() {
    let scene = Scene::start(&[("HERALD_LANE_CONCURRENCY", "1")]).await;
    let gate = Gate::closed();
    scene.recorder.answer("/", Answer::status(200).held_by(&gate));
    let mut events = BTreeSet::new();
    for call in 0..5 {
        events.insert(scene.publish(call).await);
    }
    scene.recorder.wait_for(1).await;
    scene.changes("pause", &[]).await;
    let paused = Instant::now();
    events.insert(scene.publish(5).await);
    let rows = scene.cluster.house.deliveries(&scene.webhook).await;
    assert_eq!((rows.len(), rows.iter().filter(|row| row.state == "held").count()), (6, 6), "at once");
    let what = "the other node gives back what waited in its memory";
    eventually(what, &mut async || {
        let rows = scene.cluster.house.deliveries(&scene.webhook).await;
        (rows.iter().filter(|row| row.leased_until.is_some()).count() == 1).then_some(())
    })
    .await;
    assert!(paused.elapsed() < SOON, "{:?}", paused.elapsed());
    gate.open();
    eventually("the attempt under way ends and counts", &mut async || {
        let rows = scene.cluster.house.deliveries(&scene.webhook).await;
        (rows.iter().filter(|row| row.state == "succeeded").count() == 1).then_some(())
    })
    .await;
    assert_eq!(scene.recorder.requests().len(), 1, "nothing else was sent");

    scene.changes("resume", &[("held", "deliver")]).await;
    scene.cluster.all_in(&scene.webhook, 6, "succeeded").await;
    let arrived: BTreeSet<_> = scene
        .recorder
        .requests()
        .iter()
        .filter_map(|request| request.header("webhook-id").map(str::to_owned))
        .collect();
    assert_eq!((scene.recorder.requests().len(), arrived), (6, events), "each once");
    stop(scene.nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_is_used_by_the_other_node_within_a_second() {
    let scene = Scene::start(&[]).await;
    scene.publish(0).await;
    scene.recorder.wait_for(1).await;
    let url = scene.recorder.url("/new");
    scene.changes("edit", &[("name", "Hook"), ("url", &url), ("events", "INTAKE_CREATED")]).await;
    let took = scene.until_known("it is sent", |recorder| !recorder.requests_to("/new").is_empty()).await;
    assert!(took < SOON, "{took:?}");
    stop(scene.nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_signs_at_the_other_node_within_a_second() {
    const ADDED: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let scene = Scene::start(&[]).await;
    scene.publish(0).await;
    scene.recorder.wait_for(1).await;
    let house = &scene.cluster.house;
    house.add_secret(&scene.webhook, ADDED, None).await;
    let mut tx = house.db.begin().await.expect("a transaction");
    meta::raise_changes(&mut tx).await.expect("what every such change says");
    tx.commit().await.expect("a commit");
    let keys = [Key { name: "the new one".into(), secret: SigningSecret::parse(ADDED).expect("a secret").into() }];
    let holds = |recorder: &Recorder| {
        let latest = recorder.requests().pop().expect("a request");
        check(&keys, &latest.headers, &latest.body, SystemClock.now()).holds()
    };
    let took = scene.until_known("it is sent", holds).await;
    assert!(took < SOON, "{took:?}");
    stop(scene.nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_by_the_other_node_at_once() {
    let scene = Scene::start(&[]).await;
    let organization = scene.cluster.house.organization.to_string();
    let arguments = ["create-api-key", "--organization", &organization, "--name", "old", "--scopes", "publish"];
    let key = scene.cluster.home.admin(&arguments).await;
    let status = async || {
        let request = scene.client.post(format!("{}/api/v1/events", scene.nodes[1].base));
        let request = request.bearer_auth(text(&key, "key")).header("content-type", "application/json");
        request.body(SMALL).send().await.expect("an answer").status()
    };
    assert_eq!(status().await, 202);
    let revoked = scene.admin.posts(&format!("/settings/api-keys/{}/revoke", text(&key, "id")), &[]).await;
    assert_eq!(revoked.status(), 303);
    assert_eq!(status().await, 401);
    stop(scene.nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_members_keys_and_sessions_are_refused_by_the_other_node_at_once() {
    let scene = Scene::start(&[]).await;
    let organization = scene.cluster.house.organization.to_string();
    let email = "sam@example.com";
    let arguments = ["create-user", "--organization", &organization, "--email", email, "--role", "admin"];
    let sam = scene.cluster.home.admin(&arguments).await;
    let arguments = ["create-api-key", "--organization", &organization, "--name", "hers", "--scopes", "read"];
    let arguments = [&arguments[..], &["--user", email]].concat();
    let key = text(&scene.cluster.home.admin(&arguments).await, "key");
    let there = Visitor::at(&scene.nodes[1].base);
    let fields = [("email", email), ("password", &text(&sam, "password"))];
    assert_eq!(there.posts("/login", &fields).await.status(), 303);
    let calls = async || {
        let request = scene.client.get(format!("{}/api/v1/events", scene.nodes[1].base)).bearer_auth(&key);
        request.send().await.expect("an answer").status()
    };
    assert_eq!((calls().await, there.gets("/settings").await.status()), (StatusCode::OK, StatusCode::OK));
    let deactivated = scene.admin.posts(&format!("/settings/members/{}/deactivate", text(&sam, "id")), &[]).await;
    assert_eq!(deactivated.status(), 303);
    assert_eq!(calls().await, StatusCode::UNAUTHORIZED);
    assert_eq!(there.gets("/settings").await.status(), StatusCode::SEE_OTHER);
    stop(scene.nodes).await;
}
