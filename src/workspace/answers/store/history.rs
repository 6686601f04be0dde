//! The answer_history table.

use sqlx::Row as _;

use crate::base::AnswerId;
use crate::db::{Conn, DbError, Dialect, Row, sql};
use crate::workspace::answers::model::{Step, Texts};

use super::tags_json;

/// A step, and the pair that it was made on.
pub type Written = (AnswerId, Step);

/// Adds steps to the histories of their pairs.
pub async fn add_steps(conn: &mut Conn, steps: &[Written]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    for piece in sql::shapes(steps) {
        let text = sql::shaped(dialect, "answers.add_steps", piece.len(), |rows| {
            let types = ["TEXT", "BIGINT", "TEXT", "TEXT", "TEXT", "BIGINT", "TEXT", "TEXT", "TEXT", "TEXT"];
            format!(
                "INSERT INTO answer_history (answer_id, version, kind, status, changed_by, changed_at, note, question, answer, \
                 tags) VALUES {}",
                sql::typed_values(dialect, 1, rows, &types)
            )
        });
        let query = piece.iter().fold(sqlx::query(text), |query, (answer, step)| {
            let before = step.before.as_ref();
            query
                .bind(answer)
                .bind(step.version)
                .bind(step.kind.as_str())
                .bind(step.status.as_str())
                .bind(&step.by)
                .bind(step.at)
                .bind(step.note.as_deref())
                .bind(before.map(|texts| texts.question.as_str()))
                .bind(before.map(|texts| texts.answer.as_str()))
                .bind(before.map(|texts| tags_json(&texts.tags)))
        });
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// The steps of a pair, the latest first: up to `limit` of them, before version `before`.
pub async fn history(conn: &mut Conn, answer: &AnswerId, before: i64, limit: i64) -> Result<Vec<Step>, DbError> {
    let rows = sqlx::query(
        "SELECT version, kind, status, changed_by, changed_at, note, question, answer, tags FROM answer_history \
         WHERE answer_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
    )
    .bind(answer)
    .bind(before)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| read(answer, row)).collect()
}

fn read(answer: &AnswerId, row: &Row) -> Result<Step, DbError> {
    let wrong = |column, found: String| DbError::inconsistent("answer_history", column, answer.as_str(), found);
    let (kind, status): (String, String) = (row.try_get(1)?, row.try_get(2)?);
    let (question, text): (Option<String>, Option<String>) = (row.try_get(6)?, row.try_get(7)?);
    let tags: Option<String> = row.try_get(8)?;
    let tags = tags.map(|tags| serde_json::from_str(&tags).map_err(|_| wrong("tags", tags))).transpose()?;
    let before = question.zip(text).zip(tags);
    Ok(Step {
        version: row.try_get(0)?,
        kind: kind.parse().map_err(|_| wrong("kind", kind))?,
        status: status.parse().map_err(|_| wrong("status", status))?,
        by: row.try_get(3)?,
        at: row.try_get(4)?,
        note: row.try_get(5)?,
        before: before.map(|((question, answer), tags)| Texts { question, answer, tags }),
    })
}
