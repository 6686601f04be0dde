//! Where deliveries may go (contract section 6): hundreds of spellings, names that lie, and at every place where a destination is
//! typed or reached. Listeners stand where a mistake would lead, and count who comes.

mod lies;
mod registry;
mod table;
mod watch;

use std::sync::Arc;

use futures_util::StreamExt as _;
use herald::delivery::resolver::StaticResolver;
use scraper::{Html, Selector};
use serde_json::{Value, json};

use self::table::{ALLOWED, BLOCKED, MALFORMED};
use self::watch::Watch;
use super::LIST;
use crate::support::Engine;
use crate::support::app::{Setting, TestApp, Visitor};
use crate::support::programs::{Program, Told, told};
use crate::support::receivers::ClosedPort;

/// How many spellings are tried at a time.
const AT_ONCE: usize = 4;

const REFUSED: &str = "This address cannot receive webhooks.";

/// Nothing here touches storage in a way of its own.
fn is_for_this_engine() -> bool {
    Engine::chosen() == Engine::Sqlite
}

async fn spawn(allowed: &str) -> TestApp {
    let setting = Setting { resolver: Some(Arc::new(StaticResolver::default())), ..Setting::default() };
    setting.with("HERALD_ALLOWED_NETWORKS", allowed).with("HERALD_MAX_WEBHOOKS", "1000").spawn().await
}

fn webhook(url: &str) -> Value {
    json!({ "name": "CRM sync", "url": url, "events": ["PROJECT_CREATED"] })
}

async fn posts(program: &Program, path: &str, body: &Value) -> Told {
    told(program.post(path, body.to_string())).await
}

/// The form's answer: its status, what stands beside the URL, what the toasts say, and what the field holds.
async fn fills_in(visitor: &Visitor, url: &str, action: &str) -> (u16, String, String, String) {
    let fields = [("name", "CRM sync"), ("url", url), ("events", "PROJECT_CREATED"), ("action", action)];
    let answer = visitor.posts(&format!("{LIST}/new"), &fields).await;
    let status = answer.status().as_u16();
    let page = Html::parse_document(&answer.text().await.expect("a text"));
    let text = |selector: &str| {
        let selector = Selector::parse(selector).expect("a selector");
        let words: String = page.select(&selector).flat_map(|element| element.text()).collect();
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let field = Selector::parse("#url").expect("a selector");
    let value = page.select(&field).next().and_then(|field| field.attr("value")).unwrap_or_default().to_owned();
    (status, text("#url-error"), text("#toasts"), value)
}

/// Runs `check` for every URL and fails with all that it complains of.
async fn hold<F: Future<Output = Vec<String>>>(urls: impl IntoIterator<Item = String>, check: impl Fn(String) -> F) {
    let found: Vec<Vec<String>> = futures_util::stream::iter(urls).map(check).buffer_unordered(AT_ONCE).collect().await;
    let wrong = found.concat();
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn at_port(urls: &[&str], port: u16) -> Vec<String> {
    urls.iter().map(|url| url.replace("{port}", &port.to_string())).collect()
}

#[test]
fn the_tables_are_as_long_as_they_should_be() {
    assert!(BLOCKED.len() >= 250 && MALFORMED.len() >= 100 && ALLOWED.len() >= 40);
    for table in [BLOCKED, MALFORMED, ALLOWED] {
        let mut seen = std::collections::BTreeSet::new();
        assert!(table.iter().all(|url| seen.insert(url)), "one stands there twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_deliveries_may_not_reach_is_refused_wherever_it_is_typed() {
    if !is_for_this_engine() {
        return;
    }
    let (app, watch, closed) = (spawn("").await, Watch::start(200).await, ClosedPort::reserve());
    let (ada, program) = (app.admin().await, app.program("read,write").await);
    let saved = posts(&program, "/webhooks", &webhook("https://hooks.example/")).await.json();
    let saved = format!("/webhooks/{}", saved["id"].as_str().expect("an id"));
    let (listening, silent) = (watch.port().to_string(), closed.url().rsplit(':').next().unwrap().replace('/', ""));
    let ends =
        registry::IPV4.iter().chain(registry::IPV6).filter(|(_, reachable)| *reachable == registry::Reachable::False);
    let ends = ends.map(|(network, _)| *network).chain(registry::BESIDE.iter().copied()).flat_map(|network| {
        let (first, last) = registry::ends(network);
        [first, last].map(|address| match registry::is_v4(network) {
            true => format!("http://{}/", registry::v4(address)),
            false => format!("http://[{}]/", registry::v6(address)),
        })
    });
    let urls: Vec<String> = BLOCKED.iter().map(|url| (*url).to_owned()).chain(ends).collect();
    hold(urls, |typed| {
        let (ada, program, saved) = (&ada, &program, &saved);
        let (url, elsewhere) = (typed.replace("{port}", &listening), typed.replace("{port}", &silent));
        // The ends of the registries' ranges say nothing new of the form.
        let is_listed = BLOCKED.contains(&typed.as_str());
        async move {
            let mut wrong = Vec::new();
            let mut must = |holds: bool, what: String| {
                if !holds {
                    wrong.push(format!("{url:?}: {what}"));
                }
            };
            let added = posts(program, "/webhooks", &webhook(&url)).await;
            let is_refused =
                |told: &Told| told.status == 422 && told.fields() == ["url"] && told.text.contains(REFUSED);
            must(is_refused(&added), format!("added by the API: {}", added.text));
            let patch = program.request(reqwest::Method::PATCH, saved).header("content-type", "application/json");
            let changed = told(patch.body(json!({ "url": url }).to_string())).await;
            must(is_refused(&changed), format!("changed by the API: {}", changed.text));
            let tested = posts(program, "/webhooks/test", &json!({ "url": url })).await;
            let test = tested.json();
            let is_blocked = tested.status == 200
                && (&test["success"], &test["outcome"]) == (&json!(false), &json!("blocked_address"))
                && test["status_code"].is_null()
                && test["response"].is_null();
            must(is_blocked, format!("tested by the API: {}", tested.text));
            let words = test["error"].as_str().unwrap_or_default();
            must(words.starts_with(REFUSED) && words.contains("HERALD_ALLOWED_NETWORKS"), format!("told {words}"));
            if elsewhere != url {
                let other = posts(program, "/webhooks/test", &json!({ "url": elsewhere })).await.json();
                must(other["error"] == test["error"], format!("where nothing listens it says {}", other["error"]));
            }
            if !is_listed {
                return wrong;
            }
            let (status, error, _, value) = fills_in(ada, &url, "").await;
            must(status == 422 && error == words, format!("saved by the form: {status} {error}"));
            must(value == url, format!("the field holds {value:?}"));
            let (status, _, toast, value) = fills_in(ada, &url, "test").await;
            must(status == 200 && toast.contains(words), format!("tested by the form: {status} {toast}"));
            must(value == url, format!("the field holds {value:?} after a test"));
            wrong
        }
    })
    .await;
    assert_eq!(watch.seen(), [] as [std::net::IpAddr; 0], "nobody was dialled");
    watch.counts_whoever_comes().await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_url_is_refused_at_its_field_and_stays_there() {
    if !is_for_this_engine() {
        return;
    }
    let (app, watch) = (spawn("127.0.0.0/8,::1/128").await, Watch::start(200).await);
    let (ada, program) = (app.admin().await, app.program("read,write").await);
    hold(at_port(MALFORMED, watch.port()), |url| {
        let (ada, program) = (&ada, &program);
        async move {
            let mut wrong = Vec::new();
            for (path, body) in [("/webhooks", webhook(&url)), ("/webhooks/test", json!({ "url": url }))] {
                let told = posts(program, path, &body).await;
                if told.status != 422 || told.fields() != ["url"] {
                    wrong.push(format!("{url:?} at {path}: {} {}", told.status, told.text));
                }
            }
            for action in ["", "test"] {
                let (status, error, _, value) = fills_in(ada, &url, action).await;
                // A field of one line takes line breaks out of what is put into it; and NUL is no character of HTML.
                let is_odd = url.contains(['\r', '\n', '\0']);
                if status != 422 || error.is_empty() || (value != url && !is_odd) {
                    wrong.push(format!("{url:?} in the form ({action}): {status} {error:?} {value:?}"));
                }
            }
            wrong
        }
    })
    .await;
    assert_eq!(watch.seen(), [] as [std::net::IpAddr; 0], "nobody was dialled");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_addresses_and_names_are_taken() {
    if !is_for_this_engine() {
        return;
    }
    let app = spawn("").await;
    let (ada, program) = (app.admin().await, app.program("read,write").await);
    hold(ALLOWED.iter().map(|url| (*url).to_owned()), |url| {
        let (ada, program) = (&ada, &program);
        async move {
            let added = posts(program, "/webhooks", &webhook(&url)).await;
            let (status, error, ..) = fills_in(ada, &url, "").await;
            let is_taken = added.status == 201 && status == 303;
            (!is_taken).then(|| format!("{url}: {} and {status} {error}", added.text)).into_iter().collect()
        }
    })
    .await;
    app.stop().await;
}

/// What is in the database already, by an earlier setting or another way, is looked at again before each attempt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_all_the_same_is_not_dialled() {
    if !is_for_this_engine() {
        return;
    }
    let (app, watch) = (spawn("").await, Watch::start(200).await);
    let program = app.program("read,write,publish").await;
    let mut paths = Vec::new();
    for url in at_port(BLOCKED, watch.port()).iter().step_by(4) {
        let id = app.adds_webhook(url, &["PROJECT_EDITED"]).await;
        let tested = posts(&program, &format!("/webhooks/{id}/test"), &json!({})).await;
        assert_eq!(tested.json()["outcome"], "blocked_address", "{url}: {}", tested.text);
        paths.push((url.clone(), id));
    }
    let event = program.publishes(crate::publish::SMALL).await.json();
    let event = event["event_id"].as_str().expect("an id").trim_start_matches("EVT-").to_owned();
    for (url, id) in paths {
        let delivery = lies::attempted(&program, &format!("{id}-{event}"), 1).await;
        assert_eq!(delivery["attempts"][0]["outcome"], "blocked_address", "{url}: {delivery}");
        assert!(delivery["last_error"].as_str().expect("a text").starts_with(REFUSED), "{url}: {delivery}");
    }
    assert_eq!(watch.seen(), [] as [std::net::IpAddr; 0], "nobody was dialled");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_allowed_network_opens_its_own_addresses_and_no_others() {
    if !is_for_this_engine() {
        return;
    }
    let (app, watch) = (spawn("127.0.0.2/31,127.9.0.0/16,169.254.0.0/16,fd00:ec2::/64").await, Watch::start(204).await);
    let program = app.program("read,write").await;
    let open = ["127.0.0.2", "127.0.0.3", "127.9.0.0", "127.9.255.255", "0x7f.0.0.2", "127。0。0。3", "0177.9.1"];
    let shut = [
        "127.0.0.1",
        "127.0.0.4",
        "127.8.255.255",
        "127.10.0.0",
        "localhost",
        "a.localhost",
        "[::1]",
        "[::ffff:127.0.0.2]",
        "[::127.0.0.3]",
        "[64:ff9b::127.9.0.1]",
        "[2002:7f00:2::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "0.0.0.0",
    ];
    let outcome = async |host: &str| {
        let url = format!("http://{host}:{}/", watch.port());
        posts(&program, "/webhooks/test", &json!({ "url": url })).await.json()["outcome"].clone()
    };
    for host in shut {
        assert_eq!(outcome(host).await, "blocked_address", "{host}");
    }
    assert_eq!(watch.seen(), [] as [std::net::IpAddr; 0], "nobody was dialled");
    for host in open {
        assert_eq!(outcome(host).await, "success", "{host}");
    }
    assert_eq!(watch.seen().len(), open.len());
    app.stop().await;
}
