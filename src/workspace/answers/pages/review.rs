//! Sending a published pair to a reviewer, who confirms the answer or changes it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::base::AnswerId;
use crate::web::guard::Member;
use crate::web::{
    Context, Error, FieldErrors, Form, Hx, Page as _, Result, Section, Shell, Toast, page, see_other, version,
};
use crate::workspace::answers::model::{self, Answer, Review, Standing};
use crate::workspace::answers::{actions, store};
use crate::workspace::change::Refusal;
use crate::workspace::pages::{Change, StatusWord, today};

use super::conflict::Theirs;
use super::edit;
use super::form::PairForm;
use super::pair::{PairPage, moderates};
use super::urls;
use super::words;

/// Who is to review a pair, and until when.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AskForm {
    pub reviewer: String,
    /// `2026-12-04`, as browsers post dates.
    pub due_date: String,
    pub version: String,
}

impl AskForm {
    fn parse(&self) -> std::result::Result<Review, FieldErrors> {
        let mut errors = FieldErrors::default();
        let reviewer = errors.take("reviewer", model::reviewer(&self.reviewer));
        let due_date = errors.take("due_date", model::review_due(&self.due_date));
        errors.into_result(reviewer.zip(due_date).map(|(reviewer, due_date)| Review { reviewer, due_date }))
    }
}

/// POST /answers/{id}/request-review
pub(crate) async fn request(change: Change<AnswerId>, Form(form): Form<AskForm>) -> Result {
    let (answer, steps) = edit::load(&change.person, &change.context, &change.id).await?;
    let again = |form: AskForm, errors: FieldErrors| {
        PairPage::of(&change.person, &answer, &steps, change.context.clock.now()).asked(form, errors)
    };
    let review = match form.parse() {
        Ok(review) => review,
        Err(errors) => return again(form, errors).rejected(&change.hx),
    };
    let (reviewer, expected) = (review.reviewer.clone(), version::of_form(&form.version));
    let ask =
        change.run(async |tx, desk, author, id| actions::request_review(tx, desk, author, id, &expected, review).await);
    match ask.await {
        Ok(_) => {
            change.person.flash(Toast::ok("Pair sent to review").text(format!("{reviewer} is to look at it.")));
            Ok(see_other(&change.hx, urls::show(&change.id)))
        }
        Err(Refusal::Stale) => {
            let mut errors = FieldErrors::default();
            errors.add("ask", "Someone else changed this pair meanwhile. Look at it, and send it again.");
            let form = AskForm { version: answer.version.to_string(), ..form };
            again(form, errors).answer_with(&change.hx, StatusCode::CONFLICT)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

#[derive(Template)]
#[template(path = "answers/review.html", blocks = ["review"])]
struct ReviewPage {
    shell: Shell,
    status: StatusWord,
    reviewer: String,
    pair_url: String,
    action: String,
    question: String,
    tags: Vec<String>,
    answer: String,
    version: String,
    errors: FieldErrors,
    conflict: Option<Theirs>,
}

page!(ReviewPage, as_review);

/// What the reviewer posts: the answer, changed or as it was.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReviewForm {
    answer: String,
    version: String,
}

impl ReviewPage {
    fn of(person: &Member, context: &Context, answer: &Answer, review: &Review) -> Self {
        let day = today(context.clock.now(), person.organization.time_zone);
        Self {
            shell: person.shell(Section::Answers, "Review Q&A pair"),
            status: words::status_of(answer, day),
            reviewer: review.reviewer.clone(),
            pair_url: urls::show(&answer.id),
            action: urls::review(&answer.id),
            question: answer.content.question.clone(),
            tags: answer.content.tags.clone(),
            answer: answer.content.answer.clone(),
            version: answer.version.to_string(),
            errors: FieldErrors::default(),
            conflict: None,
        }
    }
}

/// GET /answers/{id}/review: for the reviewer, and for moderators.
pub(crate) async fn show(person: Member, context: Data<Context>, id: Path<AnswerId>, hx: Hx) -> Result {
    let (answer, review) = load(&person, &context, &id).await?;
    ReviewPage::of(&person, &context, &answer, &review).answer(&hx)
}

/// POST /answers/{id}/review: confirms the answer, or changes it.
pub(crate) async fn finish(change: Change<AnswerId>, Form(form): Form<ReviewForm>) -> Result {
    let (person, context) = (&change.person, &change.context);
    let (answer, review) = match load(person, context, &change.id).await {
        Err(Error::Conflict(_)) => return overtaken(&change, form).await,
        found => found?,
    };
    let text = match model::answer(&form.answer) {
        Ok(text) => text,
        Err(error) => {
            let page = ReviewPage::of(person, context, &answer, &review);
            let mut page = ReviewPage { answer: form.answer, version: form.version, ..page };
            page.errors.add("answer", error.to_string());
            return page.rejected(&change.hx);
        }
    };
    let (expected, standing) = (version::of_form(&form.version), Standing::of(person.user.role));
    let is_same = text == answer.content.answer;
    let end = async |tx: &mut _, desk: &_, author: &_, id: &_| {
        actions::review(tx, desk, author, standing, id, &expected, Some(text)).await
    };
    match change.run(end).await {
        Ok(_) => {
            let toast = Toast::ok(if is_same { "Answer confirmed" } else { "Answer changed" });
            person.flash(toast.text("The pair is published again."));
            Ok(see_other(&change.hx, urls::show(&change.id)))
        }
        Err(Refusal::Stale) => overtaken(&change, form).await,
        Err(refusal) => Err(refusal.into()),
    }
}

/// Somebody changed the pair while it was reviewed, or ended the review: what was typed is shown beside what is saved now.
async fn overtaken(change: &Change<AnswerId>, form: ReviewForm) -> Result {
    let (person, context) = (&change.person, &change.context);
    let (saved, steps) = edit::load(person, context, &change.id).await?;
    let (now, zone) = (context.clock.now(), person.organization.time_zone);
    let typed = PairForm { answer: form.answer, ..PairForm::of(&saved) };
    match load(person, context, &change.id).await {
        Ok((_, review)) => {
            let conflict = Some(Theirs::of(&saved, &typed, now, zone));
            let page = ReviewPage::of(person, context, &saved, &review);
            ReviewPage { answer: typed.answer, conflict, ..page }.answer_with(&change.hx, StatusCode::CONFLICT)
        }
        Err(Error::Conflict(_)) => {
            let page = PairPage::of(person, &saved, &steps, now).overtaken(typed, &saved, now, zone);
            page.answer_with(&change.hx, StatusCode::CONFLICT)
        }
        Err(error) => Err(error),
    }
}

/// A pair in review that this person may review.
async fn load(person: &Member, context: &Context, id: &AnswerId) -> Result<(Answer, Review)> {
    let found = store::find(&mut *context.db.read().await?, &person.organization.id, id).await?;
    let answer = found.ok_or(Error::NotFound)?;
    match answer.review.clone().filter(|_| answer.trashed.is_none()) {
        None => Err(Error::Conflict("This pair is not in review.".into())),
        Some(_) if !moderates(person) && !answer.is_reviewed_by(&person.user.email) => Err(Error::Forbidden),
        Some(review) => Ok((answer, review)),
    }
}
