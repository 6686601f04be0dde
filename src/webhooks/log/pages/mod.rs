//! The log's pages: a webhook with its health and deliveries, a delivery, all events, an event.

mod buckets;
mod deliveries;
mod delivery;
mod event;
mod events;
mod query;
mod timeline;
mod urls;
mod webhook;
mod words;

use actix_web::web::ServiceConfig;

use crate::web::guard::Admin;
use crate::web::{Error, Result, at};

/// The addresses of the log. All are for admins.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(at("/events").get(events::show))
        .service(at("/events/{event}").get(event::show))
        // Not every word in this place is an id: `new` and `guide` are pages of their own.
        .service(at(&format!("{}/{{webhook:[0-9a-f]{{24}}}}", urls::WEBHOOKS)).get(webhook::show))
        .service(at(&format!("{}/{{webhook}}/deliveries/{{delivery}}", urls::WEBHOOKS)).get(delivery::show))
        .service(
            at(&format!("{}/{{webhook}}/deliveries/{{delivery}}/redeliver", urls::WEBHOOKS)).post(delivery::redeliver),
        );
}

/// While webhooks are not enabled, the pages of webhooks and deliveries are locked; what happened can be read still.
fn unlocked(admin: &Admin) -> Result<()> {
    if admin.organization.webhooks_enabled { Ok(()) } else { Err(Error::Forbidden) }
}
