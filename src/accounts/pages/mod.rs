//! The pages of accounts, a file each.

pub mod code;
pub mod forgot;
pub mod home;
pub mod mails;
pub mod member_access;
pub mod organizations;
pub mod profile;
mod qr;
pub mod reset;
pub mod settings;
pub mod setup;
pub mod sign_in;

use std::net::IpAddr;

use actix_web::HttpRequest;

use super::actions::By;
use crate::auth::model::Source;
use crate::base::{Secret, TimeZone};
use crate::web::error::Result;
use crate::web::{Context, Site};

/// One choice of a select: its value and its label.
pub(super) type Choice = (String, String);

pub(super) fn choice(value: &str, label: &str) -> Choice {
    (value.to_owned(), label.to_owned())
}

/// The choices of a time zone field.
fn time_zones() -> Vec<Choice> {
    TimeZone::all_names().map(|name| choice(name, name)).collect()
}

/// A box is sent with a value when it is ticked, and not at all when it is not; programs may say it in words.
pub(super) fn is_ticked(value: Option<&str>) -> bool {
    value.is_some_and(|value| !matches!(value, "" | "0" | "false" | "off"))
}

/// Somebody at a page, who asks from `address`.
pub(super) fn by<'a>(context: &'a Context, email: &'a str, address: Option<IpAddr>) -> By<'a> {
    By { email, source: Source::Page, address, now: context.clock.now(), rng: context.rng.as_ref() }
}

/// Where a request comes from.
fn address_of(request: &HttpRequest) -> Option<IpAddr> {
    Site::of(request).client_ip(request)
}

pub(super) async fn hash(context: &Context, password: Secret) -> Result<String> {
    Ok(context.hasher.hash(password, context.rng.as_ref()).await?)
}
