//! A panic in a handler is a fault of ours like any other: an answer with a reference, and its cause in the log. Without this
//! the framework would drop the connection, with all other requests on it.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use super::error::Error;
use super::problem;

/// Middleware, for `from_fn`; inside the error pages.
pub async fn catch(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let path = request.path().to_owned();
    match caught(next.call(request)).await {
        Ok(answer) => Ok(answer?.map_into_boxed_body()),
        Err(panic) => Err(problem::told(&path, Error::internal(words(&*panic)))),
    }
}

/// The future's output, or what it panicked with. Nothing of a request that panicked is looked at again, and locks that are
/// shared with others know by themselves that their holder panicked.
async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without words"))
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, HttpResponse, web};

    use super::super::{error, headers, problem, route::at};
    use super::*;

    #[actix_web::test]
    async fn a_panic_is_answered_with_a_reference_and_without_its_words() {
        async fn fail() -> HttpResponse {
            tokio::task::yield_now().await;
            panic!("/etc/herald/secret.key is {}", "gone")
        }
        let api = web::scope("/api/v1").wrap(from_fn(problem::documents)).service(at("/fail").get(fail));
        let app = App::new()
            .service(api)
            .service(at("/fail").get(fail))
            .service(at("/ok").get(async || "fine"))
            .wrap(from_fn(catch))
            .wrap(from_fn(error::pages))
            .wrap(from_fn(headers::apply));
        let app = init_service(app).await;
        for (path, kind) in [("/fail", "text/html; charset=utf-8"), ("/api/v1/fail", problem::MEDIA_TYPE)] {
            let request = TestRequest::get().uri(path).to_request();
            let answer = match actix_web::dev::Service::call(&app, request).await {
                Ok(answer) => answer.into_parts().1.map_into_boxed_body(),
                Err(error) => error.error_response(),
            };
            let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            assert_eq!((answer.status().as_u16(), header("content-type")), (500, kind));
            assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
            let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(body.contains("eference ") && !body.contains("secret"), "{body}");
        }
        let answer = call_service(&app, TestRequest::get().uri("/ok").to_request()).await;
        assert_eq!(read_body(answer).await, "fine");
    }
}
