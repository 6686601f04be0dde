//! People who sign in with a code, and links that are under way.

use herald::auth::model::Role;
use herald::auth::store::links::{self, Link, Purpose};
use herald::auth::store::second_factors;
use herald::auth::totp;
use herald::base::{Clock as _, Secret, SystemRng};

use super::{CAREFUL, Scene, TURNS_IT_ON};

impl Scene {
    pub(super) async fn makes_sign_in_safe(&mut self) {
        let noor = self.app.adds_person(CAREFUL, Role::Moderator).await;
        self.app.adds_person(TURNS_IT_ON, Role::Member).await;
        let (now, running) = (self.clock.now(), self.app.running());
        let mut tx = running.db.begin().await.expect("the database takes a transaction");
        let key = totp::new_key(&SystemRng);
        second_factors::replace(&mut tx, &running.context.vault, &noor, &key, now).await.expect("a key");
        second_factors::confirm(&mut tx, &noor.id, now).await.expect("it is confirmed");
        second_factors::set_recovery_codes(&mut tx, &noor.id, &[7; 16], &[[7; 32]]).await.expect("codes");
        tx.commit().await.expect("a commit");
        self.names.insert("noor".into(), noor.id.to_string());
    }

    /// Links live for an hour, so that they are made when the day is over.
    pub(super) async fn makes_links(&mut self) {
        let (now, running) = (self.clock.now(), self.app.running());
        let mut tx = running.db.begin().await.expect("the database takes a transaction");
        let reset = Link { user: self.app.admin.id.clone(), email: None };
        let change = Link { email: Some("ada.byron@halden.example".into()), ..reset.clone() };
        for (name, purpose, link) in
            [("reset", Purpose::ResetPassword, reset), ("confirm", Purpose::ChangeEmail, change)]
        {
            let code = links::insert(&mut tx, &SystemRng, purpose, &link, now).await.expect("a link");
            self.names.insert(name.into(), code.expose().to_owned());
        }
        tx.commit().await.expect("a commit");
    }

    /// What an app shows that was given this key as the page writes it.
    pub fn code_of(&self, key: &str) -> String {
        let key = Secret::new(key.replace(' ', ""));
        totp::code_at(&key, self.clock.now()).expect("a key").expose().to_owned()
    }
}
