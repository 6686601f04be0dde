//! /forgot-password: asks for a link that sets a new password.
//!
//! The answer is the same, and as fast, whoever has the address: the link is made and mailed afterwards.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::address_of;
use super::sign_in::{status_of, wait};
use crate::accounts::clerk::{Clerk, Errand};
use crate::accounts::throttles::{self, Throttles};
use crate::auth::model::parse_email;
use crate::mail::Postbox;
use crate::web::{FieldErrors, Form, Hx, Page as _, Result, Shell, page, see_other};

/// Where the answer to every address is.
const SENT: &str = "/forgot-password/sent";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ForgotForm {
    email: String,
}

#[derive(Template)]
#[template(path = "accounts/forgot.html")]
struct ForgotPage {
    shell: Shell,
    /// Without mail there is nothing to be sent.
    has_mail: bool,
    email: String,
    errors: FieldErrors,
    /// Too many tries.
    refusal: String,
}

page!(ForgotPage);

impl ForgotPage {
    fn new(postbox: &Postbox, email: String) -> Self {
        Self {
            shell: Shell::outside("Forgot password"),
            has_mail: postbox.is_open(),
            email,
            errors: FieldErrors::default(),
            refusal: String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "accounts/forgot_sent.html")]
struct SentPage {
    shell: Shell,
}

page!(SentPage);

/// GET /forgot-password
pub async fn show(postbox: web::Data<Postbox>, hx: Hx) -> Result {
    ForgotPage::new(&postbox, String::new()).answer(&hx)
}

/// POST /forgot-password
pub async fn ask(
    throttles: web::Data<Throttles>,
    clerk: web::Data<Clerk>,
    postbox: web::Data<Postbox>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<ForgotForm>,
) -> Result {
    let mut page = ForgotPage::new(&postbox, form.email);
    if !postbox.is_open() {
        return page.answer(&hx);
    }
    let mut errors = FieldErrors::default();
    let Some(email) = errors.take("email", parse_email(&page.email)) else {
        page.errors = errors;
        return page.rejected(&hx);
    };
    let address = address_of(&request);
    if let Err(wait_for) = throttles.links.check(&email, address) {
        let refusal = throttles::too_many(wait_for);
        page.refusal = refusal.to_string();
        return wait(page.answer_with(&hx, status_of(&refusal))?, &refusal);
    }
    clerk.leave(Errand::ResetLink { email, address });
    Ok(see_other(&hx, SENT))
}

/// GET /forgot-password/sent
pub async fn sent(hx: Hx) -> Result {
    SentPage { shell: Shell::outside("Look into your inbox") }.answer(&hx)
}
