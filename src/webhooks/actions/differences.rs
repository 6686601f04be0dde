//! What a change of a webhook's settings made different, for the audit log. Nothing in it is a secret: of headers it has the
//! names alone, of a URL no query (which is how an `Endpoint` is displayed).

use serde_json::{Map, Value, json};

use crate::webhooks::model::{Concurrency, Header, PerSecond, Webhook};

/// The fields that differ, with what they were and what they are.
#[derive(Debug, Default)]
pub(super) struct Differences {
    changed: Vec<&'static str>,
    from: Map<String, Value>,
    to: Map<String, Value>,
    /// Headers that have other values now.
    other_values: Vec<String>,
}

impl Differences {
    /// Name, description, URL, limits and events.
    pub fn between(before: &Webhook, after: &Webhook) -> Self {
        let mut differences = Self::default();
        differences.note("name", before.name != after.name, json!(before.name.as_str()), json!(after.name.as_str()));
        let (old, new) = (before.description.as_str(), after.description.as_str());
        differences.note("description", old != new, json!(old), json!(new));
        let is_elsewhere = before.endpoint != after.endpoint;
        differences.note("url", is_elsewhere, json!(before.endpoint.to_string()), json!(after.endpoint.to_string()));
        let (old, new) = (before.limits.concurrency, after.limits.concurrency);
        differences.note(
            "max_concurrency",
            old != new,
            json!(old.map(Concurrency::count)),
            json!(new.map(Concurrency::count)),
        );
        let (old, new) = (before.limits.per_second, after.limits.per_second);
        differences.note(
            "max_per_second",
            old != new,
            json!(old.map(PerSecond::count)),
            json!(new.map(PerSecond::count)),
        );
        let (old, new) = (before.signing, after.signing);
        differences.note("signing", old != new, json!(old.as_str()), json!(new.as_str()));
        differences.note("events", before.events != after.events, events(before), events(after));
        differences
    }

    /// The request headers, of which the names are told, and whose values are others.
    pub fn add_headers(&mut self, before: &[Header], after: &[Header]) {
        // Names are the same whatever their case, but they are sent as they were typed.
        let names =
            |headers: &[Header]| headers.iter().map(|header| header.name.as_str().to_owned()).collect::<Vec<_>>();
        let (old, new) = (names(before), names(after));
        let is_other = |header: &&Header| before.iter().any(|old| old.name == header.name && old.value != header.value);
        self.other_values = after.iter().filter(is_other).map(|header| header.name.as_str().to_owned()).collect();
        let differs = old != new || !self.other_values.is_empty();
        self.note("headers", differs, json!(old), json!(new));
    }

    fn note(&mut self, field: &'static str, differs: bool, from: Value, to: Value) {
        if differs {
            self.changed.push(field);
            self.from.insert(field.into(), from);
            self.to.insert(field.into(), to);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// The details of the audit entry.
    pub fn details(self) -> Value {
        let mut details = json!({ "changed": self.changed, "from": self.from, "to": self.to });
        if !self.other_values.is_empty() {
            details["other_values"] = json!(self.other_values);
        }
        details
    }
}

/// What a new webhook is, for its audit entry.
pub(super) fn description(webhook: &Webhook) -> Value {
    json!({
        "url": webhook.endpoint.to_string(),
        "state": webhook.state.as_str(),
        "signing": webhook.signing.as_str(),
        "headers": webhook.header_names.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        "events": events(webhook),
    })
}

fn events(webhook: &Webhook) -> Value {
    webhook.events.iter().map(|event| event.as_str()).collect()
}
