//! Attempt and next state, written together, in groups.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::Row as _;

use crate::base::{OrganizationId, Timestamp, WebhookId};
use crate::db::{Command, Conn, DbError, Dialect, Flag, Turn, meta, sql};
use crate::delivery::model::{AlertKind, AttemptResult, DisabledReason, Spell, Trigger, Verdict};
use crate::delivery::outcome::Outcome;
use crate::events::record::next_seq;

use super::alerts::{self, Evidence, News};
use super::change;

/// Writes an attempt and what it makes of its delivery, if the lease it was made under is still the delivery's.
#[derive(Clone, Debug)]
pub struct RecordResult(pub Arc<AttemptResult>);

/// What results make of the health of a webhook. Of those written together, the first of a webhook says it for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// It is active, and nothing but fails.
    pub failing: Option<Spell>,
    /// People are to be told something.
    pub has_news: bool,
}

impl Command for RecordResult {
    type Output = Health;

    const TURN: Turn = Turn::Webhooks;

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<Health>, DbError>> {
        Box::pin(async move {
            record(conn, &commands.iter().map(|RecordResult(result)| &**result).collect::<Vec<_>>()).await
        })
    }

    fn weight(&self) -> usize {
        self.0.weight()
    }
}

/// The same for many at once, all of them or none: what they share is done once.
#[derive(Clone, Debug)]
pub struct RecordResults(pub Vec<Arc<AttemptResult>>);

impl Command for RecordResults {
    /// One for each.
    type Output = Vec<Health>;

    const TURN: Turn = Turn::Webhooks;

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<Vec<Health>>, DbError>> {
        Box::pin(async move {
            let results: Vec<&AttemptResult> =
                commands.iter().flat_map(|command| &command.0).map(|result| &**result).collect();
            let mut health = record(conn, &results).await?.into_iter();
            Ok(commands.iter().map(|command| health.by_ref().take(command.0.len()).collect()).collect())
        })
    }

    fn weight(&self) -> usize {
        self.0.iter().map(|result| result.weight()).sum()
    }
}

async fn record(conn: &mut Conn, results: &[&AttemptResult]) -> Result<Vec<Health>, DbError> {
    // Webhooks before deliveries, as whoever pauses one does: the other way round, each might wait for the other.
    let mut health = update_health(conn, &tallies(results)).await?;
    answer_asked(conn, results).await?;
    for (piece, places) in sql::pieces(results) {
        if update_next(conn, piece, places).await? == piece.len() {
            insert_attempts(conn, piece).await?;
        } else {
            // Done once more for those that were in order, which changes nothing.
            for piece in sql::shapes(piece) {
                insert_late_attempts(conn, piece).await?;
            }
            update_deliveries(conn, piece, places, &LATE).await?;
            for piece in sql::shapes(piece) {
                count_late(conn, piece).await?;
            }
        }
    }
    Ok(results.iter().map(|result| health.remove(&result.id.webhook).unwrap_or_default()).collect())
}

/// Redeliveries that have been made, under the lease that is still their delivery's: few, whatever else is recorded with them.
async fn answer_asked(conn: &mut Conn, results: &[&AttemptResult]) -> Result<(), DbError> {
    let text =
        "UPDATE deliveries SET redelivery_asked_at = NULL WHERE webhook_id = $1 AND event_id = $2 AND lease = $3";
    for result in results.iter().filter(|result| result.trigger == Trigger::Redeliver) {
        let query = sqlx::query(text).bind(&result.id.webhook).bind(&result.id.event);
        query.bind(result.lease).execute(&mut *conn).await?;
    }
    Ok(())
}

const INSERT: sql::Insert<'_> = sql::Insert {
    table: "attempts",
    columns: &[
        ("webhook_id", "webhook_id"),
        ("event_id", "event_id"),
        ("number", "number"),
        ("organization_id", sql::SHARED),
        ("trigger_kind", sql::SHARED),
        ("started_at", "started_at"),
        ("duration", "duration"),
        ("url", "url"),
        ("outcome", sql::SHARED),
        ("status_code", "status_code"),
        ("error", "error"),
        ("request_headers", "request_headers"),
        ("response_headers", "response_headers"),
        ("response_body", "response_body"),
        ("response_encoding", sql::SHARED),
        ("response_truncated", "truncated"),
    ],
    own: &[
        ("webhook_id", "TEXT"),
        ("event_id", "TEXT"),
        ("number", "BIGINT"),
        ("started_at", "BIGINT"),
        ("duration", "BIGINT"),
        ("url", "TEXT"),
        ("status_code", "BIGINT"),
        ("error", "TEXT"),
        ("request_headers", "TEXT"),
        ("response_headers", "TEXT"),
        ("response_body", "TEXT"),
        ("truncated", "BIGINT"),
    ],
};

/// What attempts that are written by one statement share.
fn shared(result: &AttemptResult) -> (&OrganizationId, &'static str, &'static str, &'static str) {
    let attempt = &result.attempt;
    (&attempt.organization, result.trigger.as_str(), attempt.outcome, attempt.response_body.encoding)
}

/// Attempts whose numbers are known, because the deliveries are counted to just before them.
async fn insert_attempts(conn: &mut Conn, results: &[&AttemptResult]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    let mut results = results.to_vec();
    results.sort_by(|one, other| shared(one).cmp(&shared(other)));
    for alike in results.chunk_by(|one, next| shared(one) == shared(next)) {
        for (piece, places) in sql::pieces(alike) {
            let text = sql::shaped(dialect, "attempts.insert", places, |places| INSERT.text(dialect, places));
            let mut query = sqlx::query(text);
            for result in piece {
                let attempt = &result.attempt;
                query = query
                    .bind(&result.id.webhook)
                    .bind(&result.id.event)
                    .bind(result.number)
                    .bind(attempt.started_at)
                    .bind(attempt.duration_micros)
                    .bind(attempt.url.as_str())
                    .bind(attempt.status_code.map(i64::from))
                    .bind(attempt.error.as_deref())
                    .bind(attempt.request_headers.as_str())
                    .bind(attempt.response_headers.as_str())
                    .bind(attempt.response_body.text.as_str())
                    .bind(Flag(attempt.response_truncated));
            }
            let (organization, trigger, outcome, encoding) = shared(piece[0]);
            let query = INSERT.pad(query, places - piece.len());
            query.bind(organization).bind(trigger).bind(outcome).bind(encoding).execute(&mut *conn).await?;
        }
    }
    Ok(())
}

/// Numbers attempts in the order in which they are recorded: a late one, whose lease had run out and whose delivery was
/// sent again meanwhile, takes no number from the other. One so late that its delivery has been removed leaves nothing.
async fn insert_late_attempts(conn: &mut Conn, results: &[&AttemptResult]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    let text = sql::shaped(dialect, "attempts.insert_late", results.len(), |rows| {
        format!(
            "WITH v ({ATTEMPT}) AS (VALUES {}) INSERT INTO attempts ({ATTEMPT}, number) \
             SELECT {ATTEMPT}, (SELECT COALESCE(MAX(a.number), 0) + 1 FROM attempts a \
             WHERE a.webhook_id = v.webhook_id AND a.event_id = v.event_id) FROM v \
             WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.webhook_id = v.webhook_id AND d.event_id = v.event_id)",
            sql::typed_values(dialect, 1, rows, &ATTEMPT_TYPES)
        )
    });
    let query = results.iter().fold(sqlx::query(text), |query, result| bind_attempt(query, result));
    query.execute(conn).await?;
    Ok(())
}

/// The columns of an attempt but its number, as [`bind_attempt`] binds them.
const ATTEMPT: &str = "webhook_id, event_id, organization_id, trigger_kind, started_at, duration, url, outcome, status_code, error, \
    request_headers, response_headers, response_body, response_encoding, response_truncated";
const ATTEMPT_TYPES: [&str; 15] = [
    "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "TEXT", "TEXT", "BIGINT", "TEXT", "TEXT", "TEXT", "TEXT",
    "TEXT", "BIGINT",
];

fn bind_attempt<'q>(query: sql::Statement<'q>, result: &'q AttemptResult) -> sql::Statement<'q> {
    let attempt = &result.attempt;
    query
        .bind(&result.id.webhook)
        .bind(&result.id.event)
        .bind(&attempt.organization)
        .bind(result.trigger.as_str())
        .bind(attempt.started_at)
        .bind(attempt.duration_micros)
        .bind(attempt.url.as_str())
        .bind(attempt.outcome)
        .bind(attempt.status_code.map(i64::from))
        .bind(attempt.error.as_deref())
        .bind(attempt.request_headers.as_str())
        .bind(attempt.response_headers.as_str())
        .bind(attempt.response_body.text.as_str())
        .bind(attempt.response_body.encoding)
        .bind(Flag(attempt.response_truncated))
}

/// The states that an attempt's end moves a delivery to:
///
/// | verdict | pending | held | cancelled, failed, succeeded |
/// |---|---|---|---|
/// | success | succeeded | succeeded | succeeded |
/// | retry | pending, due then | held | unchanged |
/// | gave up | failed | failed | unchanged |
/// | unchanged (a redelivery) | unchanged | unchanged | unchanged |
///
/// An attempt that failed is as good as a redelivery once a replay has started the schedule anew.
///
/// Returns how many of the results came under the lease that is still their delivery's.
async fn update_deliveries(
    conn: &mut Conn,
    results: &[&AttemptResult],
    places: usize,
    count: &Count,
) -> Result<usize, DbError> {
    const TYPES: [&str; 13] = [
        "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT", "TEXT", "BIGINT", "BIGINT", "BIGINT", "BIGINT", "TEXT", "TEXT",
        "BIGINT",
    ];
    let dialect = Dialect::of(conn);
    let text = sql::shaped(dialect, count.name, places, |rows| {
        // Of the schedule that the attempt was made by; a replay may have begun another one since.
        let (retried, gave_up) = ("(verdict = 'retry' AND step = s)", "(verdict = 'gave_up' AND step = s)");
        format!(
            "WITH v (w, e, l, n, s, verdict, due, at, started, status, outcome, error, duration) AS (VALUES {}) \
             UPDATE{} deliveries SET attempts = {}, leased_until = NULL, last_attempt_at = started, last_status = status, last_outcome = outcome, \
             last_error = error, last_duration = duration, \
             step = CASE WHEN {retried} OR {gave_up} THEN s + 1 ELSE step END, \
             state = CASE WHEN verdict = 'succeeded' THEN 'succeeded' \
                 WHEN {gave_up} AND state IN ('pending', 'held') THEN 'failed' ELSE state END, \
             finished_at = CASE WHEN verdict = 'succeeded' OR ({gave_up} AND state IN ('pending', 'held')) THEN at ELSE finished_at END, \
             due_at = CASE WHEN verdict = 'succeeded' OR {gave_up} THEN NULL \
                 WHEN {retried} AND state = 'pending' THEN due ELSE due_at END, \
             hold = CASE WHEN verdict = 'succeeded' OR {gave_up} THEN NULL ELSE hold END, \
             reason = CASE WHEN verdict = 'succeeded' THEN NULL ELSE reason END, \
             undo_state = CASE WHEN verdict = 'succeeded' THEN NULL ELSE undo_state END \
             FROM v WHERE webhook_id = w AND event_id = e AND lease = l{}",
            sql::typed_values(dialect, 1, rows, &TYPES),
            dialect.or_fail(),
            count.made,
            count.condition,
        )
    });
    let mut query = sqlx::query(text);
    for result in results {
        let attempt = &result.attempt;
        let (verdict, due_at) = match result.verdict {
            Verdict::Succeeded => ("succeeded", None),
            Verdict::Retry { due_at } => ("retry", Some(due_at)),
            Verdict::GaveUp => ("gave_up", None),
            Verdict::Unchanged => ("unchanged", None),
        };
        query = query
            .bind(&result.id.webhook)
            .bind(&result.id.event)
            .bind(result.lease)
            .bind(result.number)
            .bind(result.step)
            .bind(verdict)
            .bind(due_at)
            .bind(result.ended_at())
            .bind(attempt.started_at)
            .bind(attempt.status_code.map(i64::from))
            .bind(attempt.outcome)
            .bind(attempt.error.as_deref())
            .bind(attempt.duration_micros);
    }
    let query = sql::pad(query, places - results.len(), TYPES.into_iter());
    Ok(usize::try_from(query.execute(conn).await?.rows_affected()).unwrap_or(usize::MAX))
}

/// Like [`update_deliveries`] with [`NEXT`]. Nearly always all of them are successes, which say little.
async fn update_next(conn: &mut Conn, results: &[&AttemptResult], places: usize) -> Result<usize, DbError> {
    const TYPES: [&str; 7] = ["TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT", "BIGINT", "BIGINT"];
    if results.iter().any(|result| result.verdict != Verdict::Succeeded) {
        return update_deliveries(conn, results, places, &NEXT).await;
    }
    let dialect = Dialect::of(conn);
    let text = sql::shaped(dialect, "deliveries.success", places, |places| {
        format!(
            "WITH v (w, e, l, n, started, status, duration) AS (VALUES {}) \
             UPDATE{} deliveries SET attempts = n, leased_until = NULL, last_attempt_at = started, last_status = status, \
             last_outcome = '{}', last_error = NULL, last_duration = duration, state = 'succeeded', finished_at = started + duration, \
             due_at = NULL, hold = NULL, reason = NULL, undo_state = NULL \
             FROM v WHERE webhook_id = w AND event_id = e AND lease = l{}",
            sql::typed_values(dialect, 1, places, &TYPES),
            dialect.or_fail(),
            Outcome::Success.as_str(),
            NEXT.condition,
        )
    });
    let mut query = sqlx::query(text);
    for result in results {
        let attempt = &result.attempt;
        query = query
            .bind(&result.id.webhook)
            .bind(&result.id.event)
            .bind(result.lease)
            .bind(result.number)
            .bind(attempt.started_at)
            .bind(attempt.status_code.map(i64::from))
            .bind(attempt.duration_micros);
    }
    let query = sql::pad(query, places - results.len(), TYPES.into_iter());
    Ok(usize::try_from(query.execute(conn).await?.rows_affected()).unwrap_or(usize::MAX))
}

/// How a delivery's attempts are counted.
struct Count {
    name: &'static str,
    made: &'static str,
    condition: &'static str,
}

/// Nearly always: the attempt is the next one.
const NEXT: Count = Count { name: "deliveries.result", made: "n", condition: " AND attempts = n - 1" };

/// A late attempt has come between: the log is asked.
const LATE: Count = Count { name: "deliveries.result_late", made: MADE, condition: "" };

/// How many attempts a delivery has had, out of the log.
const MADE: &str = "(SELECT MAX(a.number) FROM attempts a WHERE a.webhook_id = w AND a.event_id = e)";

/// Counts attempts that came too late to say what becomes of their deliveries.
async fn count_late(conn: &mut Conn, results: &[&AttemptResult]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    let text = sql::shaped(dialect, "deliveries.late", results.len(), |rows| {
        format!(
            "WITH v (w, e, l) AS (VALUES {}) UPDATE deliveries SET attempts = {MADE} FROM v \
             WHERE webhook_id = w AND event_id = e AND lease <> l",
            sql::typed_values(dialect, 1, rows, &["TEXT", "TEXT", "BIGINT"])
        )
    });
    let mut query = sqlx::query(text);
    for result in results {
        query = query.bind(&result.id.webhook).bind(&result.id.event).bind(result.lease);
    }
    query.execute(conn).await?;
    Ok(())
}

/// What a group of results says of one webhook.
#[derive(Default)]
struct Tally<'a> {
    success: Option<&'a AttemptResult>,
    failures: i64,
    first_failure: Option<&'a AttemptResult>,
    not_before: Option<Timestamp>,
}

fn tallies<'a>(results: &[&'a AttemptResult]) -> BTreeMap<&'a WebhookId, Tally<'a>> {
    let mut tallies: BTreeMap<&WebhookId, Tally<'_>> = BTreeMap::new();
    for result in results {
        let tally = tallies.entry(&result.id.webhook).or_default();
        tally.not_before = tally.not_before.max(result.not_before);
        if result.verdict == Verdict::Succeeded {
            *tally = Tally { success: Some(result), not_before: tally.not_before, ..Tally::default() };
        } else if result.trigger != Trigger::Redeliver {
            tally.failures += 1;
            tally.first_failure.get_or_insert(result);
        }
    }
    tallies
}

/// A success of any kind ends the spell of failures; redeliveries that fail do not lengthen it. Says what became of those
/// webhooks that are not simply well.
async fn update_health(
    conn: &mut Conn,
    tallies: &BTreeMap<&WebhookId, Tally<'_>>,
) -> Result<HashMap<WebhookId, Health>, DbError> {
    let succeeded: Vec<&WebhookId> =
        tallies.iter().filter(|(_, tally)| tally.success.is_some()).map(|(webhook, _)| *webhook).collect();
    let ill = ill(conn, &succeeded).await?;
    let mut changed = HashMap::new();
    for (webhook, tally) in tallies {
        let mut health = Health::default();
        if let (Some(success), Some(ill)) = (tally.success, ill.get(*webhook)) {
            let (at, event) = (success.ended_at(), success.id.event.clone());
            health.has_news = alerts::end_spell(conn, webhook, &ill.organization, ill.told, at, Some(event)).await?;
        }
        if let Some(first) = tally.first_failure {
            count_failures(conn, webhook, tally.failures, first, &mut health).await?;
        }
        if let Some(not_before) = tally.not_before {
            keep_away(conn, webhook, not_before).await?;
        }
        if health != Health::default() {
            changed.insert((*webhook).clone(), health);
        }
    }
    Ok(changed)
}

/// A webhook that a success may change.
struct Ill {
    organization: OrganizationId,
    /// The spell of which people were told, where they are to hear that it is over.
    told: Option<Timestamp>,
}

/// Which of `webhooks` are in a spell of failures, or were when people heard of them last: nearly always none, and then one
/// question serves for all.
async fn ill(conn: &mut Conn, webhooks: &[&WebhookId]) -> Result<HashMap<WebhookId, Ill>, DbError> {
    let dialect = Dialect::of(conn);
    let mut ill = HashMap::new();
    for piece in sql::shapes(webhooks) {
        let text = sql::shaped(dialect, "webhooks.ill", piece.len(), |rows| {
            format!(
                "SELECT id, organization_id, \
                 CASE WHEN alert <> 'recovered' AND state = 'active' AND deleted_at IS NULL THEN alert_since END FROM webhooks \
                 WHERE (failing_since IS NOT NULL OR alert <> 'recovered') AND id IN {}",
                sql::values(dialect, 1, 1, rows)
            )
        });
        let query = piece.iter().fold(sqlx::query(text), |query, webhook| query.bind(*webhook));
        for row in query.fetch_all(&mut *conn).await? {
            ill.insert(row.try_get(0)?, Ill { organization: row.try_get(1)?, told: row.try_get(2)? });
        }
    }
    Ok(ill)
}

async fn count_failures(
    conn: &mut Conn,
    webhook: &WebhookId,
    failures: i64,
    first: &AttemptResult,
    health: &mut Health,
) -> Result<(), DbError> {
    let row = sqlx::query(
        "UPDATE webhooks SET failures = failures + $2, failing_since = COALESCE(failing_since, $3), \
         next_alert_at = CASE WHEN failing_since IS NULL THEN $3 ELSE next_alert_at END WHERE id = $1 \
         RETURNING organization_id, failing_since, failures, CASE WHEN state = 'active' AND deleted_at IS NULL THEN 1 ELSE 0 END",
    )
    .bind(webhook)
    .bind(failures)
    .bind(first.ended_at())
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(()) };
    // A 410 has disabled it already, or somebody has paused or deleted it: nobody is surprised.
    if !row.try_get::<Flag, _>(3)?.0 {
        return Ok(());
    }
    let spell = Spell { organization: row.try_get(0)?, since: row.try_get(1)?, failures: row.try_get(2)? };
    if spell.failures == failures {
        let evidence = Evidence { event: first.id.event.clone(), error: first.attempt.error.clone() };
        health.has_news |= alerts::tell_first_failure(conn, webhook, &spell, evidence).await?;
    }
    health.failing = Some(spell);
    Ok(())
}

async fn keep_away(conn: &mut Conn, webhook: &WebhookId, until: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE webhooks SET not_before = $2 WHERE id = $1 AND (not_before IS NULL OR not_before < $2)")
        .bind(webhook)
        .bind(until)
        .execute(conn)
        .await?;
    Ok(())
}

/// Disables an active webhook and holds its deliveries. `true` if it was active.
#[derive(Clone, Debug)]
pub struct Disable {
    pub organization: OrganizationId,
    pub webhook: WebhookId,
    pub reason: DisabledReason,
    /// Only if this spell of failures, which began then, still lasts.
    pub spell: Option<Timestamp>,
    /// The attempt that was the last straw.
    pub evidence: Evidence,
    pub now: Timestamp,
}

impl Disable {
    /// Because of an attempt; `spell` where it is the last of many failures.
    pub fn after(
        result: &AttemptResult,
        organization: OrganizationId,
        reason: DisabledReason,
        spell: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let evidence = Evidence { event: result.id.event.clone(), error: result.attempt.error.clone() };
        Self { organization, webhook: result.id.webhook.clone(), reason, spell, evidence, now }
    }
}

impl Command for Disable {
    type Output = bool;

    const TURN: Turn = Turn::Organizations;

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<bool>, DbError>> {
        Box::pin(async move {
            let mut outputs = Vec::with_capacity(commands.len());
            for command in commands {
                outputs.push(disable(conn, command).await?);
            }
            Ok(outputs)
        })
    }
}

async fn disable(conn: &mut Conn, command: &Disable) -> Result<bool, DbError> {
    next_seq(conn, &command.organization, 1).await?;
    let row = sqlx::query(
        "UPDATE webhooks SET state = 'disabled', disabled_reason = $2, version = version + 1, updated_at = $3, next_alert_at = NULL \
         WHERE id = $1 AND state = 'active' AND deleted_at IS NULL \
         AND (CAST($4 AS BIGINT) IS NULL OR failing_since = CAST($4 AS BIGINT)) RETURNING failing_since, failures",
    )
    .bind(&command.webhook)
    .bind(command.reason.as_str())
    .bind(command.now)
    .bind(command.spell)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let since: Option<Timestamp> = row.try_get(0)?;
    let organization = command.organization.clone();
    let spell = Spell { organization, since: since.unwrap_or(command.now), failures: row.try_get(1)? };
    meta::raise_changes(conn).await?;
    change::hold(conn, &command.webhook).await?;
    let evidence = Some(command.evidence.clone());
    let news = News { kind: AlertKind::Disabled, spell: &spell, at: command.now, evidence };
    alerts::tell(conn, &command.webhook, news).await?;
    Ok(true)
}
