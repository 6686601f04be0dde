//! Reveal: signing secrets and header values in clear, for an admin, written down.

use actix_web::web::{Data, Path};
use askama::Template;

use crate::base::{Secret, WebhookId};
use crate::web::{self, Context, Hx, Moment, Page, Section, Shell};
use crate::webhooks::actions::{self, Revealed, Tools};
use crate::webhooks::urls;

use super::WebhooksAdmin;

#[derive(Template)]
#[template(path = "webhooks/reveal.html", blocks = ["revealed"])]
struct RevealPage {
    shell: Shell,
    name: String,
    show_url: String,
    secrets: Vec<SecretLine>,
    headers: Vec<(String, Secret)>,
}

crate::web::page!(RevealPage, as_revealed);

struct SecretLine {
    id: String,
    secret: Secret,
    /// When a secret that was rotated out stops signing.
    until: Option<Moment>,
}

/// POST …/webhooks/{id}/reveal
pub(crate) async fn reveal(
    admin: WebhooksAdmin,
    context: Data<Context>,
    tools: Data<Tools>,
    id: Path<WebhookId>,
    hx: Hx,
) -> web::Result {
    let mut tx = context.db.begin().await?;
    let Revealed { webhook, secrets, headers } = actions::reveal(&mut tx, &tools, &admin.actor(), &id).await?;
    tx.commit().await?;
    let zone = admin.organization.time_zone;
    let line = |(number, (secret, until)): (usize, (crate::delivery::signing::SigningSecret, Option<_>))| SecretLine {
        id: format!("secret-{number}"),
        secret: Secret::new(secret.expose()),
        until: until.map(|at| Moment::exact(at, zone)),
    };
    let page = RevealPage {
        shell: admin.shell(Section::Integrations, format!("Secrets of {}", webhook.name)),
        name: webhook.name.to_string(),
        show_url: urls::show(&id),
        secrets: (1..).zip(secrets).map(line).collect(),
        headers: headers.into_iter().map(|header| (header.name.to_string(), header.value.secret().clone())).collect(),
    };
    page.answer(&hx)
}
