//! How our own types become columns: everything is TEXT or BIGINT underneath.

use sqlx::any::{Any, AnyTypeInfo};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

use crate::base::{
    AnswerId, ApiKeyId, AuditEntryId, EventId, ImportId, IntakeId, InvitationId, MailId, OrganizationId, ProjectId,
    QuestionId, ReplayId, SecretId, SectionId, SessionId, Timestamp, UserId, WebhookId,
};

/// A boolean column: 0 or 1 in a BIGINT, because SQLite cannot give a BOOLEAN back through `Any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag(pub bool);

macro_rules! column {
    ($ours:ty as $inner:ty, |$value:ident| $to:expr, |$raw:ident| $from:expr) => {
        impl Type<Any> for $ours {
            fn type_info() -> AnyTypeInfo {
                <$inner as Type<Any>>::type_info()
            }
            fn compatible(ty: &AnyTypeInfo) -> bool {
                <$inner as Type<Any>>::compatible(ty)
            }
        }
        impl<'q> Encode<'q, Any> for $ours {
            fn encode_by_ref(&self, buf: &mut <Any as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                let $value = self;
                <$inner as Encode<'q, Any>>::encode($to, buf)
            }
        }
        impl<'r> Decode<'r, Any> for $ours {
            fn decode(value: <Any as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                let $raw = <$inner as Decode<'r, Any>>::decode(value)?;
                $from
            }
        }
    };
}

column!(Flag as i64, |flag| i64::from(flag.0), |raw| Ok(Flag(raw != 0)));
column!(Timestamp as i64, |at| at.micros(), |raw| Ok(Timestamp::from_micros(raw)));

macro_rules! ids {
    ($($id:ty)*) => {$( column!($id as String, |id| id.as_str().to_owned(), |raw| Ok(raw.parse()?)); )*};
}
ids! {
    AnswerId ApiKeyId AuditEntryId EventId ImportId IntakeId InvitationId MailId OrganizationId ProjectId QuestionId ReplayId SecretId SectionId SessionId UserId WebhookId
}
