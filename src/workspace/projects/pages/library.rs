//! The answer library beside a question: search as you type, take an answer from it, save one to it.

use actix_web::HttpRequest;
use serde::Deserialize;

use crate::base::QuestionId;
use crate::db::Conn;
use crate::web::guard::Member;
use crate::web::{self, Error, Form, Toast, see_other};
use crate::workspace::answers;
use crate::workspace::answers::model::{Answer, AnswerStatus};
use crate::workspace::pages::{Change, UNREADABLE, searched};
use crate::workspace::projects::model::Question;

use super::urls;

/// How many pairs are offered, the newest first.
const HITS: usize = 8;
/// Characters of an answer that are enough to tell it from others.
const SHOWN: usize = 400;

/// What the library has for some words.
pub(super) struct Library {
    pub words: String,
    pub hits: Vec<Hit>,
    pub take_url: String,
    pub save_url: String,
    /// The question has an answer that can be saved.
    pub may_save: bool,
}

pub(super) struct Hit {
    pub id: String,
    pub question: String,
    /// Its beginning.
    pub answer: String,
}

impl Library {
    pub fn of(question: &Question) -> Self {
        Self {
            words: String::new(),
            hits: Vec::new(),
            take_url: urls::take_answer(&question.id),
            save_url: urls::save_to_library(&question.id),
            may_save: question.answer.is_some(),
        }
    }

    /// With the pairs that have all of `words` and that answers may be taken from.
    pub async fn search(conn: &mut Conn, member: &Member, question: &Question, words: String) -> web::Result<Self> {
        let mut found = Vec::new();
        if !words.is_empty() {
            // By status, since a page of all could hold none that may be taken.
            for status in [AnswerStatus::Published, AnswerStatus::InReview] {
                let filter = answers::store::Filter {
                    words: Some(words.clone()),
                    status: Some(status),
                    ..answers::store::Filter::default()
                };
                let limit = i64::try_from(HITS).unwrap_or(i64::MAX);
                found.extend(answers::store::list(conn, &member.organization.id, &filter, None, limit).await?);
            }
        }
        found.truncate(HITS);
        Ok(Self { words, hits: found.iter().map(hit).collect(), ..Self::of(question) })
    }
}

fn hit(pair: &Answer) -> Hit {
    let mut answer: String = pair.content.answer.chars().take(SHOWN).collect();
    if answer.len() < pair.content.answer.len() {
        answer.push('\u{2026}');
    }
    Hit { id: pair.id.to_string(), question: pair.content.question.clone(), answer }
}

/// The words in an address' `q`; "" without it.
pub(super) fn words(request: &HttpRequest) -> web::Result<String> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Query {
        q: String,
    }
    let query: Query =
        serde_html_form::from_str(request.query_string()).map_err(|_| Error::BadRequest(UNREADABLE.into()))?;
    Ok(searched(&query.q))
}

/// Which pair's answer is taken.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TakeForm {
    answer_id: String,
}

/// POST /questions/{id}/take
pub(crate) async fn take(change: Change<QuestionId>, Form(form): Form<TakeForm>) -> web::Result {
    let pair = form.answer_id.parse().map_err(|_| Error::NotFound)?;
    let taken =
        change.run(async |tx, desk, author, id| answers::actions::take(tx, desk, author, id, &pair).await).await?;
    if taken.is_new {
        change.person.flash(Toast::ok("Answer taken from the library"));
    }
    Ok(see_other(&change.hx, urls::question(&change.id)))
}

/// POST /questions/{id}/library: saves the question with its answer, for a moderator to look at.
pub(crate) async fn save(change: Change<QuestionId>) -> web::Result {
    let saved = change
        .run(async |tx, desk, author, id| answers::actions::save_from_question(tx, desk, author, id, Vec::new()).await)
        .await?;
    change.person.flash(if saved.is_new {
        Toast::ok("Answer saved to the library").text("It waits in moderation.")
    } else {
        Toast::info("The library has it already").text("Nothing was saved.")
    });
    Ok(see_other(&change.hx, urls::question(&change.id)))
}
