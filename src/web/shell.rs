//! What surrounds every page: who is signed in, where they may go, what just happened.
//!
//! Made once for each request; templates that extend `layout.html` or `auth_layout.html` carry it in a field `shell`.

use futures_util::future::BoxFuture;

use super::toast::{Flash, Toast};
use crate::auth::model::{Organization as OfUser, User};
use crate::db::{Conn, DbError};

/// Everything that the layouts need.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The page's name, first in the window's title.
    pub page: String,
    /// The sidebar's entry that the page belongs to.
    pub section: Option<Section>,
    pub theme: Theme,
    pub toasts: Flash,
    /// What an admin is to know on whatever page.
    pub notices: Vec<Notice>,
    /// Shows the button that publishes sample events.
    pub is_demo: bool,
    /// `None` before sign-in.
    pub person: Option<Person>,
}

/// Something that needs an admin, or does not any more; on every page until it is over or dismissed.
#[derive(Clone, Debug)]
pub struct Notice {
    /// It is good news.
    pub is_good: bool,
    pub title: String,
    pub text: String,
    /// The page that says more; empty where there is none.
    pub url: String,
    pub link: &'static str,
    /// Where dismissing it is posted, and with what; empty where it stays until it is over.
    pub dismiss_url: String,
    /// The button's accessible name.
    pub dismiss_label: String,
    pub fields: Vec<(&'static str, String)>,
}

impl Notice {
    pub fn tone(&self) -> &'static str {
        if self.is_good { "info" } else { "bad" }
    }

    pub fn icon(&self) -> &'static str {
        if self.is_good { "circle-check" } else { "circle-alert" }
    }
}

/// Where notices come from: app data, as `Data<dyn Notices>`.
pub trait Notices: Send + Sync + 'static {
    /// Those of an organization that this admin has not dismissed, the latest first.
    fn of<'a>(
        &'a self,
        conn: &'a mut Conn,
        user: &'a User,
        organization: &'a OfUser,
    ) -> BoxFuture<'a, Result<Vec<Notice>, DbError>>;
}

/// Notices on a page at most; the instances' own page has them all.
const MOST_NOTICES: usize = 3;

/// Who is signed in, in words for the sidebar.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    /// Admin, Moderator, Member, Account manager.
    pub role: String,
    pub access: Access,
    /// `None` for account managers.
    pub organization: Option<Organization>,
}

#[derive(Clone, Debug)]
pub struct Organization {
    pub name: String,
    /// `Herald Enterprise`, `Herald Essentials`.
    pub edition: String,
}

/// How much of the sidebar a person sees. What they may do is decided by the guards, not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Members and moderators.
    Member,
    Admin,
    AccountManager,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The value of `data-theme`; `None` follows the system.
    pub fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// A place in the sidebar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Projects,
    Answers,
    Intakes,
    Events,
    Trash,
    General,
    Integrations,
    ApiKeys,
    ApiDocs,
    Members,
    AuditLog,
    Organizations,
}

/// One entry of the sidebar.
#[derive(Debug)]
pub struct NavItem {
    pub section: Section,
    pub label: &'static str,
    pub path: &'static str,
    pub icon: &'static str,
    seen_by: &'static [Access],
}

const EVERYBODY: &[Access] = &[Access::Member, Access::Admin];
const ADMINS: &[Access] = &[Access::Admin];
const ACCOUNT_MANAGERS: &[Access] = &[Access::AccountManager];

const fn item(
    section: Section,
    label: &'static str,
    path: &'static str,
    icon: &'static str,
    seen_by: &'static [Access],
) -> NavItem {
    NavItem { section, label, path, icon, seen_by }
}

const WORK: &[NavItem] = &[
    item(Section::Projects, "Projects", "/projects", "folder", EVERYBODY),
    item(Section::Answers, "Answer Library", "/answers", "library", EVERYBODY),
    item(Section::Intakes, "Intake", "/intakes", "inbox", EVERYBODY),
    item(Section::Events, "Events", "/events", "activity", ADMINS),
    item(Section::Trash, "Trash", "/trash", "trash-2", EVERYBODY),
    item(Section::Organizations, "Organizations", "/organizations", "building-2", ACCOUNT_MANAGERS),
];

const SETTINGS: &[NavItem] = &[
    item(Section::General, "General", "/settings", "settings", ADMINS),
    item(Section::Integrations, "Integrations", "/settings/integrations/collaboration", "plug", ADMINS),
    item(Section::ApiKeys, "API keys", "/settings/api-keys", "key-round", ADMINS),
    item(Section::ApiDocs, "API documentation", "/api/docs", "book-open", ADMINS),
    item(Section::Members, "Members & roles", "/settings/members", "users", ADMINS),
    item(Section::AuditLog, "Audit log", "/settings/audit-log", "scroll-text", ADMINS),
];

impl Shell {
    /// For a page before sign-in: the login, the setup, an error for somebody unknown.
    pub fn outside(page: impl Into<String>) -> Self {
        Self {
            page: page.into(),
            section: None,
            theme: Theme::System,
            toasts: Vec::new(),
            notices: Vec::new(),
            is_demo: false,
            person: None,
        }
    }

    /// The same shell for another page.
    pub fn on(mut self, page: impl Into<String>, section: impl Into<Option<Section>>) -> Self {
        self.page = page.into();
        self.section = section.into();
        self
    }

    pub fn with_toast(mut self, toast: Toast) -> Self {
        self.toasts.push(toast);
        self
    }

    /// The window's title: `Page · Herald`.
    pub fn title(&self) -> String {
        format!("{} · Herald", self.page)
    }

    pub fn work(&self) -> Vec<&'static NavItem> {
        self.visible(WORK)
    }

    pub fn settings(&self) -> Vec<&'static NavItem> {
        self.visible(SETTINGS)
    }

    fn visible(&self, items: &'static [NavItem]) -> Vec<&'static NavItem> {
        let Some(person) = &self.person else { return Vec::new() };
        items.iter().filter(|item| item.seen_by.contains(&person.access)).collect()
    }

    /// The notices that a page shows, and how many more there are.
    pub fn shown_notices(&self) -> (&[Notice], usize) {
        let shown = self.notices.len().min(MOST_NOTICES);
        (&self.notices[..shown], self.notices.len() - shown)
    }

    /// For a page that says by itself what is the matter: keeps the good news only.
    pub fn without_bad_news(mut self) -> Self {
        self.notices.retain(|notice| notice.is_good);
        self
    }

    pub fn is_current(&self, item: &NavItem) -> bool {
        self.section == Some(item.section)
    }
}

impl Person {
    /// Up to two letters for the avatar.
    pub fn initials(&self) -> String {
        initials(&self.name)
    }
}

/// Up to two letters that stand for a name or an email address.
pub fn initials(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
impl Shell {
    /// An admin's shell, for rendering templates in tests.
    pub fn sample() -> Self {
        Self {
            person: Some(Person {
                name: "Priya Raman".into(),
                role: "Admin".into(),
                access: Access::Admin,
                organization: Some(Organization { name: "Halden Systems".into(), edition: "Herald Enterprise".into() }),
            }),
            ..Self::outside("Sample")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(access: Access) -> Vec<&'static str> {
        let mut shell = Shell::sample();
        shell.person.as_mut().unwrap().access = access;
        shell.work().into_iter().chain(shell.settings()).map(|item| item.label).collect()
    }

    #[test]
    fn the_sidebar_shows_what_the_role_may_open() {
        assert_eq!(labels(Access::AccountManager), ["Organizations"]);
        assert!(!labels(Access::Member).contains(&"Events") && !labels(Access::Member).contains(&"General"));
        for label in ["Events", "General", "Integrations", "API keys", "Members & roles", "Audit log"] {
            assert!(labels(Access::Admin).contains(&label), "{label}");
        }
    }

    #[test]
    fn initials_come_from_the_first_and_last_name_or_from_an_address() {
        let mut person = Shell::sample().person.unwrap();
        assert_eq!(person.initials(), "PR");
        person.name = "élodie".into();
        assert_eq!(person.initials(), "É");
        person.name = "ada@example.com".into();
        assert_eq!(person.initials(), "AC");
    }
}
