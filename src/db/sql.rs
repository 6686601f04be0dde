//! Small helpers for SQL texts of a fixed shape.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use sqlx::AssertSqlSafe;

use super::Dialect;

/// A placeholder of a statement over many rows. SQLite's have no number: it looks a numbered one up among all before it,
/// which takes longer than the statement where there are hundreds. So all of a statement's placeholders come from here,
/// in their order and each once.
pub fn mark(dialect: Dialect, number: usize) -> String {
    match dialect {
        Dialect::Sqlite => "?".to_owned(),
        Dialect::Postgres => format!("${number}"),
    }
}

/// `($1,$2),($3,$4)`: placeholders for `rows` rows of `columns` values, counting from `first`.
pub fn values(dialect: Dialect, first: usize, rows: usize, columns: usize) -> String {
    list(rows, columns, |row, column| mark(dialect, first + row * columns + column))
}

/// Like [`values`], each value with its type: `(CAST($1 AS TEXT),CAST($2 AS BIGINT))`. PostgreSQL takes the values of a
/// bare `VALUES` list for text when nothing else tells their type; SQLite's values know their own.
pub fn typed_values(dialect: Dialect, first: usize, rows: usize, types: &[&str]) -> String {
    match dialect {
        Dialect::Sqlite => values(dialect, first, rows, types.len()),
        Dialect::Postgres => list(rows, types.len(), |row, column| {
            format!("CAST({} AS {})", mark(dialect, first + row * types.len() + column), types[column])
        }),
    }
}

fn list(rows: usize, columns: usize, value: impl Fn(usize, usize) -> String) -> String {
    let row = |row| (0..columns).map(|column| value(row, column)).collect::<Vec<_>>().join(",");
    (0..rows).map(|number| format!("({})", row(number))).collect::<Vec<_>>().join(",")
}

/// Row counts in which multi-row statements are written, so that few texts serve all sizes and each stays in the
/// connection's statement cache. Powers of two: a group of less than 128 rows takes seven statements at most, and each
/// statement costs a change of threads.
const SHAPES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// Cuts `rows` into pieces of 64, then of what is left the largest power of two, and so on.
pub fn shapes<T>(rows: &[T]) -> Vec<&[T]> {
    let mut rest = rows;
    let mut pieces = Vec::new();
    for shape in SHAPES {
        while rest.len() >= shape {
            let (piece, after) = rest.split_at(shape);
            pieces.push(piece);
            rest = after;
        }
    }
    pieces
}

/// The text of a multi-row statement, made once for each shape. `name` tells statements apart.
pub fn shaped(
    dialect: Dialect,
    name: &'static str,
    rows: usize,
    make: impl FnOnce(usize) -> String,
) -> AssertSqlSafe<&'static str> {
    type Texts = HashMap<(Dialect, &'static str, usize), &'static str>;
    static TEXTS: OnceLock<Mutex<Texts>> = OnceLock::new();
    let mut texts = TEXTS.get_or_init(Mutex::default).lock().expect("making a text does not panic");
    // Leaked on purpose: seven texts for each statement, for the life of the program.
    AssertSqlSafe(texts.entry((dialect, name, rows)).or_insert_with(|| make(rows).leak()))
}

/// `text` with everything taken literally in a LIKE pattern (escape character `\`).
pub fn like_literal(text: &str) -> Cow<'_, str> {
    if text.contains(['%', '_', '\\']) {
        Cow::Owned(text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on_through_the_rows() {
        assert_eq!(values(Dialect::Postgres, 1, 2, 2), "($1,$2),($3,$4)");
        assert_eq!(values(Dialect::Postgres, 3, 1, 3), "($3,$4,$5)");
        assert_eq!(
            typed_values(Dialect::Postgres, 1, 2, &["TEXT", "BIGINT"]),
            "(CAST($1 AS TEXT),CAST($2 AS BIGINT)),(CAST($3 AS TEXT),CAST($4 AS BIGINT))"
        );
    }

    #[test]
    fn sqlite_counts_for_itself() {
        assert_eq!(values(Dialect::Sqlite, 3, 2, 2), "(?,?),(?,?)");
        assert_eq!(typed_values(Dialect::Sqlite, 1, 1, &["TEXT", "BIGINT"]), "(?,?)");
    }

    #[test]
    fn rows_are_cut_into_few_shapes_without_losing_any() {
        let rows: Vec<_> = (0..150).collect();
        let pieces = shapes(&rows);
        assert_eq!(pieces.concat(), rows);
        assert!(pieces.iter().all(|piece| SHAPES.contains(&piece.len())));
    }
}
