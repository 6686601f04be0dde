//! The answer library, and what pairs are found with.

use sqlx::{AssertSqlSafe, Row as _};

use crate::db::{Conn, DbError, Dialect, Row, sql};

pub struct AnswerRow {
    pub id: String,
    pub organization: String,
    pub number: i64,
    pub question: String,
    pub answer: String,
    pub tags: String,
    pub status: String,
    pub is_trashed: bool,
}

/// The next pairs after this id.
pub async fn answers_after(conn: &mut Conn, after: &str, limit: i64) -> Result<Vec<AnswerRow>, DbError> {
    let rows = sqlx::query(
        "SELECT id, organization_id, number, question, answer, tags, status, trashed_at FROM answers WHERE id > $1 ORDER BY id LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let read = |row: &Row| {
        Ok(AnswerRow {
            id: row.try_get(0)?,
            organization: row.try_get(1)?,
            number: row.try_get(2)?,
            question: row.try_get(3)?,
            answer: row.try_get(4)?,
            tags: row.try_get(5)?,
            status: row.try_get(6)?,
            is_trashed: row.try_get::<Option<i64>, _>(7)?.is_some(),
        })
    };
    rows.iter().map(read).collect()
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagRow {
    pub answer: String,
    pub tag: String,
    pub label: String,
    pub organization: String,
    pub number: i64,
    pub status: String,
    pub is_trashed: bool,
}

/// The tags of the pairs from the first to the last of these ids.
pub async fn tags_between(conn: &mut Conn, first: &str, last: &str) -> Result<Vec<TagRow>, DbError> {
    let rows = sqlx::query(
        "SELECT answer_id, tag, label, organization_id, number, status, trashed FROM answer_tags \
         WHERE answer_id >= $1 AND answer_id <= $2",
    )
    .bind(first)
    .bind(last)
    .fetch_all(conn)
    .await?;
    let read = |row: &Row| {
        Ok(TagRow {
            answer: row.try_get(0)?,
            tag: row.try_get(1)?,
            label: row.try_get(2)?,
            organization: row.try_get(3)?,
            number: row.try_get(4)?,
            status: row.try_get(5)?,
            is_trashed: row.try_get::<i64, _>(6)? != 0,
        })
    };
    rows.iter().map(read).collect()
}

/// Which of these numbers SQLite's full-text index does not find by these queries.
pub async fn not_in_full_text(conn: &mut Conn, queries: &[(i64, String)]) -> Result<Vec<i64>, DbError> {
    let mut missing = Vec::new();
    for piece in sql::shapes(queries) {
        let text = sql::shaped(Dialect::Sqlite, "check.full_text", piece.len(), |rows| {
            format!(
                "WITH v (number, query) AS (VALUES {}) SELECT number FROM v WHERE NOT EXISTS \
                 (SELECT 1 FROM answers_text WHERE answers_text MATCH v.query AND rowid = v.number)",
                sql::values(Dialect::Sqlite, 1, rows, 2)
            )
        });
        let query =
            piece.iter().fold(sqlx::query(text), |query, (number, words)| query.bind(*number).bind(words.as_str()));
        for row in query.fetch_all(&mut *conn).await? {
            missing.push(row.try_get(0)?);
        }
    }
    Ok(missing)
}

/// Numbers in SQLite's full-text index of which there is no pair.
pub async fn full_text_strangers(conn: &mut Conn) -> Result<Vec<i64>, DbError> {
    // FTS5 keeps one row of this table for each of its own.
    let text = "SELECT id FROM answers_text_docsize WHERE id NOT IN (SELECT number FROM answers) LIMIT 100000";
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(conn).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
