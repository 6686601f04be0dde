//! Writing CSV that spreadsheets open and do not run.
//!
//! Cells that a spreadsheet would run: one that begins with `=`, `+`, `-` or `@`, or with a tab or a line break before such a
//! sign, is a formula there, whoever wrote it (OWASP: CSV injection). An apostrophe before it says that it is a text.
//!
//! An import takes that apostrophe away again, so every text comes back as it was: one that itself begins with apostrophes
//! and such a sign gets one more.

use std::borrow::Cow;

/// Before the first record: spreadsheets take a file without it for one in their own encoding.
pub const BOM: char = '\u{feff}';

/// Whether it is a formula, as it stands or once the apostrophes before it are gone.
fn is_risky(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

/// A text as the cell of a file.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_risky(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text in the cell of a file.
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_risky(text)).unwrap_or(cell)
}

/// Adds one record to `file`, its fields in quotes where some spreadsheet needs them.
pub fn write_record<'a>(file: &mut String, fields: impl IntoIterator<Item = &'a str>) {
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            file.push(',');
        }
        let needs_quotes = field.contains(['"', ',', ';', '\t', '\n', '\r']) || field.trim() != field;
        if needs_quotes {
            file.push('"');
            file.push_str(&field.replace('"', "\"\""));
            file.push('"');
        } else {
            file.push_str(field);
        }
    }
    file.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_be_run_gets_an_apostrophe_and_nothing_else_does() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+49 30 1234", "'+49 30 1234"),
            ("-5 °C", "'-5 °C"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("'=1", "''=1"),
            ("It's 1 = 1", "It's 1 = 1"),
            ("'quoted'", "'quoted'"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), cell);
            assert_eq!(unguarded(cell), text);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_no_cell_is_run(text in "['=+@\t\r\na-]{0,6}") {
            let cell = guarded(&text);
            prop_assert_eq!(unguarded(&cell), text.as_str());
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
        }
    }
}
