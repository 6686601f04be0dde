//! The API's bodies: JSON, read strictly, with every character kept that is not white space between tokens.
//!
//! `scan` says whether a text is JSON by stricter rules than usual ones, because what we send on must mean the same
//! to every reader: no key twice, no half of a surrogate pair, no nesting that overflows somebody's stack. After
//! it, [`Value`] reads what is there lazily and cannot fail. Numbers are never turned into floats.

mod fields;
mod read;
mod scan;
mod value;

pub use fields::Fields;
pub use read::{BATCH_BYTES, BODY_BYTES, Limits, read, read_nothing, read_optional};
pub use scan::NotJson;
pub use value::{Document, Kind, Value};
