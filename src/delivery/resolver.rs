//! From a host's name to its addresses.

use std::collections::HashMap;
use std::net::IpAddr;

use futures_util::future::BoxFuture;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    #[error("the name does not exist")]
    NotFound,
    #[error("the name servers did not answer in time")]
    Timeout,
    #[error("the look-up failed")]
    Failed,
}

/// Looks names up. The answer holds at least one address.
pub trait Resolver: Send + Sync + 'static {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>>;
}

/// The operating system's resolver, with its hosts file and search list.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(|error| classify(&error))?;
            let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
            if addresses.is_empty() { Err(DnsError::NotFound) } else { Ok(addresses) }
        })
    }
}

/// The standard library keeps only the text of `getaddrinfo`'s error, and never translates it: these are
/// the texts of EAI_NONAME and EAI_NODATA in glibc, musl and Apple's library.
fn classify(error: &std::io::Error) -> DnsError {
    const NOT_FOUND: [&str; 4] = [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "nodename nor servname provided",
    ];
    let text = error.to_string();
    match NOT_FOUND.iter().any(|known| text.contains(known)) {
        true => DnsError::NotFound,
        false => DnsError::Failed,
    }
}

/// Answers from a table; a name that is not in it does not exist. For tests.
#[derive(Clone, Debug, Default)]
pub struct StaticResolver(HashMap<String, Result<Vec<IpAddr>, DnsError>>);

impl StaticResolver {
    pub fn with(mut self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|address| address.parse().expect("an IP address")).collect();
        self.0.insert(name.to_owned(), Ok(addresses));
        self
    }

    pub fn failing(mut self, name: &str, error: DnsError) -> Self {
        self.0.insert(name.to_owned(), Err(error));
        self
    }
}

impl Resolver for StaticResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>> {
        let answer = self.0.get(name).cloned().unwrap_or(Err(DnsError::NotFound));
        Box::pin(std::future::ready(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_knows_localhost_and_no_invalid_name() {
        let addresses = SystemResolver.resolve("localhost").await.unwrap();
        assert!(addresses.iter().all(IpAddr::is_loopback), "{addresses:?}");
        assert!(SystemResolver.resolve("nobody.invalid").await.is_err());
    }

    #[test]
    fn a_name_that_does_not_exist_is_told_from_a_failed_look_up() {
        for (text, expected) in [
            ("failed to lookup address information: Name or service not known", DnsError::NotFound),
            ("failed to lookup address information: Name does not resolve", DnsError::NotFound),
            ("failed to lookup address information: Temporary failure in name resolution", DnsError::Failed),
        ] {
            assert_eq!(classify(&std::io::Error::other(text)), expected);
        }
    }
}
