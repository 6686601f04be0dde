//! `GET /healthz`: the process lives. `GET /readyz`: the database answers and deliveries run.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::web::Context;

/// A database that takes longer to answer is as good as none.
const PATIENCE: Duration = Duration::from_secs(5);

/// Knows whether deliveries run; handed to the app as `web::Data`.
pub struct Deliveries(Box<dyn Fn() -> bool + Send + Sync>);

impl Deliveries {
    pub fn new(are_running: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Box::new(are_running))
    }
}

pub(crate) async fn healthz() -> HttpResponse {
    say(StatusCode::OK, "ok")
}

pub(crate) async fn readyz(context: web::Data<Context>, deliveries: web::Data<Deliveries>) -> HttpResponse {
    if !(deliveries.0)() {
        return say(StatusCode::SERVICE_UNAVAILABLE, "deliveries do not run");
    }
    match tokio::time::timeout(PATIENCE, context.db.ping()).await {
        Ok(Ok(())) => say(StatusCode::OK, "ok"),
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer");
            say(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
        }
        Err(_) => say(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer in time"),
    }
}

fn say(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text)
}
