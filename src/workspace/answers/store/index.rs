//! What pairs are found with: the rows of their tags, and on SQLite those of the full-text index. PostgreSQL keeps its own.

use crate::db::{Conn, DbError, Dialect, Flag, full_text, sql};
use crate::workspace::answers::model::{Answer, tag_key};

/// Puts pairs in that are not in it.
pub async fn put(conn: &mut Conn, answers: &[Answer]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    let tags: Vec<(&Answer, &String)> =
        answers.iter().flat_map(|answer| answer.content.tags.iter().map(move |tag| (answer, tag))).collect();
    for piece in sql::shapes(&tags) {
        let text = sql::shaped(dialect, "answers.put_tags", piece.len(), |rows| {
            let types = ["TEXT", "TEXT", "TEXT", "TEXT", "BIGINT", "TEXT", "BIGINT"];
            format!(
                "INSERT INTO answer_tags (answer_id, tag, label, organization_id, number, status, trashed) VALUES {}",
                sql::typed_values(dialect, 1, rows, &types)
            )
        });
        let query = piece.iter().fold(sqlx::query(text), |query, (answer, tag)| {
            query
                .bind(&answer.id)
                .bind(tag_key(tag))
                .bind(tag.as_str())
                .bind(&answer.organization)
                .bind(answer.number)
                .bind(answer.status.as_str())
                .bind(Flag(answer.trashed.is_some()))
        });
        query.execute(&mut *conn).await?;
    }
    if dialect == Dialect::Sqlite {
        for piece in sql::shapes(answers) {
            let text = sql::shaped(dialect, "answers.put_words", piece.len(), |rows| {
                full_text::fts5_insert(&sql::values(dialect, 1, 1, rows))
            });
            let query = piece.iter().fold(sqlx::query(text), |query, answer| query.bind(answer.number));
            query.execute(&mut *conn).await?;
        }
    }
    Ok(())
}

/// Takes pairs out.
pub async fn remove(conn: &mut Conn, answers: &[Answer]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    for piece in sql::shapes(answers) {
        let text = sql::shaped(dialect, "answers.remove_tags", piece.len(), |rows| {
            format!("DELETE FROM answer_tags WHERE answer_id IN {}", sql::values(dialect, 1, 1, rows))
        });
        let query = piece.iter().fold(sqlx::query(text), |query, answer| query.bind(&answer.id));
        query.execute(&mut *conn).await?;
        if dialect == Dialect::Sqlite {
            let text = sql::shaped(dialect, "answers.remove_words", piece.len(), |rows| {
                format!("DELETE FROM answers_text WHERE rowid IN {}", sql::values(dialect, 1, 1, rows))
            });
            let query = piece.iter().fold(sqlx::query(text), |query, answer| query.bind(answer.number));
            query.execute(&mut *conn).await?;
        }
    }
    Ok(())
}
