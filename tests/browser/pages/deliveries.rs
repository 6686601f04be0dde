//! Deliveries that wait, are sent again, or were asked to wait, and what is done about them.

use super::Step::{Fill, FillDisk, Follow, Press, See, Tick};
use super::{ADMIN, Page, page};
use crate::scene::ACCOUNT_MANAGER;

/// Of an instance's page.
macro_rules! at {
    ($rest:literal) => {
        concat!("/settings/integrations/collaboration/webhooks/", $rest)
    };
}

pub(super) const PAGES: &[Page] = &[
    page("replay-form", ADMIN, at!("{data-warehouse-loader}/replay")),
    page(
        "replay-form-some",
        ADMIN,
        at!("{crm-sync}/replay?since=2026-11-23T09:30&states=failed&event_types=PROJECT_CREATED&per_second=10"),
    ),
    page("replay-form-errors", ADMIN, at!("{data-warehouse-loader}/replay")).after(&[
        Fill("At most so many a second", "many"),
        Press("Count and continue"),
        See("#form-errors", "Check 1 field"),
    ]),
    page("replay-nothing", ADMIN, at!("{data-warehouse-loader}/replay"))
        .after(&[Press("Count and continue"), See("#toasts", "Nothing to replay")]),
    page("replay-question", ADMIN, at!("{crm-sync}/replay")).after(&[
        Tick("[name=states][value=succeeded]"),
        Press("Count and continue"),
        See("dialog", "deliveries that arrived?"),
    ]),
    page("replay-paused", ADMIN, at!("{staging-receiver}/replay")),
    page("replay-running", ADMIN, at!("{data-warehouse-loader}/replays/{replay}")),
    page("replay-finished", ADMIN, at!("{data-warehouse-loader}/replays/{finished-replay}")),
    page("replays", ADMIN, at!("{data-warehouse-loader}/replays")),
    page("replays-empty", ADMIN, at!("{crm-sync}/replays")),
    page("webhook-replaying", ADMIN, at!("{data-warehouse-loader}")),
    page("webhook-none-chosen", ADMIN, at!("{crm-sync}"))
        .after(&[Press("Redeliver selected"), See("#selection-error", "Choose at least one delivery.")]),
    page("webhook-filter-errors", ADMIN, at!("{crm-sync}?event=5dd51e&until=soon&status_code=")),
    page("webhook-resume-alone", ADMIN, at!("{staging-receiver}/resume")),
    page("webhook-enable", ADMIN, at!("{old-ticket-system}/enable")),
    page("webhook-form-disabled", ADMIN, at!("{old-ticket-system}/edit")),
    page("delivery-held", ADMIN, at!("{staging-receiver}/deliveries/{held-delivery}")),
    page("organization-turn-off", ACCOUNT_MANAGER, "/organizations/{organization}").after(&[
        Tick("#webhooks_enabled"),
        Press("Save changes"),
        See("h1", "Turn off webhooks"),
    ]),
    // The last, since the notice stays for a while.
    page("disk-full", ADMIN, "/profile").after(&[
        FillDisk,
        Follow("Projects"),
        See(".notices", "Herald’s disk is full"),
    ]),
];
