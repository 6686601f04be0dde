//! What arrived, newest last: a bounded number of callbacks with a bounded number of bytes.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Deserialize;

use super::check::{Key, Verdict, check, header};
use super::local::Address;
use crate::base::Timestamp;

/// Callbacks that are kept at most.
pub const MAX_CALLBACKS: usize = 200;

/// Bytes of headers and bodies that are kept at most, but for the newest callback, which is always kept.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// One request that arrived.
#[derive(Clone, Debug)]
pub struct Callback {
    /// Counts everything that ever arrived, from 1.
    pub number: u64,
    pub address: Address,
    pub received_at: Timestamp,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub verdict: Verdict,
    /// How many times this `webhook-id` had arrived at this address by then; from the second time on it is a duplicate.
    pub times: usize,
    /// What was answered.
    pub status: u16,
}

/// The keys of a callback's body that are shown beside it.
#[derive(Default, Deserialize)]
struct Facts {
    #[serde(rename = "EVENT_TYPE", default)]
    event_type: Option<String>,
}

impl Callback {
    /// The header `webhook-id`: the event's id.
    pub fn id(&self) -> Option<&str> {
        header(&self.headers, "webhook-id")
    }

    /// EVENT_TYPE, where the body is a callback's.
    pub fn event_type(&self) -> Option<String> {
        serde_json::from_slice::<Facts>(&self.body).unwrap_or_default().event_type
    }

    fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        headers + self.body.len()
    }
}

/// The callbacks, oldest first.
#[derive(Default)]
pub(super) struct Kept {
    callbacks: VecDeque<Callback>,
    bytes: usize,
    arrived: u64,
}

impl Kept {
    /// Everything that ever arrived.
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// How many times a callback with this id has arrived at this address.
    pub fn times(&self, address: Address, id: Option<&str>) -> usize {
        let is_same = |callback: &&Callback| callback.address == address && callback.id() == id;
        // They count themselves, so the newest knows, also of those that are gone.
        self.callbacks.iter().rev().find(is_same).filter(|_| id.is_some()).map_or(0, |callback| callback.times)
    }

    /// Keeps a callback, and gives it its number.
    pub fn push(&mut self, mut callback: Callback) {
        self.arrived += 1;
        callback.number = self.arrived;
        self.bytes += callback.size();
        self.callbacks.push_back(callback);
        while self.callbacks.len() > MAX_CALLBACKS || (self.bytes > MAX_BYTES && self.callbacks.len() > 1) {
            if let Some(oldest) = self.callbacks.pop_front() {
                self.bytes -= oldest.size();
            }
        }
    }

    /// The newest `limit`, newest first.
    pub fn newest(&self, limit: usize) -> Vec<Callback> {
        self.callbacks.iter().rev().take(limit).cloned().collect()
    }

    /// Checks once more, with a secret that was added, what no secret fitted: as of the time when it arrived.
    pub fn check_again(&mut self, key: &Key) {
        for callback in &mut self.callbacks {
            let may_change = match &callback.verdict {
                Verdict::NoKey => true,
                Verdict::Problem(problem) => problem.is_of_the_key(),
                Verdict::Holds { .. } => false,
            };
            if may_change {
                let keys = std::slice::from_ref(key);
                callback.verdict = check(keys, &callback.headers, &callback.body, callback.received_at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callback(id: &str, bytes: usize) -> Callback {
        Callback {
            number: 0,
            address: Address::Inbox,
            received_at: Timestamp::from_seconds(1_800_000_000),
            headers: vec![("Webhook-Id".into(), id.into())],
            body: vec![b'x'; bytes].into(),
            verdict: Verdict::NoKey,
            times: 1,
            status: 200,
        }
    }

    #[test]
    fn the_oldest_go_by_number_and_by_size_and_the_newest_stays() {
        let mut kept = Kept::default();
        for n in 0..MAX_CALLBACKS + 5 {
            kept.push(callback(&n.to_string(), 10));
        }
        let newest = kept.newest(usize::MAX);
        assert_eq!((newest.len(), newest[0].number, newest[0].id()), (200, 205, Some("204")));
        assert_eq!(newest.last().map(|callback| callback.number), Some(6));
        kept.push(callback("large", MAX_BYTES));
        assert_eq!(kept.newest(usize::MAX).len(), 1);
        kept.push(callback("small", 1));
        assert_eq!(kept.newest(usize::MAX)[0].id(), Some("small"));
        assert_eq!((kept.newest(usize::MAX).len(), kept.bytes, kept.arrived()), (1, 16, 207));
    }
}
