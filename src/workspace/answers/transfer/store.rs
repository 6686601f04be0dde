//! The tables imports and import_rows.

use sqlx::{AssertSqlSafe, Row as _};

use crate::auth::model::{Actor, Source};
use crate::base::{ImportId, OrganizationId, Timestamp};
use crate::db::{Conn, DbError, Dialect, Flag, Row as DbRow, sql};
use crate::workspace::answers::model::{Content, Standing};

use super::model::{Gathered, Import, ImportState, Row};

const COLUMNS: &str = "id, organization_id, file_name, state, total, done, refused, problems, ignored, started_by, is_moderator, \
    created_at, finished_at, known, skipped, takes_known";

/// Of the pairs staged as `r`, those that neither the library has nor an earlier row of the file. `$1`: the organization.
const NEW: &str = "NOT EXISTS (SELECT 1 FROM answers a WHERE a.organization_id = $1 AND a.trashed_at IS NULL AND a.digest = r.digest) \
    AND NOT EXISTS (SELECT 1 FROM import_rows e WHERE e.import_id = r.import_id AND e.digest = r.digest AND e.number < r.number)";

fn read(row: &DbRow) -> Result<Import, DbError> {
    let id: ImportId = row.try_get(0)?;
    let wrong = |column: &'static str, found: String| DbError::inconsistent("imports", column, id.as_str(), found);
    let organization: OrganizationId = row.try_get(1)?;
    let (state, problems, ignored): (String, String, String) = (row.try_get(3)?, row.try_get(7)?, row.try_get(8)?);
    let (is_moderator, takes_known): (Flag, Flag) = (row.try_get(10)?, row.try_get(15)?);
    Ok(Import {
        file_name: row.try_get(2)?,
        state: state.parse().map_err(|_| wrong("state", state))?,
        total: row.try_get(4)?,
        done: row.try_get(5)?,
        known: row.try_get(13)?,
        skipped: row.try_get(14)?,
        takes_known: takes_known.0,
        refused: row.try_get(6)?,
        problems: serde_json::from_str(&problems).map_err(|_| wrong("problems", problems))?,
        ignored: serde_json::from_str(&ignored).map_err(|_| wrong("ignored", ignored))?,
        // Files come in by a page and no other way.
        by: Actor { organization: organization.clone(), email: row.try_get(9)?, source: Source::Page, address: None },
        standing: if is_moderator.0 { Standing::Moderator } else { Standing::Member },
        created_at: row.try_get(11)?,
        finished_at: row.try_get(12)?,
        organization,
        id,
    })
}

/// Begins an import: its file is coming in.
pub async fn insert(conn: &mut Conn, import: &Import) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO imports (id, organization_id, file_name, state, total, done, refused, known, skipped, takes_known, \
         problems, ignored, started_by, is_moderator, created_at) \
         VALUES ($1, $2, $3, $4, 0, 0, 0, 0, 0, 0, '[]', '[]', $5, $6, $7)",
    )
    .bind(&import.id)
    .bind(&import.organization)
    .bind(&import.file_name)
    .bind(import.state.as_str())
    .bind(&import.by.email)
    .bind(Flag(import.standing == Standing::Moderator))
    .bind(import.created_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Stages pairs of a file.
pub async fn stage(conn: &mut Conn, import: &ImportId, rows: &[Row]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    for piece in sql::shapes(rows) {
        let text = sql::shaped(dialect, "imports.stage", piece.len(), |rows| {
            let types = ["TEXT", "BIGINT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT"];
            format!(
                "INSERT INTO import_rows (import_id, number, question, answer, digest, tags, owner) VALUES {}",
                sql::typed_values(dialect, 1, rows, &types)
            )
        });
        let query = piece.iter().fold(sqlx::query(text), |query, row| {
            let content = &row.content;
            query
                .bind(import)
                .bind(row.number)
                .bind(&content.question)
                .bind(&content.answer)
                .bind(content.digest())
                .bind(serde_json::Value::from(content.tags.as_slice()).to_string())
                .bind(content.owner.as_deref())
        });
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Writes down what was found in the whole file: it is ready.
pub async fn ready(
    conn: &mut Conn,
    import: &ImportId,
    found: &Gathered,
    ignored: &[String],
    known: i64,
) -> Result<(), DbError> {
    let problems = serde_json::to_string(&found.problems).expect("texts and numbers always have a JSON form");
    sqlx::query(
        "UPDATE imports SET state = $2, total = $3, refused = $4, problems = $5, ignored = $6, known = $7 WHERE id = $1",
    )
    .bind(import)
    .bind(ImportState::Ready.as_str())
    .bind(found.total)
    .bind(found.refused)
    .bind(problems)
    .bind(serde_json::Value::from(ignored).to_string())
    .bind(known)
    .execute(conn)
    .await?;
    Ok(())
}

/// One import of the organization.
pub async fn find(conn: &mut Conn, organization: &OrganizationId, id: &ImportId) -> Result<Option<Import>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM imports WHERE organization_id = $1 AND id = $2");
    let row = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// The latest imports of the organization that somebody can look at, the newest first.
pub async fn latest(conn: &mut Conn, organization: &OrganizationId, limit: i64) -> Result<Vec<Import>, DbError> {
    let text = format!(
        "SELECT {COLUMNS} FROM imports WHERE organization_id = $1 AND state <> 'reading' \
         ORDER BY created_at DESC, id DESC LIMIT $2"
    );
    let rows = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(limit).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// All that are to go on, the oldest first.
pub async fn running(conn: &mut Conn) -> Result<Vec<Import>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM imports WHERE state = 'running' ORDER BY created_at, id");
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// Staged pairs in the order of their file: up to `limit` of them after the pair `after`.
pub async fn staged(conn: &mut Conn, import: &ImportId, after: i64, limit: i64) -> Result<Vec<Row>, DbError> {
    let rows = sqlx::query(
        "SELECT number, question, answer, tags, owner FROM import_rows WHERE import_id = $1 AND number > $2 \
         ORDER BY number LIMIT $3",
    )
    .bind(import)
    .bind(after)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| read_row(import, row)).collect()
}

/// Like [`staged`], past what the import has done, and without what the library has by now.
pub async fn staged_anew(conn: &mut Conn, import: &Import, limit: i64) -> Result<Vec<Row>, DbError> {
    let text = format!(
        "SELECT r.number, r.question, r.answer, r.tags, r.owner FROM import_rows r \
         WHERE r.import_id = $2 AND r.number > $3 AND {NEW} ORDER BY r.number LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(&import.organization)
        .bind(&import.id)
        .bind(import.done)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| read_row(&import.id, row)).collect()
}

/// How many of the staged pairs [`staged_anew`] gives.
pub async fn count_new(conn: &mut Conn, organization: &OrganizationId, import: &ImportId) -> Result<i64, DbError> {
    let text = format!("SELECT COUNT(*) FROM import_rows r WHERE r.import_id = $2 AND {NEW}");
    let row = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(import).fetch_one(conn).await?;
    Ok(row.try_get(0)?)
}

fn read_row(import: &ImportId, row: &DbRow) -> Result<Row, DbError> {
    let tags: String = row.try_get(3)?;
    Ok(Row {
        number: row.try_get(0)?,
        content: Content {
            question: row.try_get(1)?,
            answer: row.try_get(2)?,
            tags: serde_json::from_str(&tags)
                .map_err(|_| DbError::inconsistent("import_rows", "tags", import.as_str(), tags))?,
            owner: row.try_get(4)?,
        },
    })
}

/// Writes down how far an import is, who does it and what that person's word counts, and removes what was staged up to there, or
/// all of it where the import has ended.
pub async fn update(conn: &mut Conn, changed: &Import) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE imports SET state = $2, done = $3, started_by = $4, is_moderator = $5, finished_at = $6, skipped = $7, \
         takes_known = $8 WHERE id = $1",
    )
    .bind(&changed.id)
    .bind(changed.state.as_str())
    .bind(changed.done)
    .bind(&changed.by.email)
    .bind(Flag(changed.standing == Standing::Moderator))
    .bind(changed.finished_at)
    .bind(changed.skipped)
    .bind(Flag(changed.takes_known))
    .execute(&mut *conn)
    .await?;
    let end = if changed.finished_at.is_some() { changed.total } else { changed.done };
    sqlx::query("DELETE FROM import_rows WHERE import_id = $1 AND number <= $2")
        .bind(&changed.id)
        .bind(end)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes an import with what is staged of it.
pub async fn delete(conn: &mut Conn, import: &ImportId) -> Result<(), DbError> {
    for text in ["DELETE FROM import_rows WHERE import_id = $1", "DELETE FROM imports WHERE id = $1"] {
        sqlx::query(text).bind(import).execute(&mut *conn).await?;
    }
    Ok(())
}

/// The imports that nobody started, of files that came in before `before`.
pub async fn forgotten(conn: &mut Conn, before: Timestamp) -> Result<Vec<ImportId>, DbError> {
    let rows = sqlx::query("SELECT id FROM imports WHERE state IN ('reading', 'ready') AND created_at < $1")
        .bind(before)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
