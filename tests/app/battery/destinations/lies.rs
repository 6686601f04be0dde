//! Names that lie: honest when the webhook is saved, and something else at each later look-up. Beside a listener that stands for all
//! the addresses of this machine, of which 127.0.0.1 alone is allowed and plays the public one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use herald::base::{Clock as _, ManualClock, SystemClock};
use herald::delivery::resolver::{DnsError, Resolver};
use serde_json::{Value, json};

use super::watch::Watch;
use super::{REFUSED, fills_in, is_for_this_engine, posts, webhook};
use crate::publish::SMALL;
use crate::support::app::{Setting, TestApp, eventually};
use crate::support::programs::Program;

const HERE: &str = "127.0.0.1";

/// What a name server says, and which of the addresses is refused for it.
const LIES: &[(&str, &[&str], &str)] = &[
    ("private", &["10.0.0.1"], "10.0.0.1"),
    ("another-loopback", &["127.0.0.2"], "127.0.0.2"),
    ("private-last", &[HERE, "127.0.0.2"], "127.0.0.2"),
    ("private-first", &["127.0.0.2", HERE], "127.0.0.2"),
    ("private-between", &[HERE, "93.184.215.14", "192.168.1.1", HERE], "192.168.1.1"),
    // What a chain of aliases that ends at localhost comes to.
    ("alias-of-localhost", &["::1", "127.0.0.2"], "::1"),
    ("mapped", &["::ffff:127.0.0.1"], "::ffff:127.0.0.1"),
    ("mapped-beside-public", &[HERE, "::ffff:127.0.0.3"], "::ffff:127.0.0.3"),
    ("mapped-public", &["::ffff:93.184.215.14"], "::ffff:93.184.215.14"),
    ("compatible", &["::127.0.0.1"], "::7f00:1"),
    ("nat64", &["64:ff9b::127.0.0.1"], "64:ff9b::7f00:1"),
    ("6to4", &["2002:7f00:1::"], "2002:7f00:1::"),
    ("teredo", &["2001:0:7f00:1::"], "2001:0:7f00:1::"),
    ("isatap", &["2a00:1450::5efe:127.0.0.1"], "2a00:1450::5efe:7f00:1"),
    ("metadata", &["169.254.169.254"], "169.254.169.254"),
    ("metadata-v6", &["2a00:1450::1", "fd00:ec2::254"], "fd00:ec2::254"),
    ("azure", &["168.63.129.16"], "168.63.129.16"),
    ("unspecified", &["0.0.0.0"], "0.0.0.0"),
    ("unspecified-v6", &["::"], "::"),
    ("broadcast", &["255.255.255.255"], "255.255.255.255"),
    ("multicast", &["ff02::1"], "ff02::1"),
    ("link-local", &["fe80::1"], "fe80::1"),
];

#[derive(Clone)]
enum Word {
    Says(Vec<IpAddr>),
    Fails(DnsError),
    Silence,
}

/// Name servers that say what they are told to, and count how often they are asked.
#[derive(Clone, Default)]
struct Liar(Arc<Mutex<HashMap<String, (Word, usize)>>>);

impl Liar {
    fn says(&self, name: &str, addresses: &[&str]) {
        self.set(name, Word::Says(addresses.iter().map(|address| address.parse().expect("an address")).collect()));
    }

    fn set(&self, name: &str, word: Word) {
        self.0.lock().expect("no holder panics").entry(name.to_owned()).or_insert((Word::Silence, 0)).0 = word;
    }

    fn asked(&self, name: &str) -> usize {
        self.0.lock().expect("no holder panics").get(name).map_or(0, |(_, count)| *count)
    }
}

impl Resolver for Liar {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>> {
        let mut names = self.0.lock().expect("no holder panics");
        let Some((word, count)) = names.get_mut(name) else { return Box::pin(async { Err(DnsError::NotFound) }) };
        *count += 1;
        match word.clone() {
            Word::Says(addresses) => Box::pin(async move { Ok(addresses) }),
            Word::Fails(error) => Box::pin(async move { Err(error) }),
            Word::Silence => Box::pin(std::future::pending()),
        }
    }
}

struct Scene {
    app: TestApp,
    watch: Watch,
    liar: Liar,
    clock: Arc<ManualClock>,
    program: Program,
}

impl Scene {
    async fn set() -> Scene {
        let (watch, liar) = (Watch::start(500).await, Liar::default());
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let setting =
            Setting { resolver: Some(Arc::new(liar.clone())), clock: Some(clock.clone()), ..Setting::default() };
        let setting = setting.with("HERALD_ALLOWED_NETWORKS", "127.0.0.1/32").with("HERALD_RETRY_SCHEDULE", "1h");
        let app = setting.with("HERALD_CONNECT_TIMEOUT", "1s").spawn().await;
        let program = app.program("read,write,publish").await;
        Scene { app, watch, liar, clock, program }
    }

    fn url(&self, name: &str) -> String {
        format!("http://{name}:{}/", self.watch.port())
    }

    /// Saves a webhook to this name, and gives its id.
    async fn saves(&self, name: &str) -> String {
        let mut body = webhook(&self.url(name));
        body["events"] = json!(["PROJECT_EDITED"]);
        let added = posts(&self.program, "/webhooks", &body).await;
        assert_eq!(added.status, 201, "{name}: {}", added.text);
        added.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Publishes one event to all of them, and gives what stands behind the dash in their deliveries' ids.
    async fn publishes(&self) -> String {
        let event = self.program.publishes(SMALL).await.json();
        event["event_id"].as_str().expect("an id").trim_start_matches("EVT-").to_owned()
    }

    /// What one test of these values comes to.
    async fn tests(&self, name: &str) -> Value {
        posts(&self.program, "/webhooks/test", &json!({ "url": self.url(name) })).await.json()
    }
}

/// A delivery once it has so many attempts.
pub async fn attempted(program: &Program, id: &str, attempts: usize) -> Value {
    eventually(&format!("{id} has {attempts} attempts"), &mut || async {
        let delivery = program.gets(&format!("/deliveries/{id}")).await.json();
        (delivery["attempts"].as_array().map(Vec::len) == Some(attempts)).then_some(delivery)
    })
    .await
}

fn last<'a>(delivery: &'a Value, key: &str) -> &'a Value {
    &delivery["attempts"].as_array().and_then(|attempts| attempts.last()).expect("an attempt")[key]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_was_public_once_is_looked_at_again_before_every_attempt() {
    if !is_for_this_engine() {
        return;
    }
    let scene = Scene::set().await;
    let name = |lie: &str| format!("{lie}.example");
    let mut webhooks = Vec::new();
    for (lie, _, refused) in LIES {
        scene.liar.says(&name(lie), &[HERE]);
        webhooks.push((*lie, *refused, scene.saves(&name(lie)).await));
    }
    let first = scene.publishes().await;
    for (lie, _, id) in &webhooks {
        let delivery = attempted(&scene.program, &format!("{id}-{first}"), 1).await;
        assert_eq!(delivery["last_status_code"], 500, "{lie} is honest at first: {delivery}");
    }
    assert_eq!(scene.watch.seen().len(), LIES.len());

    LIES.iter().for_each(|(lie, addresses, _)| scene.liar.says(&name(lie), addresses));
    scene.clock.advance(Duration::from_secs(2 * 3600));
    let second = scene.publishes().await;
    for (lie, refused, id) in &webhooks {
        let (retried, fresh) = (format!("{id}-{first}"), format!("{id}-{second}"));
        let check = |delivery: &Value, trigger: &str| {
            let error = last(delivery, "error").as_str().unwrap_or_default();
            let says = error.starts_with(REFUSED) && error.contains(&format!("{lie}.example leads to {refused}."));
            assert!(says, "{lie} ({trigger}): {delivery}");
            assert_eq!(last(delivery, "outcome"), "blocked_address", "{lie} ({trigger})");
            assert_eq!(last(delivery, "trigger"), trigger, "{lie}");
        };
        check(&attempted(&scene.program, &fresh, 1).await, "schedule");
        check(&attempted(&scene.program, &retried, 2).await, "schedule");
        let redelivered = posts(&scene.program, &format!("/deliveries/{retried}/redeliver"), &json!({})).await;
        assert_eq!(redelivered.status, 202, "{lie}: {}", redelivered.text);
        check(&attempted(&scene.program, &retried, 3).await, "redeliver");
        // A replay takes what came to its end before it.
        scene.clock.advance(Duration::from_secs(1));
        let replay =
            posts(&scene.program, &format!("/webhooks/{id}/replay"), &json!({ "since": "2020-01-01T00:00:00Z" })).await;
        assert_eq!((replay.status, &replay.json()["total"]), (202, &json!(1)), "{lie}: {}", replay.text);
        check(&attempted(&scene.program, &retried, 4).await, "replay");

        let saved = posts(&scene.program, &format!("/webhooks/{id}/test"), &json!({})).await.json();
        for test in [saved, scene.tests(&name(lie)).await] {
            assert_eq!(test["outcome"], "blocked_address", "{lie}: {test}");
        }
        let again = posts(&scene.program, "/webhooks", &webhook(&scene.url(&name(lie)))).await;
        assert_eq!((again.status, again.fields()), (422, vec!["url".to_owned()]), "{lie}: {}", again.text);
    }
    let ada = scene.app.admin().await;
    for (lie, ..) in &webhooks {
        let url = scene.url(&name(lie));
        let (status, error, ..) = fills_in(&ada, &url, "").await;
        assert!(status == 422 && error.starts_with(REFUSED), "{lie} in the form: {status} {error}");
        let (status, _, toast, _) = fills_in(&ada, &url, "test").await;
        assert!(status == 200 && toast.contains(REFUSED), "{lie} tested by the form: {status} {toast}");
    }
    assert_eq!(scene.watch.seen().len(), LIES.len(), "nobody was dialled while the names lied");

    // And it was the names alone that kept them from arriving.
    scene.watch.answers(200);
    LIES.iter().for_each(|(lie, ..)| scene.liar.says(&name(lie), &[HERE]));
    let third = scene.publishes().await;
    for (lie, _, id) in &webhooks {
        let delivery = attempted(&scene.program, &format!("{id}-{third}"), 1).await;
        assert_eq!(delivery["state"], "succeeded", "{lie}: {delivery}");
    }
    assert!(scene.watch.seen().iter().all(|address| address.to_string() == HERE), "{:?}", scene.watch.seen());
    scene.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_thousands_of_addresses_one_is_enough_to_refuse_them() {
    if !is_for_this_engine() {
        return;
    }
    let scene = Scene::set().await;
    let mut many: Vec<String> = (0..20_000).map(|n| format!("93.{}.{}.1", 100 + n / 200, n % 200)).collect();
    many.insert(0, HERE.into());
    many.push("127.0.0.2".into());
    let addresses: Vec<&str> = many.iter().map(String::as_str).collect();
    scene.liar.says("huge.example", &addresses);
    let test = scene.tests("huge.example").await;
    assert_eq!(test["outcome"], "blocked_address", "{test}");
    scene.liar.says("huge.example", &addresses[..addresses.len() - 1]);
    scene.watch.answers(200);
    assert_eq!(scene.tests("huge.example").await["outcome"], "success", "the first of them answers");
    assert_eq!(scene.watch.seen().len(), 1);
    scene.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_without_an_answer_are_saved_and_never_dialled() {
    if !is_for_this_engine() {
        return;
    }
    let scene = Scene::set().await;
    for (name, word, outcome) in [
        ("empty.example", Word::Says(Vec::new()), "dns_not_found"),
        ("nobody.example", Word::Fails(DnsError::NotFound), "dns_not_found"),
        ("failing.example", Word::Fails(DnsError::Failed), "dns_failed"),
        ("silent.example", Word::Silence, "dns_timeout"),
    ] {
        scene.liar.set(name, word);
        let id = scene.saves(name).await;
        let event = scene.publishes().await;
        let delivery = attempted(&scene.program, &format!("{id}-{event}"), 1).await;
        assert_eq!(last(&delivery, "outcome"), outcome, "{name}: {delivery}");
        assert_eq!(scene.tests(name).await["outcome"], outcome, "{name}");
    }
    assert!(scene.watch.seen().is_empty());
    scene.app.stop().await;
}

/// A connection that is kept leads where it led when it was checked; a new one is looked up anew. Neither lends itself to another
/// spelling of the same place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_connection_dodges_nothing() {
    if !is_for_this_engine() {
        return;
    }
    let scene = Scene::set().await;
    scene.watch.answers(200);
    scene.watch.keeps_connections();
    scene.liar.says("kept.example", &[HERE]);
    let id = scene.saves("kept.example").await;
    let event = scene.publishes().await;
    assert_eq!(attempted(&scene.program, &format!("{id}-{event}"), 1).await["state"], "succeeded");
    let asked = scene.liar.asked("kept.example");

    scene.liar.says("kept.example", &["127.0.0.2"]);
    scene.liar.says("other.example", &["127.0.0.2"]);
    let other = scene.app.adds_webhook(&scene.url("other.example"), &["PROJECT_EDITED"]).await;
    let local = scene.app.adds_webhook(&scene.url("localhost"), &["PROJECT_EDITED"]).await;
    let mapped = scene.app.adds_webhook(&scene.url("[::ffff:127.0.0.1]"), &["PROJECT_EDITED"]).await;
    let event = scene.publishes().await;
    for id in [other, local, mapped] {
        let delivery = attempted(&scene.program, &format!("{id}-{event}"), 1).await;
        assert_eq!(last(&delivery, "outcome"), "blocked_address", "{delivery}");
    }
    let delivery = attempted(&scene.program, &format!("{id}-{event}"), 1).await;
    // Where the machine is so slow that the connection was given up meanwhile, the name was asked again.
    let is_kept = scene.liar.asked("kept.example") == asked;
    assert_eq!(last(&delivery, "outcome") == "success", is_kept, "{delivery}");
    assert_eq!(scene.watch.seen().len(), 1, "nobody was dialled since");

    scene.watch.closes_connections();
    let event = scene.publishes().await;
    let delivery = attempted(&scene.program, &format!("{id}-{event}"), 1).await;
    assert_eq!(last(&delivery, "outcome"), "blocked_address", "{delivery}");
    assert!(scene.watch.seen().iter().all(|address| address.to_string() == HERE), "{:?}", scene.watch.seen());
    scene.app.stop().await;
}
