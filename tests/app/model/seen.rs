//! What is seen at a quiet moment: in the database, and at the receivers.

use std::collections::{BTreeMap, HashMap};

use herald::base::Timestamp;
use herald::db::{Conn, Flag};
use herald::delivery::model::ReplayState;
use herald::webhooks::model::WebhookState;
use sqlx::Row as _;

/// The status that disables a webhook.
pub const GONE: i64 = 410;

/// A delivery in the database.
#[derive(Clone, Debug)]
pub struct Row {
    pub state: String,
    pub hold: Option<String>,
    pub reason: Option<String>,
    pub attempts: usize,
    pub step: usize,
    pub due_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// The number of the replay that has taken it.
    pub replay: Option<usize>,
}

/// An attempt of this burst, or of the one before.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub number: usize,
    pub trigger: String,
    pub succeeded: bool,
    pub status: Option<i64>,
}

/// The numbers of what the database knows by ids.
#[derive(Default)]
pub struct Numbers {
    pub hooks: HashMap<String, usize>,
    pub events: HashMap<String, usize>,
    pub replays: HashMap<String, usize>,
}

impl Numbers {
    fn of(numbers: &HashMap<String, usize>, id: &str) -> usize {
        *numbers.get(id).unwrap_or_else(|| panic!("{id} was never made"))
    }
}

#[derive(Debug, Default)]
pub struct Seen {
    /// All deliveries were read, and not only those that are open or have changed lately.
    pub is_whole: bool,
    /// With whether it is deleted.
    pub hooks: Vec<(WebhookState, bool)>,
    /// Of each webhook, by the number of the event.
    pub rows: Vec<BTreeMap<usize, Row>>,
    pub attempts: HashMap<(usize, usize), Vec<Attempt>>,
    pub replays: Vec<ReplayState>,
    /// How many requests there were in all.
    pub received: HashMap<(usize, usize), usize>,
    /// A crash may have kept an attempt from being written down.
    pub has_crashed: bool,
}

impl Seen {
    /// Reads what has changed since `since`; or everything.
    pub async fn read(conn: &mut Conn, numbers: &Numbers, since: Timestamp, is_whole: bool) -> sqlx::Result<Self> {
        let mut seen = Self { is_whole, ..Self::default() };
        seen.rows.resize(numbers.hooks.len(), BTreeMap::new());
        seen.hooks.resize(numbers.hooks.len(), (WebhookState::Active, false));
        seen.replays.resize(numbers.replays.len(), ReplayState::Running);
        let hooks = "SELECT id, state, CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END FROM webhooks";
        for row in sqlx::query(hooks).fetch_all(&mut *conn).await? {
            let number = Numbers::of(&numbers.hooks, row.get(0));
            let state: String = row.get(1);
            seen.hooks[number] = (state.parse().expect("a state"), row.get::<Flag, _>(2).0);
        }
        for row in sqlx::query("SELECT id, state FROM replays").fetch_all(&mut *conn).await? {
            let state: String = row.get(1);
            seen.replays[Numbers::of(&numbers.replays, row.get(0))] = state.parse().expect("a state");
        }
        seen.read_deliveries(conn, numbers, if is_whole { Timestamp::from_seconds(0) } else { since }).await?;
        seen.read_attempts(conn, numbers, since).await?;
        Ok(seen)
    }

    async fn read_deliveries(&mut self, conn: &mut Conn, numbers: &Numbers, since: Timestamp) -> sqlx::Result<()> {
        let text = "SELECT webhook_id, event_id, state, hold, reason, attempts, step, due_at, finished_at, replay_id FROM deliveries \
                    WHERE state IN ('pending', 'held') OR finished_at >= $1 OR last_attempt_at >= $1";
        for row in sqlx::query(text).bind(since).fetch_all(conn).await? {
            let replay: Option<String> = row.get(9);
            let delivery = Row {
                state: row.get(2),
                hold: row.get(3),
                reason: row.get(4),
                attempts: count(row.get(5)),
                step: count(row.get(6)),
                due_at: row.get(7),
                finished_at: row.get(8),
                replay: replay.map(|id| Numbers::of(&numbers.replays, &id)),
            };
            let (hook, event) = (Numbers::of(&numbers.hooks, row.get(0)), Numbers::of(&numbers.events, row.get(1)));
            self.rows[hook].insert(event, delivery);
        }
        Ok(())
    }

    async fn read_attempts(&mut self, conn: &mut Conn, numbers: &Numbers, since: Timestamp) -> sqlx::Result<()> {
        let text = "SELECT webhook_id, event_id, number, trigger_kind, outcome, status_code FROM attempts WHERE started_at >= $1 ORDER BY number";
        for row in sqlx::query(text).bind(since).fetch_all(conn).await? {
            let (hook, event) = (Numbers::of(&numbers.hooks, row.get(0)), Numbers::of(&numbers.events, row.get(1)));
            let attempt = Attempt {
                number: count(row.get(2)),
                trigger: row.get(3),
                succeeded: row.get::<&str, _>(4) == "success",
                status: row.get(5),
            };
            self.attempts.entry((hook, event)).or_default().push(attempt);
        }
        Ok(())
    }
}

fn count(number: i64) -> usize {
    usize::try_from(number).expect("a count")
}
