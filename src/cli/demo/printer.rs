//! Each callback in the terminal, as it is delivered.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::say;
use crate::auth::model::Organization;
use crate::base::{Clock, DeliveryId, Timestamp};
use crate::db::{Db, DbError};
use crate::delivery::engine::Observer;
use crate::delivery::model::{AttemptResult, Verdict};
use crate::events;
use crate::web::time::taken;
use crate::webhooks;

/// What of an attempt is printed.
pub struct Line {
    id: DeliveryId,
    started_at: Timestamp,
    duration: Duration,
    status_code: Option<u16>,
    outcome: &'static str,
    verdict: Verdict,
}

/// Tells of every recorded attempt, and never makes the engine wait.
pub fn observer() -> (Observer, UnboundedReceiver<Line>) {
    let (sender, receiver): (UnboundedSender<Line>, _) = unbounded_channel();
    let observe = move |result: &AttemptResult| {
        let line = Line {
            id: result.id.clone(),
            started_at: result.attempt.started_at,
            duration: Duration::from_micros(u64::try_from(result.attempt.duration_micros).unwrap_or(0)),
            status_code: result.attempt.status_code,
            outcome: result.attempt.outcome,
            verdict: result.verdict,
        };
        // Nobody listens any more while the demo stops.
        let _ = sender.send(line);
    };
    (Arc::new(observe), receiver)
}

/// Prints until the engine is gone.
pub async fn print(db: Db, clock: Arc<dyn Clock>, organization: Organization, mut attempts: UnboundedReceiver<Line>) {
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    while let Some(line) = attempts.recv().await {
        match names(&db, &organization, &line.id).await {
            Ok((event_type, webhook)) => {
                let time = organization.time_zone.local(line.started_at).format("%H:%M:%S");
                say(&text(&line, &time.to_string(), &event_type, &webhook, clock.now(), colours));
            }
            // What ended while the demo was stopping.
            Err(DbError::Closed) => return,
            Err(error) => tracing::warn!(%error, "cannot read what was delivered"),
        }
    }
}

async fn names(db: &Db, organization: &Organization, id: &DeliveryId) -> Result<(String, String), DbError> {
    let mut conn = db.read().await?;
    let event = events::store::find(&mut conn, &organization.id, &id.event).await?;
    let webhook = webhooks::store::find_name(&mut conn, &organization.id, &id.webhook).await?;
    let event_type = event.map_or_else(String::new, |event| event.event_type.to_string());
    Ok((event_type, webhook.map(|(name, ..)| name).unwrap_or_default()))
}

fn text(line: &Line, time: &str, event_type: &str, webhook: &str, now: Timestamp, colours: bool) -> String {
    let (colour, what) = match line.verdict {
        Verdict::Succeeded => ("32", "delivered".to_owned()),
        Verdict::Retry { due_at } => ("33", format!("next try in {}", wait(due_at.saturating_sub(now)))),
        Verdict::GaveUp => ("31", "gave up".to_owned()),
        Verdict::Unchanged => ("31", "stays as it was".to_owned()),
    };
    let answer = match line.status_code.map(StatusCode::from_u16) {
        Some(Ok(status)) => status.to_string(),
        _ => line.outcome.to_owned(),
    };
    let mut text = String::new();
    let mut paint = |colour: &str, part: String| {
        // Writing into a String cannot fail.
        let _ = if colours && !colour.is_empty() {
            write!(text, "\x1b[{colour}m{part}\x1b[0m")
        } else {
            write!(text, "{part}")
        };
    };
    paint("2", format!("{time}  "));
    paint("1", format!("{event_type:<19}"));
    paint("", format!(" {webhook:<17} "));
    paint(colour, format!("{answer:<26}"));
    paint("2", format!(" {:>7}  ", taken(line.duration)));
    paint(colour, what);
    text
}

fn wait(gap: Duration) -> String {
    // A wait that has just begun is not one second shorter for it.
    let seconds = gap.as_secs_f64().round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        _ => format!("{} min", (seconds + 30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_went_where_and_what_comes_next() {
        let id = "60adfdb750b58a0c2d78bdd8-60adfdb750b58a0c2d78bdd9".parse().unwrap();
        let now = Timestamp::from_seconds(1_800_000_000);
        let failed = Line {
            id,
            started_at: now,
            duration: Duration::from_millis(3),
            status_code: Some(500),
            outcome: "status",
            verdict: Verdict::Retry { due_at: now + Duration::from_millis(5_400) },
        };
        let shown = |line: &Line, colours| text(line, "13:52:07", "PROJECT_CREATED", "CRM sync", now, colours);
        assert_eq!(
            shown(&failed, false),
            "13:52:07  PROJECT_CREATED     CRM sync          500 Internal Server Error     3 ms  next try in 5 s"
        );
        let lost = Line { status_code: None, outcome: "timeout", verdict: Verdict::GaveUp, ..failed };
        assert!(shown(&lost, false).ends_with("timeout                       3 ms  gave up"));
        assert!(shown(&lost, true).contains("\x1b[31mgave up\x1b[0m"));
        assert_eq!((wait(Duration::from_secs(59)), wait(Duration::from_secs(100))), ("59 s".into(), "2 min".into()));
    }
}
