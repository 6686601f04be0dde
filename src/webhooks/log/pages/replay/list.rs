//! All replays of a webhook.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use crate::base::{Cursor, Place, WebhookId};
use crate::delivery::model::Replay;
use crate::web::hx::piece;
use crate::web::{Context, Hx, Page as _, Result, Section, Shell, filters};
use crate::webhooks::model::WebhookState;
use crate::webhooks::pages::WebhooksAdmin;

use super::super::super::store;
use super::super::urls;
use super::card::{Card, LATEST, Row, row};

/// Replays on a page.
const LIMIT: usize = 50;

#[derive(Template)]
#[template(path = "webhooks/log/replays.html")]
struct ListPage {
    shell: Shell,
    trail: Vec<(String, String)>,
    rows: Vec<Row>,
    new_url: String,
    newer: String,
    older: String,
}
crate::web::page!(ListPage);

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Query {
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newer: Option<String>,
}

/// GET …/webhooks/{id}/replays; for htmx the card of the webhook's page.
pub(crate) async fn show(
    admin: WebhooksAdmin,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<WebhookId>,
    hx: Hx,
) -> Result {
    let asked: Query = filters::read(&request)?;
    let is_card = hx.wants_fragment() && hx.targets("replays");
    let place = filters::place(asked.cursor.as_deref(), asked.newer.as_deref())?;
    let mut conn = context.db.read().await?;
    let webhook = admin.webhook(&mut conn, &context, &id).await?;
    let (place, limit) = if is_card { (Place::Newest, LATEST) } else { (place, LIMIT) };
    let listing = store::list_replays(&mut conn, &id, &place, limit).await?;
    drop(conn);
    let (now, zone) = (context.clock.now(), admin.organization.time_zone);
    let takes_one = webhook.state == WebhookState::Active;
    if is_card {
        return piece(&Card::new(&id, takes_one, &listing, now, zone), &[]);
    }
    let key = |replay: &Replay| Cursor { at: replay.created_at, id: replay.id.to_string() };
    let (newer, older) = filters::neighbours(&listing, key);
    let page = |query: Query| filters::write(&urls::replays(&id), &query);
    let page = ListPage {
        shell: admin.shell(Section::Integrations, format!("Replays of {}", webhook.name)),
        trail: urls::trail_through(&webhook),
        rows: listing.rows.iter().map(|replay| row(replay, now, zone)).collect(),
        new_url: if takes_one { urls::replay(&id) } else { String::new() },
        newer: newer.map(|newer| page(Query { newer: Some(newer), cursor: None })).unwrap_or_default(),
        older: older.map(|cursor| page(Query { cursor: Some(cursor), newer: None })).unwrap_or_default(),
    };
    page.answer(&hx)
}
