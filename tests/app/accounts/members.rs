//! Members, through the door: invited, let in, given another role, shut out.

mod access;
mod inviting;
mod listing;

use herald::auth::model::{Edition, Organization, Role};
use herald::auth::store;
use herald::base::{Clock as _, OrganizationId, SystemClock, SystemRng};

use super::attributes;
use crate::support::app::{TestApp, Visitor, password_hash, person};

const LIST: &str = "/settings/members";
const INVITE: &str = "/settings/members/invite";

/// A second organization with an admin of its own.
pub(super) async fn adds_strangers(app: &TestApp, admin: &str) {
    let id = OrganizationId::new(SystemClock.now(), &SystemRng);
    let organization =
        Organization { id, name: "Brightwater".into(), edition: Edition::Essentials, ..app.organization.clone() };
    let mut tx = app.running().db.begin().await.unwrap();
    store::organizations::insert(&mut tx, &organization).await.unwrap();
    store::users::insert(&mut tx, &person(admin, Role::Admin, Some(&organization)), password_hash()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Invites by a link, and answers the link's path.
async fn invites(admin: &Visitor, email: &str, role: &str) -> String {
    let answer = admin.posts(INVITE, &[("email", email), ("role", role), ("how", "link")]).await;
    assert_eq!(answer.status(), 200, "{email} is invited");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    path_of(&attributes(&answer.text().await.unwrap(), "#invitation-link", "value").concat())
}

/// The path of a link of ours.
fn path_of(link: &str) -> String {
    url::Url::parse(link).expect("an address").path().to_owned()
}

/// Where the row of this name leads.
async fn edit_url(admin: &Visitor, name: &str) -> String {
    let list = admin.reads(LIST).await;
    let page = scraper::Html::parse_document(&list);
    let row = scraper::Selector::parse("tbody tr").unwrap();
    let link = scraper::Selector::parse("td.actions a").unwrap();
    let found = page.select(&row).find(|row| row.text().collect::<String>().contains(name)).expect("a row");
    found.select(&link).next().and_then(|link| link.attr("href")).expect("a link").to_owned()
}
