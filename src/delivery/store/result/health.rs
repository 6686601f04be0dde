//! What results say of the health of webhooks.

use std::collections::{BTreeMap, HashMap};

use sqlx::Row as _;

use crate::base::{OrganizationId, Timestamp, WebhookId};
use crate::db::{Conn, DbError, Dialect, Flag, sql};
use crate::delivery::model::{AttemptResult, Spell, Trigger, Verdict};
use crate::delivery::store::alerts::{self, Evidence};

/// What results make of the health of a webhook. Of those written together, the first of a webhook says it for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// It is active, and nothing but fails.
    pub failing: Option<Spell>,
    /// People are to be told something.
    pub has_news: bool,
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
pub(super) async fn update(conn: &mut Conn, results: &[&AttemptResult]) -> Result<HashMap<WebhookId, Health>, DbError> {
    let tallies = tallies(results);
    let succeeded: Vec<&WebhookId> =
        tallies.iter().filter(|(_, tally)| tally.success.is_some()).map(|(webhook, _)| *webhook).collect();
    let ill = ill(conn, &succeeded).await?;
    let mut changed = HashMap::new();
    for (webhook, tally) in &tallies {
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
