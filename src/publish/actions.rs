//! Publishing as a command of the grouped writer: many callers' events in one transaction, one sync for all.
//!
//! Everything is decided inside the transaction, with the organization's row locked: whether webhooks are enabled,
//! whether a call was done before, and which number each event gets. Two calls with one key can therefore not both
//! be the first, in one group, in two groups or on two nodes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::base::OrganizationId;
use crate::db::{Command, Conn, DbError, Turn};
use crate::events::fan_out::FanOut;
use crate::events::record::{self, Place};
use crate::events::{Dispatch, NewEvent};

use super::model::{Answer, Once};
use super::store::{self, Done, Remembered};

/// One call: its events are recorded all together or not at all.
pub struct Publish {
    pub organization: OrganizationId,
    /// Where the change counter must stand for what the caller knows to hold. `None`: that is known already.
    pub as_of: Option<i64>,
    /// At least one, prepared for this organization.
    pub events: Vec<NewEvent>,
    pub once: Option<Once>,
    pub dispatch: Arc<dyn Dispatch>,
}

/// Why nothing was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What the caller knew may have changed: it is to look again, and to send the call again if that allows it.
    #[error("what is known of the caller is out of date")]
    Outdated,
    #[error("webhooks are turned off for the organization")]
    WebhooksNotEnabled,
    #[error("the idempotency key was used with another body")]
    KeyOfAnother,
}

/// What was recorded: now, or by an earlier call with the same key.
pub struct Published {
    /// One for each event of the call, in their order.
    pub answer: Vec<Answer>,
    /// The deliveries of the whole group, carried by one of its commands.
    fan_out: Option<FanOut>,
}

impl Command for Publish {
    type Output = Result<Published, Refusal>;

    const TURN: Turn = Turn::Organizations;

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<Self::Output>, DbError>> {
        Box::pin(async move {
            // Organizations in one order, so that two groups cannot wait for each other.
            let mut by_organization: BTreeMap<&OrganizationId, Vec<usize>> = BTreeMap::new();
            for (place, command) in commands.iter().enumerate() {
                by_organization.entry(&command.organization).or_default().push(place);
            }
            let mut outputs: Vec<Option<Self::Output>> = commands.iter().map(|_| None).collect();
            for (organization, places) in by_organization {
                let group: Vec<&Self> = places.iter().map(|place| &commands[*place]).collect();
                for (place, output) in places.iter().zip(publish(conn, organization, &group).await?) {
                    outputs[*place] = Some(output);
                }
            }
            Ok(outputs.into_iter().map(|output| output.expect("every place is in one group")).collect())
        })
    }

    fn committed(&self, output: &mut Self::Output) {
        if let Some(fan_out) = output.as_mut().ok().and_then(|published| published.fan_out.take()) {
            fan_out.announce();
        }
    }

    fn weight(&self) -> usize {
        self.events.iter().map(|event| 512 + 2 * event.body.len()).sum()
    }
}

/// What is to become of one call.
enum Plan {
    /// Its events are the ones from this place on among those that are recorded.
    Record {
        from: usize,
    },
    /// It was answered before.
    Again(Vec<Answer>),
    /// The same call stands at this place of the group.
    SameAs(usize),
    Refuse(Refusal),
}

/// Publishes the calls of one organization, in their order.
async fn publish(
    conn: &mut Conn,
    organization: &OrganizationId,
    calls: &[&Publish],
) -> Result<Vec<<Publish as Command>::Output>, DbError> {
    let count = calls.iter().map(|call| call.events.len()).sum();
    // Locks the row. Numbers that are not used after all leave a gap, which does no harm.
    let place = record::next_place(conn, organization, count).await?.ok_or_else(|| {
        DbError::inconsistent("events", "organization_id", organization.as_str(), "no such organization")
    })?;
    let keys: Vec<&Once> = calls.iter().filter_map(|call| call.once.as_ref()).collect();
    let known = store::find(conn, organization, &keys).await?;
    let (plans, events) = plan(calls, &place, &known);
    let mut fan_out = None;
    if let (false, Some(call)) = (events.is_empty(), calls.first()) {
        fan_out = Some(record::insert_numbered(conn, &call.dispatch, organization, &events, place.last).await?);
    }
    let made = fan_out.as_ref().map_or(&[][..], |fan_out| &fan_out.made);
    let answers = answers(calls, plans, made);
    remember(conn, organization, calls, &answers).await?;
    let mut fan_out = fan_out;
    let outputs = answers.into_iter().map(|answer| {
        let Decided { answer, .. } = answer;
        Ok(Published { answer: answer?, fan_out: fan_out.take() })
    });
    Ok(outputs.collect())
}

fn plan<'a>(
    calls: &[&'a Publish],
    place: &Place,
    known: &HashMap<(String, String), Remembered>,
) -> (Vec<Plan>, Vec<&'a NewEvent>) {
    let mut first_with: HashMap<(&str, &str), usize> = HashMap::new();
    let mut events = Vec::new();
    let mut plans = Vec::with_capacity(calls.len());
    for (number, call) in calls.iter().enumerate() {
        if let Some(refusal) = refusal(call, place) {
            plans.push(Plan::Refuse(refusal));
            continue;
        }
        let before = call.once.as_ref().and_then(|once| {
            if let Some(remembered) = known.get(&(once.call.to_owned(), once.key.clone())) {
                let is_same = remembered.body_hash == once.body_hash;
                return Some(if is_same {
                    Plan::Again(remembered.answer.clone())
                } else {
                    Plan::Refuse(Refusal::KeyOfAnother)
                });
            }
            let first = *first_with.entry((once.call, &once.key)).or_insert(number);
            let is_same = calls[first].once.as_ref() == Some(once);
            match (first == number, is_same) {
                (true, _) => None,
                (false, true) => Some(Plan::SameAs(first)),
                (false, false) => Some(Plan::Refuse(Refusal::KeyOfAnother)),
            }
        });
        plans.push(before.unwrap_or(Plan::Record { from: events.len() }));
        if matches!(plans.last(), Some(Plan::Record { .. })) {
            events.extend(&call.events);
        }
    }
    (plans, events)
}

/// What is found out first: whether the caller may, as things stand now.
fn refusal(call: &Publish, place: &Place) -> Option<Refusal> {
    match call.as_of {
        Some(as_of) if as_of != place.changes => Some(Refusal::Outdated),
        _ if !place.enabled => Some(Refusal::WebhooksNotEnabled),
        _ => None,
    }
}

/// A call's answer, and whether it was made just now.
struct Decided {
    answer: Result<Vec<Answer>, Refusal>,
    is_new: bool,
}

/// `made`: how many deliveries each recorded event has.
fn answers(calls: &[&Publish], plans: Vec<Plan>, made: &[usize]) -> Vec<Decided> {
    let mut decided: Vec<Decided> = Vec::with_capacity(plans.len());
    for (call, plan) in calls.iter().zip(plans) {
        let is_new = matches!(plan, Plan::Record { .. });
        let answer = match plan {
            Plan::Record { from } => {
                let made = made[from..].iter().copied();
                Ok(call.events.iter().map(|event| event.id.clone()).zip(made).collect())
            }
            Plan::Again(answer) => Ok(answer),
            Plan::SameAs(first) => decided[first].answer.clone(),
            Plan::Refuse(refusal) => Err(refusal),
        };
        decided.push(Decided { answer, is_new });
    }
    decided
}

/// Writes down what was done just now under the keys it was done with.
async fn remember(
    conn: &mut Conn,
    organization: &OrganizationId,
    calls: &[&Publish],
    decided: &[Decided],
) -> Result<(), DbError> {
    let done: Vec<Done<'_>> = calls
        .iter()
        .zip(decided)
        .filter(|(_, decided)| decided.is_new)
        .filter_map(|(call, decided)| {
            let answer = decided.answer.as_ref().ok()?;
            Some(Done { once: call.once.as_ref()?, answer, at: call.events.first()?.recorded_at })
        })
        .collect();
    store::insert(conn, organization, &done).await
}
