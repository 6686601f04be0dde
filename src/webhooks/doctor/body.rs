//! Two bodies beside each other: the one that was sent and the one that was pasted.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::de::IgnoredAny;
use serde_json::Value;

/// What became of a body on its way into whoever checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Empty,
    /// A byte order mark stands before it.
    ByteOrderMark,
    /// White space, as a rule a line break, before or after it.
    Ends,
    /// White space between its parts.
    WhiteSpace,
    KeyOrder,
    /// `\u00e9` for `é`, `\/` for `/` or the other way round.
    Escapes,
    /// `1.0` for `1`.
    Numbers,
    /// UTF-8 was read as Latin-1 or Windows-1252: `Ã©` for `é`.
    DoubleEncoded,
    /// What is not ASCII was lost or became something else.
    CharacterSet,
    /// The JSON was written as a JSON string.
    Quoted,
    Base64,
    Truncated,
    /// Another text.
    Other,
}

/// The first place where two texts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Counted in bytes from 1.
    pub at: usize,
    /// What stands before it in both.
    pub before: String,
    /// What follows in the one that was sent; "" at its end.
    pub sent: String,
    /// What follows in the one that was pasted; "" at its end.
    pub pasted: String,
}

/// Characters around a difference that are shown.
const CONTEXT: usize = 32;

const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// How `pasted` came from `sent`; empty if they are equal.
pub fn changes(sent: &str, pasted: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    let text = pasted.strip_prefix('\u{feff}').unwrap_or(pasted);
    if text.len() != pasted.len() {
        changes.push(Change::ByteOrderMark);
    }
    let inner = text.trim_matches(SPACE);
    if inner.is_empty() && !sent.is_empty() {
        return vec![Change::Empty];
    }
    if inner.len() != text.len() {
        changes.push(Change::Ends);
    }
    changes.extend(inside(sent, inner));
    changes
}

fn inside(sent: &str, pasted: &str) -> Vec<Change> {
    if let Some(changes) = rewritten(sent, pasted) {
        return changes;
    }
    for (change, original) in unwrapped(pasted) {
        if let Some(changes) = rewritten(sent, &original) {
            return [vec![change], changes].concat();
        }
    }
    let is_lossy = !sent.is_ascii() && without_foreign(sent) == without_foreign(pasted);
    vec![match () {
        () if sent.starts_with(pasted) => Change::Truncated,
        () if is_lossy => Change::CharacterSet,
        () => Change::Other,
    }]
}

/// What is inside a body that was wrapped or encoded once more.
fn unwrapped(text: &str) -> Vec<(Change, String)> {
    let quoted = serde_json::from_str::<String>(text).ok();
    let base64 = BASE64.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let encoded_once = bytes_of_windows_1252(text).and_then(|bytes| String::from_utf8(bytes).ok());
    let found = [
        (Change::Quoted, quoted),
        (Change::Base64, base64),
        (Change::DoubleEncoded, encoded_once.filter(|original| original != text)),
    ];
    found.into_iter().filter_map(|(change, original)| Some((change, original?))).collect()
}

/// The same JSON, written in another way: in which. `None` if it is other JSON, or none.
fn rewritten(sent: &str, pasted: &str) -> Option<Vec<Change>> {
    if sent == pasted {
        return Some(Vec::new());
    }
    let (theirs, ours) = (tokens(pasted)?, tokens(sent)?);
    if !is_same(&serde_json::from_str(sent).ok()?, &serde_json::from_str(pasted).ok()?) {
        return None;
    }
    let strings =
        |tokens: &[&str]| tokens.iter().filter(|token| token.starts_with('"')).map(|text| (*text).to_owned()).collect();
    let (our_strings, their_strings): (Vec<String>, Vec<String>) = (strings(&ours), strings(&theirs));
    let (our_texts, their_texts) =
        (our_strings.iter().map(|token| plain(token)), their_strings.iter().map(|token| plain(token)));
    let is_moved = !our_texts.eq(their_texts);
    let is_escaped = sorted(our_strings) != sorted(their_strings);
    let numbers = |tokens: &[&str]| {
        sorted(tokens.iter().filter(|token| is_number(token)).map(|text| (*text).to_owned()).collect())
    };
    let found = [
        (Change::KeyOrder, is_moved),
        (Change::WhiteSpace, theirs.concat().len() != pasted.len()),
        (Change::Escapes, is_escaped),
        (Change::Numbers, numbers(&ours) != numbers(&theirs)),
    ];
    Some(found.into_iter().filter(|(_, is_so)| *is_so).map(|(change, _)| change).collect())
}

/// Whether two values say the same: keys in any order, numbers by what they are worth.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| is_same(value, other)))
        }
        _ => one == other,
    }
}

/// The parts of a JSON text as they are written, without the white space between them; `None` if it is no JSON.
fn tokens(text: &str) -> Option<Vec<&str>> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(SPACE);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest.find(|c: char| SPACE.contains(&c) || ['}', ']', ','].contains(&c)).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start_matches(SPACE);
    }
    Some(tokens)
}

/// Bytes of the string that `rest` begins with, quotes included.
fn string_length(rest: &str) -> usize {
    let mut is_escaped = false;
    let ends = |c: char| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    };
    rest[1..].find(ends).map_or(rest.len(), |end| end + 2)
}

fn is_number(token: &str) -> bool {
    token.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// A string's text, without quotes and escapes.
fn plain(token: &str) -> String {
    serde_json::from_str(token).unwrap_or_default()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts
}

/// The text with one question mark for each run of characters that another character set may have made something else of.
fn without_foreign(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() && c != '?' => out.push(c),
            _ if !out.ends_with('?') => out.push('?'),
            _ => {}
        }
    }
    out
}

/// What Windows-1252 has where Latin-1 has control characters, from 0x80 on.
const WINDOWS_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// The bytes that somebody took for Windows-1252, or for Latin-1, when this text came out.
fn bytes_of_windows_1252(text: &str) -> Option<Vec<u8>> {
    let byte = |c: char| match u8::try_from(c) {
        Ok(byte) => Some(byte),
        Err(_) => u8::try_from(0x80 + WINDOWS_1252.chars().position(|other| other == c)?).ok(),
    };
    text.chars().map(byte).collect()
}

/// What may have been sent where nobody knows it: the text as it was before each change that can be taken back.
pub fn guesses(pasted: &str) -> Vec<String> {
    let inner = pasted.strip_prefix('\u{feff}').unwrap_or(pasted).trim_matches(SPACE);
    let originals = unwrapped(inner).into_iter().map(|(_, original)| original);
    let mut guesses = Vec::new();
    for text in std::iter::once(inner.to_owned()).chain(originals) {
        let Some(tokens) = tokens(&text) else { continue };
        let without_escapes = serde_json::from_str::<Value>(&text).map(|value| value.to_string());
        guesses.push(tokens.concat());
        guesses.extend(without_escapes);
        guesses.extend(in_our_order(&text));
        guesses.push(text);
    }
    guesses.push(inner.to_owned());
    guesses.dedup();
    guesses.retain(|guess| guess != pasted);
    guesses
}

/// A callback's keys in the order in which they are sent.
const KEYS: [&str; 6] = ["EVENT_ID", "EVENT_TYPE", "ENTITY_ID", "ENTITY_TYPE", "PERFORMED_BY", "PERFORMED_AT"];

fn in_our_order(text: &str) -> Option<String> {
    let Ok(Value::Object(mut map)) = serde_json::from_str(text) else { return None };
    let first = KEYS.iter().filter_map(|key| map.shift_remove_entry(*key)).collect::<Vec<_>>();
    let all: serde_json::Map<String, Value> = first.into_iter().chain(map).collect();
    Some(Value::Object(all).to_string())
}

/// Where two texts differ first; `None` if they are equal.
pub fn difference(sent: &str, pasted: &str) -> Option<Difference> {
    if sent == pasted {
        return None;
    }
    let same = |(one, other): &(char, char)| one == other;
    let at = sent.chars().zip(pasted.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let before: Vec<char> = sent[..at].chars().rev().take(CONTEXT).collect();
    let after = |text: &str| visible(text[at..].chars().take(CONTEXT));
    Some(Difference { at: at + 1, before: visible(before.into_iter().rev()), sent: after(sent), pasted: after(pasted) })
}

/// Text in which line breaks and what has no shape can be seen.
fn visible(text: impl Iterator<Item = char>) -> String {
    let show = |c: char| match c {
        '\u{feff}' => "\\u{feff}".to_owned(),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::Change::*;
    use super::*;

    const SENT: &str =
        r#"{"EVENT_ID":"EVT-1","ENTITY_ID":["a/b"],"PERFORMED_BY":"zoë@example.com","N":10,"S":"a \"b\\"}"#;

    #[test]
    fn what_was_done_to_a_body_is_named() {
        let moved = r#"{"N":10,"S":"a \"b\\","EVENT_ID":"EVT-1","ENTITY_ID":["a/b"],"PERFORMED_BY":"zoë@example.com"}"#;
        let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(SENT).unwrap()).unwrap();
        let table = [
            (SENT.to_owned(), vec![]),
            (moved.to_owned(), vec![KeyOrder]),
            (pretty.clone(), vec![WhiteSpace]),
            (pretty.replace("zoë", "zo\\u00eb") + "\n", vec![Ends, WhiteSpace, Escapes]),
            (SENT.replace("a/b", "a\\/b"), vec![Escapes]),
            (SENT.replace("10", "10.0"), vec![Numbers]),
            (format!("{SENT}\n"), vec![Ends]),
            (format!("\u{feff}{SENT}"), vec![ByteOrderMark]),
            (SENT.replace("ë", "Ã«"), vec![DoubleEncoded]),
            (SENT.replace("ë", "\u{fffd}"), vec![CharacterSet]),
            (SENT.replace("ë", "??"), vec![CharacterSet]),
            (serde_json::to_string(SENT).unwrap(), vec![Quoted]),
            (BASE64.encode(SENT), vec![Base64]),
            (SENT[..40].to_owned(), vec![Truncated]),
            (" \n".to_owned(), vec![Empty]),
            (SENT.replace("EVT-1", "EVT-2"), vec![Other]),
            ("no JSON".to_owned(), vec![Other]),
        ];
        for (pasted, expected) in table {
            assert_eq!(changes(SENT, &pasted), expected, "{pasted}");
        }
    }

    #[test]
    fn a_windows_1252_reading_is_told_from_a_lost_character() {
        assert_eq!(changes(r#"{"a":"’"}"#, r#"{"a":"â€™"}"#), [DoubleEncoded]);
        assert_eq!(changes(r#"{"a":"’"}"#, r#"{"a":"'"}"#), [Other]);
    }

    #[test]
    fn a_body_that_nobody_kept_is_guessed_from_what_became_of_it() {
        let sent = r#"{"EVENT_ID":"EVT-1","EVENT_TYPE":"TEST","PERFORMED_BY":"zoë","PERFORMED_AT":"2026"}"#;
        let moved =
            r#"{"EVENT_TYPE": "TEST", "PERFORMED_AT": "2026", "PERFORMED_BY": "zo\u00eb", "EVENT_ID": "EVT-1"}"#;
        for pasted in [
            moved.to_owned(),
            format!("\u{feff}{sent}\n"),
            serde_json::to_string(sent).unwrap(),
            BASE64.encode(sent),
            sent.replace("ë", "Ã«"),
            sent.replace(':', ": "),
        ] {
            assert!(guesses(&pasted).contains(&sent.to_owned()), "{pasted}");
        }
    }

    #[test]
    fn the_first_difference_is_shown_so_that_it_can_be_seen() {
        let found = difference("{\"a\":1}", "{\"a\":1}\n").unwrap();
        assert_eq!((found.at, &*found.before, &*found.sent, &*found.pasted), (8, "{\"a\":1}", "", "\\n"));
        let found = difference("ëx", "ëy").unwrap();
        assert_eq!((found.at, &*found.before, &*found.sent, &*found.pasted), (3, "ë", "x", "y"));
        assert_eq!(difference("a", "\u{feff}a").unwrap().pasted, "\\u{feff}a");
        assert_eq!(difference("a", "a"), None);
    }
}
