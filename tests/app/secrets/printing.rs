//! What holds a secret does not print it.

use std::sync::Arc;

use bytes::Bytes;
use herald::base::{Secret, SystemRng, Timestamp, Vault};
use herald::config::{Config, SettingsArgs};
use herald::delivery::endpoint::Endpoint;
use herald::delivery::scrub::Scrubber;
use herald::delivery::sender::Request;
use herald::delivery::signing::{Signing, SigningSecret, Verifier};
use herald::mail::Mail;
use herald::webhooks::form::WebhookForm;
use herald::webhooks::model::{Draft, DraftHeader, DraftSigning, Prepared, TestDraft};

const VALUE: &str = "Bearer not-to-be-printed";
const QUERY: &str = "not-to-be-printed-either";

#[test]
fn nothing_that_holds_a_secret_prints_it() {
    let secret = SigningSecret::generate(&SystemRng);
    let pair = SigningSecret::generate_for(Signing::Asymmetric, &SystemRng);
    let header = DraftHeader { row: 1, name: "Authorization".into(), value: Some(Secret::new(VALUE)) };
    let signing = DraftSigning { secret: Some(Secret::new(secret.expose())), ..DraftSigning::default() };
    let url = format!("https://hooks.example.com/x?key={QUERY}");
    let draft = Draft {
        name: "CRM sync".into(),
        url: url.clone(),
        headers: vec![header.clone()],
        events: vec!["PROJECT_CREATED".into()],
        signing: signing.clone(),
        ..Draft::default()
    };
    let new = draft.parse().expect("a good webhook");
    let test =
        TestDraft { url: url.clone(), headers: vec![header.clone()], signing: signing.clone(), event_type: None };
    let target = test.parse(&herald::webhooks::model::Stored::NOTHING).expect("a good test");
    let form = WebhookForm {
        header_name: vec!["Authorization".into()],
        header_value: vec![Secret::new(VALUE)],
        signing_secret: Some(Secret::new(secret.expose())),
        ..WebhookForm::default()
    };
    let endpoint = Endpoint::parse(&url).expect("a URL");
    let headers = [("authorization".to_owned(), Secret::new(VALUE))];
    let secrets = [secret.clone(), pair.clone()];
    let body = Bytes::from_static(b"{}");
    let now = Timestamp::from_seconds(1_800_000_000);
    let request = Request { endpoint: &endpoint, id: "EVT", body: &body, secrets: &secrets, headers: &headers, now };
    let vault = Vault::new(&[0x5e; 32], Arc::new(SystemRng));
    let printed = [
        format!("{:?} {:?}", Secret::new(VALUE), headers),
        format!("{secrets:?} {:?} {:?}", Verifier::from(secret.clone()), Prepared::PairOf(secret.clone())),
        format!("{header:?} {signing:?} {new:?} {target:?} {form:?}"),
        format!("{endpoint:?} {endpoint} {request:?}"),
        format!("{vault:?} {:?}", Scrubber::new(&headers, &secrets, &endpoint)),
    ];
    for text in printed {
        assert!(text.contains("***") || text.starts_with("Vault("), "{text}");
        for hidden in [VALUE, "not-to-be-printed", QUERY, &secret.expose()[6..], &pair.expose()[5..], "XlxeXl5e"] {
            assert!(!text.contains(hidden), "{text}");
        }
    }
}

#[test]
fn settings_and_mails_print_neither_passwords_nor_links() {
    let url = format!("postgres://herald:{QUERY}@db.example.com/herald");
    let set = |name: &str| (name.to_owned(), url.clone());
    let arguments = SettingsArgs { given: [set("database_url")].into(), ..SettingsArgs::default() };
    let environment = [("HERALD_SECRET_KEY_FILE".into(), "/etc/herald.key".into())].into_iter();
    let config = Config::read(&arguments, environment).expect("good settings");
    assert_eq!(config.database_url.expose(), url);
    let text = format!("https://herald.example.com/reset-password?code={QUERY}");
    let mail = Mail { to: "ada@halden.example".into(), subject: "x".into(), html: text.clone(), text };
    for text in [format!("{config:?}"), format!("{arguments:?}"), format!("{mail:?}")] {
        assert!(!text.contains(QUERY), "{text}");
    }
}
