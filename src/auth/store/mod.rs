//! The tables of `auth`, a file each.

pub mod api_keys;
pub mod audit;
pub mod organizations;
pub mod sessions;
pub mod users;

use crate::db::{Conn, DbError};

/// Tells every server that something it may keep in memory has changed. Until the transaction ends nobody else gets past
/// this line, which also puts in order what must not happen twice at once.
pub async fn raise_change_counter(conn: &mut Conn) -> Result<(), DbError> {
    sqlx::query("UPDATE change_counter SET value = value + 1 WHERE id = 1").execute(conn).await?;
    Ok(())
}
