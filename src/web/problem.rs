//! What can go wrong in the API: RFC 9457 problem documents.
//!
//! Every [`Kind`] of [`Problem`] has a `type` that never changes, the place in the API's documentation that explains it.
//! The middleware [`documents`] stands around `/api/v1` and turns every other error there into one too, so
//! that a program never has to read a page.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, ResponseError};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{Error, is_api};
use super::json::NotJson;
use crate::db::DbError;

/// What handlers of the API answer.
pub type Result<T = HttpResponse> = std::result::Result<T, Problem>;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One thing that is wrong with what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Where: a path such as `headers[1].name`, the name of a query parameter, or of a request header.
    #[schema(examples("entity_ids[0]"))]
    pub field: String,
    /// What to change, for people.
    pub message: Cow<'static, str>,
}

impl FieldProblem {
    pub fn new(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Every way in which a call can be refused.
#[derive(Debug)]
pub enum Problem {
    /// The request breaks HTTP, or ended too early.
    BadRequest,
    NotJson(NotJson),
    /// No key, or one that does not (or no longer) count.
    Unauthorized,
    /// The key may not do this; names the scope that may.
    MissingScope(&'static str),
    /// The organization's switch is off.
    WebhooksNotEnabled,
    NotFound,
    /// The request names another host than ours; says under which address Herald is.
    WrongHost {
        public_url: String,
    },
    MethodNotAllowed {
        allow: String,
    },
    /// The state does not allow it; says why.
    Conflict(Cow<'static, str>),
    /// Something would become active and nobody said what is to become of the deliveries that are held for it.
    HeldDeliveries {
        held_count: i64,
    },
    /// Somebody changed it since the version that `If-Match` names.
    Stale,
    /// It was here and the time to get it back is over; says so.
    Gone(Cow<'static, str>),
    TooLarge {
        limit_bytes: usize,
    },
    UnsupportedMediaType,
    /// Readable, but against the rules: all that is wrong.
    Invalid(Vec<FieldProblem>),
    TooManyRequests {
        retry_after_seconds: u64,
    },
    Unavailable {
        retry_after_seconds: u64,
    },
    DiskFull,
    /// Our fault. The cause is for the log, the reference for the caller.
    Internal {
        reference: String,
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

macro_rules! kinds {
    ($($name:ident $anchor:literal $status:ident $title:literal;)*) => {
        /// The reasons for which calls are refused, without what one call lacks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($name,)* }

        impl Kind {
            /// In the order of their statuses.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Where the API's documentation explains it, below `/api/docs#`. Programs compare it: it never changes.
            pub const fn anchor(self) -> &'static str {
                match self { $(Self::$name => concat!("problem-", $anchor),)* }
            }

            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The reason in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

kinds! {
    BadRequest "bad-request" BAD_REQUEST "The request could not be read";
    NotJson "not-json" BAD_REQUEST "The body is not JSON";
    Unauthorized "unauthorized" UNAUTHORIZED "A valid API key is needed";
    MissingScope "missing-scope" FORBIDDEN "The API key may not do this";
    WebhooksNotEnabled "webhooks-not-enabled" FORBIDDEN "Webhooks are not enabled";
    NotFound "not-found" NOT_FOUND "Not found";
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "This address does not take this method";
    Conflict "conflict" CONFLICT "Not possible now";
    HeldDeliveries "held-deliveries" CONFLICT "Say what becomes of the held deliveries";
    Gone "gone" GONE "Too late";
    Stale "stale" PRECONDITION_FAILED "Someone else changed this";
    TooLarge "too-large" PAYLOAD_TOO_LARGE "The body is too large";
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "The body is not sent as JSON";
    WrongHost "wrong-host" MISDIRECTED_REQUEST "Herald is not at this address";
    Invalid "invalid" UNPROCESSABLE_ENTITY "Something in the request breaks a rule";
    TooManyRequests "too-many-requests" TOO_MANY_REQUESTS "Too many requests";
    Internal "internal" INTERNAL_SERVER_ERROR "Something went wrong on our side";
    Unavailable "unavailable" SERVICE_UNAVAILABLE "Herald is busy";
    DiskFull "disk-full" INSUFFICIENT_STORAGE "Herald's disk is full";
}

impl Problem {
    /// One thing that is wrong.
    pub fn invalid(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(vec![FieldProblem::new(field, message)])
    }

    /// Our fault, with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error::internal(cause).into()
    }

    /// Too many; come back after `wait`.
    pub fn too_many(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::TooManyRequests { retry_after_seconds: seconds.max(1) }
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::BadRequest => Kind::BadRequest,
            Self::NotJson(_) => Kind::NotJson,
            Self::Unauthorized => Kind::Unauthorized,
            Self::MissingScope(_) => Kind::MissingScope,
            Self::WebhooksNotEnabled => Kind::WebhooksNotEnabled,
            Self::NotFound => Kind::NotFound,
            Self::WrongHost { .. } => Kind::WrongHost,
            Self::MethodNotAllowed { .. } => Kind::MethodNotAllowed,
            Self::Conflict(_) => Kind::Conflict,
            Self::HeldDeliveries { .. } => Kind::HeldDeliveries,
            Self::Stale => Kind::Stale,
            Self::Gone(_) => Kind::Gone,
            Self::TooLarge { .. } => Kind::TooLarge,
            Self::UnsupportedMediaType => Kind::UnsupportedMediaType,
            Self::Invalid(_) => Kind::Invalid,
            Self::TooManyRequests { .. } => Kind::TooManyRequests,
            Self::Unavailable { .. } => Kind::Unavailable,
            Self::DiskFull => Kind::DiskFull,
            Self::Internal { .. } => Kind::Internal,
        }
    }

    fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::BadRequest => "It breaks HTTP, or ended before it was complete.".into(),
            Self::NotJson(reason) => reason.to_string().into(),
            Self::Unauthorized => {
                "Send `Authorization: Bearer <API key>` with a key that exists and is not revoked.".into()
            }
            Self::MissingScope(scope) => format!("This call needs a key with the scope `{scope}`.").into(),
            Self::WebhooksNotEnabled => "An account manager can enable them for this organization.".into(),
            Self::NotFound => "There is nothing at this address, or it belongs to another organization.".into(),
            Self::WrongHost { public_url } => format!("Call {public_url} instead.").into(),
            Self::MethodNotAllowed { allow } => format!("It takes {allow}.").into(),
            Self::Conflict(text) | Self::Gone(text) => text.clone(),
            Self::HeldDeliveries { .. } => {
                "Send `held` as `deliver`, oldest first, or as `cancel`. `held_count` says how many there are.".into()
            }
            Self::Stale => "Read it again, and send the change with the `ETag` of what you saw.".into(),
            Self::TooLarge { limit_bytes } => format!("Send at most {} KiB.", limit_bytes / 1024).into(),
            Self::UnsupportedMediaType => "Send `Content-Type: application/json`, in UTF-8 and not compressed.".into(),
            Self::Invalid(errors) if errors.len() == 1 => "See `errors` for the one thing to change.".into(),
            Self::Invalid(errors) => format!("See `errors` for the {} things to change.", errors.len()).into(),
            Self::TooManyRequests { retry_after_seconds } | Self::Unavailable { retry_after_seconds } => {
                format!("Try again after {retry_after_seconds} s.").into()
            }
            Self::DiskFull => "Nothing was saved. Whoever runs this server has to make room.".into(),
            Self::Internal { reference, .. } => {
                format!("It is in the server's log under the reference {reference}.").into()
            }
        }
    }

    /// The problem document.
    pub fn document(&self) -> String {
        let kind = self.kind();
        let document = Document {
            r#type: format!("/api/docs#{}", kind.anchor()),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: &self.detail(),
            errors: if let Self::Invalid(errors) = self { errors } else { &[] },
            held_count: if let Self::HeldDeliveries { held_count } = self { Some(*held_count) } else { None },
        };
        serde_json::to_string(&document).expect("texts and numbers always have a JSON form")
    }

    /// Writes our own faults to the log.
    pub(super) fn log(&self, path: &str) {
        if let Self::Internal { reference, cause } = self {
            let chain = std::iter::successors(Some(cause.as_ref() as &dyn std::error::Error), |cause| cause.source());
            let causes = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            tracing::error!(reference, cause = causes, http.path = path, "a call failed on our side");
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}. {}", self.kind().title(), self.detail())
    }
}

impl From<NotJson> for Problem {
    fn from(reason: NotJson) -> Self {
        Self::NotJson(reason)
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Busy | DbError::Closed => Self::Unavailable { retry_after_seconds: 1 },
            DbError::DiskFull => Self::DiskFull,
            error => Self::internal(error),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Internal { reference, cause } => Self::Internal { reference, cause },
            other => Self::from(&other),
        }
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        match error {
            Error::BadRequest(_) => Self::BadRequest,
            Error::Unauthorized => Self::Unauthorized,
            Error::Forbidden | Error::CrossSite | Error::NotFound => Self::NotFound,
            Error::WrongHost { public_url } => Self::WrongHost { public_url: public_url.clone() },
            Error::MethodNotAllowed { allow } => Self::MethodNotAllowed { allow: allow.clone() },
            Error::Conflict(text) => Self::Conflict(text.clone()),
            Error::Gone(text) => Self::Gone(text.clone()),
            Error::PayloadTooLarge => Self::TooLarge { limit_bytes: super::form::MAX_BYTES },
            Error::UnsupportedMediaType => Self::UnsupportedMediaType,
            Error::TooManyRequests { retry_after_seconds } => {
                Self::TooManyRequests { retry_after_seconds: *retry_after_seconds }
            }
            Error::Unavailable { retry_after_seconds } => {
                Self::Unavailable { retry_after_seconds: *retry_after_seconds }
            }
            Error::DiskFull => Self::DiskFull,
            Error::Internal { reference, cause } => {
                Self::Internal { reference: reference.clone(), cause: cause.to_string().into() }
            }
        }
    }
}

/// What a middleware around pages and API alike fails with: a problem document below `/api/v1`, elsewhere what becomes a page.
pub fn told(path: &str, error: Error) -> actix_web::Error {
    if !is_api(path) {
        return error.into();
    }
    let problem = Problem::from(error);
    problem.log(path);
    let answer = problem.error_response();
    InternalError::from_response(problem, answer).into()
}

/// Why a call was refused (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document<'a> {
    /// Where it is explained; never changes for the same reason.
    #[schema(pattern = "^/api/docs#problem-[a-z-]+$", examples("/api/docs#problem-invalid"))]
    r#type: String,
    /// The reason in a few words, the same for each `type`.
    title: &'a str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What this very call lacks, for people.
    detail: &'a str,
    /// All that is wrong, for `invalid`.
    #[serde(skip_serializing_if = "<[FieldProblem]>::is_empty")]
    #[schema(min_items = 1)]
    errors: &'a [FieldProblem],
    /// How many deliveries are held, for `held-deliveries`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    held_count: Option<i64>,
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind().status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        answer.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
        match self {
            Self::Unauthorized => answer.insert_header((header::WWW_AUTHENTICATE, "Bearer")),
            Self::MethodNotAllowed { allow } => answer.insert_header((header::ALLOW, allow.as_str())),
            Self::TooManyRequests { retry_after_seconds } | Self::Unavailable { retry_after_seconds } => {
                answer.insert_header((header::RETRY_AFTER, retry_after_seconds.to_string()))
            }
            _ => &mut answer,
        };
        answer.body(self.document())
    }
}

/// 422 with all that is wrong, if anything is.
pub fn refuse(errors: Vec<FieldProblem>) -> Result<()> {
    if errors.is_empty() { Ok(()) } else { Err(Problem::Invalid(errors)) }
}

/// The default service below `/api/v1`.
pub async fn not_found() -> Result {
    Err(Problem::NotFound)
}

/// Middleware, for `from_fn` around `/api/v1`: every error there is answered with a problem document.
pub async fn documents(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let path = request.path().to_owned();
    match next.call(request).await {
        Ok(answer) => {
            let Some(document) = answer.response().error().and_then(|error| document(error, &path)) else {
                return Ok(answer.map_into_boxed_body());
            };
            let (request, _) = answer.into_parts();
            Ok(ServiceResponse::new(request, document))
        }
        Err(error) => Err(match document(&error, &path) {
            Some(document) => InternalError::from_response(error, document).into(),
            None => error,
        }),
    }
}

/// The problem document for another layer's error; `None` where the answer is one already.
fn document(error: &actix_web::Error, path: &str) -> Option<HttpResponse> {
    if let Some(problem) = error.as_error::<Problem>() {
        problem.log(path);
        return None;
    }
    let foreign = error.as_error::<Error>().map_or_else(|| from_status(error), Problem::from);
    foreign.log(path);
    Some(foreign.error_response())
}

/// An error of the framework, in our words.
fn from_status(error: &actix_web::Error) -> Problem {
    match error.as_response_error().status_code() {
        StatusCode::NOT_FOUND => Problem::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge { limit_bytes: super::form::MAX_BYTES },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::UnsupportedMediaType,
        status if status.is_client_error() => Problem::BadRequest,
        _ => Problem::internal(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::{App, web};

    use super::*;

    /// Status, a header and the document that a request below `/api/v1` is answered with.
    async fn ask(request: TestRequest, header: &str) -> (u16, String, serde_json::Value) {
        let busy = async || Err::<HttpResponse, _>(Problem::from(DbError::Busy));
        let broken = async || Err::<HttpResponse, _>(Problem::internal("the secret cause"));
        let wrong =
            async || Err::<HttpResponse, _>(Problem::invalid("entity_ids[0]", "Leave out what is there twice."));
        let api = web::scope("/api/v1")
            .wrap(from_fn(documents))
            .service(crate::web::at("/busy").get(busy))
            .service(crate::web::at("/broken").get(broken))
            .service(crate::web::at("/wrong").post(wrong))
            .service(crate::web::at("/number/{n}").get(async |_: web::Path<u8>| HttpResponse::Ok()))
            .default_service(web::to(not_found));
        let app = init_service(App::new().service(api)).await;
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(answer.headers().get("content-type").unwrap(), MEDIA_TYPE);
        let value = answer.headers().get(header).map_or("", |value| value.to_str().unwrap()).to_owned();
        (answer.status().as_u16(), value, read_body_json(answer).await)
    }

    #[actix_web::test]
    async fn every_error_below_the_api_is_a_problem_document() {
        let get = |path| TestRequest::get().uri(path);
        let (status, retry, document) = ask(get("/api/v1/busy"), "retry-after").await;
        assert_eq!((status, retry.as_str(), &document["status"]), (503, "1", &503.into()));
        assert_eq!(document["type"], "/api/docs#problem-unavailable");
        let (status, allow, document) = ask(get("/api/v1/wrong"), "allow").await;
        assert_eq!((status, allow.as_str()), (405, "POST"));
        assert_eq!(document["detail"], "It takes POST.");
        for path in ["/api/v1/nobody", "/api/v1", "/api/v1/number/x", "/api/v1/busy/"] {
            let (status, _, document) = ask(get(path), "allow").await;
            assert_eq!((status, &document["title"]), (404, &"Not found".into()), "{path}");
        }
    }

    #[actix_web::test]
    async fn bad_input_is_told_by_its_path_and_our_faults_are_not_told() {
        let (status, _, document) = ask(TestRequest::post().uri("/api/v1/wrong"), "allow").await;
        assert_eq!(status, 422);
        let expected = serde_json::json!([{"field": "entity_ids[0]", "message": "Leave out what is there twice."}]);
        assert_eq!(document["errors"], expected);
        let (status, _, document) = ask(TestRequest::get().uri("/api/v1/broken"), "allow").await;
        assert_eq!(status, 500);
        assert!(!document.to_string().contains("secret cause"), "{document}");
    }
}
