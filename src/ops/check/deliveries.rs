//! One event: whether it has the deliveries that it must have, and whether each of them ends or waits.

use std::collections::HashSet;

use super::report::{Fault, Report};
use super::settings::Settings;
use super::store::{DeliveryRow, EventRow};
use crate::base::Timestamp;
use crate::delivery::model::{DeliveryState, Lease};

pub(super) fn check(event: &EventRow, settings: &Settings, now: Timestamp, report: &mut Report) {
    let mut expected: HashSet<&str> = settings.expected(event).into_iter().collect();
    for delivery in &event.deliveries {
        let name = || format!("{} at webhook {}", event.id, delivery.webhook);
        if settings.webhook(&delivery.webhook).is_none() {
            report.find(Fault::DeliveryWithoutWebhook, name);
        }
        if !expected.remove(delivery.webhook.as_str()) {
            report.find(Fault::UnexpectedDelivery, name);
        }
        if delivery.organization != event.organization || delivery.event_type != event.event_type {
            report.find(Fault::DeliveryOfAnother, name);
        }
        for fault in state_faults(delivery, settings).into_iter().chain(log_faults(delivery, now)) {
            report.find(fault, || format!("{} ({})", name(), delivery.state));
        }
    }
    for webhook in expected {
        report.find(Fault::MissingDelivery, || format!("{} at webhook {webhook}", event.id));
    }
}

/// Whether it ends or waits, as its state says.
fn state_faults(delivery: &DeliveryRow, settings: &Settings) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, fault: Fault| {
        if !holds {
            faults.push(fault);
        }
    };
    let is_on = settings.organization(&delivery.organization).is_some_and(|one| one.webhooks_enabled);
    let webhook = settings.webhook(&delivery.webhook);
    let is_active = webhook.is_some_and(|hook| hook.state == "active" && !hook.is_deleted);
    let Ok(state) = delivery.state.parse::<DeliveryState>() else { return vec![Fault::UnknownState] };
    match state {
        DeliveryState::Pending => {
            must(delivery.due_at.is_some(), Fault::PendingWithoutTime);
            must(is_active && is_on, Fault::PendingUnsendable);
            must(delivery.finished_at.is_none(), Fault::OpenAndFinished);
        }
        DeliveryState::Held => {
            must(matches!(delivery.hold.as_deref(), Some("webhook" | "switch")), Fault::HeldWithoutReason);
            must(!is_active || !is_on, Fault::HeldForNothing);
            must(delivery.due_at.is_none(), Fault::HeldWithTime);
            must(delivery.finished_at.is_none(), Fault::OpenAndFinished);
        }
        DeliveryState::Succeeded | DeliveryState::Failed | DeliveryState::Cancelled => {
            must(delivery.finished_at.is_some(), Fault::EndedWithoutTime);
            must(delivery.due_at.is_none() && delivery.hold.is_none(), Fault::EndedAndDue);
        }
    }
    must(state != DeliveryState::Cancelled || delivery.reason.is_some(), Fault::CancelledWithoutReason);
    let is_of_deletion = state == DeliveryState::Cancelled && delivery.reason.as_deref() == Some("webhook_deleted");
    must(delivery.undo_state.is_none() || is_of_deletion, Fault::UndoOutOfPlace);
    faults
}

/// Whether it and its attempts agree.
fn log_faults(delivery: &DeliveryRow, now: Timestamp) -> Vec<Fault> {
    let mut faults = Vec::new();
    if delivery.attempts != delivery.recorded {
        faults.push(Fault::AttemptsDiffer);
    } else if delivery.numbered != delivery.recorded {
        faults.push(Fault::AttemptsGap);
    }
    // A node whose clock is ahead by as much as that has other troubles.
    let absurd = (now + Lease::LONGEST + Lease::LONGEST).micros();
    if delivery.leased_until.is_some_and(|until| until > absurd) {
        faults.push(Fault::AbsurdLease);
    }
    faults
}
