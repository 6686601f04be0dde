//! `POST /api/v1/events` and `/events/batch`.

mod shapes;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::base::{ApiKeyId, Timestamp};
use crate::db::Db;
use crate::events::model::Draft;
use crate::events::{NewEvent, Recorder};
use crate::web::api_key::PublishKey;
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
    key: PublishKey,
    request: HttpRequest,
    payload: web::Payload,
    publisher: web::Data<Publisher>,
) -> Result {
    let call = Call {
        name: "events",
        bytes: json::BODY_BYTES,
        read: |body, now, errors| wire::event(body, now, errors).into_iter().collect(),
    };
    let answer = publisher.publish(key, &request, payload, call).await?;
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
    key: PublishKey,
    request: HttpRequest,
    payload: web::Payload,
    publisher: web::Data<Publisher>,
) -> Result {
    let call = Call { name: "events/batch", bytes: json::BATCH_BYTES, read: wire::batch };
    let answer = publisher.publish(key, &request, payload, call).await?;
    let data = answer.iter().map(Accepted::from).collect();
    Ok(HttpResponse::build(StatusCode::ACCEPTED).json(AcceptedBatch { data }))
}

/// One of the calls that publish.
struct Call {
    name: &'static str,
    /// How large its body may be.
    bytes: usize,
    /// From its body to events, or to what is wrong with it.
    read: fn(&Document, Timestamp, &mut Vec<FieldProblem>) -> Vec<Draft>,
}

impl Call {
    /// The events that the body asks for, and the key under which it may be sent again.
    fn drafts(&self, request: &HttpRequest, body: &Document, now: Timestamp) -> Result<(Vec<Draft>, Option<Once>)> {
        let mut errors = Vec::new();
        let drafts = (self.read)(body, now, &mut errors);
        let once = once(self.name, request, body, &mut errors);
        refuse(errors)?;
        Ok((drafts, once))
    }
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
    /// Publishes what the body asks for, with what is remembered of the key; where that turns out not to hold any more, with
    /// what is known of it by then.
    async fn publish(
        &self,
        key: PublishKey,
        request: &HttpRequest,
        payload: web::Payload,
        call: Call,
    ) -> Result<Vec<Answer>> {
        let key = self.admit(key).await?;
        let body = match json::read(request, payload, wire::limits(call.bytes)).await {
            Ok(body) => body,
            Err(problem) => return Err(key.refusal(problem).await),
        };
        let now = self.recorder.clock.now();
        let (drafts, once) = match call.drafts(request, &body, now) {
            Ok(drafts) => drafts,
            Err(problem) => return Err(key.refusal(problem).await),
        };
        match self.submit(&key, drafts, once, now).await? {
            Ok(answer) => Ok(answer),
            Err(Refusal::Outdated) => {
                let key = key.confirmed().await?;
                key.require_webhooks()?;
                let (drafts, once) = call.drafts(request, &body, now)?;
                self.submit(&key, drafts, once, now).await?.map_err(problem)
            }
            Err(refusal) => Err(problem(refusal)),
        }
    }

    /// Whether the caller may publish now.
    async fn admit(&self, mut key: PublishKey) -> Result<PublishKey> {
        if !key.organization.webhooks_enabled {
            key = key.confirmed().await?;
            key.require_webhooks()?;
        }
        let Some(throttle) = &self.rate else { return Ok(key) };
        match throttle.check(&key.id) {
            Ok(()) => Ok(key),
            Err(wait) => Err(key.refusal(Problem::too_many(wait)).await),
        }
    }

    /// Records the events and answers once they are on disk.
    async fn submit(
        &self,
        key: &PublishKey,
        drafts: Vec<Draft>,
        once: Option<Once>,
        now: Timestamp,
    ) -> Result<std::result::Result<Vec<Answer>, Refusal>> {
        let organization = &key.organization;
        let prepare = |draft| {
            NewEvent::prepare(organization.id.clone(), organization.time_zone, draft, now, self.recorder.rng.as_ref())
        };
        let command = Publish {
            organization: organization.id.clone(),
            as_of: key.as_of(),
            events: drafts.into_iter().map(prepare).collect(),
            once,
            dispatch: self.recorder.dispatch.clone(),
        };
        Ok(self.db.submit(command).await?.map(|published| published.answer))
    }
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::WebhooksNotEnabled => Problem::WebhooksNotEnabled,
        Refusal::KeyOfAnother => Problem::invalid(IDEMPOTENCY_KEY, "This key was used with another body."),
        Refusal::Outdated => Problem::internal("what was just looked up is said to be out of date"),
    }
}
