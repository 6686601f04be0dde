//! What admins are to know of their webhooks on whatever page they are.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::model::Alert;
use super::store;
use crate::auth::model::{Organization, User};
use crate::base::Clock;
use crate::db::{Conn, Db, DbError};
use crate::web::Moment;
use crate::web::shell::{Notice, Notices};
use crate::webhooks::urls;

/// How long it is news that a webhook works again.
const RECOVERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Alerts as notices.
pub struct WebhookNotices {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
}

impl Notices for WebhookNotices {
    fn of<'a>(
        &'a self,
        conn: &'a mut Conn,
        user: &'a User,
        organization: &'a Organization,
    ) -> BoxFuture<'a, Result<Vec<Notice>, DbError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let alerts = store::standing(conn, &organization.id, &user.id, now - RECOVERED).await?;
            let notice = |alert: &Alert| {
                let since = Moment::relative(alert.since, now, organization.time_zone).text;
                notice(alert, &since)
            };
            let full = self.db.was_full_lately().then(disk_full);
            Ok(full.into_iter().chain(alerts.iter().map(notice)).collect())
        })
    }
}

/// Nothing can be recorded: that needs an admin more than any webhook does.
fn disk_full() -> Notice {
    Notice {
        is_good: false,
        title: "Herald’s disk is full".into(),
        text: "Events cannot be published and changes cannot be saved until whoever runs Herald makes room. Nothing that was accepted is \
               lost: deliveries go on when there is room again."
            .into(),
        url: String::new(),
        link: "",
        dismiss_url: String::new(),
        dismiss_label: String::new(),
        fields: Vec::new(),
    }
}

fn notice(alert: &Alert, since: &str) -> Notice {
    let error = alert.error.as_deref().map(|error| format!(" {error}")).unwrap_or_default();
    let text = match alert.is_good() {
        true => format!("It had been failing since {since}."),
        false => format!("The first attempt failed {since}.{error}"),
    };
    Notice {
        is_good: alert.is_good(),
        title: alert.title(),
        text,
        url: alert.path(),
        link: if alert.is_good() { "View delivery" } else { "View failed attempt" },
        dismiss_url: urls::dismiss(&alert.webhook),
        dismiss_label: format!("Dismiss: {}", alert.title()),
        fields: vec![("since", alert.since.micros().to_string()), ("kind", alert.kind.to_string())],
    }
}
