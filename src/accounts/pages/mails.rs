//! Which mails an admin wants: a part of the profile.

use actix_web::web;
use serde::Deserialize;

use crate::auth::model::{Role, User};
use crate::auth::store::mail_choices;
use crate::db::{Conn, DbError};
use crate::delivery::model::AlertKind;
use crate::web::guard::Admin;
use crate::web::{Context, Form, Hx, Result, Toast, see_other};

/// One kind of mail.
pub(super) struct Choice {
    pub kind: &'static str,
    pub words: &'static str,
    pub is_wanted: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct MailsForm {
    /// The kinds that are wanted; what is not ticked is not sent.
    mails: Vec<AlertName>,
}

/// A kind by its name; one that is none is refused as any malformed form is.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct AlertName(AlertKind);

impl TryFrom<String> for AlertName {
    type Error = crate::base::UnknownName;
    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

fn words(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Failing => "A webhook begins to fail",
        AlertKind::FailingForAnHour => "It has been failing for an hour",
        AlertKind::FailingForADay => "It has been failing for a day",
        AlertKind::AlmostDisabled => "It will soon be disabled",
        AlertKind::Disabled => "It was disabled",
        AlertKind::Recovered => "It works again",
    }
}

/// What there is to choose from: nothing for those who are not told.
pub(super) async fn choices(conn: &mut Conn, user: &User) -> std::result::Result<Vec<Choice>, DbError> {
    if user.role != Role::Admin {
        return Ok(Vec::new());
    }
    let unwanted = mail_choices::unwanted(conn, &user.id).await?;
    let choice = |kind: &AlertKind| Choice {
        kind: kind.as_str(),
        words: words(*kind),
        is_wanted: !unwanted.iter().any(|name| name == kind.as_str()),
    };
    Ok(AlertKind::ALL.iter().map(choice).collect())
}

/// POST /profile/mails
pub async fn save(admin: Admin, context: web::Data<Context>, hx: Hx, Form(form): Form<MailsForm>) -> Result {
    let is_wanted = |kind: AlertKind| form.mails.iter().any(|wanted| wanted.0 == kind);
    let unwanted: Vec<_> = AlertKind::ALL.iter().filter(|kind| !is_wanted(**kind)).map(|kind| kind.as_str()).collect();
    let mut tx = context.db.begin().await?;
    mail_choices::set_unwanted(&mut tx, &admin.user.id, &unwanted).await?;
    tx.commit().await?;
    admin.flash(Toast::ok("Changes saved"));
    Ok(see_other(&hx, "/profile"))
}
