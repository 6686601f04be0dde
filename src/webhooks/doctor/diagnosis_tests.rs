//! Callbacks that went wrong in every way that we know, and what the doctor says.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::body::Change;
use super::diagnosis::{
    Age, Cause, Diagnosis, ID, Known, OtherSecret, Pasted, Request, SIGNATURE, Sent, TIMESTAMP, diagnose,
};
use super::headers::Headers;
use super::search::{Content, KeyForm};
use super::secret::{Key, Owner, Writing};
use super::signature::Fault;
use crate::base::{Timestamp, WebhookId};
use crate::delivery::signing::{InvalidSigningSecret, PREFIX, Signing, SigningSecret, Verifier, sign};

const EVENT: &str = "EVT-60adfdb750b58a0c2d78bdd8";
const SENT: i64 = 1_622_015_415;
const BODY: &str = r#"{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8","EVENT_TYPE":"INTAKE_CREATED","ENTITY_ID":["5dd51d823f3dad73ab0a3402"],"ENTITY_TYPE":"INTAKE","PERFORMED_BY":"zoë@example.com","PERFORMED_AT":"2021-05-26T07:50:15"}"#;
const CRM: &str = "60adfdb750b58a0c2d78bd01";
const BILLING: &str = "60adfdb750b58a0c2d78bd02";

fn key(webhook: &str, name: &str, byte: u8) -> Arc<Key> {
    let owner = Owner::Webhook { id: webhook.parse().unwrap(), name: name.into() };
    Arc::new(Key { owner, secret: SigningSecret::of_bytes(&[byte; 32]).into(), ends_at: None })
}

fn crm() -> Arc<Key> {
    key(CRM, "CRM sync", 1)
}

fn billing() -> Arc<Key> {
    key(BILLING, "Billing", 2)
}

fn nobodys() -> Arc<Key> {
    Arc::new(Key { owner: Owner::Nobody, secret: SigningSecret::of_bytes(&[9; 32]).into(), ends_at: None })
}

fn secret_of(key: &Key) -> &SigningSecret {
    match &key.secret {
        Verifier::Secret(secret) => secret,
        Verifier::PublicKey(_) => panic!("a public key"),
    }
}

fn header(key: &Key) -> String {
    sign(std::slice::from_ref(secret_of(key)), EVENT, SENT, BODY.as_bytes())
}

/// A callback of the CRM's webhook as it was sent; tests change what went wrong.
struct Patient {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
    secret: String,
    computed: String,
    keys: Vec<Arc<Key>>,
    webhook: Option<&'static str>,
    is_in_log: bool,
    sent_signature: String,
    at: i64,
}

fn healthy() -> Patient {
    Patient {
        id: EVENT.into(),
        timestamp: SENT.to_string(),
        signature: header(&crm()),
        body: BODY.into(),
        secret: String::new(),
        computed: String::new(),
        keys: vec![billing(), crm()],
        webhook: Some(CRM),
        is_in_log: true,
        sent_signature: header(&crm()),
        at: SENT + 2,
    }
}

impl Patient {
    fn diagnosis(&self) -> Diagnosis {
        let lines = [(ID, &self.id), (TIMESTAMP, &self.timestamp), (SIGNATURE, &self.signature)];
        let lines: String = lines.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let headers = Headers::parse(&lines).unwrap();
        let request = Request { timestamp: SENT.to_string(), signature: self.sent_signature.clone() };
        let sent = Sent { id: EVENT.into(), body: BODY.into(), requests: vec![request] };
        let known = Known {
            keys: self.keys.clone(),
            webhook: self.webhook.map(|id| id.parse::<WebhookId>().unwrap()),
            sent: self.is_in_log.then_some(sent),
            at: Timestamp::from_seconds(self.at),
        };
        let pasted = Pasted { headers: &headers, body: &self.body, computed: &self.computed, secret: &self.secret };
        diagnose(pasted, &known)
    }

    fn causes(&self) -> Vec<Cause> {
        match self.diagnosis() {
            Diagnosis::Causes(causes) => causes,
            Diagnosis::Verifies(key) => panic!("it verifies with {key:?}"),
        }
    }

    /// What became of the body, if that is the one cause.
    fn changes(&self) -> Vec<Change> {
        match self.causes().as_slice() {
            [Cause::Body { changes, .. }] => changes.clone(),
            other => panic!("{other:?}"),
        }
    }
}

fn other(signed_with: Option<Arc<Key>>, entered: Option<Arc<Key>>) -> Vec<Cause> {
    vec![Cause::OtherSecret(OtherSecret { signed_with, is_forgotten: false, entered })]
}

/// HMAC in base64, as a program computes it.
fn computed(key: &[u8], parts: &[&str]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| part.as_bytes()).collect();
    BASE64.encode(SigningSecret::of_bytes(key).digest(&parts).unwrap())
}

#[test]
fn what_is_as_it_was_sent_verifies() {
    assert_eq!(healthy().diagnosis(), Diagnosis::Verifies(crm()));
    assert_eq!(Patient { webhook: None, ..healthy() }.diagnosis(), Diagnosis::Verifies(crm()));
    assert_eq!(Patient { is_in_log: false, ..healthy() }.diagnosis(), Diagnosis::Verifies(crm()));
    let text = secret_of(&crm()).expose().to_owned();
    let bare = text.trim_start_matches(PREFIX).to_owned();
    let right = computed(&[1; 32], &[EVENT, ".", &SENT.to_string(), ".", BODY]);
    for secret in [text, bare] {
        assert_eq!(Patient { secret, computed: right.clone(), ..healthy() }.diagnosis(), Diagnosis::Verifies(crm()));
    }
}

#[test]
fn another_instances_secret_is_named() {
    let signature = header(&billing());
    let of_billing = || Patient { signature: signature.clone(), ..healthy() };
    assert_eq!(of_billing().causes(), other(Some(billing()), None));
    let secret = secret_of(&crm()).expose().to_owned();
    assert_eq!(Patient { secret: secret.clone(), ..of_billing() }.causes(), other(Some(billing()), Some(crm())));
    assert_eq!(Patient { secret, webhook: None, ..of_billing() }.causes(), other(Some(billing()), Some(crm())));
    let secret = secret_of(&nobodys()).expose().to_owned();
    assert_eq!(Patient { secret, ..healthy() }.causes(), other(Some(crm()), Some(nobodys())));
}

#[test]
fn a_secret_that_no_instance_has_is_told_from_a_changed_body() {
    let signature = header(&nobodys());
    assert_eq!(Patient { signature: signature.clone(), ..healthy() }.causes(), other(None, None));
    // Whoever made it has it in his receiver, too: then it holds.
    let secret = secret_of(&nobodys()).expose().to_owned();
    assert_eq!(Patient { signature, secret, ..healthy() }.diagnosis(), Diagnosis::Verifies(nobodys()));
}

#[test]
fn a_secret_that_was_rotated_out_is_known() {
    let ends_at = Some(Timestamp::from_seconds(SENT + 3600));
    let old = Arc::new(Key { ends_at, owner: crm().owner.clone(), secret: SigningSecret::of_bytes(&[7; 32]).into() });
    let keys = vec![crm(), old.clone(), billing()];
    let secret = secret_of(&old).expose().to_owned();
    // While both sign, either holds.
    let signature = sign(&[secret_of(&crm()).clone(), secret_of(&old).clone()], EVENT, SENT, BODY.as_bytes());
    let both = Patient { keys: keys.clone(), signature, secret: secret.clone(), ..healthy() };
    assert_eq!(both.diagnosis(), Diagnosis::Verifies(old.clone()));
    // Afterwards a receiver with the old one refuses what comes.
    let late = Patient { keys: keys.clone(), secret, ..healthy() };
    assert_eq!(late.causes(), other(Some(crm()), Some(old.clone())));
    // And one with the new one what was sent before.
    let secret = secret_of(&crm()).expose().to_owned();
    let early = Patient { keys, signature: header(&old), secret, ..healthy() };
    assert_eq!(early.causes(), other(Some(old), Some(crm())));
}

#[test]
fn a_secret_that_was_forgotten_is_known_by_what_it_signed() {
    let signature = header(&nobodys());
    let causes = Patient { sent_signature: signature.clone(), signature, ..healthy() }.causes();
    let forgotten = OtherSecret { signed_with: None, is_forgotten: true, entered: None };
    assert_eq!(causes, [Cause::OtherSecret(forgotten)]);
}

#[test]
fn a_body_that_was_written_anew_is_known_with_and_without_the_log() {
    use Change::*;
    let value: serde_json::Value = serde_json::from_str(BODY).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    for is_in_log in [true, false] {
        for (body, changes) in [
            (pretty.clone(), vec![WhiteSpace]),
            (BODY.replace(':', ": ").replace("07: 50: 15", "07:50:15"), vec![WhiteSpace]),
            (BODY.replace('ë', "\\u00eb"), vec![Escapes]),
            (format!("{BODY}\n"), vec![Ends]),
        ] {
            assert_eq!(Patient { body, is_in_log, ..healthy() }.changes(), changes, "{is_in_log}");
        }
    }
    let moved = BODY.replacen(r#""EVENT_TYPE":"INTAKE_CREATED","#, "", 1).replacen(
        '{',
        r#"{"EVENT_TYPE":"INTAKE_CREATED","#,
        1,
    );
    for is_in_log in [true, false] {
        assert_eq!(Patient { body: moved.clone(), is_in_log, ..healthy() }.changes(), [KeyOrder]);
    }
}

#[test]
fn a_body_in_another_encoding_is_known() {
    use Change::*;
    for (body, changes) in [
        (BODY.replace('ë', "Ã«"), vec![DoubleEncoded]),
        (BODY.replace('ë', "\u{fffd}"), vec![CharacterSet]),
        (format!("\u{feff}{BODY}"), vec![ByteOrderMark]),
        (BASE64.encode(BODY), vec![Base64]),
        (serde_json::to_string(BODY).unwrap(), vec![Quoted]),
    ] {
        assert_eq!(Patient { body, ..healthy() }.changes(), changes);
    }
}

#[test]
fn another_body_than_was_sent_is_shown_where_it_differs() {
    let body = BODY.replace("INTAKE_CREATED", "INTAKE_CHANGED");
    let causes = Patient { body, ..healthy() }.causes();
    let [Cause::Body { changes, difference: Some(difference) }] = causes.as_slice() else { panic!("{causes:?}") };
    assert_eq!(changes, &[Change::Other]);
    assert!(difference.sent.starts_with("REATED") && difference.pasted.starts_with("HANGED"), "{difference:?}");
    assert_eq!(Patient { body: BODY[..50].into(), ..healthy() }.changes(), [Change::Truncated]);
    // Even with a secret that nobody knows, it is the body that is told.
    let signature = header(&nobodys());
    assert_eq!(Patient { body: BODY[..50].into(), signature, ..healthy() }.changes(), [Change::Truncated]);
}

#[test]
fn a_timestamp_out_of_bounds_is_told_beside_what_else_is_wrong() {
    let old = Cause::Age(Age::TooOld(301));
    assert_eq!(Patient { at: SENT + 300, ..healthy() }.diagnosis(), Diagnosis::Verifies(crm()));
    assert_eq!(Patient { at: SENT + 301, ..healthy() }.causes(), std::slice::from_ref(&old));
    assert_eq!(Patient { at: SENT - 301, ..healthy() }.causes(), [Cause::Age(Age::TooNew(301))]);
    let causes = Patient { at: SENT + 301, signature: header(&billing()), ..healthy() }.causes();
    assert_eq!(causes, [other(Some(billing()), None), vec![old]].concat());
}

#[test]
fn a_timestamp_that_was_rewritten_is_known() {
    let milliseconds = format!("{SENT}000");
    assert_eq!(Patient { timestamp: milliseconds, ..healthy() }.causes(), [Cause::Age(Age::Milliseconds)]);
    let timestamp = "2021-05-26T07:50:15Z".to_owned();
    let sent = SENT.to_string();
    let changed = Cause::HeaderChanged { name: TIMESTAMP, pasted: timestamp.clone(), sent };
    assert_eq!(Patient { timestamp, ..healthy() }.causes(), [changed, Cause::Age(Age::NoNumber)]);
}

#[test]
fn a_header_that_is_missing_is_named_with_what_arrived_instead() {
    let missing = |names: &[&'static str], alike: &[&str]| {
        let alike = alike.iter().map(|name| (*name).to_owned()).collect();
        vec![Cause::HeadersMissing { names: names.to_vec(), alike }]
    };
    let none = || healthy();
    assert_eq!(Patient { id: String::new(), ..none() }.causes(), missing(&[ID], &[]));
    assert_eq!(Patient { timestamp: String::new(), ..none() }.causes(), missing(&[TIMESTAMP], &[]));
    let two = Patient { timestamp: String::new(), signature: String::new(), ..none() };
    assert_eq!(two.causes(), missing(&[TIMESTAMP, SIGNATURE], &[]));
    let headers = Headers::parse("webhook-id: a\nwebhook-timestamp: 1\nx-webhook-signature: v1,abc\nhost: x").unwrap();
    let known = Known { keys: vec![], webhook: None, sent: None, at: Timestamp::from_seconds(1) };
    let pasted = Pasted { headers: &headers, body: "{}", computed: "", secret: "" };
    assert_eq!(diagnose(pasted, &known), Diagnosis::Causes(missing(&[SIGNATURE], &["x-webhook-signature"])));
}

#[test]
fn an_id_that_was_changed_is_found_by_the_body() {
    let causes = Patient { id: "EVT-60adfdb750b58a0c2d78bdd9".into(), is_in_log: false, ..healthy() }.causes();
    let changed =
        Cause::HeaderChanged { name: ID, pasted: "EVT-60adfdb750b58a0c2d78bdd9".into(), sent: EVENT.to_owned() };
    assert_eq!(causes, [changed]);
}

#[test]
fn a_secret_in_another_writing_is_known() {
    let text = secret_of(&crm()).expose().to_owned();
    for (secret, writing) in [
        (format!("'{text}'"), Writing::Wrapped),
        ("01".repeat(32), Writing::Hex),
        (BASE64.encode(&text), Writing::EncodedAgain),
    ] {
        assert_eq!(Patient { secret, ..healthy() }.causes(), [Cause::SecretWriting(writing)]);
    }
    let secret = "correct horse battery staple".to_owned();
    assert_eq!(Patient { secret, ..healthy() }.causes(), [Cause::NoSecret(InvalidSigningSecret::Prefix.into())]);
}

#[test]
fn what_a_program_computes_tells_its_mistake() {
    let text = secret_of(&crm()).expose().to_owned();
    let bare = text.trim_start_matches(PREFIX).to_owned();
    let sent = SENT.to_string();
    let whole = [EVENT, ".", &sent, ".", BODY];
    let hex =
        |base64: String| BASE64.decode(base64).unwrap().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (computed, cause) in [
        (computed(text.as_bytes(), &whole), Cause::KeyForm(KeyForm::WithPrefix)),
        (computed(bare.as_bytes(), &whole), Cause::KeyForm(KeyForm::WithoutPrefix)),
        (format!("v1,{}", computed(bare.as_bytes(), &whole)), Cause::KeyForm(KeyForm::WithoutPrefix)),
        (computed(&[1; 32], &[BODY]), Cause::Content(Content::BodyAlone)),
        (computed(&[1; 32], &[&sent, ".", BODY]), Cause::Content(Content::WithoutId)),
        (computed(&[1; 32], &[EVENT, &sent, BODY]), Cause::Content(Content::Joined(""))),
        (hex(computed(&[1; 32], &whole)), Cause::SignatureWriting(vec![Fault::Hex])),
        (BASE64.encode([5; 32]), Cause::ComputedUnknown),
    ] {
        assert_eq!(Patient { computed, ..healthy() }.causes(), [cause]);
    }
    let both = hex(computed(bare.as_bytes(), &[BODY]));
    assert_eq!(
        Patient { computed: both, ..healthy() }.causes(),
        [
            Cause::KeyForm(KeyForm::WithoutPrefix),
            Cause::Content(Content::BodyAlone),
            Cause::SignatureWriting(vec![Fault::Hex])
        ]
    );
}

#[test]
fn a_program_that_computes_rightly_over_a_wrong_body_is_not_blamed() {
    let body = BODY.replace('ë', "\\u00eb");
    let computed = computed(&[1; 32], &[EVENT, ".", &SENT.to_string(), ".", &body]);
    assert_eq!(Patient { body, computed, ..healthy() }.changes(), [Change::Escapes]);
}

#[test]
fn a_signature_that_was_cut_or_rewritten_is_known() {
    let whole = header(&crm());
    assert_eq!(Patient { signature: whole[..30].into(), ..healthy() }.causes(), [Cause::NoSignature]);
    assert_eq!(Patient { signature: "v1".into(), ..healthy() }.causes(), [Cause::NoSignature]);
    let escaped = whole.replace('=', "%3D");
    let rewritten = Cause::SignatureWriting(vec![Fault::PercentEncoded]);
    assert_eq!(Patient { signature: escaped, ..healthy() }.causes(), [rewritten]);
}

#[test]
fn what_nothing_explains_is_not_explained() {
    let unknown = Cause::Unknown { secrets: 2 };
    let signature = header(&nobodys());
    let stranger = || Patient { is_in_log: false, signature: signature.clone(), ..healthy() };
    for body in [BODY, "other"] {
        assert_eq!(Patient { body: body.into(), ..stranger() }.causes(), std::slice::from_ref(&unknown));
    }
    assert_eq!(Patient { at: SENT + 1000, ..stranger() }.causes(), [unknown, Cause::Age(Age::TooOld(1000))]);
}

/// A webhook that signs with a key pair: the pair, and what the organization knows of it.
fn pair() -> (SigningSecret, Arc<Key>) {
    let pair = SigningSecret::of_new(Signing::Asymmetric, &[5; 32]);
    let owner = Owner::Webhook { id: CRM.parse().unwrap(), name: "CRM sync".into() };
    let secret = Verifier::PublicKey(pair.public_key().unwrap());
    (pair, Arc::new(Key { owner, secret, ends_at: None }))
}

#[test]
fn why_a_signature_by_a_key_pair_does_not_hold() {
    let (private, public) = pair();
    let signature = sign(&[private], EVENT, SENT, BODY.as_bytes());
    let by_pair = || Patient { signature: signature.clone(), keys: vec![public.clone(), billing()], ..healthy() };
    let text = match &public.secret {
        Verifier::PublicKey(key) => key.to_string(),
        Verifier::Secret(_) => unreachable!(),
    };
    assert_eq!(by_pair().diagnosis(), Diagnosis::Verifies(public.clone()));
    assert_eq!(Patient { secret: text.clone(), ..by_pair() }.diagnosis(), Diagnosis::Verifies(public.clone()));

    let secret = secret_of(&billing()).expose().to_owned();
    assert_eq!(Patient { secret, ..by_pair() }.causes(), [Cause::OtherKind(Signing::Asymmetric)]);
    let symmetric = Patient { secret: text.clone(), keys: vec![public.clone(), crm()], ..healthy() };
    assert_eq!(symmetric.causes(), [Cause::OtherKind(Signing::Symmetric)]);
    let other_pair = SigningSecret::of_new(Signing::Asymmetric, &[6; 32]).public_key().unwrap().to_string();
    let causes = Patient { secret: other_pair, ..by_pair() }.causes();
    assert!(
        matches!(&causes[..], [Cause::OtherSecret(other)] if other.signed_with.as_ref() == Some(&public)),
        "{causes:?}"
    );

    let pretty = BODY.replace("\":", "\": ");
    for is_in_log in [true, false] {
        let causes = Patient { body: pretty.clone(), is_in_log, ..by_pair() }.causes();
        assert!(matches!(&causes[..], [Cause::Body { .. }]), "{causes:?}");
    }
    let url = signature.replace('+', "-").replace('/', "_");
    let causes = Patient { signature: url, ..by_pair() }.causes();
    assert_eq!(causes, [Cause::SignatureWriting(vec![Fault::Base64Url])]);
    let wrong_mark = Patient { signature: signature.replace("v1a,", "v1,"), ..by_pair() }.causes();
    assert_eq!(wrong_mark, [Cause::SignatureWriting(vec![Fault::KeyMark])]);
    let late = Patient { at: SENT + 3_600, ..by_pair() }.causes();
    assert_eq!(late, [Cause::Age(Age::TooOld(3_600))]);
    let right = computed(&[1; 32], &[EVENT, ".", &SENT.to_string(), ".", BODY]);
    assert_eq!(Patient { computed: right, ..by_pair() }.causes(), [Cause::NothingToCompute]);
}
