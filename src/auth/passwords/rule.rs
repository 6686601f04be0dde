//! Which passwords are taken: any of 12 to 128 characters but those that are guessed first. No kind of character is
//! demanded.

use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

use super::hasher::canonical;
use crate::auth::model::{Organization, User};
use crate::base::Secret;

/// Lengths of a password in characters.
pub const MIN_LENGTH: usize = 12;
pub const MAX_LENGTH: usize = 128;

/// Parts of names that are shorter stand in too many words to mean anything.
const SHORTEST_PART: usize = 4;

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    #[error("Enter a password of at least 12 characters.")]
    TooShort,
    #[error("Enter a password of up to 128 characters.")]
    TooLong,
    #[error(
        "Enter another password: this is one of the common ones, which are guessed first. A few words in a row are good."
    )]
    Common,
    #[error(
        "Enter a password that is more than a name: this is little else than your name, your email address, your organization or Herald."
    )]
    Name,
}

/// Words that whoever guesses knows: Herald itself, the organization, the person. In lower case, letters and digits only.
#[derive(Clone, Debug)]
pub struct Names(Vec<Vec<char>>);

impl Default for Names {
    fn default() -> Self {
        Self(Vec::new()).and("herald")
    }
}

impl Names {
    /// Also the name of an organization or of a person, or an e-mail address: as a whole, and each part.
    pub fn and(mut self, name: &str) -> Self {
        let whole = fold(name);
        if !whole.is_empty() {
            self.0.push(whole);
        }
        let parts = name.split(|c: char| !c.is_alphanumeric()).map(fold);
        self.0.extend(parts.filter(|part| part.len() >= SHORTEST_PART));
        // The longest first, so that its parts do not take it away.
        self.0.sort_by_key(|name| std::cmp::Reverse(name.len()));
        self
    }

    /// What is known of a user.
    pub fn of(user: &User, organization: Option<&Organization>) -> Self {
        let names = Self::default().and(&user.email).and(&user.name);
        match organization {
            Some(organization) => names.and(&organization.name),
            None => names,
        }
    }

    /// Whether names are more than half of the password, or all but digits.
    fn are_most_of(&self, password: &str) -> bool {
        let mut rest = fold(password);
        let all = rest.len();
        for name in &self.0 {
            while let Some(at) = rest.windows(name.len()).position(|window| window == name.as_slice()) {
                // What stood on both sides of a name does not make another one.
                drop(rest.splice(at..at + name.len(), [' ']));
            }
        }
        rest.retain(|c| *c != ' ');
        rest.len() < all && (2 * rest.len() < all || rest.iter().all(char::is_ascii_digit))
    }
}

/// Letters and digits in lower case.
fn fold(text: &str) -> Vec<char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Checks a new password of somebody with these names.
pub fn check(password: &Secret, names: &Names) -> Result<(), InvalidPassword> {
    let password = canonical(password);
    let password = password.expose();
    match password.chars().count() {
        0..MIN_LENGTH => return Err(InvalidPassword::TooShort),
        MIN_LENGTH..=MAX_LENGTH => {}
        _ => return Err(InvalidPassword::TooLong),
    }
    if is_common(password) {
        Err(InvalidPassword::Common)
    } else if names.are_most_of(password) {
        Err(InvalidPassword::Name)
    } else {
        Ok(())
    }
}

/// In the list, in whatever case, or a few characters over and over.
fn is_common(password: &str) -> bool {
    static SORTED: LazyLock<String> = LazyLock::new(unpack);
    let lower = password.to_lowercase();
    // A year's or a shout's worth of signs at the end changes nothing for those who guess.
    let bare = lower.trim_end_matches(|c: char| c.is_ascii_punctuation());
    is_line_of(&SORTED, &lower) || is_line_of(&SORTED, bare) || repeats(&lower)
}

/// 12,059 passwords of at least 12 characters that leaked most often, a line each (static/vendor/README.md says from where).
fn unpack() -> String {
    let mut text = String::new();
    GzDecoder::new(include_bytes!("common.txt.gz").as_slice())
        .read_to_string(&mut text)
        .expect("the list is part of the program, and a test reads it");
    text
}

/// Whether a text of sorted lines has this one: a binary search that needs no list of the lines.
fn is_line_of(sorted: &str, wanted: &str) -> bool {
    let mut rest = sorted.as_bytes();
    let wanted = wanted.as_bytes();
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        let begin = rest[..middle].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = rest[begin..].iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| begin + at);
        match rest[begin..end].cmp(wanted) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => rest = rest.get(end + 1..).unwrap_or_default(),
            std::cmp::Ordering::Greater => rest = &rest[..begin],
        }
    }
    false
}

/// `aaaaaaaaaaaa`, `abcabcabcabc`.
fn repeats(password: &str) -> bool {
    let characters: Vec<char> = password.chars().collect();
    (1..=4).any(|unit| characters.iter().zip(&characters[unit.min(characters.len())..]).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use InvalidPassword::{Common, Name, TooLong, TooShort};

    fn checked(password: &str) -> Result<(), InvalidPassword> {
        let names = Names::default().and("Halden Systems").and("Ada Byron").and("ada.byron@halden.example");
        check(&Secret::new(password), &names)
    }

    #[test]
    fn length_is_counted_in_characters_and_none_is_demanded() {
        let letters = |count: usize| "éàôŵ日本語ñ".chars().cycle().take(count).collect::<String>();
        assert_eq!(checked(&letters(11)), Err(TooShort));
        assert_eq!(checked(&letters(12)), Ok(()));
        assert_eq!(checked(&letters(128)), Ok(()));
        assert_eq!(checked(&letters(129)), Err(TooLong));
        assert_eq!(checked("e\u{301}".repeat(11).as_str()), Err(TooShort), "a letter and its accent are one character");
        assert_eq!(checked("            "), Err(Common));
        for good in
            ["a good long password", "correct horse battery staple", "-- -- 73 49 -- --", "🦉🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔"]
        {
            assert_eq!(checked(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn common_ones_are_refused_in_whatever_case() {
        for common in [
            "password1234",
            "Password1234",
            "PASSWORD1234!!",
            "qwertyqwerty",
            "qwerty123456",
            "1qaz2wsx3edc",
            "aaaaaaaaaaaa",
            "abcabcabcabcab",
            "121212121212",
        ] {
            assert_eq!(checked(common), Err(Common), "{common}");
        }
    }

    #[test]
    fn the_list_is_whole_sorted_and_found_from_end_to_end() {
        let text = unpack();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.len() >= 10_000, "{}", lines.len());
        assert!(lines.is_sorted());
        for line in &lines {
            assert!((MIN_LENGTH..=MAX_LENGTH).contains(&line.chars().count()), "{line}");
            assert!(is_line_of(&text, line), "{line}");
        }
        for other in ["", "\n", "a", "zzzzzzzzzzzzzz", &lines[0][1..], "password12345678901234567890"] {
            assert!(!is_line_of(&text, other), "{other:?}");
        }
    }

    #[test]
    fn names_alone_are_no_password() {
        for name in [
            "heraldherald",
            "Herald-Herald!",
            "Herald123456",
            "Halden Systems",
            "halden.systems.2026",
            "HaldenSystemsX",
            "Systems-Halden",
            "ada.byron@halden.example",
            "AdaByron-1815-1852",
            "Byron@Halden-x",
        ] {
            assert_eq!(checked(name), Err(Name), "{name}");
        }
        for good in ["herald of a new dawn", "halden-bridge-at-noon", "what Ada did in June", "herald-secret"] {
            assert_eq!(checked(good), Ok(()), "{good}");
        }
        assert_eq!(check(&Secret::new("ada.byron@halden.example"), &Names::default()), Ok(()), "not their name");
    }
}
