//! The answers table.

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{AnswerId, OrganizationId};
use crate::db::{Conn, DbError, Dialect, sql};
use crate::workspace::answers::model::Answer;

use super::{AnyQuery, COLUMNS, index, read, tags_json};

/// One pair of the organization, in the trash or not.
pub async fn find(conn: &mut Conn, organization: &OrganizationId, id: &AnswerId) -> Result<Option<Answer>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM answers a WHERE a.organization_id = $1 AND a.id = $2");
    let row = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// Those of `ids` that the organization has, in no order.
pub async fn find_all(
    conn: &mut Conn,
    organization: &OrganizationId,
    ids: &[AnswerId],
) -> Result<Vec<Answer>, DbError> {
    let mut found = Vec::with_capacity(ids.len());
    let dialect = Dialect::of(conn);
    for piece in sql::shapes(ids) {
        let text = sql::shaped(dialect, "answers.find_all", piece.len(), |rows| {
            let (organization, ids) = (sql::mark(dialect, 1), sql::values(dialect, 2, 1, rows));
            format!("SELECT {COLUMNS} FROM answers a WHERE a.organization_id = {organization} AND a.id IN {ids}")
        });
        let query = piece.iter().fold(sqlx::query(text).bind(organization), |query, id| query.bind(id));
        for row in query.fetch_all(&mut *conn).await? {
            found.push(read(&row)?);
        }
    }
    Ok(found)
}

/// Adds pairs, in their order: gives them their numbers, and puts them into the index.
pub async fn insert(conn: &mut Conn, answers: &mut [Answer]) -> Result<(), DbError> {
    // Numbers ascend within an organization: whoever adds pairs has locked it.
    let last = sqlx::query("SELECT COALESCE(MAX(number), 0) FROM answers").fetch_one(&mut *conn).await?;
    let last: i64 = last.try_get(0)?;
    for (answer, number) in answers.iter_mut().zip(last + 1..) {
        answer.number = number;
    }
    let dialect = Dialect::of(conn);
    for piece in sql::shapes(answers) {
        let text = sql::shaped(dialect, "answers.insert", piece.len(), |rows| {
            let types = [
                "TEXT", "TEXT", "BIGINT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT", "TEXT", "BIGINT",
                "TEXT", "BIGINT",
            ];
            format!(
                "INSERT INTO answers (id, organization_id, number, question, answer, digest, tags, owner, status, version, created_by, \
                 created_at, updated_by, updated_at) VALUES {}",
                sql::typed_values(dialect, 1, rows, &types)
            )
        });
        let query: AnyQuery<'_> = piece.iter().fold(sqlx::query(text), |query, answer| {
            let content = &answer.content;
            query
                .bind(&answer.id)
                .bind(&answer.organization)
                .bind(answer.number)
                .bind(&content.question)
                .bind(&content.answer)
                .bind(content.digest())
                .bind(tags_json(&content.tags))
                .bind(content.owner.as_deref())
                .bind(answer.status.as_str())
                .bind(answer.version)
                .bind(&answer.created_by)
                .bind(answer.created_at)
                .bind(&answer.updated_by)
                .bind(answer.updated_at)
        });
        query.execute(&mut *conn).await?;
    }
    index::put(conn, answers).await
}

/// Writes all of pairs that can change as it is in `changed`, their versions too, and puts them into the index anew.
pub async fn update(conn: &mut Conn, changed: &[Answer]) -> Result<(), DbError> {
    for answer in changed {
        let (content, review) = (&answer.content, answer.review.as_ref());
        sqlx::query(
            "UPDATE answers SET question = $2, answer = $3, tags = $4, owner = $5, status = $6, reviewer = $7, review_due = $8, \
             note = $9, trashed_at = $10, trashed_by = $11, version = $12, updated_by = $13, updated_at = $14, digest = $15 WHERE id = $1",
        )
        .bind(&answer.id)
        .bind(&content.question)
        .bind(&content.answer)
        .bind(tags_json(&content.tags))
        .bind(content.owner.as_deref())
        .bind(answer.status.as_str())
        .bind(review.map(|review| review.reviewer.as_str()))
        .bind(review.map(|review| review.due_date.to_string()))
        .bind(answer.note.as_deref())
        .bind(answer.trashed.as_ref().map(|trashed| trashed.at))
        .bind(answer.trashed.as_ref().map(|trashed| trashed.by.as_str()))
        .bind(answer.version)
        .bind(&answer.updated_by)
        .bind(answer.updated_at)
        .bind(content.digest())
        .execute(&mut *conn)
        .await?;
    }
    index::remove(conn, changed).await?;
    index::put(conn, changed).await
}

/// Removes pairs with their histories for good.
pub async fn delete(conn: &mut Conn, answers: &[Answer]) -> Result<(), DbError> {
    index::remove(conn, answers).await?;
    let dialect = Dialect::of(conn);
    for (name, table, column) in
        [("answers.delete_history", "answer_history", "answer_id"), ("answers.delete", "answers", "id")]
    {
        for piece in sql::shapes(answers) {
            let text = sql::shaped(dialect, name, piece.len(), |rows| {
                format!("DELETE FROM {table} WHERE {column} IN {}", sql::values(dialect, 1, 1, rows))
            });
            let query = piece.iter().fold(sqlx::query(text), |query, answer| query.bind(&answer.id));
            query.execute(&mut *conn).await?;
        }
    }
    Ok(())
}
