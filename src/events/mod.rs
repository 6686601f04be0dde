//! What happens in an organization, recorded once and never changed.
//!
//! `catalog` names the event types, `body` renders the callback (once, when the event is recorded), `record` is the
//! outbox: the event and, through `fan_out`, its deliveries, in the transaction of the change that raised it. `sample` has an
//! example of each callback.

pub mod body;
pub mod catalog;
pub mod fan_out;
pub mod model;
pub mod record;
pub mod sample;
pub mod store;

pub use catalog::{EntityType, EventType, Group};
pub use fan_out::{BornDelivery, Dispatch, NoDispatch};
pub use model::{Event, NewEvent};
pub use record::{Recorded, Recorder};
