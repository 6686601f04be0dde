//! The second factor: codes of an authenticator app, and the recovery codes that stand in for it.

use serde_json::json;

use super::By;
use crate::auth::model::User;
use crate::auth::passwords::{self, HashError, Hasher, SALT_BYTES};
use crate::auth::store::second_factors::{self, SecondFactor};
use crate::auth::store::sessions;
use crate::auth::totp;
use crate::base::{Rng, Secret, SessionId, Timestamp, UserId, Vault};
use crate::db::{Conn, DbError, Tx};

/// Recovery codes that a user is given.
const RECOVERY_CODES: usize = 10;

/// How long a key that was not confirmed is shown.
const TO_CONFIRM: std::time::Duration = std::time::Duration::from_secs(30 * 60);

/// Where somebody is with it.
#[derive(Clone, Debug)]
pub enum State {
    Off,
    /// The key is on the page, and no code of it was shown yet.
    Pending(SecondFactor),
    On(SecondFactor),
}

pub async fn state(conn: &mut Conn, vault: &Vault, user: &UserId, now: Timestamp) -> Result<State, DbError> {
    Ok(match second_factors::find(conn, vault, user).await? {
        Some(factor) if factor.confirmed_at.is_some() => State::On(factor),
        Some(factor) if now < factor.created_at + TO_CONFIRM => State::Pending(factor),
        _ => State::Off,
    })
}

/// Makes a key that waits to be confirmed. `false`: the user has a second factor, which is to be removed first.
pub async fn begin(tx: &mut Tx, by: &By<'_>, vault: &Vault, user: &User) -> Result<bool, DbError> {
    if second_factors::is_confirmed(tx, &user.id).await? {
        return Ok(false);
    }
    second_factors::replace(tx, vault, user, &totp::new_key(by.rng), by.now).await?;
    Ok(true)
}

/// Forgets a key that was not confirmed.
pub async fn cancel(tx: &mut Tx, user: &User) -> Result<(), DbError> {
    if !second_factors::is_confirmed(tx, &user.id).await? {
        second_factors::delete(tx, &user.id).await?;
    }
    Ok(())
}

/// New recovery codes, and what is stored of them. They are shown once.
pub struct RecoveryCodes {
    pub shown: Vec<Secret>,
    salt: [u8; SALT_BYTES],
    hashes: Vec<[u8; 32]>,
}

impl RecoveryCodes {
    /// Ten of 50 random bits. They share a salt, so that one hash tells whether a typed code is one of them.
    pub async fn make(hasher: &Hasher, rng: &dyn Rng) -> Result<Self, HashError> {
        let shown: Vec<_> = (0..RECOVERY_CODES).map(|_| Secret::new(passwords::grouped(&rng.bytes::<10>()))).collect();
        let salt = rng.bytes();
        let hashes = hasher.hash_codes(shown.iter().map(|code| plain(code.expose())).collect(), salt).await?;
        Ok(Self { shown, salt, hashes })
    }
}

/// A recovery code as it is hashed: however it was copied.
fn plain(typed: &str) -> Secret {
    Secret::new(typed.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase())
}

/// From now on sign-in asks for codes, and every other session ends. `false`: there is nothing to confirm any more.
pub async fn enable(
    tx: &mut Tx,
    by: &By<'_>,
    user: &User,
    step: i64,
    codes: &RecoveryCodes,
    here: Option<&SessionId>,
) -> Result<bool, DbError> {
    if !second_factors::confirm(tx, &user.id, by.now).await? {
        return Ok(false);
    }
    second_factors::use_step(tx, &user.id, step).await?;
    second_factors::set_recovery_codes(tx, &user.id, &codes.salt, &codes.hashes).await?;
    end_other_sessions(tx, user, here).await?;
    by.write_down(tx, user.organization_id.as_ref(), "user.second_factor_enabled", &user.email, json!({})).await?;
    Ok(true)
}

/// Replaces the recovery codes, used or not.
pub async fn renew_codes(tx: &mut Tx, by: &By<'_>, user: &User, codes: &RecoveryCodes) -> Result<(), DbError> {
    second_factors::set_recovery_codes(tx, &user.id, &codes.salt, &codes.hashes).await?;
    by.write_down(tx, user.organization_id.as_ref(), "user.recovery_codes_made", &user.email, json!({})).await
}

/// Its owner removes it; every other session ends.
pub async fn remove(tx: &mut Tx, by: &By<'_>, user: &User, here: Option<&SessionId>) -> Result<(), DbError> {
    second_factors::delete(tx, &user.id).await?;
    end_other_sessions(tx, user, here).await?;
    by.write_down(tx, user.organization_id.as_ref(), "user.second_factor_removed", &user.email, json!({})).await
}

/// Somebody else removes it: an admin for a member who has lost the phone, or whoever runs Herald. Every session of the
/// user ends. `false`: there was none.
pub async fn reset(tx: &mut Tx, by: &By<'_>, user: &User) -> Result<bool, DbError> {
    if !second_factors::delete(tx, &user.id).await? {
        return Ok(false);
    }
    sessions::delete_of_user(tx, &user.id).await?;
    by.write_down(tx, user.organization_id.as_ref(), "user.second_factor_reset", &user.email, json!({})).await?;
    Ok(true)
}

async fn end_other_sessions(tx: &mut Tx, user: &User, here: Option<&SessionId>) -> Result<(), DbError> {
    match here {
        Some(here) => sessions::delete_others(tx, &user.id, here).await.map(drop),
        None => sessions::delete_of_user(tx, &user.id).await,
    }
}

/// What a typed code may be, before it is used up.
pub enum Proof {
    App { step: i64 },
    Recovery { hash: [u8; 32] },
}

impl Proof {
    /// The word for the audit log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::App { .. } => "app",
            Self::Recovery { .. } => "recovery_code",
        }
    }
}

/// Looks at a typed code, of the app or for recovery. `None`: it is neither.
pub async fn weigh(
    hasher: &Hasher,
    factor: &SecondFactor,
    typed: &str,
    now: Timestamp,
) -> Result<Option<Proof>, HashError> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    if totp::looks_like_code(&digits) {
        let step = totp::matching_step(&factor.key, &Secret::new(digits), now, factor.last_step);
        return Ok(step.map(|step| Proof::App { step }));
    }
    let code = plain(typed);
    if code.expose().chars().count() != 10 {
        return Ok(None);
    }
    let hashes = hasher.hash_codes(vec![code], factor.recovery_salt).await?;
    Ok(hashes.first().map(|hash| Proof::Recovery { hash: *hash }))
}

/// Uses the code up. `false`: it is none, or was used before.
pub async fn spend(tx: &mut Tx, by: &By<'_>, user: &User, proof: &Proof) -> Result<bool, DbError> {
    match proof {
        Proof::App { step } => second_factors::use_step(tx, &user.id, *step).await,
        Proof::Recovery { hash } => {
            let is_spent = second_factors::use_recovery_code(tx, &user.id, hash, by.now).await?;
            if is_spent {
                let organization = user.organization_id.as_ref();
                by.write_down(tx, organization, "user.recovery_code_used", &user.email, json!({})).await?;
            }
            Ok(is_spent)
        }
    }
}
