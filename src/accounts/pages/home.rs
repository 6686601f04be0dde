//! Where everybody lands.

use actix_web::HttpResponse;

use crate::auth::model::{Role, User};
use crate::web::error::is_own_path;
use crate::web::guard::SignedIn;
use crate::web::{Hx, see_other};

/// The longest address that sign-in goes on to, in bytes.
const LONGEST_NEXT: usize = 2_048;

/// GET /: to the page that this person works with most.
pub async fn home(somebody: SignedIn, hx: Hx) -> HttpResponse {
    see_other(&hx, landing(&somebody.user))
}

/// The first page of a user. The one place that knows.
pub fn landing(user: &User) -> &'static str {
    match user.role {
        Role::AccountManager => "/organizations",
        Role::Admin | Role::Moderator | Role::Member => "/projects",
    }
}

/// Where to go after signing in: the page that was asked for, if it is one of ours and of this person's.
pub fn after_sign_in<'a>(user: &User, next: &'a str) -> &'a str {
    let is_theirs = match user.role {
        Role::AccountManager => next.starts_with("/organizations") || next.starts_with("/profile"),
        Role::Admin | Role::Moderator | Role::Member => next != "/",
    };
    if is_theirs && is_safe(next) { next } else { landing(user) }
}

/// A path of ours that can stand in a header.
pub fn is_safe(next: &str) -> bool {
    is_own_path(next) && next.len() <= LONGEST_NEXT && next.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_goes_on_to_own_paths_only() {
        for safe in
            ["/", "/settings", "/events?cursor=abc&x=%2F%2F", "/a//b", "/a:b", "/login?next=https://evil.example"]
        {
            assert!(is_safe(safe), "{safe}");
        }
        let long = format!("/{}", "a".repeat(LONGEST_NEXT));
        for evil in [
            "",
            "settings",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nset-cookie: x=y",
            "/a b",
            "/é",
            " /settings",
            &long,
        ] {
            assert!(!is_safe(evil), "{evil}");
        }
    }
}
