//! `GET /api/v1/openapi.json`.

use std::sync::LazyLock;

use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest, Sha256};

/// Read this description
///
/// Needs no key. The answer has an `ETag`: ask again with `If-None-Match` to learn whether it changed.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "readDescription", tag = "This description",
    security(()),
    responses(
        (status = 200, description = "An OpenAPI 3.1 document.", content_type = "application/json", body = Object,
            headers(("ETag" = String, description = "Changes with the description."))),
        (status = 304, description = "It is what `If-None-Match` names."),
    ),
)]
pub(crate) async fn show(request: HttpRequest) -> HttpResponse {
    static TAG: LazyLock<EntityTag> =
        LazyLock::new(|| EntityTag::new_strong(BASE64.encode(Sha256::digest(super::json()))));
    let is_known = match IfNoneMatch::parse(&request) {
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&TAG)),
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Err(_) => false,
    };
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // May be kept, but is asked for again each time: the next version of the program says something else.
    answer.insert_header((header::CACHE_CONTROL, "no-cache")).insert_header(header::ETag(TAG.clone()));
    if is_known { answer.finish() } else { answer.content_type("application/json").body(super::json()) }
}
