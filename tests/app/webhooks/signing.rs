//! Asymmetric signing by choice: in the form, by the API, in tests and in deliveries.

use herald::delivery::signing::{PublicKey, SignatureHeaders, SignatureProblem, SigningSecret, verify};
use serde_json::{Value, json};

use super::*;
use crate::support::app::spawn_app;
use crate::support::programs::{Program, Told, told};
use crate::support::recorder::{Received, Recorder};

/// Whether the message bears a signature by the private key that belongs to this public one.
fn verifies(received: &Received, key: &str) -> Result<(), SignatureProblem> {
    let headers = SignatureHeaders {
        id: received.header("webhook-id"),
        timestamp: received.header("webhook-timestamp"),
        signature: received.header("webhook-signature"),
    };
    let sent = headers.timestamp.expect("a time").parse().expect("seconds");
    verify(&key.parse::<PublicKey>().expect("a public key"), headers, &received.body, sent, 300)
}

/// The versions of its signatures, in their order.
fn versions(received: &Received) -> Vec<String> {
    let signatures = received.header("webhook-signature").expect("a signature");
    signatures.split(' ').map(|one| one.split(',').next().expect("a version").to_owned()).collect()
}

async fn calls(program: &Program, method: reqwest::Method, path: &str, body: Value) -> Told {
    told(program.request(method, path).header("content-type", "application/json").body(body.to_string())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_instance_is_tested_and_saved_with_the_same_key_pair() {
    let app = spawn_app().await;
    let (ada, receiver) = (app.admin().await, Recorder::start().await);
    let blank = open(&ada, NEW).await;
    assert_eq!(blank.values("[name=signing][checked]"), ["symmetric"]);
    let key = blank.value("#public_key");
    assert!(key.starts_with("whpk_") && blank.value("#signing_secret").starts_with("whsec_"));
    let mut typed = blank.form();
    for (name, value) in minimal(&receiver.url("/hook")) {
        typed = with(typed, &name, &value);
    }
    typed = with(typed, "signing", "asymmetric");

    let tested = page(post(&ada, NEW, &with(typed.clone(), "action", "test")).await, 200).await;
    assert_eq!(tested.text("#toasts .toast strong"), "Test webhook delivered");
    assert_eq!(
        (tested.values("[name=signing][checked]"), tested.value("#public_key")),
        (vec!["asymmetric".into()], key.clone())
    );
    let id = add(&ada, &typed).await;
    records_event(&app, EventType::ProjectCreated).await;
    for request in receiver.wait_for(2).await {
        assert_eq!((verifies(&request, &key), versions(&request)), (Ok(()), vec!["v1a".to_owned()]), "no v1 beside it");
    }
    let shown = open(&ada, &format!("{LIST}/{id}")).await;
    assert_eq!(shown.text("#public-key"), key);
    let edit = open(&ada, &format!("{LIST}/{id}/edit")).await;
    assert_eq!(
        (edit.value("#public_key"), edit.values("[name=signing][checked]")),
        (key.clone(), vec!["asymmetric".into()])
    );
    assert!(open(&ada, &format!("{LIST}/guide?webhook={id}")).await.text("#guide-public-key").contains(&key));
    let revealed = page(ada.posts(&format!("{LIST}/{id}/reveal"), &[]).await, 200).await;
    assert_eq!(revealed.value("#secret-1"), key, "the private key is shown to nobody");
    for place in [format!("{LIST}/{id}"), format!("{LIST}/{id}/edit"), format!("{LIST}/{id}/rotate-secret")] {
        assert!(!ada.reads(&place).await.contains("whsk_"), "{place}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_way_of_signing_keeps_the_old_one_for_a_day() {
    let app = spawn_app().await;
    let (ada, receiver) = (app.admin().await, Recorder::start().await);
    let id = add(&ada, &minimal(&receiver.url("/hook"))).await;
    let edit = format!("{LIST}/{id}/edit");
    let form = open(&ada, &edit).await;
    let key = form.value("#public_key");
    let typed = with(form.form(), "signing", "asymmetric");
    // Not saved yet: the test is signed as deliveries will be.
    page(post(&ada, &edit, &with(typed.clone(), "action", "test")).await, 200).await;
    assert_eq!(post(&ada, &edit, &typed).await.status(), 303);
    records_event(&app, EventType::ProjectCreated).await;
    for request in receiver.wait_for(2).await {
        assert_eq!((verifies(&request, &key), versions(&request)), (Ok(()), vec!["v1a".into(), "v1".into()]));
    }
    assert!(open(&ada, &format!("{LIST}/{id}")).await.text("#old-secrets").contains("The old key works until"));
    assert_eq!(post(&ada, &edit, &open(&ada, &edit).await.form()).await.status(), 303, "saving again changes nothing");
    let program = app.program("read,write").await;
    let secret = program.gets(&format!("/webhooks/{id}/secret")).await.json();
    assert_eq!((&secret["signing_secret"], &secret["public_key"]), (&Value::Null, &json!(key)));
    assert!(secret["previous"][0]["signing_secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(secret["previous"].as_array().unwrap().len(), 1);

    let wrong = page(post(&ada, &edit, &with(typed, "signing", "both")).await, 422).await;
    assert_eq!(wrong.text("#signing-error"), "Choose symmetric or asymmetric.");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_know_both_ways_and_a_key_pair_is_rotated_with_an_overlap() {
    let app = spawn_app().await;
    let (program, receiver) = (app.program("read,write").await, Recorder::start().await);
    let new =
        json!({ "name": "CRM sync", "url": receiver.url("/"), "events": ["PROJECT_CREATED"], "signing": "asymmetric" });
    let post = reqwest::Method::POST;
    let created = calls(&program, post.clone(), "/webhooks", new.clone()).await.json();
    assert_eq!((&created["signing"], &created["signing_secret"]), (&json!("asymmetric"), &Value::Null));
    let first = created["public_key"].as_str().expect("a public key").to_owned();
    let path = format!("/webhooks/{}", created["id"].as_str().unwrap());
    assert_eq!(program.gets(&path).await.json()["signing"], "asymmetric");

    let rotated = calls(&program, post.clone(), &format!("{path}/rotate-secret"), json!({})).await.json();
    let second = rotated["public_key"].as_str().expect("a public key").to_owned();
    assert!(second != first && rotated["previous"][0]["public_key"] == json!(first), "{rotated}");
    records_event(&app, EventType::ProjectCreated).await;
    let both = receiver.wait_for(1).await.remove(0);
    assert_eq!(versions(&both), ["v1a", "v1a"]);
    assert_eq!((verifies(&both, &first), verifies(&both, &second)), (Ok(()), Ok(())));

    // A private key that somebody brings along.
    let mine = SigningSecret::parse(&format!("whsk_{}=", "A".repeat(43))).unwrap();
    let brought = json!({ "signing_secret": mine.expose() });
    let test = json!({ "url": receiver.url("/"), "signing_secret": mine.expose() });
    assert_eq!(calls(&program, post.clone(), "/webhooks/test", test).await.json()["success"], true);
    let tested = receiver.wait_for(2).await.remove(1);
    assert_eq!(verifies(&tested, &mine.public_key().unwrap().to_string()), Ok(()));
    let mut with_key = json!({ "name": "Mine", "url": receiver.url("/"), "events": ["PROJECT_CREATED"] });
    with_key["signing_secret"] = brought["signing_secret"].clone();
    let mine_made = calls(&program, post.clone(), "/webhooks", with_key).await.json();
    assert_eq!(mine_made["public_key"], mine.public_key().unwrap().to_string());

    let back = calls(&program, reqwest::Method::PATCH, &path, json!({ "signing": "symmetric" })).await.json();
    assert_eq!(back["signing"], "symmetric");
    let secret = program.gets(&format!("{path}/secret")).await.json();
    assert!(secret["signing_secret"].as_str().unwrap().starts_with("whsec_") && secret["public_key"].is_null());
    assert_eq!(secret["previous"].as_array().unwrap().len(), 2);

    for (changes, field) in [
        (json!({ "signing": "both" }), "signing"),
        (json!({ "signing": 7 }), "signing"),
        (
            json!({ "signing": "asymmetric", "signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }),
            "signing_secret",
        ),
        (json!({ "signing": "symmetric", "signing_secret": mine.expose() }), "signing_secret"),
        (json!({ "signing_secret": "whsk_YWJj" }), "signing_secret"),
    ] {
        let mut body = json!({ "name": "CRM sync", "url": receiver.url("/"), "events": ["PROJECT_CREATED"] });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = calls(&program, post.clone(), "/webhooks", body).await;
        assert_eq!((refused.status, refused.fields()), (422, vec![field.to_owned()]), "{changes}");
    }
    let nothing = calls(&program, reqwest::Method::PATCH, &path, json!({ "signing": null })).await;
    assert_eq!((nothing.status, nothing.fields()), (422, vec!["signing".to_owned()]));
    app.stop().await;
}
