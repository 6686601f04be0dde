//! Finding pairs: by words, tags and statuses, page by page.

use std::sync::Arc;

use herald::base::{ManualClock, OrganizationId, SystemRng, Timestamp};
use herald::db::{Db, Options};
use herald::workspace::answers::model::{Answer, AnswerStatus, Content, Step, StepKind};
use herald::workspace::answers::store::{self, Filter, Order};
use serde_json::json;
use sqlx::Executor as _;

use super::super::{Workspace, ids};
use crate::support::Engine;
use crate::support::house::House;

#[tokio::test]
async fn pairs_are_found_by_words_whatever_is_typed() {
    let work = Workspace::open().await;
    let keys =
        work.adds_pair("Who holds the keys?", "You do, with ISO-27001 and 99.9% certainty.", &["Security"]).await;
    let rest =
        work.adds_pair("Is data encrypted at rest?", "With AES-256, keyed per customer.", &["EU", "Größe"]).await;
    let both = vec![rest.clone(), keys.clone()];
    let find = async |query: &str| {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        ids(&work.gets(&format!("/answers?q={query}")).await)
    };
    for (query, found) in [
        ("", both.clone()),
        ("   ", both.clone()),
        ("KEY", both.clone()),
        ("keys", vec![keys.clone()]),
        ("keys who", vec![keys.clone()]),
        ("iso 27001", vec![keys.clone()]),
        ("ISO-27001", vec![keys.clone()]),
        ("27001", vec![keys.clone()]),
        ("99.9%", vec![keys.clone()]),
        ("encr rest", vec![rest.clone()]),
        ("größe", vec![rest.clone()]),
        ("security", vec![keys.clone()]),
        ("keys nowhere", vec![]),
        ("eys", vec![]),
        ("keys OR rest", vec![]),
        ("\"keys\"", vec![keys.clone()]),
        ("\"", vec![]),
        ("*", vec![]),
        ("?!'\\:;(){}[]^-+&|<>%_\0", vec![]),
        ("keys' OR '1'='1", vec![]),
        ("keys* NEAR(rest", vec![]),
        ("question:keys", vec![]),
        ("scope : o", vec![]),
        ("🔑 keys", vec![keys.clone()]),
    ] {
        assert_eq!(find(query).await, found, "{query:?}");
    }
    assert_eq!(find(&"keys ".repeat(1_000)).await, std::slice::from_ref(&keys));
    assert_eq!(find(&work.app.organization.id.to_string()).await, Vec::<String>::new(), "filters are no words");

    work.patches(&format!("/answers/{keys}"), json!({ "answer": "Nobody." })).await;
    assert_eq!((find("27001").await, find("nobody").await), (vec![], vec![keys.clone()]));
    work.deletes(&format!("/answers/{keys}")).await;
    assert_eq!(find("nobody").await, Vec::<String>::new());
    assert_eq!(ids(&work.gets("/answers?q=nobody&trashed=true").await), std::slice::from_ref(&keys));
    work.acts(&format!("/answers/{keys}/restore")).await;
    assert_eq!(find("nobody").await, std::slice::from_ref(&keys));
    let other = work.app.stranger("read,write").await;
    assert_eq!(ids(&other.gets("/answers?q=key").await), Vec::<String>::new());
    work.deletes(&format!("/answers/{keys}?permanent=true")).await;
    assert_eq!(find("nobody").await, Vec::<String>::new());
    work.app.stop().await;
}

#[tokio::test]
async fn every_filter_is_paged_from_the_newest_on() {
    let work = Workspace::open().await;
    let mut all = Vec::new();
    for number in 0..12 {
        let tags: &[&str] = if number % 2 == 0 { &["EU"] } else { &["US"] };
        all.push((number, work.adds_pair(&format!("Question {number}?"), "Common.", tags).await));
    }
    let review = json!({ "reviewer": "ada@halden.example", "due_date": "2026-12-04" });
    for (number, id) in &all {
        if number % 3 == 0 {
            work.posts(&format!("/answers/{id}/request-review"), review.clone()).await;
        }
        if number % 4 == 3 {
            work.deletes(&format!("/answers/{id}")).await;
        }
    }
    type Wanted = fn(i32) -> bool;
    let table: [(&str, Wanted); 10] = [
        ("", |n| n % 4 != 3),
        ("tag=eu", |n| n % 2 == 0),
        ("tag=Us&", |n| n % 4 == 1),
        ("status=in_review", |n| n % 3 == 0 && n % 4 != 3),
        ("status=published&tag=EU", |n| n % 2 == 0 && n % 3 != 0),
        ("q=common", |n| n % 4 != 3),
        ("q=common&status=published", |n| n % 3 != 0 && n % 4 != 3),
        ("q=common&tag=EU&status=in_review", |n| n % 6 == 0),
        ("trashed=true", |n| n % 4 == 3),
        ("trashed=true&q=comm&tag=us&status=in_review", |n| n % 4 == 3 && n % 3 == 0),
    ];
    for (query, is_wanted) in table {
        let wanted: Vec<_> = all.iter().rev().filter(|(n, _)| is_wanted(*n)).map(|(_, id)| id.clone()).collect();
        assert!(!wanted.is_empty());
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = work.gets(&format!("/answers?limit=2&{query}{cursor}")).await;
            found.extend(ids(&page));
            match page.json()["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, wanted, "{query}");
    }
    let mut conn = work.app.running().db.read().await.unwrap();
    let organization = &work.app.organization.id;
    let counts = store::counts(&mut conn, organization).await.unwrap();
    assert_eq!((counts.all(), counts.in_review, counts.published), (9, 3, 6));
    assert_eq!(store::tags(&mut conn, organization, 10).await.unwrap(), ["EU", "US"]);
    assert_eq!(store::tags(&mut conn, organization, 1).await.unwrap(), ["EU"]);
    let oldest = Filter { order: Order::OldestFirst, words: Some("common".into()), ..Filter::default() };
    let first = store::list(&mut conn, organization, &oldest, None, 1).await.unwrap();
    let next = store::list(&mut conn, organization, &oldest, Some(&first[0].cursor()), 1).await.unwrap();
    assert_eq!([first[0].id.as_str(), next[0].id.as_str()], [all[0].1.as_str(), all[1].1.as_str()]);
    drop(conn);
    work.app.stop().await;
}

fn pair(organization: &OrganizationId, now: Timestamp, question: &str) -> Answer {
    let by = "ada@halden.example";
    Answer {
        id: herald::base::AnswerId::new(now, &SystemRng),
        organization: organization.clone(),
        number: 0,
        content: Content { question: question.into(), answer: "Yes.".into(), tags: vec!["EU".into()], owner: None },
        status: AnswerStatus::InModeration,
        review: None,
        note: None,
        trashed: None,
        version: 1,
        created_by: by.into(),
        created_at: now,
        updated_by: by.into(),
        updated_at: now,
    }
}

#[tokio::test]
async fn a_lost_index_is_made_anew_from_the_rows() {
    for engine in Engine::ALL {
        let house = House::open(engine, Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)))).await;
        let mut answers = [pair(&house.organization, house.now(), "Data at rest?")];
        let mut tx = house.db.begin().await.unwrap();
        store::insert(&mut tx, &mut answers).await.unwrap();
        let (kind, status) = (StepKind::Created, AnswerStatus::InModeration);
        let step = Step { version: 1, kind, status, by: "Ada".into(), at: house.now(), note: None, before: None };
        store::add_steps(&mut tx, &[(answers[0].id.clone(), step.clone())]).await.unwrap();
        tx.commit().await.unwrap();
        let lose = match engine {
            Engine::Sqlite => "DROP TABLE answers_text",
            Engine::Postgres => "ALTER TABLE answers DROP COLUMN words",
        };
        let mut tx = house.db.begin().await.unwrap();
        tx.execute(lose).await.unwrap();
        tx.commit().await.unwrap();
        house.db.close().await;

        let db = Db::open(house.database.url(), Options::default()).await.expect("it opens again");
        let mut conn = db.read().await.unwrap();
        let status = Some(AnswerStatus::InModeration);
        let filter = Filter { words: Some("rest".into()), tag: Some("eu".into()), status, ..Filter::default() };
        let found = store::list(&mut conn, &house.organization, &filter, None, 10).await.unwrap();
        assert_eq!(found, answers, "{engine:?}");
        assert_eq!(store::history(&mut conn, &found[0].id, i64::MAX, 10).await.unwrap(), [step]);
        drop(conn);
        db.close().await;
    }
}
