//! Members who are invited, and one who has left.

use herald::auth::model::Role;
use scraper::{Html, Selector};

use super::{MEMBER, Scene};

impl Scene {
    /// Somebody is invited, somebody has left.
    pub(super) async fn invites_people(&mut self) {
        let admin = self.app.admin().await;
        let tomas = format!("{}", self.person(MEMBER).await);
        self.names("member", &tomas);
        let ada = self.app.admin.id.to_string();
        self.names("admin", &ada);
        let gone = self.app.adds_person("marcus.webb@halden.example", Role::Moderator).await.id.to_string();
        self.names("gone", &gone);
        let answer = admin.posts(&format!("/settings/members/{gone}/deactivate"), &[]).await;
        assert_eq!(answer.status(), 303);
        let fields = [("email", "lena.kowalska@halden.example"), ("role", "moderator"), ("how", "link")];
        let answer = admin.posts("/settings/members/invite", &fields).await;
        let page = answer.text().await.expect("a page");
        let link = attribute(&page, "#invitation-link", "value");
        self.names.insert("join".into(), link);
        let list = admin.reads("/settings/members?state=invited").await;
        let invitation = attribute(&list, "td.actions a", "href");
        self.names("invitation", &invitation);
    }

    async fn person(&self, email: &str) -> herald::base::UserId {
        let mut conn = self.app.running().db.read().await.expect("a connection");
        let found = herald::auth::store::users::find_for_sign_in(&mut conn, email).await.expect("an answer");
        found.expect("a person").0.id
    }
}

fn attribute(html: &str, css: &str, name: &str) -> String {
    let page = Html::parse_document(html);
    let selector = Selector::parse(css).expect("a selector");
    page.select(&selector).next().and_then(|element| element.attr(name)).expect("such an element").to_owned()
}
