//! The events table. Rows are never changed.

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{Cursor, EventId, OrganizationId, Timestamp};
use crate::db::{Conn, DbError, Dialect, Flag, Row, sql};

use super::catalog::EventType;
use super::model::{Event, NewEvent};

const INSERT: sql::Insert<'_> = sql::Insert {
    table: "events",
    columns: &[
        ("id", "id"),
        ("organization_id", sql::SHARED),
        ("seq", "seq"),
        ("event_type", "event_type"),
        ("entity_ids", "entity_ids"),
        ("performed_by", "performed_by"),
        ("performed_at", "performed_at"),
        ("data", "data"),
        ("body", "body"),
        ("webhooks_enabled", "enabled"),
        ("recorded_at", "recorded_at"),
    ],
    own: &[
        ("id", "TEXT"),
        ("seq", "BIGINT"),
        ("event_type", "TEXT"),
        ("entity_ids", "TEXT"),
        ("performed_by", "TEXT"),
        ("performed_at", "BIGINT"),
        ("data", "TEXT"),
        ("body", "TEXT"),
        ("enabled", "BIGINT"),
        ("recorded_at", "BIGINT"),
    ],
};

/// Inserts `events`, all of `organization`, with ascending numbers from `first_seq`.
pub(super) async fn insert(
    conn: &mut Conn,
    organization: &OrganizationId,
    events: &[&NewEvent],
    first_seq: i64,
    webhooks_enabled: bool,
) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    let mut seq = first_seq;
    for (piece, places) in sql::pieces(events) {
        let text = sql::shaped(dialect, "events.insert", places, |places| INSERT.text(dialect, places));
        let mut query = sqlx::query(text);
        for event in piece {
            let entity_ids =
                serde_json::to_string(&event.entity_ids).expect("a list of strings always has a JSON form");
            query = query
                .bind(&event.id)
                .bind(seq)
                .bind(event.event_type.as_str())
                .bind(entity_ids)
                .bind(event.performed_by.as_str())
                .bind(event.performed_at)
                .bind(event.data.as_deref())
                .bind(&*event.body)
                .bind(Flag(webhooks_enabled))
                .bind(event.recorded_at);
            seq += 1;
        }
        INSERT.pad(query, places - piece.len()).bind(organization).execute(&mut *conn).await?;
    }
    Ok(())
}

const COLUMNS: &str =
    "id, seq, event_type, entity_ids, performed_by, performed_at, data, body, webhooks_enabled, recorded_at";

fn event(row: &Row) -> Result<Event, DbError> {
    let id: EventId = row.try_get(0)?;
    let event_type: String = row.try_get(2)?;
    let entity_ids: String = row.try_get(3)?;
    Ok(Event {
        seq: row.try_get(1)?,
        event_type: event_type.parse().map_err(|e| DbError::inconsistent("events", "event_type", id.as_str(), e))?,
        entity_ids: serde_json::from_str(&entity_ids)
            .map_err(|e| DbError::inconsistent("events", "entity_ids", id.as_str(), e))?,
        performed_by: row.try_get(4)?,
        performed_at: row.try_get(5)?,
        data: row.try_get(6)?,
        body: row.try_get(7)?,
        webhooks_enabled: row.try_get::<Flag, _>(8)?.0,
        recorded_at: row.try_get(9)?,
        id,
    })
}

/// One event of the organization.
pub async fn find(conn: &mut Conn, organization: &OrganizationId, id: &EventId) -> Result<Option<Event>, DbError> {
    let row =
        sqlx::query(AssertSqlSafe(format!("SELECT {COLUMNS} FROM events WHERE organization_id = $1 AND id = $2")))
            .bind(organization)
            .bind(id)
            .fetch_optional(conn)
            .await?;
    row.as_ref().map(event).transpose()
}

/// Which events a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub event_type: Option<EventType>,
    /// recorded_at is at or after this.
    pub since: Option<Timestamp>,
    /// recorded_at is before this.
    pub until: Option<Timestamp>,
}

/// Events of the organization, newest first, `limit` of them after `after`.
pub async fn list(
    conn: &mut Conn,
    organization: &OrganizationId,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Event>, DbError> {
    let latest = Timestamp::from_micros(i64::MAX);
    let (at, id) = after.map_or((latest, ""), |cursor| (cursor.at, cursor.id.as_str()));
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM events WHERE organization_id = $1 AND (recorded_at, id) < ($2, $3) \
         AND recorded_at >= $4 AND recorded_at < $5 AND ($6 = '' OR event_type = $6) \
         ORDER BY recorded_at DESC, id DESC LIMIT $7"
    )))
    .bind(organization)
    .bind(at)
    .bind(id)
    .bind(filter.since.unwrap_or(Timestamp::from_micros(i64::MIN)))
    .bind(filter.until.unwrap_or(latest))
    .bind(filter.event_type.map_or("", EventType::as_str))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    rows.iter().map(event).collect()
}
