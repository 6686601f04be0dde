//! Attempt and next state, written together, in groups: what becomes of the webhook ([`health`]), of the deliveries, and the log of
//! attempts.

mod attempts;
mod deliveries;
mod health;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::db::{Command, Conn, DbError, Turn, sql};
use crate::delivery::model::{AttemptResult, Trigger};

pub use self::health::Health;

/// Writes an attempt and what it makes of its delivery, if the lease it was made under is still the delivery's.
#[derive(Clone, Debug)]
pub struct RecordResult(pub Arc<AttemptResult>);

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
    let mut health = health::update(conn, results).await?;
    answer_asked(conn, results).await?;
    for (piece, places) in sql::pieces(results) {
        if deliveries::update_next(conn, piece, places).await? == piece.len() {
            attempts::insert(conn, piece).await?;
        } else {
            // Done once more for those that were in order, which changes nothing.
            for piece in sql::shapes(piece) {
                attempts::insert_late(conn, piece).await?;
            }
            deliveries::update_late(conn, piece, places).await?;
            for piece in sql::shapes(piece) {
                deliveries::count_late(conn, piece).await?;
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
