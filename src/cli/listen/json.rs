//! JSON for the terminal: indented, and coloured where that is wanted. The text is walked as it stands, so digits, order and
//! repeated keys are shown as they were sent.

use serde::de::IgnoredAny;

use super::screen::{Paint, plain};

const KEY: &str = "36";
const STRING: &str = "32";
const NUMBER: &str = "33";
const WORD: &str = "35";

/// `None` where the text is no JSON.
pub fn pretty(text: &str, paint: Paint) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest);
        let (token, after) = rest.split_at(length);
        let after = after.trim_start();
        match first {
            '{' | '[' => {
                out.push(first);
                // An empty one stays on its line.
                if !after.starts_with(['}', ']']) {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                if !out.ends_with(['{', '[']) {
                    depth -= 1;
                    new_line(&mut out, depth);
                }
                out.push(first);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                let colour = if after.starts_with(':') { KEY } else { STRING };
                out.push_str(&paint.with(colour, &plain(token)));
            }
            '-' | '0'..='9' => out.push_str(&paint.with(NUMBER, token)),
            _ => out.push_str(&paint.with(WORD, token)),
        }
        rest = after;
    }
    Some(out)
}

/// Bytes of the token that `rest` begins with; `rest` is valid JSON from here on.
fn token_length(rest: &str) -> usize {
    match rest.as_bytes()[0] {
        b'"' => {
            let mut is_escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                ends
            });
            end.map_or(rest.len(), |end| end + 2)
        }
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        _ => rest.find([',', ':', ']', '}', ' ', '\n', '\r', '\t']).unwrap_or(rest.len()),
    }
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_otherwise_as_it_came() {
        let text = r#" {"B":[1.10,-2e400,{}],"a":{"x":null,"x":"q\"{"},"e":[ ] }"#;
        let shown = "{\n  \"B\": [\n    1.10,\n    -2e400,\n    {}\n  ],\n  \"a\": {\n    \"x\": null,\n    \"x\": \"q\\\"{\"\n  },\n  \"e\": []\n}";
        assert_eq!(pretty(text, Paint(false)).unwrap(), shown);
        assert_eq!(pretty("\"a\"", Paint(false)).unwrap(), "\"a\"");
    }

    #[test]
    fn keys_and_values_have_colours_of_their_own() {
        let shown = pretty(r#"{"a":"b","c":[1,true]}"#, Paint(true)).unwrap();
        for part in ["\x1b[36m\"a\"\x1b[0m: \x1b[32m\"b\"\x1b[0m", "\x1b[33m1\x1b[0m", "\x1b[35mtrue\x1b[0m"] {
            assert!(shown.contains(part), "{shown:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_not_shown_as_some_and_nothing_reaches_the_terminal_raw() {
        for text in ["", "{", "{}x", "<p>", "{\"a\":\"\x1b\"}", &"[".repeat(100_000)] {
            assert_eq!(pretty(text, Paint(true)), None);
        }
        assert_eq!(pretty("[\"\u{9b}31m\u{202e}\"]", Paint(false)).unwrap(), "[\n  \"\\u{9b}31m\\u{202e}\"\n]");
    }
}
