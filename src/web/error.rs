//! What can go wrong, as people see it.
//!
//! A handler answers `web::Result`. The error alone makes a plain answer; the middleware [`pages`], which knows the
//! request, turns it into a page (in the sidebar's shell where one was remembered), a toast for htmx, or the
//! way to the login. What is our fault goes to the log there, once, under the number that the person sees.

use std::borrow::Cow;
use std::fmt;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, ResponseError};
use actix_web::http::header;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use askama::Template;

use super::hx::{Hx, html, path_of};
use super::shell::Shell;
use super::toast::{self, Toast};
use crate::auth::passwords::HashError;
use crate::base::{Rng, SystemRng};
use crate::db::DbError;

/// What handlers of pages answer.
pub type Result<T = HttpResponse> = std::result::Result<T, Error>;

/// Every way in which a page can be refused. The words are in [`Error::words`].
#[derive(Debug)]
pub enum Error {
    BadRequest(Cow<'static, str>),
    /// Nobody is signed in: becomes the way to the login.
    Unauthorized,
    Forbidden,
    /// A write that did not come from our own pages.
    CrossSite,
    NotFound,
    /// The request names another host than ours; says under which address Herald is.
    WrongHost {
        public_url: String,
    },
    MethodNotAllowed {
        allow: String,
    },
    /// Somebody was faster, or the state does not allow it; says which.
    Conflict(Cow<'static, str>),
    /// It was here and the time to get it back is over; says so.
    Gone(Cow<'static, str>),
    PayloadTooLarge,
    UnsupportedMediaType,
    TooManyRequests {
        retry_after_seconds: u64,
    },
    Unavailable {
        retry_after_seconds: u64,
    },
    /// Nothing more can be stored.
    DiskFull,
    /// Our fault. The cause is for the log, the reference for the person.
    Internal {
        reference: String,
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a conflict says when there is nothing more exact to say.
pub const STALE: &str = "Reload to see their version.";

impl Error {
    /// Our fault, with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal { reference: reference(&SystemRng), cause: cause.into() }
    }

    /// Title and sentence for people.
    fn words(&self) -> (&'static str, Cow<'static, str>) {
        match self {
            Self::BadRequest(text) => ("This request could not be read", text.clone()),
            Self::Unauthorized => ("Sign in first", "Your session has ended.".into()),
            Self::Forbidden => ("You cannot open this page", "Ask an organization admin for access.".into()),
            Self::CrossSite => {
                ("This came from another site", "Nothing was saved. Open the page in Herald and try again.".into())
            }
            Self::NotFound => {
                ("Page not found", "It may have been deleted, or the address has a mistake in it.".into())
            }
            Self::WrongHost { public_url } => {
                ("Herald is not at this address", format!("Open {public_url} instead.").into())
            }
            Self::MethodNotAllowed { .. } => ("This address does not work that way", "Go back and try again.".into()),
            Self::Conflict(text) if text == STALE => ("Someone else changed this", STALE.into()),
            Self::Conflict(text) => ("This is not possible now", text.clone()),
            Self::Gone(text) => ("Too late", text.clone()),
            Self::PayloadTooLarge => {
                ("This is too large", "A form may hold up to 256 KiB, a CSV file up to 64 MiB.".into())
            }
            Self::UnsupportedMediaType => ("This form could not be read", "Send it as a browser sends a form.".into()),
            Self::TooManyRequests { retry_after_seconds } => {
                ("Too many tries", format!("Try again in {}.", wait(*retry_after_seconds)).into())
            }
            Self::Unavailable { .. } => ("Herald is busy", "Nothing was saved. Try again in a moment.".into()),
            Self::DiskFull => ("Herald's disk is full", "Nothing was saved. Tell whoever runs Herald here.".into()),
            Self::Internal { reference, .. } => {
                ("Something went wrong on our side", format!("Nothing was saved. Reference {reference}.").into())
            }
        }
    }

    /// Writes our own faults to the log.
    fn log(&self, path: &str) {
        if let Self::Internal { reference, cause } = self {
            let chain = std::iter::successors(Some(cause.as_ref() as &dyn std::error::Error), |cause| cause.source());
            let causes = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            tracing::error!(reference, cause = causes, http.path = loggable(path), "a page failed on our side");
        }
    }

    fn add_headers(&self, answer: &mut HttpResponse) {
        let (name, value) = match self {
            Self::MethodNotAllowed { allow } => (header::ALLOW, allow.clone()),
            Self::TooManyRequests { retry_after_seconds } | Self::Unavailable { retry_after_seconds } => {
                (header::RETRY_AFTER, retry_after_seconds.to_string())
            }
            _ => return,
        };
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
}

/// A path as a log may have it: the code of an invitation opens it.
fn loggable(path: &str) -> &str {
    if path.starts_with("/invitations/") { "/invitations/{code}" } else { path }
}

fn wait(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".into(),
        2..=59 => format!("{seconds} seconds"),
        60..=119 => "a minute".into(),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// Five letters and digits that cannot be mistaken for each other.
fn reference(rng: &dyn Rng) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    rng.bytes::<5>().iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, text) = self.words();
        write!(f, "{title}. {text}")
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Unavailable { retry_after_seconds: 2 },
            HashError::Hash(_) | HashError::Code(_) | HashError::Thread(_) => Self::internal(error),
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Busy | DbError::Closed => Self::Unavailable { retry_after_seconds: 1 },
            DbError::DiskFull => Self::DiskFull,
            error => Self::internal(error),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongHost { .. } => StatusCode::MISDIRECTED_REQUEST,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Gone(_) => StatusCode::GONE,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code()).body(self.to_string());
        self.add_headers(&mut answer);
        answer
    }
}

/// The default service: 404 for every address that is nobody's.
pub async fn not_found() -> Result {
    Err(Error::NotFound)
}

/// Whether a path belongs to the API, whose errors are problem documents.
pub fn is_api(path: &str) -> bool {
    path == "/api/v1" || path.starts_with("/api/v1/")
}

/// Keeps the shell of who asks, so that an error can be shown in it. Guards call this.
pub fn remember_shell(request: &HttpRequest, shell: Shell) {
    request.extensions_mut().insert(shell);
}

/// Middleware, for `from_fn`: gives errors outside the API their page. It stands inside the headers, around the rest.
pub async fn pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let asked = Asked::by(&request);
    match next.call(request).await {
        Ok(answer) => {
            let shell = answer.request().extensions().get::<Shell>().cloned();
            let Some(page) = answer.response().error().and_then(|error| asked.answer(error, shell)) else {
                return Ok(answer.map_into_boxed_body());
            };
            let (request, _) = answer.into_parts();
            Ok(ServiceResponse::new(request, page))
        }
        // A middleware below refused before a route was found.
        Err(error) => Err(match asked.answer(&error, None) {
            Some(page) => InternalError::from_response(error, page).into(),
            None => error,
        }),
    }
}

/// What is needed of a request to show an error; the request itself goes on to the handler.
struct Asked {
    hx: Hx,
    path: String,
    /// Where to go on after signing in.
    next: String,
}

impl Asked {
    fn by(request: &ServiceRequest) -> Self {
        let hx = Hx::from_headers(request.headers());
        let next = if *request.method() == Method::GET && !hx.wants_fragment() {
            request.uri().path_and_query().map(|path| path.as_str().to_owned())
        } else {
            // The address of a post has no page of its own: back to where it was made.
            let referer = || path_of(request.headers().get(header::REFERER)?.to_str().ok()?);
            hx.current_path().map(ToOwned::to_owned).or_else(referer)
        };
        let next = next.filter(|path| is_own_path(path)).unwrap_or_else(|| "/".into());
        Self { hx, path: request.path().to_owned(), next }
    }

    /// `None`: the answer stays as it is.
    fn answer(&self, error: &actix_web::Error, shell: Option<Shell>) -> Option<HttpResponse> {
        if is_api(&self.path) {
            return None;
        }
        let foreign;
        let error = match error.as_error::<Error>() {
            Some(error) => error,
            None => {
                foreign = from_status(error)?;
                &foreign
            }
        };
        error.log(&self.path);
        if matches!(error, Error::Unauthorized) {
            return Some(self.login());
        }
        let mut answer = self.render(error, shell).unwrap_or_else(|_| error.error_response());
        error.add_headers(&mut answer);
        Some(answer)
    }

    fn login(&self) -> HttpResponse {
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &self.next).finish();
        super::hx::see_other(&self.hx, format!("/login?{query}"))
    }

    fn render(&self, error: &Error, shell: Option<Shell>) -> askama::Result<HttpResponse> {
        let status = error.status_code();
        let (title, text) = error.words();
        if self.hx.wants_fragment() {
            return Ok(html(status, toast::partials(&[Toast::bad(title).text(text)])?));
        }
        let body = match shell {
            Some(shell) => Inside { shell: shell.on(title, None), title, text: &text, status }.render()?,
            None => Outside { shell: Shell::outside(title), title, text: &text, status }.render()?,
        };
        Ok(html(status, body))
    }
}

/// An error of the framework, in our words.
fn from_status(error: &actix_web::Error) -> Option<Error> {
    Some(match error.as_response_error().status_code() {
        StatusCode::BAD_REQUEST => Error::BadRequest("Go back and try again.".into()),
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Error::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::UnsupportedMediaType,
        StatusCode::INTERNAL_SERVER_ERROR => Error::internal(error.to_string()),
        _ => return None,
    })
}

/// A path on this site, and nothing that a browser would take for another one.
pub fn is_own_path(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && !path.chars().any(char::is_control)
}

/// The page of ours on which a button was pressed, as far as the browser says so.
pub fn came_from(request: &HttpRequest) -> Option<String> {
    let referer = request.headers().get(header::REFERER)?.to_str().ok()?;
    path_of(referer).filter(|path| is_own_path(path))
}

/// The error inside the sidebar's shell.
#[derive(Template)]
#[template(path = "errors/inside.html")]
struct Inside<'a> {
    shell: Shell,
    title: &'a str,
    text: &'a str,
    status: StatusCode,
}

/// The error for somebody unknown.
#[derive(Template)]
#[template(path = "errors/outside.html")]
struct Outside<'a> {
    shell: Shell,
    title: &'a str,
    text: &'a str,
    status: StatusCode,
}

#[cfg(test)]
pub(super) fn sample_outside() -> String {
    let text = "Nothing was saved. Reference 7F3K2.";
    let title = "Something went wrong on our side";
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Outside { shell: Shell::outside(title), title, text, status }.render().expect("a template")
}

#[cfg(test)]
pub(super) fn sample_inside() -> String {
    let (title, text) = ("Page not found", "It may have been deleted, or the address has a mistake in it.");
    Inside { shell: Shell::sample().on(title, None), title, text, status: StatusCode::NOT_FOUND }
        .render()
        .expect("a template")
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, web};

    use super::*;

    async fn ask(request: TestRequest) -> (HttpResponse<()>, String) {
        let fail = || async { Err::<HttpResponse, _>(Error::internal("disk on <fire>")) };
        let app = App::new()
            .service(super::super::route::at("/fail").get(fail))
            .service(super::super::route::at("/page").get(async || Err::<HttpResponse, _>(Error::Unauthorized)))
            .service(super::super::route::at("/inside").get(async |request: HttpRequest| {
                remember_shell(&request, Shell::sample());
                Err::<HttpResponse, _>(Error::Forbidden)
            }))
            .configure(super::super::assets::configure)
            .default_service(web::to(not_found))
            .wrap(from_fn(super::super::origin::check))
            .wrap(from_fn(pages))
            .wrap(from_fn(super::super::headers::apply));
        let app = init_service(app).await;
        let answer = call_service(&app, request.to_request()).await;
        let (head, headers) = (answer.status(), answer.headers().clone());
        let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap_or_default();
        let mut head = HttpResponse::build(head).finish().drop_body();
        *head.headers_mut() = headers;
        (head, body)
    }

    fn header<'a>(head: &'a HttpResponse<()>, name: &str) -> &'a str {
        head.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[actix_web::test]
    async fn every_answer_has_the_security_headers_and_its_own_caching() {
        let asset = super::super::assets::url("app.css");
        for (path, status) in [("/nowhere", 404), ("/fail", 500), (asset.as_str(), 200), ("/static/0/app.css", 404)] {
            let (head, _) = ask(TestRequest::get().uri(path)).await;
            assert_eq!(head.status().as_u16(), status, "{path}");
            assert!(header(&head, "content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
            assert_eq!(header(&head, "x-frame-options"), "DENY");
            let is_kept = header(&head, "cache-control").contains("immutable");
            assert_eq!(is_kept, status == 200, "{path}");
        }
    }

    #[actix_web::test]
    async fn a_fault_of_ours_is_a_page_with_a_number_and_without_its_cause() {
        let (head, body) = ask(TestRequest::get().uri("/fail")).await;
        assert_eq!(header(&head, "content-type"), "text/html; charset=utf-8");
        assert!(body.contains("Something went wrong on our side") && body.contains("Reference "));
        assert!(!body.contains("fire"));
    }

    #[actix_web::test]
    async fn htmx_gets_an_error_as_a_toast() {
        let partial =
            TestRequest::get().insert_header(("hx-request", "true")).insert_header(("hx-request-type", "partial"));
        let (head, body) = ask(partial.uri("/nowhere")).await;
        assert_eq!(head.status(), StatusCode::NOT_FOUND);
        assert!(body.contains("<hx-partial") && body.contains("Page not found") && !body.contains("<html"));
    }

    #[actix_web::test]
    async fn who_is_not_signed_in_goes_to_the_login_and_comes_back() {
        let (head, _) = ask(TestRequest::get().uri("/page?a=1&b=2")).await;
        assert_eq!(head.status(), StatusCode::SEE_OTHER);
        assert_eq!(header(&head, "location"), "/login?next=%2Fpage%3Fa%3D1%26b%3D2");
        let htmx = TestRequest::get().uri("/page").insert_header(("hx-request", "true"));
        let (head, _) = ask(htmx).await;
        assert_eq!((head.status(), header(&head, "hx-redirect")), (StatusCode::OK, "/login?next=%2Fpage"));
    }

    #[actix_web::test]
    async fn an_error_of_a_known_person_keeps_the_sidebar() {
        let (head, body) = ask(TestRequest::get().uri("/inside")).await;
        assert_eq!(head.status(), StatusCode::FORBIDDEN);
        assert!(body.contains("You cannot open this page") && body.contains("Halden Systems"));
        assert_eq!(body.matches("<h1").count(), 1);
    }

    #[actix_web::test]
    async fn other_methods_are_told_which_ones_there_are() {
        let post = TestRequest::post().uri("/fail").insert_header(("sec-fetch-site", "same-origin"));
        let (head, _) = ask(post).await;
        assert_eq!((head.status(), header(&head, "allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"));
        let (head, body) = ask(TestRequest::post().uri("/fail")).await;
        assert_eq!(head.status(), StatusCode::FORBIDDEN);
        assert!(body.contains("This came from another site"));
    }

    #[test]
    fn only_paths_of_this_site_are_own() {
        for path in ["/", "/settings?x=//y"] {
            assert!(is_own_path(path), "{path}");
        }
        for path in ["", "settings", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb"] {
            assert!(!is_own_path(path), "{path:?}");
        }
    }
}
