//! The form as it is shown: for a new webhook, for a saved one, and again with what was typed.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use askama::Template;

use crate::base::{Secret, TimeZone, Timestamp, Vault};
use crate::delivery::signing::{Signing, SigningSecret};
use crate::events::body::render_test;
use crate::events::{EventType, Group};
use crate::web::hx::{html, retargeted};
use crate::web::{self, Coloured, FieldErrors, Hx, Moment, Page, Section, Shell, Toast, toast};
use crate::webhooks::form::{HeaderRow, WebhookForm};
use crate::webhooks::model::{Field, HeaderName, Invalid, LastTest, NAME_CHARACTERS, Status, Webhook, WebhookState};
use crate::webhooks::urls;

use super::WebhooksAdmin;
use super::list::{is_tested_since, why_disabled};
use super::preview::Preview;
use super::rotate::{OldSecrets, Signers, public_key_of};

/// What is said of the examples.
const EXAMPLE_HELP: &str = "A sample of this event, sent as a test: once, signed, with \"TEST\":true at its end.";

/// How a new webhook's form is headed.
const NEW_TITLE: &str = "Add webhook instance";

#[derive(Template)]
#[template(path = "webhooks/form.html", blocks = ["form", "headers", "preview", "test_line"])]
pub(super) struct FormPage {
    shell: Shell,
    title: String,
    here: String,
    /// Where the form posts to: its own address.
    action: String,
    name: String,
    description: String,
    url: String,
    status: String,
    max_concurrency: String,
    max_per_second: String,
    /// Why Herald disabled the webhook, where it did.
    disabled: Option<&'static str>,
    /// Where it is enabled, once a test was delivered; else nothing.
    enable_url: String,
    rows: Vec<Row>,
    /// The rows are another webhook's, whose values are not copied.
    lacks_values: bool,
    add_has_focus: bool,
    groups: Vec<GroupBox>,
    secret: SecretField,
    /// `symmetric` or `asymmetric`, as it is chosen.
    signing: String,
    tested: Option<Tested>,
    /// The question what becomes of so many held deliveries.
    held: Option<i64>,
    /// What was answered.
    held_choice: String,
    held_per_second: String,
    errors: FieldErrors,
    /// What would change, where that was asked; the page asks by itself otherwise.
    preview: Option<Preview>,
    preview_has_focus: bool,
    /// What Send example sends, and what may be chosen for it.
    example: String,
    examples: Vec<&'static str>,
    sample: Coloured,
    /// The guide, about this webhook where there is one already.
    guide_url: String,
}

crate::web::page!(FormPage, as_form);

/// A row of the request headers. A value is here only if it was typed in this very post.
struct Row {
    number: usize,
    name: String,
    value: Secret,
    /// The value is stored, and stays if the field is left empty.
    is_stored: bool,
    has_focus: bool,
    name_id: String,
    value_id: String,
}

struct GroupBox {
    name: &'static str,
    title: &'static str,
    events: Vec<EventBox>,
    chosen: usize,
}

struct EventBox {
    name: &'static str,
    help: &'static str,
    is_chosen: bool,
}

enum SecretField {
    /// Prepared by the server, posted back with the form. The public key is that of the pair which is made from it.
    Prepared { secret: Secret, public_key: String },
    /// Saved: shown only by a reveal, which posts there. `public_key`: of the pair that signs, or would after a change to it.
    Hidden { reveal_url: String, old: OldSecrets, public_key: String, is_asymmetric: bool },
}

/// How the last test went.
struct Tested {
    tone: &'static str,
    icon: &'static str,
    words: String,
    at: Moment,
}

/// Where the focus goes after a row button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    /// The name field of a row, from 0.
    Row(usize),
    AddButton,
    PreviewButton,
}

/// What every form page is made with.
pub(super) struct Desk<'a> {
    pub admin: &'a WebhooksAdmin,
    pub now: Timestamp,
    /// Of a saved webhook: what signs.
    pub signers: Signers,
    pub vault: &'a Vault,
}

impl Desk<'_> {
    fn zone(&self) -> TimeZone {
        self.admin.organization.time_zone
    }

    /// The empty form of a new webhook.
    pub fn blank(&self, secret: &SigningSecret) -> FormPage {
        let form = WebhookForm {
            status: Status::default().state().as_str().to_owned(),
            signing: Signing::Symmetric.as_str().to_owned(),
            signing_secret: Some(Secret::new(secret.expose())),
            ..WebhookForm::default()
        };
        let mut page = self.typed_new(&form);
        page.rows = rows(vec![HeaderRow::empty()], &[]);
        page
    }

    /// The form of a new webhook with what another one has, but for its secrets: the signing secret is a new one, and the values of
    /// the headers are to be typed again.
    pub fn duplicate(&self, original: &Webhook, secret: &SigningSecret) -> FormPage {
        let is_active = original.state == WebhookState::Active;
        let form = WebhookForm {
            name: copy_of(original.name.as_str()),
            status: if is_active { WebhookState::Active } else { WebhookState::Paused }.as_str().to_owned(),
            signing_secret: Some(Secret::new(secret.expose())),
            ..form_of(original)
        };
        let mut page = self.typed_new(&form);
        page.rows = rows(header_rows(original), &[]);
        page.lacks_values = !original.header_names.is_empty();
        page
    }

    /// The form of a saved webhook as it is saved.
    pub fn saved(&self, webhook: &Webhook) -> FormPage {
        let mut page = self.typed_change(&form_of(webhook), webhook);
        page.rows = rows(header_rows(webhook), &stored_names(webhook));
        page
    }

    /// The form of a new webhook with what was typed.
    pub fn typed_new(&self, form: &WebhookForm) -> FormPage {
        let secret = form.signing_secret.clone().unwrap_or_else(|| Secret::new(""));
        let frame = Frame { title: NEW_TITLE.into(), here: "Add instance".into(), action: urls::NEW.into() };
        let prepared = SigningSecret::parse(secret.expose()).ok();
        let public_key = prepared.map(|prepared| public_key_of(self.vault, &prepared)).unwrap_or_default();
        self.page(frame, form, SecretField::Prepared { secret, public_key }, &[])
    }

    /// The form of a saved webhook with what was typed.
    pub fn typed_change(&self, form: &WebhookForm, webhook: &Webhook) -> FormPage {
        let title = format!("Edit {}", webhook.name);
        let frame = Frame { here: webhook.name.to_string(), title, action: urls::edit(&webhook.id) };
        let old = OldSecrets::of(&webhook.id, &self.signers, self.now, self.zone());
        let secret = SecretField::Hidden {
            reveal_url: urls::reveal(&webhook.id),
            old,
            public_key: self.signers.public_key(self.vault),
            is_asymmetric: webhook.signing == Signing::Asymmetric,
        };
        let mut page = self.page(frame, form, secret, &stored_names(webhook));
        page.guide_url = urls::guide(&webhook.id);
        page.disabled = (webhook.state == WebhookState::Disabled).then(|| why_disabled(webhook));
        if webhook.state == WebhookState::Disabled && is_tested_since(webhook) {
            page.enable_url = urls::enable(&webhook.id);
        }
        page.tested = webhook.last_test.map(|test| tested(test, self.now, self.zone()));
        page
    }

    fn page(&self, frame: Frame, form: &WebhookForm, secret: SecretField, stored: &[String]) -> FormPage {
        let chosen: BTreeSet<String> = form.chosen_events().into_iter().collect();
        let saved_signing = match secret {
            SecretField::Hidden { is_asymmetric: true, .. } => Signing::Asymmetric,
            _ => Signing::Symmetric,
        };
        FormPage {
            shell: self.admin.shell(Section::Integrations, frame.title.clone()),
            title: frame.title,
            here: frame.here,
            action: frame.action,
            name: form.name.clone(),
            description: form.description.clone(),
            url: form.url.clone(),
            status: form.status.clone(),
            max_concurrency: form.max_concurrency.clone().unwrap_or_default(),
            max_per_second: form.max_per_second.clone().unwrap_or_default(),
            disabled: None,
            enable_url: String::new(),
            rows: rows(form.rows(), stored),
            lacks_values: false,
            add_has_focus: false,
            groups: Group::ALL.iter().map(|group| group_box(*group, &chosen)).collect(),
            secret,
            signing: if form.signing.is_empty() { saved_signing.as_str().to_owned() } else { form.signing.clone() },
            tested: None,
            held: None,
            held_choice: form.held.clone(),
            held_per_second: form.held_per_second.clone(),
            errors: FieldErrors::default(),
            preview: None,
            preview_has_focus: false,
            example: form.example.clone(),
            examples: EventType::ALL.iter().map(|kind| kind.as_str()).collect(),
            sample: self.sample(),
            guide_url: urls::GUIDE.to_owned(),
        }
    }

    /// What a test sends, as an example.
    fn sample(&self) -> Coloured {
        let id = "EVT-60adfdb750b58a0c2d78bdd8".parse().expect("an event id, as the contract shows it");
        Coloured::text(&render_test(&id, &self.admin.user.email, self.now, self.zone()))
    }
}

struct Frame {
    title: String,
    here: String,
    action: String,
}

impl FormPage {
    /// Whether there is anything in the limits to look at.
    fn has_limits(&self) -> bool {
        !self.max_concurrency.is_empty()
            || !self.max_per_second.is_empty()
            || ["max_concurrency", "max_per_second"].iter().any(|field| !self.errors.get(field).is_empty())
    }

    pub fn with_errors(mut self, invalid: &Invalid) -> Self {
        for (field, message) in &invalid.0 {
            self.errors.add(control(*field), message.as_str());
        }
        self
    }

    /// A refusal that belongs to no field.
    pub fn with_refusal(mut self, message: String) -> Self {
        self.errors.add("webhook-form", message);
        self
    }

    pub fn with_focus(mut self, focus: Focus) -> Self {
        match focus {
            Focus::AddButton => self.add_has_focus = true,
            Focus::PreviewButton => self.preview_has_focus = true,
            Focus::Row(place) => {
                if let Some(row) = self.rows.get_mut(place) {
                    row.has_focus = true;
                }
            }
        }
        self
    }

    /// Asks what becomes of what is held.
    pub fn with_held_question(mut self, count: i64) -> Self {
        self.held = Some(count);
        self
    }

    pub fn with_toast(mut self, toast: Toast) -> Self {
        self.shell.toasts.push(toast);
        self
    }

    pub fn with_test(mut self, test: LastTest, now: Timestamp, zone: TimeZone) -> Self {
        self.tested = Some(tested(test, now, zone));
        self
    }

    pub fn with_preview(mut self, preview: Preview) -> Self {
        self.preview = Some(preview);
        self
    }

    /// The preview alone for htmx.
    pub fn answer_preview(self, hx: &Hx) -> web::Result {
        if !hx.wants_fragment() {
            return self.answer(hx);
        }
        let preview = self.as_preview().render()?;
        Ok(retargeted(html(StatusCode::OK, preview), &[("hx-retarget", "#preview"), ("hx-reswap", "outerMorph")]))
    }

    /// The rows alone for htmx: they take the place of the rows.
    pub fn answer_rows(self, hx: &Hx) -> web::Result {
        if !hx.wants_fragment() {
            return self.answer(hx);
        }
        let rows = self.as_headers().render()?;
        Ok(retargeted(html(StatusCode::OK, rows), &[("hx-retarget", "#headers"), ("hx-reswap", "outerHTML")]))
    }

    /// What a test came to: for htmx the toast and the line beside the button, nothing else is touched.
    pub fn answer_test(self, hx: &Hx) -> web::Result {
        if !hx.wants_fragment() {
            return self.answer(hx);
        }
        let line = self.as_test_line().render()?;
        let toasts = toast::partials(&self.shell.toasts)?;
        let parts = format!("<hx-partial hx-target=\"#test-line\" hx-swap=\"outerHTML\">{line}</hx-partial>{toasts}");
        Ok(retargeted(html(StatusCode::OK, parts), &[("hx-reswap", "none")]))
    }
}

/// The id of a field's control.
fn control(field: Field) -> String {
    match field {
        Field::Name => "name".into(),
        Field::Description => "description".into(),
        Field::Url => "url".into(),
        Field::Status => "status".into(),
        Field::MaxConcurrency => "max_concurrency".into(),
        Field::MaxPerSecond => "max_per_second".into(),
        Field::Headers => "headers".into(),
        Field::HeaderName(row) => format!("header_name_{row}"),
        Field::HeaderValue(row) => format!("header_value_{row}"),
        Field::Events | Field::Event(_) => "events".into(),
        Field::Signing => "signing".into(),
        Field::SigningSecret => "signing_secret".into(),
        Field::Held => "held".into(),
        Field::HeldPerSecond => "held_per_second".into(),
        Field::Example => "example".into(),
    }
}

/// What the form says of a webhook, without the headers.
pub(super) fn form_of(webhook: &Webhook) -> WebhookForm {
    WebhookForm {
        name: webhook.name.to_string(),
        description: webhook.description.as_str().to_owned(),
        url: webhook.endpoint.as_str().to_owned(),
        status: webhook.state.as_str().to_owned(),
        signing: webhook.signing.as_str().to_owned(),
        max_concurrency: webhook.limits.concurrency.map(|most| most.count().to_string()),
        max_per_second: webhook.limits.per_second.map(|most| most.count().to_string()),
        events: webhook.events.iter().map(ToString::to_string).collect(),
        ..WebhookForm::default()
    }
}

/// The names of a webhook's headers, or an empty row where it has none.
fn header_rows(webhook: &Webhook) -> Vec<HeaderRow> {
    let named = |name: &HeaderName| HeaderRow { name: name.to_string(), ..HeaderRow::empty() };
    match webhook.header_names.as_slice() {
        [] => vec![HeaderRow::empty()],
        names => names.iter().map(named).collect(),
    }
}

/// `Copy of NAME`, no longer than a name may be.
fn copy_of(name: &str) -> String {
    format!("Copy of {name}").chars().take(NAME_CHARACTERS).collect()
}

fn stored_names(webhook: &Webhook) -> Vec<String> {
    webhook.header_names.iter().map(|name| name.as_str().to_ascii_lowercase()).collect()
}

fn rows(typed: Vec<HeaderRow>, stored: &[String]) -> Vec<Row> {
    let row = |(number, row): (usize, HeaderRow)| Row {
        number,
        is_stored: stored.contains(&row.name.to_ascii_lowercase()),
        name: row.name,
        value: row.value,
        has_focus: false,
        name_id: format!("header_name_{number}"),
        value_id: format!("header_value_{number}"),
    };
    (1..).zip(typed).map(row).collect()
}

fn group_box(group: Group, chosen: &BTreeSet<String>) -> GroupBox {
    let event = |kind: EventType| EventBox {
        name: kind.as_str(),
        help: kind.description(),
        is_chosen: chosen.contains(kind.as_str()),
    };
    let events: Vec<EventBox> = group.event_types().map(event).collect();
    let count = events.iter().filter(|event| event.is_chosen).count();
    GroupBox { name: group.as_str(), title: group.title(), events, chosen: count }
}

fn tested(test: LastTest, now: Timestamp, zone: TimeZone) -> Tested {
    let (tone, icon, words) = match (test.success, test.status_code) {
        (true, _) => ("ok", "circle-check", "Last test delivered".to_owned()),
        (false, Some(status)) => ("bad", "circle-x", format!("Last test failed with {status}")),
        (false, None) => ("bad", "circle-x", "Last test failed".to_owned()),
    };
    Tested { tone, icon, words, at: Moment::relative(test.at, now, zone) }
}
