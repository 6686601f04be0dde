//! What htmx asks for, and how a page answers it.
//!
//! A page and its pieces come from one template: a piece is a `{% block %}` that Askama renders alone
//! (`blocks = ["rows"]`). htmx 4 says with `HX-Request-Type` whether it will swap a piece (`partial`) or look
//! for it in the whole page (`full`); everything else, history restores too, gets the whole page.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::http::{StatusCode, Uri};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;

use super::error::Result;
use super::shell::Shell;
use super::toast::{self, Toast};

/// How the request was made: by htmx or not, and what it will do with the answer.
#[derive(Clone, Debug, Default)]
pub struct Hx {
    is_htmx: bool,
    is_partial: bool,
    target: String,
    current_path: Option<String>,
}

impl Hx {
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let is = |name: &'static str, value: &str| text(headers, name).is_some_and(|found| found == value);
        let is_htmx = is("hx-request", "true");
        let is_restore = is("hx-history-restore-request", "true");
        Self {
            is_htmx,
            is_partial: is_htmx && !is_restore && is("hx-request-type", "partial"),
            target: text(headers, "hx-target").unwrap_or_default().to_owned(),
            current_path: text(headers, "hx-current-url").and_then(path_of),
        }
    }

    /// htmx made the request: a redirect has to be told to it, fetch would follow a 303 by itself.
    pub fn is_htmx(&self) -> bool {
        self.is_htmx
    }

    /// The answer is swapped into the page: send the piece, not the page.
    pub fn wants_fragment(&self) -> bool {
        self.is_partial
    }

    /// Whether the piece is meant for the element with this id.
    pub fn targets(&self, id: &str) -> bool {
        self.target.split_once('#').is_some_and(|(_, target)| target == id)
    }

    /// Path and query of the page that the person is looking at.
    pub fn current_path(&self) -> Option<&str> {
        self.current_path.as_deref()
    }
}

impl FromRequest for Hx {
    type Error = actix_web::Error;
    type Future = Ready<std::result::Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::from_headers(request.headers())))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(HeaderName::from_static(name))?.to_str().ok()
}

/// Path and query of an absolute address.
pub(super) fn path_of(address: &str) -> Option<String> {
    address.parse::<Uri>().ok()?.path_and_query().map(|path| path.as_str().to_owned())
}

/// A page that can also answer with one of its pieces. `page!` writes this for a template.
pub trait Page {
    /// What surrounds the page; its toasts go along with a piece too.
    fn shell(&self) -> &Shell;
    fn whole(&self) -> askama::Result<String>;
    /// The piece that htmx swaps; a page without pieces has only the whole to give.
    fn fragment(&self, _: &Hx) -> askama::Result<String> {
        self.whole()
    }

    /// 200 with the page, or with the piece.
    fn answer(&self, hx: &Hx) -> Result {
        self.answer_with(hx, StatusCode::OK)
    }

    /// 422: the form again, with what is wrong.
    fn rejected(&self, hx: &Hx) -> Result {
        self.answer_with(hx, StatusCode::UNPROCESSABLE_ENTITY)
    }

    fn answer_with(&self, hx: &Hx, status: StatusCode) -> Result {
        if hx.wants_fragment() {
            return Ok(html(status, self.fragment(hx)? + &toast::partials(&self.shell().toasts)?));
        }
        Ok(html(status, self.whole()?))
    }
}

/// Makes a template with a field `shell: Shell` a [`Page`]: `page!(ListPage, as_rows)`; with several
/// pieces, by the id that htmx targets: `page!(FormPage, as_form, "headers" => as_headers)`; a page without
/// pieces: `page!(Guide)`.
macro_rules! page {
    ($page:ty $(, $block:ident $(, $id:literal => $other:ident)*)?) => {
        impl $crate::web::Page for $page {
            fn shell(&self) -> &$crate::web::Shell {
                &self.shell
            }

            fn whole(&self) -> askama::Result<String> {
                askama::Template::render(self)
            }

            $(fn fragment(&self, hx: &$crate::web::Hx) -> askama::Result<String> {
                $(if hx.targets($id) {
                    return askama::Template::render(&self.$other());
                })*
                // A page with one piece has no use for the target.
                let _ = hx;
                askama::Template::render(&self.$block())
            })?
        }
    };
}
pub(crate) use page;

/// An answer in HTML that says what it depends on.
pub fn html(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::VARY, "HX-Request, HX-Request-Type"))
        .body(body)
}

/// 200 with one piece (a row, a card; may be empty) and toasts, for htmx only.
pub fn piece(template: &impl Template, toasts: &[Toast]) -> Result {
    Ok(html(StatusCode::OK, template.render()? + &toast::partials(toasts)?))
}

/// An answer that htmx swaps otherwise than the element says that asked for it: `hx-retarget`, `hx-reswap`.
pub fn retargeted(mut answer: HttpResponse, headers: &[(&'static str, &'static str)]) -> HttpResponse {
    for (name, value) in headers {
        answer.headers_mut().insert(HeaderName::from_static(name), header::HeaderValue::from_static(value));
    }
    answer
}

/// Sends the person on after a successful post: 303, or 200 with `HX-Redirect` to htmx.
pub fn see_other(hx: &Hx, url: impl AsRef<str>) -> HttpResponse {
    let mut answer = if hx.is_htmx() { HttpResponse::Ok() } else { HttpResponse::SeeOther() };
    let name = if hx.is_htmx() { HeaderName::from_static("hx-redirect") } else { header::LOCATION };
    answer.insert_header((name, url.as_ref())).insert_header((header::VARY, "HX-Request, HX-Request-Type")).finish()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn hx(headers: &[(&'static str, &str)]) -> Hx {
        let request = headers.iter().fold(TestRequest::default(), |request, header| request.insert_header(*header));
        Hx::from_headers(request.to_http_request().headers())
    }

    #[test]
    fn only_a_partial_request_gets_a_piece() {
        assert!(hx(&[("hx-request", "true"), ("hx-request-type", "partial")]).wants_fragment());
        assert!(!hx(&[("hx-request", "true"), ("hx-request-type", "full")]).wants_fragment());
        assert!(!hx(&[("hx-request-type", "partial")]).wants_fragment());
        let restore =
            hx(&[("hx-request", "true"), ("hx-request-type", "partial"), ("hx-history-restore-request", "true")]);
        assert!(!restore.wants_fragment());
    }

    #[test]
    fn the_target_and_the_page_behind_a_request_are_known() {
        let hx = hx(&[("hx-target", "div#headers"), ("hx-current-url", "http://localhost:8080/a/b?c=d")]);
        assert!(hx.targets("headers") && !hx.targets("div"));
        assert_eq!(hx.current_path(), Some("/a/b?c=d"));
    }

    #[test]
    fn htmx_is_told_where_to_go_instead_of_being_redirected() {
        let plain = see_other(&Hx::default(), "/settings");
        assert_eq!(
            (plain.status(), plain.headers().get("location").unwrap().as_bytes()),
            (StatusCode::SEE_OTHER, &b"/settings"[..])
        );
        let told = see_other(&hx(&[("hx-request", "true")]), "/settings");
        assert_eq!(
            (told.status(), told.headers().get("hx-redirect").unwrap().as_bytes()),
            (StatusCode::OK, &b"/settings"[..])
        );
    }
}
