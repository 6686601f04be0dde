//! The rules for what people write in the workspace: lines and texts, UTF-8 without control characters.

use chrono::NaiveDate;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    #[error("Enter {0}.")]
    Missing(&'static str),
    #[error("Enter at most {0} characters.")]
    TooLong(usize),
    #[error("Leave out control characters.")]
    ControlCharacter,
}

/// One line of 1 to `longest` characters, without white space around it. `what` names it for who left it out: "a name".
pub fn line(text: &str, what: &'static str, longest: usize) -> Result<String, InvalidText> {
    optional_line(text, longest)?.ok_or(InvalidText::Missing(what))
}

/// One line of up to `longest` characters, without white space around it; `None` where nothing is left.
pub fn optional_line(text: &str, longest: usize) -> Result<Option<String>, InvalidText> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(InvalidText::ControlCharacter);
    }
    within(text, longest)
}

/// Lines of 1 to `longest` characters in all.
pub fn lines(text: &str, what: &'static str, longest: usize) -> Result<String, InvalidText> {
    optional_lines(text, longest)?.ok_or(InvalidText::Missing(what))
}

/// Lines of up to `longest` characters in all, a line break counting as one; `None` where nothing is left.
pub fn optional_lines(text: &str, longest: usize) -> Result<Option<String>, InvalidText> {
    // Browsers post line breaks as `\r\n`.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(InvalidText::ControlCharacter);
    }
    within(text.trim(), longest)
}

fn within(text: &str, longest: usize) -> Result<Option<String>, InvalidText> {
    if text.chars().count() > longest {
        return Err(InvalidText::TooLong(longest));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Enter a date such as 2026-12-04.")]
pub struct InvalidDate;

/// A day as RFC 3339 writes it, `YYYY-MM-DD`; `None` for nothing.
pub fn optional_date(text: &str) -> Result<Option<NaiveDate>, InvalidDate> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| InvalidDate)?;
    if is_plain { Ok(Some(date)) } else { Err(InvalidDate) }
}
