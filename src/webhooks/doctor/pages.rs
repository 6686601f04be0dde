//! GET and POST …/webhooks/guide/check: why a signature does not hold, for whoever writes or runs a receiver.

use std::sync::Arc;

use actix_web::web::{Data, Query, block};
use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;

use crate::base::{DeliveryId, EventId, Timestamp, WebhookId};
use crate::db::Conn;
use crate::delivery::signing::Verifier;
use crate::web::{self, Context, Error, FieldErrors, Form, Hx, Moment, Page as _, Section, Shell};
use crate::webhooks::log::model::{Attempt, Search};
use crate::webhooks::log::store as log;
use crate::webhooks::pages::WebhooksAdmin;
use crate::webhooks::{store as webhooks, urls};

use super::diagnosis::{self, ID, Known, Pasted, SIGNATURE, Sent, TIMESTAMP};
use super::form::CheckForm;
use super::headers::Headers;
use super::secret::{Key, Owner};
use super::store;
use super::words::{self, Answer};

/// Attempts to choose from: each delivery's last.
const OFFERED_ATTEMPTS: i64 = 25;

/// Bytes of a body that are filled in: what a browser posts back has to fit into a form.
const MOST_FILLED_IN: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "webhooks/doctor/page.html", blocks = ["checkup"])]
struct CheckPage {
    shell: Shell,
    result: Option<CheckResult>,
    /// The attempt that the form was filled in with.
    attempt: Option<AttemptLine>,
    /// Its body was too large to be filled in.
    is_left_out: bool,
    /// Deliveries to choose from, and which is chosen.
    deliveries: Vec<(String, String)>,
    delivery: String,
    fields: Fields,
}
crate::web::page!(CheckPage, as_checkup);

struct CheckResult {
    answer: Answer,
    /// When the receiver is taken to have checked.
    at: Moment,
}

struct AttemptLine {
    number: i64,
    event_type: &'static str,
    at: Moment,
    url: String,
}

/// The form's fields, as the guide has them, too.
#[derive(Template)]
#[template(path = "webhooks/doctor/fields.html")]
pub struct Fields {
    form: CheckForm,
    errors: FieldErrors,
    /// Webhooks to choose from; empty where the page has chosen.
    choice: Vec<(String, String)>,
}

/// Its template escapes what it shows.
impl HtmlSafe for Fields {}

impl Fields {
    /// For what the receiver of this webhook got, or of any.
    pub fn blank(webhook: Option<&WebhookId>) -> Self {
        let webhook = webhook.map(WebhookId::to_string).unwrap_or_default();
        Self { form: CheckForm { webhook, ..CheckForm::default() }, errors: FieldErrors::default(), choice: Vec::new() }
    }
}

/// What the page is about to begin with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    webhook: String,
    delivery: String,
    attempt: String,
}

/// GET …/webhooks/guide/check: the form, filled in with an attempt and its diagnosis where one is chosen.
pub(crate) async fn show(admin: WebhooksAdmin, context: Data<Context>, asked: Query<Asked>, hx: Hx) -> web::Result {
    let Asked { webhook, delivery, attempt } = asked.into_inner();
    let mut form = CheckForm { webhook, delivery, attempt, ..CheckForm::default() };
    let room = Room::open(&admin, &context, &mut form).await?;
    let Some(chosen) = &room.chosen else { return room.page(&admin, form, None).answer(&hx) };
    form.headers = chosen.header_lines();
    form.body.clone_from(&chosen.body);
    let headers = form.parse().unwrap_or_default();
    let result = room.diagnose(&admin, &context, &form, headers).await?;
    let is_left_out = form.body.len() > MOST_FILLED_IN;
    if is_left_out {
        form.body.clear();
    }
    CheckPage { is_left_out, ..room.page(&admin, form, Some(result)) }.answer(&hx)
}

/// POST …/webhooks/guide/check: what is wrong with what was pasted.
pub(crate) async fn check(
    admin: WebhooksAdmin,
    context: Data<Context>,
    Form(mut form): Form<CheckForm>,
    hx: Hx,
) -> web::Result {
    let room = Room::open(&admin, &context, &mut form).await?;
    match form.parse() {
        Ok(headers) => {
            let result = room.diagnose(&admin, &context, &form, headers).await?;
            room.page(&admin, form, Some(result)).answer(&hx)
        }
        Err(errors) => {
            let mut page = room.page(&admin, form, None);
            page.fields.errors = errors;
            page.rejected(&hx)
        }
    }
}

/// What stands ready before anything is looked at.
struct Room {
    webhook: Option<WebhookId>,
    chosen: Option<Chosen>,
    webhooks: Vec<(String, String)>,
    deliveries: Vec<(String, String)>,
    now: Timestamp,
}

/// An attempt of the log.
struct Chosen {
    delivery: DeliveryId,
    event_type: &'static str,
    attempt: Attempt,
    body: String,
}

impl Chosen {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.attempt.request_headers.iter().find(|(given, _)| given == name);
        found.and_then(|(_, value)| value.as_deref())
    }

    fn header_lines(&self) -> String {
        let line = |name: &str| Some(format!("{name}: {}\n", self.header(name)?));
        [ID, TIMESTAMP, SIGNATURE].into_iter().filter_map(line).collect()
    }
}

impl Room {
    /// Reads what the form names; the delivery says of itself whose it is.
    async fn open(admin: &WebhooksAdmin, context: &Context, form: &mut CheckForm) -> web::Result<Self> {
        let (organization, zone, now) = (&admin.organization.id, admin.organization.time_zone, context.clock.now());
        let mut conn = context.db.read().await?;
        let chosen = match form.delivery.as_str() {
            "" => None,
            id => Some(choose(&mut conn, admin, id, &form.attempt).await?),
        };
        if let Some(chosen) = &chosen {
            form.attempt = chosen.attempt.line.number.to_string();
            if form.webhook.is_empty() {
                form.webhook = chosen.delivery.webhook.to_string();
            }
        }
        let all = webhooks::list(&mut conn, &context.vault, organization).await?;
        let webhook = match form.webhook.as_str() {
            "" => None,
            id => Some(id.parse::<WebhookId>().map_err(|_| Error::NotFound)?),
        };
        let is_known = |id: &WebhookId| all.iter().any(|webhook| webhook.id == *id);
        let is_chosen = |id: &WebhookId| chosen.as_ref().is_some_and(|chosen| chosen.delivery.webhook == *id);
        if webhook.as_ref().is_some_and(|id| !is_known(id) && !is_chosen(id)) {
            return Err(Error::NotFound);
        }
        let search = Search { webhook: webhook.clone(), ..Search::default() };
        let latest = log::search_deliveries(&mut conn, organization, &search, None, OFFERED_ATTEMPTS).await?;
        let name_of =
            |id: &WebhookId| all.iter().find(|webhook| webhook.id == *id).map(|webhook| webhook.name.as_str());
        let attempted = latest.into_iter().filter_map(|delivery| {
            let at = Moment::relative(delivery.last.started_at?, now, zone).text;
            let to = name_of(&delivery.id.webhook).unwrap_or("a deleted instance");
            let label = format!("{} to {to}, attempt {}, {at}", delivery.event_type, delivery.attempts_made);
            Some((delivery.id.to_string(), label))
        });
        let deliveries = attempted.collect();
        let webhooks = all.iter().map(|webhook| (webhook.id.to_string(), webhook.name.to_string())).collect();
        Ok(Self { deliveries, webhooks, webhook, chosen, now })
    }

    async fn diagnose(
        &self,
        admin: &WebhooksAdmin,
        context: &Context,
        form: &CheckForm,
        headers: Headers,
    ) -> web::Result<CheckResult> {
        let organization = &admin.organization.id;
        let mut conn = context.db.read().await?;
        let body = form.bare_body();
        let sent = self.sent(&mut conn, admin, &headers, &body).await?;
        let at = self.checked_at(&headers, sent.as_ref());
        let secrets = webhooks::every_secret(&mut conn, &context.vault, organization).await?;
        drop(conn);
        let key = |found: webhooks::OwnedSecret| {
            let owner = Owner::Webhook { id: found.webhook, name: found.webhook_name };
            let public = found.secret.public_key().map(Verifier::PublicKey);
            Arc::new(Key { owner, secret: public.unwrap_or(Verifier::Secret(found.secret)), ends_at: found.ends_at })
        };
        let known = Known { keys: secrets.into_iter().map(key).collect(), webhook: self.webhook.clone(), sent, at };
        let (computed, secret) = (form.computed.clone(), form.secret.clone());
        // Trying all the mistakes with a large body takes a second or two.
        let diagnosis = block(move || {
            let pasted = Pasted { headers: &headers, body: &body, computed: &computed, secret: secret.expose() };
            diagnosis::diagnose(pasted, &known)
        });
        let diagnosis = diagnosis.await.map_err(Error::internal)?;
        let zone = admin.organization.time_zone;
        Ok(CheckResult { answer: words::answer(diagnosis, at, zone), at: Moment::exact(at, zone) })
    }

    /// What was sent: of the event that the headers name, or the body, or else of the attempt that was chosen.
    async fn sent(
        &self,
        conn: &mut Conn,
        admin: &WebhooksAdmin,
        headers: &Headers,
        body: &str,
    ) -> web::Result<Option<Sent>> {
        let in_body = serde_json::from_str::<serde_json::Value>(body).ok();
        let in_body = in_body.as_ref().and_then(|body| body.get("EVENT_ID")?.as_str());
        let named = [headers.get(ID), in_body].into_iter().flatten().filter_map(|id| id.parse::<EventId>().ok());
        let chosen = self.chosen.iter().map(|chosen| chosen.delivery.event.clone());
        for id in named.chain(chosen) {
            let sent = store::sent(conn, &admin.organization.id, &id).await?;
            if sent.is_some() {
                return Ok(sent);
            }
        }
        Ok(None)
    }

    /// An attempt that was chosen is looked at as its receiver did when it arrived, all else as of now.
    fn checked_at(&self, headers: &Headers, sent: Option<&Sent>) -> Timestamp {
        let (Some(chosen), Some(sent)) = (&self.chosen, sent) else { return self.now };
        if sent.id != chosen.delivery.event.as_str() {
            return self.now;
        }
        let pasted = headers.get(TIMESTAMP).filter(|pasted| sent.requests.iter().any(|sent| sent.timestamp == *pasted));
        let seconds = pasted.or_else(|| chosen.header(TIMESTAMP)).and_then(|seconds| seconds.parse().ok());
        seconds.map_or(chosen.attempt.line.started_at, Timestamp::from_seconds)
    }

    fn page(self, admin: &WebhooksAdmin, form: CheckForm, result: Option<CheckResult>) -> CheckPage {
        let zone = admin.organization.time_zone;
        let attempt = self.chosen.as_ref().map(|chosen| AttemptLine {
            number: chosen.attempt.line.number,
            event_type: chosen.event_type,
            at: Moment::exact(chosen.attempt.line.started_at, zone),
            url: format!("{}?attempt={}", urls::delivery(&chosen.delivery), chosen.attempt.line.number),
        });
        let any = (String::new(), "Any instance".to_owned());
        let choice = std::iter::once(any).chain(self.webhooks).collect();
        CheckPage {
            shell: admin.shell(Section::Integrations, "Check a signature"),
            result,
            attempt,
            is_left_out: false,
            deliveries: self.deliveries,
            delivery: form.delivery.clone(),
            fields: Fields { form, errors: FieldErrors::default(), choice },
        }
    }
}

/// The attempt of that number, or the delivery's last.
async fn choose(conn: &mut Conn, admin: &WebhooksAdmin, delivery: &str, number: &str) -> web::Result<Chosen> {
    let organization = &admin.organization.id;
    let id: DeliveryId = delivery.parse().map_err(|_| Error::NotFound)?;
    let number = match number {
        "" => {
            let last = log::attempt_lines(conn, organization, &id, 1).await?;
            last.first().ok_or(Error::NotFound)?.number
        }
        text => text.parse().map_err(|_| Error::NotFound)?,
    };
    let attempt = log::attempt(conn, organization, &id, number).await?.ok_or(Error::NotFound)?;
    let event = crate::events::store::find(conn, organization, &id.event).await?.ok_or(Error::NotFound)?;
    Ok(Chosen { delivery: id, event_type: event.event_type.as_str(), attempt, body: event.body })
}
