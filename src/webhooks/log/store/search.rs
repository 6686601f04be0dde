//! Deliveries of a whole organization, newest first, by any of their marks.
//!
//! Every combination is answered by an index (the tests below ask SQLite for its plans). Which one is
//! told by where the organization is asked for: on the one row of the webhook or of the event that the rest hangs on, or
//! on the deliveries themselves. A state alone has no index of its own, which every change of a state would have to
//! write: each webhook's newest ones are read from the index that webhooks have, and merged.

use sqlx::AssertSqlSafe;

use crate::base::{DeliveryId, EventId, OrganizationId, Timestamp, WebhookId};
use crate::db::keyset::{Value, bind, named, names};
use crate::db::{Conn, DbError, Dialect};

use super::super::model::{Delivery, Search};
use super::deliveries::{COLUMNS, TABLES, delivery};

/// At most `limit` deliveries that `search` wants, newest first, after the delivery `after` of that time.
pub async fn search_deliveries(
    conn: &mut Conn,
    organization: &OrganizationId,
    search: &Search,
    after: Option<&(Timestamp, DeliveryId)>,
    limit: i64,
) -> Result<Vec<Delivery>, DbError> {
    let (text, values) = statement(Dialect::of(conn), organization, search, after, limit);
    let mut query = sqlx::query(AssertSqlSafe(text));
    for value in &values {
        query = bind(query, value);
    }
    query.fetch_all(conn).await?.iter().map(delivery).collect()
}

fn statement(
    dialect: Dialect,
    organization: &OrganizationId,
    search: &Search,
    after: Option<&(Timestamp, DeliveryId)>,
    limit: i64,
) -> (String, Vec<Value>) {
    let mut values = vec![Value::from(organization.as_str()), Value::Int(limit)];
    let conditions = conditions(search, after, &mut values);
    let by_state = dialect.indexed_by("deliveries_state");
    let plain = |organization: &str| (TABLES.to_owned(), organization.to_owned());
    let (tables, organization) = match search {
        Search { event: Some(_), .. } => plain("e.organization_id = $1"),
        Search { webhook: Some(_), state: None, .. } => plain("w.organization_id = $1"),
        Search { state: None, .. } => plain("d.organization_id = $1"),
        Search { webhook: Some(_), state: Some(_), .. } => {
            (TABLES.replacen(" d", &format!(" d{by_state}"), 1), "w.organization_id = $1".to_owned())
        }
        // The webhooks come first, which CROSS JOIN tells SQLite: each is one range of the index.
        Search { webhook: None, state: Some(_), .. } => (
            format!("webhooks w CROSS JOIN deliveries d{by_state} JOIN events e ON e.id = d.event_id"),
            among_newest(dialect, &of("n", &conditions), limit),
        ),
    };
    let text = format!(
        "SELECT {COLUMNS} FROM {tables} WHERE {organization}{} \
         ORDER BY d.created_at DESC, d.event_id DESC, d.webhook_id DESC LIMIT $2",
        of("d", &conditions)
    );
    (text, values)
}

/// The conditions for the deliveries of that alias.
fn of(alias: &str, conditions: &[String]) -> String {
    conditions.iter().map(|condition| condition.replace("{}", alias)).collect()
}

/// Of each webhook of the organization the newest `limit` deliveries that the conditions take, and those of the same
/// microsecond as the last of them: the page is among these.
fn among_newest(dialect: Dialect, conditions: &str, limit: i64) -> String {
    let (hint, by_state) = (dialect.hint(" AND d.organization_id = $1"), dialect.indexed_by("deliveries_state"));
    let skipped = limit.saturating_sub(1).max(0);
    format!(
        "w.organization_id = $1{hint} AND d.webhook_id = w.id AND d.created_at >= COALESCE((SELECT n.created_at FROM deliveries n{by_state} \
         WHERE n.webhook_id = w.id{conditions} ORDER BY n.created_at DESC, n.event_id DESC LIMIT 1 OFFSET {skipped}), 0)"
    )
}

/// What a delivery must be like, each condition with `{}` for the deliveries' alias and a leading `AND`.
fn conditions(search: &Search, after: Option<&(Timestamp, DeliveryId)>, values: &mut Vec<Value>) -> Vec<String> {
    let mut conditions = Vec::new();
    let mut and = |comparison: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            conditions.push(format!(" AND {{}}.{comparison} ${}", values.len()));
        }
    };
    and("webhook_id =", search.webhook.as_ref().map(WebhookId::as_str).map(Value::from));
    and("event_id =", search.event.as_ref().map(EventId::as_str).map(Value::from));
    and("state =", search.state.map(|state| state.as_str().into()));
    and("event_type =", search.event_type.map(|kind| kind.as_str().into()));
    and("last_status =", search.status_code.map(|code| Value::Int(code.into())));
    and("created_at >=", search.since.map(Value::from));
    if let Some(entity) = &search.entity {
        let is_named = names("x.entity_ids", values.len() + 1);
        values.extend(named(entity));
        conditions.push(format!(" AND EXISTS (SELECT 1 FROM events x WHERE x.id = {{}}.event_id AND {is_named})"));
    }
    if let Some((at, event, webhook)) = upper_end(search.until, after) {
        let first = values.len() + 1;
        values.extend([Value::from(at), event.into(), webhook.into()]);
        conditions.push(format!(
            " AND ({{}}.created_at, {{}}.event_id, {{}}.webhook_id) < (${first}, ${}, ${})",
            first + 1,
            first + 2
        ));
    }
    conditions
}

/// The key before which all rows of the page stand: one, since of two an engine may enter the index at the later one, and
/// read up to the other. No id is less than "".
fn upper_end(until: Option<Timestamp>, after: Option<&(Timestamp, DeliveryId)>) -> Option<(Timestamp, &str, &str)> {
    let after = after.map(|(at, id)| (*at, id.event.as_str(), id.webhook.as_str()));
    let until = until.map(|until| (until, "", ""));
    [after, until].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;
    use crate::db::{Db, Options};

    const EVENT: &str = "EVT-60adfdb750b58a0c2d78bdd8";
    const WEBHOOK: &str = "60adfdb750b58a0c2d78bdd8";

    /// How SQLite answers the search: its steps, one a line.
    async fn plan(db: &Db, search: &Search, after: Option<&(Timestamp, DeliveryId)>) -> String {
        let organization = WEBHOOK.parse().unwrap();
        let (text, values) = statement(Dialect::Sqlite, &organization, search, after, 51);
        let text = format!("EXPLAIN QUERY PLAN {text}");
        let query = values.iter().fold(sqlx::query(AssertSqlSafe(text)), bind);
        let rows = query.fetch_all(&mut *db.read().await.unwrap()).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(3)).collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn every_combination_is_answered_by_the_index_that_fits_it() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("herald.db").display());
        let db = Db::open(&url, Options::default()).await.unwrap();
        let after = (
            Timestamp::from_seconds(1_800_000_000),
            DeliveryId { webhook: WEBHOOK.parse().unwrap(), event: EVENT.parse().unwrap() },
        );
        for marks in 0..128_u8 {
            let has = |bit: u8| marks & (1 << bit) != 0;
            let search = Search {
                webhook: has(0).then(|| WEBHOOK.parse().unwrap()),
                event: has(1).then(|| EVENT.parse().unwrap()),
                state: has(2).then_some(crate::delivery::model::DeliveryState::Failed),
                event_type: has(3).then_some(crate::events::EventType::IntakeCreated),
                status_code: has(6).then_some(503),
                entity: has(6).then(|| "x".into()),
                since: has(4).then_some(Timestamp::from_seconds(1_700_000_000)),
                until: has(4).then_some(Timestamp::from_seconds(1_900_000_000)),
            };
            let index = match &search {
                Search { webhook: Some(_), event: Some(_), .. } => {
                    "sqlite_autoindex_deliveries_1 (event_id=? AND webhook_id=?"
                }
                Search { event: Some(_), .. } => "sqlite_autoindex_deliveries_1 (event_id=?",
                Search { state: Some(_), .. } => "deliveries_state (webhook_id=? AND state=?",
                Search { webhook: Some(_), .. } => "deliveries_log (webhook_id=?",
                _ => "deliveries_organization (organization_id=?",
            };
            let plan = plan(&db, &search, has(5).then_some(&after)).await;
            assert!(plan.contains(index) && !plan.contains("SCAN"), "{search:?}: {plan}");
            // Without an end in the middle, the index gives the order too, and the page is read off it.
            let is_walked = search.event.is_none() && (search.state.is_none() || search.webhook.is_some());
            assert!(!is_walked || !plan.contains("TEMP B-TREE"), "{search:?}: {plan}");
        }
        db.close().await;
    }
}
