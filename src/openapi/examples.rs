//! One call in three languages, as a reader would type it. A test runs every example against a server.

use std::fmt::Write as _;

use serde_json::Value;

/// What an example sends.
pub struct Request<'a> {
    pub method: &'a str,
    pub url: String,
    pub needs_key: bool,
    /// Headers besides the usual ones.
    pub headers: Vec<(&'a str, String)>,
    pub body: Option<Value>,
    /// Whether the answer has a body.
    pub is_answered_with_json: bool,
}

impl Request<'_> {
    pub fn curl(&self) -> String {
        let mut lines = vec![match self.method {
            "GET" => format!("curl -i \"{}\"", self.url),
            method => format!("curl -i -X {method} \"{}\"", self.url),
        }];
        if self.needs_key {
            lines.push("-H \"Authorization: Bearer $HERALD_API_KEY\"".to_owned());
        }
        lines.extend(self.all_headers().map(|(name, value)| format!("-H \"{name}: {value}\"")));
        if let Some(body) = &self.body {
            lines.push(format!("-d '{}'", literal(body, 1, JSON).replace('\'', r"'\''")));
        }
        lines.join(" \\\n  ")
    }

    /// With what Python brings along.
    pub fn python(&self) -> String {
        let mut program = String::new();
        let modules =
            [self.needs_json_module().then_some("json"), self.needs_key.then_some("os"), Some("urllib.request")];
        for module in modules.into_iter().flatten() {
            let _ = writeln!(program, "import {module}");
        }
        let _ = write!(program, "\nrequest = urllib.request.Request(\n    \"{}\",\n", self.url);
        if self.method != "GET" {
            let _ = writeln!(program, "    method=\"{}\",", self.method);
        }
        let key =
            self.needs_key.then(|| "        \"Authorization\": f\"Bearer {os.environ['HERALD_API_KEY']}\",".to_owned());
        let headers: Vec<_> = key
            .into_iter()
            .chain(self.all_headers().map(|(name, value)| format!("        \"{name}\": \"{value}\",")))
            .collect();
        if !headers.is_empty() {
            let _ = write!(program, "    headers={{\n{}\n    }},\n", headers.join("\n"));
        }
        if let Some(body) = &self.body {
            let _ = writeln!(program, "    data=json.dumps({}).encode(),", literal(body, 1, PYTHON));
        }
        let answer = if self.is_answered_with_json { "answer.status, json.load(answer)" } else { "answer.status" };
        let _ = write!(program, ")\nwith urllib.request.urlopen(request) as answer:\n    print({answer})");
        program
    }

    /// With the `fetch` of browsers, Node and the like.
    pub fn javascript(&self) -> String {
        let mut options = Vec::new();
        if self.method != "GET" {
            options.push(format!("  method: \"{}\",", self.method));
        }
        let key = self.needs_key.then(|| "    \"Authorization\": `Bearer ${process.env.HERALD_API_KEY}`,".to_owned());
        let headers: Vec<_> = key
            .into_iter()
            .chain(self.all_headers().map(|(name, value)| format!("    \"{name}\": \"{value}\",")))
            .collect();
        if !headers.is_empty() {
            options.push(format!("  headers: {{\n{}\n  }},", headers.join("\n")));
        }
        if let Some(body) = &self.body {
            options.push(format!("  body: JSON.stringify({}),", literal(body, 1, JSON)));
        }
        let options = if options.is_empty() { String::new() } else { format!(", {{\n{}\n}}", options.join("\n")) };
        let answer = if self.is_answered_with_json { "answer.status, await answer.json()" } else { "answer.status" };
        format!("const answer = await fetch(\"{}\"{options});\nconsole.log({answer});", self.url)
    }

    fn all_headers(&self) -> impl Iterator<Item = (&str, String)> {
        let kind = self.body.as_ref().map(|_| ("Content-Type", "application/json".to_owned()));
        kind.into_iter().chain(self.headers.iter().cloned())
    }

    fn needs_json_module(&self) -> bool {
        self.body.is_some() || self.is_answered_with_json
    }
}

/// How a language writes true, false and nothing, and how far it indents.
#[derive(Clone, Copy)]
struct Notation {
    words: [&'static str; 3],
    indent: &'static str,
}

const JSON: Notation = Notation { words: ["true", "false", "null"], indent: "  " };
const PYTHON: Notation = Notation { words: ["True", "False", "None"], indent: "    " };

/// A value as program text that begins in a line indented by `depth`; lists of plain values stay on one line.
fn literal(value: &Value, depth: usize, notation: Notation) -> String {
    let lines = |open: char, items: Vec<String>, close: char| {
        if items.is_empty() {
            return format!("{open}{close}");
        }
        let (inner, outer) = (notation.indent.repeat(depth + 1), notation.indent.repeat(depth));
        let items: Vec<_> = items.into_iter().map(|item| format!("{inner}{item}")).collect();
        format!("{open}\n{}\n{outer}{close}", items.join(",\n"))
    };
    match value {
        Value::Bool(true) => notation.words[0].to_owned(),
        Value::Bool(false) => notation.words[1].to_owned(),
        Value::Null => notation.words[2].to_owned(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            let items: Vec<_> = items.iter().map(|item| literal(item, depth, notation)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Array(items) => lines('[', items.iter().map(|item| literal(item, depth + 1, notation)).collect(), ']'),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), literal(value, depth + 1, notation))
            };
            lines('{', members.iter().map(member).collect(), '}')
        }
        Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(method: &'static str, body: Option<Value>) -> Request<'static> {
        Request {
            method,
            url: "https://h.example/api/v1/x?limit=2".into(),
            needs_key: true,
            headers: Vec::new(),
            is_answered_with_json: body.is_some(),
            body,
        }
    }

    #[test]
    fn a_body_is_written_in_the_words_of_each_language() {
        let post = request("POST", Some(json!({ "on": true, "to": null, "ids": ["it's"], "at": [{}] })));
        let curl = post.curl();
        assert!(curl.starts_with(
            "curl -i -X POST \"https://h.example/api/v1/x?limit=2\" \\\n  -H \"Authorization: Bearer $HERALD_API_KEY\""
        ));
        assert!(curl.ends_with("-d '{\n    \"on\": true,\n    \"to\": null,\n    \"ids\": [\"it'\\''s\"],\n    \"at\": [\n      {}\n    ]\n  }'"), "{curl}");
        assert!(post.python().contains("data=json.dumps({\n        \"on\": True,\n        \"to\": None,"));
        assert!(post.javascript().contains("body: JSON.stringify({\n    \"on\": true,"));
    }

    #[test]
    fn what_a_call_does_not_need_is_left_out() {
        let mut get = request("GET", None);
        assert!(!get.python().contains("import json\n") && !get.python().contains("method="));
        assert!(!get.javascript().contains("json()"));
        get.needs_key = false;
        assert_eq!(get.curl(), "curl -i \"https://h.example/api/v1/x?limit=2\"");
        assert!(get.javascript().starts_with("const answer = await fetch(\"https://h.example/api/v1/x?limit=2\");"));
        assert!(!get.python().contains("import os\n"));
    }
}
