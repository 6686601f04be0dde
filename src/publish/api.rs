//! `POST /api/v1/events` and `/events/batch`.

mod shapes;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::base::{ApiKeyId, Timestamp};
use crate::db::Db;
use crate::events::model::Draft;
use crate::events::{NewEvent, Recorder};
use crate::web::api_key::{self, ApiKey};
use crate::web::describe;
use crate::web::json::{self, Document};
use crate::web::problem::{FieldProblem, Problem, Result, refuse};
use crate::web::throttle::Throttle;

use super::actions::{Publish, Refusal};
use super::model::{Answer, Broken, Once};
use super::wire;
use shapes::{Accepted, AcceptedBatch};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Publish an event
///
/// Answered once the event and its deliveries are on disk; sending them begins at once. An `Idempotency-Key` makes it safe to send
/// the call again after an answer got lost. Refused calls are not remembered.
#[utoipa::path(
    post, path = "/events", operation_id = "publishEvent", tag = "Publishing",
    security(("api_key" = ["publish"])),
    params(describe::IdempotencyKey),
    request_body(content = shapes::NewEvent, description = "Up to 256 KiB."),
    responses(
        (status = 202, description = "The event is recorded.", body = Accepted),
        describe::ByKey, describe::WithBody, describe::Saves, describe::TooManyRequests,
    ),
)]
pub(crate) async fn publish(
    key: ApiKey<api_key::Publish>,
    request: HttpRequest,
    payload: web::Payload,
    publisher: web::Data<Publisher>,
) -> Result {
    publisher.admit(&key)?;
    let body = json::read(&request, payload, wire::limits(json::BODY_BYTES)).await?;
    let now = publisher.recorder.clock.now();
    let mut errors = Vec::new();
    let draft = wire::event(&body, now, &mut errors);
    let once = once("events", &request, &body, &mut errors);
    refuse(errors)?;
    let answer = publisher.submit(&key, draft.into_iter().collect(), once, now).await?;
    let event = answer.first().ok_or_else(|| Problem::internal("an event was published without an answer"))?;
    Ok(HttpResponse::build(StatusCode::ACCEPTED).json(Accepted::from(event)))
}

/// Publish many events
///
/// All or nothing: up to 500 events in one transaction, in their order. A refusal names what is wrong with each of them.
#[utoipa::path(
    post, path = "/events/batch", operation_id = "publishEvents", tag = "Publishing",
    security(("api_key" = ["publish"])),
    params(describe::IdempotencyKey),
    request_body(content = shapes::NewEvents, description = "Up to 5 MiB."),
    responses(
        (status = 202, description = "All of them are recorded.", body = AcceptedBatch),
        describe::ByKey, describe::WithBody, describe::Saves, describe::TooManyRequests,
    ),
)]
pub(crate) async fn batch(
    key: ApiKey<api_key::Publish>,
    request: HttpRequest,
    payload: web::Payload,
    publisher: web::Data<Publisher>,
) -> Result {
    publisher.admit(&key)?;
    let body = json::read(&request, payload, wire::limits(json::BATCH_BYTES)).await?;
    let now = publisher.recorder.clock.now();
    let mut errors = Vec::new();
    let drafts = wire::batch(&body, now, &mut errors);
    let once = once("events/batch", &request, &body, &mut errors);
    refuse(errors)?;
    let answer = publisher.submit(&key, drafts, once, now).await?;
    let data = answer.iter().map(Accepted::from).collect();
    Ok(HttpResponse::build(StatusCode::ACCEPTED).json(AcceptedBatch { data }))
}

/// The request's Idempotency-Key, if it has one.
fn once(call: &'static str, request: &HttpRequest, body: &Document, errors: &mut Vec<FieldProblem>) -> Option<Once> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY);
    let key = keys.next()?;
    let once = match keys.next() {
        None => Once::new(call, key.as_bytes(), body.as_bytes()),
        Some(_) => Err(Broken::IdempotencyKey),
    };
    once.map_err(|broken| errors.push(FieldProblem::new(IDEMPOTENCY_KEY, broken.to_string()))).ok()
}

/// Takes events to the grouped writer.
pub struct Publisher {
    pub db: Db,
    pub recorder: Recorder,
    /// HERALD_PUBLISH_RATE for each key, if there is one.
    pub rate: Option<Throttle<ApiKeyId>>,
}

impl Publisher {
    /// Whether the caller may publish now.
    fn admit(&self, key: &ApiKey<api_key::Publish>) -> Result<()> {
        key.require_webhooks()?;
        let Some(throttle) = &self.rate else { return Ok(()) };
        throttle.check(&key.id).map_err(Problem::too_many)
    }

    /// Records the events and answers once they are on disk.
    async fn submit(
        &self,
        key: &ApiKey<api_key::Publish>,
        drafts: Vec<Draft>,
        once: Option<Once>,
        now: Timestamp,
    ) -> Result<Vec<Answer>> {
        let organization = &key.organization;
        let prepare = |draft| {
            NewEvent::prepare(organization.id.clone(), organization.time_zone, draft, now, self.recorder.rng.as_ref())
        };
        let command = Publish {
            organization: organization.id.clone(),
            events: drafts.into_iter().map(prepare).collect(),
            once,
            dispatch: self.recorder.dispatch.clone(),
        };
        match self.db.submit(command).await? {
            Ok(published) => Ok(published.answer),
            Err(Refusal::WebhooksNotEnabled) => Err(Problem::WebhooksNotEnabled),
            Err(Refusal::KeyOfAnother) => {
                Err(Problem::invalid(IDEMPOTENCY_KEY, "This key was used with another body."))
            }
        }
    }
}
