//! Secrets are planted everywhere, all of the program is used, and then everything that it left behind is searched for them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

use super::House;
use super::echo::Echo;
use crate::support::app::{Visitor, client};

const AUTHORIZATION: &str = "Bearer eYJ0b2tlbg/+xk=2.planted-header&value";
const API_KEY: &str = "planted~api~key~7f3a9c";
const SIGNING: &str = "whsec_cGxhbnRlZC1zaWduaW5nLXNlY3JldC0xMjM0NQ==";
const QUERY: &str = "planted-query-token-55aa";
const SMTP: &str = "planted-smtp-password-91";

/// A secret in all the ways in which it may stand somewhere.
fn needles(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    all.push(url::form_urlencoded::byte_serialize(bytes).collect::<String>().into_bytes());
    all.push(
        bytes
            .iter()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(*b).to_string() } else { format!("%{b:02X}") })
            .collect::<String>()
            .into_bytes(),
    );
    for before in 0..3 {
        // The digits in the middle do not depend on what stands around the secret.
        let text = [vec![b'-'; before], bytes.to_vec()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
            all.push(encoded.as_bytes()[4..encoded.len() - 3].to_vec());
        }
    }
    all
}

/// What is looked for, by name.
struct Planted(Vec<(&'static str, Vec<Vec<u8>>)>);

impl Planted {
    fn add(&mut self, name: &'static str, secret: &str) {
        self.0.push((name, needles(secret)));
    }

    /// Fails if anything but what is `allowed` stands there.
    fn assert_absent(&self, place: &str, bytes: &[u8], allowed: &[&str]) {
        for (name, needles) in self.0.iter().filter(|(name, _)| !allowed.contains(name)) {
            for needle in needles {
                if let Some(at) = bytes.windows(needle.len()).position(|window| window == needle) {
                    let around = String::from_utf8_lossy(
                        &bytes[at.saturating_sub(120)..(at + needle.len() + 40).min(bytes.len())],
                    );
                    panic!("{place} shows the {name} as {}: …{around}…", String::from_utf8_lossy(needle));
                }
            }
        }
    }
}

async fn posted(base: &str, cookie: &str, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request =
        client().post(format!("{base}{path}")).header("cookie", cookie).header("sec-fetch-site", "same-origin");
    let answer = request.header("content-type", "application/x-www-form-urlencoded").body(fields).send().await;
    let answer = answer.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

async fn page(base: &str, cookie: &str, path: &str) -> String {
    let answer = client().get(format!("{base}{path}")).header("cookie", cookie).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_left_behind_shows_a_secret() {
    let smtp = format!("smtp://herald:{SMTP}@127.0.0.1:9");
    let house = House::new(&[
        ("HERALD_LOG", "trace"),
        ("HERALD_RETRY_SCHEDULE", "50ms,50ms"),
        ("HERALD_SMTP_URL", &smtp),
        ("HERALD_MAIL_FROM", "herald@halden.example"),
        ("HERALD_PUBLIC_URL", "http://127.0.0.1"),
    ])
    .await;
    let ada =
        ["create-user", "--organization", &house.organization, "--email", "ada@halden.example", "--role", "admin"];
    let password = house.home.admin(&ada).await["password"].as_str().expect("a password").to_owned();
    let (server, echo) = (house.home.serve().await, Echo::start().await);
    let base = server.base.clone();

    let fields = [("email", "ada@halden.example"), ("password", &password)];
    let request = client().post(format!("{base}/login")).header("sec-fetch-site", "same-origin");
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let signed_in = request.header("content-type", "application/x-www-form-urlencoded").body(fields).send().await;
    let signed_in = signed_in.expect("an answer");
    assert_eq!(signed_in.status(), 303);
    let cookie = signed_in.headers()["set-cookie"].to_str().expect("ASCII").split(';').next().unwrap().to_owned();

    let mut planted = Planted(Vec::new());
    planted.add("header value", AUTHORIZATION);
    planted.add("token in a header", AUTHORIZATION.strip_prefix("Bearer ").unwrap());
    planted.add("other header value", API_KEY);
    planted.add("signing secret", SIGNING);
    planted.add("key of the signing secret", SIGNING.trim_start_matches("whsec_").trim_end_matches('='));
    planted.add("query", QUERY);
    planted.add("SMTP password", SMTP);
    planted.add("API key", &house.key);
    planted.add("password", &password);
    planted.add("session", cookie.split_once('=').expect("a cookie has a value").1);

    let headers =
        json!([{ "name": "Authorization", "value": AUTHORIZATION }, { "name": "X-Api-Key", "value": API_KEY }]);
    let new = |path: &str| {
        json!({ "name": format!("Echo {path}"), "url": echo.url(&format!("{path}?key={QUERY}&n=1")), "headers": headers,
                "events": ["PROJECT_CREATED"], "signing_secret": SIGNING })
    };
    let mut ids = Vec::new();
    for path in ["200", "500", "302"] {
        let made = house.posts(&base, "/webhooks", new(path)).await;
        ids.push(made["id"].as_str().expect("an id").to_owned());
    }
    let mut refused = new("200");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it is bound");
    refused["url"] = json!(format!("http://{closed}/closed?key={QUERY}"));
    ids.push(house.posts(&base, "/webhooks", refused).await["id"].as_str().expect("an id").to_owned());

    for _ in 0..3 {
        house.publishes(&base).await;
    }
    house.awaits(&base, "/deliveries?state=succeeded", 3).await;
    house.awaits(&base, "/deliveries?state=failed", 9).await;

    // What the API answers.
    let mut answers: Vec<(String, String, &[&str])> = Vec::new();
    let one_with_url: &[&str] = &["query"];
    for id in &ids {
        let (_, text) = house.calls(&base, Method::POST, &format!("/webhooks/{id}/test"), Some(json!({}))).await;
        assert!(text.contains("***") || text.contains("refused"), "{text}");
        answers.push((format!("test of {id}"), text, &[]));
        answers.push((
            format!("webhook {id}"),
            house.reads(&base, &format!("/webhooks/{id}")).await.to_string(),
            one_with_url,
        ));
    }
    let unsaved =
        json!({ "url": echo.url(&format!("200?key={QUERY}")), "headers": headers, "signing_secret": SIGNING });
    answers.push(("unsaved test".into(), house.posts(&base, "/webhooks/test", unsaved).await.to_string(), &[]));
    answers.push(("webhooks".into(), house.reads(&base, "/webhooks").await.to_string(), one_with_url));
    let deliveries = house.reads(&base, "/deliveries?limit=250").await;
    let mut paths = Vec::new();
    for delivery in deliveries["data"].as_array().expect("a list") {
        let id = delivery["id"].as_str().expect("an id");
        let whole = house.reads(&base, &format!("/deliveries/{id}")).await;
        if whole["state"] == "succeeded" {
            let attempt = &whole["attempts"][0];
            assert!(attempt["response_body"].as_str().unwrap().contains("***"), "the echo was scrubbed: {attempt}");
            assert!(attempt["url"].as_str().unwrap().ends_with("/200?***"));
        }
        answers.push((format!("delivery {id}"), whole.to_string(), &[]));
        let webhook = delivery["webhook_id"].as_str().expect("an id");
        paths.push(format!("/settings/integrations/collaboration/webhooks/{webhook}/deliveries/{id}"));
    }
    answers.push(("deliveries".into(), deliveries.to_string(), &[]));
    let events = house.reads(&base, "/events").await;
    for event in events["data"].as_array().expect("a list") {
        let id = event["id"].as_str().expect("an id");
        answers.push((format!("event {id}"), house.reads(&base, &format!("/events/{id}")).await.to_string(), &[]));
        paths.push(format!("/events/{id}"));
    }
    let again = deliveries["data"][0]["id"].as_str().expect("an id");
    let (_, redelivered) = house.calls(&base, Method::POST, &format!("/deliveries/{again}/redeliver"), None).await;
    answers.push(("redelivery".into(), redelivered, &[]));
    let wrong: Value = json!({ "name": "", "url": format!("ftp://x/?key={QUERY}"), "headers": headers, "events": [], "signing_secret": "whsec_AAAA" });
    answers.push(("refusal".into(), house.calls(&base, Method::POST, "/webhooks", Some(wrong)).await.1, &[]));

    // Pages.
    const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";
    paths.extend(
        [
            WEBHOOKS,
            "/events",
            "/settings",
            "/settings/api-keys",
            "/settings/integrations/collaboration",
            "/profile",
            "/api/docs",
        ]
        .map(str::to_owned),
    );
    for id in &ids {
        for end in ["", "/delete", "/rotate-secret", "/deliveries.csv", "/deliveries.ndjson", "?view=table"] {
            paths.push(format!("{WEBHOOKS}/{id}{end}"));
        }
        for (path, id) in [("guide", id), ("guide/check", id)] {
            paths.push(format!("{WEBHOOKS}/{path}?webhook={id}"));
        }
    }
    for path in paths {
        answers.push((path.clone(), page(&base, &cookie, &path).await, &[]));
    }
    for id in &ids {
        let edit = format!("{WEBHOOKS}/{id}/edit");
        answers.push((edit.clone(), page(&base, &cookie, &edit).await, one_with_url));
        let url = echo.url(&format!("200?key={QUERY}&n=1"));
        let form = [
            ("name", "Echo"),
            ("url", &*url),
            ("events", "PROJECT_CREATED"),
            ("header_name", "Authorization"),
            ("header_value", ""),
            ("action", "test"),
        ];
        let (_, tested) = posted(&base, &cookie, &edit, &form).await;
        answers.push((format!("test at {edit}"), tested, one_with_url));
        let (status, _) = posted(&base, &cookie, &format!("{WEBHOOKS}/{id}/rotate-secret"), &[]).await;
        assert_eq!(status, 303);
    }
    let (_, wrong) =
        posted(&base, "", "/login", &[("email", "ada@halden.example"), ("password", "not the planted one")]).await;
    answers.push(("sign-in".into(), wrong, &[]));
    // A program with a key of its own, which nobody is told of.
    assert_eq!(Visitor::at(&base).gets("/projects").await.status(), 303);
    for (place, text, allowed) in &answers {
        planted.assert_absent(place, text.as_bytes(), allowed);
    }
    assert!(answers.len() > 60, "{}", answers.len());

    // What is shown where the contract shows it is there: the search finds it.
    let shown = house.reads(&base, &format!("/webhooks/{}/secret", ids[0])).await.to_string();
    assert!(shown.contains(SIGNING));

    // The disk, while it runs and afterwards.
    let on_disk = |when: &str| {
        for entry in std::fs::read_dir(house.folder.path()).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                planted.assert_absent(
                    &format!("{} {when}", path.display()),
                    &std::fs::read(&path).expect("the file"),
                    &[],
                );
            }
        }
    };
    on_disk("while the server runs");
    let backup = house.home.runs(&["backup", "copy.db"]).await;
    if backup.status.success() {
        on_disk("with its backup");
    }
    let log = server.log();
    assert!(log.len() > 1_000, "the log is a full one");
    planted.assert_absent("the log", log.as_bytes(), &[]);
    assert_eq!(server.terminate().await.code(), Some(0));
    on_disk("at the end");
}
