//! The members of an object, taken one by one; what nobody takes is refused.

use std::borrow::Cow;

use super::value::Value;
use crate::web::problem::FieldProblem;

/// The members of one object of a body. Every complaint is noted under the member's path.
pub struct Fields<'a, 'e> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
    prefix: String,
    errors: &'e mut Vec<FieldProblem>,
}

impl<'a, 'e> Fields<'a, 'e> {
    /// Reads `value`, which stands at `path` ("" for the body itself). `None`, and a complaint, if it is no object.
    pub fn of(value: Value<'a>, path: &str, errors: &'e mut Vec<FieldProblem>) -> Option<Self> {
        let Some(members) = value.members() else {
            errors.push(FieldProblem::new(path, "Send an object."));
            return None;
        };
        let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
        Some(Self { members: members.collect(), prefix, errors })
    }

    /// Takes a member out; `null` counts as left out.
    pub fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let place = self.members.iter().position(|(key, _)| key == name)?;
        let (_, value) = self.members.remove(place);
        (!value.is_null()).then_some(value)
    }

    /// Whether a member is there and says something.
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(key, value)| key == name && !value.is_null())
    }

    /// Whether a member is there and says `null`.
    pub fn is_null(&self, name: &str) -> bool {
        self.members.iter().any(|(key, value)| key == name && value.is_null())
    }

    /// Reads the members of an object that stands at `place`, which begins with the name of a member. `None`, and a complaint, if
    /// it is no object; what `read` does not take is refused.
    pub fn inside<'v, T>(
        &mut self,
        place: &str,
        value: Value<'v>,
        read: impl FnOnce(&mut Fields<'v, '_>) -> T,
    ) -> Option<T> {
        let mut fields = Fields::of(value, &format!("{}{place}", self.prefix), self.errors)?;
        let read = read(&mut fields);
        fields.finish();
        Some(read)
    }

    /// Takes a member out that must be there; complains with `missing` if it is not.
    pub fn require(&mut self, name: &str, missing: &'static str) -> Option<Value<'a>> {
        let value = self.take(name);
        if value.is_none() {
            self.complain(name, missing);
        }
        value
    }

    /// Notes what is wrong at `place`, which begins with the name of a member.
    pub fn complain(&mut self, place: &str, message: impl Into<Cow<'static, str>>) {
        self.errors.push(FieldProblem::new(format!("{}{place}", self.prefix), message));
    }

    /// Takes the value out of a result, or notes what is wrong at `place`.
    pub fn check<T, E: ToString>(&mut self, place: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.complain(place, error.to_string())).ok()
    }

    /// Refuses all that was not taken.
    pub fn finish(mut self) {
        for (name, _) in std::mem::take(&mut self.members) {
            self.complain(&name, "There is no such field.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::json::Document;

    #[test]
    fn everything_that_is_wrong_is_told_by_its_path() {
        let document = Document::parse(br#"{"name":null,"size":1,"odd\n":2,"odder":{}}"#, None).unwrap();
        let mut errors = Vec::new();
        let mut fields = Fields::of(document.root(), "events[3]", &mut errors).unwrap();
        assert!(fields.is_null("name") && !fields.is_null("size") && !fields.is_null("other"));
        assert!(fields.require("name", "Send a name.").is_none());
        assert_eq!(fields.take("size").unwrap().raw(), "1");
        assert!(fields.take("size").is_none());
        let inner = Document::parse(br#"{"a":1,"b":2}"#, None).unwrap();
        assert!(fields.inside("list[0]", inner.root(), |inner| inner.take("a").is_some()).unwrap());
        assert!(fields.inside("list[1]", Document::parse(b"7", None).unwrap().root(), |_| ()).is_none());
        fields.finish();
        let told: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.message.as_ref())).collect();
        let unknown = "There is no such field.";
        let expected = [
            ("events[3].name", "Send a name."),
            ("events[3].list[0].b", unknown),
            ("events[3].list[1]", "Send an object."),
            ("events[3].odd\n", unknown),
            ("events[3].odder", unknown),
        ];
        assert_eq!(told, expected);
        assert!(Fields::of(Document::parse(b"[]", None).unwrap().root(), "", &mut errors).is_none());
    }
}
