//! The workspace: what people work on, and whose changes raise the events of the catalog.
//!
//! Every change is one transaction: the rule, the row, the event that it raises and the audit entry, together or not at all.
//! Pages and API call the same actions. `text` has the rules for what people write, `change` what all changes share.

pub mod answers;
mod api;
pub mod change;
pub mod intakes;
mod listing;
mod pages;
pub mod projects;
mod shapes;
pub mod text;
pub mod trash;
