//! Where one is signed in, and how to end that.

use actix_web::web;

use crate::accounts::actions::credentials;
use crate::accounts::pages::by;
use crate::accounts::urls;
use crate::auth::store::sessions;
use crate::base::{SessionId, TimeZone, Timestamp};
use crate::db::{Conn, DbError};
use crate::web::guard::SignedIn;
use crate::web::{Context, Error, Hx, Moment, Result, Toast, agent, see_other, session};

/// A session on the page.
pub(super) struct Row {
    /// Browser and system in words.
    pub device: String,
    pub address: String,
    pub signed_in: Moment,
    pub seen: Moment,
    /// The one that the page is looked at with.
    pub is_here: bool,
    pub end_url: String,
}

pub(super) async fn rows(
    conn: &mut Conn,
    somebody: &SignedIn,
    now: Timestamp,
) -> std::result::Result<Vec<Row>, DbError> {
    let here = session::id(somebody.session());
    let zone = somebody.organization.as_ref().map_or(TimeZone::UTC, |organization| organization.time_zone);
    let listed = sessions::list_of_user(conn, &somebody.user.id, now).await?;
    let mut rows: Vec<_> = listed
        .into_iter()
        .map(|listed| Row {
            device: agent::words(&listed.agent),
            address: listed.address.unwrap_or_else(|| "unknown address".into()),
            signed_in: Moment::relative(listed.created_at, now, zone),
            seen: Moment::relative(listed.seen_at, now, zone),
            is_here: here.as_ref() == Some(&listed.id),
            end_url: urls::end_session(&listed.id),
        })
        .collect();
    rows.sort_by_key(|row| !row.is_here);
    Ok(rows)
}

/// POST /profile/sessions/{id}/end
pub async fn end(somebody: SignedIn, context: web::Data<Context>, id: web::Path<SessionId>, hx: Hx) -> Result {
    let by = by(&context, &somebody.user.email, somebody.address);
    let mut tx = context.db.begin().await?;
    // One that has just ended by itself is as well.
    if !credentials::end_session(&mut tx, &by, &somebody.user, &id).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    if session::id(somebody.session()).as_ref() == Some(&*id) {
        session::sign_out(somebody.session());
        return Ok(see_other(&hx, urls::LOGIN));
    }
    somebody.flash(Toast::ok("Session ended"));
    Ok(see_other(&hx, urls::PROFILE))
}

/// POST /profile/sessions/end-others
pub async fn end_others(somebody: SignedIn, context: web::Data<Context>, hx: Hx) -> Result {
    let here = session::id(somebody.session()).ok_or(Error::Unauthorized)?;
    let by = by(&context, &somebody.user.email, somebody.address);
    let mut tx = context.db.begin().await?;
    let ended = credentials::end_other_sessions(&mut tx, &by, &somebody.user, &here).await?;
    tx.commit().await?;
    somebody.flash(match ended {
        0 => Toast::ok("There was no other session"),
        1 => Toast::ok("1 session ended"),
        _ => Toast::ok(format!("{ended} sessions ended")),
    });
    Ok(see_other(&hx, urls::PROFILE))
}
