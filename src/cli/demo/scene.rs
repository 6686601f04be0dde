//! Who and what is there when a demo begins: an organization, its people and their work, three webhooks, and the receiver's keys.

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use url::Url;

use super::history::{self, Left};
use super::stage::Stage;
use super::stories;
use crate::accounts::actions::{By, add_user, create_organization};
use crate::accounts::model::{NewOrganization, NewUser};
use crate::app::App;
use crate::auth::model::{Actor, Edition, Organization, Role, Source, Theme};
use crate::auth::{passwords, store::users};
use crate::base::{Clock, OrganizationId, Secret, Vault};
use crate::cli::Failure;
use crate::db::{Db, DbError, Tx};
use crate::events::EventType;
use crate::receiver::{Address, Key, Keys, Receiver};
use crate::webhooks::actions::create;
use crate::webhooks::model::{Draft, Field, Invalid};
use crate::webhooks::store;
use crate::workspace::change::Desk;

pub const EMAIL: &str = "ada@halden.example";
pub const PRIYA: &str = "priya.raman@halden.example";
pub const INGRID: &str = "ingrid.solberg@halden.example";
pub const TOMAS: &str = "tomas.herrera@halden.example";

/// Address, name and role of everybody.
const PEOPLE: [(&str, &str, Role); 4] = [
    (EMAIL, "Ada Lindqvist", Role::Admin),
    (PRIYA, "Priya Raman", Role::Moderator),
    (INGRID, "Ingrid Solberg", Role::Moderator),
    (TOMAS, "Tomas Herrera", Role::Member),
];

/// Name, description, address and status of each webhook. All are subscribed to everything.
const WEBHOOKS: [(&str, &str, Address, &str); 3] = [
    ("Demo receiver", "Takes every event. Its page shows what arrived.", Address::Inbox, "active"),
    ("Failing receiver", "Fails on purpose, so that retries can be watched.", Address::Failing, "active"),
    ("Paused receiver", "Holds what comes. Resume it, and choose what to do with it.", Address::Inbox, "paused"),
];

pub struct Scene {
    pub organization: Organization,
    pub email: &'static str,
    /// Everybody's.
    pub password: Secret,
    left: Left,
}

impl Scene {
    /// What happens first, for the webhooks to tell.
    pub async fn begin(&self, app: &App) -> Result<(), Failure> {
        let opened = Stage::open(&app.db, app.recorder.clone(), &self.organization).await;
        let mut stage = opened.map_err(Failure::failed)?;
        stories::opening(&mut stage, &self.left).await.map_err(Failure::failed)?;
        stage.tx.commit().await.map_err(Failure::failed)
    }
}

/// Makes all of it, and opens the receiver at `base`.
pub async fn build(app: &App, receiver: &Receiver, base: &Url) -> Result<Scene, Failure> {
    let context = &app.context;
    let password = passwords::generate(context.rng.as_ref());
    let hash = context.hasher.hash(password.clone(), context.rng.as_ref()).await.map_err(Failure::failed)?;
    let mut tx = app.db.begin().await.map_err(Failure::failed)?;
    let organization = people(&mut tx, app, hash).await?;
    let desk = Desk { recorder: app.recorder.clone() };
    let mut stage = Stage { tx, desk, organization };
    let left = history::tell(&mut stage).await.map_err(Failure::failed)?;
    let Stage { mut tx, organization, .. } = stage;
    let keys = WebhookKeys {
        db: app.db.clone(),
        vault: context.vault.clone(),
        clock: context.clock.clone(),
        organization: organization.id.clone(),
    };
    receiver.open(origins(base, app.address.port()), Arc::new(keys));
    webhooks(&mut tx, app, receiver, &organization).await?;
    tx.commit().await.map_err(Failure::failed)?;
    Ok(Scene { organization, email: EMAIL, password, left })
}

async fn people(tx: &mut Tx, app: &App, password_hash: String) -> Result<Organization, Failure> {
    let began = app.context.clock.now() - Duration::from_secs(history::BEGAN * 24 * 60 * 60);
    let by = By { email: EMAIL, source: Source::CommandLine, address: None, now: began, rng: app.context.rng.as_ref() };
    let new = NewOrganization {
        name: "Halden Systems".into(),
        time_zone: "Europe/Berlin".parse().map_err(Failure::failed)?,
        edition: Edition::Enterprise,
        webhooks_enabled: true,
    };
    let organization = create_organization(tx, &by, new).await.map_err(Failure::failed)?;
    for (email, name, role) in PEOPLE {
        let organization = Some(organization.id.clone());
        let new = NewUser { organization, email: email.into(), role, password_hash: password_hash.clone() };
        let user = add_user(tx, &by, new).await.map_err(Failure::failed)?;
        users::update_profile(tx, &user.id, name, Theme::System, began).await.map_err(Failure::failed)?;
    }
    Ok(organization)
}

async fn webhooks(tx: &mut Tx, app: &App, receiver: &Receiver, organization: &Organization) -> Result<(), Failure> {
    let actor = Actor {
        organization: organization.id.clone(),
        email: EMAIL.into(),
        source: Source::CommandLine,
        address: None,
    };
    for (name, description, address, status) in WEBHOOKS {
        let draft = Draft {
            name: name.into(),
            description: description.into(),
            url: receiver.url(address),
            status: Some(status.into()),
            events: EventType::ALL.iter().map(ToString::to_string).collect(),
            ..Draft::default()
        };
        let new = draft.parse().map_err(|invalid| Failure::unusable(refusal(&invalid)))?;
        create(tx, &app.tools, &actor, new).await.map_err(Failure::failed)?;
    }
    Ok(())
}

/// The URL comes from settings, everything else in a draft from here.
fn refusal(invalid: &Invalid) -> String {
    let problem = invalid.0.iter().find(|(field, _)| *field == Field::Url).or(invalid.0.first());
    let problem = problem.map_or("", |(_, problem)| problem.as_str());
    format!("no webhook can point at this address: {problem}")
}

/// Every way to name the program's own address.
fn origins(base: &Url, port: u16) -> Vec<String> {
    let local = [
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{port}"),
        format!("http://[{}]:{port}", Ipv6Addr::LOCALHOST),
    ];
    let local = local.iter().filter_map(|origin| Url::parse(origin).ok());
    [base.clone()].into_iter().chain(local).map(|url| url.origin().ascii_serialization()).collect()
}

/// The secrets of the organization's webhooks, as they are now.
struct WebhookKeys {
    db: Db,
    vault: Vault,
    clock: Arc<dyn Clock>,
    organization: OrganizationId,
}

impl WebhookKeys {
    async fn read(&self) -> Result<Vec<Key>, DbError> {
        let mut conn = self.db.read().await?;
        let mut keys = Vec::new();
        for webhook in store::list(&mut conn, &self.vault, &self.organization).await? {
            for (secret, _) in store::secrets(&mut conn, &self.vault, &webhook.id, self.clock.now()).await? {
                keys.push(Key { name: webhook.name.to_string(), secret: secret.into() });
            }
        }
        Ok(keys)
    }
}

impl Keys for WebhookKeys {
    fn keys(&self) -> BoxFuture<'_, Vec<Key>> {
        Box::pin(async {
            self.read().await.unwrap_or_else(|error| {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the receiver cannot read the signing secrets"
                );
                Vec::new()
            })
        })
    }
}
