//! The pages of accounts, a file each.

pub mod home;
pub mod mails;
pub mod organizations;
pub mod profile;
pub mod settings;
pub mod setup;
pub mod sign_in;

use super::actions::By;
use crate::auth::model::Source;
use crate::base::{Secret, TimeZone};
use crate::web::Context;
use crate::web::error::{Error, Result};

/// One choice of a select: its value and its label.
type Choice = (String, String);

fn choice(value: &str, label: &str) -> Choice {
    (value.to_owned(), label.to_owned())
}

/// The choices of a time zone field.
fn time_zones() -> Vec<Choice> {
    TimeZone::all_names().map(|name| choice(name, name)).collect()
}

/// A box is sent with a value when it is ticked, and not at all when it is not; programs may say it in words.
fn is_ticked(value: Option<&str>) -> bool {
    value.is_some_and(|value| !matches!(value, "" | "0" | "false" | "off"))
}

/// Somebody at a page.
fn by<'a>(context: &'a Context, email: &'a str) -> By<'a> {
    By { email, source: Source::Page, now: context.clock.now(), rng: context.rng.as_ref() }
}

async fn hash(context: &Context, password: Secret) -> Result<String> {
    crate::auth::passwords::hash(password, context.rng.as_ref()).await.map_err(Error::internal)
}
