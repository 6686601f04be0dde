//! `herald openapi`: the description of the REST API, for code generators.

use std::io::Write as _;

use super::Failure;
use crate::openapi;

pub fn run() -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", openapi::json()).map_err(|error| Failure::failed(format!("cannot print: {error}")))
}
