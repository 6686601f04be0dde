//! What stands in the form of a replay, and what is meant by it.

use std::time::Duration;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::base::{TimeZone, Timestamp};
use crate::delivery::model::{DeliveryState, PerSecond, ReplayDraft, ReplayFilter};
use crate::events::EventType;
use crate::web::FieldErrors;

/// How far back a replay reaches unless somebody says otherwise.
const USUAL: Duration = Duration::from_secs(24 * 60 * 60);

/// As browsers write what is chosen in a field for date and time; the seconds where there are some, and the space of those who
/// type it.
const FORMATS: [&str; 4] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"];

/// The fields as they were typed, in the order of the form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ReplayForm {
    /// On the organization's clocks, as `until`, where nothing means now.
    pub since: String,
    /// In the answer to the question the instant at which it was asked, as RFC 3339 has it.
    pub until: String,
    pub states: Vec<String>,
    /// None: all.
    pub event_types: Vec<String>,
    pub per_second: String,
    /// The question was answered.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub confirm: String,
}

/// What is meant.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub filter: ReplayFilter,
    pub pace: PerSecond,
}

impl ReplayForm {
    /// The form before anybody has typed.
    pub(super) fn usual(now: Timestamp, zone: TimeZone) -> Self {
        Self {
            since: zone.local(now - USUAL).format(FORMATS[0]).to_string(),
            states: ReplayFilter::USUAL_STATES.iter().map(ToString::to_string).collect(),
            per_second: PerSecond::OF_REPLAYS.count().to_string(),
            ..Self::default()
        }
    }

    /// `Ok`, or all that is wrong.
    pub(super) fn parse(&self, now: Timestamp, zone: TimeZone) -> Result<Asked, FieldErrors> {
        let mut errors = FieldErrors::default();
        let (since, until) = (self.since.trim(), self.until.trim());
        let draft = ReplayDraft {
            since: (!since.is_empty()).then(|| errors.take("since", instants(since, zone))).flatten().map(|two| two.0),
            until: (!until.is_empty()).then(|| errors.take("until", instants(until, zone))).flatten().map(|two| two.1),
            states: Some(names::<DeliveryState>(&self.states, "states", &mut errors)),
            event_types: names::<EventType>(&self.event_types, "event_types", &mut errors),
        };
        let filter = draft.parse(now).map_err(|wrong| {
            // A field that could not be read is not told to be missing, too.
            for wrong in wrong {
                if errors.get(wrong.field()).is_empty() {
                    errors.add(wrong.field(), wrong.to_string());
                }
            }
        });
        let pace = errors.take("per_second", pace(&self.per_second));
        errors.into_result(filter.ok().zip(pace).map(|(filter, pace)| Asked { filter, pace }))
    }
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("Enter a date and a time, such as 2026-11-23 09:30.")]
struct NoTime;

fn instants(text: &str, zone: TimeZone) -> Result<(Timestamp, Timestamp), NoTime> {
    if let Some(at) = Timestamp::parse_rfc3339(text) {
        return Ok((at, at));
    }
    let local = FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    local.map(|local| zone.instants(local)).ok_or(NoTime)
}

/// The form offers names only, so one that is none is not worth a sentence of its own.
fn names<T: std::str::FromStr>(texts: &[String], field: &str, errors: &mut FieldErrors) -> Vec<T> {
    let read: Vec<T> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    if read.len() < texts.len() {
        errors.add(field, "Choose from what is here.");
    }
    read
}

fn pace(text: &str) -> Result<PerSecond, &'static str> {
    match text.trim() {
        "" => Ok(PerSecond::OF_REPLAYS),
        text => text.parse().map_err(|_| "Enter a whole number from 1 to 1000."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn typed(since: &str, until: &str) -> ReplayForm {
        let zone = "Europe/Berlin".parse().unwrap();
        ReplayForm { since: since.into(), until: until.into(), ..ReplayForm::usual(at("2026-11-23T12:00:00Z"), zone) }
    }

    fn parsed(form: &ReplayForm) -> Result<Asked, FieldErrors> {
        form.parse(at("2026-11-23T12:00:00Z"), "Europe/Berlin".parse().unwrap())
    }

    #[test]
    fn the_usual_form_is_a_good_one() {
        let usual = ReplayForm::usual(at("2026-11-23T12:00:30Z"), "Europe/Berlin".parse().unwrap());
        assert_eq!((usual.since.as_str(), usual.until.as_str()), ("2026-11-22T13:00", ""));
        let asked = parsed(&usual).unwrap();
        assert_eq!((asked.filter.since, asked.filter.until), (at("2026-11-22T12:00:00Z"), at("2026-11-23T12:00:00Z")));
        assert_eq!((asked.filter.states, asked.pace.count()), (ReplayFilter::USUAL_STATES.to_vec(), 100));
    }

    #[test]
    fn times_are_on_the_organizations_clocks_or_say_their_own() {
        for (since, until, from, to) in [
            ("2026-11-20T09:30", "2026-11-20 10:00:07", "2026-11-20T08:30:00Z", "2026-11-20T09:00:07Z"),
            ("2026-11-20T09:30", "2026-11-20T09:00:07.25Z", "2026-11-20T08:30:00Z", "2026-11-20T09:00:07.25Z"),
            // The hour that occurs twice is in it whole.
            ("2026-10-25T02:00", "2026-10-25T02:30", "2026-10-25T00:00:00Z", "2026-10-25T01:30:00Z"),
        ] {
            let filter = parsed(&typed(since, until)).unwrap().filter;
            assert_eq!((filter.since, filter.until), (at(from), at(to)), "{since} {until}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_once_beside_its_field() {
        let wrong = ReplayForm {
            states: Vec::new(),
            event_types: vec!["TEST".into()],
            per_second: "0".into(),
            ..typed("yesterday", "2026-11-20")
        };
        let errors = parsed(&wrong).unwrap_err();
        let said: Vec<_> = errors.iter().collect();
        let no_time = "Enter a date and a time, such as 2026-11-23 09:30.";
        assert_eq!(
            said,
            [
                ("since", no_time),
                ("until", no_time),
                ("event_types", "Choose from what is here."),
                ("states", "Choose at least one state."),
                ("per_second", "Enter a whole number from 1 to 1000."),
            ]
        );
        let future = parsed(&typed("2026-11-24T09:30", "")).unwrap_err();
        assert_eq!(future.get("since"), "The period has to begin in the past.");
        let backwards = parsed(&typed("2026-11-20T09:30", "2026-11-20T09:30")).unwrap_err();
        assert_eq!(backwards.get("until"), "The period has to end after it begins.");
        assert_eq!(parsed(&typed("", "")).unwrap_err().get("since"), "Say when the period begins.");
    }
}
