//! A place in a list that is paged by key: a time and an id, opaque to clients.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

use super::clock::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This cursor is not one that we gave out. Start again without it.")]
pub struct InvalidCursor;

/// The last row of a page: the next page begins after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub at: Timestamp,
    pub id: String,
}

impl Cursor {
    pub fn encode(&self) -> String {
        BASE64.encode(format!("{}~{}", self.at.micros(), self.id))
    }

    pub fn decode(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = BASE64.decode(text).map_err(|_| InvalidCursor)?;
        let plain = String::from_utf8(bytes).map_err(|_| InvalidCursor)?;
        let (at, id) = plain.split_once('~').ok_or(InvalidCursor)?;
        let well_formed =
            !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let at: i64 = at.parse().map_err(|_| InvalidCursor)?;
        // Within chrono's range, so that a forged cursor cannot make a time that no page can print.
        if !well_formed || !(0..=253_402_300_799_999_999).contains(&at) {
            return Err(InvalidCursor);
        }
        Ok(Self { at: Timestamp::from_micros(at), id: id.to_owned() })
    }
}

/// Which page of a list, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Place {
    #[default]
    Newest,
    OlderThan(Cursor),
    NewerThan(Cursor),
}

/// One page of a list, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing<T> {
    pub rows: Vec<T>,
    pub has_newer: bool,
    pub has_older: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_a_forged_one_refused() {
        let cursor = Cursor { at: Timestamp::from_micros(1_234_567), id: "EVT-60adfdb750b58a0c2d78bdd8".into() };
        assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
        for forged in ["", "x", "MTIz", "MX4", "LTF-YQ", "MX4n", "~~~~"] {
            assert_eq!(Cursor::decode(forged), Err(InvalidCursor), "{forged}");
        }
    }
}
