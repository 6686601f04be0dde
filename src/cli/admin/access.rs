//! `herald admin reset-password` and `reset-second-factor`: for somebody who cannot get in, and whom no admin can help.

use serde_json::{Value, json};

use super::{OfUser, by, said, wrong};
use crate::accounts::actions::{credentials, second_factor};
use crate::accounts::urls;
use crate::auth::model::{self, User};
use crate::auth::store::links::VALID;
use crate::auth::store::users;
use crate::base::{Clock, Rng};
use crate::config::Config;
use crate::db::{Conn, Db};
use crate::mail::postbox::link;

async fn user(conn: &mut Conn, asked: &OfUser) -> Result<User, String> {
    let email = model::parse_email(&asked.email).map_err(|error| wrong("email")(&error))?;
    let found = users::find_for_sign_in(conn, &email).await.map_err(said)?.map(|(user, _)| user);
    let user = found.ok_or("--email: nobody has this email address.")?;
    if user.active { Ok(user) } else { Err("--email: this user is deactivated.".into()) }
}

/// The link is printed once; older ones end.
pub async fn reset_password(
    config: &Config,
    db: &Db,
    clock: &dyn Clock,
    rng: &dyn Rng,
    asked: OfUser,
) -> Result<Value, String> {
    let by = by(clock, rng);
    let mut tx = db.begin().await.map_err(said)?;
    let user = user(&mut tx, &asked).await?;
    let code = credentials::make_reset_link(&mut tx, &by, &user).await.map_err(said)?;
    tx.commit().await.map_err(said)?;
    let path = urls::reset_password(&code);
    let url = match &config.public_url {
        Some(public_url) => link(public_url, &path),
        None => format!("http://{}{path}", config.listen),
    };
    Ok(json!({ "id": user.id, "email": user.email, "url": url, "expires_at": (by.now + VALID).rfc3339() }))
}

pub async fn reset_second_factor(db: &Db, clock: &dyn Clock, rng: &dyn Rng, asked: OfUser) -> Result<Value, String> {
    let mut tx = db.begin().await.map_err(said)?;
    let user = user(&mut tx, &asked).await?;
    let was_on = second_factor::reset(&mut tx, &by(clock, rng), &user).await.map_err(said)?;
    tx.commit().await.map_err(said)?;
    Ok(json!({ "id": user.id, "email": user.email, "was_on": was_on }))
}
