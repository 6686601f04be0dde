//! Every URL on one page: path, methods, handlers, and, through the guards in the handlers' signatures, who may.

use actix_web::middleware::from_fn;
use actix_web::web::{self as actix, ServiceConfig};

use crate::accounts::{self, api_keys};
use crate::ops::health;
use crate::publish;
use crate::receiver;
use crate::web::{assets, error, problem};
use crate::webhooks::{log, pages};

/// All routes, in the order of the contract's tables.
pub fn configure(app: &mut ServiceConfig) {
    app.configure(assets::configure);
    app.configure(health::routes);
    app.configure(accounts::pages::routes);
    app.configure(api_keys::routes);
    app.configure(pages::routes);
    app.configure(log::routes);
    app.service(api());
    app.default_service(actix::to(error::not_found));
}

/// What a demo has besides.
pub fn demo(app: &mut ServiceConfig) {
    app.configure(receiver::pages::routes);
}

/// Below `/api/v1` every answer is JSON, errors too.
fn api() -> actix_web::Scope<
    impl actix_web::dev::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    actix::scope("/api/v1")
        .wrap(from_fn(problem::documents))
        .configure(publish::api::routes)
        .default_service(actix::to(problem::not_found))
}
