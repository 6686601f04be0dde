//! Signing and checking together.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::*;
use crate::base::{SeededRng, SystemRng};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SENT: i64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn headers(signature: &str) -> SignatureHeaders<'_> {
    SignatureHeaders { id: Some(ID), timestamp: Some("1614265330"), signature: Some(signature) }
}

#[test]
fn the_published_example_is_signed_as_published() {
    let secret = SigningSecret::parse(SECRET).unwrap();
    assert_eq!(sign(std::slice::from_ref(&secret), ID, SENT, BODY), SIGNATURE);
    assert_eq!(verify(&secret, headers(SIGNATURE), BODY, SENT + 300, 300), Ok(()));
}

#[test]
fn the_official_library_accepts_every_secret_of_ours() {
    let (old, new) = (SigningSecret::generate(&SystemRng), SigningSecret::generate(&SystemRng));
    let now = chrono_seconds();
    let signed = sign(&[new.clone(), old.clone()], "EVT-60adfdb750b58a0c2d78bdd8", now, BODY);
    let mut headers = http::HeaderMap::new();
    headers.insert("webhook-id", http::HeaderValue::from_static("EVT-60adfdb750b58a0c2d78bdd8"));
    headers.insert("webhook-timestamp", now.into());
    headers.insert("webhook-signature", signed.parse().unwrap());
    for secret in [&old, &new] {
        let oracle = standardwebhooks::Webhook::new(secret.expose()).unwrap();
        oracle.verify(BODY, &headers).unwrap();
    }
    let other = standardwebhooks::Webhook::new(SigningSecret::generate(&SystemRng).expose()).unwrap();
    assert!(other.verify(BODY, &headers).is_err());
}

fn chrono_seconds() -> i64 {
    use crate::base::{Clock, SystemClock};
    SystemClock.now().seconds()
}

#[test]
fn while_a_secret_is_rotated_both_hold() {
    let (old, new) = (SigningSecret::generate(&SeededRng::new(1)), SigningSecret::generate(&SeededRng::new(2)));
    let signed = sign(&[new.clone(), old.clone()], ID, SENT, BODY);
    assert_eq!(signed.split(' ').count(), 2);
    assert_eq!(verify(&old, headers(&signed), BODY, SENT, 300), Ok(()));
    assert_eq!(verify(&new, headers(&signed), BODY, SENT, 300), Ok(()));
}

#[test]
fn what_does_not_hold_says_why() {
    use SignatureProblem::*;
    let secret = SigningSecret::parse(SECRET).unwrap();
    let good = headers(SIGNATURE);
    let table = [
        (SignatureHeaders { id: None, ..good }, BODY, SENT, Missing("webhook-id")),
        (SignatureHeaders { timestamp: None, ..good }, BODY, SENT, Missing("webhook-timestamp")),
        (SignatureHeaders { signature: None, ..good }, BODY, SENT, Missing("webhook-signature")),
        (SignatureHeaders { timestamp: Some("soon"), ..good }, BODY, SENT, Timestamp),
        (good, BODY, SENT + 301, TooOld { seconds: 301, tolerance: 300 }),
        (good, BODY, SENT - 301, TooNew { seconds: 301, tolerance: 300 }),
        (headers("v1a,abc"), BODY, SENT, NeedsPublicKey),
        (headers("v2,abc"), BODY, SENT, Version("v1")),
        (headers(""), BODY, SENT, Version("v1")),
        (headers("v1,abc v2,def"), BODY, SENT, Encoding { mark: "v1", bytes: 32 }),
        (headers("v1,YWJj"), BODY, SENT, Encoding { mark: "v1", bytes: 32 }),
        (headers("v1,abc v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), BODY, SENT, Mismatch),
        (good, b"{}", SENT, Mismatch),
        (SignatureHeaders { id: Some("msg_x"), ..good }, BODY, SENT, Mismatch),
    ];
    for (headers, body, now, problem) in table {
        assert_eq!(verify(&secret, headers, body, now, 300), Err(problem.clone()), "{problem}");
    }
}

#[test]
fn a_key_pair_signs_and_its_public_key_alone_checks() {
    use SignatureProblem::*;
    let (pair, secret) = (SigningSecret::of_new(Signing::Asymmetric, &[7; 32]), SigningSecret::parse(SECRET).unwrap());
    let public = pair.public_key().unwrap();
    assert!(pair.expose().starts_with("whsk_") && public.to_string().starts_with("whpk_"));
    assert_eq!((pair.shared(), pair.digest(&[BODY])), (None, None));
    assert_eq!(SigningSecret::parse(pair.expose()), Ok(pair.clone()));
    let signed = sign(std::slice::from_ref(&pair), ID, SENT, BODY);
    assert!(signed.starts_with("v1a,") && !signed.contains(' '));
    assert_eq!(verify(&public, headers(&signed), BODY, SENT, 300), Ok(()));
    assert_eq!(verify(&pair, headers(&signed), BODY, SENT, 300), Ok(()));
    assert_eq!(verify(&secret, headers(&signed), BODY, SENT, 300), Err(NeedsPublicKey));
    // While a webhook goes from one way to the other, both hold.
    let both = sign(&[pair, secret.clone()], ID, SENT, BODY);
    assert_eq!(both.split(' ').map(|one| &one[..3]).collect::<Vec<_>>(), ["v1a", "v1,"]);
    assert_eq!(verify(&public, headers(&both), BODY, SENT, 300), Ok(()));
    assert_eq!(verify(&secret, headers(&both), BODY, SENT, 300), Ok(()));

    let other = SigningSecret::of_new(Signing::Asymmetric, &[8; 32]).public_key().unwrap();
    for (key, value, body, problem) in [
        (other, signed.as_str(), BODY, OtherKey),
        (public, &signed, b"{}", OtherKey),
        (public, SIGNATURE, BODY, NeedsSecret),
        (public, "v2,abc", BODY, Version("v1a")),
        (public, "v1a,YWJj", BODY, Encoding { mark: "v1a", bytes: 64 }),
    ] {
        assert_eq!(verify(&key, headers(value), body, SENT, 300), Err(problem.clone()), "{problem}");
    }
    for text in [public.to_string(), SECRET.to_owned()] {
        assert!(Verifier::parse(&text).is_ok(), "{text}");
    }
    assert!(Verifier::parse("whpk_YWJj").is_err() && Verifier::parse("nothing").is_err());
}

#[test]
fn a_text_that_is_no_secret_is_refused_with_the_reason() {
    use InvalidSigningSecret::*;
    let of = |bytes: usize| format!("whsec_{}", BASE64.encode(vec![7; bytes]));
    for (text, problem) in [
        (String::new(), Prefix),
        ("whsec".into(), Prefix),
        ("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(), Prefix),
        ("whsec_".into(), Length(0)),
        ("whsec_no base64 at all!".into(), Encoding),
        (of(23), Length(23)),
        (of(65), Length(65)),
        ("whsk_".into(), PrivateKey),
        ("whsk_YWJj".into(), PrivateKey),
    ] {
        assert_eq!(SigningSecret::parse(&text).unwrap_err(), problem, "{text}");
    }
    for bytes in [24, 32, 64] {
        assert_eq!(SigningSecret::parse(&format!(" {}\n", of(bytes))).unwrap().expose(), of(bytes));
    }
}

#[test]
fn a_secret_does_not_print_itself() {
    let secret = SigningSecret::generate(&SystemRng);
    assert_eq!(format!("{secret:?}"), "***");
    assert_eq!(SigningSecret::parse(secret.expose()), Ok(secret));
    let pair = SigningSecret::generate_for(Signing::Asymmetric, &SystemRng);
    assert_eq!(format!("{pair:?} {:?}", Verifier::from(pair.clone())), "*** Secret(***)");
}
