//! `GET /healthz`: the process lives. `GET /readyz`: the database answers and deliveries run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::web::{Context, at};

/// A database that takes longer to answer is as good as none.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether deliveries run: set by who starts and stops the engine, and handed to the app as `web::Data`.
#[derive(Clone, Debug, Default)]
pub struct Deliveries(Arc<AtomicBool>);

impl Deliveries {
    pub fn set_running(&self, running: bool) {
        self.0.store(running, Ordering::Relaxed);
    }

    pub fn are_running(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The two addresses, open to everybody.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(at("/healthz").get(healthz)).service(at("/readyz").get(readyz));
}

async fn healthz() -> HttpResponse {
    say(StatusCode::OK, "ok")
}

async fn readyz(context: web::Data<Context>, deliveries: web::Data<Deliveries>) -> HttpResponse {
    if !deliveries.are_running() {
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
