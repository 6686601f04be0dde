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

use crate::web::at;
use crate::webhooks::urls::LIST;

/// The addresses of the log, all for admins; those below a webhook only while webhooks are enabled.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(at("/events").get(events::show))
        .service(at("/events/{event}").get(event::show))
        // Not every word in this place is an id: `new` and `guide` are pages of their own.
        .service(at(&format!("{}/{{webhook:[0-9a-f]{{24}}}}", LIST)).get(webhook::show))
        .service(at(&format!("{}/{{webhook}}/deliveries/{{delivery}}", LIST)).get(delivery::show))
        .service(at(&format!("{}/{{webhook}}/deliveries/{{delivery}}/redeliver", LIST)).post(delivery::redeliver));
}
