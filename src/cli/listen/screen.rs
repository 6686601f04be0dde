//! A request as it is printed: first a line that says all, then what a developer wants to see of it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;
use chrono::Local;
use serde::Deserialize;

use super::json;
use super::plan::Plan;
use super::seen::Visit;
use crate::base::Timestamp;
use crate::receiver::Verdict;

/// Bytes of a body that are printed.
const MAX_SHOWN: usize = 32 * 1024;

/// Characters of any other text that are printed.
const MAX_TEXT: usize = 1_024;

/// Headers that say nothing of the callback.
const DULL: [&str; 7] =
    ["host", "accept", "accept-encoding", "connection", "content-length", "transfer-encoding", "te"];

/// A request as it arrived.
pub struct Arrival {
    pub received_at: Timestamp,
    pub peer: SocketAddr,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// Why it is no callback.
    pub note: Option<String>,
}

/// What of a callback's body is told apart.
#[derive(Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
struct Facts {
    event_type: Option<String>,
    event_id: Option<String>,
    performed_by: Option<String>,
    performed_at: Option<String>,
}

impl Arrival {
    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug)]
pub struct Paint(pub bool);

impl Paint {
    /// The text in that colour, as terminals number them. It must be plain.
    pub fn with(self, colour: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

pub struct Screen {
    pub colours: bool,
}

impl Screen {
    /// A callback, what its signature is worth, and how it is answered.
    pub fn callback(&self, arrival: &Arrival, verdict: &Verdict, visit: &Visit, plan: &Plan) -> String {
        let paint = Paint(self.colours);
        let facts: Facts = serde_json::from_slice(&arrival.body).unwrap_or_default();
        let (mark, signature) = signature(verdict);
        let event_type = short(facts.event_type.as_deref().unwrap_or("Not a callback of Herald"));
        let id = short(arrival.header("webhook-id").unwrap_or("without webhook-id"));
        let mut out = self.first_line(arrival, &event_type, &id, visit.status);
        let mut line = |label: &str, text: &str| field(&mut out, paint, label, text);
        line("signature", &paint.with(mark, &signature));
        if visit.number > 1 {
            line("attempt", &paint.with(YELLOW, &attempt(visit)));
        }
        if let Some(by) = &facts.performed_by {
            let at = facts.performed_at.as_deref().map(|at| format!(" at {}", short(at))).unwrap_or_default();
            line("performed by", &format!("{}{at}", short(by)));
        }
        if facts.event_id.as_deref().is_some_and(|event| Some(event) != arrival.header("webhook-id")) {
            line("EVENT_ID", &paint.with(RED, "differs from the header webhook-id"));
        }
        if !plan.delay.is_zero() {
            line("answer", &format!("{} after {:?}", visit.status, plan.delay));
        }
        self.rest(&mut out, arrival);
        out
    }

    /// A request that was no callback.
    pub fn refused(&self, arrival: &Arrival, status: u16) -> String {
        let mut out = self.first_line(arrival, "Not a callback", "", status);
        if let Some(note) = &arrival.note {
            field(&mut out, Paint(self.colours), "why", note);
        }
        self.rest(&mut out, arrival);
        out
    }

    fn first_line(&self, arrival: &Arrival, what: &str, id: &str, status: u16) -> String {
        let paint = Paint(self.colours);
        let time = arrival.received_at.utc().with_timezone(&Local).format("%H:%M:%S").to_string();
        let colour = if (200..300).contains(&status) { GREEN } else { RED };
        let answer = paint.with(colour, &format!("answered {status}"));
        let id = if id.is_empty() { String::new() } else { format!("  {id}") };
        format!("\n{}  {}{id}  {answer}\n", paint.with(DIM, &time), paint.with(BOLD, what))
    }

    /// Where the request went, its headers and its body.
    fn rest(&self, out: &mut String, arrival: &Arrival) {
        let paint = Paint(self.colours);
        let Arrival { method, target, peer, .. } = arrival;
        field(out, paint, "request", &format!("{} {} from {peer}", short(method), short(target)));
        for (name, value) in &arrival.headers {
            if DULL.contains(&name.as_str()) {
                continue;
            }
            let age = if name == "webhook-timestamp" { age(value, arrival.received_at) } else { String::new() };
            field(out, paint, &short(name), &format!("{}{age}", short(value)));
        }
        if !arrival.body.is_empty() {
            let shown = body(&arrival.body, paint);
            // Writing into a String cannot fail.
            let _ = shown.lines().try_for_each(|line| write!(out, "\n  {line}"));
            out.push('\n');
        }
    }
}

fn field(out: &mut String, paint: Paint, label: &str, text: &str) {
    // Writing into a String cannot fail.
    let _ = writeln!(out, "  {} {text}", paint.with(DIM, &format!("{label:<17}")));
}

/// Colour and sentence of a verdict.
fn signature(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Holds { key } => (GREEN, format!("holds, with {key}")),
        Verdict::NoKey => (YELLOW, "not checked: give the webhook's signing secret with --secret whsec_…".into()),
        Verdict::Problem(problem) => (RED, format!("DOES NOT HOLD. {problem}")),
    }
}

fn attempt(visit: &Visit) -> String {
    let number = visit.number;
    match visit.is_duplicate {
        true => format!("{number}, a duplicate: this webhook-id was taken before, and must change nothing now"),
        false => format!("{number}: this webhook-id has come before"),
    }
}

/// How old a timestamp is, where it is one.
fn age(seconds: &str, now: Timestamp) -> String {
    let Ok(sent) = seconds.parse::<i64>() else { return String::new() };
    match now.seconds().checked_sub(sent) {
        Some(0) => " (now)".into(),
        Some(age) if age > 0 => format!(" ({age} s ago)"),
        Some(ahead) => format!(" ({} s ahead)", ahead.unsigned_abs()),
        None => String::new(),
    }
}

/// JSON indented, anything else as text; of a long body its beginning.
fn body(bytes: &[u8], paint: Paint) -> String {
    let whole = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_SHOWN);
    if let Some(json) = whole.and_then(|text| json::pretty(text, paint)) {
        return json;
    }
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_SHOWN)]);
    let mut lines: Vec<_> = shown.lines().map(plain).collect();
    if bytes.len() > MAX_SHOWN {
        lines.push(format!("… and {} bytes more", bytes.len() - MAX_SHOWN));
    }
    lines.join("\n")
}

/// The text without anything that a terminal would obey or that would turn its order around: such characters are
/// written out. What is long is cut.
fn short(text: &str) -> String {
    let cut: String = text.chars().take(MAX_TEXT).collect();
    let is_cut = cut.len() < text.len();
    let mut shown = plain(&cut);
    if is_cut {
        shown.push('…');
    }
    shown
}

/// The same, of any length.
pub fn plain(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_odd(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        let odd = "a\x1b[31m\u{9b}2J\x07\r\u{202e}\u{200b}\u{7f}é\u{feff}";
        assert_eq!(plain(odd), "a\\u{1b}[31m\\u{9b}2J\\u{7}\\u{d}\\u{202e}\\u{200b}\\u{7f}é\\u{feff}");
        assert_eq!(short(&"x".repeat(MAX_TEXT + 1)), format!("{}…", "x".repeat(MAX_TEXT)));
    }

    #[test]
    fn a_body_is_shown_as_what_it_is() {
        let shown = |bytes: &[u8]| body(bytes, Paint(false));
        assert_eq!(shown(b"[1]"), "[\n  1\n]");
        assert_eq!(shown(b"not {json\nat all\x1b"), "not {json\nat all\\u{1b}");
        assert_eq!(shown(b"\xff"), "\u{fffd}");
        let long = shown(format!("[{}1]", " ".repeat(MAX_SHOWN)).as_bytes());
        assert!(long.ends_with("… and 3 bytes more"), "{long}");
    }

    #[test]
    fn a_timestamp_is_told_by_its_age() {
        let now = Timestamp::from_seconds(1_800_000_000);
        for (seconds, expected) in [
            ("1800000000", " (now)"),
            ("1799999990", " (10 s ago)"),
            ("1800000010", " (10 s ahead)"),
            ("soon", ""),
            ("-9223372036854775808", ""),
        ] {
            assert_eq!(age(seconds, now), expected, "{seconds}");
        }
    }
}
