//! The doctor's words: what is wrong, and what to do about it.

use std::time::Duration;

use crate::base::{TimeZone, Timestamp};
use crate::delivery::signing::{InvalidVerifier, Signing, TOLERANCE};
use crate::web::Moment;
use crate::webhooks::guide;

use super::body::{Change, Difference};
use super::diagnosis::{Age, Cause, Diagnosis, OtherSecret};
use super::search::{Content, KeyForm};
use super::secret::{Key, Owner, Writing};
use super::signature::Fault;

/// A diagnosis as the page shows it.
#[derive(Debug)]
pub struct Answer {
    pub holds: bool,
    /// One, or a few: what to look at first comes first.
    pub findings: Vec<Finding>,
}

#[derive(Debug, Default)]
pub struct Finding {
    pub title: &'static str,
    pub text: String,
    /// What to do.
    pub advice: String,
    pub difference: Option<Difference>,
}

/// Puts a diagnosis into words; `now` is when the receiver is taken to have checked.
pub fn answer(diagnosis: Diagnosis, now: Timestamp, zone: TimeZone) -> Answer {
    let speaker = Speaker { now, zone };
    match diagnosis {
        Diagnosis::Verifies(key) => Answer { holds: true, findings: vec![speaker.verifies(&key)] },
        Diagnosis::Causes(causes) => {
            Answer { holds: false, findings: causes.into_iter().map(|cause| speaker.finding(cause)).collect() }
        }
    }
}

struct Speaker {
    now: Timestamp,
    zone: TimeZone,
}

impl Speaker {
    fn verifies(&self, key: &Key) -> Finding {
        Finding {
            title: "This verifies",
            text: format!(
                "The signature was made with {}, over exactly this body, and its timestamp is within {}.",
                self.secret(key),
                span(TOLERANCE)
            ),
            advice: "If your program refuses it all the same, enter the secret that it has and the signature that it computes: \
                     then its mistake can be found."
                .into(),
            ..Finding::default()
        }
    }

    fn finding(&self, cause: Cause) -> Finding {
        match cause {
            Cause::HeadersMissing { names, alike } => headers_missing(&names, &alike),
            Cause::Age(age) => of_age(age),
            Cause::OtherSecret(other) => self.other_secret(&other),
            Cause::OtherKind(signing) => other_kind(signing),
            Cause::NoSecret(problem) => no_secret(problem),
            Cause::SecretWriting(writing) => secret_writing(writing),
            Cause::KeyForm(form) => key_form(form),
            Cause::Body { changes, difference } => Finding { difference, ..of_body(&changes) },
            Cause::HeaderChanged { name, pasted, sent } => Finding {
                title: "Header changed",
                text: format!("{name} is {pasted}, but what was signed is {sent}."),
                advice: "Take all three headers from one and the same request, as they arrived.".into(),
                ..Finding::default()
            },
            Cause::Content(content) => of_content(content),
            Cause::SignatureWriting(faults) => of_faults(&faults),
            Cause::NoSignature => Finding {
                title: "Wrong encoding of the signature",
                text: "webhook-signature holds nothing that can be a signature: v1, and the base64 of 32 bytes, or v1a, and that of 64.".into(),
                advice: "Look whether it was cut off, or replaced by something between us and your program. A signature has 44 \
                         characters after v1, and ends with =; after v1a, it has 88 and ends with ==."
                    .into(),
                ..Finding::default()
            },
            Cause::ComputedUnknown => Finding {
                title: "None of the known causes",
                text: "The callback is right: its signature holds. What your program computed is none of what the usual \
                       mistakes come to."
                    .into(),
                advice: "Enter the secret that your program has, if you did not. Then compare your code with the programs of \
                         the guide, and let it print what it signs: webhook-id, a full stop, webhook-timestamp, a full stop, and the \
                         body as it arrived."
                    .into(),
                ..Finding::default()
            },
            Cause::NothingToCompute => Finding {
                title: "Nothing to compute",
                text: "The instance signs with a key pair (v1a, ed25519). Only we can compute its signatures; what your program \
                       computed is something else."
                    .into(),
                advice: "Verify the signature instead, with the public key, whpk_…, of the instance’s page: over webhook-id, a full \
                         stop, webhook-timestamp, a full stop, and the body as it arrived."
                    .into(),
                ..Finding::default()
            },
            Cause::Unknown { secrets } => unknown(secrets),
        }
    }

    fn other_secret(&self, other: &OtherSecret) -> Finding {
        let signed = other.signed_with.as_ref().map(|key| self.secret(key));
        let entered = other.entered.as_ref().map(|key| match &key.owner {
            Owner::Nobody => "the one that you entered, which no instance of your organization has".to_owned(),
            Owner::Webhook { .. } => format!("the one that you entered, {}", self.secret(key)),
        });
        let text = match (signed, entered) {
            (Some(signed), Some(entered)) => format!("The signature was made with {signed}, not with {entered}."),
            (Some(signed), None) => format!("The signature was made with {signed}, not with one of the instance that you chose."),
            (None, _) if other.is_forgotten => {
                "This is the signature that was sent, made with a secret that was rotated out since and is kept no longer.".to_owned()
            }
            (None, Some(entered)) => {
                format!("It was made with a secret that your organization does not have, or no longer, and not with {entered}.")
            }
            (None, None) => "The callback is as it was sent, but its signature was made with none of your organization’s secrets."
                .to_owned(),
        };
        let advice = match other.signed_with.as_deref() {
            None if other.is_forgotten => {
                "Give your program the secret that signs now, and redeliver: attempts are signed anew each time.".to_owned()
            }
            Some(Key { owner: Owner::Webhook { name, .. }, ends_at: Some(_), .. }) => {
                format!("The secret of {name} was rotated. Reveal the new one on the page of {name} and give it to your program.")
            }
            Some(Key { owner: Owner::Webhook { name, .. }, .. }) => {
                format!("Reveal the secret on the page of {name}, and give that one to the program that gets its callbacks.")
            }
            _ => "Look whether it came from here at all, and whether the secret was rotated or its instance deleted since.".to_owned(),
        };
        Finding { title: "Other secret", text, advice, difference: None }
    }

    /// `the secret of CRM sync`, with what became of it.
    fn secret(&self, key: &Key) -> String {
        let Owner::Webhook { name, .. } = &key.owner else {
            return if key.is_public() { "the public key that you entered" } else { "the secret that you entered" }
                .into();
        };
        let at = |at| Moment::exact(at, self.zone).text;
        let noun = if key.is_public() { "key pair" } else { "secret" };
        match key.ends_at {
            None => format!("the {noun} of {name}"),
            Some(end) if end > self.now => format!("the old {noun} of {name}, which signs until {}", at(end)),
            Some(end) => format!("the old {noun} of {name}, which signed until {}", at(end)),
        }
    }
}

fn headers_missing(names: &[&str], alike: &[String]) -> Finding {
    let (are, them) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
    let advice = if alike.is_empty() {
        format!(
            "Every callback has {them}. Look what stands before your program: a proxy, a gateway or a function’s settings may let \
             only some headers through."
        )
    } else {
        format!("There is {}. Use the names webhook-id, webhook-timestamp and webhook-signature.", listed(alike))
    };
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    Finding {
        title: "Header missing",
        text: format!("{} {are} missing, or empty.", listed(&names)),
        advice,
        difference: None,
    }
}

fn of_age(age: Age) -> Finding {
    let allowed = span(TOLERANCE);
    let (title, text, advice) = match age {
        Age::TooOld(seconds) => (
            "Timestamp too old",
            format!("It was sent {} before it was checked; {allowed} are allowed.", span(seconds)),
            "If your program checked it when it arrived, the clock of its machine is fast. If it checks later, from a queue, check \
             on arrival and queue what holds. If you only pasted it late, then this is why.",
        ),
        Age::TooNew(seconds) => (
            "Timestamp ahead",
            format!("It was sent {} after it was checked; {allowed} are allowed.", span(seconds)),
            "Set the clock of the machine that checks: it is slow.",
        ),
        Age::Milliseconds => (
            "Wrong encoding of the timestamp",
            "webhook-timestamp is in milliseconds here. It is sent in seconds, and signed so.".to_owned(),
            "Use the header’s text as it arrived.",
        ),
        Age::NoNumber => (
            "Wrong encoding of the timestamp",
            "webhook-timestamp is no number here. It is sent as seconds since 1970, and signed so.".to_owned(),
            "Use the header’s text as it arrived, before anything makes a date of it.",
        ),
    };
    Finding { title, text, advice: advice.into(), difference: None }
}

fn no_secret(problem: InvalidVerifier) -> Finding {
    Finding {
        title: "Wrong encoding of the secret",
        text: format!("What you entered is no signing secret. {problem}"),
        advice: "Reveal the secret on the instance’s page, and copy all of it.".into(),
        ..Finding::default()
    }
}

fn other_kind(signing: Signing) -> Finding {
    let (text, advice) = match signing {
        Signing::Asymmetric => (
            "The instance signs with a key pair: there is only a v1a signature. What you entered is a secret, for v1.",
            "Give your program the public key, whpk_…, of the instance’s page, and let it verify v1a with ed25519; or choose \
             symmetric signing in the instance’s form.",
        ),
        Signing::Symmetric => (
            "The instance signs with a secret: there is only a v1 signature. What you entered is a public key, for v1a.",
            "Give your program the signing secret, whsec_…; or choose asymmetric signing in the instance’s form.",
        ),
    };
    Finding { title: "Other way of signing", text: text.into(), advice: advice.into(), ..Finding::default() }
}

fn secret_writing(writing: Writing) -> Finding {
    let text = match writing {
        Writing::Ours | Writing::WithoutPrefix => "It is as it should be.",
        Writing::Wrapped => "The secret has quotes around it. They become a part of it.",
        Writing::UrlAlphabet => "The secret is in another base64 than ours, with - and _ or without the = at its end.",
        Writing::Hex => "The secret is in hexadecimal digits.",
        Writing::EncodedAgain => "The secret is in base64 once more: its whole text, whsec_ included, was encoded.",
    };
    Finding {
        title: "Wrong encoding of the secret",
        text: text.into(),
        advice: "Keep it as it is shown: whsec_ and base64, nothing around it.".into(),
        ..Finding::default()
    }
}

fn key_form(form: KeyForm) -> Finding {
    let text = match form {
        KeyForm::Decoded => "The key is right.",
        KeyForm::WithPrefix => "The secret’s whole text, whsec_ included, was used as the key.",
        KeyForm::WithoutPrefix => "The secret’s text after whsec_ was used as the key, without decoding it.",
    };
    Finding {
        title: "Wrong encoding of the secret",
        text: text.into(),
        advice: "Take what follows whsec_, decode it from base64, and use those bytes as the key.".into(),
        ..Finding::default()
    }
}

fn of_body(changes: &[Change]) -> Finding {
    use Change::*;
    let is_any = |of: &[Change]| changes.iter().any(|change| of.contains(change));
    let (title, advice) = if is_any(&[ByteOrderMark, DoubleEncoded, CharacterSet, Base64, Quoted]) {
        (
            "Wrong encoding of the body",
            "Take the body as bytes, before anything decodes it. It is UTF-8; where text is needed, decode it as that, once.",
        )
    } else if is_any(&[KeyOrder, WhiteSpace, Escapes, Numbers]) {
        (
            "Body re-serialized",
            "Check the signature over the body as it arrived, before it is parsed. JSON that was parsed and written again is another \
             text, whatever it means.",
        )
    } else if changes == [Ends] {
        (
            "Body changed",
            "If that came with the pasting, the rest is right. Otherwise take the body as it arrived, without adding or trimming anything.",
        )
    } else {
        ("Body changed", "Take headers and body from one and the same request, and the body whole, as it arrived.")
    };
    let told: Vec<_> = changes.iter().map(|change| told(*change).to_owned()).collect();
    let text = format!("The body is not the one that was signed: {}.", listed(&told));
    Finding { title, text, advice: advice.into(), difference: None }
}

fn told(change: Change) -> &'static str {
    match change {
        Change::Empty => "it is empty",
        Change::ByteOrderMark => "a byte order mark stands before it",
        Change::Ends => "there is white space or a line break at its beginning or end",
        Change::WhiteSpace => "there is white space between its parts",
        Change::KeyOrder => "its keys or values stand in another order",
        Change::Escapes => "characters are escaped in another way",
        Change::Numbers => "numbers are written in another way",
        Change::DoubleEncoded => "its UTF-8 was read as another character set",
        Change::CharacterSet => "characters beyond ASCII were lost",
        Change::Quoted => "it is JSON in a JSON string",
        Change::Base64 => "it is in base64",
        Change::Truncated => "its end is missing",
        Change::Other => "it says something else",
    }
}

fn of_content(content: Content) -> Finding {
    let text = match content {
        Content::Whole => "What was signed is right.".to_owned(),
        Content::BodyAlone => "Only the body was signed.".to_owned(),
        Content::WithoutId => "The id was left out of what was signed.".to_owned(),
        Content::WithoutTimestamp => "The timestamp was left out of what was signed.".to_owned(),
        Content::TimestampFirst => "In what was signed, the timestamp stands before the id.".to_owned(),
        Content::Joined("") => "In what was signed, nothing stands between id, timestamp and body.".to_owned(),
        Content::Joined("\n") => "In what was signed, line breaks stand between id, timestamp and body.".to_owned(),
        Content::Joined(by) => format!("In what was signed, “{by}” stands between id, timestamp and body."),
    };
    Finding {
        title: "Wrong content signed",
        text,
        advice: "Sign webhook-id, a full stop, webhook-timestamp, a full stop, and the body.".into(),
        ..Finding::default()
    }
}

fn of_faults(faults: &[Fault]) -> Finding {
    let told = |fault: &Fault| match fault {
        Fault::Mark => "it does not begin with v1,",
        Fault::KeyMark => "it does not begin with v1a,",
        Fault::Hex => "it is in hexadecimal digits",
        Fault::HexInBase64 => "hexadecimal digits were made base64",
        Fault::Base64Url => "it is in the base64 of URLs, with - and _",
        Fault::Unpadded => "the = at its end is missing",
        Fault::PercentEncoded => "it has the escapes of a URL, such as %2B",
    };
    let told: Vec<_> = faults.iter().map(|fault| told(fault).to_owned()).collect();
    Finding {
        title: "Wrong encoding of the signature",
        text: format!("The signature is right, but not as it is written: {}.", listed(&told)),
        advice: if faults.contains(&Fault::KeyMark) {
            "Verify what follows v1a, decoded from base64: 64 bytes."
        } else {
            "Compare v1, and the base64 of the HMAC’s 32 bytes."
        }
        .into(),
        ..Finding::default()
    }
}

fn unknown(secrets: usize) -> Finding {
    let secrets = if secrets == 1 { "the one secret".to_owned() } else { format!("all {secrets} secrets") };
    Finding {
        title: "None of the known causes",
        text: format!(
            "The event is not in the log, so the body cannot be compared with what was sent. The signature was tried with {secrets} \
             of your organization, and with the usual changes of the body, and none of them comes to it."
        ),
        advice: "Look whether webhook-id is the one that arrived, and whether the callback came from here. Choose an attempt from \
                 the log to start from what was really sent."
            .into(),
        ..Finding::default()
    }
}

fn span(seconds: u64) -> String {
    guide::span(Duration::from_secs(seconds))
}

/// `a, b and c`.
fn listed(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_people_say_them() {
        let texts = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([1, 2, 3].map(|count| listed(&texts[..count])), ["a", "a and b", "a, b and c"]);
    }
}
