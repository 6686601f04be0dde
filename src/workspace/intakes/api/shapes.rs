//! What is sent. The bodies are read beside their calls; the types here only describe them.

use utoipa::{IntoParams, ToSchema};

use crate::web::describe;
use crate::workspace::intakes::model::IntakeStatus;
use crate::workspace::shapes::{Description, Line, OptionalLine};

/// The marks by which intakes are found.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `list` reads")]
pub(crate) struct IntakeFilter {
    /// Only those with this status.
    #[param(inline)]
    status: Option<IntakeStatus>,
}

/// An intake to add.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "title": "Fleet telematics tender",
    "requester": "Marcus Webb",
    "email": "marcus.webb@severn.example",
    "client": "Severn Buses"
})))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewIntake {
    title: Line,
    /// Who asks, by name.
    requester: Option<OptionalLine>,
    /// Where to reach who asks.
    email: Option<describe::EmailOrNothing>,
    client: Option<OptionalLine>,
    due_date: Option<describe::DayOrNothing>,
    description: Option<Description>,
}

/// What is to change; what is left out stays, and `null` empties.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "status": "declined" })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct IntakeChange {
    #[schema(required = false)]
    title: Line,
    requester: Option<OptionalLine>,
    email: Option<describe::EmailOrNothing>,
    client: Option<OptionalLine>,
    due_date: Option<describe::DayOrNothing>,
    description: Option<Description>,
    /// What was decided.
    #[schema(required = false)]
    status: IntakeStatus,
}
