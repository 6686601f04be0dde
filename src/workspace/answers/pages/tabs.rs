//! The tabs above the library's lists: all pairs, what waits for a moderator, what is in review.

use crate::base::OrganizationId;
use crate::db::Conn;
use crate::web::Result;
use crate::workspace::answers::model::AnswerStatus;
use crate::workspace::answers::store;

use super::{urls, words};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    All,
    Moderation,
    Review,
}

/// One tab, ready for the page.
pub(super) struct TabLink {
    pub url: String,
    pub label: &'static str,
    pub count: String,
    pub is_current: bool,
}

/// The tabs with their counts; who does not moderate sees no queue.
pub(super) async fn load(
    conn: &mut Conn,
    organization: &OrganizationId,
    current: Tab,
    can_moderate: bool,
) -> Result<Vec<TabLink>> {
    let counts = store::counts(conn, organization).await?;
    let tab = |tab: Tab, label, url: String, count: i64| TabLink {
        url,
        label,
        count: words::grouped(count),
        is_current: tab == current,
    };
    let review = format!("{}?status={}", urls::LIST, AnswerStatus::InReview);
    let mut tabs = vec![tab(Tab::All, "All pairs", urls::LIST.into(), counts.all())];
    if can_moderate {
        tabs.push(tab(Tab::Moderation, "Moderation", urls::MODERATION.into(), counts.in_moderation));
    }
    tabs.push(tab(Tab::Review, "In review", review, counts.in_review));
    Ok(tabs)
}
