//! Where everybody lands.

use actix_web::HttpResponse;
use url::Url;

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
        Role::AccountManager => {
            ["/organizations", "/profile", "/confirm-email"].iter().any(|page| next.starts_with(page))
        }
        Role::Admin | Role::Moderator | Role::Member => next != "/",
    };
    if is_theirs && is_safe(next) { next } else { landing(user) }
}

/// A path of ours that can stand in a header.
pub fn is_safe(next: &str) -> bool {
    is_own_path(next)
        && next.len() <= LONGEST_NEXT
        && next.bytes().all(|byte| byte.is_ascii_graphic())
        && stays_here(next)
}

/// Whether a browser that goes there stays with us, in its own parser's words. A slash that is written as an escape or comes
/// about by dots (`/.//evil.example`) would, but not behind a proxy that reads addresses in its own way.
fn stays_here(next: &str) -> bool {
    let Ok(base) = Url::parse("http://own.invalid/") else { return false };
    base.join(next).is_ok_and(|url| {
        let path = url.path().to_ascii_lowercase();
        url.origin() == base.origin() && !["//", "/%2f", "/%5c"].iter().any(|begin| path.starts_with(begin))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_goes_on_to_own_paths_only() {
        for safe in [
            "/",
            "/settings",
            "/events?cursor=abc&x=%2F%2F",
            "/a//b",
            "/a:b",
            "/@evil.example",
            "/evil.example",
            "/a/%2F/b",
            "/login?next=https://evil.example",
        ] {
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
            "\t/settings",
            "/settings\u{0}",
            "/settings\u{7f}",
            "///evil.example",
            "////evil.example",
            "/\\/evil.example",
            "\\/evil.example",
            "\\evil.example",
            "/\n/evil.example",
            "/\r/evil.example",
            "\n//evil.example",
            "/%2fevil.example",
            "/%2F%2Fevil.example",
            "/%5cevil.example",
            "/%5C%5Cevil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/./%2fevil.example",
            "/a/..//evil.example",
            "/%2e//evil.example",
            "http:evil.example",
            "http:/evil.example",
            "https:evil.example",
            "HTTPS://EVIL.EXAMPLE",
            "data:text/html,x",
            "JaVaScRiPt:alert(1)",
            "ftp://evil.example",
            "?next=//evil.example",
            "#//evil.example",
            "@evil.example",
            ".evil.example",
            "evil.example",
            "／／evil.example",
            "/／evil.example",
            "。evil.example",
            "/a\u{202e}b",
            "/a\u{2028}b",
            &long,
        ] {
            assert!(!is_safe(evil), "{evil}");
        }
    }
}
