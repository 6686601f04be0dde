//! A list that is paged by key in both directions, as one SQL text.

use std::fmt::Write;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use super::{Conn, DbError, Row};
use crate::base::{Cursor, Listing, Place, Timestamp};

/// A value for a placeholder.
pub enum Value {
    Text(String),
    Int(i64),
}

/// `SELECT columns FROM table WHERE …`, in the order of a time and an id.
pub struct Keyset {
    pub columns: &'static str,
    pub table: &'static str,
    /// The two columns of the key: a time and an id.
    pub key: (&'static str, &'static str),
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Keyset {
    pub fn new(columns: &'static str, table: &'static str, key: (&'static str, &'static str)) -> Self {
        Self { columns, table, key, conditions: Vec::new(), values: Vec::new() }
    }

    /// Adds `column operator value`.
    pub fn and(mut self, comparison: &str, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self.conditions.push(format!("{comparison} ${}", self.values.len()));
        self
    }

    pub fn and_if(self, comparison: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.and(comparison, value),
            None => self,
        }
    }

    /// Adds that one of `columns` has this text in it, in whatever case as far as the engine can tell (SQLite: ASCII).
    pub fn and_contains(mut self, columns: &[&str], text: Option<&str>) -> Self {
        if let Some(text) = text {
            let pattern = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
            self.values.push(format!("%{pattern}%").into());
            let place = self.values.len();
            let any: Vec<_> =
                columns.iter().map(|column| format!("LOWER({column}) LIKE ${place} ESCAPE '!'")).collect();
            self.conditions.push(format!("({})", any.join(" OR ")));
        }
        self
    }

    /// Adds that a list of ids, as `column` has it, names this one.
    pub fn and_names(mut self, column: &str, id: Option<&str>) -> Self {
        if let Some(id) = id {
            self.conditions.push(names(column, self.values.len() + 1));
            self.values.extend(named(id));
        }
        self
    }

    /// The page of at most `limit` rows at `place`. A page towards the newer end that would not be full is the newest page.
    pub async fn page(self, conn: &mut Conn, place: &Place, limit: usize) -> Result<Listing<Row>, DbError> {
        let (cursor, is_backwards) = match place {
            Place::Newest => (None, false),
            Place::OlderThan(cursor) => (Some(cursor), false),
            Place::NewerThan(cursor) => (Some(cursor), true),
        };
        let mut rows = self.read(conn, cursor, is_backwards, limit + 1).await?;
        let has_more = rows.len() > limit;
        if is_backwards && !has_more {
            let mut rows = self.read(conn, None, false, limit + 1).await?;
            let has_older = rows.len() > limit;
            rows.truncate(limit);
            return Ok(Listing { rows, has_newer: false, has_older });
        }
        rows.truncate(limit);
        if is_backwards {
            rows.reverse();
        }
        let (has_newer, has_older) = if is_backwards { (has_more, true) } else { (cursor.is_some(), has_more) };
        Ok(Listing { rows, has_newer, has_older })
    }

    async fn read(
        &self,
        conn: &mut Conn,
        cursor: Option<&Cursor>,
        is_backwards: bool,
        limit: usize,
    ) -> Result<Vec<Row>, DbError> {
        let (at, id) = self.key;
        let mut text = format!("SELECT {} FROM {} WHERE {}", self.columns, self.table, self.conditions.join(" AND "));
        let mut next = self.values.len() + 1;
        if cursor.is_some() {
            let sign = if is_backwards { '>' } else { '<' };
            let _ = write!(text, " AND ({at}, {id}) {sign} (${next}, ${})", next + 1);
            next += 2;
        }
        let order = if is_backwards { "ASC" } else { "DESC" };
        let _ = write!(text, " ORDER BY {at} {order}, {id} {order} LIMIT ${next}");
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in &self.values {
            query = bind(query, value);
        }
        if let Some(cursor) = cursor {
            query = query.bind(cursor.at).bind(cursor.id.clone());
        }
        Ok(query.bind(i64::try_from(limit).unwrap_or(i64::MAX)).fetch_all(conn).await?)
    }
}

/// That a JSON list of texts has one in it, which the placeholders `first` and the next stand for ([`named`]). REPLACE is what
/// both engines have of those that look for a text as it is, LIKE being blind to case in one of them.
pub fn names(column: &str, first: usize) -> String {
    let next = first + 1;
    format!("(REPLACE({column}, ${first}, '') <> {column} OR REPLACE({column}, ${next}, '') <> {column})")
}

/// How a text stands in a JSON list: first, or after another. A quote within a text has a backslash before it, so neither
/// occurs anywhere else.
pub fn named(text: &str) -> [Value; 2] {
    let json = serde_json::Value::from(text);
    [format!("[{json}").into(), format!(",{json}").into()]
}

pub fn bind<'q>(query: Query<'q, Any, AnyArguments>, value: &Value) -> Query<'q, Any, AnyArguments> {
    match value {
        Value::Text(text) => query.bind(text.clone()),
        Value::Int(number) => query.bind(*number),
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.micros())
    }
}
