//! JSON that has passed the scan, read lazily.

use std::borrow::Cow;

use super::scan::{NotJson, scan};

/// A text that is JSON by the strict rules.
#[derive(Clone, Debug)]
pub struct Document(String);

impl Document {
    /// Checks a whole body. `apart`: see [`super::Limits`].
    pub fn parse(bytes: &[u8], apart: Option<&'static str>) -> Result<Self, NotJson> {
        scan(bytes, apart).map(|text| Self(text.to_owned()))
    }

    /// The bytes as they came.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub fn root(&self) -> Value<'_> {
        Value(self.0.trim_ascii())
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

/// A value inside a [`Document`]: its own characters, without white space around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    /// The characters as they came.
    pub fn raw(self) -> &'a str {
        self.0
    }

    /// The characters as they came, without a fraction of zeros: to JSON Schema, `57.0` is an integer, too (draft 2020-12 of
    /// its core, 4.2.2).
    pub fn integer(self) -> &'a str {
        match self.0.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0') => whole,
            _ => self.0,
        }
    }

    pub fn kind(self) -> Kind {
        match self.0.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The characters that a string stands for.
    pub fn string(self) -> Option<Cow<'a, str>> {
        (self.kind() == Kind::String).then(|| unescape(self.0))
    }

    /// The values of an array.
    pub fn items(self) -> Option<impl Iterator<Item = Value<'a>>> {
        (self.kind() == Kind::Array).then_some(Walk { text: self.0, at: 1 })
    }

    /// The members of an object, in their order.
    pub fn members(self) -> Option<impl Iterator<Item = (Cow<'a, str>, Value<'a>)>> {
        let mut walk = (self.kind() == Kind::Object).then_some(Walk { text: self.0, at: 1 })?;
        Some(std::iter::from_fn(move || {
            let key = walk.next()?;
            Some((unescape(key.0), walk.next()?))
        }))
    }

    /// Without the white space between tokens; digits, order and characters as they came.
    pub fn compact(self) -> String {
        let bytes = self.0.as_bytes();
        let mut compact = String::with_capacity(bytes.len());
        let mut copied = 0;
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'"' => at = string_end(bytes, at),
                b' ' | b'\n' | b'\r' | b'\t' => {
                    compact.push_str(&self.0[copied..at]);
                    at += 1;
                    copied = at;
                }
                _ => at += 1,
            }
        }
        compact.push_str(&self.0[copied..]);
        compact
    }
}

/// Goes from value to value inside an array or object; keys count as values.
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let bytes = self.text.as_bytes();
        while matches!(bytes[self.at], b' ' | b'\n' | b'\r' | b'\t' | b',' | b':') {
            self.at += 1;
        }
        if matches!(bytes[self.at], b']' | b'}') {
            return None;
        }
        let start = self.at;
        self.at = value_end(bytes, start);
        Some(Value(&self.text[start..self.at]))
    }
}

/// Where the value that begins at `start` ends. The text has passed the scan, so every bracket has its partner.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut open = 0_usize;
    loop {
        match bytes.get(at) {
            Some(b'"') => at = string_end(bytes, at),
            Some(b'{' | b'[') => {
                open += 1;
                at += 1;
            }
            Some(b'}' | b']') if open > 0 => {
                open -= 1;
                at += 1;
            }
            Some(b'}' | b']' | b',' | b':' | b' ' | b'\n' | b'\r' | b'\t') | None if open == 0 => return at,
            Some(_) => at += 1,
            None => return at,
        }
        if open == 0 && matches!(bytes[start], b'"' | b'{' | b'[') {
            return at;
        }
    }
}

/// The place after the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// The characters that a string stands for. `raw` has its quotes and has passed the scan.
pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    let inner = &raw[1..raw.len() - 1];
    let Some(first) = inner.find('\\') else { return Cow::Borrowed(inner) };
    let mut text = String::with_capacity(inner.len());
    text.push_str(&inner[..first]);
    let mut rest = &inner[first..];
    while let Some(escaped) = rest.strip_prefix('\\') {
        let (meant, length) = match escaped.as_bytes()[0] {
            b'b' => ('\u{8}', 1),
            b'f' => ('\u{c}', 1),
            b'n' => ('\n', 1),
            b'r' => ('\r', 1),
            b't' => ('\t', 1),
            b'u' => code_point(escaped),
            literal => (char::from(literal), 1),
        };
        text.push(meant);
        let after = &escaped[length..];
        let plain = after.find('\\').unwrap_or(after.len());
        text.push_str(&after[..plain]);
        rest = &after[plain..];
    }
    Cow::Owned(text)
}

/// The character of `uXXXX`, or of the pair `uXXXX\uXXXX`, and how many bytes it took.
fn code_point(escaped: &str) -> (char, usize) {
    let unit = |from: usize| u32::from_str_radix(&escaped[from..from + 4], 16).unwrap_or_default();
    let high = unit(1);
    if !(0xd800..0xdc00).contains(&high) {
        return (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 5);
    }
    let code = 0x10000 + ((high - 0xd800) << 10) + (unit(7) - 0xdc00);
    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 11)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(text.as_bytes(), None).unwrap()
    }

    #[test]
    fn compacting_changes_nothing_but_white_space() {
        let text = " { \"A\" : [ 1.50e0 , -0 ,\t\"a \\\" b\\u00e9\\/\" ] ,\r\n \"\\u0041 \" : { } , \"Z\":null} ";
        assert_eq!(document(text).root().compact(), r#"{"A":[1.50e0,-0,"a \" b\u00e9\/"],"\u0041 ":{},"Z":null}"#);
    }

    #[test]
    fn an_integer_may_have_a_fraction_of_zeros() {
        for (text, integer) in
            [("57", "57"), ("57.0", "57"), ("-3.00", "-3"), ("1.5", "1.5"), ("\"1.0\"", "\"1.0\""), ("1e2", "1e2")]
        {
            assert_eq!(document(text).root().integer(), integer, "{text}");
        }
    }

    #[test]
    fn values_are_found_in_their_order() {
        let document = document(r#"{"b" : [1, "x]", {"c":[]}] ,"a\n":  true, "":null}"#);
        let members: Vec<_> = document.root().members().unwrap().collect();
        let shown: Vec<_> = members.iter().map(|(key, value)| (key.as_ref(), value.raw(), value.kind())).collect();
        let expected =
            [("b", r#"[1, "x]", {"c":[]}]"#, Kind::Array), ("a\n", "true", Kind::Boolean), ("", "null", Kind::Null)];
        assert_eq!(shown, expected);
        let items: Vec<_> = members[0].1.items().unwrap().map(Value::raw).collect();
        assert_eq!(items, ["1", r#""x]""#, r#"{"c":[]}"#]);
        assert!(members[1].1.string().is_none() && members[1].1.members().is_none());
    }

    #[test]
    fn strings_stand_for_their_characters() {
        for (raw, meant) in [
            (r#""""#, ""),
            (r#""plain é""#, "plain é"),
            (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r#""\u0041\u00e9\u0000""#, "Aé\0"),
            (r#""x\ud83d\ude00y""#, "x😀y"),
        ] {
            assert_eq!(document(raw).root().string().unwrap(), meant, "{raw}");
        }
    }

    /// Any JSON value, a few levels deep.
    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(|number| serde_json::Number::from_f64(number).into()),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 40, 12, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..12).prop_map(Into::into),
                prop::collection::hash_map(any::<String>(), inner, 0..12)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The same as `serde_json` reads it.
    fn rebuilt(value: Value<'_>) -> serde_json::Value {
        match value.kind() {
            Kind::Array => value.items().unwrap().map(rebuilt).collect(),
            Kind::Object => value.members().unwrap().map(|(key, value)| (key.into_owned(), rebuilt(value))).collect(),
            Kind::String => value.string().unwrap().into(),
            Kind::Null | Kind::Boolean | Kind::Number => serde_json::from_str(value.raw()).unwrap(),
        }
    }

    proptest! {
        #[test]
        fn what_serde_writes_is_read_the_same(value in json()) {
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            let plain = serde_json::to_string(&value).unwrap();
            let document = Document::parse(pretty.as_bytes(), None).unwrap();
            // Read again: serde does not read every float back to its last bit.
            prop_assert_eq!(rebuilt(document.root()), serde_json::from_str::<serde_json::Value>(&plain).unwrap());
            prop_assert_eq!(document.root().compact(), plain);
        }

        /// Cuts, swaps and repeats in good JSON: what we take, serde takes and means the same by it.
        #[test]
        fn what_is_taken_is_json_to_others(value in json(), at in any::<prop::sample::Index>(), with in "[\\[\\]{},:\"\\\\ue0-9. ]{0,3}", cut in 0_usize..4) {
            let mut text: Vec<char> = serde_json::to_string(&value).unwrap().chars().collect();
            let from = at.index(text.len() + 1);
            let to = (from + cut).min(text.len());
            text.splice(from..to, with.chars());
            let text: String = text.into_iter().collect();
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match Document::parse(text.as_bytes(), None) {
                Ok(document) => match theirs {
                    Ok(theirs) => prop_assert_eq!(rebuilt(document.root()), theirs),
                    // serde refuses numbers that no float can hold; we keep their digits.
                    Err(error) => prop_assert!(error.to_string().contains("number out of range"), "{}: {}", text, error),
                },
                // We are stricter only in keys that are there twice.
                Err(NotJson::DuplicateKey { .. }) => {}
                Err(ours) => prop_assert!(theirs.is_err(), "{}: {}", text, ours),
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Document::parse(&bytes, Some("data"));
        }
    }
}
