//! The built-in receiver: what it takes for its own, and what it says of signatures.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use herald::base::{Clock as _, ManualClock, SystemRng, Timestamp};
use herald::delivery::sender::{LocalReceiver as _, LocalRequest};
use herald::delivery::signing::{SigningSecret, sign};
use herald::receiver::{Address, Callback, Key, Keys, Receiver, Verdict};

const ORIGIN: &str = "http://localhost:8080";
const BODY: &str = r#"{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8","EVENT_TYPE":"PROJECT_CREATED"}"#;
const ID: &str = "EVT-60adfdb750b58a0c2d78bdd8";

struct Fixed(Vec<Key>);

impl Keys for Fixed {
    fn keys(&self) -> BoxFuture<'_, Vec<Key>> {
        Box::pin(async { self.0.clone() })
    }
}

struct Scene {
    clock: Arc<ManualClock>,
    secret: SigningSecret,
    receiver: Receiver,
}

impl Scene {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let secret = SigningSecret::generate(&SystemRng);
        let receiver = Receiver::new(clock.clone());
        let key = Key { name: "CRM sync".into(), secret: secret.clone().into() };
        receiver.open(vec![ORIGIN.into(), "https://herald.example".into()], Arc::new(Fixed(vec![key])));
        Self { clock, secret, receiver }
    }

    /// A callback signed with `secret`, as it would be sent now.
    fn request(&self, address: Address, id: &str, secret: &SigningSecret) -> LocalRequest {
        let now = self.clock.now().seconds();
        let signature = sign(std::slice::from_ref(secret), id, now, BODY.as_bytes());
        let headers =
            [("webhook-id", id.to_owned()), ("webhook-timestamp", now.to_string()), ("webhook-signature", signature)];
        LocalRequest {
            url: format!("{ORIGIN}{}", address.path()).parse().unwrap(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body: BODY.into(),
        }
    }

    async fn gives(&self, request: LocalRequest) -> (u16, Callback) {
        let status = self.receiver.handle(request).await.status;
        (status, self.receiver.newest(1).remove(0))
    }
}

#[tokio::test]
async fn a_good_callback_holds_and_every_bad_one_says_why() {
    let scene = Scene::new();
    let good = || scene.request(Address::Inbox, ID, &scene.secret);
    let (status, callback) = scene.gives(good()).await;
    assert_eq!((status, callback.verdict.clone()), (200, Verdict::Holds { key: "CRM sync".into() }));
    assert_eq!((callback.id(), callback.event_type().as_deref()), (Some(ID), Some("PROJECT_CREATED")));

    let other = SigningSecret::generate(&SystemRng);
    let changed = LocalRequest { body: BODY.replace("CREATED", "DELETED").into(), ..good() };
    let old = good();
    let mut unsigned = good();
    unsigned.headers.pop();
    let early = good();
    for (request, wait, words) in [
        (scene.request(Address::Inbox, ID, &other), 0, "another secret"),
        (changed, 0, "not the exact bytes"),
        (unsigned, 0, "webhook-signature is missing"),
        (early, 299, ""),
        (old, 2, "301 s old"),
    ] {
        scene.clock.advance(Duration::from_secs(wait));
        let (status, callback) = scene.gives(request).await;
        assert_eq!(status, 200, "the receiver takes it all the same");
        assert_eq!(callback.verdict.holds(), words.is_empty());
        let problem = callback.verdict.problem().unwrap_or_default();
        assert!(problem.contains(words), "{problem}");
    }
}

#[tokio::test]
async fn a_secret_that_is_added_fits_what_came_before_it_too() {
    let scene = Scene::new();
    let secret = SigningSecret::generate(&SystemRng);
    let (_, callback) = scene.gives(scene.request(Address::Inbox, ID, &secret)).await;
    assert!(!callback.verdict.holds());
    scene.clock.advance(Duration::from_secs(3600));
    scene.receiver.add_secret(secret.clone().into());
    assert!(scene.receiver.newest(1)[0].verdict.holds(), "as of the time when it arrived");
    assert!(scene.gives(scene.request(Address::Inbox, ID, &secret)).await.1.verdict.holds());
}

#[tokio::test]
async fn duplicates_are_counted_by_webhook_id_and_address() {
    let scene = Scene::new();
    let arrives = async |address, id| {
        let (status, callback) = scene.gives(scene.request(address, id, &scene.secret)).await;
        (callback.times, status)
    };
    assert_eq!(arrives(Address::Inbox, "EVT-1").await, (1, 200));
    assert_eq!(arrives(Address::Inbox, "EVT-2").await, (1, 200));
    assert_eq!(arrives(Address::Inbox, "EVT-1").await, (2, 200));
    for answer in [(1, 500), (2, 500), (3, 503), (4, 503)] {
        assert_eq!(arrives(Address::Failing, "EVT-1").await, answer);
    }
}

#[test]
fn only_its_own_paths_at_its_own_origins_are_recognized() {
    let scene = Scene::new();
    let recognizes = |receiver: &Receiver, url: &str| receiver.recognizes(&url.parse().unwrap());
    for (url, is_own) in [
        ("http://localhost:8080/receiver/inbox", true),
        ("http://LOCALHOST:8080/x/../receiver/failing?a=b", true),
        ("https://herald.example:443/receiver/inbox", true),
        ("https://localhost:8080/receiver/inbox", false),
        ("http://localhost:8081/receiver/inbox", false),
        ("http://localhost/receiver/inbox", false),
        ("http://localhost:8080/receiver", false),
        ("http://localhost:8080/receiver/", false),
        ("http://localhost:8080/receiver/inbox/", false),
        ("http://localhost:8080/receiver/Inbox", false),
        ("http://localhost:8080/receiver/other", false),
        ("http://localhost:8080/", false),
        ("http://localhost.example:8080/receiver/inbox", false),
        ("http://herald.example/receiver/inbox", false),
    ] {
        assert_eq!(recognizes(&scene.receiver, url), is_own, "{url}");
    }
    let closed = Receiver::new(scene.clock.clone());
    assert!(!recognizes(&closed, "http://localhost:8080/receiver/inbox"), "it is not open yet");
}
