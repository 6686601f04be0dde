//! Takes a webhook's own secrets out of what its receiver answers, before anybody keeps or sees it: some servers echo what they
//! were sent, into logs that more people read than may know the secrets.
//!
//! A secret is found as it stands, in base64 (of either alphabet, wherever in an encoded text it begins) and percent-encoded. A
//! webhook with a header or two costs microseconds for each answer. docs/decisions/0034-answers-are-scrubbed.md

use std::ops::Range;
use std::sync::Arc;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem::Finder;

use super::endpoint::Endpoint;
use super::sender::Attempt;
use super::signing::SigningSecret;
use crate::base::Secret;

/// What is shorter stands in answers by chance.
const SHORTEST: usize = 8;

/// What stands in a secret's place.
const MASK: &str = "***";

/// Looks for one webhook's secrets. Cheap to clone.
#[derive(Clone, Default)]
pub struct Scrubber(Arc<[Finder<'static>]>);

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Scrubber {
    pub fn new(headers: &[(String, Secret)], secrets: &[SigningSecret], endpoint: &Endpoint) -> Self {
        let mut plain: Vec<Vec<u8>> = Vec::new();
        for (_, value) in headers {
            plain.push(value.expose().into());
            // `Bearer …`: what follows is the secret, and may come back alone.
            if let Some((_, token)) = value.expose().split_once(' ') {
                plain.push(token.trim().into());
            }
        }
        for secret in secrets {
            plain.push(secret.expose().into());
            if let Some((_, encoded)) = secret.expose().split_once('_') {
                plain.push(encoded.trim_end_matches('=').into());
            }
        }
        if let Some(query) = endpoint.url().query() {
            plain.push(query.into());
            plain.extend(query.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.into()));
            plain.extend(endpoint.url().query_pairs().map(|(_, value)| value.as_bytes().into()));
        }
        plain.retain(|secret| secret.len() >= SHORTEST);
        plain.sort();
        plain.dedup();
        Self::of(&plain)
    }

    fn of(secrets: &[Vec<u8>]) -> Self {
        let mut patterns: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        patterns.sort();
        patterns.dedup();
        Self(patterns.iter().map(|pattern| Finder::new(pattern).into_owned()).collect())
    }

    /// Where there is anything of a secret, in order and without overlaps.
    fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found = self.matches(bytes);
        if let Some((plain, places)) = percent_decoded(bytes) {
            found.extend(self.matches(&plain).into_iter().map(|range| places[range.start]..places[range.end]));
        }
        found.sort_by_key(|range| range.start);
        found.dedup_by(|next, before| {
            let overlaps = next.start <= before.end;
            if overlaps {
                before.end = before.end.max(next.end);
            }
            overlaps
        });
        found
    }

    fn matches(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let all = self.0.iter().flat_map(|pattern| {
            let length = pattern.needle().len();
            pattern.find_iter(bytes).map(move |start| start..start + length)
        });
        all.collect()
    }

    /// The same bytes, or those without the secrets.
    pub fn scrub_bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let found = self.find(&bytes);
        if found.is_empty() {
            return bytes;
        }
        let mut clean = Vec::with_capacity(bytes.len());
        let mut copied = 0;
        for Range { start, end } in found {
            clean.extend_from_slice(&bytes[copied..start]);
            clean.extend_from_slice(MASK.as_bytes());
            copied = end;
        }
        clean.extend_from_slice(&bytes[copied..]);
        clean
    }

    pub fn scrub_text(&self, text: String) -> String {
        let clean = self.scrub_bytes(text.into_bytes());
        String::from_utf8(clean).unwrap_or_else(|wrong| String::from_utf8_lossy(wrong.as_bytes()).into_owned())
    }

    /// All of an attempt that its receiver chose.
    pub fn scrub(&self, attempt: &mut Attempt) {
        if self.0.is_empty() {
            return;
        }
        attempt.response_body = self.scrub_bytes(std::mem::take(&mut attempt.response_body));
        attempt.error = attempt.error.take().map(|error| self.scrub_text(error));
        for (name, value) in &mut attempt.response_headers {
            *name = self.scrub_text(std::mem::take(name));
            *value = self.scrub_text(std::mem::take(value));
        }
    }
}

/// What a secret looks like: as it stands, as HTML forms write its spaces, in JSON, in HTML, in base64. Percent-encoding is undone before it
/// is looked for, because everybody leaves other characters as they are.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let plus = secret.iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect();
    let mut forms = vec![secret.to_vec(), plus];
    let text = String::from_utf8_lossy(secret);
    let json = serde_json::to_string(&text).unwrap_or_default();
    let json = json.trim_matches('"');
    // As PHP writes it, and as Go does.
    let (php, go) = (json.replace('/', r"\/"), escaped(json, [("&", r"\u0026"), ("<", r"\u003c"), (">", r"\u003e")]));
    let html = escaped(&text, [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;")]);
    let (decimal, hex) = (html.replace('\'', "&#39;"), html.replace('\'', "&#x27;"));
    forms.extend([json, &php, &go, &html, &decimal, &hex].map(|form| form.as_bytes().to_vec()));
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for before in 0..3 {
            forms.extend(base64_inside(secret, before, engine));
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

/// The text with other characters instead of some, one after the other.
fn escaped<const N: usize>(text: &str, pairs: [(&str, &str); N]) -> String {
    pairs.into_iter().fold(text.to_owned(), |text, (plain, escape)| text.replace(plain, escape))
}

/// What is the same in the base64 of every text in which the secret stands, `before` bytes after a multiple of three.
fn base64_inside(secret: &[u8], before: usize, engine: &impl base64::Engine) -> Option<Vec<u8>> {
    let encoded = engine.encode([&[0; 3][..before], secret].concat());
    // Digits that hold bits of what comes before it, or after it.
    let first = (before * 8).div_ceil(6);
    let last = (before + secret.len()) * 8 / 6;
    Some(encoded.as_bytes().get(first..last)?.to_vec())
}

/// The bytes without percent-encoding, with the place where each of them begins, and the end; `None` where there is none.
fn percent_decoded(bytes: &[u8]) -> Option<(Vec<u8>, Vec<usize>)> {
    let first = memchr::memchr(b'%', bytes)?;
    let mut plain = bytes[..first].to_vec();
    let mut places: Vec<usize> = (0..first).collect();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut at = first;
    while at < bytes.len() {
        places.push(at);
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 3;
            }
            (byte, ..) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    places.push(bytes.len());
    Some((plain, places))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;
    use crate::base::SeededRng;

    const TOKEN: &str = "tok/en+with=odd?chars & \"quotes\"~end";

    fn scrubber() -> Scrubber {
        let headers = [
            ("authorization".to_owned(), Secret::new(format!("Bearer {TOKEN}"))),
            ("x-a".into(), Secret::new("short")),
        ];
        let endpoint = Endpoint::parse("https://example.com/hook?key=que%2Fry-secret-1&n=1").unwrap();
        Scrubber::new(&headers, &[SigningSecret::generate(&SeededRng::new(1))], &endpoint)
    }

    fn assert_gone(scrubber: &Scrubber, text: &str, what: &str) {
        let clean = String::from_utf8(scrubber.scrub_bytes(text.as_bytes().to_vec())).unwrap();
        assert!(clean.contains(MASK), "{what}: {text} -> {clean}");
        assert!(clean.len() < text.len(), "{what}: {clean}");
    }

    #[test]
    fn a_secret_is_found_as_it_stands_percent_encoded_and_in_json() {
        let scrubber = scrubber();
        let clean = scrubber.scrub_text(format!("you sent Bearer {TOKEN}, and {TOKEN}!"));
        assert_eq!(clean, "you sent ***, and ***!");
        let form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        assert_gone(&scrubber, &form(TOKEN), "form encoding");
        assert_gone(&scrubber, &serde_json::to_string(TOKEN).unwrap(), "JSON");
        let all: String = TOKEN
            .bytes()
            .map(|b| if b.is_ascii_alphanumeric() { (b as char).into() } else { format!("%{b:02x}") })
            .collect();
        assert_gone(&scrubber, &all, "escapes in small letters");
        assert_gone(&scrubber, &all.replace("%2d", "-").replace("%7e", "~"), "some of them not escaped");
        let every: String = TOKEN.bytes().map(|b| format!("%{b:02X}")).collect();
        assert_eq!(scrubber.scrub_text(format!("100% of {every}, 5%")), "100% of ***, 5%");
        for query in ["key=que%2Fry-secret-1&n=1", "que%2Fry-secret-1", "que/ry-secret-1"] {
            assert_gone(&scrubber, query, "the query");
        }
        let secret = SigningSecret::generate(&SeededRng::new(1));
        assert_gone(&scrubber, secret.expose(), "the signing secret");
        assert_gone(&scrubber, &secret.expose()[6..], "its key");
    }

    /// Error pages and debugging tools write what they were sent into JSON and HTML, each in its own way.
    #[test]
    fn a_secret_is_found_as_receivers_write_it_into_json_and_html() {
        let scrubber = scrubber();
        for (what, text) in [
            ("PHP", r#"{"authorization":"Bearer tok\/en+with=odd?chars & \"quotes\"~end"}"#),
            ("Go", r#"{"authorization":"Bearer tok/en+with=odd?chars \u0026 \"quotes\"~end"}"#),
            ("HTML", "<td>Bearer tok/en+with=odd?chars &amp; &quot;quotes&quot;~end</td>"),
        ] {
            assert_gone(&scrubber, text, what);
            let clean = scrubber.scrub_text(text.to_owned());
            assert!(!clean.contains("odd?chars"), "{what}: {clean}");
        }
        let headers = [("x-key".to_owned(), Secret::new("it's <a> secret"))];
        let scrubber = Scrubber::new(&headers, &[], &Endpoint::parse("https://example.com/hook").unwrap());
        for text in ["it's &lt;a&gt; secret", "it&#39;s &lt;a&gt; secret", "it&#x27;s &lt;a&gt; secret"] {
            assert_eq!(scrubber.scrub_text(format!("<p>{text}</p>")), "<p>***</p>", "{text}");
        }
    }

    #[test]
    fn a_secret_is_found_in_base64_wherever_it_begins() {
        let scrubber = scrubber();
        for before in 0..7 {
            for after in 0..4 {
                let text = format!("{}{TOKEN}{}", "{\"a\": x".get(..before).unwrap(), "zzzz".get(..after).unwrap());
                for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text), STANDARD_NO_PAD.encode(&text)] {
                    assert_gone(&scrubber, &encoded, "base64");
                }
            }
        }
    }

    #[test]
    fn what_is_short_or_not_there_stays() {
        let scrubber = scrubber();
        for text in ["short", "Bearer", "n=1", "", "all is well", "whsec_", "***"] {
            assert_eq!(scrubber.scrub_bytes(text.as_bytes().to_vec()), text.as_bytes());
        }
        let none = Scrubber::new(&[], &[], &Endpoint::parse("https://example.com/hook").unwrap());
        assert!(none.0.is_empty());
        assert_eq!(format!("{scrubber:?}"), "***");
    }
}
