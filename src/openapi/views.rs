//! The document as the documentation page shows it: groups of calls, and the objects that they answer.

use std::collections::BTreeSet;

use serde_json::Value;

use super::examples::Request;
use super::reading::{Field, Reading, object_anchor};
use super::rich::Rich;
use crate::web::Coloured;
use crate::web::problem::Kind;

/// Calls that belong together.
pub struct Group {
    pub anchor: String,
    pub title: &'static str,
    pub lead: &'static str,
    pub calls: Vec<Call>,
}

/// One call.
pub struct Call {
    /// Its name in the document, and its place on the page.
    pub id: String,
    pub method: String,
    pub path: String,
    pub title: String,
    pub text: Vec<Rich>,
    /// `None` where no key is needed.
    pub scope: Option<String>,
    pub parameters: Vec<Field>,
    pub body: Option<Body>,
    pub answers: Vec<Answer>,
    /// The refusals that it shares with other calls.
    pub refusals: Vec<Refusal>,
    pub examples: Vec<Example>,
}

/// What a call is sent.
pub struct Body {
    pub note: Rich,
    pub fields: Vec<Field>,
    pub is_required: bool,
}

/// One way in which a call is answered.
pub struct Answer {
    pub status: String,
    pub text: Rich,
    /// What it is made of; empty where there is no body.
    pub kind: Rich,
    pub sample: Option<Coloured>,
}

/// A refusal that is explained among the errors.
pub struct Refusal {
    pub status: String,
    pub kind: Kind,
}

/// A call in one language.
pub struct Example {
    pub id: String,
    pub language: &'static str,
    pub program: Rich,
}

/// An object that calls answer or are sent.
pub struct Object {
    pub anchor: String,
    pub name: String,
    pub text: Rich,
    pub fields: Vec<Field>,
    pub sample: Coloured,
}

/// All calls by their groups. `base` is the address that examples call.
pub fn groups(reading: Reading<'_>, base: &str) -> Vec<Group> {
    let group = |&(title, lead): &(&'static str, &'static str)| Group {
        anchor: format!("group-{}", title.to_lowercase().replace(' ', "-")),
        title,
        lead,
        calls: operations(reading)
            .filter(|(_, _, operation)| operation["tags"][0] == title)
            .map(|(path, method, operation)| call(reading, base, path, method, operation))
            .collect(),
    };
    super::TAGS.iter().map(group).filter(|group| !group.calls.is_empty()).collect()
}

fn operations(reading: Reading<'_>) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = reading.0["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

fn call(reading: Reading<'_>, base: &str, path: &str, method: &str, operation: &Value) -> Call {
    let text = |name: &str| operation[name].as_str().unwrap_or_default();
    let id = text("operationId").to_owned();
    let body = operation.get("requestBody").map(|body| Body {
        note: Rich::new(body["description"].as_str().unwrap_or_default()),
        fields: reading.fields(&body["content"]["application/json"]["schema"]),
        is_required: body["required"] == true,
    });
    let (mut answers, mut refusals) = (Vec::new(), Vec::new());
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        match status.parse().ok().and_then(first_kind).filter(|_| answer["$ref"].is_string()) {
            Some(kind) => refusals.push(Refusal { status: status.clone(), kind }),
            None => answers.push(self::answer(reading, status, answer)),
        }
    }
    Call {
        method: method.to_uppercase(),
        path: path.to_owned(),
        title: text("summary").to_owned(),
        text: Rich::paragraphs(text("description")),
        scope: operation["security"][0]["api_key"][0].as_str().map(str::to_owned),
        parameters: parameters(operation).map(|parameter| reading.parameter(parameter)).collect(),
        examples: examples(reading, base, path, method, operation, &id),
        body,
        answers,
        refusals,
        id,
    }
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

fn answer(reading: Reading<'_>, status: &str, answer: &Value) -> Answer {
    let text = Rich::new(answer["description"].as_str().unwrap_or_default());
    let schema =
        answer["content"].as_object().and_then(|content| content.values().next()).map(|content| &content["schema"]);
    Answer {
        status: status.to_owned(),
        text,
        kind: schema.map_or_else(Rich::default, |schema| reading.kind(schema)),
        sample: schema.filter(|schema| !reading.parts(schema).is_empty()).map(|schema| sample(reading, schema)),
    }
}

fn sample(reading: Reading<'_>, schema: &Value) -> Coloured {
    Coloured::text(&reading.sample(schema).to_string())
}

/// The first kind of problem with this status.
fn first_kind(status: u16) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.status().as_u16() == status)
}

/// The call as a reader would make it, with the examples that the document has for what it sends.
fn examples(reading: Reading<'_>, base: &str, path: &str, method: &str, operation: &Value, id: &str) -> Vec<Example> {
    let (mut url, mut query, mut headers) = (format!("{base}{path}"), Vec::new(), Vec::new());
    for parameter in parameters(operation) {
        let name = parameter["name"].as_str().unwrap_or_default();
        let own = parameter.get("example").cloned();
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match (parameter["in"].as_str(), own) {
            (Some("path"), own) => {
                let value = text(own.unwrap_or_else(|| reading.sample(&parameter["schema"])));
                url = url.replace(&format!("{{{name}}}"), &value);
            }
            (Some("query"), Some(own)) => query.push(format!("{name}={}", text(own))),
            (Some("header"), Some(own)) => headers.push((name, text(own))),
            _ => {}
        }
    }
    if !query.is_empty() {
        url = format!("{url}?{}", query.join("&"));
    }
    let responses = operation["responses"].as_object().into_iter().flatten();
    let success = responses.into_iter().find(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer);
    let request = Request {
        method: &method.to_uppercase(),
        url,
        needs_key: operation["security"][0]["api_key"].is_array(),
        headers,
        body: operation.get("requestBody").map(|body| reading.sample(&body["content"]["application/json"]["schema"])),
        is_answered_with_json: success.is_some_and(|answer| answer.get("content").is_some()),
    };
    [("curl", request.curl()), ("Python", request.python()), ("JavaScript", request.javascript())]
        .map(|(language, program)| Example {
            id: format!("{id}-{}", language.to_lowercase()),
            language,
            program: Rich::program(&program),
        })
        .into()
}

/// The objects that have a section: those that calls answer, and those inside others. What is only the body of a call is shown there.
pub fn objects(reading: Reading<'_>) -> Vec<Object> {
    let mut wanted = BTreeSet::new();
    for (_, _, operation) in operations(reading) {
        for answer in
            operation["responses"].as_object().into_iter().flatten().map(|(_, answer)| reading.resolve(answer))
        {
            names(&answer["content"], &mut wanted);
        }
    }
    let schemas = reading.0["components"]["schemas"].as_object();
    for (_, schema) in schemas.into_iter().flatten() {
        reading.parts(schema).iter().for_each(|part| names(&part["properties"], &mut wanted));
    }
    let is_shown = |(name, schema): &(&String, &Value)| wanted.contains(*name) && !reading.parts(schema).is_empty();
    let all = schemas.into_iter().flatten().filter(is_shown);
    all.map(|(name, schema)| Object {
        anchor: object_anchor(name),
        name: name.clone(),
        text: Rich::new(schema["description"].as_str().unwrap_or_default()),
        fields: reading.fields(schema),
        sample: sample(reading, schema),
    })
    .collect()
}

/// The names of the schemas that anything inside `value` refers to.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = value["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        found.insert(name.to_owned());
    }
    match value {
        Value::Object(members) => members.values().for_each(|value| names(value, found)),
        Value::Array(items) => items.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}
