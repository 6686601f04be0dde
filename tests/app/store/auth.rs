//! auth::store and db::meta: organizations, users, sessions, API keys, audit entries.

use herald::auth::api_keys::{self, NewKey};
use herald::auth::model::{Actor, Edition, Organization, Role, Source, Theme, User};
use herald::auth::store::api_keys::NoteUse;
use herald::auth::store::sessions::NewSession;
use herald::auth::store::users::InsertError;
use herald::auth::store::{api_keys as keys, audit, organizations, sessions, users};
use herald::base::{ApiKeyId, Cursor, OrganizationId, ProjectId, SessionId, SystemRng, Timestamp, UserId};
use herald::db::meta;
use sqlx::Row as _;

use super::{START, on_both, seconds};
use crate::support::house::House;

pub(super) fn user(house: &House, email: &str, role: Role) -> User {
    User {
        id: UserId::new(house.now(), &SystemRng),
        organization_id: (role != Role::AccountManager).then(|| house.organization.clone()),
        email: email.into(),
        name: "Ada".into(),
        role,
        theme: Theme::Dark,
        active: true,
        created_at: house.now(),
    }
}

pub(super) async fn add(house: &House, user: &User) -> Result<(), InsertError> {
    let mut tx = house.db.begin().await.unwrap();
    users::insert(&mut tx, user, "hash").await?;
    Ok(tx.commit().await?)
}

pub(super) fn new_session(house: &House, user: Option<&User>) -> NewSession {
    NewSession {
        id: SessionId::new(house.now(), &SystemRng),
        user: user.map(|user| user.id.clone()),
        is_signed_in: user.is_some(),
        agent: "curl/8.5.0".into(),
        address: Some("192.0.2.1".into()),
    }
}

#[tokio::test]
async fn organizations_are_changed_listed_and_counted() {
    on_both(async |house, clock| {
        let before = meta::changes(&mut house.db.read().await.unwrap()).await.unwrap();
        let mut tx = house.db.begin().await.unwrap();
        let changed = Organization {
            id: house.organization.clone(),
            name: "Ümlaut & Söhne".into(),
            time_zone: "Asia/Kathmandu".parse().unwrap(),
            edition: Edition::Essentials,
            webhooks_enabled: false,
            created_at: START,
        };
        organizations::update(&mut tx, &changed).await.unwrap();
        tx.commit().await.unwrap();
        clock.advance(seconds(1));
        let younger = OrganizationId::new(house.now(), &SystemRng);
        house.add_organization(younger.clone(), true).await;
        house.add_webhook("https://example.com/1").await;
        let deleted = house.add_webhook("https://example.com/2").await;
        house.run(&deleted, "UPDATE webhooks SET deleted_at = 1 WHERE id = $1").await;
        let paused = house.add_webhook("https://example.com/3").await;
        house.run(&paused, "UPDATE webhooks SET state = 'paused' WHERE id = $1").await;
        add(house, &user(house, "member@example.com", Role::Member)).await.unwrap();

        let mut conn = house.db.read().await.unwrap();
        assert!(meta::changes(&mut conn).await.unwrap() > before, "servers are told");
        let id = &house.organization;
        assert_eq!(organizations::find(&mut conn, id).await.unwrap(), Some(changed));
        let nobody = OrganizationId::new(START, &SystemRng);
        assert_eq!(organizations::find(&mut conn, &nobody).await.unwrap(), None);
        let first = organizations::list(&mut conn, None, 1).await.unwrap();
        assert_eq!((first.len(), &first[0].organization.id), (1, &younger));
        let after = Cursor { at: first[0].organization.created_at, id: younger.to_string() };
        let rest = organizations::list(&mut conn, Some(&after), 10).await.unwrap();
        assert_eq!((rest.len(), rest[0].users, rest[0].instances), (1, 1, 2));
        assert_eq!(organizations::count_active_webhooks(&mut conn, id).await.unwrap(), 1);
        assert!(!organizations::has_admin(&mut conn, id).await.unwrap());
        drop(conn);
        add(house, &user(house, "admin@example.com", Role::Admin)).await.unwrap();
        assert!(organizations::has_admin(&mut house.db.read().await.unwrap(), id).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn users_are_found_by_id_and_by_address() {
    on_both(async |house, clock| {
        assert!(!users::any(&mut house.db.read().await.unwrap()).await.unwrap());
        let ada = user(house, "ada@example.com", Role::Admin);
        let manager = user(house, "manager@example.com", Role::AccountManager);
        add(house, &ada).await.unwrap();
        add(house, &manager).await.unwrap();
        let again = add(house, &user(house, "ada@example.com", Role::Member)).await;
        assert!(matches!(again, Err(InsertError::EmailTaken)), "{again:?}");

        clock.advance(seconds(5));
        let mut tx = house.db.begin().await.unwrap();
        sessions::insert(&mut tx, "key", &new_session(house, Some(&ada)), &sessions::State::new(), house.now())
            .await
            .unwrap();
        users::update_profile(&mut tx, &ada.id, "Ada Byron", Theme::Light, house.now()).await.unwrap();
        users::update_password(&mut tx, &ada.id, "other hash", house.now()).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = house.db.read().await.unwrap();
        assert!(users::any(&mut conn).await.unwrap());
        let (found, organization) = users::find(&mut conn, &ada.id).await.unwrap().unwrap();
        assert_eq!(found, User { name: "Ada Byron".into(), theme: Theme::Light, ..ada });
        assert_eq!(organization.map(|organization| organization.id), Some(house.organization.clone()));
        assert_eq!(users::find(&mut conn, &manager.id).await.unwrap(), Some((manager, None)));
        let (signing_in, hash) = users::find_for_sign_in(&mut conn, "ada@example.com").await.unwrap().unwrap();
        assert_eq!((signing_in.id, hash.as_str()), (found.id, "other hash"));
        assert!(users::find_for_sign_in(&mut conn, "Ada@example.com").await.unwrap().is_none());
        assert!(sessions::find(&mut conn, "key", house.now()).await.unwrap().is_none(), "a new password ends it");
    })
    .await;
}

#[tokio::test]
async fn sessions_last_while_they_are_used_and_end_for_good() {
    on_both(async |house, clock| {
        let ada = user(house, "ada@example.com", Role::Admin);
        add(house, &ada).await.unwrap();
        let key = sessions::new_key(&SystemRng);
        let state = sessions::State::from([("flash".to_owned(), r#""Webhook added""#.to_owned())]);
        let mut tx = house.db.begin().await.unwrap();
        sessions::insert(&mut tx, &key, &new_session(house, Some(&ada)), &sessions::State::new(), house.now())
            .await
            .unwrap();
        sessions::insert(&mut tx, "short", &new_session(house, None), &sessions::State::new(), house.now())
            .await
            .unwrap();
        sessions::update_state(&mut tx, &key, &state).await.unwrap();
        tx.commit().await.unwrap();
        let found = sessions::find(&mut house.db.read().await.unwrap(), &key, house.now()).await.unwrap().unwrap();
        assert_eq!((found.state, found.created_at, found.seen_at), (state, START, START));

        clock.advance(sessions::IDLE - seconds(1));
        let mut tx = house.db.begin().await.unwrap();
        sessions::touch(&mut tx, &key, START, house.now()).await.unwrap();
        tx.commit().await.unwrap();
        clock.advance(seconds(2));
        let mut conn = house.db.read().await.unwrap();
        assert!(sessions::find(&mut conn, &key, house.now()).await.unwrap().is_some(), "it was used meanwhile");
        assert!(sessions::find(&mut conn, "short", house.now()).await.unwrap().is_none());
        assert!(sessions::find(&mut conn, &key, START + sessions::LONGEST).await.unwrap().is_none());
        drop(conn);

        let mut tx = house.db.begin().await.unwrap();
        sessions::insert(&mut tx, "second", &new_session(house, Some(&ada)), &sessions::State::new(), house.now())
            .await
            .unwrap();
        sessions::delete(&mut tx, &key).await.unwrap();
        assert!(sessions::find(&mut tx, &key, house.now()).await.unwrap().is_none());
        sessions::delete_of_user(&mut tx, &ada.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(house.number("SELECT COUNT(*) FROM sessions").await, 0, "those that had ended are swept away");
    })
    .await;
}

fn actor(house: &House) -> Actor {
    Actor {
        organization: house.organization.clone(),
        email: "ada@example.com".into(),
        source: Source::CommandLine,
        address: None,
    }
}

#[tokio::test]
async fn an_api_key_opens_until_it_is_revoked_or_its_user_leaves() {
    on_both(async |house, clock| {
        let ada = user(house, "ada@example.com", Role::Admin);
        add(house, &ada).await.unwrap();
        let mut made = Vec::new();
        for owner in [Some(ada.id.clone()), None] {
            clock.advance(seconds(1));
            let new =
                NewKey { user: owner, name: "CRM".into(), scopes: "read,publish".parse().unwrap(), expires_at: None };
            let mut tx = house.db.begin().await.unwrap();
            made.push(api_keys::create(&mut tx, house.now(), &SystemRng, &actor(house), new).await.unwrap());
            tx.commit().await.unwrap();
        }
        let hash = |place: usize| api_keys::hash(made[place].1.expose()).unwrap();
        let (own, common) = (&made[0].0, &made[1].0);
        let mut conn = house.db.read().await.unwrap();
        let caller = keys::find_caller(&mut conn, &hash(0)).await.unwrap().unwrap();
        assert_eq!((caller.key, caller.email.as_str()), (own.id.clone(), "ada@example.com"));
        let noted = [0, 1, 59, 60, 61].map(|after| caller.last_use.take_note(START + seconds(after)));
        assert_eq!(noted, [true, false, false, true, false], "once a minute");
        assert_eq!((caller.organization.id, caller.scopes), (house.organization.clone(), own.scopes));
        assert_eq!(
            keys::find_caller(&mut conn, &hash(1)).await.unwrap().unwrap().email,
            api_keys::email_of_key(&common.id)
        );
        assert!(keys::find_caller(&mut conn, "nothing").await.unwrap().is_none());
        let listed = keys::list(&mut conn, &house.organization).await.unwrap();
        assert_eq!(listed.iter().map(|listed| &listed.key.id).collect::<Vec<_>>(), [&common.id, &own.id]);
        assert_eq!((&listed[0].owner, listed[0].is_orphan), (&None, false));
        assert_eq!((&listed[1].owner, listed[1].is_orphan), (&Some(("Ada".into(), "ada@example.com".into())), false));
        let stranger = OrganizationId::new(START, &SystemRng);
        assert!(keys::list(&mut conn, &stranger).await.unwrap().is_empty());
        assert!(keys::find(&mut conn, &stranger, &own.id).await.unwrap().is_none());

        let uses = [2, 9, 4].map(|after| NoteUse { key: own.id.clone(), at: START + seconds(after) });
        let noted = futures_util::future::join_all(uses.into_iter().map(|note| house.db.submit(note))).await;
        noted.into_iter().for_each(|note| note.unwrap());
        let found = keys::find(&mut conn, &house.organization, &own.id).await.unwrap().unwrap();
        assert_eq!(found.last_used_at, Some(START + seconds(9)), "the latest, in whatever order they come");
        drop(conn);

        let mut tx = house.db.begin().await.unwrap();
        sqlx::query("UPDATE users SET active = 0 WHERE id = $1").bind(&ada.id).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = house.db.begin().await.unwrap();
        assert!(keys::find_caller(&mut tx, &hash(0)).await.unwrap().is_none(), "its user has left");
        assert!(keys::list(&mut tx, &house.organization).await.unwrap()[1].is_orphan);
        assert!(keys::revoke(&mut tx, &common.id, house.now()).await.unwrap());
        assert!(!keys::revoke(&mut tx, &common.id, house.now()).await.unwrap());
        assert!(!keys::revoke(&mut tx, &ApiKeyId::new(START, &SystemRng), house.now()).await.unwrap());
        assert!(keys::find_caller(&mut tx, &hash(1)).await.unwrap().is_none());
        assert!(keys::find(&mut tx, &house.organization, &common.id).await.unwrap().is_none());
        let revoked = api_keys::revoke(&mut tx, house.now(), &SystemRng, &actor(house), &own.id).await.unwrap();
        assert_eq!(revoked.map(|key| key.id), Some(own.id.clone()));
    })
    .await;
}

#[tokio::test]
async fn what_was_done_is_written_down_with_and_without_an_organization() {
    on_both(async |house, _| {
        let mut tx = house.db.begin().await.unwrap();
        let details = serde_json::json!({"url": "https://example.com/ü"});
        audit::append(&mut tx, START, &SystemRng, &actor(house), "webhook.created", "Hook", details).await.unwrap();
        let who = audit::Who { organization: None, email: "manager@example.com", source: &Source::Page, address: None };
        audit::append_as(&mut tx, START, &SystemRng, who, "user.created", "x", serde_json::json!({})).await.unwrap();
        tx.commit().await.unwrap();
        let mut conn = house.db.read().await.unwrap();
        let rows = sqlx::query(
            "SELECT organization_id, at, actor, action, source, details FROM audit_entries ORDER BY action DESC",
        )
        .fetch_all(&mut *conn)
        .await
        .unwrap();
        assert_eq!(rows[0].get::<Option<OrganizationId>, _>(0), Some(house.organization.clone()));
        assert_eq!(rows[0].get::<Timestamp, _>(1), START);
        let texts: Vec<String> = (2..6).map(|column| rows[0].get(column)).collect();
        assert_eq!(texts, ["ada@example.com", "webhook.created", "command_line", r#"{"url":"https://example.com/ü"}"#]);
        assert_eq!(rows[1].get::<Option<OrganizationId>, _>(0), None);
    })
    .await;
}

#[tokio::test]
async fn a_project_has_a_story_of_its_own() {
    on_both(async |house, _| {
        let (project, other) = (ProjectId::new(START, &SystemRng), ProjectId::new(START, &SystemRng));
        let mut tx = house.db.begin().await.unwrap();
        for (at, action, project) in [
            (0, "project.created", &project),
            (1, "project.created", &other),
            (2, "section.completed", &project),
            (3, "question.edited", &project),
        ] {
            let (at, details) = (START + seconds(at), serde_json::json!({"project_id": project}));
            audit::append(&mut tx, at, &SystemRng, &actor(house), action, "x", details).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut conn = house.db.read().await.unwrap();
        let entries = audit::of_project(&mut conn, &house.organization, &project, 9).await.unwrap();
        let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["section.completed", "project.created"]);
        assert_eq!(audit::of_project(&mut conn, &house.organization, &project, 1).await.unwrap().len(), 1);
        let stranger = OrganizationId::new(START, &SystemRng);
        assert_eq!(audit::of_project(&mut conn, &stranger, &project, 9).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_the_database_remembers_of_itself_is_decided_once() {
    on_both(async |house, _| {
        let mut tx = house.db.begin().await.unwrap();
        assert_eq!(meta::find(&mut tx, "colour").await.unwrap(), None);
        assert_eq!(meta::keep_first(&mut tx, "colour", "green").await.unwrap(), "green");
        assert_eq!(meta::keep_first(&mut tx, "colour", "red").await.unwrap(), "green");
        assert_eq!(meta::find(&mut tx, "colour").await.unwrap().as_deref(), Some("green"));
        let before = meta::changes(&mut tx).await.unwrap();
        meta::raise_changes(&mut tx).await.unwrap();
        assert_eq!(meta::changes(&mut tx).await.unwrap(), before + 1);
    })
    .await;
}
