//! The API keys page: what programs may do here, and who gave them that.
//!
//! A new key is in the answer to the post that made it, and nowhere else: not in a redirect, not in the session, which
//! is kept in the database. Reloading the list does not show it again.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::auth::api_keys::{self, ApiKey, NewKey, Scope, Scopes};
use crate::auth::model::parse_name;
use crate::auth::store::api_keys::{self as store, Listed};
use crate::base::{ApiKeyId, Secret, TimeZone, Timestamp};
use crate::web::guard::Admin;
use crate::web::{
    self, Context, Error, FieldErrors, Form, Hx, Moment, Page, Section, Shell, Toast, filters, see_other,
};

const LIST: &str = "/settings/api-keys";

fn revoke_url(id: &ApiKeyId) -> String {
    format!("{LIST}/{id}/revoke")
}

/// GET /settings/api-keys
pub(crate) async fn list(admin: Admin, context: Data<Context>, hx: Hx) -> web::Result {
    ListPage::load(&admin, &context, None).await?.answer(&hx)
}

/// GET /settings/api-keys/new
pub(crate) async fn new(admin: Admin, hx: Hx) -> web::Result {
    FormPage::new(&admin, &KeyForm::default(), FieldErrors::default()).answer(&hx)
}

/// POST /settings/api-keys: makes a key and shows it, this once.
pub(crate) async fn create(admin: Admin, context: Data<Context>, hx: Hx, form: Form<KeyForm>) -> web::Result {
    let Form(form) = form;
    let now = context.clock.now();
    let (name, scopes, expires_at) = match form.parse(now, admin.organization.time_zone) {
        Ok(parsed) => parsed,
        Err(errors) => return FormPage::new(&admin, &form, errors).rejected(&hx),
    };
    let new = NewKey { user: Some(admin.user.id.clone()), name, scopes, expires_at };
    let mut tx = context.db.begin().await?;
    let (_, key) = api_keys::create(&mut tx, now, context.rng.as_ref(), &admin.actor(), new).await?;
    tx.commit().await?;
    let mut page = ListPage::load(&admin, &context, Some(key)).await?;
    page.shell = page.shell.with_toast(Toast::ok("API key created").text("Copy it now."));
    let mut answer = page.answer(&hx)?;
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// GET /settings/api-keys/{id}/revoke
pub(crate) async fn ask_to_revoke(admin: Admin, context: Data<Context>, hx: Hx, id: Path<ApiKeyId>) -> web::Result {
    let found = store::find(&mut *context.db.read().await?, &admin.organization.id, &id).await?;
    RevokePage::new(&admin, &found.ok_or(Error::NotFound)?).answer(&hx)
}

/// POST /settings/api-keys/{id}/revoke
pub(crate) async fn revoke(
    admin: Admin,
    context: Data<Context>,
    hx: Hx,
    id: Path<ApiKeyId>,
) -> web::Result<HttpResponse> {
    let mut tx = context.db.begin().await?;
    let now = context.clock.now();
    let revoked = api_keys::revoke(&mut tx, now, context.rng.as_ref(), &admin.actor(), &id).await?;
    let key = revoked.ok_or(Error::NotFound)?;
    tx.commit().await?;
    admin.flash(Toast::ok("API key revoked").text(format!("{} does not work any more.", key.name)));
    Ok(see_other(&hx, LIST))
}

/// The form as it is posted.
#[derive(Default, Deserialize)]
pub(crate) struct KeyForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
    /// The last day on which it works, on the organization's clocks; empty: it has no end.
    #[serde(default)]
    expires: String,
}

impl KeyForm {
    fn parse(&self, now: Timestamp, zone: TimeZone) -> Result<(String, Scopes, Option<Timestamp>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", parse_name(&self.name));
        let scopes = errors.take("scopes", Scopes::of(self.scopes.iter().map(String::as_str)));
        let expires = errors.take("expires", expiry(&self.expires, now, zone));
        errors.into_result(name.zip(scopes).zip(expires).map(|((name, scopes), expires)| (name, scopes, expires)))
    }
}

/// The end of a key that works until the day is over.
fn expiry(day: &str, now: Timestamp, zone: TimeZone) -> Result<Option<Timestamp>, String> {
    if day.trim().is_empty() {
        return Ok(None);
    }
    let day = day.trim().parse().ok();
    let end = day.and_then(|day| filters::end_of(day, zone)).ok_or("Choose a day such as 2027-01-31, or none.")?;
    api_keys::check_expiry(end, now).map(Some).map_err(|error| error.to_string())
}

/// How soon a key's end has to be that the list points at it.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// When a key ends, as the list tells it.
enum Expiry {
    Never,
    At(Moment),
    Soon(Moment),
    Expired(Moment),
}

impl Expiry {
    fn of(end: Option<Timestamp>, now: Timestamp, zone: TimeZone) -> Self {
        let Some(end) = end else { return Self::Never };
        let moment = Moment::relative(end, now, zone);
        match end {
            end if end <= now => Self::Expired(moment),
            end if end <= now + SOON => Self::Soon(moment),
            _ => Self::At(moment),
        }
    }
}

#[derive(Template)]
#[template(path = "accounts/api_keys.html")]
struct ListPage {
    shell: Shell,
    /// The key that was just made, in clear.
    new_key: Option<Secret>,
    rows: Vec<Row>,
}
web::page!(ListPage);

struct Row {
    name: String,
    prefix: String,
    access: String,
    owner: String,
    /// Its owner has left, and the key does not work.
    is_orphan: bool,
    last_used: Option<Moment>,
    expiry: Expiry,
    revoke_url: String,
}

impl ListPage {
    async fn load(admin: &Admin, context: &Context, new_key: Option<Secret>) -> web::Result<Self> {
        let keys = store::list(&mut *context.db.read().await?, &admin.organization.id).await?;
        let (now, zone) = (context.clock.now(), admin.organization.time_zone);
        Ok(Self {
            shell: admin.shell(Section::ApiKeys, "API keys"),
            new_key,
            rows: keys.into_iter().map(|listed| Row::new(listed, now, zone)).collect(),
        })
    }
}

impl Row {
    fn new(listed: Listed, now: Timestamp, zone: TimeZone) -> Self {
        let Listed { key, owner, is_orphan } = listed;
        let owner = match owner {
            Some((name, email)) if name.is_empty() => email,
            Some((name, _)) => name,
            None => "Command line".into(),
        };
        Self {
            prefix: key.prefix,
            access: access(key.scopes),
            owner,
            is_orphan,
            expiry: Expiry::of(key.expires_at, now, zone),
            last_used: key.last_used_at.map(|at| Moment::relative(at, now, zone)),
            revoke_url: revoke_url(&key.id),
            name: key.name,
        }
    }
}

/// `Read, publish`.
fn access(scopes: Scopes) -> String {
    let text = scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(", ");
    text[..1].to_uppercase() + &text[1..]
}

#[derive(Template)]
#[template(path = "accounts/api_keys_new.html")]
struct FormPage {
    shell: Shell,
    name: String,
    expires: String,
    /// Each with whether it is chosen.
    scopes: Vec<(Scope, bool)>,
    errors: FieldErrors,
}
web::page!(FormPage);

impl FormPage {
    fn new(admin: &Admin, form: &KeyForm, errors: FieldErrors) -> Self {
        let is_chosen = |scope: Scope| form.scopes.iter().any(|word| word == scope.as_str());
        Self {
            shell: admin.shell(Section::ApiKeys, "Create API key"),
            name: form.name.clone(),
            expires: form.expires.clone(),
            scopes: Scope::ALL.into_iter().map(|scope| (scope, is_chosen(scope))).collect(),
            errors,
        }
    }
}

#[derive(Template)]
#[template(path = "accounts/api_keys_revoke.html")]
struct RevokePage {
    shell: Shell,
    question: String,
    prefix: String,
    action: String,
}

/// The same question for htmx, as a dialog.
#[derive(Template)]
#[template(path = "accounts/api_keys_revoke_dialog.html")]
struct RevokeDialog<'a> {
    question: &'a str,
    prefix: &'a str,
    action: &'a str,
}

impl RevokePage {
    fn new(admin: &Admin, key: &ApiKey) -> Self {
        Self {
            shell: admin.shell(Section::ApiKeys, "Revoke API key"),
            question: format!("Revoke {}?", key.name),
            prefix: key.prefix.clone(),
            action: revoke_url(&key.id),
        }
    }
}

impl Page for RevokePage {
    fn shell(&self) -> &Shell {
        &self.shell
    }

    fn whole(&self) -> askama::Result<String> {
        self.render()
    }

    fn fragment(&self, _: &Hx) -> askama::Result<String> {
        let Self { question, prefix, action, .. } = self;
        RevokeDialog { question, prefix, action }.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_needs_a_name_and_a_scope() {
        let form = |name: &str, scopes: &[&str]| {
            let scopes = scopes.iter().map(|scope| (*scope).into()).collect();
            let form = KeyForm { name: name.into(), scopes, expires: String::new() };
            form.parse(Timestamp::from_seconds(1_800_000_000), TimeZone::UTC)
        };
        let (name, scopes, _) = form(" CRM sync ", &["publish", "read"]).unwrap();
        assert_eq!((name.as_str(), access(scopes).as_str()), ("CRM sync", "Read, publish"));
        let errors = form(" ", &[]).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["name", "scopes"]);
        assert!(form("x", &["admin"]).is_err());
        assert!(form(&"x".repeat(101), &["read"]).is_err());
    }

    #[test]
    fn a_key_works_until_its_last_day_is_over() {
        let now = Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let zone: TimeZone = "America/Los_Angeles".parse().unwrap();
        let end = |day: &str| expiry(day, now, zone);
        assert_eq!(end(" "), Ok(None));
        assert_eq!(end("2026-11-23"), Ok(Timestamp::parse_rfc3339("2026-11-24T08:00:00Z")));
        for bad in ["2026-11-22", "2036-12-31", "9999-12-31", "tomorrow", "2026-02-30"] {
            assert!(end(bad).is_err(), "{bad}");
        }
        let told = |days: u64| match Expiry::of(Some(now + Duration::from_secs(days * 86_400)), now, zone) {
            Expiry::Never => "never",
            Expiry::At(_) => "at",
            Expiry::Soon(_) => "soon",
            Expiry::Expired(_) => "expired",
        };
        assert_eq!([0, 1, 14, 15].map(told), ["expired", "soon", "soon", "at"]);
    }
}
