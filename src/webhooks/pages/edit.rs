//! The form's handlers: a new webhook, a saved one, and the buttons of both.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use crate::base::{Secret, Timestamp, WebhookId};
use crate::delivery::endpoint::Unresolved;
use crate::delivery::signing::SigningSecret;
use crate::delivery::store::count_held;
use crate::web::{self, Context, Error, Form, Hx, Page, Toast, see_other};
use crate::webhooks::actions::{self, HeldOutcome, Refusal, Tools, Updated};
use crate::webhooks::form::{HeaderRow, Intent, WebhookForm};
use crate::webhooks::limit::TestLimit;
use crate::webhooks::model::{Header, MAX_HEADERS, Stored, Webhook, WebhookState};
use crate::webhooks::{store, urls};

use super::form::{Desk, Focus, FormPage, form_of};
use super::rotate::Signers;
use super::testing::Bench;
use super::{WebhooksAdmin, counted};

/// The query of the form of a new webhook.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    /// The webhook that it is to be like.
    from: Option<String>,
}

/// GET …/webhooks/new, or with `from=<id>` the same with what another webhook has.
pub(crate) async fn blank(
    admin: WebhooksAdmin,
    context: Data<Context>,
    asked: actix_web::web::Query<Asked>,
    hx: Hx,
) -> web::Result {
    let secret = SigningSecret::generate(context.rng.as_ref());
    let desk = Desk { admin: &admin, now: context.clock.now(), signers: Signers::default(), vault: &context.vault };
    let Some(from) = &asked.from else { return desk.blank(&secret).answer(&hx) };
    let from: WebhookId = from.parse().map_err(|_| Error::NotFound)?;
    let webhook = admin.webhook(&mut *context.db.read().await?, &context, &from).await?;
    desk.duplicate(&webhook, &secret).answer(&hx)
}

/// POST …/webhooks/new: adds a webhook, sends a test, or gives the form another row.
pub(crate) async fn create(
    admin: WebhooksAdmin,
    context: Data<Context>,
    tools: Data<Tools>,
    limit: Data<TestLimit>,
    hx: Hx,
    Form(mut form): Form<WebhookForm>,
) -> web::Result {
    let desk = Desk { admin: &admin, now: context.clock.now(), signers: Signers::default(), vault: &context.vault };
    if form.signing_secret.as_ref().is_none_or(Secret::is_empty) {
        let prepared = SigningSecret::generate(context.rng.as_ref());
        form.signing_secret = Some(Secret::new(prepared.expose()));
    }
    let again = |form: &WebhookForm| desk.typed_new(form);
    match form.intent() {
        Intent::AddHeader | Intent::RemoveHeader(_) => return row_button(form, again, &hx),
        Intent::Test | Intent::Example => {
            let bench = Bench { admin: &admin, context: &context, tools: &tools, limit: &limit };
            return bench.test(&form, None, || again(&form), &hx).await;
        }
        Intent::Preview => {
            let preview = desk.preview(&mut *context.db.read().await?, &form, None).await?;
            return again(&form).with_preview(preview).with_focus(Focus::PreviewButton).answer_preview(&hx);
        }
        Intent::Submit => {}
    }
    let new = match form.draft().parse() {
        Ok(new) => new,
        Err(invalid) => return again(&form).with_errors(&invalid).rejected(&hx),
    };
    let unresolved = match actions::check_address(&tools, &new.endpoint).await {
        Ok(unresolved) => unresolved,
        Err(invalid) => return again(&form).with_errors(&invalid).rejected(&hx),
    };
    let mut tx = context.db.begin().await?;
    match actions::create(&mut tx, &tools, &admin.actor(), new).await {
        Ok(created) => {
            tx.commit().await?;
            admin.flash(added(&created.webhook));
            Ok(done(&admin, unresolved, &hx))
        }
        Err(refusal @ Refusal::TooMany(_)) => again(&form).with_refusal(refusal.to_string()).rejected(&hx),
        Err(refusal) => Err(refusal.into()),
    }
}

/// GET …/webhooks/{id}/edit
pub(crate) async fn show(admin: WebhooksAdmin, context: Data<Context>, id: Path<WebhookId>, hx: Hx) -> web::Result {
    let mut conn = context.db.read().await?;
    let webhook = admin.webhook(&mut conn, &context, &id).await?;
    let now = context.clock.now();
    let signers = Signers::load(&mut conn, &context.vault, &id, now).await?;
    let desk = Desk { admin: &admin, now, signers, vault: &context.vault };
    let preview = desk.preview(&mut conn, &form_of(&webhook), Some(&webhook)).await?;
    desk.saved(&webhook).with_preview(preview).answer(&hx)
}

/// POST …/webhooks/{id}/edit: changes a webhook, sends a test, or gives the form another row.
pub(crate) async fn update(
    admin: WebhooksAdmin,
    context: Data<Context>,
    tools: Data<Tools>,
    limit: Data<TestLimit>,
    id: Path<WebhookId>,
    hx: Hx,
    Form(form): Form<WebhookForm>,
) -> web::Result {
    let now = context.clock.now();
    let (webhook, headers, signers) = load(&admin, &context, &id, now).await?;
    let stored = Stored { endpoint: Some(&webhook.endpoint), headers: &headers };
    let desk = Desk { admin: &admin, now, signers, vault: &context.vault };
    // The question what becomes of held deliveries, once it was answered, stays in the form until it is saved.
    let asked = match form.held.as_str() {
        "" => 0,
        _ => count_held(&mut *context.db.read().await?, &id).await?,
    };
    let again = |form: &WebhookForm| {
        let page = desk.typed_change(form, &webhook);
        if asked > 0 { page.with_held_question(asked) } else { page }
    };
    match form.intent() {
        Intent::AddHeader | Intent::RemoveHeader(_) => return row_button(form, again, &hx),
        Intent::Test | Intent::Example => {
            let bench = Bench { admin: &admin, context: &context, tools: &tools, limit: &limit };
            return bench.test(&form, Some((&webhook, stored)), || again(&form), &hx).await;
        }
        Intent::Preview => {
            let preview = desk.preview(&mut *context.db.read().await?, &form, Some(&webhook)).await?;
            return again(&form).with_preview(preview).with_focus(Focus::PreviewButton).answer_preview(&hx);
        }
        Intent::Submit => {}
    }
    let change = match form.change().parse(&stored) {
        Ok(change) => change,
        Err(invalid) => return again(&form).with_errors(&invalid).rejected(&hx),
    };
    let unresolved = match actions::check_address(&tools, change.endpoint.as_ref().unwrap_or(&webhook.endpoint)).await {
        Ok(unresolved) => unresolved,
        Err(invalid) => return again(&form).with_errors(&invalid).rejected(&hx),
    };
    let mut tx = context.db.begin().await?;
    match actions::update(&mut tx, &tools, &admin.actor(), &id, webhook.version, change).await {
        Ok(updated) => {
            tx.commit().await?;
            admin.flash(saved(&webhook, &updated));
            Ok(done(&admin, unresolved, &hx))
        }
        // Dropped, the transaction takes back what was saved before the question came up.
        Err(Refusal::HeldChoice { count }) => {
            drop(tx);
            again(&form).with_held_question(count).answer_with(&hx, actix_web::http::StatusCode::CONFLICT)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The webhook with its header values, which stay where the form leaves them empty, and what signs for it.
async fn load(
    admin: &WebhooksAdmin,
    context: &Context,
    id: &WebhookId,
    now: Timestamp,
) -> web::Result<(Webhook, Vec<Header>, Signers)> {
    let mut conn = context.db.read().await?;
    let webhook = admin.webhook(&mut conn, context, id).await?;
    let headers = store::headers(&mut conn, &context.vault, id).await?;
    let signers = Signers::load(&mut conn, &context.vault, id, now).await?;
    Ok((webhook, headers, signers))
}

/// The plus icon, or the remove button of a row: the same form with a row more or less.
fn row_button(mut form: WebhookForm, again: impl Fn(&WebhookForm) -> FormPage, hx: &Hx) -> web::Result {
    let mut rows = form.rows();
    let focus = match form.intent() {
        Intent::RemoveHeader(place) if place < rows.len() => {
            rows.remove(place);
            place.checked_sub(1).map_or(Focus::AddButton, Focus::Row)
        }
        Intent::AddHeader if rows.len() < MAX_HEADERS => {
            rows.push(HeaderRow::empty());
            Focus::Row(rows.len() - 1)
        }
        _ => Focus::AddButton,
    };
    form.header_name = rows.iter().map(|row| row.name.clone()).collect();
    form.header_value = rows.into_iter().map(|row| row.value).collect();
    again(&form).with_focus(focus).answer_rows(hx)
}

/// Back to the list, with a warning where the name was not found.
fn done(admin: &WebhooksAdmin, unresolved: Option<Unresolved>, hx: &Hx) -> HttpResponse {
    if let Some(unresolved) = unresolved {
        admin.flash(Toast::info("Check the URL").text(unresolved.to_string()));
    }
    see_other(hx, urls::LIST)
}

fn added(webhook: &Webhook) -> Toast {
    let events = counted(webhook.events.len(), "event", "events");
    Toast::ok("Instance added").text(match webhook.state {
        WebhookState::Active => format!("{} now receives {events}.", webhook.name),
        WebhookState::Paused | WebhookState::Disabled => {
            format!("{} is paused: {events} are held for it.", webhook.name)
        }
    })
}

fn saved(before: &Webhook, after: &Updated) -> Toast {
    if before.state == after.webhook.state {
        return Toast::ok("Changes saved");
    }
    state_changed(after.webhook.state, before.state, after.held)
}

/// What is said when a webhook was paused, resumed or enabled.
pub(super) fn state_changed(now: WebhookState, before: WebhookState, held: HeldOutcome) -> Toast {
    let title = match (now, before) {
        (WebhookState::Active, WebhookState::Disabled) => "Instance enabled",
        (WebhookState::Active, WebhookState::Paused | WebhookState::Active) => "Instance resumed",
        (WebhookState::Paused | WebhookState::Disabled, _) => {
            return Toast::ok("Instance paused").text("New messages are held.");
        }
    };
    let messages = |count: u64, one: &str, many: &str| match count {
        1 => format!("1 held message {one}."),
        count => format!("{count} held messages {many}."),
    };
    Toast::ok(title).text(match held {
        HeldOutcome::Nothing => String::new(),
        HeldOutcome::Delivering(count) => messages(count, "is being sent", "are being sent"),
        HeldOutcome::Cancelled(count) => messages(count, "was cancelled", "were cancelled"),
    })
}
