//! A guard has the first word: docs/decisions/0048-who-may-comes-first.md.

use std::future::Future;
use std::pin::Pin;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};

use crate::web::error::Error;

/// What an extractor will have found.
pub(super) type Extracting<T, E = Error> = Pin<Box<dyn Future<Output = std::result::Result<T, E>>>>;

/// The guard of a request that has not decided yet.
struct Undecided(fn(HttpRequest) -> Extracting<(), actix_web::Error>);

/// Remembers that `guard` has to decide about the request, until it has.
pub(crate) fn deciding<T>(
    request: &HttpRequest,
    guard: impl Future<Output = std::result::Result<T, T::Error>> + 'static,
) -> Extracting<T, T::Error>
where
    T: FromRequest + 'static,
{
    request
        .extensions_mut()
        .insert(Undecided(|request| Box::pin(async move { T::extract(&request).await.map(drop).map_err(Into::into) })));
    let request = request.clone();
    Box::pin(async move {
        let decision = guard.await;
        request.extensions_mut().remove::<Undecided>();
        decision
    })
}

/// Middleware, for `from_fn`; inside the sessions. Where something else of a signature failed first, the guard is asked all the same.
pub async fn decide(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let answer = next.call(request).await?;
    let undecided = answer.request().extensions_mut().remove::<Undecided>();
    if let Some(Undecided(guard)) = undecided
        && let Err(denied) = guard(answer.request().clone()).await
    {
        return Ok(ServiceResponse::from_err(denied, answer.into_parts().0));
    }
    Ok(answer.map_into_boxed_body())
}
