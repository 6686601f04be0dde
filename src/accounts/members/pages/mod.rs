//! The pages about members, and the one on which the invited come in.

pub mod invitation;
pub mod invite;
pub mod join;
pub mod list;
pub mod member;

use crate::accounts::pages::Choice;
use crate::auth::model::Role;
use crate::base::{InvitationId, Secret, UserId};

pub(in crate::accounts) const LIST: &str = "/settings/members";
pub(super) const ROLES: &str = "/settings/members/roles";
/// The form, and where it is posted.
pub(super) const INVITE: &str = "/settings/members/invite";

fn member_url(id: &UserId) -> String {
    format!("{LIST}/{id}")
}

fn invitation_url(id: &InvitationId) -> String {
    format!("{LIST}/invitations/{id}")
}

/// Where an invitation is accepted. The code stands in the address because a link is all that the invited have; so the page
/// has no other site's things in it, tells nobody its address, and the address is not logged.
fn join_url(code: &Secret) -> String {
    format!("/invitations/{}", code.expose())
}

/// The roles of an organization, from the least.
const ROLES_OF_MEMBERS: [Role; 3] = [Role::Member, Role::Moderator, Role::Admin];

fn role_choices() -> Vec<Choice> {
    ROLES_OF_MEMBERS.iter().map(|role| (role.as_str().to_owned(), role.label().to_owned())).collect()
}

/// One of the roles that an admin may give; not the account managers'.
fn parse_role(text: &str) -> Result<Role, &'static str> {
    let role = text.parse().ok().filter(|role| ROLES_OF_MEMBERS.contains(role));
    role.ok_or("Choose one of the roles.")
}

/// `an admin`.
fn as_what(role: Role) -> &'static str {
    match role {
        Role::Member => "a member",
        Role::Moderator => "a moderator",
        Role::Admin => "an admin",
        Role::AccountManager => "an account manager",
    }
}

/// What somebody with the role may do, in a sentence each.
fn powers(role: Role) -> &'static [&'static str] {
    match role {
        Role::Member => &[
            "Work on projects, intakes and the answer library.",
            "Move things to the trash, and take them out again.",
            "New and changed Q&A pairs wait for a moderator.",
        ],
        Role::Moderator => &[
            "Everything that a member may.",
            "Publish, change and send back what waits in moderation.",
            "Delete Q&A pairs permanently.",
        ],
        Role::Admin => &[
            "Everything that a moderator may.",
            "Empty the trash, and delete projects permanently.",
            "Invite members and change their roles, make API keys, read the audit log.",
            "Set up webhook instances, and see events and deliveries.",
        ],
        Role::AccountManager => &[],
    }
}
