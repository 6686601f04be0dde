//! What a check reads: whole tables, a page at a time, and columns as they are, since what they hold is what is checked.

mod answers;
mod books;
mod physical;
mod rest;

pub use answers::{AnswerRow, TagRow, answers_after, full_text_strangers, not_in_full_text, tags_between};
pub use books::{
    DeliveryRow, EventRow, HookRow, OrganizationRow, SubscriptionRow, attempts_without_delivery,
    deliveries_without_event, events_after, organizations, subscriptions, webhooks,
};
pub use physical::{broken_references, damages};
pub use rest::{
    FactorRow, KeyRow, MailRow, ReplayRow, SealedRow, count, headers, keys_after, mails, queries, removals_unknown,
    replays, second_factors, secrets,
};
