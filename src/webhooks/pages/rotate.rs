//! Rotating the signing secret: what the pages say of the old ones, the question, the rotation, and their early end.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;

use crate::base::{TimeZone, Timestamp, Vault, WebhookId};
use crate::db::{Conn, DbError};
use crate::delivery::signing::{Signing, SigningSecret};
use crate::web::{self, Context, Error, FieldErrors, Form, Hx, Moment, Page, Section, Shell, Toast, see_other};
use crate::webhooks::actions::{self, Refusal, Rotated};
use crate::webhooks::model::{Overlap, Webhook, successor};
use crate::webhooks::{store, urls};

use super::WebhooksAdmin;
use super::change::Change;

/// What can be chosen for `overlap`, in seconds, and in words.
const OVERLAPS: [(&str, &str); 6] = [
    ("86400", "For a day"),
    ("0", "Not at all: it may be known to others"),
    ("3600", "For an hour"),
    ("43200", "For 12 hours"),
    ("259200", "For 3 days"),
    ("604800", "For 7 days"),
];

/// The old secrets that still sign, with the way to rotate and to end them: a part of the webhook's page and of its form.
#[derive(Template)]
#[template(path = "webhooks/secret/_old.html")]
pub struct OldSecrets {
    rotate_url: String,
    end_url: String,
    /// When each of them ends, the newest first.
    ends: Vec<Moment>,
    /// What the newest is called: secret, or key.
    noun: &'static str,
}

/// Its template escapes what it shows.
impl HtmlSafe for OldSecrets {}

impl OldSecrets {
    pub fn of(id: &WebhookId, signers: &Signers, now: Timestamp, zone: TimeZone) -> Self {
        let ends = signers.0.iter().filter_map(|(_, end)| *end).map(|end| Moment::until(end, now, zone)).collect();
        let noun = if signers.is_asymmetric() { "key" } else { "secret" };
        Self { rotate_url: urls::rotate(id), end_url: urls::end_rotation(id), ends, noun }
    }
}

/// What signs for a webhook, the newest first, each with when it ends. Nothing of it is a secret but what is asked for by `expose`.
#[derive(Debug, Default)]
pub struct Signers(Vec<(SigningSecret, Option<Timestamp>)>);

impl Signers {
    pub async fn load(conn: &mut Conn, vault: &Vault, id: &WebhookId, now: Timestamp) -> Result<Self, DbError> {
        Ok(Self(store::secrets(conn, vault, id, now).await?))
    }

    pub fn is_asymmetric(&self) -> bool {
        self.0.first().is_some_and(|(secret, _)| secret.signing() == Signing::Asymmetric)
    }

    /// Of the pair that signs, or that would once asymmetric signing is saved; "" where nothing signs.
    pub fn public_key(&self, vault: &Vault) -> String {
        self.0.first().map(|(secret, _)| public_key_of(vault, secret)).unwrap_or_default()
    }
}

/// The public key of this pair, or of the pair that follows this secret.
pub fn public_key_of(vault: &Vault, secret: &SigningSecret) -> String {
    let key = secret.public_key().or_else(|| successor(vault, secret, Signing::Asymmetric).public_key());
    key.map(|key| key.to_string()).unwrap_or_default()
}

#[derive(Template)]
#[template(path = "webhooks/secret/rotate.html")]
struct RotatePage {
    shell: Shell,
    name: String,
    back: String,
    action: String,
    overlaps: Vec<(String, String)>,
    overlap: String,
    errors: FieldErrors,
    /// Why it cannot be done now, or "".
    refusal: String,
    ends: Vec<Moment>,
}

/// The same question for htmx, as a dialog.
#[derive(Template)]
#[template(path = "webhooks/secret/rotate_dialog.html")]
struct RotateDialog<'a> {
    back: &'a str,
    action: &'a str,
    overlaps: &'a [(String, String)],
    overlap: &'a str,
    errors: &'a FieldErrors,
    refusal: &'a str,
    ends: &'a [Moment],
}

impl Page for RotatePage {
    fn shell(&self) -> &Shell {
        &self.shell
    }

    fn whole(&self) -> askama::Result<String> {
        self.render()
    }

    fn fragment(&self, _: &Hx) -> askama::Result<String> {
        let Self { back, action, overlaps, overlap, errors, refusal, ends, .. } = self;
        RotateDialog { back, action, overlaps, overlap, errors, refusal, ends }.render()
    }
}

#[derive(Template)]
#[template(path = "webhooks/secret/end.html")]
struct EndPage {
    shell: Shell,
    name: String,
    question: &'static str,
    back: String,
    action: String,
    ends: Vec<Moment>,
}

#[derive(Template)]
#[template(path = "webhooks/secret/end_dialog.html")]
struct EndDialog<'a> {
    question: &'a str,
    back: &'a str,
    action: &'a str,
    ends: &'a [Moment],
}

impl Page for EndPage {
    fn shell(&self) -> &Shell {
        &self.shell
    }

    fn whole(&self) -> askama::Result<String> {
        self.render()
    }

    fn fragment(&self, _: &Hx) -> askama::Result<String> {
        let Self { question, back, action, ends, .. } = self;
        EndDialog { question, back, action, ends }.render()
    }
}

/// How long the old secret is to sign on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RotateForm {
    overlap: String,
}

impl RotateForm {
    fn parse(&self) -> Result<Overlap, FieldErrors> {
        let text = self.overlap.trim();
        if text.is_empty() {
            return Ok(Overlap::default());
        }
        let mut errors = FieldErrors::default();
        let overlap = errors.take("overlap", text.parse());
        errors.into_result(overlap)
    }
}

/// GET …/webhooks/{id}/rotate-secret
pub(crate) async fn ask(admin: WebhooksAdmin, context: Data<Context>, id: Path<WebhookId>, hx: Hx) -> web::Result {
    RotatePage::of(&admin, &context, &id).await?.answer(&hx)
}

/// POST …/webhooks/{id}/rotate-secret
pub(crate) async fn rotate(change: Change, Form(form): Form<RotateForm>) -> web::Result {
    let Change { admin, context, id, hx, .. } = &change;
    let again = async || -> Result<RotatePage, Error> {
        Ok(RotatePage { overlap: form.overlap.clone(), ..RotatePage::of(admin, context, id).await? })
    };
    let overlap = match form.parse() {
        Ok(overlap) => overlap,
        Err(errors) => return RotatePage { errors, ..again().await? }.rejected(hx),
    };
    match change.run(async |tx, tools, actor, id| actions::rotate_secret(tx, tools, actor, id, overlap).await).await {
        Ok(rotated) => {
            admin.flash(said(&rotated, admin.organization.time_zone));
            Ok(see_other(hx, urls::show(id)))
        }
        Err(refusal @ Refusal::TooManySecrets(_)) => {
            let page = RotatePage { refusal: refusal.to_string(), ..again().await? };
            page.answer_with(hx, StatusCode::CONFLICT)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// GET …/webhooks/{id}/rotate-secret/end
pub(crate) async fn ask_to_end(
    admin: WebhooksAdmin,
    context: Data<Context>,
    id: Path<WebhookId>,
    hx: Hx,
) -> web::Result {
    let (webhook, ends) = look(&admin, &context, &id).await?;
    if ends.is_empty() {
        // They have ended meanwhile: there is nothing to ask.
        return Ok(see_other(&hx, urls::show(&id)));
    }
    let question = if ends.len() == 1 { "End the old signing secret now?" } else { "End the old signing secrets now?" };
    let page = EndPage {
        shell: admin.shell(Section::Integrations, question),
        name: webhook.name.to_string(),
        question,
        back: urls::show(&id),
        action: urls::end_rotation(&id),
        ends,
    };
    page.answer(&hx)
}

/// POST …/webhooks/{id}/rotate-secret/end: repeated, it changes nothing.
pub(crate) async fn end(change: Change) -> web::Result {
    let ended = change.run(actions::end_rotation).await?;
    change.admin.flash(match ended.count {
        0 => Toast::info("No old secret signs any more"),
        1 => Toast::ok("Old signing secret ended").text("Messages are signed with the new one alone."),
        _ => Toast::ok("Old signing secrets ended").text("Messages are signed with the newest one alone."),
    });
    Ok(see_other(&change.hx, urls::show(&change.id)))
}

impl RotatePage {
    async fn of(admin: &WebhooksAdmin, context: &Context, id: &WebhookId) -> Result<Self, Error> {
        let (webhook, ends) = look(admin, context, id).await?;
        Ok(Self {
            shell: admin.shell(Section::Integrations, "Rotate signing secret"),
            name: webhook.name.to_string(),
            back: urls::show(id),
            action: urls::rotate(id),
            overlaps: OVERLAPS.map(|(value, label)| (value.to_owned(), label.to_owned())).to_vec(),
            overlap: Overlap::default().seconds().to_string(),
            errors: FieldErrors::default(),
            refusal: String::new(),
            ends,
        })
    }
}

/// The webhook, and when its old secrets end.
async fn look(admin: &WebhooksAdmin, context: &Context, id: &WebhookId) -> Result<(Webhook, Vec<Moment>), Error> {
    let (now, zone) = (context.clock.now(), admin.organization.time_zone);
    let mut conn = context.db.read().await?;
    let webhook = admin.webhook(&mut conn, context, id).await?;
    let ends = store::old_secrets(&mut conn, id, now).await?;
    Ok((webhook, ends.into_iter().map(|end| Moment::until(end, now, zone)).collect()))
}

fn said(rotated: &Rotated, zone: TimeZone) -> Toast {
    let toast = Toast::ok("Signing secret rotated");
    match rotated.secrets.get(1).and_then(|(_, end)| *end) {
        Some(end) => toast.text(format!("The old secret also works until {}.", Moment::short(end, zone))),
        None => toast.text("The old secret does not work any more."),
    }
}
