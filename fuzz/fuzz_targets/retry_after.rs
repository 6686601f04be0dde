//! `Retry-After`, which any receiver writes: never in the past, never beyond a day, and read as httpdate and the integers of the
//! standard library read it.

#![no_main]

use std::time::{Duration, SystemTime};

use herald::base::Timestamp;
use herald::delivery::retry::retry_after;
use libfuzzer_sys::fuzz_target;

const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

fuzz_target!(|value: &str| {
    let now = Timestamp::from_seconds(i64::try_from(NOW).expect("a small number"));
    let at = retry_after(429, Some(value), now);
    assert_eq!(retry_after(500, Some(value), now), None);
    assert_eq!(retry_after(503, Some(value), now), at);
    if let Some(at) = at {
        assert!(at > now && at <= now + Duration::from_secs(DAY), "{value:?}");
    }
    let trimmed = value.trim_matches([' ', '\t']);
    let is_number = !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = match (is_number, httpdate::parse_http_date(trimmed)) {
        (true, _) => trimmed.parse::<u64>().ok(),
        (false, Ok(date)) => date
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()
            .and_then(|since| since.as_secs().checked_sub(NOW)),
        (false, Err(_)) => None,
    };
    // A wish for now or the past is none, and one for later than in a year is a mistake.
    let expected = seconds.filter(|seconds| (1..=365 * DAY).contains(seconds)).map(|seconds| seconds.min(DAY));
    assert_eq!(at, expected.map(|seconds| now + Duration::from_secs(seconds)), "{value:?}");
});
