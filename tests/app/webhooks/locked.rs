//! Who may see webhooks, and what the others are told.

use herald::auth::model::{Edition, Role};

use super::*;
use crate::support::app::{Setting, spawn_app};

const LOCKED: &str = "Webhooks must be enabled prior to use. Contact Dana Whitfield to enable it.";
const ESSENTIALS: &str = "Essentials features are subscription-based and may not be available for all users. \
                          Contact Dana Whitfield for more details.";

#[tokio::test(flavor = "multi_thread")]
async fn the_card_is_locked_while_webhooks_are_not_enabled() {
    for (edition, essentials) in [(Edition::Enterprise, false), (Edition::Essentials, true)] {
        let setting = Setting { webhooks_disabled: true, edition: Some(edition), ..Setting::default() };
        let app = setting.with("HERALD_ACCOUNT_MANAGER_CONTACT", "Dana Whitfield").spawn().await;
        let ada = app.admin().await;
        let card = open(&ada, COLLABORATION).await;
        let text = card.text("article[aria-labelledby=i-webhook]");
        assert!(text.contains(LOCKED), "{text}");
        assert_eq!(text.contains(ESSENTIALS), essentials);
        assert!(!text.contains("Configure"));
        for path in [LIST, NEW, &format!("{LIST}/60adfdb750b58a0c2d78bdd8/edit")] {
            let refused = page(ada.gets(path).await, 403).await;
            assert!(refused.text("main").contains(LOCKED), "{path}");
        }
        assert_eq!(post(&ada, NEW, &minimal("http://127.0.0.1:4999/")).await.status(), 403);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_of_the_organization_see_its_webhooks() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let id = add(&ada, &minimal("http://127.0.0.1:4999/")).await;
    for role in [Role::Member, Role::Moderator, Role::AccountManager] {
        let person = app.adds_person(&format!("{role}@halden.example"), role).await;
        let visitor = app.signed_in(&person.email).await;
        for path in [COLLABORATION, LIST, NEW, &format!("{LIST}/{id}/edit"), &format!("{LIST}/{id}/delete")] {
            assert_eq!(visitor.gets(path).await.status(), 403, "{role} {path}");
        }
    }
    let nobody = app.visitor().gets(LIST).await;
    assert_eq!(nobody.status(), 303);
    assert!(nobody.headers()["location"].to_str().unwrap().starts_with("/login?next="));
    for path in [format!("{LIST}/60adfdb750b58a0c2d78bdd8/edit"), format!("{LIST}/nonsense/edit")] {
        assert_eq!(ada.gets(&path).await.status(), 404, "{path}");
    }
    app.stop().await;
}
