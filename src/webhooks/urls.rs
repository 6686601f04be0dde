//! The addresses of webhooks.

use crate::base::{DeliveryId, ReplayId, WebhookId};

/// Organization Settings > Integrations: there is one kind of them.
pub const INTEGRATIONS: &str = "/settings/integrations";

/// Organization Settings > Integrations > Collaboration.
pub const COLLABORATION: &str = "/settings/integrations/collaboration";

/// The instances.
pub const LIST: &str = "/settings/integrations/collaboration/webhooks";

pub const NEW: &str = "/settings/integrations/collaboration/webhooks/new";

/// The form of a new webhook with what this one has.
pub fn duplicate(id: &WebhookId) -> String {
    format!("{NEW}?from={id}")
}

/// The guide for those who write a receiver.
pub const GUIDE: &str = "/settings/integrations/collaboration/webhooks/guide";

/// The guide with a webhook's names filled in.
pub fn guide(id: &WebhookId) -> String {
    format!("{GUIDE}?webhook={id}")
}

/// The signature doctor.
pub const CHECK: &str = "/settings/integrations/collaboration/webhooks/guide/check";

/// The signature doctor, for what this webhook's receiver got.
pub fn check(id: &WebhookId) -> String {
    format!("{CHECK}?webhook={id}")
}

/// The signature doctor with what an attempt sent.
pub fn check_attempt(id: &DeliveryId, number: i64) -> String {
    format!("{CHECK}?delivery={id}&attempt={number}")
}

/// Where the API has a webhook.
pub fn api(id: &WebhookId) -> String {
    format!("/api/v1/webhooks/{id}")
}

/// A webhook's own page: health and deliveries.
pub fn show(id: &WebhookId) -> String {
    format!("{LIST}/{id}")
}

/// A delivery's page.
pub fn delivery(id: &DeliveryId) -> String {
    format!("{}/deliveries/{id}", show(&id.webhook))
}

/// A replay's page.
pub fn show_replay(id: &WebhookId, replay: &ReplayId) -> String {
    format!("{}/{replay}", replays(id))
}

macro_rules! below {
    ($($(#[$doc:meta])* $name:ident, $end:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name(id: &WebhookId) -> String {
            format!(concat!("{}/{}/", $end), LIST, id)
        }
    )*};
}

below! {
    edit, "edit";
    delete, "delete";
    restore, "restore";
    pause, "pause";
    resume, "resume";
    enable, "enable";
    replay, "replay";
    replays, "replays";
    redeliver, "redeliver";
    reveal, "reveal";
    dismiss, "dismiss";
    rotate, "rotate-secret";
    end_rotation, "rotate-secret/end";
}
