//! Events, and what became of each at every webhook.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{EventId, Listing, OrganizationId, Place};
use crate::db::keyset::Keyset;
use crate::db::{Conn, DbError, Dialect, Flag, Row, sql};
use crate::events::{self, Event};

use super::super::model::{EventFilter, EventLine, EventRecord, Fate, FateOutcome, NotSent, Tally};
use super::deliveries;

const COLUMNS: &str = "id, event_type, entity_ids, performed_by, performed_at, recorded_at, webhooks_enabled";

/// Events of the organization, newest first, each with its deliveries by state.
pub async fn list_events(
    conn: &mut Conn,
    organization: &OrganizationId,
    filter: &EventFilter,
    place: &Place,
    limit: usize,
) -> Result<Listing<EventLine>, DbError> {
    let listing = Keyset::new(COLUMNS, "events", ("recorded_at", "id"))
        .and("organization_id =", organization.as_str())
        .and_if("event_type =", filter.event_type.map(|kind| kind.as_str()))
        .and_if("id =", filter.event.as_ref().map(EventId::as_str))
        .and_if("recorded_at >=", filter.since)
        .and_if("recorded_at <", filter.until)
        .and_names("entity_ids", filter.entity.as_deref())
        .page(conn, place, limit)
        .await?;
    let mut rows = listing.rows.iter().map(event_line).collect::<Result<Vec<_>, _>>()?;
    add_tallies(conn, &mut rows).await?;
    Ok(Listing { rows, has_newer: listing.has_newer, has_older: listing.has_older })
}

fn event_line(row: &Row) -> Result<EventLine, DbError> {
    let id: EventId = row.try_get(0)?;
    let event_type: String = row.try_get(1)?;
    let entity_ids: String = row.try_get(2)?;
    Ok(EventLine {
        event_type: event_type.parse().map_err(|e| DbError::inconsistent("events", "event_type", id.as_str(), e))?,
        entity_ids: serde_json::from_str(&entity_ids)
            .map_err(|e| DbError::inconsistent("events", "entity_ids", id.as_str(), e))?,
        performed_by: row.try_get(3)?,
        performed_at: row.try_get(4)?,
        recorded_at: row.try_get(5)?,
        webhooks_enabled: row.try_get::<Flag, _>(6)?.0,
        tally: Tally::default(),
        id,
    })
}

async fn add_tallies(conn: &mut Conn, events: &mut [EventLine]) -> Result<(), DbError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut tallies: HashMap<EventId, Tally> = HashMap::new();
    let text = format!(
        "SELECT event_id, state, CASE WHEN attempts > 0 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS attempted, COUNT(*) \
         FROM deliveries WHERE event_id IN {} GROUP BY event_id, state, attempted",
        sql::values(Dialect::of(conn), 1, 1, events.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(text)).persistent(false);
    for event in events.iter() {
        query = query.bind(&event.id);
    }
    for row in query.fetch_all(conn).await? {
        let event: EventId = row.try_get(0)?;
        let state: String = row.try_get(1)?;
        let state = state.parse().map_err(|e| DbError::inconsistent("deliveries", "state", event.as_str(), e))?;
        let attempted: Flag = row.try_get(2)?;
        tallies.entry(event).or_default().add(state, attempted.0, row.try_get(3)?);
    }
    for event in events {
        event.tally = tallies.remove(&event.id).unwrap_or_default();
    }
    Ok(())
}

/// One event of the organization, with what became of it.
pub async fn find_event(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &EventId,
) -> Result<Option<EventRecord>, DbError> {
    let Some(event) = events::store::find(conn, organization, id).await? else { return Ok(None) };
    let mut fates = sent(conn, organization, &event).await?;
    fates.extend(not_sent(conn, organization, &event).await?);
    Ok(Some(EventRecord { event, fates }))
}

/// Where there is a delivery, in the order in which the webhooks were made.
async fn sent(conn: &mut Conn, organization: &OrganizationId, event: &Event) -> Result<Vec<Fate>, DbError> {
    let text = format!(
        "SELECT {}, w.name, CASE WHEN w.deleted_at IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END FROM {} \
         WHERE d.event_id = $1 AND d.organization_id = $2 ORDER BY w.created_at, w.id",
        deliveries::COLUMNS,
        deliveries::TABLES
    );
    let rows = sqlx::query(AssertSqlSafe(text)).bind(&event.id).bind(organization).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(Fate {
                webhook: row.try_get(0)?,
                name: row.try_get(18)?,
                is_deleted: row.try_get::<Flag, _>(19)?.0,
                outcome: FateOutcome::Delivery(Box::new(deliveries::delivery(row)?)),
            })
        })
        .collect()
}

/// An organization may have deleted any number of webhooks; so many of those that never had the event are named.
const MOST_NOT_SENT: i64 = 250;

/// Where there is none: webhooks that there are now, and those that were there before the event, the latest first.
async fn not_sent(conn: &mut Conn, organization: &OrganizationId, event: &Event) -> Result<Vec<Fate>, DbError> {
    let rows = sqlx::query(
        "SELECT w.id, w.name, w.created_seq, w.deleted_seq FROM webhooks w \
         WHERE w.organization_id = $1 AND (w.deleted_at IS NULL OR w.created_seq <= $3) \
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.webhook_id = w.id AND d.event_id = $2) \
         ORDER BY CASE WHEN w.deleted_at IS NULL THEN 0 ELSE 1 END, w.created_at DESC, w.id DESC LIMIT $4",
    )
    .bind(organization)
    .bind(&event.id)
    .bind(event.seq)
    .bind(MOST_NOT_SENT)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let deleted_seq: Option<i64> = row.try_get(3)?;
            let why = NotSent::why(event.seq, event.webhooks_enabled, row.try_get(2)?, deleted_seq);
            Ok(Fate {
                webhook: row.try_get(0)?,
                name: row.try_get(1)?,
                is_deleted: deleted_seq.is_some(),
                outcome: FateOutcome::NotSent(why),
            })
        })
        .collect()
}
