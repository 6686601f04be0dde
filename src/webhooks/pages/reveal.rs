//! Reveal: signing secrets and header values in clear, for an admin, written down.

use askama::Template;

use crate::base::Secret;
use crate::delivery::signing::SigningSecret;
use crate::web::{self, Moment, Page, Section, Shell};
use crate::webhooks::actions::{self, Revealed};
use crate::webhooks::urls;

use super::change::Change;

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
    /// A secret, or a public key.
    text: Secret,
    is_public: bool,
    /// When a secret that was rotated out stops signing.
    until: Option<Moment>,
}

/// POST …/webhooks/{id}/reveal
pub(crate) async fn reveal(change: Change) -> web::Result {
    let Revealed { webhook, secrets, headers } = change.run(actions::reveal).await?;
    let zone = change.admin.organization.time_zone;
    let line = |(number, (secret, until)): (usize, (SigningSecret, Option<_>))| SecretLine {
        id: format!("secret-{number}"),
        text: Secret::new(secret.public_key().map_or_else(|| secret.expose().to_owned(), |key| key.to_string())),
        is_public: secret.public_key().is_some(),
        until: until.map(|at| Moment::exact(at, zone)),
    };
    let page = RevealPage {
        shell: change.admin.shell(Section::Integrations, format!("Secrets of {}", webhook.name)),
        name: webhook.name.to_string(),
        show_url: urls::show(&change.id),
        secrets: (1..).zip(secrets).map(line).collect(),
        headers: headers.into_iter().map(|header| (header.name.to_string(), header.value.secret().clone())).collect(),
    };
    page.answer(&change.hx)
}
