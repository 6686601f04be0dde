//! What no template may do, whoever writes the next one: print without escaping, put a value where escaping does not help, or open
//! another page with a hand on this one. (What the Content-Security-Policy would block is looked for in `architecture`.)

use std::path::{Path, PathBuf};

/// Where a value is printed as it is, because it is a template of ours that was rendered before.
const UNESCAPED: &[(&str, &str)] = &[("trash/confirm_dialog.html", "{{ form|safe }}")];

fn templates() -> Vec<(String, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { collect(&path, found) } else { found.push(path) }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    let named = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("below the root").display().to_string();
        (name, std::fs::read_to_string(&path).expect("a template"))
    };
    let mut all: Vec<_> =
        paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "html")).map(named).collect();
    all.sort();
    assert!(all.len() > 50, "{}", all.len());
    all
}

/// The tags of a template, comments left out; values and steps inside of them too.
fn tags(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let begins = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic());
        if !begins {
            rest = &rest[1..];
            continue;
        }
        let end = end_of_tag(rest);
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
    found
}

/// Behind the `>` that ends a tag: not one in a value or in a step of the template.
fn end_of_tag(tag: &str) -> usize {
    let (mut quote, mut depth) = (None, 0);
    let mut before = ' ';
    for (at, c) in tag.char_indices() {
        match (before, c) {
            ('{', '{' | '%' | '#') => depth += 1,
            ('}' | '%' | '#', '}') if depth > 0 => depth -= 1,
            (_, '"' | '\'') if depth == 0 && quote.is_none() => quote = Some(c),
            (_, c) if depth == 0 && quote == Some(c) => quote = None,
            (_, '>') if depth == 0 && quote.is_none() => return at + 1,
            _ => {}
        }
        before = c;
    }
    tag.len()
}

/// What is wrong with one template.
fn wrong(name: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, _) in text.match_indices("safe") {
        let is_filter = text[..at].trim_end().ends_with('|');
        let around = &text[text[..at].rfind("{{").unwrap_or(at)..];
        let around = around.split_inclusive("}}").next().unwrap_or(around);
        if is_filter && !UNESCAPED.contains(&(name, around)) {
            wrong.push(format!("{around} is not escaped"));
        }
    }
    for escape in ["|escape(", "autoescape", "|e("] {
        if text.contains(escape) {
            wrong.push(format!("{escape} chooses another escaping"));
        }
    }
    for tag in tags(text) {
        // Escaping does not help outside of quotes.
        for (at, _) in tag.match_indices("={{") {
            if tag[..at].matches('"').count() % 2 == 0 {
                wrong.push(format!("a value without quotes: {tag}"));
            }
        }
        // It does there, but then nobody sees at a glance where the value ends.
        for (at, _) in tag.match_indices("='") {
            if tag[at + 2..].split('\'').next().unwrap_or_default().contains("{{") {
                wrong.push(format!("a value in single quotes: {tag}"));
            }
        }
        if tag.contains("target=\"_blank\"") && !tag.contains("rel=\"noopener") {
            wrong.push(format!("opens a tab without rel=\"noopener\": {tag}"));
        }
        if tag.starts_with("<script") && tag.contains("{%") {
            wrong.push(format!("a script by condition: {tag}"));
        }
        for element in ["<iframe", "<object", "<embed", "<base", "<meta http-equiv", "<style"] {
            if tag.starts_with(element) {
                wrong.push(format!("has {tag}"));
            }
        }
        let dynamic = ["href=\"{{", "src=\"{{", "action=\"{{", "hx-get=\"{{", "hx-post=\"{{", "srcset=\"{{"];
        for beginning in dynamic {
            for (at, _) in tag.match_indices(beginning) {
                let value = tag[at + beginning.len()..].split("}}").next().unwrap_or_default().trim();
                if !is_own_address(value) {
                    wrong.push(format!("leads where a value says: {value}"));
                }
            }
        }
    }
    wrong
}

/// Addresses that are constants, or that our own functions make: by their names, which end in `url`, or stand among those that do.
fn is_own_address(value: &str) -> bool {
    const OTHERS: [&str; 15] = [
        "action",
        "self.action()",
        "back",
        "question.back",
        "question.action",
        "way",
        "assets",
        "item.path",
        "previous",
        "older",
        "newest",
        "next",
        "mail",
        "alert.link",
        "letter.link",
    ];
    let name = value.split(['(', ' ']).next().unwrap_or(value);
    name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        || name.ends_with("url")
        || name.starts_with("urls::")
        || name.starts_with("crate::web::assets")
        || OTHERS.contains(&value)
}

#[test]
fn no_template_prints_what_could_be_more_than_text() {
    let found: Vec<String> = templates()
        .iter()
        .flat_map(|(name, text)| wrong(name, text).into_iter().map(move |what| format!("{name}: {what}")))
        .collect();
    assert!(found.is_empty(), "{} things are wrong:\n{}", found.len(), found.join("\n"));
}

#[test]
fn what_is_wrong_is_noticed() {
    for text in [
        "<p>{{ name|safe }}</p>",
        "<p>{{ name | safe }}</p>",
        "<p title={{ name }}>",
        "<p title='{{ name }}'>",
        "<a href=\"{{ row.website }}\">",
        "<a href=\"{{ x.url }}\" target=\"_blank\">",
        "<iframe src=\"/x\">",
        "{% if a > b %}<a href=\"{{ webhook.target }}\">{% endif %}",
    ] {
        assert!(!wrong("x.html", text).is_empty(), "{text}");
    }
    let fine = "<a href=\"{{ row.url }}\"{% if a > b %} class=\"x\"{% endif %}>{{ name }}</a> {# it's a safe > one #}";
    assert_eq!(wrong("x.html", fine), [] as [String; 0]);
}
