//! Members, invitations, and the audit log as a list.

use herald::accounts::actions::By;
use herald::accounts::members::actions::{self, AcceptError, InviteError, MemberError};
use herald::auth::audit::{self, Action, Filter, Who};
use herald::auth::model::{Role, Source, Theme, User};
use herald::auth::store::members::{self, Standing};
use herald::auth::store::{api_keys as keys, invitations, sessions, users};
use herald::auth::{api_keys, codes};
use herald::base::{Cursor, InvitationId, Place, SystemRng, Timestamp, UserId};
use herald::db::{DbError, meta};
use serde_json::json;

use super::{START, on_both, seconds};
use crate::support::house::House;

fn by(now: Timestamp) -> By<'static> {
    By { email: "ada@example.com", source: Source::Page, address: "192.0.2.1".parse().ok(), now, rng: &SystemRng }
}

async fn adds(house: &House, email: &str, role: Role) -> User {
    let user = User {
        id: UserId::new(house.now(), &SystemRng),
        organization_id: Some(house.organization.clone()),
        email: email.into(),
        name: String::new(),
        role,
        theme: Theme::System,
        active: true,
        created_at: house.now(),
    };
    let mut tx = house.db.begin().await.unwrap();
    users::insert(&mut tx, &user, "hash").await.unwrap();
    tx.commit().await.unwrap();
    user
}

#[tokio::test]
async fn people_are_listed_with_those_who_are_invited() {
    on_both(async |house, clock| {
        let organization = &house.organization;
        let ada = adds(house, "ada@example.com", Role::Admin).await;
        clock.advance(seconds(1));
        let mo = adds(house, "mo_x@example.com", Role::Member).await;
        clock.advance(seconds(1));
        let mut tx = house.db.begin().await.unwrap();
        users::note_seen(&mut tx, &ada.id, house.now()).await.unwrap();
        users::update_active(&mut tx, &mo.id, false, house.now()).await.unwrap();
        let by = by(house.now());
        let invited = actions::invite(&mut tx, &by, organization, "lena@example.com".into(), Role::Admin).await;
        let (invitation, _) = invited.unwrap();
        tx.commit().await.unwrap();
        let mut conn = house.db.read().await.unwrap();
        let all = members::list(&mut conn, organization, &members::Filter::default(), &Place::Newest, 2).await.unwrap();
        assert_eq!((all.rows.len(), all.has_older), (2, true));
        let (lena, second) = (&all.rows[0], &all.rows[1]);
        assert_eq!((lena.id.as_str(), lena.standing), (invitation.id.as_str(), Standing::Invited));
        assert_eq!((lena.at, lena.role), (Some(invitation.expires_at), Role::Admin));
        assert_eq!(
            (second.email.as_str(), second.standing, second.at),
            ("mo_x@example.com", Standing::Deactivated, None)
        );
        let place = Place::OlderThan(Cursor { at: second.created_at, id: second.id.clone() });
        let rest = members::list(&mut conn, organization, &members::Filter::default(), &place, 2).await.unwrap();
        assert_eq!((rest.rows[0].id.as_str(), rest.rows[0].at), (ada.id.as_str(), Some(START + seconds(2))));
        for (filter, count) in [
            (members::Filter { text: Some("O_X@".into()), ..Default::default() }, 1),
            (members::Filter { text: Some("o%x".into()), ..Default::default() }, 0),
            (members::Filter { role: Some(Role::Admin), ..Default::default() }, 2),
            (members::Filter { standing: Some(Standing::Active), ..Default::default() }, 1),
        ] {
            let found = members::list(&mut conn, organization, &filter, &Place::Newest, 9).await.unwrap();
            assert_eq!(found.rows.len(), count, "{filter:?}");
        }
        assert_eq!(members::count(&mut conn, organization).await.unwrap(), 3);
        assert_eq!(members::count_by_role(&mut conn, organization).await.unwrap(), [(Role::Admin, 1)]);
        assert!(!members::has_other_admin(&mut conn, organization, &ada.id).await.unwrap());
        assert!(members::has_other_admin(&mut conn, organization, &mo.id).await.unwrap());
        assert_eq!(users::last_seen(&mut conn, &ada.id).await.unwrap(), Some(START + seconds(2)));
        let names = users::names(&mut conn, organization, 9).await.unwrap();
        assert_eq!(
            names.iter().map(|(email, _)| email.as_str()).collect::<Vec<_>>(),
            ["ada@example.com", "mo_x@example.com"]
        );
        let strangers = herald::base::OrganizationId::new(START, &SystemRng);
        assert!(users::find_in(&mut conn, &strangers, &ada.id).await.unwrap().is_none());
        assert_eq!(users::find_in(&mut conn, organization, &ada.id).await.unwrap(), Some(ada));
    })
    .await;
}

#[tokio::test]
async fn an_invitation_is_used_once() {
    on_both(async |house, clock| {
        let organization = &house.organization;
        let invite = async |email: &str| {
            let mut tx = house.db.begin().await.unwrap();
            let made = actions::invite(&mut tx, &by(house.now()), organization, email.into(), Role::Member).await?;
            tx.commit().await?;
            Ok::<_, InviteError>(made)
        };
        let (invitation, code) = invite("lena@example.com").await.unwrap();
        assert!(matches!(invite("lena@example.com").await, Err(InviteError::Invited(_))));
        let mut conn = house.db.read().await.unwrap();
        let (found, asking) = invitations::find_open(&mut conn, code.expose(), house.now()).await.unwrap().unwrap();
        assert_eq!((&found, &asking.id), (&invitation, organization));
        let too_late = invitations::find_open(&mut conn, code.expose(), invitation.expires_at).await.unwrap();
        assert!(too_late.is_none());
        assert!(invitations::find_open(&mut conn, &codes::hash(code.expose()), START).await.unwrap().is_none());
        assert_eq!(invitations::find_of(&mut conn, organization, "lena@example.com").await.unwrap(), Some(found));
        drop(conn);
        let nobody = InvitationId::new(START, &SystemRng);
        let mut tx = house.db.begin().await.unwrap();
        assert!(actions::renew(&mut tx, &by(house.now()), organization, &nobody).await.unwrap().is_none());
        assert!(actions::revoke(&mut tx, &by(house.now()), organization, &nobody).await.unwrap().is_none());
        let renewed = actions::renew(&mut tx, &by(house.now()), organization, &invitation.id).await.unwrap();
        tx.commit().await.unwrap();
        let (_, renewed) = renewed.unwrap();

        let accept = async |code: &str| {
            let mut tx = house.db.begin().await.unwrap();
            let joined = actions::accept(&mut tx, &by(house.now()), code, "Lena".into(), "hash").await?;
            tx.commit().await?;
            Ok::<_, AcceptError>(joined)
        };
        assert!(matches!(accept(code.expose()).await, Err(AcceptError::Ended)), "another code took its place");
        // Two at once: one of them is in.
        let both = tokio::join!(accept(renewed.expose()), accept(renewed.expose()));
        let joined = [both.0, both.1].into_iter().filter_map(Result::ok).collect::<Vec<_>>();
        assert_eq!(joined.len(), 1);
        assert_eq!((joined[0].0.name.as_str(), joined[0].0.role), ("Lena", Role::Member));
        assert!(matches!(invite("lena@example.com").await, Err(InviteError::Member(_))));
        clock.advance(seconds(1));
        let (_, taken) = invite("mo@example.com").await.unwrap();
        adds(house, "mo@example.com", Role::Member).await;
        assert!(matches!(accept(taken.expose()).await, Err(AcceptError::EmailTaken)));
        assert_eq!(house.number("SELECT COUNT(*) FROM invitations").await, 1, "the refusal uses nothing up");
    })
    .await;
}

#[tokio::test]
async fn two_admins_cannot_take_the_role_from_each_other_at_once() {
    on_both(async |house, _| {
        for round in 0..5 {
            let one = adds(house, &format!("one{round}@example.com"), Role::Admin).await;
            let two = adds(house, &format!("two{round}@example.com"), Role::Admin).await;
            let demote = async |user: &User| {
                let mut tx = house.db.begin().await.unwrap();
                let (now, organization) = (by(house.now()), &house.organization);
                actions::change_role(&mut tx, &now, organization, &user.id, Role::Member, false).await?;
                tx.commit().await?;
                Ok::<_, MemberError>(())
            };
            let shut_out = async |user: &User| {
                let mut tx = house.db.begin().await.unwrap();
                actions::deactivate(&mut tx, &by(house.now()), &house.organization, &user.id).await?;
                tx.commit().await?;
                Ok::<_, MemberError>(())
            };
            let ends = tokio::join!(demote(&one), shut_out(&two));
            let refused = [ends.0, ends.1].into_iter().filter_map(Result::err).collect::<Vec<_>>();
            assert!(matches!(refused[..], [MemberError::LastAdmin]), "{refused:?}");
            let admins = "SELECT COUNT(*) FROM users WHERE role = 'admin' AND active = 1";
            assert_eq!(house.number(admins).await, 1);
            let mut tx = house.db.begin().await.unwrap();
            for user in [&one, &two] {
                users::update_role(&mut tx, &user.id, Role::Member, house.now()).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_is_deactivated_has_no_sessions_and_keys_that_do_not_work() {
    on_both(async |house, _| {
        adds(house, "ada@example.com", Role::Admin).await;
        let sam = adds(house, "sam@example.com", Role::Admin).await;
        let organization = &house.organization;
        let actor = herald::auth::model::Actor {
            organization: organization.clone(),
            email: sam.email.clone(),
            source: Source::Page,
            address: None,
        };
        let new = api_keys::NewKey {
            user: Some(sam.id.clone()),
            name: "CRM".into(),
            scopes: "read".parse().unwrap(),
            expires_at: Some(START + seconds(60)),
        };
        let mut tx = house.db.begin().await.unwrap();
        let (key, secret) = api_keys::create(&mut tx, START, &SystemRng, &actor, new).await.unwrap();
        begins_a_session(&mut tx, "key", &sam).await.unwrap();
        tx.commit().await.unwrap();
        let hash = api_keys::hash(secret.expose()).unwrap();
        let mut conn = house.db.read().await.unwrap();
        let caller = keys::find_caller(&mut conn, &hash).await.unwrap().unwrap();
        assert!(caller.is_valid(START + seconds(59)) && !caller.is_valid(START + seconds(60)));
        assert_eq!(keys::find(&mut conn, organization, &key.id).await.unwrap().unwrap().expires_at, key.expires_at);
        assert_eq!(keys::count_of_user(&mut conn, organization, &sam.id).await.unwrap(), 1);
        let before = meta::changes(&mut conn).await.unwrap();
        drop(conn);

        let mut tx = house.db.begin().await.unwrap();
        let out = actions::deactivate(&mut tx, &by(house.now()), organization, &sam.id).await.unwrap();
        assert!(!out.active);
        actions::deactivate(&mut tx, &by(house.now()), organization, &sam.id).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = house.db.read().await.unwrap();
        assert!(meta::changes(&mut conn).await.unwrap() > before, "every node is told");
        assert!(keys::find_caller(&mut conn, &hash).await.unwrap().is_none());
        assert!(sessions::find(&mut conn, "key", START).await.unwrap().is_none());
        drop(conn);
        let mut tx = house.db.begin().await.unwrap();
        actions::reactivate(&mut tx, &by(house.now()), organization, &sam.id).await.unwrap();
        assert!(keys::find_caller(&mut tx, &hash).await.unwrap().is_some());
        let role = actions::change_role(&mut tx, &by(house.now()), organization, &sam.id, Role::Member, true).await;
        assert_eq!(role.unwrap().role, Role::Member);
        assert!(keys::find_caller(&mut tx, &hash).await.unwrap().is_none());
        tx.commit().await.unwrap();
        let written = "SELECT COUNT(*) FROM audit_entries WHERE address = '192.0.2.1' AND action IN \
                       ('user.deactivated', 'user.reactivated', 'user.role_changed', 'api_key.revoked')";
        assert_eq!(house.number(written).await, 4);
    })
    .await;
}

async fn begins_a_session(tx: &mut herald::db::Tx, key: &str, user: &User) -> Result<(), DbError> {
    let new = sessions::NewSession {
        id: herald::base::SessionId::new(START, &SystemRng),
        user: Some(user.id.clone()),
        is_signed_in: true,
        agent: "a test".into(),
        address: None,
    };
    sessions::insert(tx, key, &new, &sessions::State::new(), START).await
}

#[tokio::test]
async fn the_audit_log_is_read_newest_first_with_a_filter() {
    on_both(async |house, _| {
        let ada = adds(house, "ada@example.com", Role::Admin).await;
        let mut tx = house.db.begin().await.unwrap();
        users::update_profile(&mut tx, &ada.id, "Ada", Theme::System, START).await.unwrap();
        for (at, email, action, subject) in [
            (0, "ada@example.com", "webhook.created", "CRM_sync"),
            (1, "herald admin", "api_key.created", "CRM"),
            (1, "ada@example.com", "webhook.updated", "100% sure"),
        ] {
            let organization = Some(&house.organization);
            let who =
                Who { organization, email, source: &Source::CommandLine, address: "::ffff:192.0.2.7".parse().ok() };
            let details = json!({ "webhook_id": "60adfdb750b58a0c2d78bdd8", "note": "Größe" });
            audit::append_as(&mut tx, START + seconds(at), &SystemRng, who, action, subject, details).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut conn = house.db.read().await.unwrap();
        let all = Filter::default();
        let first = audit::list(&mut conn, &house.organization, &all, &Place::Newest, 2).await.unwrap();
        let entry = &first.rows[0].entry;
        assert_eq!((entry.action.as_str(), first.rows[0].name.as_deref()), ("webhook.updated", Some("Ada")));
        assert_eq!((entry.address.as_deref(), entry.source.as_str()), (Some("192.0.2.7"), "command_line"));
        assert_eq!((first.rows[1].entry.actor.as_str(), &first.rows[1].name), ("herald admin", &None));
        let last = &first.rows[1].entry;
        let place = Place::OlderThan(Cursor { at: last.at, id: last.id.to_string() });
        let rest = audit::list(&mut conn, &house.organization, &all, &place, 2).await.unwrap();
        assert_eq!((rest.rows.len(), rest.has_older, rest.has_newer), (1, false, true));
        let filter = |filter: Filter, count: usize| (filter, count);
        for (filter, count) in [
            filter(Filter { actor: Some("ada@example.com".into()), ..all.clone() }, 2),
            filter(Filter { action: Some(Action::Kind("webhook".into())), ..all.clone() }, 2),
            filter(Filter { action: Some(Action::One("webhook.updated".into())), ..all.clone() }, 1),
            filter(Filter { text: Some("crm_".into()), ..all.clone() }, 1),
            filter(Filter { text: Some("0%".into()), ..all.clone() }, 1),
            filter(Filter { text: Some("größe".into()), ..all.clone() }, 3),
            filter(Filter { since: Some(START + seconds(1)), ..all.clone() }, 2),
            filter(Filter { until: Some(START + seconds(1)), ..all.clone() }, 1),
        ] {
            let found = audit::list(&mut conn, &house.organization, &filter, &Place::Newest, 9).await.unwrap();
            assert_eq!(found.rows.len(), count, "{filter:?}");
        }
        let strangers = herald::base::OrganizationId::new(START, &SystemRng);
        assert_eq!(audit::list(&mut conn, &strangers, &all, &Place::Newest, 9).await.unwrap().rows, []);
    })
    .await;
}

#[tokio::test]
async fn the_database_itself_keeps_audit_entries_as_they_are() {
    on_both(async |house, _| {
        let who = Who { organization: Some(&house.organization), email: "x", source: &Source::Page, address: None };
        let mut tx = house.db.begin().await.unwrap();
        audit::append_as(&mut tx, START, &SystemRng, who, "user.signed_in", "x", json!({})).await.unwrap();
        tx.commit().await.unwrap();
        for change in ["UPDATE audit_entries SET actor = 'y'", "DELETE FROM audit_entries"] {
            let mut tx = house.db.begin().await.unwrap();
            let refusal = sqlx::query(change).execute(&mut *tx).await.unwrap_err().to_string();
            assert!(refusal.contains("audit entries are only added"), "{change}: {refusal}");
        }
        assert_eq!(house.number("SELECT COUNT(*) FROM audit_entries WHERE actor = 'x'").await, 1);
    })
    .await;
}
