//! A webhook's deliveries as a file, written while they are read: those that the page's filter chooses, newest first.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;

use crate::base::csv::{BOM, guarded, write_record};
use crate::base::{Clock, DeliveryId, OrganizationId, Timestamp, WebhookId};
use crate::db::{Db, DbError};
use crate::web::filters::{self, Typed};
use crate::web::{Context, Error, Result};
use crate::webhooks::actions::{self, Tools};
use crate::webhooks::pages::WebhooksAdmin;

use super::super::model::{Delivery, Search};
use super::super::store;
use super::deliveries::Query;

/// Deliveries that are read at once.
const PIECE: i64 = 250;

/// The columns of a CSV file.
const COLUMNS: [&str; 13] = [
    "id",
    "event_id",
    "event_type",
    "entity_ids",
    "webhook_id",
    "state",
    "reason",
    "attempts_made",
    "created_at",
    "next_attempt_at",
    "finished_at",
    "last_status_code",
    "last_error",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Ndjson,
}

impl Format {
    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

/// A delivery in a file, under the names that the API has for its marks.
#[derive(Serialize)]
struct Line<'a> {
    id: String,
    event_id: &'a str,
    event_type: &'static str,
    entity_ids: &'a [String],
    webhook_id: &'a str,
    state: &'static str,
    reason: Option<&'a str>,
    attempts_made: i64,
    created_at: String,
    next_attempt_at: Option<String>,
    finished_at: Option<String>,
    last_status_code: Option<u16>,
    last_error: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn new(delivery: &'a Delivery, now: Timestamp) -> Self {
        Self {
            id: delivery.id.to_string(),
            event_id: delivery.id.event.as_str(),
            event_type: delivery.event_type.as_str(),
            entity_ids: &delivery.entity_ids,
            webhook_id: delivery.id.webhook.as_str(),
            state: delivery.state.as_str(),
            reason: delivery.named_reason(),
            attempts_made: delivery.attempts_made,
            created_at: delivery.created_at.rfc3339(),
            next_attempt_at: delivery.next_attempt_at(now).map(Timestamp::rfc3339),
            finished_at: delivery.finished_at.map(Timestamp::rfc3339),
            last_status_code: delivery.last.status_code,
            last_error: delivery.last.error.as_deref(),
        }
    }

    fn write(&self, file: &mut String, format: Format) {
        match format {
            Format::Csv => self.write_record(file),
            Format::Ndjson => {
                let json = serde_json::to_string(self);
                file.push_str(&json.expect("texts, numbers and lists always have a JSON form"));
                file.push('\n');
            }
        }
    }

    /// In the order of [`COLUMNS`].
    fn write_record(&self, file: &mut String) {
        let (entities, attempts) = (self.entity_ids.join(" "), self.attempts_made.to_string());
        let status_code = self.last_status_code.map(|code| code.to_string());
        let cells = [
            &*self.id,
            self.event_id,
            self.event_type,
            &entities,
            self.webhook_id,
            self.state,
            self.reason.unwrap_or_default(),
            &attempts,
            &self.created_at,
            self.next_attempt_at.as_deref().unwrap_or_default(),
            self.finished_at.as_deref().unwrap_or_default(),
            status_code.as_deref().unwrap_or_default(),
            self.last_error.unwrap_or_default(),
        ]
        .map(guarded);
        write_record(file, cells.iter().map(|cell| &**cell));
    }
}

/// GET …/webhooks/{id}/deliveries.csv
pub(crate) async fn csv(
    admin: WebhooksAdmin,
    context: Data<Context>,
    tools: Data<Tools>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result {
    export(Format::Csv, &admin, &context, &tools, &request, &id).await
}

/// GET …/webhooks/{id}/deliveries.ndjson
pub(crate) async fn ndjson(
    admin: WebhooksAdmin,
    context: Data<Context>,
    tools: Data<Tools>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result {
    export(Format::Ndjson, &admin, &context, &tools, &request, &id).await
}

async fn export(
    format: Format,
    admin: &WebhooksAdmin,
    context: &Context,
    tools: &Tools,
    request: &HttpRequest,
    id: &str,
) -> Result {
    let id: WebhookId = id.parse().map_err(|_| Error::NotFound)?;
    let asked: Query = filters::read(request)?;
    let mut typed = Typed::default();
    let filter = asked.filter(admin.organization.time_zone, &mut typed)?;
    typed.refuse()?;
    let mut tx = context.db.begin().await?;
    actions::note_export(&mut tx, tools, &admin.actor(), &id, format.ending(), request.query_string()).await?;
    tx.commit().await?;
    let name = format!("attachment; filename=\"deliveries-{id}.{}\"", format.ending());
    let walk = Walk {
        format,
        db: context.db.clone(),
        clock: context.clock.clone(),
        organization: admin.organization.id.clone(),
        search: filter.of(id),
        place: Place::Start,
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.content_type()))
        .insert_header((CONTENT_DISPOSITION, name))
        .streaming(stream::try_unfold(walk, Walk::next)))
}

/// On the way through the log.
struct Walk {
    format: Format,
    db: Db,
    clock: Arc<dyn Clock>,
    organization: OrganizationId,
    search: Search,
    place: Place,
}

enum Place {
    Start,
    After((Timestamp, DeliveryId)),
    End,
}

impl Walk {
    async fn next(mut self) -> std::result::Result<Option<(Bytes, Self)>, DbError> {
        let after = match &self.place {
            Place::Start => None,
            Place::After(place) => Some(place),
            Place::End => return Ok(None),
        };
        let mut file = String::new();
        if after.is_none() && self.format == Format::Csv {
            file.push(BOM);
            write_record(&mut file, COLUMNS);
        }
        // The connection goes back between the pieces: a slow reader keeps nobody waiting.
        let mut conn = self.db.read().await?;
        let found = store::search_deliveries(&mut conn, &self.organization, &self.search, after, PIECE).await?;
        drop(conn);
        let is_full = i64::try_from(found.len()) == Ok(PIECE);
        let last = found.last().filter(|_| is_full);
        self.place = last.map_or(Place::End, |last| Place::After((last.created_at, last.id.clone())));
        let now = self.clock.now();
        found.iter().for_each(|delivery| Line::new(delivery, now).write(&mut file, self.format));
        Ok(Some((file.into(), self)))
    }
}
