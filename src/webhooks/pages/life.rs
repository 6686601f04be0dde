//! Pausing and becoming active, with the question what becomes of held deliveries.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::auth::model::Actor;
use crate::base::WebhookId;
use crate::db::{DbError, Tx};
use crate::delivery::store::count_held;
use crate::web::{self, Context, Error, FieldErrors, Form, Hx, Page, Section, Shell, see_other};
use crate::webhooks::actions::{self, Refusal, StateChange, Tools};
use crate::webhooks::model::{Held, PerSecond, Webhook, WebhookState};
use crate::webhooks::urls;

use super::WebhooksAdmin;
use super::change::Change;
use super::edit::state_changed;

#[derive(Template)]
#[template(path = "webhooks/resume.html")]
struct ResumePage {
    shell: Shell,
    here: String,
    question: Question,
}

/// The same question for htmx, as a dialog.
#[derive(Template)]
#[template(path = "webhooks/resume_dialog.html")]
struct ResumeDialog<'a> {
    question: &'a Question,
}

struct Question {
    /// Resume or Enable.
    verb: &'static str,
    name: String,
    count: i64,
    action: String,
    back: String,
    error: String,
    /// What was typed as the pace, and what is wrong with it.
    per_second: String,
    errors: FieldErrors,
}

impl Page for ResumePage {
    fn shell(&self) -> &Shell {
        &self.shell
    }

    fn whole(&self) -> askama::Result<String> {
        self.render()
    }

    fn fragment(&self, _: &Hx) -> askama::Result<String> {
        ResumeDialog { question: &self.question }.render()
    }
}

/// What becomes of what is held: `deliver`, `cancel`, or nothing said.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HeldForm {
    held: String,
    /// How many come back in a second at most; empty: as many as the receiver takes.
    held_per_second: String,
}

/// What is wrong with a form, beside which field.
struct Wrong {
    held: String,
    pace: FieldErrors,
}

impl HeldForm {
    /// `None`: nothing was said.
    fn parse(&self) -> Result<Option<Held>, Wrong> {
        let mut pace_errors = FieldErrors::default();
        let pace = match self.held_per_second.trim() {
            "" => None,
            text => pace_errors.take("held_per_second", text.parse::<PerSecond>()),
        };
        let (held, error) = match self.held.as_str() {
            "" => (None, String::new()),
            text => {
                text.parse::<Held>().map_or_else(|error| (None, error.to_string()), |held| (Some(held), String::new()))
            }
        };
        // What is cancelled has no pace, whatever stands in the field.
        let is_wrong = !error.is_empty() || (!pace_errors.is_empty() && held != Some(Held::Cancel));
        if is_wrong { Err(Wrong { held: error, pace: pace_errors }) } else { Ok(held.map(|held| held.at(pace))) }
    }
}

/// The two ways to become active; each is for one state only.
#[derive(Clone, Copy)]
enum Way {
    Resume,
    Enable,
}

impl Way {
    fn verb(self) -> &'static str {
        match self {
            Self::Resume => "Resume",
            Self::Enable => "Enable",
        }
    }

    fn url(self, id: &WebhookId) -> String {
        match self {
            Self::Resume => urls::resume(id),
            Self::Enable => urls::enable(id),
        }
    }

    /// The state that it leads out of.
    fn before(self) -> WebhookState {
        match self {
            Self::Resume => WebhookState::Paused,
            Self::Enable => WebhookState::Disabled,
        }
    }

    async fn go(self, change: &Change, held: Option<Held>) -> Result<StateChange, Refusal> {
        let go = async |tx: &mut Tx, tools: &Tools, actor: &Actor, id: &WebhookId| match self {
            Self::Resume => actions::resume(tx, tools, actor, id, held).await,
            Self::Enable => actions::enable(tx, tools, actor, id, held).await,
        };
        change.run(go).await
    }
}

/// POST …/webhooks/{id}/pause
pub(crate) async fn pause(change: Change) -> web::Result {
    let done = change.run(actions::pause).await?;
    if !done.repeated {
        change.admin.flash(state_changed(done.webhook.state, WebhookState::Active, done.held));
    }
    Ok(see_other(&change.hx, urls::show(&change.id)))
}

/// GET …/webhooks/{id}/resume
pub(crate) async fn ask_to_resume(
    admin: WebhooksAdmin,
    context: Data<Context>,
    id: Path<WebhookId>,
    hx: Hx,
) -> web::Result {
    ask(Way::Resume, &admin, &context, &id, &hx).await
}

/// GET …/webhooks/{id}/enable
pub(crate) async fn ask_to_enable(
    admin: WebhooksAdmin,
    context: Data<Context>,
    id: Path<WebhookId>,
    hx: Hx,
) -> web::Result {
    ask(Way::Enable, &admin, &context, &id, &hx).await
}

/// POST …/webhooks/{id}/resume
pub(crate) async fn resume(change: Change, Form(form): Form<HeldForm>) -> web::Result {
    become_active(Way::Resume, &change, &form).await
}

/// POST …/webhooks/{id}/enable
pub(crate) async fn enable(change: Change, Form(form): Form<HeldForm>) -> web::Result {
    become_active(Way::Enable, &change, &form).await
}

async fn ask(way: Way, admin: &WebhooksAdmin, context: &Context, id: &WebhookId, hx: &Hx) -> web::Result {
    let (webhook, count) = look(admin, context, id).await?;
    question(way, admin, &webhook, count).answer(hx)
}

async fn become_active(way: Way, change: &Change, form: &HeldForm) -> web::Result {
    let Change { admin, context, id, hx, .. } = change;
    let held = match form.parse() {
        Ok(held) => held,
        Err(wrong) => {
            let (webhook, count) = look(admin, context, id).await?;
            let mut page = question(way, admin, &webhook, count);
            (page.question.error, page.question.errors) = (wrong.held, wrong.pace);
            page.question.per_second = form.held_per_second.clone();
            return page.rejected(hx);
        }
    };
    match way.go(change, held).await {
        Ok(done) => {
            if !done.repeated {
                admin.flash(state_changed(done.webhook.state, way.before(), done.held));
            }
            Ok(see_other(hx, urls::show(id)))
        }
        Err(Refusal::HeldChoice { count }) => {
            let (webhook, _) = look(admin, context, id).await?;
            let mut page = question(way, admin, &webhook, count);
            page.question.per_second = form.held_per_second.clone();
            page.answer_with(hx, StatusCode::CONFLICT)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn look(admin: &WebhooksAdmin, context: &Context, id: &WebhookId) -> Result<(Webhook, i64), Error> {
    let mut conn = context.db.read().await?;
    let webhook = admin.webhook(&mut conn, context, id).await?;
    let count = held_of(&mut conn, &webhook).await?;
    Ok((webhook, count))
}

/// What the question is about; an active webhook's deliveries are held by the switch only.
async fn held_of(conn: &mut crate::db::Conn, webhook: &Webhook) -> Result<i64, DbError> {
    match webhook.state {
        WebhookState::Active => Ok(0),
        WebhookState::Paused | WebhookState::Disabled => count_held(conn, &webhook.id).await,
    }
}

fn question(way: Way, admin: &WebhooksAdmin, webhook: &Webhook, count: i64) -> ResumePage {
    ResumePage {
        shell: admin.shell(Section::Integrations, format!("{} {}", way.verb(), webhook.name)),
        here: format!("{} instance", way.verb()),
        question: Question {
            verb: way.verb(),
            name: webhook.name.to_string(),
            count,
            action: way.url(&webhook.id),
            back: urls::show(&webhook.id),
            error: String::new(),
            per_second: String::new(),
            errors: FieldErrors::default(),
        },
    }
}
