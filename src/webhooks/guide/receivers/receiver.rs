// Receives Herald's callbacks. WEBHOOK_SECRET is the webhook's signing secret, whsec_…, or its public key, whpk_…
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::http::header::HeaderMap;
use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const PATH: &str = "/webhooks/herald";
/// Seconds that a message may be old, or ahead of this clock.
const TOLERANCE: u64 = 5 * 60;

/// The bytes behind `whsec_`, or, of a webhook with asymmetric signing, behind `whpk_`.
pub enum Key {
    Secret(Vec<u8>),
    Public(Vec<u8>),
}

impl Key {
    pub fn parse(secret: &str) -> Option<Self> {
        match secret.strip_prefix("whpk_") {
            Some(key) => BASE64.decode(key).ok().map(Self::Public),
            None => BASE64.decode(secret.strip_prefix("whsec_")?).ok().map(Self::Secret),
        }
    }

    /// `verify_slice` compares in constant time.
    fn matches(&self, signed: &[u8], given: &str) -> bool {
        let decoded = |mark| given.strip_prefix(mark).and_then(|given| BASE64.decode(given).ok());
        match self {
            Self::Secret(key) => {
                let mac = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(signed));
                decoded("v1,").is_some_and(|given| mac.is_ok_and(|mac| mac.verify_slice(&given).is_ok()))
            }
            Self::Public(key) => {
                let key = UnparsedPublicKey::new(&ED25519, key);
                decoded("v1a,").is_some_and(|given| key.verify(signed, &given).is_ok())
            }
        }
    }

    /// Says why these bytes were not signed with the key, or not lately.
    fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), &'static str> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        let sent = timestamp.parse::<u64>().ok().filter(|_| !id.is_empty());
        let sent = sent.ok_or("webhook-id or webhook-timestamp is missing or malformed")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        if now.abs_diff(sent) > TOLERANCE {
            return Err("the message is too old, or this clock is wrong");
        }
        let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        // While a secret is being rotated there are two signatures, with a space between them.
        let matched = header("webhook-signature").split(' ').any(|given| self.matches(&signed, given));
        if matched { Ok(()) } else { Err("no signature matches: another secret, or not the exact body") }
    }
}

/// Everything that arrives. The body is the raw bytes: JSON that was parsed and written again has another signature.
pub async fn receive(request: HttpRequest, key: Data<Key>, body: Bytes) -> HttpResponse {
    if request.method() != "POST" || request.uri().path() != PATH {
        return HttpResponse::NotFound().finish();
    }
    if let Err(problem) = key.verify(request.headers(), &body) {
        eprintln!("refused: {problem}");
        return HttpResponse::Unauthorized().finish();
    }
    let Ok(event) = serde_json::from_slice::<serde_json::Value>(&body) else {
        return HttpResponse::BadRequest().finish();
    };
    // Put it into a queue here, unless its EVENT_ID is known already, and do the work after the answer.
    println!("{} {}", event["EVENT_TYPE"], event["EVENT_ID"]);
    HttpResponse::NoContent().finish()
}

#[actix_web::main]
pub async fn main() -> std::io::Result<()> {
    let secret = std::env::var("WEBHOOK_SECRET").ok();
    let key = secret.as_deref().and_then(Key::parse).expect("Set WEBHOOK_SECRET to the signing secret of the webhook.");
    let key = Data::new(key);
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8000);
    HttpServer::new(move || {
        let limit = PayloadConfig::new(8 * 1024 * 1024);
        App::new().app_data(key.clone()).app_data(limit).default_service(web::to(receive))
    })
    .bind(("127.0.0.1", port))?
    .run()
    .await
}
