//! Headers as people paste them: lines of a request, of `curl -v` or of a log, or a JSON object.

use serde_json::Value;

/// A line without a name and a value, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Line {0} is no header. Write one to a line, as in webhook-id: EVT-60adfdb750b58a0c2d78bdd8.")]
pub struct UnreadableLine(usize);

/// Names in lower case with dashes, and their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Reads lines of `name: value` (also with `=` or a tab), and objects as programs print them. Quotes, commas and curl's marks
    /// around a line do not matter, nor does the line with method and path.
    pub fn parse(text: &str) -> Result<Self, UnreadableLine> {
        if let Some(pairs) = object(text.trim()) {
            return Ok(Self(pairs));
        }
        let mut pairs = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim().trim_start_matches(['>', '<', '*']).trim();
            let line = ["-H ", "--header "].into_iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
            let line = without_marks(line);
            // Pseudo-headers of HTTP/2 begin with a colon.
            if line.is_empty() || line.starts_with(':') || is_start_line(line) || ["{", "}"].contains(&line) {
                continue;
            }
            let (name, value) = line.split_once([':', '=', '\t']).ok_or(UnreadableLine(number))?;
            pairs.push((canonical(name), without_marks(value).to_owned()));
        }
        Ok(Self(pairs))
    }

    /// The value of the first header of this lower-case name; one without a value is as good as missing.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Names that end like ours: a proxy, or a framework, may have put something before them.
    pub fn alike(&self) -> Vec<String> {
        let ends = ["-id", "-timestamp", "-signature"];
        let is_alike = |name: &str| name.contains("webhook") || name.starts_with("svix") || name.ends_with(ends[2]);
        let ours = ends.map(|end| format!("webhook{end}"));
        let names = self.0.iter().map(|(name, _)| name).filter(|name| is_alike(name) && !ours.contains(name));
        names.filter(|name| ends.iter().any(|end| name.ends_with(end))).cloned().collect()
    }
}

fn without_marks(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ['"', '\'', ',', '\\'].contains(&c))
}

fn is_start_line(line: &str) -> bool {
    line.split_whitespace().any(|word| word.starts_with("HTTP/"))
}

/// As we write it: CGI, and what came after it, call the header `HTTP_WEBHOOK_ID`.
fn canonical(name: &str) -> String {
    let name = without_marks(name).to_ascii_lowercase().replace('_', "-");
    name.strip_prefix("http-").map(ToOwned::to_owned).unwrap_or(name)
}

/// The pairs of a JSON object, or of one that Python or JavaScript printed.
fn object(text: &str) -> Option<Vec<(String, String)>> {
    if !text.starts_with('{') {
        return None;
    }
    let value = serde_json::from_str(text).or_else(|_| serde_json::from_str(&text.replace('\'', "\""))).ok()?;
    let Value::Object(map) = value else { return None };
    let first = |value: &Value| match value {
        Value::Array(values) => values.first().cloned().unwrap_or(Value::Null),
        other => other.clone(),
    };
    let text = |value: &Value| match first(value) {
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    Some(map.iter().map(|(name, value)| (canonical(name), text(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_in_every_form_that_people_copy() {
        for text in [
            "webhook-id: EVT-1\nWebhook-Timestamp: 17\nwebhook-signature: v1,a=",
            "POST /hook HTTP/1.1\r\nhost: example.com:8080\r\nwebhook-id:EVT-1\r\nwebhook-timestamp: 17\r\nWEBHOOK-SIGNATURE:  v1,a=  \r\n\r\n",
            "> POST /hook HTTP/2\n> :path: /hook\n> webhook-id: EVT-1\n> webhook-timestamp: 17\n> webhook-signature: v1,a=",
            "-H 'webhook-id: EVT-1' \\\n-H 'webhook-timestamp: 17' \\\n-H 'webhook-signature: v1,a='",
            "HTTP_WEBHOOK_ID=EVT-1\nHTTP_WEBHOOK_TIMESTAMP=17\nHTTP_WEBHOOK_SIGNATURE=v1,a=",
            "webhook-id\tEVT-1\nwebhook-timestamp\t17\nwebhook-signature\tv1,a=",
            r#"{"webhook-id": ["EVT-1"], "webhook-timestamp": 17, "webhook-signature": "v1,a="}"#,
            "{'Webhook-Id': 'EVT-1', 'Webhook-Timestamp': '17', 'Webhook-Signature': 'v1,a='}",
            "{\n  'webhook-id': 'EVT-1',\n  'webhook-timestamp': '17',\n  \"webhook-signature\": 'v1,a=',\n}",
        ] {
            let headers = Headers::parse(text).unwrap();
            let read = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| headers.get(name));
            assert_eq!(read, [Some("EVT-1"), Some("17"), Some("v1,a=")], "{text}");
        }
    }

    #[test]
    fn a_line_that_is_no_header_is_named_and_an_empty_value_is_none() {
        assert_eq!(Headers::parse("webhook-id: a\n\nrubbish"), Err(UnreadableLine(3)));
        assert_eq!(Headers::parse("webhook-id:").unwrap().get("webhook-id"), None);
        assert_eq!(Headers::parse("").unwrap(), Headers::default());
    }
}
