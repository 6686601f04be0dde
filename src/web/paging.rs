//! Lists that are paged by key: newest first, a limit, and a cursor for what is older.

use serde::Serialize;

use crate::base::Cursor;

use super::form::FieldErrors;

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// Rows on the page, 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// The last row of the page before; `None` for the newest rows.
    pub after: Option<Cursor>,
}

pub const DEFAULT_LIMIT: u32 = 50;
pub const MAX_LIMIT: u32 = 250;

impl Paging {
    /// Reads `?limit=` and `?cursor=`, and says of each what is wrong with it.
    pub fn parse(limit: Option<&str>, cursor: Option<&str>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let limit = errors.take("limit", limit.map_or(Ok(DEFAULT_LIMIT), parse_limit));
        let after = errors.take("cursor", cursor.map(Cursor::decode).transpose());
        errors.into_result(limit.zip(after).map(|(limit, after)| Self { limit, after }))
    }

    /// How many rows a store has to be asked for, to know whether there are more.
    pub fn rows_to_read(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Cuts what the store answered to the page, with the cursor of the next one.
    pub fn cut<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> Cursor) -> Slice<T> {
        let limit = self.limit as usize;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|row| key(row).encode());
        Slice { rows, next }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<T> {
    pub rows: Vec<T>,
    /// The cursor of what is older; `None` at the end.
    pub next: Option<String>,
}

impl<T> Slice<T> {
    /// The page as the API answers it, each row in its own shape.
    pub fn listed<U>(self, shape: impl FnMut(T) -> U) -> List<U> {
        List { data: self.rows.into_iter().map(shape).collect(), next_cursor: self.next }
    }
}

/// What every list of the API answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct List<T> {
    pub data: Vec<T>,
    /// What to send as `cursor` for the rows that are older; null at the end.
    pub next_cursor: Option<String>,
}

fn parse_limit(text: &str) -> Result<u32, String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| is_number && (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| format!("Choose a limit from 1 to {MAX_LIMIT}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    fn key(row: &i64) -> Cursor {
        Cursor { at: Timestamp::from_seconds(*row), id: row.to_string() }
    }

    #[test]
    fn limits_and_cursors_are_checked() {
        assert_eq!(Paging::parse(None, None), Ok(Paging { limit: DEFAULT_LIMIT, after: None }));
        assert_eq!(
            Paging::parse(Some("250"), Some(&key(&7).encode())),
            Ok(Paging { limit: 250, after: Some(key(&7)) })
        );
        for bad in ["", "0", "251", "-1", "+5", "1.0", "99999999999"] {
            assert_eq!(Paging::parse(Some(bad), None).unwrap_err().first(), Some("limit"), "{bad}");
        }
        assert_eq!(Paging::parse(None, Some("x")).unwrap_err().first(), Some("cursor"));
    }

    #[test]
    fn a_page_knows_whether_there_is_more() {
        let paging = Paging { limit: 2, after: None };
        assert_eq!(paging.cut(vec![9, 8], key), Slice { rows: vec![9, 8], next: None });
        assert_eq!(paging.cut(vec![9, 8, 7], key), Slice { rows: vec![9, 8], next: Some(key(&8).encode()) });
    }
}
