//! The log in the API: event types, events with what became of them, deliveries with their attempts, redelivering and replaying.
//!
//! What happened can always be read; deliveries are out of reach (403) while the organization's webhooks are not enabled.

pub mod deliveries;
pub mod event_types;
pub mod events;
mod replay_wire;
pub mod replays;
mod wire;

use std::str::FromStr;

use crate::base::Timestamp;
use crate::web::{Paging, Query};

/// The page that is asked for, and after which row it begins.
struct Place<Id> {
    paging: Paging,
    after: Option<(Timestamp, Id)>,
}

/// Takes `limit` and `cursor` out.
fn place<Id: FromStr>(query: &mut Query) -> Option<Place<Id>> {
    let paging = query.paging_of::<Id>()?;
    let after = paging.after.as_ref().and_then(|cursor| Some((cursor.at, cursor.id.parse().ok()?)));
    Some(Place { paging, after })
}
