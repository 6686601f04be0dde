//! The form of a replay, the question with its count, and the start.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;

use crate::base::{Timestamp, WebhookId};
use crate::delivery::model::{DeliveryState, Hints, ReplayFilter};
use crate::events::{EventType, Group};
use crate::web::hx::{html, retargeted};
use crate::web::toast::partials;
use crate::web::{Context, FieldErrors, Form, Hx, Page, Result, Section, Shell, Toast, filters, see_other};
use crate::webhooks::model::{Webhook, WebhookState};
use crate::webhooks::pages::WebhooksAdmin;

use super::super::super::actions::Refusal;
use super::super::super::replay::{self, Plan};
use super::super::urls;
use super::super::words::{count, when};
use super::Bench;
use super::form::{Asked, ReplayForm};
use super::words::{how_many, listed, state_word, states};

#[derive(Template)]
#[template(path = "webhooks/log/replay.html", blocks = ["form"])]
struct AskPage {
    shell: Shell,
    trail: Vec<(String, String)>,
    action: String,
    back: String,
    name: String,
    zone: &'static str,
    form: ReplayForm,
    states: Vec<ChoiceBox>,
    groups: Vec<(&'static str, Vec<ChoiceBox>)>,
    /// Why nothing can be replayed now.
    refused: Option<Refused>,
    errors: FieldErrors,
}
crate::web::page!(AskPage, as_form);

/// A box to tick.
struct ChoiceBox {
    value: &'static str,
    text: &'static str,
    is_chosen: bool,
}

/// A webhook that takes no replay, and the way out of it.
struct Refused {
    title: &'static str,
    url: String,
    way_out: &'static str,
}

/// The question, with everything that was asked for in its hidden fields.
#[derive(Template)]
#[template(path = "webhooks/log/replay_confirm.html")]
struct ConfirmPage {
    shell: Shell,
    trail: Vec<(String, String)>,
    plan: Question,
}

/// The same for htmx, as a dialog.
#[derive(Template)]
#[template(path = "webhooks/log/replay_dialog.html")]
struct ConfirmDialog<'a> {
    plan: &'a Question,
}

struct Question {
    title: String,
    effects: Vec<String>,
    action: String,
    /// The form with what was typed.
    back: String,
    fields: Vec<(&'static str, String)>,
}

impl Page for ConfirmPage {
    fn shell(&self) -> &Shell {
        &self.shell
    }

    fn whole(&self) -> askama::Result<String> {
        self.render()
    }

    fn fragment(&self, _: &Hx) -> askama::Result<String> {
        ConfirmDialog { plan: &self.plan }.render()
    }
}

/// GET …/webhooks/{id}/replay, with what was typed before in its query.
pub(crate) async fn form(
    admin: WebhooksAdmin,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<WebhookId>,
    hx: Hx,
) -> Result {
    let desk = Desk::open(&admin, &context, &id).await?;
    let form = if request.query_string().is_empty() {
        ReplayForm::usual(desk.now, admin.organization.time_zone)
    } else {
        filters::read(&request)?
    };
    desk.page(form).answer(&hx)
}

/// POST …/webhooks/{id}/replay: counts and asks; with the answer to the question, starts.
pub(crate) async fn start(
    admin: WebhooksAdmin,
    context: web::Data<Context>,
    hints: web::Data<dyn Hints>,
    id: web::Path<WebhookId>,
    hx: Hx,
    Form(form): Form<ReplayForm>,
) -> Result {
    let desk = Desk::open(&admin, &context, &id).await?;
    if desk.refused().is_some() {
        return desk.page(form).again(&hx, StatusCode::CONFLICT);
    }
    let asked = match form.parse(desk.now, admin.organization.time_zone) {
        Ok(asked) => asked,
        Err(errors) => {
            return AskPage { errors, ..desk.page(form) }.again(&hx, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let bench = Bench::new(context.clone(), hints);
    let mut conn = context.db.read().await?;
    let counts = replay::count_by_state(&mut conn, bench.tools(), &admin.actor(), &id, &asked.filter).await?;
    drop(conn);
    let total: i64 = counts.iter().map(|(_, count)| count).sum();
    if total == 0 && form.confirm.is_empty() {
        let toast = Toast::info("Nothing to replay")
            .text(format!("No {} deliveries in this period.", listed_with_or(&asked.filter)));
        return desk.page(form).with_toast(toast).again(&hx, StatusCode::OK);
    }
    if form.confirm.is_empty() {
        return desk.question(&form, &asked, &counts).answer(&hx);
    }
    let Asked { filter, pace } = asked;
    let mut tx = context.db.begin().await?;
    match replay::start_once(&mut tx, bench.tools(), &admin.actor(), &id, Plan { filter, pace, total }).await {
        Ok(started) => {
            tx.commit().await?;
            let queued = count(started.total, "delivery is", "deliveries are");
            admin.flash(Toast::ok("Replay started").text(format!("{queued} queued.")));
            Ok(see_other(&hx, urls::show_replay(&id, &started.id)))
        }
        // It was paused between the look and the start.
        Err(Refusal::Refused(_)) => {
            drop(tx);
            Desk::open(&admin, &context, &id).await?.page(form).again(&hx, StatusCode::CONFLICT)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// `failed or cancelled`.
fn listed_with_or(filter: &ReplayFilter) -> String {
    states(filter).replace(" and ", " or ")
}

/// What every answer here is made with.
struct Desk<'a> {
    admin: &'a WebhooksAdmin,
    webhook: Webhook,
    now: Timestamp,
}

impl<'a> Desk<'a> {
    async fn open(admin: &'a WebhooksAdmin, context: &Context, id: &WebhookId) -> Result<Self> {
        let mut conn = context.db.read().await?;
        let webhook = admin.webhook(&mut conn, context, id).await?;
        Ok(Self { admin, webhook, now: context.clock.now() })
    }

    fn refused(&self) -> Option<Refused> {
        let id = &self.webhook.id;
        match self.webhook.state {
            WebhookState::Active => None,
            WebhookState::Paused => {
                Some(Refused { title: "This instance is paused", url: urls::resume(id), way_out: "Resume instance" })
            }
            WebhookState::Disabled => {
                Some(Refused { title: "This instance is disabled", url: urls::enable(id), way_out: "Enable instance" })
            }
        }
    }

    fn page(&self, form: ReplayForm) -> AskPage {
        let id = &self.webhook.id;
        let state = |state: &DeliveryState| ChoiceBox {
            value: state.as_str(),
            text: match state {
                DeliveryState::Succeeded => "Delivered",
                DeliveryState::Cancelled => "Cancelled",
                DeliveryState::Failed | DeliveryState::Pending | DeliveryState::Held => "Failed",
            },
            is_chosen: form.states.iter().any(|chosen| chosen == state.as_str()),
        };
        let kind = |kind: EventType| ChoiceBox {
            value: kind.as_str(),
            text: kind.as_str(),
            is_chosen: form.event_types.iter().any(|chosen| chosen == kind.as_str()),
        };
        AskPage {
            shell: self.admin.shell(Section::Integrations, format!("Replay deliveries of {}", self.webhook.name)),
            trail: urls::trail_through(&self.webhook),
            action: urls::replay(id),
            back: urls::webhook(id),
            name: self.webhook.name.to_string(),
            zone: self.admin.organization.time_zone.name(),
            states: ReplayFilter::STATES.iter().map(state).collect(),
            groups: Group::ALL.iter().map(|group| (group.title(), group.event_types().map(kind).collect())).collect(),
            refused: self.refused(),
            errors: FieldErrors::default(),
            form,
        }
    }

    fn question(&self, form: &ReplayForm, asked: &Asked, counts: &[(DeliveryState, i64)]) -> ConfirmPage {
        let title = format!("Replay {}?", how_many(counts));
        let action = urls::replay(&self.webhook.id);
        ConfirmPage {
            shell: self.admin.shell(Section::Integrations, title.clone()),
            trail: urls::trail_through(&self.webhook),
            plan: Question {
                title,
                effects: self.effects(form, asked, counts),
                back: filters::write(&action, form),
                fields: fields(form, asked),
                action,
            },
        }
    }

    fn effects(&self, form: &ReplayForm, asked: &Asked, counts: &[(DeliveryState, i64)]) -> Vec<String> {
        let zone = self.admin.organization.time_zone;
        let some = counts.iter().filter(|(_, count)| *count > 0);
        let some: Vec<String> = some.map(|(state, count)| format!("{count} {}", state_word(*state))).collect();
        let until = match form.until.trim() {
            "" => "now".to_owned(),
            _ => when(asked.filter.until, self.now, zone).text,
        };
        let since = when(asked.filter.since, self.now, zone).text;
        let of_types = match asked.filter.event_types.len() {
            0 => String::new(),
            _ => format!(
                " Only {}.",
                listed(&asked.filter.event_types.iter().map(ToString::to_string).collect::<Vec<_>>())
            ),
        };
        let mut effects = vec![
            format!("{}, of events from {since} until {until}.{of_types}", listed(&some)),
            format!(
                "They go to {} with the IDs and bytes that they had, oldest first, at most {} a second.",
                self.webhook.endpoint.authority(),
                asked.pace.count()
            ),
        ];
        if counts.iter().any(|(state, count)| *state == DeliveryState::Succeeded && *count > 0) {
            effects.push("What was delivered already arrives a second time.".into());
        }
        effects.push("The schedule of retries starts anew for each.".into());
        effects
    }
}

/// The answer carries what was asked about: until that instant, and no later.
fn fields(form: &ReplayForm, asked: &Asked) -> Vec<(&'static str, String)> {
    let mut fields = vec![("since", form.since.clone()), ("until", asked.filter.until.rfc3339())];
    fields.extend(form.states.iter().map(|state| ("states", state.clone())));
    fields.extend(form.event_types.iter().map(|kind| ("event_types", kind.clone())));
    fields.extend([("per_second", asked.pace.count().to_string()), ("confirm", "true".to_owned())]);
    fields
}

impl AskPage {
    fn with_toast(mut self, toast: Toast) -> Self {
        self.shell.toasts.push(toast);
        self
    }

    /// The form again: in its own place, although htmx waits for a dialog.
    fn again(&self, hx: &Hx, status: StatusCode) -> Result {
        if !hx.wants_fragment() {
            return self.answer_with(hx, status);
        }
        let piece = self.as_form().render()? + &partials(&self.shell.toasts)?;
        Ok(retargeted(html(status, piece), &[("hx-retarget", "#replay-form"), ("hx-reswap", "outerHTML")]))
    }
}
