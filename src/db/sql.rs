//! Small helpers for SQL texts of a fixed shape.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, OnceLock};

use sqlx::AssertSqlSafe;

/// `($1,$2),($3,$4)`: placeholders for `rows` rows of `columns` values, counting from `first`.
pub fn values(first: usize, rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 5);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns {
            let comma = if column == 0 { "" } else { "," };
            let _ = write!(text, "{comma}${}", first + row * columns + column);
        }
        text.push(')');
    }
    text
}

/// Like [`values`], each value with its type: `(CAST($1 AS TEXT),CAST($2 AS BIGINT))`. PostgreSQL takes the values of a
/// bare `VALUES` list for text when nothing else tells their type.
pub fn typed_values(first: usize, rows: usize, types: &[&str]) -> String {
    let mut text = String::new();
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for (column, kind) in types.iter().enumerate() {
            let comma = if column == 0 { "" } else { "," };
            let _ = write!(text, "{comma}CAST(${} AS {kind})", first + row * types.len() + column);
        }
        text.push(')');
    }
    text
}

/// Row counts in which multi-row statements are written, so that few texts serve all sizes and each stays in the
/// connection's statement cache.
pub const SHAPES: [usize; 3] = [64, 8, 1];

/// Cuts `rows` into pieces of 64, 8 and 1.
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
pub fn shaped(name: &'static str, rows: usize, make: impl FnOnce(usize) -> String) -> AssertSqlSafe<&'static str> {
    static TEXTS: OnceLock<Mutex<HashMap<(&'static str, usize), &'static str>>> = OnceLock::new();
    let mut texts = TEXTS.get_or_init(Mutex::default).lock().expect("making a text does not panic");
    // Leaked on purpose: three texts for each statement, for the life of the program.
    AssertSqlSafe(texts.entry((name, rows)).or_insert_with(|| make(rows).leak()))
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
        assert_eq!(values(1, 2, 2), "($1,$2),($3,$4)");
        assert_eq!(values(3, 1, 3), "($3,$4,$5)");
        assert_eq!(
            typed_values(1, 2, &["TEXT", "BIGINT"]),
            "(CAST($1 AS TEXT),CAST($2 AS BIGINT)),(CAST($3 AS TEXT),CAST($4 AS BIGINT))"
        );
    }

    #[test]
    fn rows_are_cut_into_few_shapes_without_losing_any() {
        let rows: Vec<_> = (0..150).collect();
        let pieces = shapes(&rows);
        assert_eq!(pieces.concat(), rows);
        assert!(pieces.iter().all(|piece| SHAPES.contains(&piece.len())));
    }
}
