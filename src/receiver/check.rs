//! Whether a callback's signature holds, in words.

use futures_util::future::BoxFuture;

use crate::base::Timestamp;
use crate::delivery::signing::{self, SignatureHeaders, SignatureProblem, Verifier};

/// A signing secret or a public key, and whose it is.
#[derive(Clone, Debug)]
pub struct Key {
    pub name: String,
    pub secret: Verifier,
}

/// The secrets that a receiver checks with. They are asked for with every callback, so that a new one counts at once.
pub trait Keys: Send + Sync + 'static {
    fn keys(&self) -> BoxFuture<'_, Vec<Key>>;
}

/// What checking came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The signature was made with the secret of this name.
    Holds {
        key: String,
    },
    /// There is no secret to check it with.
    NoKey,
    Problem(SignatureProblem),
}

impl Verdict {
    /// Whether the callback is what it says it is.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Holds { .. })
    }

    /// The sentence for people; nothing where all is well.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Holds { .. } => None,
            Self::NoKey => Some("There is no signing secret to check it with.".into()),
            Self::Problem(problem) => Some(problem.to_string()),
        }
    }
}

/// Checks a callback as it arrived at `now` against every key; the names of `headers` may be in any case.
pub fn check(keys: &[Key], headers: &[(String, String)], body: &[u8], now: Timestamp) -> Verdict {
    let given = SignatureHeaders {
        id: header(headers, "webhook-id"),
        timestamp: header(headers, "webhook-timestamp"),
        signature: header(headers, "webhook-signature"),
    };
    let mut verdict = Verdict::NoKey;
    for key in keys {
        match signing::verify(&key.secret, given, body, now.seconds(), signing::TOLERANCE) {
            Ok(()) => return Verdict::Holds { key: key.name.clone() },
            // What was made with a key of the same kind says more than that another kind was given.
            Err(problem) if verdict == Verdict::NoKey || !problem.needs_another_kind() => {
                verdict = Verdict::Problem(problem);
            }
            Err(_) => {}
        }
    }
    verdict
}

/// The value of the first header of that name.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
