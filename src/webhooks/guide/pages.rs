//! GET …/webhooks/guide: for anybody who sees webhooks, about one of them or about none in particular.

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::catalog::{self, Chapter};
use super::receivers;
use super::terms::{Step, Terms, span};
use crate::base::{EventId, TimeZone, WebhookId};
use crate::delivery::endpoint::masked_query;
use crate::delivery::signing::{self, Signing, SigningSecret};
use crate::events::{EventType, sample};
use crate::web::{self, Context, Error, Hx, Page as _, Section, Shell};
use crate::webhooks::doctor::pages::Fields;
use crate::webhooks::model::{HeaderName, Webhook};
use crate::webhooks::pages::WebhooksAdmin;
use crate::webhooks::{store, urls};

/// Signs the worked example: nobody's secret.
const EXAMPLE_KEY: &[u8; 32] = b"this-is-an-example-not-a-secret!";

/// When the worked example was sent: as its event happened.
const EXAMPLE_SENT: i64 = 1_622_015_415;

/// The query of the guide.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    /// The webhook whose names are filled in; empty for none, as the page's form sends it.
    #[serde(default)]
    webhook: String,
}

#[derive(Template)]
#[template(path = "webhooks/guide.html")]
struct GuidePage {
    shell: Shell,
    /// What the page is about, if anything.
    webhook: Option<Webhook>,
    /// Ids and names to choose from.
    choice: Vec<(String, String)>,
    chosen: String,
    zone: &'static str,
    example: Example,
    /// Of a webhook that signs with a key pair.
    public_key: Option<String>,
    steps: Vec<Step>,
    request_timeout: String,
    disable_after: String,
    chapters: Vec<Chapter>,
    test: String,
    programs: Vec<Program>,
    /// Why a signature does not hold.
    check: Fields,
    check_url: String,
    egress_addresses: Vec<String>,
    /// Whom to ask.
    contact: String,
}

crate::web::page!(GuidePage);

/// A callback whose signature anybody can recompute.
struct Example {
    secret: String,
    id: &'static str,
    timestamp: i64,
    body: String,
    signature: String,
    /// The request as it is on the wire.
    request: String,
}

/// A program on the page.
struct Program {
    name: &'static str,
    language: &'static str,
    file: &'static str,
    needs: &'static str,
    start: &'static str,
    source: String,
}

/// GET …/webhooks/guide
pub(crate) async fn show(
    admin: WebhooksAdmin,
    context: Data<Context>,
    terms: Data<Terms>,
    asked: Query<Asked>,
    hx: Hx,
) -> web::Result {
    let mut webhooks = store::list(&mut *context.db.read().await?, &context.vault, &admin.organization.id).await?;
    let choice = choice(&webhooks);
    let webhook = match asked.webhook.as_str() {
        "" => None,
        id => {
            let id: WebhookId = id.parse().map_err(|_| Error::NotFound)?;
            let place = webhooks.iter().position(|webhook| webhook.id == id).ok_or(Error::NotFound)?;
            Some(webhooks.swap_remove(place))
        }
    };
    let (now, zone) = (context.clock.now(), admin.organization.time_zone);
    let public_key = match &webhook {
        Some(webhook) if webhook.signing == Signing::Asymmetric => {
            let mut conn = context.db.read().await?;
            let secrets = store::secrets(&mut conn, &context.vault, &webhook.id, now).await?;
            secrets.first().and_then(|(secret, _)| secret.public_key()).map(|key| key.to_string())
        }
        _ => None,
    };
    let page = GuidePage {
        shell: admin.shell(Section::Integrations, "Guide for receivers"),
        choice,
        chosen: asked.into_inner().webhook,
        zone: zone.name(),
        example: Example::new(zone, webhook.as_ref()),
        public_key,
        steps: terms.steps(),
        request_timeout: span(terms.request_timeout),
        disable_after: span(terms.disable_after),
        chapters: catalog::chapters(zone, webhook.as_ref()),
        test: catalog::test(&EventId::new(now, context.rng.as_ref()), &admin.user.email, now, zone),
        programs: receivers::ALL.iter().map(|receiver| Program::new(receiver, webhook.as_ref())).collect(),
        check: Fields::blank(webhook.as_ref().map(|webhook| &webhook.id)),
        check_url: webhook.as_ref().map_or_else(|| urls::CHECK.to_owned(), |webhook| urls::check(&webhook.id)),
        egress_addresses: terms.egress_addresses.clone(),
        contact: context.account_manager_contact.clone(),
        webhook,
    };
    page.answer(&hx)
}

/// Nothing to choose while there is no webhook.
fn choice(webhooks: &[Webhook]) -> Vec<(String, String)> {
    if webhooks.is_empty() {
        return Vec::new();
    }
    let none = (String::new(), "Any instance".to_owned());
    let each = webhooks.iter().map(|webhook| (webhook.id.to_string(), webhook.name.to_string()));
    std::iter::once(none).chain(each).collect()
}

impl Example {
    fn new(zone: TimeZone, webhook: Option<&Webhook>) -> Self {
        let first = webhook.and_then(|webhook| webhook.events.first().copied());
        let body = sample::callback(first.unwrap_or(EventType::ProjectEdited), zone);
        let secret = SigningSecret::of_bytes(EXAMPLE_KEY);
        let signature = signing::sign(std::slice::from_ref(&secret), sample::EVENT_ID, EXAMPLE_SENT, body.as_bytes());
        let own = |webhook: &Webhook| {
            // Names are sent in lower case.
            let line = |name: &HeaderName| format!("{}: ••••••••\n", name.as_str().to_ascii_lowercase());
            webhook.header_names.iter().map(line).collect::<String>()
        };
        let (target, host) = webhook.map_or(("/webhooks/herald".to_owned(), "receiver.example"), |webhook| {
            (masked_query(webhook.endpoint.path_and_query()), webhook.endpoint.authority())
        });
        let request = format!(
            "POST {target} HTTP/1.1\nhost: {host}\ncontent-type: application/json\nuser-agent: Herald/{version}\n\
             webhook-id: {id}\nwebhook-timestamp: {EXAMPLE_SENT}\nwebhook-signature: {signature}\n{own}\
             content-length: {length}\n\n{body}",
            version = env!("CARGO_PKG_VERSION"),
            id = sample::EVENT_ID,
            own = webhook.map(own).unwrap_or_default(),
            length = body.len(),
        );
        Self {
            secret: secret.expose().to_owned(),
            id: sample::EVENT_ID,
            timestamp: EXAMPLE_SENT,
            body,
            signature,
            request,
        }
    }
}

impl Program {
    fn new(receiver: &receivers::Receiver, webhook: Option<&Webhook>) -> Self {
        let &receivers::Receiver { name, language, file, needs, start, .. } = receiver;
        Self { name, language, file, needs, start, source: receiver.program(webhook) }
    }
}
