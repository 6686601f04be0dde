//! The shapes of replays. The body is read by [`super::replays`]; its type here only describes it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::{ReplayId, WebhookId};
use crate::delivery::model::{Replay, ReplayState};
use crate::events::EventType;
use crate::web::describe;

/// A replay, and how far it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Replay)]
pub(crate) struct ReplayWire {
    #[schema(value_type = describe::Id)]
    id: ReplayId,
    #[schema(value_type = describe::Id)]
    webhook_id: WebhookId,
    #[schema(value_type = ReplayState)]
    state: &'static str,
    /// Deliveries that it was started for.
    total: i64,
    /// Those that are at their end.
    done: i64,
    succeeded: i64,
    /// Those whose schedule is used up.
    failed: i64,
    #[schema(value_type = describe::Time)]
    created_at: String,
    #[schema(value_type = Option<describe::Time>, required)]
    finished_at: Option<String>,
}

impl From<Replay> for ReplayWire {
    fn from(replay: Replay) -> Self {
        Self {
            id: replay.id,
            webhook_id: replay.webhook,
            state: replay.state.as_str(),
            total: replay.total,
            done: replay.done,
            succeeded: replay.succeeded,
            failed: replay.failed,
            created_at: replay.created_at.rfc3339(),
            finished_at: replay.finished_at.map(|at| at.rfc3339()),
        }
    }
}

/// What a dry run says.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReplayCount {
    /// Deliveries that a replay would take now.
    pub total: i64,
}

/// Which deliveries are to be sent again.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "since": "2026-05-26T00:50:15-07:00", "states": ["failed", "cancelled"], "dry_run": true })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewReplay {
    /// Of events that were recorded at this time or later. In the past.
    #[schema(value_type = describe::AnyTime)]
    since: String,
    /// Of events that were recorded before this time. Left out: until now.
    #[schema(value_type = Option<describe::AnyTime>)]
    until: Option<String>,
    /// In one of these states. Left out: failed and cancelled.
    #[schema(min_items = 1, inline)]
    states: Option<Vec<ReplayableState>>,
    /// Of events of these types. Left out: of all.
    #[schema(min_items = 1)]
    event_types: Option<Vec<EventType>>,
    /// Only count them.
    dry_run: Option<bool>,
    /// How many of them start in a second at most. Left out: 100.
    #[schema(minimum = 1, maximum = 1000)]
    per_second: Option<u32>,
}

/// The states that a delivery can be brought back from.
#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) enum ReplayableState {
    Failed,
    Cancelled,
    Succeeded,
}
