//! What is wrong with a callback, told from what was pasted and what is known.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::base::{Timestamp, WebhookId};
use crate::delivery::signing::{
    self, InvalidVerifier, SignatureHeaders, SignatureProblem, Signing, TOLERANCE, Verifies as _,
};

use super::body::{self, Change, Difference};
use super::headers::Headers;
use super::search::{self, Content, KeyForm, Recipe, Ways};
use super::secret::{Entered, Key, Owner, Writing};
use super::signature::{self, Fault, Written};

pub const ID: &str = "webhook-id";
pub const TIMESTAMP: &str = "webhook-timestamp";
pub const SIGNATURE: &str = "webhook-signature";

/// A callback as somebody received it, and what his program made of it. Cannot be printed: it holds a secret.
#[derive(Clone, Copy)]
pub struct Pasted<'a> {
    pub headers: &'a Headers,
    pub body: &'a str,
    /// What the receiver's program computed; "" if nobody says.
    pub computed: &'a str,
    /// The secret that the receiver has; "" if nobody says.
    pub secret: &'a str,
}

/// What we know of it.
#[derive(Clone, Debug)]
pub struct Known {
    /// The organization's secrets, even those that do not sign any more.
    pub keys: Vec<Arc<Key>>,
    /// Whose receiver got it; `None`: of any webhook.
    pub webhook: Option<WebhookId>,
    pub sent: Option<Sent>,
    /// When the receiver checked it.
    pub at: Timestamp,
}

/// What the log has of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub id: String,
    pub body: String,
    /// What its attempts were sent with, the latest first.
    pub requests: Vec<Request>,
}

/// Of the headers of an attempt those that differ from one to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub timestamp: String,
    pub signature: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diagnosis {
    /// Every receiver with this secret accepts it.
    Verifies(Arc<Key>),
    /// At least one, the first the one to look at first.
    Causes(Vec<Cause>),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// These are missing; the others under whose names something like them arrived.
    HeadersMissing {
        names: Vec<&'static str>,
        alike: Vec<String>,
    },
    Age(Age),
    OtherSecret(OtherSecret),
    /// It is signed in this way alone, and what was entered is for the other.
    OtherKind(Signing),
    NoSecret(InvalidVerifier),
    SecretWriting(Writing),
    KeyForm(KeyForm),
    Body {
        changes: Vec<Change>,
        difference: Option<Difference>,
    },
    HeaderChanged {
        name: &'static str,
        pasted: String,
        sent: String,
    },
    Content(Content),
    SignatureWriting(Vec<Fault>),
    /// None of the header's signatures is one of ours in any writing.
    NoSignature,
    /// The callback is as it should be, but nothing known makes this of it.
    ComputedUnknown,
    /// It is signed by a key pair, whose signatures receivers cannot compute.
    NothingToCompute,
    /// Nothing of all that is known here explains it; with how many secrets it was tried.
    Unknown {
        secrets: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Seconds.
    TooOld(u64),
    /// Seconds.
    TooNew(u64),
    Milliseconds,
    NoNumber,
}

/// It was signed with another secret than the receiver has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherSecret {
    /// `None`: with one that this organization does not have, or no longer.
    pub signed_with: Option<Arc<Key>>,
    /// It is the signature that was sent, so the secret was this organization's and is kept no longer.
    pub is_forgotten: bool,
    /// The one that was entered.
    pub entered: Option<Arc<Key>>,
}

/// Says what is wrong with a callback, if anything.
pub fn diagnose(pasted: Pasted<'_>, known: &Known) -> Diagnosis {
    match Case::new(pasted, known) {
        Ok(case) => case.diagnosis(),
        Err(missing) => Diagnosis::Causes(vec![missing]),
    }
}

/// A callback that has all it takes.
struct Case<'a> {
    id: &'a str,
    timestamp: &'a str,
    signature: &'a str,
    body: &'a str,
    computed: Vec<Written>,
    entered: Option<Entered>,
    sent: Option<&'a Sent>,
    at: Timestamp,
    /// The receiver's come first: as many as `expected` says.
    keys: Vec<Arc<Key>>,
    expected: usize,
}

impl<'a> Case<'a> {
    fn new(pasted: Pasted<'a>, known: &'a Known) -> Result<Self, Cause> {
        let headers = pasted.headers;
        let (Some(id), Some(timestamp), Some(signature)) =
            (headers.get(ID), headers.get(TIMESTAMP), headers.get(SIGNATURE))
        else {
            let names = [ID, TIMESTAMP, SIGNATURE].into_iter().filter(|name| headers.get(name).is_none()).collect();
            return Err(Cause::HeadersMissing { names, alike: headers.alike() });
        };
        let entered = Entered::read(pasted.secret, &known.keys);
        let (keys, expected) = ranked(known, entered.as_ref());
        Ok(Self {
            id,
            timestamp,
            signature,
            body: pasted.body,
            computed: signature::read(pasted.computed),
            entered,
            sent: known.sent.as_ref(),
            at: known.at,
            keys,
            expected,
        })
    }

    fn diagnosis(&self) -> Diagnosis {
        let holds = self.holds();
        let mut causes = match holds {
            Some(_) => Vec::new(),
            None => self.why_not(),
        };
        causes.extend(self.entered_wrong());
        for cause in self.computed_wrong(holds.is_some()) {
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        causes.extend(self.age());
        match (holds, causes.is_empty()) {
            (Some(key), true) => Diagnosis::Verifies(key.clone()),
            (None, true) => Diagnosis::Causes(vec![Cause::Unknown { secrets: self.keys.len() }]),
            (_, false) => Diagnosis::Causes(causes),
        }
    }

    /// The receiver's secret that the signature holds with, whatever its age.
    fn holds(&self) -> Option<&Arc<Key>> {
        let expected = self.keys.iter().take(self.expected);
        expected.into_iter().find(|key| self.verify(key).is_ok())
    }

    /// What a receiver with this key says of the signature, whatever its age.
    fn verify(&self, key: &Key) -> Result<(), SignatureProblem> {
        let headers =
            SignatureHeaders { id: Some(self.id), timestamp: Some(self.timestamp), signature: Some(self.signature) };
        let sent = self.timestamp.parse().map_err(|_| SignatureProblem::Timestamp)?;
        signing::verify(&key.secret, headers, self.body.as_bytes(), sent, TOLERANCE)
    }

    /// The way in which it is signed, where what was entered is for the other one.
    fn other_kind(&self) -> Option<Signing> {
        let Some(Entered::Secret(key, _)) = &self.entered else { return None };
        match self.verify(key) {
            Err(SignatureProblem::NeedsPublicKey) => Some(Signing::Asymmetric),
            Err(SignatureProblem::NeedsSecret) => Some(Signing::Symmetric),
            _ => None,
        }
    }

    fn why_not(&self) -> Vec<Cause> {
        let written = signature::read(self.signature);
        if written.is_empty() {
            return vec![Cause::NoSignature];
        }
        if let Some(signing) = self.other_kind() {
            return vec![Cause::OtherKind(signing)];
        }
        if let Some((recipe, found)) = self.find(&written) {
            return self.causes(&recipe, &found.faults);
        }
        match self.sent {
            Some(sent) if sent.body != self.body => vec![self.body_changed(&sent.body)],
            Some(sent) if sent.id == self.id => vec![self.other_secret(None)],
            _ => vec![Cause::Unknown { secrets: self.keys.len() }],
        }
    }

    /// How one of these signatures was made.
    fn find<'w>(&self, written: &'w [Written]) -> Option<(OwnRecipe, &'w Written)> {
        let (ids, timestamps, bodies) = (self.ids(), self.timestamps(), self.bodies());
        let ways = Ways { keys: &self.keys, ids: &ids, timestamps: &timestamps, bodies: &bodies };
        let (recipe, found) = search::find(&ways, written)?;
        Some((OwnRecipe::of(&recipe), found))
    }

    fn ids(&self) -> Vec<String> {
        let in_body = serde_json::from_str::<serde_json::Value>(self.body).ok();
        let in_body = in_body.and_then(|body| body.get("EVENT_ID")?.as_str().map(str::to_owned));
        distinct([Some(self.id.to_owned()), in_body, self.sent.map(|sent| sent.id.clone())].into_iter().flatten())
    }

    fn timestamps(&self) -> Vec<String> {
        let sent = self.sent.iter().flat_map(|sent| &sent.requests).map(|request| request.timestamp.clone());
        let seconds = self.timestamp.parse::<i64>().map(|milliseconds| (milliseconds / 1000).to_string()).ok();
        distinct(
            std::iter::once(self.timestamp.to_owned()).chain(seconds.filter(|_| self.is_in_milliseconds())).chain(sent),
        )
    }

    fn bodies(&self) -> Vec<String> {
        let others = match self.sent {
            Some(sent) => vec![sent.body.clone()],
            None => body::guesses(self.body),
        };
        distinct(std::iter::once(self.body.to_owned()).chain(others))
    }

    /// In what the making of a signature differs from what it should be.
    fn causes(&self, recipe: &OwnRecipe, faults: &[Fault]) -> Vec<Cause> {
        let mut causes = Vec::new();
        let is_expected = self.keys.iter().take(self.expected).any(|key| *key == recipe.key);
        if !is_expected && !matches!(self.entered, Some(Entered::Unreadable(_))) {
            causes.push(self.other_secret(Some(recipe.key.clone())));
        }
        if recipe.body != self.body {
            causes.push(self.body_changed(&recipe.body));
        }
        let changed =
            |name, pasted: &str, sent: &str| Cause::HeaderChanged { name, pasted: pasted.into(), sent: sent.into() };
        if recipe.id != self.id {
            causes.push(changed(ID, self.id, &recipe.id));
        }
        if recipe.timestamp != self.timestamp && !self.is_in_milliseconds() {
            causes.push(changed(TIMESTAMP, self.timestamp, &recipe.timestamp));
        }
        if recipe.form != KeyForm::Decoded {
            causes.push(Cause::KeyForm(recipe.form));
        }
        if recipe.content != Content::Whole {
            causes.push(Cause::Content(recipe.content));
        }
        if !faults.is_empty() {
            causes.push(Cause::SignatureWriting(faults.to_vec()));
        }
        causes
    }

    fn body_changed(&self, sent: &str) -> Cause {
        Cause::Body { changes: body::changes(sent, self.body), difference: body::difference(sent, self.body) }
    }

    fn other_secret(&self, signed_with: Option<Arc<Key>>) -> Cause {
        let entered = match &self.entered {
            Some(Entered::Secret(key, _)) => Some(key.clone()),
            _ => None,
        };
        let was_sent = |sent: &Sent| sent.requests.iter().any(|request| request.signature == self.signature);
        let is_forgotten = signed_with.is_none() && self.sent.is_some_and(was_sent);
        Cause::OtherSecret(OtherSecret { signed_with, is_forgotten, entered })
    }

    /// What is wrong with the secret that was entered, by itself.
    fn entered_wrong(&self) -> Option<Cause> {
        match self.entered.as_ref()? {
            Entered::Unreadable(problem) => Some(Cause::NoSecret(*problem)),
            Entered::Secret(_, Writing::Ours | Writing::WithoutPrefix) => None,
            Entered::Secret(_, writing) => Some(Cause::SecretWriting(*writing)),
        }
    }

    /// What the receiver's program does in another way, told from the signature that it computed.
    fn computed_wrong(&self, holds: bool) -> Vec<Cause> {
        if self.computed.is_empty() {
            return Vec::new();
        }
        let expected = &self.keys[..self.expected];
        if !expected.is_empty() && expected.iter().all(|key| key.secret.signing() == Signing::Asymmetric) {
            return vec![Cause::NothingToCompute];
        }
        match self.find(&self.computed) {
            Some((recipe, found)) => {
                // Programs compute what follows `v1,`.
                let faults: Vec<_> = found
                    .faults
                    .iter()
                    .copied()
                    .filter(|fault| !matches!(fault, Fault::Mark | Fault::KeyMark))
                    .collect();
                self.causes(&recipe, &faults)
            }
            None if holds => vec![Cause::ComputedUnknown],
            None => Vec::new(),
        }
    }

    fn age(&self) -> Option<Cause> {
        let Ok(sent) = self.timestamp.parse::<i64>() else { return Some(Cause::Age(Age::NoNumber)) };
        let (now, seconds) = (self.at.seconds(), self.at.seconds().abs_diff(sent));
        match seconds > TOLERANCE {
            false => None,
            true if self.is_in_milliseconds() => Some(Cause::Age(Age::Milliseconds)),
            true if sent < now => Some(Cause::Age(Age::TooOld(seconds))),
            true => Some(Cause::Age(Age::TooNew(seconds))),
        }
    }

    /// Milliseconds of any time that we can have sent at are, as seconds, tens of thousands of years ahead.
    fn is_in_milliseconds(&self) -> bool {
        const CENTURY: u64 = 100 * 365 * 24 * 60 * 60;
        let now = self.at.seconds();
        let is_near = |sent: i64| now.abs_diff(sent) < CENTURY;
        self.timestamp.parse::<i64>().is_ok_and(|given| !is_near(given) && is_near(given / 1000))
    }
}

/// A [`Recipe`] that outlives what it was looked for in.
struct OwnRecipe {
    key: Arc<Key>,
    form: KeyForm,
    content: Content,
    id: String,
    timestamp: String,
    body: String,
}

impl OwnRecipe {
    fn of(recipe: &Recipe<'_>) -> Self {
        let &Recipe { key, form, content, id, timestamp, body } = recipe;
        Self { key: Arc::clone(key), form, content, id: id.into(), timestamp: timestamp.into(), body: body.into() }
    }
}

/// The secrets in the order in which they are tried, and how many of them the receiver may have: the one that was entered,
/// or else those of the webhook, or else all.
fn ranked(known: &Known, entered: Option<&Entered>) -> (Vec<Arc<Key>>, usize) {
    let mut keys = known.keys.clone();
    let is_expected = |key: &Arc<Key>| match (entered, &known.webhook) {
        (Some(Entered::Secret(entered, _)), _) => key == entered,
        (Some(Entered::Unreadable(_)), _) => false,
        (None, Some(webhook)) => key.is_of(webhook),
        (None, None) => true,
    };
    if let Some(Entered::Secret(key, _)) = entered
        && key.owner == Owner::Nobody
    {
        keys.push(Arc::clone(key));
    }
    keys.sort_by_key(|key| Reverse(is_expected(key)));
    let expected = keys.iter().filter(|key| is_expected(key)).count();
    (keys, expected)
}

fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut all = Vec::new();
    for text in texts {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}
