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
            typed_mark(dialect, first + row * types.len() + column, types[column])
        }),
    }
}

fn typed_mark(dialect: Dialect, number: usize, kind: &str) -> String {
    match dialect {
        Dialect::Sqlite => mark(dialect, number),
        Dialect::Postgres => format!("CAST({} AS {kind})", mark(dialect, number)),
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

/// Cuts `rows` into as few pieces as can be, each with the number of rows that its statement has places for: a power of two.
/// Places that stay empty are filled with NULL ([`pad`]), for the statement to pass over
/// (docs/decisions/0028-statements-with-places-to-spare.md).
pub fn pieces<T>(rows: &[T]) -> impl Iterator<Item = (&[T], usize)> {
    rows.chunks(LARGEST).map(|piece| (piece, piece.len().next_power_of_two()))
}

/// Rows of one piece at most.
const LARGEST: usize = 128;

/// A statement whose values are being bound.
pub type Statement<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

/// Fills `rows` places with NULL, of the types that their values would have: PostgreSQL prepares a text once, for the types
/// that came first.
pub fn pad<'q, 't>(
    mut query: Statement<'q>,
    rows: usize,
    types: impl Iterator<Item = &'t str> + Clone,
) -> Statement<'q> {
    for _ in 0..rows {
        for kind in types.clone() {
            query = match kind {
                "BIGINT" => query.bind(None::<i64>),
                _ => query.bind(None::<String>),
            };
        }
    }
    query
}

/// An `INSERT` whose rows have values of their own and others that they share.
pub struct Insert<'a> {
    pub table: &'a str,
    /// Each column, and what stands in it: a value of the row's own by its name, [`SHARED`], or an expression of these.
    pub columns: &'a [(&'a str, &'a str)],
    /// The rows' own values in the order in which they are bound, with their types. The first is NULL in a place that is empty.
    pub own: &'a [(&'a str, &'a str)],
}

/// Stands for a value that all rows share. These are bound last, in the order of the columns; each is a text.
pub const SHARED: &str = "?";

impl Insert<'_> {
    /// The text with places for `rows` rows.
    pub fn text(&self, dialect: Dialect, rows: usize) -> String {
        let (names, types): (Vec<_>, Vec<_>) = self.own.iter().copied().unzip();
        let mut bound = rows * self.own.len();
        let mut selected = Vec::new();
        for (_, value) in self.columns {
            selected.push(if *value == SHARED {
                bound += 1;
                typed_mark(dialect, bound, "TEXT")
            } else {
                (*value).to_owned()
            });
        }
        let columns: Vec<_> = self.columns.iter().map(|(column, _)| *column).collect();
        format!(
            "WITH v ({}) AS (VALUES {}) INSERT{} INTO {} ({}) SELECT {} FROM v WHERE {} IS NOT NULL",
            names.join(", "),
            typed_values(dialect, 1, rows, &types),
            dialect.or_fail(),
            self.table,
            columns.join(", "),
            selected.join(", "),
            names[0],
        )
    }

    /// Fills the places that stay empty.
    pub fn pad<'q>(&self, query: Statement<'q>, rows: usize) -> Statement<'q> {
        pad(query, rows, self.own.iter().map(|(_, kind)| *kind))
    }
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
    fn shared_values_come_after_the_rows() {
        let insert = Insert {
            table: "t",
            columns: &[("a", "x"), ("b", SHARED), ("c", "y + 1"), ("d", "0")],
            own: &[("x", "TEXT"), ("y", "BIGINT")],
        };
        assert_eq!(
            insert.text(Dialect::Sqlite, 2),
            "WITH v (x, y) AS (VALUES (?,?),(?,?)) INSERT OR FAIL INTO t (a, b, c, d) SELECT x, ?, y + 1, 0 FROM v WHERE x IS NOT NULL"
        );
        assert!(insert.text(Dialect::Postgres, 2).contains("SELECT x, CAST($5 AS TEXT), y + 1, 0 FROM v"));
    }

    #[test]
    fn pieces_have_places_for_all_of_their_rows() {
        for count in 0..300_usize {
            let rows: Vec<_> = (0..count).collect();
            let pieces: Vec<_> = pieces(&rows).collect();
            assert_eq!(pieces.iter().flat_map(|(piece, _)| piece.iter().copied()).collect::<Vec<_>>(), rows);
            assert!(pieces.len() <= count.div_ceil(LARGEST));
            assert!(
                pieces
                    .iter()
                    .all(|(piece, places)| places.is_power_of_two() && (piece.len()..2 * piece.len()).contains(places))
            );
        }
    }

    #[test]
    fn rows_are_cut_into_few_shapes_without_losing_any() {
        let rows: Vec<_> = (0..150).collect();
        let pieces = shapes(&rows);
        assert_eq!(pieces.concat(), rows);
        assert!(pieces.iter().all(|piece| SHAPES.contains(&piece.len())));
    }
}
