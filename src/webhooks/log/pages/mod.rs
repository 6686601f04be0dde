//! The log's pages: a webhook with its health and deliveries, a delivery, all events, an event.

mod buckets;
mod deliveries;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod events;
mod query;
mod timeline;
mod urls;
pub(crate) mod webhook;
mod words;
