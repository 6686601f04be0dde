//! Why a call is refused, as problem documents.

use crate::web::problem::{FieldProblem, Problem};
use crate::webhooks::actions::Refusal;
use crate::webhooks::model::{Field, Invalid};

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::NotEnabled => Self::WebhooksNotEnabled,
            Refusal::HeldChoice { count } => Self::HeldDeliveries { held_count: count },
            Refusal::TooLate => Self::Gone(refusal.to_string().into()),
            Refusal::Stale => Self::Conflict("Another change came in between. Try again.".into()),
            Refusal::TooMany(_) | Refusal::TooManySecrets(_) | Refusal::WrongState { .. } => {
                Self::Conflict(refusal.to_string().into())
            }
            Refusal::Db(error) => error.into(),
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let problems = invalid.0.into_iter().map(|(field, message)| FieldProblem::new(path(field), message));
        Self::Invalid(problems.collect())
    }
}

/// Where a field stands in a body.
pub(super) fn path(field: Field) -> String {
    match field {
        Field::Name => "name".into(),
        Field::Description => "description".into(),
        Field::Url => "url".into(),
        Field::Status => "state".into(),
        Field::MaxConcurrency => "max_concurrency".into(),
        Field::MaxPerSecond => "max_per_second".into(),
        Field::Headers => "headers".into(),
        Field::HeaderName(row) => format!("headers[{row}].name"),
        Field::HeaderValue(row) => format!("headers[{row}].value"),
        Field::Events => "events".into(),
        Field::Event(place) => format!("events[{place}]"),
        Field::Signing => "signing".into(),
        Field::SigningSecret => "signing_secret".into(),
        Field::Held => "held".into(),
        Field::HeldPerSecond => "held_per_second".into(),
        Field::Example => "event_type".into(),
    }
}
