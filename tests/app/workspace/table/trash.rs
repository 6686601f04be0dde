//! Emptying the trash, and what is taken out of it before.

use serde_json::{Value, json};

use super::row::{Row, Who, row};

#[tokio::test]
async fn every_way_out_of_the_trash_leaves_its_events_and_entries() {
    super::hold(table).await;
}

const EMPTY: &str = "/trash/empty";
const SURE: (&str, &str) = ("confirm", "empty trash");

fn project(name: &'static str, ids: &'static str) -> Row {
    row("a project is added")
        .post("/projects", json!({ "name": "Old" }), 201)
        .makes(name)
        .raises("PROJECT_CREATED", ids, Value::Null)
        .writes("project.created", ids)
}

fn trashed(path: &'static str, ids: &'static str) -> Row {
    row("a project is moved to the trash")
        .delete(path, 204)
        .raises("PROJECT_DELETED", ids, json!({ "PERMANENT": false }))
        .writes("project.trashed", ids)
}

fn table() -> Vec<Row> {
    vec![
        project("project", "{project}"),
        project("project2", "{project2}"),
        project("project3", "{project3}"),
        row("a pair is added")
            .post("/answers", json!({ "question": "Do you encrypt?", "answer": "Yes." }), 201)
            .makes("answer")
            .raises("ANSWER_LIB_CREATED", "{answer}", Value::Null)
            .writes("answer.created", "{answer}"),
        trashed("/projects/{project2}", "{project2}"),
        trashed("/projects/{project}", "{project}"),
        trashed("/projects/{project3}", "{project3}"),
        row("a pair is moved to the trash")
            .delete("/answers/{answer}", 204)
            .raises("ANSWER_LIB_DELETED", "{answer}", Value::Null)
            .writes("answer.trashed", "{answer}"),
        row("a project is taken out of the trash")
            .by(Who::Member)
            .post("/projects/{project3}/restore", Value::Null, 200)
            .form("/trash", "/trash/projects/{project3}/restore", &[], 303)
            .writes("project.restored", "{project3}"),
        row("a member empties the trash").by(Who::Member).late(EMPTY, &[SURE], 403),
        row("a moderator empties the trash").by(Who::Moderator).late(EMPTY, &[SURE], 403),
        row("another organization empties its trash").by(Who::Stranger).late(EMPTY, &[SURE], 303),
        row("the trash is emptied without the words").form(EMPTY, EMPTY, &[("confirm", "yes")], 422),
        row("the trash is emptied")
            .form(EMPTY, EMPTY, &[SURE], 303)
            .raises("PROJECT_DELETED", "{project} {project2}", json!({ "PERMANENT": true }))
            .writes("project.deleted", "{project} {project2}")
            .writes("answer.deleted", "{answer}")
            .writes("trash.emptied", ""),
        row("an empty trash is emptied").form(EMPTY, EMPTY, &[SURE], 303),
    ]
}
