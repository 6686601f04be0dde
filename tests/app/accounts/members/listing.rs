//! The list of members.

use herald::auth::model::Role;

use super::super::{attributes, texts};
use super::{LIST, invites};
use crate::support::app::spawn_app;

#[tokio::test]
async fn people_are_found_by_name_role_and_state() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    app.adds_person("mo_1@halden.example", Role::Moderator).await;
    invites(&admin, "lena@halden.example", "moderator").await;
    // Below the name; whoever has none yet is called by it.
    let titles =
        async |query: &str| texts(&admin.reads(&format!("{LIST}?{query}")).await, ".person .cell > :last-child");
    assert_eq!(titles("").await, ["lena@halden.example", "mo_1@halden.example", "ada@halden.example"]);
    assert_eq!(titles("q=LENA").await, ["lena@halden.example"]);
    assert_eq!(titles("q=o_1").await, ["mo_1@halden.example"]);
    assert_eq!(titles("q=byron&role=admin").await, ["ada@halden.example"]);
    assert_eq!(titles("role=moderator").await, ["lena@halden.example", "mo_1@halden.example"]);
    assert_eq!(titles("state=invited").await, ["lena@halden.example"]);
    let page = admin.reads(&format!("{LIST}?state=deactivated")).await;
    assert_eq!(texts(&page, ".empty h2"), ["Nothing matches these filters"]);
    assert_eq!(texts(&page, ".tabs__count"), ["3", "3"]);
    for bad in ["role=king", "state=gone", "cursor=x"] {
        assert_eq!(admin.gets(&format!("{LIST}?{bad}")).await.status(), 400, "{bad}");
    }
    let page = admin.reads(LIST).await;
    assert_eq!(texts(&page, ".cell__sub"), ["mo_1@halden.example", "ada@halden.example"], "no address stands twice");
    assert_eq!(texts(&page, "td.end"), ["Invited", "Never", "Now"]);
    assert!(texts(&page, ".cell__title")[2].contains("You"));

    app.signed_in("mo_1@halden.example").await;
    assert_eq!(texts(&admin.reads(LIST).await, "td.end")[1], "just now");
    let roles = admin.reads("/settings/members/roles").await;
    assert_eq!(texts(&roles, "h2:not(.nav__label)"), ["Admin", "Moderator", "Member"]);
    assert_eq!(texts(&roles, ".card .muted"), ["1 active", "1 active", "0 active"]);
    app.stop().await;
}

#[tokio::test]
async fn long_lists_have_pages() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    for number in 0..51 {
        app.adds_person(&format!("person{number:02}@halden.example"), Role::Member).await;
    }
    let first = admin.reads(LIST).await;
    let older = attributes(&first, ".table-foot a[href]", "href");
    assert_eq!((texts(&first, "tbody tr").len(), older.len()), (50, 1));
    let second = admin.reads(&older[0]).await;
    let mut seen = texts(&first, ".cell__sub");
    seen.extend(texts(&second, ".cell__sub"));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 52);
    let newer = attributes(&second, ".table-foot a[href]", "href");
    assert_eq!(texts(&admin.reads(&newer[0]).await, ".cell__sub"), texts(&first, ".cell__sub"));
    app.stop().await;
}
