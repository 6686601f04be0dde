//! The log's pages: a webhook with its health and deliveries, its deliveries as a file, a delivery, all events, an event.

mod buckets;
mod deliveries;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod replay;
pub(crate) mod selection;
mod timeline;
mod urls;
pub(crate) mod webhook;
mod words;
