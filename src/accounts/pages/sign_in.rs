//! Signing in and out.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::home::{after_sign_in, is_safe};
use crate::auth::model::{EMAIL_LENGTH, User};
use crate::auth::passwords;
use crate::auth::store::users;
use crate::base::{Clock, Secret};
use crate::web::error::Error;
use crate::web::guard::Visitor;
use crate::web::session::{self, Session};
use crate::web::throttle::{Rate, Throttle};
use crate::web::{Context, Form, Hx, Page as _, Result, Shell, Site, page, see_other};

const WRONG: &str = "Email or password is wrong.";

/// How often somebody may try, by account and by address. Only tries that failed count.
pub struct SignInThrottle {
    by_account: Throttle<String>,
    by_address: Throttle<Option<IpAddr>>,
}

impl SignInThrottle {
    /// `rate` is HERALD_SIGN_IN_RATE, for each account and for each address.
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        Self { by_account: Throttle::new(rate, clock.clone()), by_address: Throttle::new(rate, clock) }
    }

    /// Counts a try. `Err`: too many; come back after this time.
    pub fn check(&self, email: &str, address: Option<IpAddr>) -> std::result::Result<(), Duration> {
        self.by_address.check(&network(address))?;
        self.by_account.check(&email.to_owned())
    }

    /// The password was right: the try does not count.
    pub fn forgive(&self, email: &str, address: Option<IpAddr>) {
        self.by_address.give_back(&network(address));
        self.by_account.give_back(&email.to_owned());
    }
}

/// A subscriber of IPv6 has 2^64 addresses to come from.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    })
}

#[derive(Debug, Deserialize)]
pub struct Query {
    #[serde(default)]
    next: String,
}

#[derive(Debug, Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
struct SignInPage {
    shell: Shell,
    email: String,
    next: String,
    error: String,
}

page!(SignInPage);

impl SignInPage {
    fn new(email: String, next: String, error: String) -> Self {
        let next = if is_safe(&next) { next } else { String::new() };
        Self { shell: Shell::outside("Sign in"), email, next, error }
    }
}

/// GET /login
pub async fn show(Visitor(visitor, _): Visitor, query: web::Query<Query>, hx: Hx) -> Result {
    let next = query.into_inner().next;
    match visitor {
        Some(visitor) => Ok(see_other(&hx, after_sign_in(&visitor.user, &next))),
        None => SignInPage::new(String::new(), next, String::new()).answer(&hx),
    }
}

/// POST /login
pub async fn sign_in(
    session: Session,
    throttle: web::Data<SignInThrottle>,
    context: web::Data<Context>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<SignInForm>,
) -> Result {
    let account = form.email.trim().to_lowercase();
    let address = Site::of(&request).client_ip(&request);
    if let Err(wait) = throttle.check(&account, address) {
        return too_many(form, wait, &hx);
    }
    let Some(user) = verified(&context, &account, Secret::new(form.password)).await? else {
        return SignInPage::new(form.email, form.next, WRONG.into()).rejected(&hx);
    };
    throttle.forgive(&account, address);
    session::sign_in(&session, &user.id)?;
    Ok(see_other(&hx, after_sign_in(&user, &form.next)))
}

/// The active user whose address and password these are.
async fn verified(context: &Context, account: &str, password: Secret) -> Result<Option<User>> {
    let found = if account.len() > EMAIL_LENGTH {
        None
    } else {
        users::find_for_sign_in(&mut *context.db.read().await?, account).await?
    };
    let (user, hash) = found.filter(|(user, _)| user.active).unzip();
    let is_right = passwords::verify(password, hash).await.map_err(Error::internal)?;
    Ok(user.filter(|_| is_right))
}

fn too_many(form: SignInForm, wait: Duration, hx: &Hx) -> Result {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let refusal = Error::TooManyRequests { retry_after_seconds: seconds };
    let page = SignInPage::new(form.email, form.next, refusal.to_string());
    let mut answer = page.answer_with(hx, StatusCode::TOO_MANY_REQUESTS)?;
    answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    Ok(answer)
}

/// POST /logout
pub async fn sign_out(session: Session, hx: Hx) -> HttpResponse {
    session::sign_out(&session);
    see_other(&hx, "/login")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_one_subscriber_count_as_one() {
        let of = |text: &str| network(text.parse().ok());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.2"), of("192.0.2.1"));
    }
}
