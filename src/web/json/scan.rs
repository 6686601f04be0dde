//! Whether a text is JSON, in one pass.

use std::borrow::Cow;

use super::value::unescape;

/// Arrays and objects in each other at most.
const LEVELS: u8 = 64;

/// Why a body is not taken for JSON. Places are bytes, from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    #[error("The body is empty.")]
    Empty,
    #[error("The body is not valid UTF-8 at byte {0}.")]
    Encoding(usize),
    #[error("The body begins with a byte order mark. Leave it out.")]
    ByteOrderMark,
    #[error("The body is not JSON at byte {0}.")]
    Syntax(usize),
    #[error("The body ends before its JSON does.")]
    CutOff,
    #[error("Something follows the JSON at byte {0}.")]
    Trailing(usize),
    #[error("The string at byte {0} has half of a surrogate pair.")]
    LoneSurrogate(usize),
    #[error("The object that ends at byte {at} has the key {key:?} twice.")]
    DuplicateKey { key: String, at: usize },
    #[error("Arrays and objects are more than 64 levels deep at byte {0}.")]
    TooDeep(usize),
}

/// Checks `bytes`. `apart` names a member whose values count their levels anew (once on the way down), because the
/// contract lets them be as deep as a whole body.
pub(super) fn scan<'a>(bytes: &'a [u8], apart: Option<&'static str>) -> Result<&'a str, NotJson> {
    let text = std::str::from_utf8(bytes).map_err(|error| NotJson::Encoding(error.valid_up_to()))?;
    if text.starts_with('\u{feff}') {
        return Err(NotJson::ByteOrderMark);
    }
    let mut scanner = Scanner { text, bytes, at: 0, keys: Vec::new(), apart };
    scanner.skip_space();
    if scanner.at == bytes.len() {
        return Err(NotJson::Empty);
    }
    scanner.value(0)?;
    scanner.skip_space();
    if scanner.at < bytes.len() { Err(NotJson::Trailing(scanner.at)) } else { Ok(text) }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The keys of all objects that are open.
    keys: Vec<Cow<'a, str>>,
    /// Taken once used on the way down, so that recursion stays within twice the limit.
    apart: Option<&'static str>,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn wrong(&self) -> NotJson {
        if self.at >= self.bytes.len() { NotJson::CutOff } else { NotJson::Syntax(self.at) }
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.peek() != Some(byte) {
            return Err(self.wrong());
        }
        self.at += 1;
        Ok(())
    }

    /// A value that stands in `level` arrays and objects.
    fn value(&mut self, level: u8) -> Result<(), NotJson> {
        match self.peek() {
            Some(b'{') => self.object(self.down(level)?),
            Some(b'[') => self.array(self.down(level)?),
            Some(b'"') => self.string(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number(),
        }
    }

    fn down(&self, level: u8) -> Result<u8, NotJson> {
        if level >= LEVELS { Err(NotJson::TooDeep(self.at)) } else { Ok(level + 1) }
    }

    fn word(&mut self, word: &str) -> Result<(), NotJson> {
        word.bytes().try_for_each(|byte| self.expect(byte))
    }

    fn array(&mut self, level: u8) -> Result<(), NotJson> {
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(level)?;
            self.skip_space();
            if self.peek() != Some(b',') {
                return self.expect(b']');
            }
            self.at += 1;
            self.skip_space();
        }
    }

    fn object(&mut self, level: u8) -> Result<(), NotJson> {
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let first_key = self.keys.len();
        loop {
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.wrong());
            }
            self.string()?;
            let key = unescape(&self.text[start..self.at]);
            let apart = self.apart.take_if(|apart| **apart == *key);
            self.keys.push(key);
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            self.member(level, apart)?;
            self.skip_space();
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
            self.skip_space();
        }
        self.expect(b'}')?;
        self.refuse_duplicates(first_key)
    }

    fn member(&mut self, level: u8, apart: Option<&'static str>) -> Result<(), NotJson> {
        let Some(apart) = apart else { return self.value(level) };
        let result = match self.peek() {
            // The object itself is the level 0 of its values.
            Some(b'{') => self.object(0),
            _ => self.value(level),
        };
        self.apart = Some(apart);
        result
    }

    /// Checks the keys from `first` on, those of the object that just ended, and forgets them.
    fn refuse_duplicates(&mut self, first: usize) -> Result<(), NotJson> {
        /// Up to here comparing all with all is faster than sorting.
        const FEW: usize = 8;
        let keys = &mut self.keys[first..];
        let twice = if keys.len() <= FEW {
            (1..keys.len()).find(|&later| keys[..later].contains(&keys[later])).map(|later| &keys[later])
        } else {
            keys.sort_unstable();
            keys.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| &pair[0])
        };
        if let Some(key) = twice {
            return Err(NotJson::DuplicateKey { key: key.chars().take(100).collect(), at: self.at - 1 });
        }
        self.keys.truncate(first);
        Ok(())
    }

    fn string(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape(start)?,
                Some(0..=0x1f) | None => return Err(self.wrong()),
                Some(_) => self.at += 1,
            }
        }
    }

    /// An escape in the string that begins at `start`.
    fn escape(&mut self, start: usize) -> Result<(), NotJson> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => match self.code_unit()? {
                0xd800..=0xdbff if self.bytes[self.at..].starts_with(br"\u") => {
                    self.at += 1;
                    match self.code_unit()? {
                        0xdc00..=0xdfff => Ok(()),
                        _ => Err(NotJson::LoneSurrogate(start)),
                    }
                }
                0xd800..=0xdfff => Err(NotJson::LoneSurrogate(start)),
                _ => Ok(()),
            },
            _ => Err(self.wrong()),
        }
    }

    /// `u` and four hexadecimal digits.
    fn code_unit(&mut self) -> Result<u32, NotJson> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16)).ok_or_else(|| self.wrong())?;
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<(), NotJson> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), NotJson> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong());
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: impl AsRef<[u8]>) -> NotJson {
        scan(text.as_ref(), None).unwrap_err()
    }

    fn nested(levels: usize) -> String {
        "[".repeat(levels) + &"]".repeat(levels)
    }

    #[test]
    fn what_is_no_json_is_refused_and_says_where() {
        assert_eq!(refused(""), NotJson::Empty);
        assert_eq!(refused(" \n"), NotJson::Empty);
        assert_eq!(refused(b"{\"a\":\"\xff\"}"), NotJson::Encoding(6));
        // A surrogate in UTF-8's clothes, and an overlong slash.
        assert_eq!(refused(b"\"\xed\xa0\x80\""), NotJson::Encoding(1));
        assert_eq!(refused(b"\"\xc0\xaf\""), NotJson::Encoding(1));
        assert_eq!(refused("\u{feff}{}"), NotJson::ByteOrderMark);
        assert_eq!(refused("{} x"), NotJson::Trailing(3));
        assert_eq!(refused("{}{}"), NotJson::Trailing(2));
        assert_eq!(refused("{}\0"), NotJson::Trailing(2));
        assert_eq!(refused("{\"a\":1"), NotJson::CutOff);
        assert_eq!(refused("[1,]"), NotJson::Syntax(3));
        for wrong in [
            "{",
            "[",
            "\"",
            "{a:1}",
            "{'a':1}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "[1 2]",
            "[,1]",
            "01",
            "-",
            "+1",
            "1.",
            ".5",
            "1e",
            "1e+",
            "0x1",
            "NaN",
            "Infinity",
            "tru",
            "True",
            "nul",
            "/* */1",
            "\"\t\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\\",
            "]",
            "}",
            "\u{a0}1",
            "\u{b}1",
        ] {
            assert!(scan(wrong.as_bytes(), None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn half_of_a_surrogate_pair_is_refused_wherever_it_stands() {
        for lone in
            [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""\ud800x""#, r#""\ud800\n""#, r#""\udc00\ud800""#]
        {
            assert_eq!(refused(lone), NotJson::LoneSurrogate(0), "{lone}");
            assert_eq!(refused(format!("{{{lone}:1}}")), NotJson::LoneSurrogate(1), "{lone}");
        }
        assert!(scan(br#""\ud83d\ude00 \uD83D\uDE00""#, None).is_ok());
    }

    #[test]
    fn a_key_twice_is_refused_at_any_depth_however_it_is_written() {
        for (text, key) in [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
            (r#"[{"b":{"x":1,"y":2,"x":3}}]"#, "x"),
            (r#"{"/":1,"\/":2}"#, "/"),
            (r#"{"":1,"":2}"#, ""),
            (r#"{"😀":1,"\ud83d\ude00":2}"#, "😀"),
            (r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"c":10}"#, "c"),
        ] {
            assert!(matches!(refused(text), NotJson::DuplicateKey { key: found, .. } if found == key), "{text}");
        }
        assert!(scan(br#"{"a":{"a":[{"a":1},{"a":1}]},"A":1,"b":{"c":1},"c":1}"#, None).is_ok());
    }

    #[test]
    fn sixty_four_levels_are_the_most() {
        assert!(scan(nested(64).as_bytes(), None).is_ok());
        assert_eq!(refused(nested(65)), NotJson::TooDeep(64));
        assert_eq!(refused(nested(200_000)), NotJson::TooDeep(64));
        assert_eq!(refused("{\"a\":".repeat(65)), NotJson::TooDeep(320));
    }

    #[test]
    fn additional_data_may_be_as_deep_as_a_body() {
        let with = |levels| format!(r#"{{"data":{{"A":{0},"B":{0}}}}}"#, nested(levels));
        assert!(scan(with(64).as_bytes(), Some("data")).is_ok());
        assert!(matches!(scan(with(65).as_bytes(), Some("data")), Err(NotJson::TooDeep(_))));
        assert!(matches!(scan(with(63).as_bytes(), None), Err(NotJson::TooDeep(_))));
        let batch = format!(r#"{{"events":[{0},{0}]}}"#, with(64));
        assert!(scan(batch.as_bytes(), Some("data")).is_ok());
        // Naming it again and again does not lead deeper.
        let again = "{\"data\":".repeat(200);
        assert!(matches!(scan(again.as_bytes(), Some("data")), Err(NotJson::TooDeep(_))));
    }

    #[test]
    fn any_number_is_kept_however_large() {
        for number in ["0", "-0", "1E400", "-1.5e-9999", "123456789012345678901234567890", "0.1000"] {
            assert!(scan(number.as_bytes(), None).is_ok(), "{number}");
        }
    }
}
