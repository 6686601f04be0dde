//! What each kind of problem means, and what a program does about it.

use super::rich::Rich;
use crate::web::problem::{Kind, Problem};

/// One kind, explained.
pub struct Explained {
    pub kind: Kind,
    pub meaning: Rich,
    pub remedy: Rich,
}

impl Explained {
    pub fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.iter().map(|&kind| {
            let (meaning, remedy) = explain(kind);
            Self { kind, meaning: Rich::new(meaning), remedy: Rich::new(remedy) }
        })
    }
}

/// A problem document as it is answered.
pub fn sample() -> String {
    Problem::invalid("entity_ids[0]", "An id has 1 to 128 characters.").document()
}

fn explain(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::BadRequest => (
            "The request breaks HTTP, or its body ended before it was complete.",
            "Look at what your HTTP client really sends, and at what stands between it and Herald.",
        ),
        Kind::NotJson => (
            "The body is not well-formed JSON; or it has a key twice, a byte order mark, invalid UTF-8, half of a surrogate pair, \
             something after its end, or more than 64 levels.",
            "Let a JSON library write the body. `detail` says what is wrong, and where.",
        ),
        Kind::Unauthorized => (
            "There is no API key in the request, or it does not exist, was revoked, or belongs to somebody who was removed.",
            "Send `Authorization: Bearer <API key>`. Do not repeat the call with the same key.",
        ),
        Kind::MissingScope => (
            "The key is good, but its scopes do not cover this call. `detail` names the one that does.",
            "Make a key with that scope; a key's scopes never change.",
        ),
        Kind::WebhooksNotEnabled => (
            "Webhooks are not enabled for the organization: publishing, webhooks and deliveries are closed to it.",
            "Ask your account manager to enable them. Nothing that was refused is kept: send it again afterwards.",
        ),
        Kind::NotFound => {
            ("There is nothing at this address, or it belongs to another organization.", "Check the path and the id.")
        }
        Kind::MethodNotAllowed => {
            ("The address exists, but does not take this method.", "Use one of the methods in the `Allow` header.")
        }
        Kind::Conflict => (
            "The call is in order, but the state of what it is about does not allow it now. `detail` says why.",
            "Read the thing again and decide anew; repeating the call does not help.",
        ),
        Kind::Stale => (
            "Somebody changed the thing after you had read it: its version is not the one in `If-Match`. Nothing was written.",
            "Read it again, decide what becomes of both changes, and send yours with the new `ETag` as `If-Match`.",
        ),
        Kind::HeldDeliveries => (
            "The webhook would become active, and it has deliveries that are held. `held_count` says how many.",
            "Send `held`: `deliver` to send them, oldest first, or `cancel` to let them go.",
        ),
        Kind::Gone => ("It was here, and the time in which it could be got back is over.", "Make a new one."),
        Kind::TooLarge => {
            ("The body is larger than this call takes: 256 KiB, or 5 MiB for batches.", "Send less at once.")
        }
        Kind::UnsupportedMediaType => (
            "The body is not announced as JSON, or is compressed.",
            "Send `Content-Type: application/json`, in UTF-8, without `Content-Encoding`.",
        ),
        Kind::WrongHost => (
            "The request's `Host` is another one than that of HERALD_PUBLIC_URL, under which people and programs reach Herald.",
            "Call the address in `detail`; where a proxy stands between, let it hand on `Host` as it came.",
        ),
        Kind::Invalid => (
            "The request can be read, but something in it breaks a rule: a field, a parameter, a cursor or a header.",
            "Change what `errors` names. All that is wrong is told at once; nothing was done.",
        ),
        Kind::TooManyRequests => (
            "The key, or who uses it, made more calls than the operator allows.",
            "Wait as many seconds as `Retry-After` says, then send the same call again.",
        ),
        Kind::Internal => (
            "Something went wrong on our side, before or after the change was made.",
            "Look whether it was made; events can simply be sent again with the same `Idempotency-Key`. If it stays, tell the \
             operator the reference in `detail`: the cause is in the log under it.",
        ),
        Kind::Unavailable => (
            "More comes in at this moment than the disk can take. Nothing was done.",
            "Wait as many seconds as `Retry-After` says, then send the same call again.",
        ),
        Kind::DiskFull => (
            "The disk of the server is full. Nothing was saved.",
            "Keep what you wanted to publish and try again in minutes, not seconds: somebody has to make room first.",
        ),
    }
}
