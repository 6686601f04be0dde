//! How requests are answered.

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;

/// What is answered to the attempts that `--fail-first` fails.
const FAILING: u16 = 503;

#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub status: u16,
    pub delay: Duration,
    /// So many attempts of each message fail first.
    pub fail_first: u32,
}

impl Plan {
    /// The status for the `number`th attempt of a message, from 1.
    pub fn status(&self, number: u32) -> u16 {
        if number <= self.fail_first { FAILING } else { self.status }
    }
}

impl fmt::Display for Plan {
    /// In a sentence, for the welcome.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers ")?;
        match self.fail_first {
            0 => {}
            1 => write!(f, "{FAILING} to the first attempt of each message, then ")?,
            many => write!(f, "{FAILING} to the first {many} attempts of each message, then ")?,
        }
        write!(f, "{}", self.status)?;
        if self.delay.is_zero() { f.write_str(".") } else { write!(f, ", each after {:?}.", self.delay) }
    }
}

/// What is answered beside the status.
pub fn body_of(status: StatusCode) -> &'static str {
    match status {
        // These have no body.
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED => "",
        status if status.is_success() => r#"{"received":true}"#,
        _ => r#"{"error":"herald listen fails on purpose"}"#,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_attempts_fail_and_later_ones_are_as_asked() {
        let plan = Plan { status: 202, delay: Duration::from_millis(1_500), fail_first: 2 };
        assert_eq!([1, 2, 3, 4].map(|number| plan.status(number)), [503, 503, 202, 202]);
        assert_eq!(plan.to_string(), "Answers 503 to the first 2 attempts of each message, then 202, each after 1.5s.");
        let plain = Plan { status: 200, delay: Duration::ZERO, fail_first: 0 };
        assert_eq!((plain.status(1), plain.to_string().as_str()), (200, "Answers 200."));
    }
}
