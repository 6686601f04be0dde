//! auth::store: what sign-in keeps beside users: second factors, links, and whose sessions there are.

use herald::auth::model::Role;
use herald::auth::store::links::{self, Link, Purpose};
use herald::auth::store::sessions::{NewSession, State};
use herald::auth::store::users::InsertError;
use herald::auth::store::{second_factors, sessions, users};
use herald::auth::totp;
use herald::base::{OrganizationId, SystemRng, UserId};
use herald::db::Tx;

use super::auth::{add, new_session, user};
use super::{START, on_both, seconds};

#[tokio::test]
async fn somebodys_sessions_are_listed_and_ended_by_their_owner_alone() {
    on_both(async |house, clock| {
        let (ada, bob) = (user(house, "ada@example.com", Role::Admin), user(house, "bob@example.com", Role::Member));
        add(house, &ada).await.unwrap();
        add(house, &bob).await.unwrap();
        let mut made = Vec::new();
        let mut tx = house.db.begin().await.unwrap();
        for (place, owner) in [&ada, &ada, &bob, &ada].into_iter().enumerate() {
            clock.advance(seconds(1));
            let new = new_session(house, Some(owner));
            // The last one owes the second step: it is no place where somebody is signed in.
            let new = NewSession { is_signed_in: place != 3, ..new };
            sessions::insert(&mut tx, &format!("key {place}"), &new, &State::new(), house.now()).await.unwrap();
            made.push(new);
        }
        tx.commit().await.unwrap();
        let listed = sessions::list_of_user(&mut house.db.read().await.unwrap(), &ada.id, house.now()).await.unwrap();
        assert_eq!(listed.iter().map(|listed| &listed.id).collect::<Vec<_>>(), [&made[1].id, &made[0].id]);
        assert_eq!((listed[1].agent.as_str(), listed[1].address.as_deref()), ("curl/8.5.0", Some("192.0.2.1")));
        assert_eq!((listed[1].created_at, listed[1].seen_at), (START + seconds(1), START + seconds(1)));

        let mut tx = house.db.begin().await.unwrap();
        assert!(!sessions::delete_one(&mut tx, &bob.id, &made[0].id).await.unwrap(), "it is another person's");
        assert!(sessions::delete_one(&mut tx, &ada.id, &made[0].id).await.unwrap());
        assert!(!sessions::delete_one(&mut tx, &ada.id, &made[0].id).await.unwrap());
        assert_eq!(
            sessions::delete_others(&mut tx, &ada.id, &made[1].id).await.unwrap(),
            1,
            "the one that owes a step"
        );
        assert!(sessions::find(&mut tx, "key 1", house.now()).await.unwrap().is_some());
        assert!(sessions::find(&mut tx, "key 2", house.now()).await.unwrap().is_some(), "bob's");
        sessions::purge(&mut tx, house.now() + sessions::IDLE).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(house.number("SELECT COUNT(*) FROM sessions").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_link_is_followed_once_within_an_hour_and_ended_by_a_newer_one() {
    on_both(async |house, clock| {
        let ada = user(house, "ada@example.com", Role::Admin);
        add(house, &ada).await.unwrap();
        let link = Link { user: ada.id.clone(), email: None };
        let to_new = Link { email: Some("new@example.com".into()), ..link.clone() };
        let mut tx = house.db.begin().await.unwrap();
        let make = async |tx: &mut Tx, purpose: Purpose, link: &Link| {
            links::insert(tx, &SystemRng, purpose, link, house.now()).await.unwrap().expose().to_owned()
        };
        let older = make(&mut tx, Purpose::ResetPassword, &link).await;
        let newer = make(&mut tx, Purpose::ResetPassword, &link).await;
        let change = make(&mut tx, Purpose::ChangeEmail, &to_new).await;
        tx.commit().await.unwrap();
        assert_eq!(newer.len(), 43, "256 bits");

        let mut tx = house.db.begin().await.unwrap();
        let reset = Purpose::ResetPassword;
        assert_eq!(links::find(&mut tx, reset, &older, house.now()).await.unwrap(), None);
        assert_eq!(links::find(&mut tx, reset, &newer, house.now()).await.unwrap(), Some(link.clone()));
        assert_eq!(links::find(&mut tx, reset, &change, house.now()).await.unwrap(), None, "for something else");
        assert_eq!(links::take(&mut tx, reset, &change, house.now()).await.unwrap(), None);
        assert_eq!(links::find(&mut tx, Purpose::ChangeEmail, &change, house.now()).await.unwrap(), Some(to_new));
        assert_eq!(links::take(&mut tx, reset, &newer, house.now()).await.unwrap(), Some(link.clone()));
        assert_eq!(links::take(&mut tx, reset, &newer, house.now()).await.unwrap(), None, "once");
        links::delete_of_user(&mut tx, &ada.id, Purpose::ChangeEmail).await.unwrap();
        assert_eq!(links::find(&mut tx, Purpose::ChangeEmail, &change, house.now()).await.unwrap(), None);

        let late = make(&mut tx, reset, &link).await;
        clock.advance(links::VALID);
        assert_eq!(links::find(&mut tx, reset, &late, house.now()).await.unwrap(), None);
        assert_eq!(links::take(&mut tx, reset, &late, house.now()).await.unwrap(), None);
        links::purge(&mut tx, house.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(house.number("SELECT COUNT(*) FROM account_links").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_second_factor_is_sealed_and_each_of_its_codes_is_used_once() {
    on_both(async |house, clock| {
        let ada = user(house, "ada@example.com", Role::Admin);
        add(house, &ada).await.unwrap();
        let key = totp::new_key(&SystemRng);
        let mut tx = house.db.begin().await.unwrap();
        assert!(second_factors::find(&mut tx, &house.vault, &ada.id).await.unwrap().is_none());
        second_factors::replace(&mut tx, &house.vault, &ada, &totp::new_key(&SystemRng), house.now()).await.unwrap();
        second_factors::replace(&mut tx, &house.vault, &ada, &key, house.now()).await.unwrap();
        assert!(!second_factors::is_confirmed(&mut tx, &ada.id).await.unwrap());
        let found = second_factors::find(&mut tx, &house.vault, &ada.id).await.unwrap().unwrap();
        assert_eq!((found.key, found.created_at, found.confirmed_at), (key.clone(), START, None));
        assert!(second_factors::of_organization(&mut tx, &house.organization).await.unwrap().is_empty());

        clock.advance(seconds(5));
        assert!(second_factors::confirm(&mut tx, &ada.id, house.now()).await.unwrap());
        assert!(!second_factors::confirm(&mut tx, &ada.id, house.now()).await.unwrap());
        second_factors::set_recovery_codes(&mut tx, &ada.id, &[1; 16], &[[8; 32]]).await.unwrap();
        second_factors::set_recovery_codes(&mut tx, &ada.id, &[7; 16], &[[1; 32], [2; 32]]).await.unwrap();
        tx.commit().await.unwrap();
        let sealed = "SELECT COUNT(*) FROM second_factors WHERE secret LIKE 'v1.%'";
        assert_eq!(house.number(sealed).await, 1);

        let mut tx = house.db.begin().await.unwrap();
        for (step, taken) in [(10, true), (10, false), (9, false), (11, true)] {
            assert_eq!(second_factors::use_step(&mut tx, &ada.id, step).await.unwrap(), taken, "{step}");
        }
        for (hash, taken) in [([1; 32], true), ([1; 32], false), ([8; 32], false)] {
            let used = second_factors::use_recovery_code(&mut tx, &ada.id, &hash, house.now()).await.unwrap();
            assert_eq!(used, taken, "{hash:?}");
        }
        let found = second_factors::find(&mut tx, &house.vault, &ada.id).await.unwrap().unwrap();
        assert_eq!((found.confirmed_at, found.last_step), (Some(START + seconds(5)), 11));
        assert_eq!((found.recovery_salt, found.codes_left), ([7; 16], 1));
        assert!(second_factors::is_confirmed(&mut tx, &ada.id).await.unwrap());
        let of = second_factors::of_organization(&mut tx, &house.organization).await.unwrap();
        assert_eq!(of.into_iter().collect::<Vec<_>>(), std::slice::from_ref(&ada.id));
        sqlx::query("UPDATE users SET organization_id = NULL").execute(&mut *tx).await.unwrap();
        assert!(second_factors::find(&mut tx, &house.vault, &ada.id).await.is_err(), "it opens nowhere else");
        let stranger = OrganizationId::new(START, &SystemRng);
        assert!(second_factors::of_organization(&mut tx, &stranger).await.unwrap().is_empty());
        assert!(second_factors::delete(&mut tx, &ada.id).await.unwrap());
        assert!(!second_factors::delete(&mut tx, &ada.id).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(house.number("SELECT COUNT(*) FROM recovery_codes").await, 0);
    })
    .await;
}

#[tokio::test]
async fn an_address_is_changed_unless_somebody_has_it() {
    on_both(async |house, _| {
        let (ada, bob) = (user(house, "ada@example.com", Role::Admin), user(house, "bob@example.com", Role::Member));
        add(house, &ada).await.unwrap();
        add(house, &bob).await.unwrap();
        let mut tx = house.db.begin().await.unwrap();
        assert!(users::is_email_taken(&mut tx, "bob@example.com").await.unwrap());
        assert!(!users::is_email_taken(&mut tx, "new@example.com").await.unwrap());
        users::update_email(&mut tx, &ada.id, "new@example.com", house.now()).await.unwrap();
        let found = users::find_in(&mut tx, &house.organization, &ada.id).await.unwrap().unwrap();
        assert_eq!(found.email, "new@example.com");
        let stranger = OrganizationId::new(START, &SystemRng);
        assert_eq!(users::find_in(&mut tx, &stranger, &ada.id).await.unwrap(), None);
        assert_eq!(users::password_hash(&mut tx, &ada.id).await.unwrap().as_deref(), Some("hash"));
        let nobody = UserId::new(START, &SystemRng);
        assert_eq!(users::password_hash(&mut tx, &nobody).await.unwrap(), None);
        let taken = users::update_email(&mut tx, &ada.id, "bob@example.com", house.now()).await;
        assert!(matches!(taken, Err(InsertError::EmailTaken)), "{taken:?}");
    })
    .await;
}
