//! For how long a secret that was rotated out goes on signing.

use std::str::FromStr;
use std::time::Duration;

/// How long both secrets sign, so that receivers can change theirs meanwhile: whole seconds, up to seven days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap(Duration);

impl Overlap {
    /// What is meant where nothing is said: a day.
    pub const USUAL: Self = Self(Duration::from_secs(24 * 60 * 60));

    const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// How long it is; `None` if the old secret ends at once.
    pub fn length(self) -> Option<Duration> {
        (!self.0.is_zero()).then_some(self.0)
    }

    pub fn seconds(self) -> u64 {
        self.0.as_secs()
    }
}

impl Default for Overlap {
    fn default() -> Self {
        Self::USUAL
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Give a whole number of seconds from 0 to 604800, which is seven days.")]
pub struct InvalidOverlap;

impl FromStr for Overlap {
    type Err = InvalidOverlap;

    /// Reads the number of seconds as it was typed.
    fn from_str(text: &str) -> Result<Self, InvalidOverlap> {
        let length = text.parse().map(Duration::from_secs).map_err(|_| InvalidOverlap)?;
        if length > Self::LONGEST { Err(InvalidOverlap) } else { Ok(Self(length)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_up_to_seven_days_in_whole_seconds() {
        for (text, length) in [("0", None), ("1", Some(1)), ("86400", Some(86_400)), ("604800", Some(604_800))] {
            let overlap: Overlap = text.parse().unwrap();
            assert_eq!(overlap.length(), length.map(Duration::from_secs), "{text}");
        }
        for text in ["", "604801", "-1", "1.0", "1e3", " 1", "soon", "18446744073709551616"] {
            assert_eq!(text.parse::<Overlap>(), Err(InvalidOverlap), "{text}");
        }
        assert_eq!(Overlap::default(), "86400".parse().unwrap());
    }
}
