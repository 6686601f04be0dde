//! Disabling a webhook, because of what its receiver answered or because it did nothing but fail.

use futures_util::future::BoxFuture;
use sqlx::Row as _;

use crate::base::{OrganizationId, Timestamp, WebhookId};
use crate::db::{Command, Conn, DbError, Turn, meta};
use crate::delivery::model::{AlertKind, AttemptResult, DisabledReason, Spell};
use crate::events::record::next_seq;

use super::alerts::{self, Evidence, News};
use super::change;

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
