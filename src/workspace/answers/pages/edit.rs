//! Adding a pair and changing it, and its way to the trash and back.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use crate::base::{AnswerId, Expected};
use crate::web::guard::Member;
use crate::web::{Context, Error, FieldErrors, Form, Hx, Page as _, Result, Toast, see_other, version};
use crate::workspace::answers::model::{Answer, AnswerStatus, Standing, Step};
use crate::workspace::answers::{actions, store};
use crate::workspace::change::{Changed, Desk, Refusal};
use crate::workspace::pages::{Change, author};

use super::form::{PairForm, change_to};
use super::history::LATEST;
use super::pair::{PairPage, moderates};
use super::urls;

/// How long the toast offers to take a deletion back; the trash does so for 30 days.
const UNDO_WITHIN: Duration = Duration::from_secs(60);

/// GET /answers/new
pub(crate) async fn blank(person: Member, hx: Hx) -> Result {
    PairPage::new(&person, PairForm::default()).answer(&hx)
}

/// POST /answers/new
pub(crate) async fn create(
    person: Member,
    context: Data<Context>,
    desk: Data<Desk>,
    hx: Hx,
    Form(form): Form<PairForm>,
) -> Result {
    let content = match form.parse() {
        Ok(content) => content,
        Err(errors) => return PairPage::new(&person, form).with_errors(errors).rejected(&hx),
    };
    let standing = Standing::of(person.user.role);
    let mut tx = context.db.begin().await?;
    let answer = actions::create(&mut tx, &desk, &author(&person), standing, content).await?;
    tx.commit().await?;
    person.flash(saved("Pair added", &answer));
    Ok(see_other(&hx, urls::LIST))
}

/// GET /answers/{id}
pub(crate) async fn show(person: Member, context: Data<Context>, id: Path<AnswerId>, hx: Hx) -> Result {
    let (answer, steps) = load(&person, &context, &id).await?;
    PairPage::of(&person, &answer, &steps, context.clock.now()).answer(&hx)
}

/// POST /answers/{id}: saves a pair, or publishes it as it is typed.
pub(crate) async fn save(change: Change<AnswerId>, Form(form): Form<PairForm>) -> Result {
    if form.publishes() && !moderates(&change.person) {
        return Err(Error::Forbidden);
    }
    let (before, steps) = load(&change.person, &change.context, &change.id).await?;
    let now = change.context.clock.now();
    let page = |answer, steps| PairPage::of(&change.person, answer, steps, now);
    let content = match form.parse() {
        Ok(content) => content,
        Err(errors) => return page(&before, &steps).typed(form).with_errors(errors).rejected(&change.hx),
    };
    let (expected, standing) = (version::of_form(&form.version), Standing::of(change.person.user.role));
    let done = change.run(async |tx, desk, author, id| match form.publishes() {
        true => actions::publish(tx, desk, author, id, &expected, change_to(content)).await,
        false => actions::edit(tx, desk, author, standing, id, &expected, change_to(content)).await,
    });
    match done.await {
        Ok(done) => {
            change.person.flash(told(&form, &done));
            let came_from_queue = before.status == AnswerStatus::InModeration && moderates(&change.person);
            Ok(see_other(&change.hx, if came_from_queue { urls::MODERATION } else { urls::LIST }))
        }
        Err(Refusal::Stale) => {
            let (theirs, steps) = load(&change.person, &change.context, &change.id).await?;
            let page = page(&theirs, &steps).overtaken(form, &theirs, now, change.person.organization.time_zone);
            page.answer_with(&change.hx, StatusCode::CONFLICT)
        }
        Err(Refusal::Conflict(why)) => {
            let (answer, steps) = load(&change.person, &change.context, &change.id).await?;
            let mut errors = FieldErrors::default();
            errors.add("pair", why);
            page(&answer, &steps).typed(form).with_errors(errors).answer_with(&change.hx, StatusCode::CONFLICT)
        }
        Err(refusal @ (Refusal::NotFound | Refusal::Db(_))) => Err(refusal.into()),
    }
}

/// POST /answers/{id}/delete: into the trash.
pub(crate) async fn delete(change: Change<AnswerId>) -> Result {
    let trash = async |tx: &mut _, desk: &_, author: &_, id: &_| {
        actions::trash(tx, desk, author, id, &Expected::Anything).await
    };
    if change.run(trash).await?.is_new {
        change.person.flash(Toast::ok("Pair moved to trash").undo(urls::restore(&change.id), UNDO_WITHIN));
    }
    Ok(see_other(&change.hx, urls::LIST))
}

/// POST /answers/{id}/restore: Undo.
pub(crate) async fn restore(change: Change<AnswerId>) -> Result {
    let restore = async |tx: &mut _, desk: &_, author: &_, id: &_| {
        actions::restore(tx, desk, author, id, &Expected::Anything).await
    };
    if change.run(restore).await?.is_new {
        change.person.flash(Toast::ok("Pair restored"));
    }
    Ok(see_other(&change.hx, urls::show(&change.id)))
}

/// The pair with its latest steps.
pub(super) async fn load(person: &Member, context: &Context, id: &AnswerId) -> Result<(Answer, Vec<Step>)> {
    let mut conn = context.db.read().await?;
    let answer = store::find(&mut conn, &person.organization.id, id).await?.ok_or(Error::NotFound)?;
    let steps = store::history(&mut conn, id, i64::MAX, LATEST).await?;
    Ok((answer, steps))
}

fn told(form: &PairForm, done: &Changed<Answer>) -> Toast {
    if !done.is_new {
        return Toast::ok("Nothing to save").text("The pair says this already.");
    }
    if form.publishes() { Toast::ok("Pair published") } else { saved("Changes saved", &done.now) }
}

/// A pair that now waits in moderation says so.
fn saved(title: &str, answer: &Answer) -> Toast {
    match answer.status {
        AnswerStatus::InModeration => Toast::ok(title).text("It waits for a moderator."),
        AnswerStatus::Published | AnswerStatus::InReview | AnswerStatus::Rejected => Toast::ok(title),
    }
}
