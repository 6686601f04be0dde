//! The mail that invites somebody.

use askama::Template;

use crate::mail::Mail;

#[derive(Template)]
#[template(path = "mail/invitation.txt", escape = "none")]
struct Text<'a> {
    letter: &'a Letter<'a>,
}

#[derive(Template)]
#[template(path = "mail/invitation.html")]
struct Html<'a> {
    letter: &'a Letter<'a>,
}

/// What both parts of the mail say.
pub(super) struct Letter<'a> {
    pub email: &'a str,
    pub organization: &'a str,
    /// Who invites.
    pub admin: &'a str,
    /// `a moderator`, `an admin`.
    pub role: &'static str,
    pub link: &'a str,
    /// Until when, in the organization's zone.
    pub until: String,
}

impl Letter<'_> {
    pub fn write(&self) -> askama::Result<Mail> {
        // The subject is one line, whatever the organization is called.
        Ok(Mail {
            to: self.email.to_owned(),
            subject: format!("[Herald] Join {}", self.organization),
            text: Text { letter: self }.render()?,
            html: Html { letter: self }.render()?,
        })
    }
}
