//! What a mail is, where it is handed in, and when it is tried again. Pure.

use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{Message, Tokio1Executor};

use crate::base::{MailId, Timestamp};

/// One mail to one person. It may have a link in it that opens an account, so what it says is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("to", &self.to).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// How long one step of a try may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The waits after the tries of a mail; after the last of them it is given up, more than two days old.
const WAITS: [Duration; 9] = minutes([1, 5, 15, 60, 180, 360, 720, 1_440, 1_440]);

const fn minutes(counts: [u64; 9]) -> [Duration; 9] {
    let mut waits = [Duration::ZERO; 9];
    let mut place = 0;
    while place < counts.len() {
        waits[place] = Duration::from_secs(counts[place] * 60);
        place += 1;
    }
    waits
}

/// When a mail is tried again whose `tries`th try failed at `now`; `None`: never.
pub fn next_try(tries: i64, now: Timestamp) -> Option<Timestamp> {
    let wait = WAITS.get(usize::try_from(tries).ok()?.checked_sub(1)?)?;
    Some(now + *wait)
}

/// Why mail cannot be sent with what was set.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    #[error("it is not an address such as smtps://user:password@mail.example.com or smtp://mail.example.com:25")]
    Url,
    #[error("it is not a sender such as Herald <herald@example.com>")]
    From,
}

pub(super) type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Where mails are handed in, and who sends them.
#[derive(Clone)]
pub struct Settings {
    pub(super) transport: Transport,
    pub(super) from: Mailbox,
}

impl std::fmt::Debug for Settings {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Settings {{ from: {} }}", self.from)
    }
}

impl Settings {
    /// HERALD_SMTP_URL: `smtps://` speaks TLS from the start, `smtp://…?tls=required` by STARTTLS, `smtp://` not at all.
    /// Nothing is connected here.
    pub fn transport(url: &str) -> Result<Transport, InvalidSettings> {
        let builder = Transport::from_url(url).map_err(|_| InvalidSettings::Url)?;
        Ok(builder.timeout(Some(PATIENCE)).build())
    }

    /// HERALD_MAIL_FROM: `herald@example.com` or `Herald <herald@example.com>`.
    pub fn sender(text: &str) -> Result<Mailbox, InvalidSettings> {
        text.parse().map_err(|_| InvalidSettings::From)
    }

    pub fn new(transport: Transport, from: Mailbox) -> Self {
        Self { transport, from }
    }

    /// The mail as it is sent. Its Message-ID is the same in every try.
    pub(super) fn message(&self, id: &MailId, created_at: Timestamp, mail: Mail) -> Result<Message, InvalidMail> {
        let to: Mailbox = mail.to.parse().map_err(|_| InvalidMail)?;
        let message_id = format!("<{id}@{}>", self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject)
            .date(created_at.utc().into())
            .message_id(Some(message_id))
            // So that nobody's absence is announced to us (RFC 3834).
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
            .map_err(|_| InvalidMail)
    }
}

/// A mail that no server would take: its recipient is no mail address.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it cannot be written as a mail")]
pub struct InvalidMail;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_for_more_than_two_days() {
        let start = Timestamp::from_seconds(1_800_000_000);
        let (mut now, mut tries) = (start, 1);
        while let Some(next) = next_try(tries, now) {
            assert!(next > now);
            (now, tries) = (next, tries + 1);
        }
        assert_eq!(tries, 10);
        assert!(now.saturating_sub(start) > Duration::from_secs(2 * 24 * 3600));
        assert_eq!(next_try(0, start), None);
    }

    #[test]
    fn where_mail_goes_is_checked_before_the_start() {
        for good in ["smtp://localhost:25", "smtps://user:pass@mail.example.com", "smtp://m.example.com?tls=required"] {
            assert!(Settings::transport(good).is_ok(), "{good}");
        }
        for bad in ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://m.example.com?tls=maybe"] {
            assert!(Settings::transport(bad).is_err(), "{bad}");
        }
        assert!(Settings::sender("Herald <herald@example.com>").is_ok());
        assert!(Settings::sender("herald").is_err());
    }
}
