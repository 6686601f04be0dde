//! The unwanted_mails table: which kinds of mail a person does not want. Whoever has said nothing gets them all.

use sqlx::Row as _;

use crate::base::UserId;
use crate::db::{Conn, DbError};

/// The kinds that the person does not want.
pub async fn unwanted(conn: &mut Conn, user: &UserId) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query("SELECT kind FROM unwanted_mails WHERE user_id = $1").bind(user).fetch_all(conn).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Replaces what the person does not want.
pub async fn set_unwanted(conn: &mut Conn, user: &UserId, kinds: &[&str]) -> Result<(), DbError> {
    sqlx::query("DELETE FROM unwanted_mails WHERE user_id = $1").bind(user).execute(&mut *conn).await?;
    for kind in kinds {
        sqlx::query("INSERT INTO unwanted_mails (user_id, kind) VALUES ($1, $2)")
            .bind(user)
            .bind(*kind)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
