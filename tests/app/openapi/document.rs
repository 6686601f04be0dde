//! That the document is well-formed OpenAPI 3.1, as far as readers and generators of code depend on it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Call, document};
use herald::openapi::TAGS;

/// Every value in the document, with its place.
fn walk(value: &Value, place: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(place, value);
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| walk(value, &format!("{place}/{key}"), visit)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, value)| walk(value, &format!("{place}/{n}"), visit))
        }
        _ => {}
    }
}

/// The places that `$ref`s point to.
fn references(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(document, "", &mut |_, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            found.insert(reference.trim_start_matches('#').to_owned());
        }
    });
    found
}

#[test]
fn the_document_says_what_it_is_and_who_made_it() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    assert_eq!(document["info"]["title"], "Herald");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["info"]["license"]["identifier"], "Apache-2.0");
    assert_eq!(document["servers"][0]["url"], "/");
    assert_eq!(document["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_referred_to() {
    let document = document();
    let references = references(&document);
    for reference in &references {
        assert!(document.pointer(reference).is_some(), "{reference} is nowhere");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(references.contains(&format!("/components/schemas/{name}")), "nothing refers to {name}");
    }
}

#[test]
fn every_example_of_an_object_has_the_keys_that_must_be_there_and_no_others() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let Some(properties) = schema["properties"].as_object() else { continue };
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for example in schema["examples"].as_array().into_iter().flatten() {
            let example = example.as_object().unwrap_or_else(|| panic!("an example of {name} is no object"));
            for key in &required {
                assert!(example.contains_key(key.as_str().unwrap()), "the example of {name} lacks {key}");
            }
            for key in example.keys() {
                assert!(properties.contains_key(key), "the example of {name} has {key}, which is no field");
            }
        }
    }
}

#[test]
fn every_call_has_an_id_a_title_a_group_and_all_its_parameters() {
    let mut ids = BTreeSet::new();
    for call in Call::all() {
        let (name, operation) = (call.name(), &call.operation);
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name} has no id"));
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        let title = operation["summary"].as_str().unwrap_or_else(|| panic!("{name} has no title"));
        assert!(!title.ends_with('.') && title.len() < 60, "{name}: {title}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{name}");
        let tag = operation["tags"][0].as_str().unwrap();
        assert!(TAGS.iter().any(|(known, _)| *known == tag), "{name}: {tag}");
        assert!(operation["security"].is_array(), "{name} says who may");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path: Vec<_> = parameters.iter().filter(|parameter| parameter["in"] == "path").collect();
        assert_eq!(in_path.len(), call.path.matches('{').count(), "{name}");
        for parameter in &parameters {
            let parameter_name = parameter["name"].as_str().unwrap();
            assert!(parameter["description"].is_string(), "{name}: {parameter_name} is not explained");
            let is_in_path = parameter["in"] == "path";
            assert_eq!(call.path.contains(&format!("{{{parameter_name}}}")), is_in_path, "{name}: {parameter_name}");
            assert!(!is_in_path || parameter["required"] == true, "{name}: {parameter_name}");
        }
    }
}

#[test]
fn every_call_says_how_it_is_answered_and_refused() {
    for call in Call::all() {
        let (name, answers) = (call.name(), call.operation["responses"].as_object().unwrap());
        assert!(answers.keys().any(|status| status.starts_with('2')), "{name}");
        let has = |status: &str| answers.contains_key(status);
        assert_eq!(call.scope().is_some(), has("401") && has("403") && has("503"), "{name}");
        let reads_body = call.operation.get("requestBody").is_some();
        assert_eq!(reads_body, has("400") && has("413") && has("415") && has("422"), "{name}");
        assert!(call.method == reqwest::Method::GET || has("507"), "{name}");
        if call.path.contains('{') {
            assert!(has("404"), "{name} may not find it");
        }
    }
}
