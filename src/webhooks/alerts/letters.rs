//! The mail that an alert becomes.

use askama::Template;
use url::Url;

use super::store::Untold;
use crate::delivery::model::Ladder;
use crate::mail::Mail;
use crate::webhooks::urls;

#[derive(Template)]
#[template(path = "mail/alert.txt")]
struct Text<'a> {
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "mail/alert.html")]
struct Html<'a> {
    letter: &'a Letter,
}

/// What both parts of a mail say.
struct Letter {
    title: String,
    story: String,
    organization: String,
    name: String,
    origin: String,
    error: String,
    /// What the first link leads to: the failing attempt, the delivery, or nothing.
    attempt: Option<(&'static str, String)>,
    webhook_url: String,
    profile_url: String,
}

/// The mail for one admin. `public_url`: HERALD_PUBLIC_URL, where the links lead.
pub fn write(untold: &Untold, ladder: &Ladder, public_url: &Url, to: &str) -> Result<Mail, askama::Error> {
    let alert = &untold.alert;
    let link = |path: &str| format!("{}{path}", public_url.as_str().trim_end_matches('/'));
    let what = if alert.is_good() { "The delivery" } else { "The failed attempt" };
    let letter = Letter {
        title: alert.title(),
        story: alert.story(untold.zone, ladder),
        organization: untold.organization_name.clone(),
        name: alert.name.clone(),
        origin: alert.origin.clone(),
        error: alert.error.clone().unwrap_or_default(),
        attempt: alert.delivery.as_ref().map(|delivery| (what, link(&urls::delivery(delivery)))),
        webhook_url: link(&urls::show(&alert.webhook)),
        profile_url: link("/profile"),
    };
    Ok(Mail {
        to: to.to_owned(),
        subject: format!("[Herald] {}", letter.title),
        text: Text { letter: &letter }.render()?,
        html: Html { letter: &letter }.render()?,
    })
}
