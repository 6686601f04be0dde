//! Versions of things that several people change: whoever changes one can say which version he has seen.

/// What whoever changes a thing has seen of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Nothing was said: the change is made whatever happened meanwhile.
    #[default]
    Anything,
    /// One of these versions. None at all, where what was said is no version of ours, never holds.
    Versions(Vec<i64>),
}

impl Expected {
    /// Whether a thing at `version` may be changed.
    pub fn holds_for(&self, version: i64) -> bool {
        match self {
            Self::Anything => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}
