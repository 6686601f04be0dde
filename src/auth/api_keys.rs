//! API keys: how programs show who they are.
//!
//! A key is 43 random letters and digits (256 bits) behind a prefix by which people and secret scanners know it. It is
//! shown once; the table keeps its SHA-256 and its first letters. A plain hash is enough: nobody can guess 256 bits,
//! and it is computed for every call.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use sha2::{Digest, Sha256};

use super::model::{Actor, Organization, Source};
use super::store::{api_keys as store, audit};
use crate::base::{ApiKeyId, OrganizationId, Rng, Secret, Timestamp, UserId};
use crate::db::{Conn, DbError};

/// Every key begins with this.
pub const PREFIX: &str = "hrld_";
const RANDOM_LETTERS: usize = 43;
/// Letters of the random part that stay visible.
const SHOWN_LETTERS: usize = 4;
/// A key's last use is written at most this often.
const NOTE_EVERY: Duration = Duration::from_secs(60);

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every GET but secrets.
    Read,
    /// All else, secrets too.
    Write,
    /// Publishing, and nothing else.
    Publish,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Publish];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Publish => "publish",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Publish => "Publish",
        }
    }

    /// What it allows, in a sentence.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Read => "Look at everything but secrets.",
            Self::Write => "Change everything, and see secrets.",
            Self::Publish => "Publish events, and nothing else.",
        }
    }
}

/// Why scopes are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScopes {
    #[error("Choose at least one scope.")]
    None,
    #[error("{0:?} is no scope. Choose among read, write and publish.")]
    Unknown(String),
}

/// The scopes of a key, at least one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidScopes> {
        let mut scopes = Self(0);
        for word in words {
            let scope = Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
            scopes.0 |= 1 << scope.ok_or_else(|| InvalidScopes::Unknown(word.to_owned()))? as u8;
        }
        if scopes.0 == 0 { Err(InvalidScopes::None) } else { Ok(scopes) }
    }

    pub fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromStr for Scopes {
    type Err = InvalidScopes;
    /// `read,publish`, as the table and the command line write it.
    fn from_str(text: &str) -> Result<Self, InvalidScopes> {
        Self::of(text.split(',').map(str::trim).filter(|word| !word.is_empty()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(","))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key, without what it opens with.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub organization: OrganizationId,
    /// Whose it is; `None` for keys made on the command line without a user.
    pub user: Option<UserId>,
    pub name: String,
    /// The letters that stay visible, such as `hrld_7Qm2`.
    pub prefix: String,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// From when on it does not work; `None`: it has no end.
    pub expires_at: Option<Timestamp>,
}

/// Who calls with a valid key.
#[derive(Debug)]
pub struct Caller {
    pub key: ApiKeyId,
    pub scopes: Scopes,
    /// The owner's address, or the one that stands for the key.
    pub email: String,
    pub organization: Organization,
    pub last_use: LastUse,
    pub expires_at: Option<Timestamp>,
}

/// When a key was last used, as far as it was written down, in microseconds.
#[derive(Debug)]
pub struct LastUse(AtomicI64);

impl LastUse {
    pub fn new(at: Option<Timestamp>) -> Self {
        Self(AtomicI64::new(at.map_or(i64::MIN, Timestamp::micros)))
    }

    /// Whether a use at `now` is to be written down: not more often than once in [`NOTE_EVERY`].
    pub fn is_due(&self, now: Timestamp) -> bool {
        is_due(self.0.load(Ordering::Relaxed), now)
    }

    /// The same; whoever is told so is the only one, and writes it down.
    pub fn take_note(&self, now: Timestamp) -> bool {
        let before = self.0.load(Ordering::Relaxed);
        is_due(before, now)
            && self.0.compare_exchange(before, now.micros(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

fn is_due(before: i64, now: Timestamp) -> bool {
    before <= (now - NOTE_EVERY).micros()
}

impl Caller {
    /// Whether the key still works at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Who acts with the key, from `address`.
    pub fn actor(&self, address: Option<IpAddr>) -> Actor {
        Actor {
            organization: self.organization.id.clone(),
            email: self.email.clone(),
            source: Source::ApiKey(self.key.clone()),
            address,
        }
    }
}

/// PERFORMED_BY of what a key without a user does.
pub fn email_of_key(id: &ApiKeyId) -> String {
    format!("{id}@api-keys.invalid")
}

/// What a key is looked up by. `None`: this text cannot be a key.
pub fn hash(key: &str) -> Option<String> {
    let letters = key.strip_prefix(PREFIX)?;
    let is_key = letters.len() == RANDOM_LETTERS && letters.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_key.then(|| BASE64.encode(Sha256::digest(key)))
}

fn generate(rng: &dyn Rng) -> Secret {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut key = String::with_capacity(PREFIX.len() + RANDOM_LETTERS);
    key.push_str(PREFIX);
    while key.len() < PREFIX.len() + RANDOM_LETTERS {
        // Bytes from 248 on are thrown away: 248 is the last multiple of 62, so no letter is likelier than another.
        let usable = rng.bytes::<64>().into_iter().filter(|byte| *byte < 248);
        let room = PREFIX.len() + RANDOM_LETTERS - key.len();
        key.extend(usable.take(room).map(|byte| char::from(LETTERS[usize::from(byte % 62)])));
    }
    Secret::new(key)
}

/// Keys end within this time, or never.
pub const LONGEST_LIFE: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// Why the end of a new key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidExpiry {
    #[error("Choose a time that is still to come, or none.")]
    Past,
    #[error("Choose a time within the next ten years, or none.")]
    TooFar,
}

/// The end of a key that is made at `now`.
pub fn check_expiry(end: Timestamp, now: Timestamp) -> Result<Timestamp, InvalidExpiry> {
    match end {
        end if end <= now => Err(InvalidExpiry::Past),
        end if end > now + LONGEST_LIFE => Err(InvalidExpiry::TooFar),
        end => Ok(end),
    }
}

/// What a new key is to be.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub user: Option<UserId>,
    /// Checked by `model::parse_name`.
    pub name: String,
    pub scopes: Scopes,
    /// From when on it does not work; `None`: it has no end.
    pub expires_at: Option<Timestamp>,
}

/// Makes a key in the actor's organization. The second half of the answer is the key itself, which nobody can be shown
/// again.
pub async fn create(
    conn: &mut Conn,
    now: Timestamp,
    rng: &dyn Rng,
    actor: &Actor,
    new: NewKey,
) -> Result<(ApiKey, Secret), DbError> {
    let secret = generate(rng);
    let key = ApiKey {
        id: ApiKeyId::new(now, rng),
        organization: actor.organization.clone(),
        user: new.user,
        name: new.name,
        prefix: secret.expose()[..PREFIX.len() + SHOWN_LETTERS].to_owned(),
        scopes: new.scopes,
        created_at: now,
        last_used_at: None,
        expires_at: new.expires_at,
    };
    let hash = hash(secret.expose()).expect("a key that was just made has the form of one");
    store::insert(conn, &key, &hash).await?;
    let details = serde_json::json!({ "id": key.id, "prefix": key.prefix, "scopes": key.scopes.to_string(),
        "expires_at": key.expires_at.map(Timestamp::rfc3339) });
    audit::append(conn, now, rng, actor, "api_key.created", &key.name, details).await?;
    Ok((key, secret))
}

/// Ends a key at once. `None`: the organization has no such key, or it is revoked already.
pub async fn revoke(
    conn: &mut Conn,
    now: Timestamp,
    rng: &dyn Rng,
    actor: &Actor,
    id: &ApiKeyId,
) -> Result<Option<ApiKey>, DbError> {
    let Some(key) = store::find(conn, &actor.organization, id).await? else { return Ok(None) };
    if !store::revoke(conn, id, now).await? {
        return Ok(None);
    }
    let details = serde_json::json!({ "id": key.id, "prefix": key.prefix });
    audit::append(conn, now, rng, actor, "api_key.revoked", &key.name, details).await?;
    Ok(Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRng;

    #[test]
    fn a_new_key_is_known_by_its_prefix_and_like_no_other() {
        let (one, other) = (generate(&SystemRng), generate(&SystemRng));
        assert!(one.expose().starts_with("hrld_"));
        assert_eq!(one.expose().len(), 48);
        assert_ne!(one, other);
        assert_eq!(hash(one.expose()), hash(one.expose()));
        assert_ne!(hash(one.expose()), hash(other.expose()));
    }

    #[test]
    fn what_cannot_be_a_key_is_not_looked_up() {
        let good = format!("hrld_{}", "a".repeat(43));
        assert!(hash(&good).is_some());
        for bad in ["", "hrld_", &good[1..], &good[..47], &format!("{good}a"), &good.replace("aaa", "a-a")] {
            assert_eq!(hash(bad), None, "{bad}");
        }
    }

    #[test]
    fn scopes_are_read_back_in_one_order() {
        let scopes: Scopes = "publish, read".parse().unwrap();
        assert_eq!(scopes.to_string(), "read,publish");
        assert!(scopes.contains(Scope::Read) && !scopes.contains(Scope::Write));
        assert_eq!("".parse::<Scopes>(), Err(InvalidScopes::None));
        assert_eq!("read,admin".parse::<Scopes>(), Err(InvalidScopes::Unknown("admin".into())));
    }
}
