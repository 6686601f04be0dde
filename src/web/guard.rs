//! Who may: extractors that a handler names in its signature. Without them nothing is known of who asks.
//!
//! Nobody signed in: the way to the login (`Error::Unauthorized`). Another role: 403. The user and the organization
//! are read from the database for every request, so that what `herald admin` or an admin changes holds at once.
//!
//! What else a signature asks for is read at the same time, and may fail before the guard knows. Whoever may not is told that
//! and nothing else, so the guard is then asked again ([`decide`]).

mod undecided;

use std::marker::PhantomData;
use std::net::IpAddr;

use actix_session::SessionExt as _;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::Context;
use super::error::{Error, Result, remember_shell};
use super::session::{self, Session};
use super::shell::{self, Access, Notice, Notices, Person, Section, Shell};
use super::site::Site;
use super::toast::Toast;
use crate::auth::model::{Actor, Organization, Role, Source, Theme, User};
use crate::auth::store::users;
use crate::base::OrganizationId;
use crate::db::Conn;

use undecided::Extracting;
pub use undecided::decide;
pub(crate) use undecided::deciding;

/// Anybody who is signed in: members of an organization and account managers.
#[derive(Clone)]
pub struct SignedIn {
    pub user: User,
    /// `None` for account managers.
    pub organization: Option<Organization>,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
    session: Session,
    is_demo: bool,
    notices: Vec<Notice>,
}

impl SignedIn {
    /// What surrounds the page that is being answered, with the toasts that waited for it.
    pub fn shell(&self, section: impl Into<Option<Section>>, title: impl Into<String>) -> Shell {
        let mut shell = self.bare_shell().on(title, section);
        shell.toasts = session::take_flash(&self.session);
        shell
    }

    /// Keeps a toast for the page after the redirect.
    pub fn flash(&self, toast: Toast) {
        session::flash(&self.session, toast);
    }

    /// The session, to be renewed or ended.
    pub fn session(&self) -> &Session {
        &self.session
    }

    fn bare_shell(&self) -> Shell {
        let mut shell = Shell::outside("");
        shell.theme = match self.user.theme {
            Theme::System => shell::Theme::System,
            Theme::Light => shell::Theme::Light,
            Theme::Dark => shell::Theme::Dark,
        };
        shell.notices = self.notices.clone();
        shell.is_demo = self.is_demo && self.organization.is_some();
        shell.person = Some(Person {
            name: self.user.display_name().to_owned(),
            role: self.user.role.label().to_owned(),
            access: match self.user.role {
                Role::Member | Role::Moderator => Access::Member,
                Role::Admin => Access::Admin,
                Role::AccountManager => Access::AccountManager,
            },
            organization: self.organization.as_ref().map(|organization| shell::Organization {
                name: organization.name.clone(),
                edition: format!("Herald {}", organization.edition.label()),
            }),
        });
        shell
    }
}

/// The user of this session with the organization; `None` where nobody is signed in (any more).
async fn signed_in(request: &HttpRequest, session: Session) -> Result<Option<SignedIn>> {
    let Some(id) = session::user(&session) else { return Ok(None) };
    let context = context(request)?;
    let mut conn = context.db.read().await?;
    let found = users::find(&mut conn, &id).await?;
    match found {
        Some((user, organization)) if user.active => {
            let notices = notices(request, &mut conn, &user, organization.as_ref()).await?;
            drop(conn);
            let address = Site::of(request).client_ip(request);
            let signed_in = SignedIn { user, organization, address, session, is_demo: context.demo, notices };
            remember_shell(request, signed_in.bare_shell());
            Ok(Some(signed_in))
        }
        _ => {
            session::sign_out(&session);
            Ok(None)
        }
    }
}

/// What an admin is to know wherever.
async fn notices(
    request: &HttpRequest,
    conn: &mut Conn,
    user: &User,
    organization: Option<&Organization>,
) -> Result<Vec<Notice>> {
    let Some(source) = request.app_data::<web::Data<dyn Notices>>() else { return Ok(Vec::new()) };
    match organization.filter(|organization| organization.webhooks_enabled && user.role == Role::Admin) {
        Some(organization) => Ok(source.of(conn, user, organization).await?),
        None => Ok(Vec::new()),
    }
}

fn context(request: &HttpRequest) -> Result<&Context> {
    let context = request.app_data::<web::Data<Context>>();
    context.map(web::Data::get_ref).ok_or_else(|| Error::internal("the app has no web::Context"))
}

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (asked, session) = (request.clone(), request.get_session());
        deciding(request, async move { signed_in(&asked, session).await?.ok_or(Error::Unauthorized) })
    }
}

/// Whoever asks, signed in or not: for the pages before sign-in. `None`: nobody.
pub struct Visitor(pub Option<SignedIn>, pub Session);

impl FromRequest for Visitor {
    type Error = Error;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (request, session) = (request.clone(), request.get_session());
        Box::pin(async move { Ok(Self(signed_in(&request, session.clone()).await?, session)) })
    }
}

/// The least role that a guard asks for.
pub trait Least {
    const ROLE: Role;
}

macro_rules! least {
    ($($name:ident)*) => {$(
        #[doc(hidden)]
        pub struct $name;
        impl Least for $name {
            const ROLE: Role = Role::$name;
        }
    )*};
}

/// The roles as types.
pub mod least {
    use super::{Least, Role};
    least! { Member Moderator Admin }
}

/// Works in the workspace.
pub type Member = Within<least::Member>;
/// Also moderates the answer library.
pub type Moderator = Within<least::Moderator>;
/// Also changes the settings, and sees events and deliveries.
pub type Admin = Within<least::Admin>;

/// Somebody of an organization whose role includes `L`.
pub struct Within<L> {
    pub user: User,
    pub organization: Organization,
    signed_in: SignedIn,
    least: PhantomData<L>,
}

impl<L> Within<L> {
    /// Where the request comes from.
    pub fn address(&self) -> Option<IpAddr> {
        self.signed_in.address
    }

    /// For events and audit entries.
    pub fn actor(&self) -> Actor {
        Actor {
            organization: self.organization.id.clone(),
            email: self.user.email.clone(),
            source: Source::Page,
            address: self.address(),
        }
    }

    /// What surrounds the page that is being answered, with the toasts that waited for it.
    pub fn shell(&self, section: impl Into<Option<Section>>, title: impl Into<String>) -> Shell {
        self.signed_in.shell(section, title)
    }

    /// Keeps a toast for the page after the redirect.
    pub fn flash(&self, toast: Toast) {
        self.signed_in.flash(toast);
    }
}

impl<L: Least + 'static> FromRequest for Within<L> {
    type Error = Error;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::from_request(request, payload);
        deciding(request, async move {
            let signed_in = signed_in.await?;
            let organization = signed_in.organization.clone().filter(|_| signed_in.user.role.includes(L::ROLE));
            let organization = organization.ok_or(Error::Forbidden)?;
            Ok(Self { user: signed_in.user.clone(), organization, signed_in, least: PhantomData })
        })
    }
}

/// Looks after organizations, and belongs to none.
pub struct AccountManager {
    pub user: User,
    signed_in: SignedIn,
}

impl AccountManager {
    /// Where the request comes from.
    pub fn address(&self) -> Option<IpAddr> {
        self.signed_in.address
    }

    /// For the audit log of the organization that is changed.
    pub fn actor(&self, organization: &OrganizationId) -> Actor {
        Actor {
            organization: organization.clone(),
            email: self.user.email.clone(),
            source: Source::Page,
            address: self.address(),
        }
    }

    /// What surrounds the page that is being answered, with the toasts that waited for it.
    pub fn shell(&self, section: impl Into<Option<Section>>, title: impl Into<String>) -> Shell {
        self.signed_in.shell(section, title)
    }

    /// Keeps a toast for the page after the redirect.
    pub fn flash(&self, toast: Toast) {
        self.signed_in.flash(toast);
    }
}

impl FromRequest for AccountManager {
    type Error = Error;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::from_request(request, payload);
        deciding(request, async move {
            let signed_in = signed_in.await?;
            if !signed_in.user.role.includes(Role::AccountManager) {
                return Err(Error::Forbidden);
            }
            Ok(Self { user: signed_in.user.clone(), signed_in })
        })
    }
}

#[cfg(test)]
mod tests;
