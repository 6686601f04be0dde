//! The questions table.

use std::collections::HashMap;

use sqlx::Row as _;

use crate::base::{AnswerId, OrganizationId, ProjectId, QuestionId, SectionId};
use crate::db::{Conn, DbError, Dialect, Row, sql};
use crate::workspace::projects::model::Question;

fn read(row: &Row) -> Result<Question, DbError> {
    Ok(Question {
        id: row.try_get(0)?,
        organization: row.try_get(1)?,
        section: row.try_get(2)?,
        question: row.try_get(3)?,
        answer: row.try_get(4)?,
        answer_id: row.try_get(5)?,
        position: row.try_get(6)?,
    })
}

pub async fn find(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &QuestionId,
) -> Result<Option<Question>, DbError> {
    let row = sqlx::query(
        "SELECT id, organization_id, section_id, question, answer, answer_id, position FROM questions \
         WHERE organization_id = $1 AND id = $2",
    )
    .bind(organization)
    .bind(id)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The questions of a section, in their order.
pub async fn list(conn: &mut Conn, section: &SectionId) -> Result<Vec<Question>, DbError> {
    let rows = sqlx::query(
        "SELECT id, organization_id, section_id, question, answer, answer_id, position FROM questions \
         WHERE section_id = $1 ORDER BY position, id",
    )
    .bind(section)
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

/// How many questions each section of a project has, and how many of them have an answer; sections without are missing.
pub async fn progress_of_sections(
    conn: &mut Conn,
    project: &ProjectId,
) -> Result<HashMap<SectionId, (i64, i64)>, DbError> {
    let rows = sqlx::query(
        "SELECT section_id, COUNT(*), COUNT(answer) FROM questions WHERE project_id = $1 GROUP BY section_id",
    )
    .bind(project)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)))).collect()
}

/// Adds a question to a section of `project`.
pub async fn insert(conn: &mut Conn, project: &ProjectId, question: &Question) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO questions (id, organization_id, project_id, section_id, question, answer, answer_id, position) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&question.id)
    .bind(&question.organization)
    .bind(project)
    .bind(&question.section)
    .bind(&question.question)
    .bind(question.answer.as_deref())
    .bind(question.answer_id.as_ref())
    .bind(question.position)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes all of a question that can change.
pub async fn update(conn: &mut Conn, changed: &Question) -> Result<(), DbError> {
    sqlx::query("UPDATE questions SET question = $2, answer = $3, answer_id = $4, position = $5 WHERE id = $1")
        .bind(&changed.id)
        .bind(&changed.question)
        .bind(changed.answer.as_deref())
        .bind(changed.answer_id.as_ref())
        .bind(changed.position)
        .execute(conn)
        .await?;
    Ok(())
}

/// Moves a question: another one was put before it, or went.
pub async fn place(conn: &mut Conn, id: &QuestionId, position: i64) -> Result<(), DbError> {
    sqlx::query("UPDATE questions SET position = $2 WHERE id = $1").bind(id).bind(position).execute(conn).await?;
    Ok(())
}

pub async fn delete(conn: &mut Conn, id: &QuestionId) -> Result<(), DbError> {
    sqlx::query("DELETE FROM questions WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// In how many projects each of `answers` is used; those in none are missing.
pub async fn uses(conn: &mut Conn, answers: &[AnswerId]) -> Result<HashMap<AnswerId, i64>, DbError> {
    let mut found = HashMap::new();
    let dialect = Dialect::of(conn);
    for piece in sql::shapes(answers) {
        let text = sql::shaped(dialect, "questions.uses", piece.len(), |rows| {
            format!(
                "SELECT answer_id, COUNT(DISTINCT project_id) FROM questions WHERE answer_id IN {} GROUP BY answer_id",
                sql::values(dialect, 1, 1, rows)
            )
        });
        let query = piece.iter().fold(sqlx::query(text), |query, answer| query.bind(answer));
        for row in query.fetch_all(&mut *conn).await? {
            found.insert(row.try_get(0)?, row.try_get(1)?);
        }
    }
    Ok(found)
}

/// Lets the questions keep their answers, which come from nowhere once the pairs are gone.
pub async fn forget_answers(conn: &mut Conn, answers: &[AnswerId]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    for piece in sql::shapes(answers) {
        let text = sql::shaped(dialect, "questions.forget_answers", piece.len(), |rows| {
            format!("UPDATE questions SET answer_id = NULL WHERE answer_id IN {}", sql::values(dialect, 1, 1, rows))
        });
        let query = piece.iter().fold(sqlx::query(text), |query, answer| query.bind(answer));
        query.execute(&mut *conn).await?;
    }
    Ok(())
}
