//! How often a password, a code or a reset may be tried (docs/decisions/0011-only-wrong-sign-ins-count.md).

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use crate::auth::model::EMAIL_LENGTH;
use crate::base::Clock;
use crate::web::Error;
use crate::web::throttle::{Rate, Throttle};

/// A code has a million values and a password has more, so that an account's codes are tried slower than its passwords. The
/// same holds for mails, which land in somebody's inbox.
const SLOWER: u32 = 10;

/// Tries of one kind, by account and by address. Nobody is locked out for good: tries come back with time.
pub struct Tries {
    by_account: Throttle<String>,
    by_address: Throttle<Option<IpAddr>>,
}

impl Tries {
    fn new(of_account: Rate, of_address: Rate, clock: Arc<dyn Clock>) -> Self {
        Self { by_account: Throttle::new(of_account, clock.clone()), by_address: Throttle::new(of_address, clock) }
    }

    /// Counts a try. `Err`: too many; come back after this time.
    pub fn check(&self, account: &str, address: Option<IpAddr>) -> Result<(), Duration> {
        let account = key(account);
        // Whoever comes back when they were told is not told to wait for the other one then.
        let longer = |wait: Duration| wait.max(self.by_account.wait(&account));
        self.by_address.check(&network(address)).map_err(longer)?;
        self.by_account.check(&account)
    }

    /// It was right: the try does not count.
    pub fn forgive(&self, account: &str, address: Option<IpAddr>) {
        self.by_address.give_back(&network(address));
        self.by_account.give_back(&key(account));
    }
}

/// All that is tried at sign-in: app data.
pub struct Throttles {
    pub passwords: Tries,
    pub codes: Tries,
    /// Asking for a link.
    pub links: Tries,
}

impl Throttles {
    /// `rate` is HERALD_SIGN_IN_RATE, for each account and for each address.
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        let slow = Rate { period: rate.period * SLOWER, ..rate };
        Self {
            passwords: Tries::new(rate, rate, clock.clone()),
            codes: Tries::new(slow, rate, clock.clone()),
            links: Tries::new(slow, rate, clock),
        }
    }
}

/// The refusal, with how long to wait in whole seconds.
pub fn too_many(wait: Duration) -> Error {
    Error::TooManyRequests { retry_after_seconds: wait.as_secs() + u64::from(wait.subsec_nanos() > 0) }
}

/// What counts as one account: an address that is too long is nobody's, and is not kept whole.
fn key(account: &str) -> String {
    account.chars().take(EMAIL_LENGTH).collect()
}

/// What counts as one address. Who has one address of IPv6 has 2^64 of them: the first half names the subscriber.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::base::{ManualClock, Timestamp};

    #[test]
    fn the_addresses_of_one_subscriber_count_as_one() {
        let of = |text: &str| network(text.parse().ok());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.2"), of("192.0.2.1"));
    }

    #[test]
    fn an_accounts_codes_are_tried_ten_times_slower_than_its_passwords() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let rate = Rate { count: NonZeroU32::new(10).unwrap(), period: Duration::from_secs(60) };
        let throttles = Throttles::new(rate, clock);
        let address = |last: u8| Some(IpAddr::from([192, 0, 2, last]));
        for (tries, wait) in [(&throttles.passwords, 6), (&throttles.codes, 60), (&throttles.links, 60)] {
            for last in 0..10 {
                assert_eq!(tries.check("ada@halden.example", address(last)), Ok(()));
            }
            assert_eq!(tries.check("ada@halden.example", address(10)), Err(Duration::from_secs(wait)));
            for _ in 0..10 {
                assert_eq!(tries.check("", address(11)), Ok(()));
            }
            let both = tries.check("ada@halden.example", address(11));
            assert_eq!(both, Err(Duration::from_secs(wait)), "the longer one of both waits");
            tries.forgive("ada@halden.example", address(0));
            assert_eq!(tries.check("ada@halden.example", address(0)), Ok(()));
        }
    }

    #[test]
    fn a_huge_address_is_not_kept() {
        assert_eq!(key(&"x".repeat(100_000)).len(), EMAIL_LENGTH);
    }
}
