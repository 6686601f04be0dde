//! The trash: out of it, for good, and by itself.

use std::sync::Arc;
use std::time::Duration;

use herald::base::{Clock as _, ManualClock, SystemClock};
use serde_json::json;

use super::*;
use crate::support::app::{Setting, eventually};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Workspace {
    /// Adds a project and puts it into the trash in the name of `visitor`.
    async fn trashes(&self, visitor: &Visitor, name: &str) -> String {
        let id = self.adds_project(name).await;
        sends(visitor, &format!("/projects/{id}/trash"), &[]).await;
        id
    }
}

#[tokio::test]
async fn a_thing_is_restored_or_deleted_by_its_name() {
    let work = Workspace::open().await;
    let (tomas, ada) = (work.member().await, work.app.admin().await);
    assert_eq!(open(&tomas, "/trash").await.text(".empty h2"), "Trash is empty");
    let kept = work.trashes(&tomas, "Kept <here>").await;
    let gone = work.trashes(&tomas, "Gone  for good").await;
    let page = open(&tomas, "/trash").await;
    assert_eq!(page.texts("tbody .cell__title"), ["Gone for good", "Kept <here>"]);
    assert_eq!(page.texts("tbody .muted"), ["30 days left", "30 days left"]);
    assert!(page.text("tbody").contains("Project, deleted by member@halden.example"));
    assert!(page.all("a[href$='/delete'], a[href='/trash/empty']").is_empty(), "a member deletes nothing for good");
    assert_eq!(sends(&tomas, &format!("/trash/projects/{kept}/restore"), &[]).await, "/trash");
    assert_eq!(open(&tomas, "/trash").await.text("#toasts strong"), "Project restored");
    assert_eq!(open(&tomas, "/projects").await.texts("tbody .cell__title"), ["Kept <here>"]);

    let delete = format!("/trash/projects/{gone}/delete");
    assert_eq!(tomas.posts(&delete, &[("confirm", "Gone for good")]).await.status(), 403);
    let question = open(&ada, &delete).await;
    assert_eq!(question.text("h1"), "Delete Gone for good permanently?");
    let mistyped = seen(ada.posts(&delete, &[("confirm", "gone")]).await, 422).await;
    assert_eq!(
        (mistyped.text("#confirm-error"), mistyped.attribute("#confirm", "value")),
        ("Type it as it stands there.".into(), "gone".into())
    );
    assert_eq!(sends(&ada, &delete, &[("confirm", " Gone for good ")]).await, "/trash");
    assert_eq!(ada.gets(&format!("/projects/{gone}")).await.status(), 404);
    let last = work.raised().await.pop().unwrap();
    assert_eq!((last.1, last.2, last.3), (vec![gone], json!({ "PERMANENT": true }), "ada@halden.example".into()));
    work.app.stop().await;
}

#[tokio::test]
async fn emptying_the_trash_takes_all_of_it_and_raises_one_event_for_each_thousand() {
    let work = Workspace::open().await;
    let (tomas, ada) = (work.member().await, work.app.admin().await);
    let mut ids = vec![work.trashes(&tomas, "First").await, work.trashes(&tomas, "Second").await];
    let section = work.adds_project("Stays").await;
    ids.extend(many_in_the_trash(&work, 1_000).await);
    let before = work.raised().await.len();

    assert_eq!(tomas.posts("/trash/empty", &[("confirm", "empty trash")]).await.status(), 403);
    let refused = seen(ada.posts("/trash/empty", &[("confirm", "")]).await, 422).await;
    assert_eq!(refused.text("#confirm-error"), "Type it as it stands there.");
    assert_eq!(sends(&ada, "/trash/empty", &[("confirm", "empty trash")]).await, "/trash");
    let page = open(&ada, "/trash").await;
    assert_eq!(page.text("#toasts p"), "1002 items are gone.");
    assert_eq!(page.text(".empty h2"), "Trash is empty");
    let raised = work.raised().await.split_off(before);
    assert_eq!(raised.iter().map(|event| event.1.len()).collect::<Vec<_>>(), [1_000, 2]);
    assert!(raised.iter().all(|(kind, _, data, _)| kind == "PROJECT_DELETED" && *data == json!({ "PERMANENT": true })));
    let mut told: Vec<String> = raised.into_iter().flat_map(|event| event.1).collect();
    told.sort();
    ids.sort();
    assert_eq!(told, ids);
    assert_eq!(work.gets(&format!("/projects/{section}")).await.status, 200);
    sends(&ada, "/trash/empty", &[("confirm", "empty trash")]).await;
    assert_eq!(work.raised().await.len(), before + 2, "an empty trash raises nothing");
    work.app.stop().await;
}

/// Puts rows into the trash that nobody has to make one by one.
async fn many_in_the_trash(work: &Workspace, count: usize) -> Vec<String> {
    let mut tx = work.app.running().db.begin().await.expect("a transaction");
    let mut ids = Vec::new();
    for number in 0..count {
        let id = format!("5dd51ea63f3dad73ab{number:06x}");
        sqlx::query(
            "INSERT INTO projects (id, organization_id, name, status, trashed_at, trashed_by, version, created_by, created_at, \
             updated_at, search) VALUES ($1, $2, 'Many', 'active', $3, 'ada@halden.example', 2, 'ada', 1, 1, 'many')",
        )
        .bind(&id)
        .bind(&work.app.organization.id)
        .bind(SystemClock.now())
        .execute(&mut *tx)
        .await
        .expect("a project");
        ids.push(id);
    }
    tx.commit().await.expect("a commit");
    ids
}

#[tokio::test]
async fn after_thirty_days_the_trash_empties_itself_in_the_name_of_who_put_things_there() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let setting = Setting { clock: Some(clock.clone()), ..Setting::default() };
    let app = setting.spawn().await;
    let program = app.program("read,write").await;
    let work = Workspace { app, program };
    let (tomas, ada) = (work.member().await, work.app.admin().await);
    let first = work.trashes(&tomas, "First").await;
    let second = work.trashes(&ada, "Second").await;
    clock.advance(DAY);
    let later = work.adds_project("Later").await;
    work.deletes(&format!("/projects/{later}")).await;
    let before = work.raised().await.len();
    clock.advance(29 * DAY);
    let raised = eventually("the trash is emptied", &mut || async {
        let raised = work.raised().await;
        (raised.len() >= before + 2).then_some(raised)
    })
    .await;
    let mut raised: Vec<_> = raised.into_iter().skip(before).map(|(_, ids, data, by)| (by, ids, data)).collect();
    raised.sort_by(|a, b| a.0.cmp(&b.0));
    let gone = |by: &str, id: &str| (by.to_owned(), vec![id.to_owned()], json!({ "PERMANENT": true }));
    assert_eq!(raised, [gone("ada@halden.example", &second), gone("member@halden.example", &first)]);
    assert_eq!(work.gets(&format!("/projects/{first}")).await.status, 404);
    assert_eq!(work.gets(&format!("/projects/{later}")).await.status, 200, "it has a day left");
    let written = work.written_down().await;
    assert_eq!(written.iter().filter(|entry| **entry == ("trash.expired".into(), "herald".into())).count(), 2);
    work.app.stop().await;
}

#[tokio::test]
async fn another_organizations_trash_is_out_of_reach() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    let id = work.trashes(&tomas, "Theirs").await;
    let other = Workspace::open().await;
    let stranger = other.app.admin().await;
    assert_eq!(open(&stranger, "/trash").await.text(".empty h2"), "Trash is empty");
    for path in ["restore", "delete"] {
        let answer = stranger.posts(&format!("/trash/projects/{id}/{path}"), &[("confirm", "Theirs")]).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    sends(&stranger, "/trash/empty", &[("confirm", "empty trash")]).await;
    assert_eq!(open(&tomas, "/trash").await.texts("tbody .cell__title"), ["Theirs"]);
    other.app.stop().await;
    work.app.stop().await;
}

#[tokio::test]
async fn pairs_of_the_library_lie_beside_projects_and_raise_nothing_when_they_go() {
    let work = Workspace::open().await;
    let (tomas, ada) = (work.member().await, work.app.admin().await);
    let mona = work.signs_in_as(Role::Moderator).await;
    let mut pairs = Vec::new();
    for question in ["First?", "Second?", "Third?"] {
        let id = work.adds("/answers", json!({ "question": question, "answer": "Yes." })).await;
        assert_eq!(work.deletes(&format!("/answers/{id}")).await.status, 204);
        pairs.push(id);
    }
    work.trashes(&tomas, "A project").await;
    let before = work.raised().await.len();
    let page = open(&mona, "/trash").await;
    assert_eq!(page.texts("tbody .cell__title"), ["A project", "Third?", "Second?", "First?"]);
    assert_eq!(page.all("a[href$='/delete']").len(), 3, "a moderator deletes answers for good");
    assert_eq!(sends(&tomas, &format!("/trash/answers/{}/restore", pairs[0]), &[]).await, "/trash");
    assert_eq!(work.gets(&format!("/answers/{}", pairs[0])).await.json()["trashed_at"], serde_json::Value::Null);

    let delete = format!("/trash/answers/{}/delete", pairs[1]);
    assert_eq!(tomas.posts(&delete, &[("confirm", "delete")]).await.status(), 403);
    assert_eq!(
        seen(mona.posts(&delete, &[("confirm", "")]).await, 422).await.text("#confirm-error"),
        "Type it as it stands there."
    );
    assert_eq!(sends(&mona, &delete, &[("confirm", "delete")]).await, "/trash");
    assert_eq!(work.gets(&format!("/answers/{}", pairs[1])).await.status, 404);
    assert_eq!(work.raised().await.len(), before, "the event was raised when they were put there");

    sends(&ada, "/trash/empty", &[("confirm", "empty trash")]).await;
    assert_eq!(open(&ada, "/trash").await.text("#toasts p"), "2 items are gone.");
    let told = work.told().await;
    assert_eq!(told[before..], [r#"PROJECT_DELETED {"PERMANENT":true}"#]);
    assert_eq!(work.gets(&format!("/answers/{}", pairs[2])).await.status, 404);
    work.app.stop().await;
}
