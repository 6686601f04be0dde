//! The addresses of accounts that more than one place names.

use crate::base::{Secret, SessionId};

pub const LOGIN: &str = "/login";
/// The second step of sign-in.
pub const LOGIN_CODE: &str = "/login/code";
pub const FORGOT_PASSWORD: &str = "/forgot-password";
pub const PROFILE: &str = "/profile";
pub const SECOND_FACTOR: &str = "/profile/second-factor";

pub fn reset_password(code: &Secret) -> String {
    format!("/reset-password?code={}", code.expose())
}

pub fn confirm_email(code: &Secret) -> String {
    format!("/confirm-email?code={}", code.expose())
}

pub fn end_session(id: &SessionId) -> String {
    format!("/profile/sessions/{id}/end")
}
