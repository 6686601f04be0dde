//! The pages of imports, and the file of an export.

pub(crate) mod export;
pub(crate) mod show;
pub(crate) mod upload;

use crate::base::ImportId;

/// The form, and the latest imports.
pub(crate) const IMPORT: &str = "/answers/import";
/// The library as a file.
pub(crate) const EXPORT: &str = "/answers/export";
/// The library itself.
pub(crate) const LIBRARY: &str = "/answers";

/// One import: what was found in its file, how far it is, what came of it.
pub(crate) fn url(id: &ImportId) -> String {
    format!("{IMPORT}/{id}")
}

/// `1 pair`, `4,990 pairs`.
fn counted(count: i64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A number with commas between its thousands.
fn grouped(count: i64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_thousands() {
        let shown = [0, 1, 999, 1_000, 50_000, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "1", "999", "1,000", "50,000", "1,234,567"]);
        assert_eq!(
            (counted(1, "pair", "pairs"), counted(4_990, "pair", "pairs")),
            ("1 pair".into(), "4,990 pairs".into())
        );
    }
}
