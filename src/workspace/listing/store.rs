//! A sorted list as one SQL text.

use std::fmt::Write;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use super::{Key, Listing, Place, Value};
use crate::db::{Conn, DbError, Row};

/// What a list is sorted by: a column or an expression that is never NULL.
#[derive(Clone, Copy, Debug)]
pub(in crate::workspace) enum SortKey {
    Text(&'static str),
    Number(&'static str),
}

impl SortKey {
    fn fits(self, value: &Value) -> bool {
        matches!((self, value), (Self::Text(_), Value::Text(_)) | (Self::Number(_), Value::Int(_)))
    }
}

/// `SELECT columns FROM table WHERE …`, in the order of a key and then of the id.
pub(in crate::workspace) struct Sorted {
    columns: &'static str,
    table: &'static str,
    key: SortKey,
    is_descending: bool,
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Sorted {
    pub fn new(columns: &'static str, table: &'static str, key: SortKey, is_descending: bool) -> Self {
        Self { columns, table, key, is_descending, conditions: Vec::new(), values: Vec::new() }
    }

    /// Adds a condition without a value.
    pub fn only(mut self, condition: &str) -> Self {
        self.conditions.push(condition.to_owned());
        self
    }

    /// Adds a condition in which `?` stands for the value.
    pub fn and(mut self, condition: &str, value: impl Into<String>) -> Self {
        self.values.push(Value::Text(value.into()));
        self.conditions.push(condition.replace('?', &format!("${}", self.values.len())));
        self
    }

    pub fn and_if(self, condition: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.and(condition, value),
            None => self,
        }
    }

    /// The page of at most `limit` rows at `place`. A page towards the beginning that would not be full is the first page.
    pub async fn page(self, conn: &mut Conn, place: &Place, limit: usize) -> Result<Listing<Row>, DbError> {
        let (key, is_backwards) = match place {
            // A place in a list that was sorted by something else.
            Place::After(key) | Place::Before(key) if !self.key.fits(&key.value) => (None, false),
            Place::First => (None, false),
            Place::After(key) => (Some(key), false),
            Place::Before(key) => (Some(key), true),
        };
        let mut rows = self.read(conn, key, is_backwards, limit + 1).await?;
        let has_more = rows.len() > limit;
        if is_backwards && !has_more {
            let mut rows = self.read(conn, None, false, limit + 1).await?;
            let has_after = rows.len() > limit;
            rows.truncate(limit);
            return Ok(Listing { rows, has_before: false, has_after });
        }
        rows.truncate(limit);
        if is_backwards {
            rows.reverse();
        }
        let (has_before, has_after) = if is_backwards { (has_more, true) } else { (key.is_some(), has_more) };
        Ok(Listing { rows, has_before, has_after })
    }

    async fn read(
        &self,
        conn: &mut Conn,
        after: Option<&Key>,
        is_backwards: bool,
        limit: usize,
    ) -> Result<Vec<Row>, DbError> {
        let Self { columns, table, conditions, .. } = self;
        let (SortKey::Text(key) | SortKey::Number(key)) = self.key;
        let mut text = format!("SELECT {columns} FROM {table} WHERE {}", conditions.join(" AND "));
        let mut next = self.values.len() + 1;
        let is_falling = self.is_descending != is_backwards;
        if after.is_some() {
            let sign = if is_falling { '<' } else { '>' };
            let _ = write!(text, " AND ({key}, id) {sign} (${next}, ${})", next + 1);
            next += 2;
        }
        let order = if is_falling { "DESC" } else { "ASC" };
        let _ = write!(text, " ORDER BY {key} {order}, id {order} LIMIT ${next}");
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in &self.values {
            query = bind(query, value);
        }
        if let Some(after) = after {
            query = bind(query, &after.value).bind(after.id.clone());
        }
        Ok(query.bind(i64::try_from(limit).unwrap_or(i64::MAX)).fetch_all(conn).await?)
    }
}

fn bind<'q>(query: Query<'q, Any, AnyArguments>, value: &Value) -> Query<'q, Any, AnyArguments> {
    match value {
        Value::Text(text) => query.bind(text.clone()),
        Value::Int(number) => query.bind(*number),
    }
}
