//! The whole database as text: what is not to have changed is compared in it.

use std::collections::BTreeMap;

use herald::db::{Db, Row};
use sqlx::{Column as _, Row as _};

/// Table by table and row by row.
pub type Dump = BTreeMap<String, Vec<String>>;

/// What looking around moves: when a session was last seen and ends, and when a key was last used.
const SEEN: [(&str, &str); 3] = [("sessions", "seen_at"), ("sessions", "expires_at"), ("api_keys", "last_used_at")];

/// All that `db` holds, but for when somebody was last seen.
pub async fn dump(db: &Db) -> Dump {
    let mut dump = Dump::new();
    let mut conn = db.read().await.expect("a connection");
    for (table, columns) in tables() {
        let query = sqlx::AssertSqlSafe(format!("SELECT {} FROM {table}", columns.join(", ")));
        let rows = sqlx::query(query).fetch_all(&mut *conn).await.expect("rows");
        let mut texts: Vec<String> = rows.iter().map(|row| text(table, row)).collect();
        texts.sort();
        dump.insert(table.to_owned(), texts);
    }
    dump
}

/// The row of `table` with this id, column by column.
pub async fn row(db: &Db, table: &str, id: &str) -> BTreeMap<String, String> {
    let mut conn = db.read().await.expect("a connection");
    let (_, columns) = tables().into_iter().find(|(name, _)| *name == table).expect("a table");
    let query = sqlx::AssertSqlSafe(format!("SELECT {} FROM {table} WHERE id = $1", columns.join(", ")));
    let row = sqlx::query(query).bind(id).fetch_one(&mut *conn).await.expect("the row");
    row.columns().iter().enumerate().map(|(place, column)| (column.name().to_owned(), cell(&row, place))).collect()
}

/// The tables of the first migration with the columns that stand there: PostgreSQL has an index for searching as one more.
fn tables() -> Vec<(&'static str, Vec<&'static str>)> {
    let text = include_str!("../../migrations/0001_house.sql");
    let of_table = |table: &'static str| {
        let (name, rest) = table.split_once(" (").expect("a table has columns");
        let (lines, _) = rest.split_once("\n)").expect("and an end");
        let columns = lines.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, kind) = (words.next()?, words.next()?);
            matches!(kind.trim_end_matches(','), "TEXT" | "BIGINT" | "DOUBLE").then_some(name)
        });
        (name, columns.collect())
    };
    text.split("\nCREATE TABLE ").skip(1).map(of_table).collect()
}

fn text(table: &str, row: &Row) -> String {
    let is_kept = |column: &str| !SEEN.contains(&(table, column));
    let columns = row.columns().iter().enumerate().filter(|(_, column)| is_kept(column.name()));
    columns.map(|(place, column)| format!("{}={}", column.name(), cell(row, place))).collect::<Vec<_>>().join(" ")
}

fn cell(row: &Row, place: usize) -> String {
    let texts = row.try_get::<Option<String>, _>(place).map(|text| text.unwrap_or_else(|| "NULL".into()));
    let numbers = || row.try_get::<i64, _>(place).map(|number| number.to_string());
    let fractions = || row.try_get::<f64, _>(place).map(|number| number.to_string());
    texts.or_else(|_| numbers()).or_else(|_| fractions()).expect("a text or a number")
}
