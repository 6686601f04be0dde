//! One address with its methods, answering 405 with `Allow` to all others.

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::{FromRequest, Handler, Resource, Responder, guard, web};

use super::error::Error;

/// Begins a route: `at("/login").get(show).post(sign_in)`.
pub fn at(path: &str) -> Address {
    Address { resource: web::resource(path), allow: Vec::new() }
}

/// An address that is being given its handlers. Hand it to `App::service` or `ServiceConfig::service`.
pub struct Address {
    resource: Resource,
    allow: Vec<&'static str>,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident, $allow:literal, $guard:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name<F, Args>(mut self, handler: F) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            self.resource = self.resource.route(web::route().guard($guard).to(handler));
            self.allow.push($allow);
            self
        }
    )*};
}

impl Address {
    methods! {
        /// Also answers HEAD, without the body.
        get, "GET, HEAD", guard::Any(guard::Get()).or(guard::Head());
        post, "POST", guard::Post();
        patch, "PATCH", guard::Patch();
        delete, "DELETE", guard::Delete();
    }
}

impl HttpServiceFactory for Address {
    fn register(self, config: &mut AppService) {
        let allow = self.allow.join(", ");
        let refuse = move || {
            let allow = allow.clone();
            async move { Err::<actix_web::HttpResponse, _>(Error::MethodNotAllowed { allow }) }
        };
        self.resource.default_service(web::to(refuse)).register(config);
    }
}
