//! The tables of the answer library, and its full-text index. What is written here is in the index and the lists by tags at
//! once, in the same transaction.

mod answers;
mod history;
mod index;
mod list;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, Row as _};

use crate::base::Timestamp;
use crate::db::{DbError, Row};
use crate::workspace::answers::model::{Answer, Content, Review};
use crate::workspace::projects::model::Trashed;

pub use answers::{delete, find, find_all, insert, update};
pub use history::{Written, add_steps, history};
pub use list::{Filter, Order, counts, list, owners, tags};

type AnyQuery<'q> = Query<'q, Any, AnyArguments>;

/// A pair's columns, each with the table's name `a` before it.
const COLUMNS: &str = "a.id, a.organization_id, a.number, a.question, a.answer, a.tags, a.owner, a.status, a.reviewer, \
    a.review_due, a.note, a.trashed_at, a.trashed_by, a.version, a.created_by, a.created_at, a.updated_by, a.updated_at";

fn read(row: &Row) -> Result<Answer, DbError> {
    let id: crate::base::AnswerId = row.try_get(0)?;
    let wrong = |column: &'static str, found: String| DbError::inconsistent("answers", column, id.as_str(), found);
    let tags: String = row.try_get(5)?;
    let status: String = row.try_get(7)?;
    let reviewer: Option<String> = row.try_get(8)?;
    let due_date: Option<String> = row.try_get(9)?;
    let due_date = due_date.map(|day| day.parse().map_err(|_| wrong("review_due", day))).transpose()?;
    let trashed_at: Option<Timestamp> = row.try_get(11)?;
    let trashed_by: Option<String> = row.try_get(12)?;
    Ok(Answer {
        organization: row.try_get(1)?,
        number: row.try_get(2)?,
        content: Content {
            question: row.try_get(3)?,
            answer: row.try_get(4)?,
            tags: serde_json::from_str(&tags).map_err(|_| wrong("tags", tags))?,
            owner: row.try_get(6)?,
        },
        status: status.parse().map_err(|_| wrong("status", status))?,
        review: reviewer.zip(due_date).map(|(reviewer, due_date)| Review { reviewer, due_date }),
        note: row.try_get(10)?,
        trashed: trashed_at.map(|at| Trashed { at, by: trashed_by.unwrap_or_default() }),
        version: row.try_get(13)?,
        created_by: row.try_get(14)?,
        created_at: row.try_get(15)?,
        updated_by: row.try_get(16)?,
        updated_at: row.try_get(17)?,
        id,
    })
}

/// Tags as a column holds them.
fn tags_json(tags: &[String]) -> String {
    serde_json::Value::from(tags).to_string()
}
