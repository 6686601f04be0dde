//! Reading one setting's value. The error says what is allowed.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::LogFormat;
use crate::web::throttle::Rate;

/// A whole number with ms, s, m, h or d.
pub fn duration(text: &str) -> Result<Duration, String> {
    let problem = || format!("{text:?} is not a duration: write a whole number with ms, s, m, h or d, such as 30s");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(problem)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| problem())?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(problem()),
    };
    // Ten years are more than any of the settings means.
    let total = number.checked_mul(millis).filter(|total| *total <= 3_650 * 86_400_000).ok_or_else(problem)?;
    Ok(Duration::from_millis(total))
}

/// A delivery is leased for longer than an attempt can last, and a node that dies leaves it waiting for as long: hence the limit.
pub(super) fn attempt_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than 0".into()),
        long if long > Duration::from_secs(600) => Err("it must be at most 10m".into()),
        good => Ok(good),
    }
}

pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let problem =
        || format!("{text:?} is not a rate: write a whole number of at least 1 for each s, m or h, such as 10/m");
    let (count, unit) = text.split_once('/').ok_or_else(problem)?;
    let count = count.trim().parse().map_err(|_| problem())?;
    let seconds = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(problem()),
    };
    Ok(Rate { count, period: Duration::from_secs(seconds) })
}

pub(super) fn network(text: &str) -> Result<IpNet, String> {
    text.parse().map_err(|_| format!("{text:?} is not a network such as 10.0.0.0/8"))
}

pub(super) fn address_or_network(text: &str) -> Result<String, String> {
    let is_good = text.parse::<IpAddr>().is_ok() || text.parse::<IpNet>().is_ok();
    is_good
        .then(|| text.to_owned())
        .ok_or_else(|| format!("{text:?} is neither an address nor a network such as 203.0.113.0/24"))
}

pub(super) fn flag(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| format!("{text:?} is neither true nor false"))
}

pub(super) fn count(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{text:?} is not a whole number from {least} to {most}"))
}

pub(super) fn public_url(text: &str) -> Result<Url, String> {
    let problem = || format!("{text:?} is not an address such as https://herald.example.com, without a path");
    let url = Url::parse(text).map_err(|_| problem())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    if plain { Ok(url) } else { Err(problem()) }
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    let checked = tracing_subscriber::EnvFilter::builder().parse(text);
    checked
        .map(|_| text.to_owned())
        .map_err(|_| format!("{text:?} is not a log level: error, warn, info, debug or trace"))
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("{text:?} is neither text nor json")),
    }
}

/// A TOML value as it would be written in an environment variable; lists are comma-separated there.
pub(super) fn toml_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(|item| item.as_str()).collect();
            items.map(|items| items.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for bad in ["", "5", "s", "1.5s", "-1s", "5 s", "1w", "99999999999999999999s", "99999d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
