//! What is sent. The bodies are read by [`super::input`]; the types here only describe them.

use utoipa::ToSchema;

use crate::delivery::signing::Signing;
use crate::events::EventType;

/// What people call it: one line, with something visible in it. Need not be unique.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 100,
    pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct WebhookName(String);

/// What people say about it: lines without control characters.
#[derive(ToSchema)]
#[schema(max_length = 1000, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct WebhookDescription(String);

/// Where events are sent: http or https, without user, password and fragment, on port 80, 443 or 1024 and up. The address must
/// be one that deliveries may reach; a name that does not resolve yet is accepted.
#[derive(ToSchema)]
#[schema(max_length = 2048, pattern = r"^ *[Hh][Tt][Tt][Pp][Ss]?://[^\s#\\]+ *$")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct WebhookUrl(String);

/// An HTTP token. Names that are ours or the connection's are refused.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 100, pattern = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct HeaderName(String);

/// Visible ASCII, spaces and tabs. A secret: it is stored encrypted and never answered.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 4096, pattern = r"^[\t -~]*[!-~][\t -~]*$")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct HeaderValue(String);

/// `whsec_` and the base64 of 24 to 64 bytes; or a private key of yours, `whsk_` and the base64 of its seed of 32 bytes.
#[derive(ToSchema)]
#[schema(
    pattern = r"^(whsec_[A-Za-z0-9+/]{32}([A-Za-z0-9+/]{4}){0,12}([A-Za-z0-9+/]{4}|([A-Za-z0-9+/]{4})?[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?|whsk_[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)$"
)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct SigningSecret(String);

/// A webhook to add.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "name": "CRM sync",
    "url": "https://hooks.example.com/herald",
    "headers": [{ "name": "Authorization", "value": "Bearer 1f0c9e" }],
    "events": ["PROJECT_CREATED", "PROJECT_COMPLETED"]
})))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewWebhook {
    name: WebhookName,
    description: Option<WebhookDescription>,
    url: WebhookUrl,
    /// Left out: `active`. A paused webhook's events are held.
    #[schema(inline)]
    state: Option<ChosenState>,
    /// Requests at a time at most. Left out: HERALD_LANE_CONCURRENCY.
    #[schema(minimum = 1, maximum = 50)]
    max_concurrency: Option<u32>,
    /// Requests that go out in a second at most, one by one. Left out: as many as the receiver takes. Where several nodes
    /// deliver, each of them keeps to both limits by itself.
    #[schema(minimum = 1, maximum = 1000)]
    max_per_second: Option<u32>,
    /// Sent with every callback beside our own; no name twice, 16 KiB in all.
    #[schema(max_items = 20)]
    headers: Option<Vec<NewHeader>>,
    /// What to send.
    #[schema(min_items = 1)]
    events: Vec<EventType>,
    /// `asymmetric`: by a key pair, whose public key the answer shows; `symmetric`, if it is left out: by a secret.
    signing: Option<Signing>,
    /// What callbacks are signed with. Left out: we make one.
    signing_secret: Option<SigningSecret>,
}

/// The states that can be chosen.
#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) enum ChosenState {
    Active,
    Paused,
}

/// A request header.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewHeader {
    name: HeaderName,
    value: HeaderValue,
}

/// What is to change; what is left out stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "events": ["PROJECT_CREATED"], "headers": [{ "name": "Authorization" }] })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct WebhookChange {
    #[schema(required = false)]
    name: WebhookName,
    /// `null` takes it away.
    description: Option<WebhookDescription>,
    /// Where scheme, host or port change, the value of every header must be sent again.
    #[schema(required = false)]
    url: WebhookUrl,
    /// `null` takes the limit away.
    #[schema(minimum = 1, maximum = 50)]
    max_concurrency: Option<u32>,
    /// `null` takes the limit away.
    #[schema(minimum = 1, maximum = 1000)]
    max_per_second: Option<u32>,
    /// All headers from now on.
    #[schema(required = false, max_items = 20)]
    headers: Vec<ChangedHeader>,
    /// All events from now on.
    #[schema(required = false, min_items = 1)]
    events: Vec<EventType>,
    /// Another way of signing makes another secret, or key pair. What signed before signs beside it for a day, as in a rotation.
    #[schema(required = false)]
    signing: Signing,
}

/// A header of a webhook that is changed.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct ChangedHeader {
    name: HeaderName,
    /// Left out, the stored value of this name stays.
    value: Option<HeaderValue>,
}

/// Where a test goes, and what it is signed with.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "url": "https://hooks.example.com/herald" })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewTest {
    url: WebhookUrl,
    #[schema(max_items = 20)]
    headers: Option<Vec<NewHeader>>,
    /// Left out: as the secret says, or `symmetric`.
    signing: Option<Signing>,
    /// Left out, the test is signed with a secret that nobody knows.
    signing_secret: Option<SigningSecret>,
    /// Left out, the TEST event is sent; else an example of this type, with `"TEST":true` as its last key.
    event_type: Option<EventType>,
}

/// What a test of a saved webhook says.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "event_type": "PROJECT_CREATED" })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct TestChoice {
    /// Left out, the TEST event is sent; else an example of this type, with `"TEST":true` as its last key.
    event_type: Option<EventType>,
}

/// How a signing secret is rotated.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "overlap_seconds": 86400 })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct Rotation {
    /// For how long the old secret signs beside the new one, up to seven days. Left out: a day.
    #[schema(minimum = 0, maximum = 604_800, default = 86_400)]
    overlap_seconds: Option<u32>,
}

/// What becomes of the deliveries that are held.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "held": "deliver" })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct HeldChoice {
    /// Has to be said where there are any: `deliver`, oldest first, or `cancel`.
    #[schema(inline)]
    held: Option<Held>,
    /// With `deliver`: how many of them come back in a second at most. Left out, as many as the receiver takes.
    #[schema(minimum = 1, maximum = 1000)]
    held_per_second: Option<u32>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) enum Held {
    Deliver,
    Cancel,
}
