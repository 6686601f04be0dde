//! Signatures by Standard Webhooks 1.0.0: made here for what is sent, checked here for our own receiver.
//!
//! What is signed is `id.timestamp.body`: by HMAC-SHA256 with the bytes behind `whsec_` (`v1`), or, for webhooks that are set to it,
//! by ed25519 with the seed behind `whsk_` (`v1a`).

mod asymmetric;
mod secret;
#[cfg(test)]
mod tests;
mod verify;

use crate::base::names;

pub use self::asymmetric::{Ed25519Signature, InvalidPublicKey, PRIVATE_PREFIX, PUBLIC_PREFIX, PublicKey};
pub use self::secret::{Digest, InvalidSigningSecret, PREFIX, SigningSecret};
pub use self::verify::{InvalidVerifier, SignatureHeaders, SignatureProblem, TOLERANCE, Verifier, Verifies, verify};

names! {
    /// How a webhook's callbacks are signed.
    Signing {
        /// With a secret that we share with the receiver: `v1`.
        Symmetric = "symmetric",
        /// With a private key that is ours alone; the receiver has the public one: `v1a`.
        Asymmetric = "asymmetric",
    }
}

impl Signing {
    /// What its signatures begin with, before the comma.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Symmetric => "v1",
            Self::Asymmetric => "v1a",
        }
    }
}

/// What is signed.
fn parts<'a>(id: &'a str, timestamp: &'a str, body: &'a [u8]) -> [&'a [u8]; 5] {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body]
}

/// The value of `webhook-signature`: one `v1,<base64>`, or `v1a,<base64>`, for each secret, in their order, separated by spaces.
/// `timestamp` is that of `webhook-timestamp`, in Unix seconds.
pub fn sign(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let timestamp = timestamp.to_string();
    let mut value = String::with_capacity(secrets.len() * 48);
    for secret in secrets {
        if !value.is_empty() {
            value.push(' ');
        }
        secret.write_signature(&parts(id, &timestamp, body), &mut value);
    }
    value
}
