//! What people call a webhook, and what they say about it.

use std::fmt;

/// Longest name, in characters.
pub const NAME_CHARACTERS: usize = 100;

/// Longest description, in characters, a line break counting as one.
const DESCRIPTION_CHARACTERS: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("Enter a name.")]
    Missing,
    #[error("Enter a name of at most 100 characters.")]
    TooLong,
    #[error("A name has no control characters, tabs or line breaks in it.")]
    ControlCharacter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDescription {
    #[error("Enter a description of at most 1,000 characters.")]
    TooLong,
    #[error("A description has no control characters in it.")]
    ControlCharacter,
}

/// One line of 1 to 100 characters, without white space around it. Need not be unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.chars().any(char::is_control) {
            return Err(InvalidName::ControlCharacter);
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidName::Missing);
        }
        if text.chars().count() > NAME_CHARACTERS {
            return Err(InvalidName::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lines of up to 1,000 characters in all; may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Line breaks become `\n`: browsers post them as `\r\n`.
    pub fn parse(text: &str) -> Result<Self, InvalidDescription> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(InvalidDescription::ControlCharacter);
        }
        if text.chars().count() > DESCRIPTION_CHARACTERS {
            return Err(InvalidDescription::TooLong);
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_of_up_to_100_characters() {
        assert_eq!(Name::parse("  CRM sync ").map(|name| name.0), Ok("CRM sync".into()));
        assert_eq!(Name::parse(&"é".repeat(100)).map(|name| name.0.chars().count()), Ok(100));
        for (text, problem) in [
            ("", InvalidName::Missing),
            ("  ", InvalidName::Missing),
            (&*"é".repeat(101), InvalidName::TooLong),
            ("a\tb", InvalidName::ControlCharacter),
            ("a\n", InvalidName::ControlCharacter),
            ("a\0b", InvalidName::ControlCharacter),
        ] {
            assert_eq!(Name::parse(text), Err(problem), "{text:?}");
        }
    }

    #[test]
    fn a_description_has_lines_and_tabs_but_no_other_control_characters() {
        assert_eq!(Description::parse("a\r\n\tb\rc").map(|text| text.0), Ok("a\n\tb\nc".into()));
        assert!(Description::parse("").is_ok());
        assert!(Description::parse(&"\r\n".repeat(1_000)).is_ok());
        assert_eq!(Description::parse(&"x".repeat(1_001)), Err(InvalidDescription::TooLong));
        assert_eq!(Description::parse("\u{1b}[0m"), Err(InvalidDescription::ControlCharacter));
    }
}
