//! GET /settings/audit-log.csv: the log as a file, written while it is read: the entries that the page's filter chooses,
//! newest first.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;

use super::Query;
use crate::accounts::audit::actions;
use crate::auth::audit::{self, Filter, Named};
use crate::base::csv::{BOM, guarded, write_record};
use crate::base::{Cursor, OrganizationId, Place};
use crate::db::{Db, DbError};
use crate::web::filters::{self, Typed};
use crate::web::guard::Admin;
use crate::web::{Context, Result};

/// Entries that are read at once.
const PIECE: usize = 250;

const COLUMNS: [&str; 9] = ["id", "at", "actor", "name", "action", "subject", "source", "address", "details"];

/// GET /settings/audit-log.csv
pub async fn csv(admin: Admin, context: web::Data<Context>, request: HttpRequest) -> Result {
    let asked: Query = filters::read(&request)?;
    let mut typed = Typed::default();
    let filter = asked.filter(admin.organization.time_zone, &mut typed);
    typed.refuse()?;
    let (now, rng) = (context.clock.now(), context.rng.as_ref());
    let mut tx = context.db.begin().await?;
    actions::note_export(&mut tx, now, rng, &admin.actor(), request.query_string()).await?;
    tx.commit().await?;
    let organization = admin.organization.id.clone();
    let walk = Walk { db: context.db.clone(), organization, filter, next: Some(Place::Newest) };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"audit-log.csv\""))
        .streaming(stream::try_unfold(walk, Walk::step)))
}

/// On the way through the log.
struct Walk {
    db: Db,
    organization: OrganizationId,
    filter: Filter,
    /// `None`: at the end.
    next: Option<Place>,
}

impl Walk {
    async fn step(mut self) -> std::result::Result<Option<(Bytes, Self)>, DbError> {
        let Some(place) = self.next.take() else { return Ok(None) };
        let mut file = String::new();
        if place == Place::Newest {
            file.push(BOM);
            write_record(&mut file, COLUMNS);
        }
        // The connection goes back between the pieces: a slow reader keeps nobody waiting.
        let mut conn = self.db.read().await?;
        let listing = audit::list(&mut conn, &self.organization, &self.filter, &place, PIECE).await?;
        drop(conn);
        listing.rows.iter().for_each(|named| write(&mut file, named));
        let last = listing.rows.last().filter(|_| listing.has_older);
        self.next = last.map(|Named { entry, .. }| Place::OlderThan(Cursor { at: entry.at, id: entry.id.to_string() }));
        Ok(Some((file.into(), self)))
    }
}

/// In the order of [`COLUMNS`].
fn write(file: &mut String, Named { entry, name }: &Named) {
    let (at, details) = (entry.at.rfc3339(), entry.details.to_string());
    let cells = [
        entry.id.as_str(),
        &at,
        &entry.actor,
        name.as_deref().unwrap_or_default(),
        &entry.action,
        &entry.subject,
        &entry.source,
        entry.address.as_deref().unwrap_or_default(),
        &details,
    ]
    .map(guarded);
    write_record(file, cells.iter().map(|cell| &**cell));
}
