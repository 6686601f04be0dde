//! A database with an organization in it, below all pages: for tests of storage and of the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use herald::auth::model::{Edition, Organization};
use herald::auth::store::organizations;
use herald::base::{
    Clock, DeliveryId, EventId, OrganizationId, Rng, Secret, SecretId, SystemRng, TimeZone, Timestamp, Vault, WebhookId,
};
use herald::db::{Command, Conn, Db, DbError, Options};
use herald::delivery::store::secret_place;
use herald::events::body::{Facts, render};
use herald::events::fan_out::{Dispatch, FanOut, NoDispatch};
use herald::events::record::{self, Recorded, next_seq};
use herald::events::{EventType, NewEvent};
use sqlx::Row as _;

use super::{Engine, TestDatabase};

/// The signing secret of every webhook made here.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// An open database with one organization, whose webhooks are turned on.
pub struct House {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub vault: Vault,
    pub organization: OrganizationId,
    pub database: TestDatabase,
    drafts: AtomicU64,
}

impl House {
    pub async fn open(engine: Engine, clock: Arc<dyn Clock>) -> House {
        let database = TestDatabase::fresh(engine);
        let db = Db::open(database.url(), Options::default()).await.expect("a fresh database opens");
        let rng: Arc<dyn Rng> = Arc::new(SystemRng);
        let vault = Vault::new(&[7; 32], rng.clone());
        let organization = OrganizationId::new(clock.now(), &SystemRng);
        let house =
            House { db, clock, rng, vault, organization: organization.clone(), database, drafts: AtomicU64::new(1) };
        house.add_organization(organization, true).await;
        house
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub async fn add_organization(&self, id: OrganizationId, webhooks_enabled: bool) {
        let organization = Organization {
            id,
            name: "Acme".into(),
            time_zone: TimeZone::UTC,
            edition: Edition::Enterprise,
            webhooks_enabled,
            created_at: self.now(),
        };
        let mut tx = self.db.begin().await.expect("a transaction");
        organizations::insert(&mut tx, &organization).await.expect("a new organization");
        tx.commit().await.expect("a commit");
    }

    /// An active webhook that wants every event type.
    pub async fn add_webhook(&self, url: &str) -> WebhookId {
        self.add_webhook_for(url, EventType::ALL).await
    }

    pub async fn add_webhook_for(&self, url: &str, events: &[EventType]) -> WebhookId {
        let now = self.now();
        let id = WebhookId::new(now, &SystemRng);
        let mut tx = self.db.begin().await.expect("a transaction");
        let seq = next_seq(&mut tx, &self.organization, 1).await.expect("a number").expect("an organization").0;
        let webhook = "INSERT INTO webhooks (id, organization_id, name, description, url, state, version, created_by, created_seq, created_at, \
                       updated_at, failures) VALUES ($1, $2, 'Hook', '', $3, 'active', 1, 'ada@example.com', $4, $5, $5, 0)";
        sqlx::query(webhook)
            .bind(&id)
            .bind(&self.organization)
            .bind(url)
            .bind(seq)
            .bind(now)
            .execute(&mut *tx)
            .await
            .expect("a webhook");
        for event in events {
            let subscription =
                "INSERT INTO subscriptions (webhook_id, event_type, from_seq, organization_id) VALUES ($1, $2, $3, $4)";
            sqlx::query(subscription)
                .bind(&id)
                .bind(event.as_str())
                .bind(seq)
                .bind(&self.organization)
                .execute(&mut *tx)
                .await
                .expect("a subscription");
        }
        self.insert_secret(&mut tx, &id, SECRET, None).await;
        tx.commit().await.expect("a commit");
        id
    }

    pub async fn add_secret(&self, webhook: &WebhookId, secret: &str, expires_at: Option<Timestamp>) {
        let mut tx = self.db.begin().await.expect("a transaction");
        self.insert_secret(&mut tx, webhook, secret, expires_at).await;
        tx.commit().await.expect("a commit");
    }

    async fn insert_secret(&self, conn: &mut Conn, webhook: &WebhookId, secret: &str, expires_at: Option<Timestamp>) {
        let id = SecretId::new(self.now(), &SystemRng);
        let sealed = self.vault.seal(&secret_place(&self.organization, webhook, &id), &Secret::new(secret));
        sqlx::query(
            "INSERT INTO signing_secrets (id, webhook_id, secret, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&id)
        .bind(webhook)
        .bind(sealed)
        .bind(self.now())
        .bind(expires_at)
        .execute(conn)
        .await
        .expect("a secret");
    }

    /// Runs statements without an answer, each with the webhook's id as `$1`.
    pub async fn run(&self, webhook: &WebhookId, statement: &'static str) {
        let mut tx = self.db.begin().await.expect("a transaction");
        sqlx::query(statement).bind(webhook).execute(&mut *tx).await.expect(statement);
        tx.commit().await.expect("a commit");
    }

    /// An event that is not yet recorded.
    pub fn draft(&self, event_type: EventType, entity: &str) -> NewEvent {
        // Numbered here: the counter in ids is one for all tests of a process, whose clocks stand at different times.
        let number = self.drafts.fetch_add(1, Ordering::SeqCst);
        let id: EventId = format!("EVT-{number:014x}{}", &EventId::new(self.now(), &SystemRng).as_str()[18..])
            .parse()
            .expect("a number and random digits make an id");
        let (entity_ids, performed_by) = (vec![entity.to_owned()], "ada@example.com".to_owned());
        let facts = Facts {
            id: &id,
            event_type,
            entity_ids: &entity_ids,
            performed_by: &performed_by,
            performed_at: self.now(),
            data: None,
        };
        let body = render(facts, TimeZone::UTC).into();
        let (performed_at, recorded_at) = (self.now(), self.now());
        let organization = self.organization.clone();
        NewEvent { id, organization, event_type, entity_ids, performed_by, performed_at, data: None, body, recorded_at }
    }

    /// Publishes one event through the grouped writer, as the API does; its deliveries wait for the poll.
    pub async fn publish(&self, event_type: EventType) -> EventId {
        self.publish_through(&(Arc::new(NoDispatch) as Arc<dyn Dispatch>), event_type, "1").await
    }

    /// Publishes one event whose deliveries go to `dispatch` after the commit.
    pub async fn publish_through(&self, dispatch: &Arc<dyn Dispatch>, event_type: EventType, entity: &str) -> EventId {
        let event = self.draft(event_type, entity);
        let id = event.id.clone();
        self.db.submit(Publish { event, dispatch: dispatch.clone() }).await.expect("the event is recorded");
        id
    }

    /// Publishes events in their order, up to 100 in a transaction.
    pub async fn publish_many(&self, dispatch: &Arc<dyn Dispatch>, count: usize) -> Vec<EventId> {
        let events: Vec<_> = (0..count).map(|n| self.draft(EventType::IntakeCreated, &n.to_string())).collect();
        for piece in events.chunks(100) {
            let refs: Vec<_> = piece.iter().collect();
            let mut tx = self.db.begin().await.expect("a transaction");
            let recorded = record::insert(&mut tx, dispatch, &self.organization, &refs).await.expect("events");
            if let Recorded::Done(fan_out) = recorded {
                tx.after_commit(move || fan_out.announce());
            }
            tx.commit().await.expect("a commit");
        }
        events.into_iter().map(|event| event.id).collect()
    }

    pub async fn delivery(&self, webhook: &WebhookId, event: &EventId) -> DeliveryRow {
        let all = self.deliveries(webhook).await;
        all.into_iter().find(|row| row.id.event == *event).expect("such a delivery")
    }

    /// Every delivery of the webhook, in the order of the events.
    pub async fn deliveries(&self, webhook: &WebhookId) -> Vec<DeliveryRow> {
        let mut conn = self.db.read().await.expect("a connection");
        let rows = sqlx::query(
            "SELECT event_id, state, hold, reason, attempts, step, due_at, lease, leased_until, finished_at, last_status, last_outcome, undo_state \
             FROM deliveries WHERE webhook_id = $1 ORDER BY event_id",
        )
        .bind(webhook)
        .fetch_all(&mut *conn)
        .await
        .expect("the deliveries");
        rows.iter().map(|row| DeliveryRow::read(webhook, row)).collect()
    }

    /// The attempts of the webhook's deliveries, in the order in which they started.
    pub async fn attempts(&self, webhook: &WebhookId) -> Vec<AttemptRow> {
        let mut conn = self.db.read().await.expect("a connection");
        let rows = sqlx::query(
            "SELECT event_id, number, trigger_kind, outcome, started_at FROM attempts WHERE webhook_id = $1 ORDER BY started_at, event_id, number",
        )
        .bind(webhook)
        .fetch_all(&mut *conn)
        .await
        .expect("the attempts");
        let read = |row: &herald::db::Row| AttemptRow {
            event: row.get(0),
            number: row.get(1),
            trigger: row.get(2),
            outcome: row.get(3),
            started_at: row.get(4),
        };
        rows.iter().map(read).collect()
    }

    /// What people are told of the webhook, in the order in which it happened.
    pub async fn alerts(&self, webhook: &WebhookId) -> Vec<AlertRow> {
        let mut conn = self.db.read().await.expect("a connection");
        let rows = sqlx::query(
            "SELECT kind, since, at, failures, event_id, error FROM alerts WHERE webhook_id = $1 ORDER BY since, at, kind",
        )
        .bind(webhook)
        .fetch_all(&mut *conn)
        .await
        .expect("the alerts");
        let read = |row: &herald::db::Row| AlertRow {
            kind: row.get(0),
            since: row.get(1),
            at: row.get(2),
            failures: row.get(3),
            event: row.get(4),
            error: row.get(5),
        };
        rows.iter().map(read).collect()
    }

    /// One number out of the database.
    pub async fn number(&self, query: &'static str) -> i64 {
        let mut conn = self.db.read().await.expect("a connection");
        sqlx::query(query).fetch_one(&mut *conn).await.expect(query).get(0)
    }
}

/// A row of the deliveries table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub state: String,
    pub hold: Option<String>,
    pub reason: Option<String>,
    pub attempts: i64,
    pub step: i64,
    pub due_at: Option<Timestamp>,
    pub lease: i64,
    pub leased_until: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub last_status: Option<i64>,
    pub last_outcome: Option<String>,
    pub undo_state: Option<String>,
}

impl DeliveryRow {
    fn read(webhook: &WebhookId, row: &herald::db::Row) -> Self {
        Self {
            id: DeliveryId { webhook: webhook.clone(), event: row.get(0) },
            state: row.get(1),
            hold: row.get(2),
            reason: row.get(3),
            attempts: row.get(4),
            step: row.get(5),
            due_at: row.get(6),
            lease: row.get(7),
            leased_until: row.get(8),
            finished_at: row.get(9),
            last_status: row.get(10),
            last_outcome: row.get(11),
            undo_state: row.get(12),
        }
    }
}

/// What tests ask of a row of the attempts table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    pub event: EventId,
    pub number: i64,
    pub trigger: String,
    pub outcome: String,
    pub started_at: Timestamp,
}

/// A row of the alerts table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    pub kind: String,
    pub since: Timestamp,
    pub at: Timestamp,
    pub failures: i64,
    pub event: Option<EventId>,
    pub error: Option<String>,
}

/// Publishing, as the API does it.
pub struct Publish {
    pub event: NewEvent,
    pub dispatch: Arc<dyn Dispatch>,
}

impl Command for Publish {
    type Output = Option<FanOut>;

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<Self::Output>, DbError>> {
        Box::pin(async move {
            let mut outputs = Vec::new();
            for Publish { event, dispatch } in commands {
                outputs.push(match record::insert(conn, dispatch, &event.organization, &[event]).await? {
                    Recorded::Done(fan_out) => Some(fan_out),
                    Recorded::WithoutDeliveries => None,
                });
            }
            Ok(outputs)
        })
    }

    fn committed(&self, output: &mut Self::Output) {
        if let Some(fan_out) = output.take() {
            fan_out.announce();
        }
    }
}
