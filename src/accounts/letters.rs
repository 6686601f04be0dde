//! The mails about somebody's own account.

use askama::Template;

use crate::mail::Mail;

#[derive(Template)]
#[template(path = "mail/account.txt", escape = "none")]
struct Text<'a> {
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "mail/account.html")]
struct Html<'a> {
    letter: &'a Letter,
}

/// What both parts of a mail say.
struct Letter {
    title: &'static str,
    text: String,
    /// Its words and where it leads.
    link: Option<(&'static str, String)>,
    /// What to do if it was somebody else.
    otherwise: &'static str,
}

impl Letter {
    fn to(&self, address: &str) -> askama::Result<Mail> {
        Ok(Mail {
            to: address.to_owned(),
            subject: format!("[Herald] {}", self.title),
            text: Text { letter: self }.render()?,
            html: Html { letter: self }.render()?,
        })
    }
}

const TELL_AN_ADMIN: &str = "If this was not you, change your password at once and tell an admin of your organization.";

/// The link with which a forgotten password is replaced.
pub fn reset_password(to: &str, link: String) -> askama::Result<Mail> {
    let letter = Letter {
        title: "Set a new password",
        text: format!("Somebody asked for a new password for {to}. This link sets one. It works once, within an hour."),
        link: Some(("Set a new password", link)),
        otherwise: "If this was not you, do nothing: your password stays as it is.",
    };
    letter.to(to)
}

/// Goes to the new address.
pub fn confirm_email(to: &str, link: String) -> askama::Result<Mail> {
    let letter = Letter {
        title: "Confirm your email address",
        text: format!("You want to sign in to Herald as {to}. Follow this link within an hour to confirm it."),
        link: Some(("Confirm this address", link)),
        otherwise: "If this was not you, do nothing: somebody mistyped an address.",
    };
    letter.to(to)
}

/// Something that changed, which its owner should hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    PasswordChanged,
    /// Goes to the old address.
    EmailChanged {
        to: &'a str,
    },
    SecondFactorEnabled,
    SecondFactorRemoved,
    /// By somebody else: an admin, or whoever runs Herald.
    SecondFactorReset,
    RecoveryCodeUsed {
        left: i64,
    },
}

impl Notice<'_> {
    pub fn to(self, address: &str) -> askama::Result<Mail> {
        let (title, text) = match self {
            Self::PasswordChanged => (
                "Your password was changed",
                format!("The password of {address} was changed. All other sessions have ended."),
            ),
            Self::EmailChanged { to } => (
                "Your email address was changed",
                format!("You sign in to Herald as {to} from now on, no longer as {address}."),
            ),
            Self::SecondFactorEnabled => (
                "Two-step sign-in is on",
                format!("Signing in as {address} asks for a code of the authenticator app from now on."),
            ),
            Self::SecondFactorRemoved => {
                ("Two-step sign-in is off", format!("Signing in as {address} asks for the password only from now on."))
            }
            Self::SecondFactorReset => (
                "Two-step sign-in was reset",
                format!(
                    "An admin reset it for {address}. Signing in asks for the password only. Turn it on again in your profile."
                ),
            ),
            Self::RecoveryCodeUsed { left } => (
                "A recovery code was used",
                format!(
                    "Somebody signed in as {address} with a recovery code. {left} are left. You can make new ones in your profile."
                ),
            ),
        };
        let letter = Letter { title, text, link: None, otherwise: TELL_AN_ADMIN };
        letter.to(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_where_they_have_to_be() {
        let mail = reset_password("o'neil&co@halden.example", "https://herald.example/reset-password?code=abc".into())
            .unwrap();
        assert!(mail.text.contains("o'neil&co@halden.example") && mail.text.contains("?code=abc"));
        assert!(mail.html.contains("o&#39;neil&#38;co@halden.example"), "{}", mail.html);
        assert_eq!(mail.subject, "[Herald] Set a new password");
        let mail = Notice::EmailChanged { to: "new@halden.example" }.to("old@halden.example").unwrap();
        assert_eq!(mail.to, "old@halden.example");
        assert!(mail.text.contains("new@halden.example") && mail.text.contains("tell an admin"));
    }
}
