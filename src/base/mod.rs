//! Values that every layer shares. Imports nothing of ours.

pub mod clock;
pub mod csv;
pub mod cursor;
pub mod ids;
pub mod names;
pub mod rng;
pub mod secret;
pub mod tasks;
pub mod time_zone;
pub mod vault;
pub mod version;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use cursor::{Cursor, InvalidCursor, Listing, Place};
pub use ids::{
    AnswerId, ApiKeyId, AuditEntryId, DeliveryId, EventId, ImportId, IntakeId, InvalidId, InvitationId, MailId,
    OrganizationId, ProjectId, QuestionId, ReplayId, SecretId, SectionId, SessionId, UserId, WebhookId,
};
pub use names::UnknownName;
pub(crate) use names::names;
pub use rng::{Rng, SeededRng, SystemRng};
pub use secret::Secret;
pub use tasks::{Look, Tasks};
pub use time_zone::TimeZone;
pub use vault::Vault;
pub use version::Expected;
