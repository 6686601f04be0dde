//! Lists on pages: in one order, paged by key in both directions.

pub mod store;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

use crate::base::InvalidCursor;

/// Rows on a page.
pub const LIMIT: usize = 50;

/// What rows are sorted by, before their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Int(i64),
}

/// The place of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub value: Value,
    pub id: String,
}

impl Key {
    /// For an address: opaque, and read back by [`Key::decode`].
    pub fn encode(&self) -> String {
        let Self { value, id } = self;
        BASE64.encode(match value {
            Value::Text(text) => format!("t{id}~{text}"),
            Value::Int(number) => format!("i{id}~{number}"),
        })
    }

    pub fn decode(text: &str) -> Result<Self, InvalidCursor> {
        let plain = BASE64.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(InvalidCursor)?;
        let (kind, rest) = plain.split_at_checked(1).ok_or(InvalidCursor)?;
        let (id, value) = rest.split_once('~').ok_or(InvalidCursor)?;
        // PostgreSQL takes no NUL.
        if plain.contains('\0') {
            return Err(InvalidCursor);
        }
        let value = match kind {
            "t" => Value::Text(value.to_owned()),
            "i" => Value::Int(value.parse().map_err(|_| InvalidCursor)?),
            _ => return Err(InvalidCursor),
        };
        Ok(Self { value, id: id.to_owned() })
    }
}

/// Which page of a list is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    #[default]
    First,
    After(Key),
    Before(Key),
}

impl Place {
    /// By the query of an address: `after` the last row of a page, or `before` the first.
    pub fn parse(after: Option<&str>, before: Option<&str>) -> Result<Self, InvalidCursor> {
        Ok(match (after, before) {
            (Some(after), _) => Self::After(Key::decode(after)?),
            (None, Some(before)) => Self::Before(Key::decode(before)?),
            (None, None) => Self::First,
        })
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    pub rows: Vec<T>,
    pub has_before: bool,
    pub has_after: bool,
}

impl<T> Listing<T> {
    pub fn try_map<U, E>(self, shape: impl FnMut(&T) -> Result<U, E>) -> Result<Listing<U>, E> {
        let Self { rows, has_before, has_after } = self;
        Ok(Listing { rows: rows.iter().map(shape).collect::<Result<_, E>>()?, has_before, has_after })
    }

    /// What to send as `before` and `after` for the pages beside this one, where there are such pages.
    pub fn neighbours(&self, key: impl Fn(&T) -> Key) -> (Option<String>, Option<String>) {
        let cursor = |row: Option<&T>| row.map(|row| key(row).encode());
        (cursor(self.rows.first().filter(|_| self.has_before)), cursor(self.rows.last().filter(|_| self.has_after)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_a_forged_one_refused() {
        for value in [Value::Text("aldgate~transit\nÄG".into()), Value::Text(String::new()), Value::Int(-7)] {
            let key = Key { value, id: "60adfdb750b58a0c2d78bdd8".into() };
            assert_eq!(Key::decode(&key.encode()), Ok(key));
        }
        for forged in ["", "é", "tab", "xa~b", "ia~b", "ta~\0"] {
            assert_eq!(Key::decode(&BASE64.encode(forged)), Err(InvalidCursor), "{forged:?}");
        }
        assert_eq!(Place::parse(None, Some("nonsense")), Err(InvalidCursor));
    }
}
