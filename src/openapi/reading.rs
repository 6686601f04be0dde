//! Reads the document for people: types in words, fields, sample values.

use serde_json::{Map, Value};

use super::rich::Rich;

const SCHEMAS: &str = "#/components/schemas/";

/// One field of an object, or one parameter of a call.
pub struct Field {
    pub name: String,
    pub is_required: bool,
    /// What it may be, in words.
    pub kind: Rich,
    pub text: Rich,
}

/// A document that is being read.
#[derive(Clone, Copy)]
pub struct Reading<'d>(pub &'d Value);

impl<'d> Reading<'d> {
    /// What a reference leads to; anything else is itself.
    pub fn resolve(self, value: &'d Value) -> &'d Value {
        let target = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        target.and_then(|place| self.0.pointer(place)).unwrap_or(value)
    }

    /// What an object is put together from: itself, or all parts of its `allOf`. Nothing for what is no object with fields.
    pub fn parts(self, schema: &'d Value) -> Vec<&'d Value> {
        let schema = self.resolve(schema);
        match schema["allOf"].as_array() {
            Some(parts) => parts.iter().flat_map(|part| self.parts(part)).collect(),
            None => Some(schema).filter(|schema| schema["properties"].is_object()).into_iter().collect(),
        }
    }

    /// The name of the object that has a section of its own on the page, if that is what `schema` refers to.
    pub fn object_name(self, schema: &'d Value) -> Option<&'d str> {
        let name = schema["$ref"].as_str()?.strip_prefix(SCHEMAS)?;
        (!self.parts(schema).is_empty()).then_some(name)
    }

    /// What a value of this schema may be, in words.
    pub fn kind(self, schema: &'d Value) -> Rich {
        if let Some(name) = self.object_name(schema) {
            let mut rich = Rich::default();
            rich.link(&object_anchor(name), name);
            return rich;
        }
        let schema = self.resolve(schema);
        if let Some(choices) = schema["oneOf"].as_array() {
            return either(choices.iter().map(|choice| self.kind(choice)));
        }
        match &schema["type"] {
            Value::Array(types) => {
                either(types.iter().map(|one| self.plain_kind(schema, one.as_str().unwrap_or("any"))))
            }
            Value::String(one) => self.plain_kind(schema, one),
            _ => Rich::new("any JSON"),
        }
    }

    fn plain_kind(self, schema: &'d Value, name: &str) -> Rich {
        match name {
            "array" => {
                let count = range(schema, "minItems", "maxItems", "");
                let count = count.strip_prefix(", ").map(|count| format!(" ({count})")).unwrap_or_default();
                let mut rich = Rich::new(&format!("list{count} of "));
                rich.append(&self.kind(&schema["items"]));
                rich
            }
            "string" => {
                let what = match schema["format"].as_str() {
                    Some("date-time") => "time",
                    Some("date") => "day",
                    Some("email") => "e-mail address",
                    Some("uri") => "URL",
                    _ => "text",
                };
                Rich::new(&format!("{what}{}", range(schema, "minLength", "maxLength", " characters")))
            }
            "integer" | "number" => Rich::new(&format!("number{}", range(schema, "minimum", "maximum", ""))),
            "boolean" => Rich::new("`true` or `false`"),
            "null" => Rich::new("`null`"),
            _ => Rich::new("object"),
        }
    }

    /// What is said about a value: of its place, else of its type; then the words and the form that it may have.
    fn text(self, schema: &'d Value) -> Rich {
        let inner = schema["oneOf"].as_array().and_then(|choices| choices.first()).unwrap_or(schema);
        let target = self.resolve(inner);
        let is_object = !self.parts(target).is_empty();
        let said = [schema, inner, target].into_iter().find_map(|place| place["description"].as_str());
        let mut rich = Rich::new(said.filter(|_| !is_object || schema["description"].is_string()).unwrap_or_default());
        let items = self.resolve(&target["items"]);
        if let Some(words) = target["enum"].as_array().or_else(|| items["enum"].as_array()) {
            let words: Vec<_> = words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
            rich.sentence(&format!("One of {}.", words.join(", ")));
        }
        if let Some(pattern) = target["pattern"].as_str().or_else(|| target["propertyNames"]["pattern"].as_str()) {
            let what = if target["pattern"].is_string() { "Form" } else { "Form of the names" };
            rich.sentence(&format!("{what}: `{pattern}`."));
        }
        if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
            rich.sentence(&format!("Default: `{}`.", plain(default)));
        }
        rich
    }

    /// The fields of an object, those of objects inside it too, under paths such as `headers[].name`.
    pub fn fields(self, object: &'d Value) -> Vec<Field> {
        let mut found = Vec::new();
        self.collect(object, "", &mut found);
        found
    }

    fn collect(self, object: &'d Value, prefix: &str, found: &mut Vec<Field>) {
        for part in self.parts(object) {
            self.collect_part(part, prefix, found);
        }
    }

    fn collect_part(self, object: &'d Value, prefix: &str, found: &mut Vec<Field>) {
        let required: Vec<_> = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, schema) in object["properties"].as_object().into_iter().flatten() {
            let path = format!("{prefix}{name}");
            found.push(Field {
                name: path.clone(),
                is_required: required.contains(&name.as_str()),
                kind: self.kind(schema),
                text: self.text(schema),
            });
            if schema["properties"].is_object() {
                self.collect(schema, &format!("{path}."), found);
            } else if schema["items"]["properties"].is_object() {
                self.collect(&schema["items"], &format!("{path}[]."), found);
            }
        }
    }

    /// A parameter of a call.
    pub fn parameter(self, parameter: &'d Value) -> Field {
        let schema = &parameter["schema"];
        let mut text = Rich::new(parameter["description"].as_str().unwrap_or_default());
        let about_type = self.text(schema);
        if !about_type.is_empty() {
            text.push(" ");
            text.append(&about_type);
        }
        Field {
            name: parameter["name"].as_str().unwrap_or_default().to_owned(),
            is_required: parameter["required"] == true,
            kind: self.kind(schema),
            text,
        }
    }

    /// A value that the schema allows, from the examples in it.
    pub fn sample(self, schema: &'d Value) -> Value {
        if let Some(example) = schema["examples"].get(0).or_else(|| schema.get("example")) {
            return example.clone();
        }
        if schema["$ref"].is_string() {
            return self.sample(self.resolve(schema));
        }
        if let Some(choices) = schema["oneOf"].as_array().and_then(|choices| choices.first()) {
            return self.sample(choices);
        }
        if let Some(word) = schema.get("default").or_else(|| schema["enum"].get(0)) {
            return word.clone();
        }
        let fields =
            self.parts(schema).into_iter().flat_map(|part| part["properties"].as_object().into_iter().flatten());
        let members: Map<_, _> = fields.map(|(name, field)| (name.clone(), self.sample(field))).collect();
        if !members.is_empty() {
            return Value::Object(members);
        }
        let name = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
        match name {
            "object" => Value::Object(members),
            "array" => Value::Array(vec![self.sample(&schema["items"])]),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| 0.into()),
            "boolean" => Value::Bool(true),
            "string" => "text".into(),
            _ => Value::Null,
        }
    }
}

impl Rich {
    /// Adds a sentence after what is there.
    fn sentence(&mut self, text: &str) {
        if !self.is_empty() {
            self.push(" ");
        }
        self.push(text);
    }
}

/// Where the page explains an object.
pub fn object_anchor(name: &str) -> String {
    format!("object-{name}")
}

fn either(kinds: impl Iterator<Item = Rich>) -> Rich {
    let mut rich = Rich::default();
    for kind in kinds {
        if !rich.is_empty() {
            rich.push(" or ");
        }
        rich.append(&kind);
    }
    rich
}

/// `, 1 to 1,000 characters`, or nothing where there are no limits.
fn range(schema: &Value, least: &str, most: &str, unit: &str) -> String {
    let number = |name: &str| schema.get(name).and_then(Value::as_i64);
    match (number(least), number(most)) {
        (Some(least), Some(most)) => format!(", {} to {}{unit}", grouped(least), grouped(most)),
        (None, Some(most)) => format!(", up to {}{unit}", grouped(most)),
        (Some(least), None) if least > 0 => format!(", at least {}{unit}", grouped(least)),
        _ => String::new(),
    }
}

/// A number with commas between its thousands.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = if number < 0 { "-".to_owned() } else { String::new() };
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A value as people write it: texts without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_told_in_words() {
        let document = json!({ "components": { "schemas": {
            "Id": { "type": "string", "pattern": "^[0-9]$", "description": "A digit." },
            "Thing": { "type": "object", "properties": { "id": { "$ref": "#/components/schemas/Id" } } },
            "More": { "allOf": [{ "$ref": "#/components/schemas/Thing" }, { "type": "object", "properties": { "n": { "type": "null" } } }] },
        } } });
        let more = json!({ "$ref": "#/components/schemas/More" });
        assert_eq!(Reading(&document).fields(&more).len(), 2);
        assert_eq!(Reading(&document).sample(&more), json!({ "id": "text", "n": null }));
        assert_eq!(Reading(&document).kind(&more).to_string(), "<a href=\"#object-More\">More</a>");
        let kind = |schema: &Value| Reading(&document).kind(schema).to_string();
        for (schema, expected) in [
            (json!({ "type": "string", "minLength": 1, "maxLength": 1000 }), "text, 1 to 1,000 characters"),
            (json!({ "type": ["object", "null"] }), "object or <code>null</code>"),
            (
                json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/components/schemas/Thing" } }),
                "list (at least 1) of <a href=\"#object-Thing\">Thing</a>",
            ),
            (
                json!({ "oneOf": [{ "$ref": "#/components/schemas/Id" }, { "type": "null" }] }),
                "text or <code>null</code>",
            ),
            (json!({ "type": "integer", "maximum": -1234567 }), "number, up to -1,234,567"),
            (json!({}), "any JSON"),
        ] {
            assert_eq!(kind(&schema), expected);
        }
    }

    #[test]
    fn fields_inside_fields_have_paths() {
        let document = json!({});
        let object = json!({ "type": "object", "required": ["a"], "properties": {
            "a": { "type": "array", "items": { "type": "object", "properties": { "b": { "type": "string", "default": "x" } } } },
        } });
        let fields = Reading(&document).fields(&object);
        let told: Vec<_> = fields.iter().map(|field| (field.name.as_str(), field.is_required)).collect();
        assert_eq!(told, [("a", true), ("a[].b", false)]);
        assert_eq!(fields[1].text.to_string(), "Default: <code>x</code>.");
    }

    #[test]
    fn samples_follow_the_examples() {
        let document = json!({ "components": { "schemas": { "Id": { "type": "string", "examples": ["7"] } } } });
        let object = json!({ "type": "object", "properties": {
            "id": { "$ref": "#/components/schemas/Id" }, "n": { "type": "integer", "minimum": 3 }, "l": { "type": "array", "items": { "enum": ["a"] } },
        } });
        assert_eq!(Reading(&document).sample(&object), json!({ "id": "7", "n": 3, "l": ["a"] }));
    }
}
