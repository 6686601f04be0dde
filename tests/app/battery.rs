//! Batteries: long tables of what is tried on a server from outside, each through the real door. Whoever adds a route, a field or a
//! kind of destination adds rows here.

/// The instances of webhooks.
const LIST: &str = "/settings/integrations/collaboration/webhooks";

mod destinations;
mod headers;
mod publish;
pub mod routes;
mod templates;
