//! `herald admin …`: organizations, users and API keys from the command line, beside a running server or without one.
//!
//! Each command answers with one JSON object (contract section 5); a failure is a sentence.

mod access;

use std::io::Read as _;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::accounts::actions::{self, By};
use crate::accounts::model::{NewOrganization, NewUser};
use crate::app::{self, StartError};
use crate::auth::api_keys::{self, NewKey, Scopes};
use crate::auth::model::{self, Actor, Role, Source};
use crate::auth::passwords::{self, Hasher, Names};
use crate::auth::store::{organizations, users};
use crate::base::{Clock, OrganizationId, Rng, Secret, SystemClock, SystemRng, TimeZone, Timestamp, UserId};
use crate::config::{Config, SettingsArgs};
use crate::db::{Conn, Db, Options};
use crate::webhooks::alerts::operator;

use super::Failure;

/// What stands in the audit log instead of an address.
const NAME: &str = "herald admin";

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make an organization
    CreateOrganization(With<CreateOrganization>),
    /// Add a user to an organization, or an account manager
    CreateUser(With<CreateUser>),
    /// Make an API key, which is printed this once
    CreateApiKey(With<CreateApiKey>),
    /// Print a link with which a user sets a new password
    ResetPassword(With<OfUser>),
    /// Turn a user's two-step sign-in off: the phone is lost, and the recovery codes are
    ResetSecondFactor(With<OfUser>),
    /// Print what the events to HERALD_OPERATOR_WEBHOOK_URL are signed with
    OperatorSecret(With<OperatorSecret>),
    /// Encrypt everything anew with another key, while servers run
    RotateKey(With<RotateKey>),
}

/// A command's own arguments, and the settings that say which database it is about.
#[derive(Debug, Args)]
pub struct With<T: Args> {
    #[command(flatten)]
    asked: T,
    #[command(flatten)]
    settings: SettingsArgs,
}

impl Admin {
    pub fn settings(&self) -> &SettingsArgs {
        match self {
            Self::CreateOrganization(with) => &with.settings,
            Self::CreateUser(with) => &with.settings,
            Self::CreateApiKey(with) => &with.settings,
            Self::ResetPassword(with) | Self::ResetSecondFactor(with) => &with.settings,
            Self::OperatorSecret(with) => &with.settings,
            Self::RotateKey(with) => &with.settings,
        }
    }
}

/// Runs the command on the database of `config`, which is made and migrated where it is missing, and prints the answer.
pub async fn run(config: &Config, command: Admin) -> Result<(), Failure> {
    let db = Db::open(config.database_url.expose(), Options::default()).await.map_err(StartError::from)?;
    let answer = execute(config, &db, command).await;
    db.close().await;
    println!("{}", answer.map_err(Failure::failed)?);
    Ok(())
}

#[derive(Debug, Args)]
pub struct CreateOrganization {
    #[arg(long)]
    pub name: String,
    /// An IANA name, such as Europe/Berlin
    #[arg(long, default_value = "UTC")]
    pub time_zone: String,
    /// enterprise or essentials
    #[arg(long, default_value = "enterprise")]
    pub edition: String,
    /// Turn webhooks on
    #[arg(long)]
    pub enable_webhooks: bool,
}

#[derive(Debug, Args)]
pub struct CreateUser {
    /// The organization's id
    #[arg(long)]
    pub organization: Option<String>,
    #[arg(long)]
    pub email: String,
    /// admin, moderator or member
    #[arg(long)]
    pub role: Option<String>,
    /// Instead of organization and role: somebody who looks after organizations and belongs to none
    #[arg(long)]
    pub account_manager: bool,
    /// Read the password from standard input; without this, one is made and printed
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Debug, Args)]
pub struct OfUser {
    #[arg(long)]
    pub email: String,
}

#[derive(Debug, Args)]
pub struct OperatorSecret;

#[derive(Debug, Args)]
pub struct RotateKey {
    /// Only make the next key beside the key file, so that it can be copied to every node before the change
    #[arg(long)]
    pub prepare: bool,
}

#[derive(Debug, Args)]
pub struct CreateApiKey {
    /// The organization's id
    #[arg(long)]
    pub organization: String,
    #[arg(long)]
    pub name: String,
    /// Some of read, write and publish, with commas between them
    #[arg(long)]
    pub scopes: String,
    /// The email of the user to whom it belongs
    #[arg(long)]
    pub user: Option<String>,
    /// After which time it does not work any more, such as 90d; without this, it has no end
    #[arg(long)]
    pub expires: Option<String>,
}

/// Does what `command` says; the object to print, or the sentence that says what is wrong.
async fn execute(config: &Config, db: &Db, command: Admin) -> Result<Value, String> {
    let (clock, rng): (&dyn Clock, &dyn Rng) = (&SystemClock, &SystemRng);
    match command {
        Admin::CreateOrganization(with) => create_organization(db, clock, rng, with.asked).await,
        Admin::CreateUser(with) => create_user(db, clock, rng, with.asked).await,
        Admin::CreateApiKey(with) => create_api_key(db, clock, rng, with.asked).await,
        Admin::ResetPassword(with) => access::reset_password(config, db, clock, rng, with.asked).await,
        Admin::ResetSecondFactor(with) => access::reset_second_factor(db, clock, rng, with.asked).await,
        Admin::OperatorSecret(_) => operator_secret(config, db).await,
        Admin::RotateKey(with) => {
            let (path, rng) = (&config.secret_key_file, Arc::new(SystemRng));
            match with.asked.prepare {
                true => app::key_rotation::prepare(db, path, rng).await,
                false => app::key_rotation::rotate(db, path, rng).await,
            }
            .map_err(said)
        }
    }
}

/// The sentence of an error that belongs to an argument.
fn wrong(argument: &'static str) -> impl Fn(&dyn std::fmt::Display) -> String {
    move |error| format!("--{argument}: {error}")
}

fn said(error: impl std::error::Error) -> String {
    let chain = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(chain.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

fn by<'a>(clock: &dyn Clock, rng: &'a dyn Rng) -> By<'a> {
    By { email: NAME, source: Source::CommandLine, address: None, now: clock.now(), rng }
}

async fn create_organization(
    db: &Db,
    clock: &dyn Clock,
    rng: &dyn Rng,
    asked: CreateOrganization,
) -> Result<Value, String> {
    let new = NewOrganization {
        name: model::parse_name(&asked.name).map_err(|error| wrong("name")(&error))?,
        time_zone: asked.time_zone.parse::<TimeZone>().map_err(|error| wrong("time-zone")(&error))?,
        edition: asked.edition.parse().map_err(|_| "--edition: choose enterprise or essentials.")?,
        webhooks_enabled: asked.enable_webhooks,
    };
    let mut tx = db.begin().await.map_err(said)?;
    let made = actions::create_organization(&mut tx, &by(clock, rng), new).await.map_err(said)?;
    tx.commit().await.map_err(said)?;
    Ok(json!({
        "id": made.id,
        "name": made.name,
        "time_zone": made.time_zone.name(),
        "edition": made.edition.as_str(),
        "webhooks_enabled": made.webhooks_enabled,
    }))
}

async fn create_user(db: &Db, clock: &dyn Clock, rng: &dyn Rng, asked: CreateUser) -> Result<Value, String> {
    let email = model::parse_email(&asked.email).map_err(|error| wrong("email")(&error))?;
    let (organization, role) = place(&asked)?;
    let password = if asked.password_stdin { read_password()? } else { passwords::generate(rng) };
    let mut names = Names::default().and(&email);
    if let Some(id) = &organization {
        let found = organizations::find(&mut *db.read().await.map_err(said)?, id).await.map_err(said)?;
        names = names.and(&found.ok_or("There is no organization with this id.")?.name);
    }
    passwords::check(&password, &names).map_err(said)?;
    let password_hash = Hasher::default().hash(password.clone(), rng).await.map_err(said)?;
    let mut tx = db.begin().await.map_err(said)?;
    let new = NewUser { organization, email, role, password_hash };
    let made = actions::add_user(&mut tx, &by(clock, rng), new).await.map_err(said)?;
    tx.commit().await.map_err(said)?;
    Ok(json!({
        "id": made.id,
        "organization_id": made.organization_id,
        "email": made.email,
        "role": made.role.as_str(),
        "password": (!asked.password_stdin).then(|| password.expose()),
    }))
}

/// To which organization the new user belongs, and as what.
fn place(asked: &CreateUser) -> Result<(Option<OrganizationId>, Role), String> {
    match (&asked.organization, &asked.role, asked.account_manager) {
        (None, None, true) => Ok((None, Role::AccountManager)),
        (Some(organization), Some(role), false) => {
            let role = role.parse().ok().filter(|role| *role != Role::AccountManager);
            let role = role.ok_or("--role: choose admin, moderator or member.")?;
            Ok((Some(organization_id(organization)?), role))
        }
        (_, _, true) => Err("An account manager belongs to no organization and has no other role.".into()),
        (_, _, false) => Err("Give --organization and --role, or --account-manager.".into()),
    }
}

/// The first line of standard input.
fn read_password() -> Result<Secret, String> {
    let mut text = String::new();
    // More than the longest password, so that one that is too long is told so.
    let limit = 16 * 1024;
    std::io::stdin()
        .take(limit)
        .read_to_string(&mut text)
        .map_err(|error| format!("--password-stdin: cannot read the password: {error}"))?;
    Ok(Secret::new(text.lines().next().unwrap_or_default()))
}

fn organization_id(text: &str) -> Result<OrganizationId, String> {
    text.parse().map_err(|error| wrong("organization")(&error))
}

async fn create_api_key(db: &Db, clock: &dyn Clock, rng: &dyn Rng, asked: CreateApiKey) -> Result<Value, String> {
    let organization = organization_id(&asked.organization)?;
    let name = model::parse_name(&asked.name).map_err(|error| wrong("name")(&error))?;
    let scopes: Scopes = asked.scopes.parse().map_err(|error| wrong("scopes")(&error))?;
    let now = clock.now();
    let expires_at = asked.expires.as_deref().map(|text| expiry(text, now)).transpose()?;
    let mut tx = db.begin().await.map_err(said)?;
    if organizations::find(&mut tx, &organization).await.map_err(said)?.is_none() {
        return Err("There is no organization with this id.".into());
    }
    let user = match &asked.user {
        Some(email) => Some(user_of(&mut tx, &organization, email).await?),
        None => None,
    };
    let actor = Actor { organization, email: NAME.into(), source: Source::CommandLine, address: None };
    let new = NewKey { user, name, scopes, expires_at };
    let (made, key) = api_keys::create(&mut tx, now, rng, &actor, new).await.map_err(said)?;
    tx.commit().await.map_err(said)?;
    let scopes: Vec<_> = made.scopes.iter().map(api_keys::Scope::as_str).collect();
    Ok(json!({
        "id": made.id,
        "organization_id": made.organization,
        "name": made.name,
        "scopes": scopes,
        "key": key.expose(),
    }))
}

/// When a key ends that lasts for a time such as `90d`.
fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let lasts = crate::config::value::duration(text).map_err(|error| wrong("expires")(&error))?;
    api_keys::check_expiry(now + lasts, now).map_err(|error| wrong("expires")(&error))
}

/// The user of the organization with this address.
async fn user_of(conn: &mut Conn, organization: &OrganizationId, email: &str) -> Result<UserId, String> {
    let email = model::parse_email(email).map_err(|error| wrong("user")(&error))?;
    let found = users::find_for_sign_in(conn, &email).await.map_err(said)?;
    let user = found.map(|(user, _)| user).filter(|user| user.organization_id.as_ref() == Some(organization));
    Ok(user.filter(|user| user.active).ok_or("--user: the organization has no user with this email address.")?.id)
}

/// It is made from the key file, which is made where it is missing, as the server would.
async fn operator_secret(config: &Config, db: &Db) -> Result<Value, String> {
    let vault = app::vault(config, db, Arc::new(SystemRng)).await.map_err(said)?;
    Ok(json!({ "signing_secret": operator::secret(&vault).expose() }))
}
