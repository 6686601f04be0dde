//! Names that fail, hang and lie.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use herald::delivery::resolver::{DnsError, Resolver};
use herald::delivery::sender::{Limits, Outcome};

use super::{send, sender_with};
use crate::support::receivers::{Behaviour, Receiver};

/// The name servers of the table; they count how often they are asked.
#[derive(Clone, Default)]
pub struct Names(Arc<Mutex<HashMap<String, usize>>>);

impl Names {
    /// How often the name was looked up.
    pub fn asked(&self, name: &str) -> usize {
        self.0.lock().expect("no holder panics").get(name).copied().unwrap_or(0)
    }
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>> {
        let mut counts = self.0.lock().expect("no holder panics");
        let times = counts.entry(name.to_owned()).or_insert(0);
        *times += 1;
        let (here, inside) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
        let answer = match name {
            "silent.example" => return Box::pin(std::future::pending()),
            "hooks.example" => Ok(vec![here]),
            // Says one thing to who checks and another to who connects.
            "rebinding.example" if *times == 1 => Ok(vec![here]),
            "private.example" | "rebinding.example" => Ok(vec![inside]),
            "mixed.example" => Ok(vec![here, inside]),
            "metadata.example" => Ok(vec![IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254))]),
            "empty.example" => Ok(vec![]),
            "failing.example" => Err(DnsError::Failed),
            _ => Err(DnsError::NotFound),
        };
        Box::pin(std::future::ready(answer))
    }
}

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn each_new_connection_is_one_look_up_and_a_kept_one_is_none() {
    let names = Names::default();
    let sender = sender_with(Limits::default(), names.clone(), None);
    let receiver = Receiver::start(Behaviour::serves(FINE, 2)).await;
    let url = format!("http://hooks.example:{}/", receiver.port());
    for attempt in 1..=6 {
        assert_eq!(send(&sender, &url).await.outcome, Outcome::Success);
        let connections = usize::div_ceil(attempt, 2);
        assert_eq!((receiver.connections(), names.asked("hooks.example")), (connections, connections));
    }
}

#[tokio::test]
async fn a_name_that_turns_to_a_private_address_is_refused_from_then_on() {
    let names = Names::default();
    let sender = sender_with(Limits::default(), names.clone(), None).without_pool();
    let receiver = Receiver::start(Behaviour::says(FINE)).await;
    let url = format!("http://rebinding.example:{}/", receiver.port());
    let first = send(&sender, &url).await;
    assert_eq!((first.outcome, names.asked("rebinding.example")), (Outcome::Success, 1), "what was checked is dialled");
    let second = send(&sender, &url).await;
    assert_eq!((second.outcome, names.asked("rebinding.example")), (Outcome::BlockedAddress, 2));
    assert!(second.error.unwrap().contains("rebinding.example leads to 10.0.0.1"));
    assert_eq!(receiver.connections(), 1);
}
