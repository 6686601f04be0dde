//! Organization Settings > Integrations > Collaboration: the cards.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use crate::auth::model::Edition;
use crate::web::guard::Admin;
use crate::web::{self, Context, Hx, Moment, Page, Section, Shell, see_other};
use crate::webhooks::model::WebhookState;
use crate::webhooks::{store, urls};

use super::counted;

#[derive(Template)]
#[template(path = "webhooks/collaboration.html")]
pub(super) struct CollaborationPage {
    shell: Shell,
    webhooks: Card,
}

crate::web::page!(CollaborationPage);

/// The Webhook card.
enum Card {
    Open {
        tone: &'static str,
        summary: String,
        last_delivery: Option<Moment>,
    },
    /// Sentences that say how to have webhooks enabled, and the address to write to where there is one.
    Locked {
        sentences: Vec<String>,
        mail: Option<String>,
    },
}

/// GET /settings/integrations: its only tab.
pub(crate) async fn redirect(_: Admin, hx: Hx) -> HttpResponse {
    see_other(&hx, urls::COLLABORATION)
}

/// GET …/collaboration
pub(crate) async fn show(admin: Admin, context: Data<Context>, hx: Hx) -> web::Result {
    if !admin.organization.webhooks_enabled {
        return locked(&admin, &context.account_manager_contact).answer(&hx);
    }
    let now = context.clock.now();
    let (webhooks, last) = {
        let mut conn = context.db.read().await?;
        let webhooks = store::list(&mut conn, &context.vault, &admin.organization.id).await?;
        (webhooks, store::last_attempts(&mut conn, &admin.organization.id).await?)
    };
    let ill = webhooks
        .iter()
        .filter(|webhook| webhook.state == WebhookState::Disabled || webhook.failing_since.is_some())
        .count();
    let mut summary = counted(webhooks.len(), "instance", "instances");
    if ill > 0 {
        summary.push_str(&format!(", {}", counted(ill, "needs attention", "need attention")));
    }
    let last = last.values().map(|attempt| attempt.started_at).max();
    let card = Card::Open {
        tone: if ill > 0 { "warn" } else { "ok" },
        summary,
        last_delivery: last.map(|at| Moment::relative(at, now, admin.organization.time_zone)),
    };
    CollaborationPage { shell: admin.shell(Section::Integrations, "Collaboration"), webhooks: card }.answer(&hx)
}

/// The cards while webhooks are not enabled: the contract's sentences, word for word.
pub(super) fn locked(admin: &Admin, contact: &str) -> CollaborationPage {
    let mut sentences = vec![format!("Webhooks must be enabled prior to use. Contact {contact} to enable it.")];
    if admin.organization.edition == Edition::Essentials {
        sentences.push(format!(
            "Essentials features are subscription-based and may not be available for all users. Contact {contact} for more \
             details."
        ));
    }
    let is_address = contact.contains('@') && !contact.contains(char::is_whitespace);
    let mail = is_address.then(|| format!("mailto:{contact}?subject=Enable%20webhooks"));
    CollaborationPage {
        shell: admin.shell(Section::Integrations, "Collaboration"),
        webhooks: Card::Locked { sentences, mail },
    }
}
