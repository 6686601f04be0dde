//! Everything around the workspace: the way in, webhooks and their log, settings, errors. Pages of the same person stand together, since each change of person is a sign-in.

use super::Step::{Fill, Follow, Press, See, ShowCode, Tick};
use super::{ADMIN, NOBODY, Page, page};
use crate::scene::{ACCOUNT_MANAGER, CAREFUL, LOCKED, MEMBER, NEWCOMER, TURNS_IT_ON};
use crate::support::app::PASSWORD;

const COLLABORATION: &str = "/settings/integrations/collaboration";
const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";
const NEW: &str = "/settings/integrations/collaboration/webhooks/new";

pub(super) const PAGES: &[Page] = &[
    page("setup", NOBODY, "{setup}"),
    page("setup-errors", NOBODY, "{setup}").after(&[Press("Set up Herald"), See("#form-errors", "Check")]),
    page("setup-refused", NOBODY, "{setup}-mistyped"),
    page("sign-in", NOBODY, "/login"),
    page("sign-in-refused", NOBODY, "/login").after(&[
        Fill("Email", ADMIN),
        Fill("Password", "not this one"),
        Press("Sign in"),
        See("#form-errors", "wrong"),
    ]),
    page("sign-in-forgot", NOBODY, "/forgot-password"),
    page("sign-in-forgot-sent", NOBODY, "/forgot-password/sent"),
    page("sign-in-reset", NOBODY, "/reset-password?code={reset}"),
    page("sign-in-reset-errors", NOBODY, "/reset-password?code={reset}").after(&[
        Fill("New password", "Password1234"),
        Press("Set password"),
        See("#form-errors", "Check"),
    ]),
    page("sign-in-link-ended", NOBODY, "/reset-password?code=none"),
    page("sign-in-code", NOBODY, "/login").after(&[
        Fill("Email", CAREFUL),
        Fill("Password", PASSWORD),
        Press("Sign in"),
        See("h1", "Enter your code"),
    ]),
    page("sign-in-code-wrong", NOBODY, "/login/code").after(&[
        Fill("Code", "12345"),
        Press("Sign in"),
        See("#form-errors", "wrong"),
    ]),
    page("sign-in-recovery", NOBODY, "/login/code").after(&[Follow("Use a recovery code"), See("h1", "recovery code")]),
    page("sign-in-recovery-wrong", NOBODY, "/login/code?with=recovery").after(&[
        Fill("Recovery code", "abcde-fghij"),
        Press("Sign in"),
        See("#form-errors", "none of your recovery codes"),
    ]),
    page("join", NOBODY, "{join}"),
    page("join-errors", NOBODY, "{join}").after(&[Press("Join"), See("#form-errors", "Check")]),
    page("join-ended", NOBODY, "/invitations/nonsense"),
    page("not-found-outside", NOBODY, "/nowhere"),
    page("demo-receiver", NOBODY, "{receiver}").after(&[See("#received", "Signature holds")]),
    page("api-docs-outside", NOBODY, "/api/docs"),
    page("collaboration", ADMIN, COLLABORATION),
    page("webhooks", ADMIN, WEBHOOKS),
    page("webhook-delete-dialog", ADMIN, WEBHOOKS)
        .after(&[Follow("Delete CRM sync"), See("dialog", "Delete CRM sync?")]),
    page("webhook-form", ADMIN, NEW),
    page("webhook-form-errors", ADMIN, NEW).after(&[
        Fill("Name", "Partner portal"),
        Fill("URL", "hooks.halden.example/crm"),
        Press("Submit"),
        See("#form-errors", "Check"),
    ]),
    page("webhook-form-tested", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}/edit")
        .after(&[Press("Send Test Webhook"), See("#toasts", "Test webhook delivered")]),
    page("webhook-form-test-failed", ADMIN, "/settings/integrations/collaboration/webhooks/{deal-desk-notifier}/edit")
        .after(&[
            Press("Send Test Webhook"),
            See("#toasts", "503"),
            Press("Show details"),
            See("#toasts", "webhook-id"),
        ]),
    page("webhook-form-previewed", ADMIN, "/settings/integrations/collaboration/webhooks/{staging-receiver}/edit")
        .after(&[Fill("URL", "https://hooks.halden.example/next"), See("#waiting", "deliver")]),
    page("webhook-delete", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}/delete"),
    page("webhook", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}"),
    page("webhook-failing", ADMIN, "/settings/integrations/collaboration/webhooks/{deal-desk-notifier}"),
    page("webhook-as-table", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}?view=table"),
    page(
        "webhook-filtered-away",
        ADMIN,
        "/settings/integrations/collaboration/webhooks/{crm-sync}?range=30d&view=table&state=held",
    ),
    page("webhook-paused", ADMIN, "/settings/integrations/collaboration/webhooks/{staging-receiver}"),
    page("webhook-disabled", ADMIN, "/settings/integrations/collaboration/webhooks/{old-ticket-system}"),
    page("webhook-resume", ADMIN, "/settings/integrations/collaboration/webhooks/{staging-receiver}")
        .after(&[Press("Resume"), See("dialog", "held")]),
    page("webhook-secret", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}")
        .after(&[Press("Reveal signing secret and header values"), See("h1", "Secrets of CRM sync")]),
    page("webhook-rotate", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}/rotate-secret"),
    page("webhook-rotate-dialog", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}")
        .after(&[Follow("Rotate signing secret"), See("dialog", "Rotate signing secret?")]),
    page("webhook-rotating", ADMIN, "/settings/integrations/collaboration/webhooks/{staging-receiver}/rotate-secret")
        .after(&[Press("Rotate secret"), See("#old-secrets", "The old secret works until")]),
    page("webhook-rotation-end", ADMIN, "/settings/integrations/collaboration/webhooks/{staging-receiver}")
        .after(&[Follow("End it now"), See("dialog", "End the old signing secret now?")]),
    page("delivery", ADMIN, "/settings/integrations/collaboration/webhooks/{crm-sync}/deliveries/{delivery}"),
    page(
        "delivery-retrying",
        ADMIN,
        "/settings/integrations/collaboration/webhooks/{deal-desk-notifier}/deliveries/{failed-delivery}",
    ),
    page("events", ADMIN, "/events"),
    page("events-filtered-away", ADMIN, "/events?event_type=PROJECT_DELETED"),
    page("event", ADMIN, "/events/{event}"),
    page("settings", ADMIN, "/settings"),
    page("api-keys", ADMIN, "/settings/api-keys"),
    page("api-key-new", ADMIN, "/settings/api-keys/new"),
    page("api-key-errors", ADMIN, "/settings/api-keys/new").after(&[Press("Create key"), See("#form-errors", "Check")]),
    page("api-key-created", ADMIN, "/settings/api-keys/new").after(&[
        Fill("Name", "Data warehouse"),
        Tick("input[name=scopes][value=read]"),
        Press("Create key"),
        See("#new-key-title", "Copy your new key now"),
    ]),
    page("api-key-revoke", ADMIN, "/settings/api-keys")
        .after(&[Follow("Revoke Reporting"), See("dialog", "Revoke Reporting?")]),
    page("members", ADMIN, "/settings/members"),
    page("members-filtered-away", ADMIN, "/settings/members?q=nobody"),
    page("members-roles", ADMIN, "/settings/members/roles"),
    page("member", ADMIN, "/settings/members/{member}"),
    page("member-last-admin", ADMIN, "/settings/members/{admin}").after(&[
        Tick("#role option[value=member]"),
        Press("Save changes"),
        See("#form-errors", "Make somebody else an admin first"),
    ]),
    page("member-deactivate", ADMIN, "/settings/members/{member}/deactivate"),
    page("member-deactivate-dialog", ADMIN, "/settings/members/{member}")
        .after(&[Follow("Deactivate"), See("dialog", "Deactivate")]),
    page("member-deactivated", ADMIN, "/settings/members/{gone}"),
    page("member-invite", ADMIN, "/settings/members/invite"),
    page("member-invite-errors", ADMIN, "/settings/members/invite").after(&[
        Fill("Email", "lena"),
        Press("Invite"),
        See("#form-errors", "Check"),
    ]),
    page("member-invited", ADMIN, "/settings/members/invite").after(&[
        Fill("Email", "someone@halden.example"),
        Press("Invite"),
        See("h1", "is invited"),
    ]),
    page("invitation", ADMIN, "/settings/members/invitations/{invitation}"),
    page("invitation-revoke", ADMIN, "/settings/members/invitations/{invitation}/revoke"),
    page("audit-log", ADMIN, "/settings/audit-log"),
    page("audit-log-filtered-away", ADMIN, "/settings/audit-log?q=nothing+is+called+this"),
    page("api-docs", ADMIN, "/api/docs"),
    page("profile", ADMIN, "/profile"),
    page("profile-errors", ADMIN, "/profile").after(&[Press("Change password"), See("#form-errors", "Check")]),
    page("profile-email-errors", ADMIN, "/profile").after(&[
        Fill("New email address", "ada"),
        Press("Change email address"),
        See("#address #form-errors", "Check"),
    ]),
    page("profile-confirm-email", ADMIN, "/confirm-email?code={confirm}"),
    page("profile-confirm-email-ended", ADMIN, "/confirm-email?code=none"),
    page("profile-second-factor", TURNS_IT_ON, "/profile/second-factor"),
    page("profile-second-factor-errors", TURNS_IT_ON, "/profile/second-factor")
        .after(&[Press("Set up"), See("#form-errors", "Check")]),
    page("profile-second-factor-key", TURNS_IT_ON, "/profile/second-factor").after(&[
        Fill("Your password", PASSWORD),
        Press("Set up"),
        See("main", "Scan this"),
    ]),
    page("profile-second-factor-wrong", TURNS_IT_ON, "/profile/second-factor").after(&[
        Fill("Code", "12345"),
        Press("Turn on"),
        See("#form-errors", "Check"),
    ]),
    page("profile-recovery-codes", TURNS_IT_ON, "/profile/second-factor").after(&[
        ShowCode,
        Press("Turn on"),
        See("h1", "Two-step sign-in is on"),
    ]),
    page("profile-second-factor-on", TURNS_IT_ON, "/profile/second-factor")
        .after(&[Press("Turn off"), See("#form-errors", "Check 2 fields")]),
    page("profile-secured", TURNS_IT_ON, "/profile"),
    page("not-found", ADMIN, "/settings/nowhere"),
    page("forbidden", MEMBER, "/settings"),
    page("organizations", ACCOUNT_MANAGER, "/organizations"),
    page("organization-new", ACCOUNT_MANAGER, "/organizations/new"),
    page("organization", ACCOUNT_MANAGER, "/organizations/{organization}"),
    page("webhooks-empty", NEWCOMER, WEBHOOKS),
    page("events-empty", NEWCOMER, "/events"),
    page("api-keys-empty", NEWCOMER, "/settings/api-keys"),
    page("members-alone", NEWCOMER, "/settings/members"),
    page("collaboration-locked", LOCKED, COLLABORATION),
    page("webhooks-locked", LOCKED, WEBHOOKS),
];
