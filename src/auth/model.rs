//! Organizations, users and roles, and the rules for their names and addresses.

use std::fmt;
use std::net::IpAddr;

use crate::base::{ApiKeyId, OrganizationId, TimeZone, Timestamp, UserId, names};

/// The longest name of an organization or a person, in characters.
pub const NAME_LENGTH: usize = 100;
/// The longest e-mail address, in bytes: what SMTP can carry.
pub const EMAIL_LENGTH: usize = 254;

names! {
    /// What a user may do. The first three build on each other; an account manager stands beside them and belongs to
    /// no organization.
    Role {
        Member = "member",
        Moderator = "moderator",
        Admin = "admin",
        AccountManager = "account_manager",
    }
}

impl Role {
    /// Whether who has this role may do what `needed` may.
    pub fn includes(self, needed: Self) -> bool {
        match needed {
            Self::Member => matches!(self, Self::Member | Self::Moderator | Self::Admin),
            Self::Moderator => matches!(self, Self::Moderator | Self::Admin),
            Self::Admin => self == Self::Admin,
            Self::AccountManager => self == Self::AccountManager,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Member => "Member",
            Self::Moderator => "Moderator",
            Self::Admin => "Admin",
            Self::AccountManager => "Account manager",
        }
    }
}

names! {
    /// What an organization has bought. It changes nothing but words.
    Edition {
        Enterprise = "enterprise",
        Essentials = "essentials",
    }
}

impl Edition {
    pub fn label(self) -> &'static str {
        match self {
            Self::Enterprise => "Enterprise",
            Self::Essentials => "Essentials",
        }
    }
}

names! {
    /// The colours that a user prefers.
    #[derive(Default)]
    Theme {
        #[default]
        System = "system",
        Light = "light",
        Dark = "dark",
    }
}

impl Theme {
    pub fn label(self) -> &'static str {
        match self {
            Self::System => "Same as the system",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// A customer: owns users, webhooks and the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub time_zone: TimeZone,
    pub edition: Edition,
    /// The switch of the account managers.
    pub webhooks_enabled: bool,
    pub created_at: Timestamp,
}

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// `None` for account managers, and for nobody else.
    pub organization_id: Option<OrganizationId>,
    /// In lower case; nobody else has it.
    pub email: String,
    /// May be empty.
    pub name: String,
    pub role: Role,
    pub theme: Theme,
    /// A user who is not active cannot sign in, and is signed out.
    pub active: bool,
    pub created_at: Timestamp,
}

impl User {
    /// The name, or the address of who gave none.
    pub fn display_name(&self) -> &str {
        if self.name.is_empty() { &self.email } else { &self.name }
    }
}

/// Who does something, for audit entries and PERFORMED_BY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The organization in which it is done.
    pub organization: OrganizationId,
    pub email: String,
    pub source: Source,
    /// The network address that it came from, as far as there is one.
    pub address: Option<IpAddr>,
}

/// From where something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Page,
    ApiKey(ApiKeyId),
    CommandLine,
    /// Herald itself.
    Herald,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page => f.write_str("page"),
            Self::ApiKey(id) => write!(f, "api_key:{id}"),
            Self::CommandLine => f.write_str("command_line"),
            Self::Herald => f.write_str("herald"),
        }
    }
}

/// Why an e-mail address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    #[error("Enter an email address.")]
    Empty,
    #[error("Enter an email address of up to 254 bytes.")]
    TooLong,
    #[error("Enter an email address such as ada@example.com.")]
    Malformed,
}

/// An e-mail address in lower case, without outer spaces. Whether it exists only a mail can tell, so this refuses
/// no more than what cannot be one.
pub fn parse_email(text: &str) -> Result<String, InvalidEmail> {
    let email = text.trim().to_lowercase();
    if email.is_empty() {
        return Err(InvalidEmail::Empty);
    }
    if email.len() > EMAIL_LENGTH {
        return Err(InvalidEmail::TooLong);
    }
    let (local, domain) = email.rsplit_once('@').ok_or(InvalidEmail::Malformed)?;
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "@<>()[],;:\\\"".contains(c);
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let is_local = !local.is_empty()
        && !local.contains(is_odd)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    if is_local && domain.split('.').all(is_label) { Ok(email) } else { Err(InvalidEmail::Malformed) }
}

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("Enter a name.")]
    Empty,
    #[error("Enter a name of up to 100 characters.")]
    TooLong,
    #[error("Enter a name without line breaks and other control characters.")]
    Control,
}

/// The name of an organization: 1 to 100 characters, outer spaces trimmed.
pub fn parse_name(text: &str) -> Result<String, InvalidName> {
    let name = parse_optional_name(text)?;
    if name.is_empty() { Err(InvalidName::Empty) } else { Ok(name) }
}

/// The name of a person: up to 100 characters, or none.
pub fn parse_optional_name(text: &str) -> Result<String, InvalidName> {
    let name = text.trim();
    if name.chars().count() > NAME_LENGTH {
        return Err(InvalidName::TooLong);
    }
    if name.contains(char::is_control) {
        return Err(InvalidName::Control);
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::UnknownName;

    #[test]
    fn the_roles_of_an_organization_build_on_each_other() {
        use Role::{AccountManager, Admin, Member, Moderator};
        let may = |role: Role| Role::ALL.iter().copied().filter(|needed| role.includes(*needed)).collect::<Vec<_>>();
        assert_eq!(may(Member), [Member]);
        assert_eq!(may(Moderator), [Member, Moderator]);
        assert_eq!(may(Admin), [Member, Moderator, Admin]);
        assert_eq!(may(AccountManager), [AccountManager]);
    }

    #[test]
    fn words_are_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
        }
        assert_eq!("Admin".parse::<Role>(), Err(UnknownName));
    }

    #[test]
    fn addresses_are_lower_case_and_sane() {
        assert_eq!(parse_email(" Ada.Lovelace+x@Example.COM "), Ok("ada.lovelace+x@example.com".into()));
        assert_eq!(parse_email("root@localhost"), Ok("root@localhost".into()));
        assert_eq!(parse_email(""), Err(InvalidEmail::Empty));
        assert_eq!(parse_email(&format!("{}@example.com", "a".repeat(243))), Err(InvalidEmail::TooLong));
        for bad in
            ["ada", "@example.com", "ada@", "a b@example.com", "a@b@c.d", "a@b..c", "a@-b.c", ".a@b.c", "<a@b.c>"]
        {
            assert_eq!(parse_email(bad), Err(InvalidEmail::Malformed), "{bad}");
        }
    }

    #[test]
    fn names_are_trimmed_and_counted_in_characters() {
        assert_eq!(parse_name("  Halden Systems "), Ok("Halden Systems".into()));
        assert_eq!(parse_name(&"é".repeat(100)).map(|name| name.chars().count()), Ok(100));
        assert_eq!(parse_name(&"é".repeat(101)), Err(InvalidName::TooLong));
        assert_eq!(parse_name(" "), Err(InvalidName::Empty));
        assert_eq!(parse_name("a\nb"), Err(InvalidName::Control));
        assert_eq!(parse_optional_name(" "), Ok(String::new()));
    }
}
