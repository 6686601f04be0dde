//! Projects, their sections and their questions.

use serde_json::{Value, json};

use super::row::{Row, Who, row};

#[tokio::test]
async fn every_action_on_a_project_leaves_its_events_and_entries() {
    super::hold(table).await;
}

fn table() -> Vec<Row> {
    [details(), sections(), questions(), life(), trash()].into_iter().flatten().collect()
}

const NONE: Value = Value::Null;

fn details() -> Vec<Row> {
    vec![
        row("a project without a name is refused").post("/projects", json!({ "name": " " }), 422).form(
            "/projects/new",
            "/projects/new",
            &[("name", " ")],
            422,
        ),
        row("a project is added")
            .post("/projects", json!({ "name": "Aldgate Transit" }), 201)
            .form("/projects/new", "/projects/new", &[("name", "Aldgate Transit"), ("owner", "")], 303)
            .makes("project")
            .raises("PROJECT_CREATED", "{project}", NONE)
            .writes("project.created", "{project}"),
        row("a project is edited")
            .patch("/projects/{project}", json!({ "due_date": "2026-12-04", "client": "Aldgate" }), 200)
            .form(
                "/projects/{project}/edit",
                "/projects/{project}/edit",
                &[("due_date", "2026-12-04"), ("client", "Aldgate")],
                303,
            )
            .raises("PROJECT_EDITED", "{project}", json!({ "CHANGED": ["client", "due_date"] }))
            .writes("project.edited", "{project}"),
        row("a project is saved as it is")
            .patch("/projects/{project}", json!({ "client": " Aldgate ", "name": "Aldgate Transit" }), 200)
            .form("/projects/{project}/edit", "/projects/{project}/edit", &[("client", " Aldgate ")], 303),
        row("a project is edited by nothing").patch("/projects/{project}", json!({}), 200),
        row("all the rest of a project is edited")
            .patch(
                "/projects/{project}",
                json!({ "description": "a\r\nb", "owner": "ada@halden.example", "name": "Aldgate" }),
                200,
            )
            .form(
                "/projects/{project}/edit",
                "/projects/{project}/edit",
                &[("description", "a\r\nb"), ("owner", "ada@halden.example"), ("name", "Aldgate")],
                303,
            )
            .raises("PROJECT_EDITED", "{project}", json!({ "CHANGED": ["name", "owner", "description"] }))
            .writes("project.edited", "{project}"),
        row("a project is edited after somebody else")
            .seeing("1")
            .patch("/projects/{project}", json!({ "name": "Mine" }), 412)
            .form("/projects/{project}/edit", "/projects/{project}/edit", &[("name", "Mine")], 409),
        row("a project is edited by somebody who may not").by(Who::Reader).patch(
            "/projects/{project}",
            json!({ "name": "Mine" }),
            403,
        ),
        row("a project is edited by another organization")
            .by(Who::Stranger)
            .patch("/projects/{project}", json!({ "name": "Mine" }), 404)
            .late("/projects/{project}/edit", &[("name", "Mine")], 404),
    ]
}

fn sections() -> Vec<Row> {
    vec![
        row("a section is added")
            .post("/projects/{project}/sections", json!({ "name": "Security" }), 201)
            .form("/projects/{project}", "/projects/{project}/sections", &[("name", "Security")], 303)
            .makes("section")
            .writes("section.created", "{section}"),
        row("another section is added")
            .by(Who::Member)
            .post("/projects/{project}/sections", json!({ "name": "Pricing" }), 201)
            .form("/projects/{project}", "/projects/{project}/sections", &[("name", "Pricing")], 303)
            .makes("section2")
            .writes("section.created", "{section2}"),
        row("a section without a name is refused").post("/projects/{project}/sections", json!({}), 422).form(
            "/projects/{project}",
            "/projects/{project}/sections",
            &[("name", "")],
            422,
        ),
        row("a section is renamed")
            .patch("/sections/{section}", json!({ "name": "Security and privacy" }), 200)
            .form("/sections/{section}/edit", "/sections/{section}/edit", &[("name", "Security and privacy")], 303)
            .writes("section.edited", "{section}"),
        row("a section keeps its name")
            .patch("/sections/{section}", json!({ "name": "Security and privacy" }), 200)
            .form("/sections/{section}/edit", "/sections/{section}/edit", &[], 303),
        row("a section is renamed after somebody else")
            .seeing("1")
            .patch("/sections/{section}", json!({ "name": "Mine" }), 412)
            .form("/sections/{section}/edit", "/sections/{section}/edit", &[("name", "Mine")], 409),
        row("a section is moved")
            .patch("/sections/{section}", json!({ "position": 2 }), 200)
            .form("/projects/{project}", "/sections/{section}/move", &[], 303)
            .writes("section.edited", "{section}"),
        row("a section stays at its place").patch("/sections/{section}", json!({ "position": 2 }), 200).late(
            "/sections/{section}/move",
            &[("position", "2")],
            303,
        ),
        row("a section is completed")
            .post("/sections/{section}/complete", NONE, 200)
            .form("/projects/{project}", "/sections/{section}/complete", &[], 303)
            .raises("SECTION_COMPLETED", "{section}", json!({ "PROJECT_ID": "{project}" }))
            .writes("section.completed", "{section}"),
        row("a section is completed again").post("/sections/{section}/complete", NONE, 200).late(
            "/sections/{section}/complete",
            &[],
            303,
        ),
        row("a section is re-opened after somebody else").seeing("1").post("/sections/{section}/reopen", NONE, 412),
        row("a section is re-opened")
            .post("/sections/{section}/reopen", NONE, 200)
            .form("/sections/{section}", "/sections/{section}/reopen", &[], 303)
            .writes("section.reopened", "{section}"),
        row("a section is re-opened again").post("/sections/{section}/reopen", NONE, 200).late(
            "/sections/{section}/reopen",
            &[],
            303,
        ),
        row("a section is completed by a member")
            .by(Who::Member)
            .post("/sections/{section}/complete", NONE, 200)
            .form("/sections/{section}", "/sections/{section}/complete", &[], 303)
            .raises("SECTION_COMPLETED", "{section}", json!({ "PROJECT_ID": "{project}" }))
            .writes("section.completed", "{section}"),
        row("a section of another organization is completed")
            .by(Who::Stranger)
            .post("/sections/{section2}/complete", NONE, 404)
            .late("/sections/{section2}/complete", &[], 404),
    ]
}

fn questions() -> Vec<Row> {
    vec![
        row("a question is added")
            .post("/sections/{section}/questions", json!({ "question": "Is data encrypted?" }), 201)
            .form("/sections/{section}", "/sections/{section}/questions", &[("question", "Is data encrypted?")], 303)
            .makes("question")
            .writes("question.created", "{question}"),
        row("a question is added with its answer")
            .post("/sections/{section}/questions", json!({ "question": "Since when?", "answer": "2019." }), 201)
            .form(
                "/sections/{section}",
                "/sections/{section}/questions",
                &[("question", "Since when?"), ("answer", "2019.")],
                303,
            )
            .makes("question2")
            .writes("question.created", "{question2}"),
        row("a question is answered")
            .patch("/questions/{question}", json!({ "answer": "Yes." }), 200)
            .form("/questions/{question}", "/questions/{question}", &[("answer", "Yes.")], 303)
            .writes("question.edited", "{question}"),
        row("a question is saved as it is").patch("/questions/{question}", json!({ "answer": "Yes." }), 200).form(
            "/questions/{question}",
            "/questions/{question}",
            &[],
            303,
        ),
        row("a question without a text is refused")
            .patch("/questions/{question}", json!({ "question": "" }), 422)
            .form("/questions/{question}", "/questions/{question}", &[("question", "")], 422),
        row("a question is moved")
            .patch("/questions/{question}", json!({ "position": 2 }), 200)
            .form("/sections/{section}", "/questions/{question}/move", &[], 303)
            .writes("question.edited", "{question}"),
        row("a question is deleted")
            .delete("/questions/{question2}", 204)
            .form("/questions/{question2}/delete", "/questions/{question2}/delete", &[], 303)
            .writes("question.deleted", "{question2}"),
        row("a question is deleted again").delete("/questions/{question2}", 404).late(
            "/questions/{question2}/delete",
            &[],
            404,
        ),
    ]
}

fn life() -> Vec<Row> {
    let complete = |what| {
        row(what)
            .post("/projects/{project}/complete", NONE, 200)
            .form("/projects/{project}", "/projects/{project}/complete", &[], 303)
            .raises("PROJECT_COMPLETED", "{project}", NONE)
            .writes("project.completed", "{project}")
    };
    vec![
        row("a project is completed after somebody else").seeing("1").post("/projects/{project}/complete", NONE, 412),
        complete("a project is completed"),
        row("a project is completed again").post("/projects/{project}/complete", NONE, 200).late(
            "/projects/{project}/complete",
            &[],
            303,
        ),
        row("a project is re-opened")
            .post("/projects/{project}/reopen", NONE, 200)
            .form("/projects/{project}", "/projects/{project}/reopen", &[], 303)
            .writes("project.reopened", "{project}"),
        row("a project is re-opened again").post("/projects/{project}/reopen", NONE, 200).late(
            "/projects/{project}/reopen",
            &[],
            303,
        ),
        complete("a project is completed once more"),
        row("a project is archived")
            .post("/projects/{project}/archive", NONE, 200)
            .form("/projects/{project}", "/projects/{project}/archive", &[], 303)
            .raises("PROJECT_ARCHIVED", "{project}", NONE)
            .writes("project.archived", "{project}"),
        row("a project is archived again").post("/projects/{project}/archive", NONE, 200).late(
            "/projects/{project}/archive",
            &[],
            303,
        ),
        row("an archived project is completed").post("/projects/{project}/complete", NONE, 409).late(
            "/projects/{project}/complete",
            &[],
            409,
        ),
        row("an archived project is re-opened").post("/projects/{project}/reopen", NONE, 409).late(
            "/projects/{project}/reopen",
            &[],
            409,
        ),
        row("a project is un-archived")
            .post("/projects/{project}/unarchive", NONE, 200)
            .form("/projects/{project}", "/projects/{project}/unarchive", &[], 303)
            .writes("project.unarchived", "{project}"),
        row("a project is un-archived again").post("/projects/{project}/unarchive", NONE, 200).late(
            "/projects/{project}/unarchive",
            &[],
            303,
        ),
    ]
}

fn trash() -> Vec<Row> {
    let trash = |what| {
        row(what)
            .by(Who::Member)
            .delete("/projects/{project}", 204)
            .form("/projects/{project}", "/projects/{project}/trash", &[], 303)
            .raises("PROJECT_DELETED", "{project}", json!({ "PERMANENT": false }))
            .writes("project.trashed", "{project}")
    };
    let gone = |row: Row, project: &'static str| {
        row.raises("PROJECT_DELETED", project, json!({ "PERMANENT": true })).writes("project.deleted", project)
    };
    vec![
        trash("a project is moved to the trash"),
        row("a project is moved to the trash again").delete("/projects/{project}", 204).late(
            "/projects/{project}/trash",
            &[],
            303,
        ),
        row("a project in the trash is edited").patch("/projects/{project}", json!({ "name": "Other" }), 409).late(
            "/projects/{project}/edit",
            &[("name", "Other")],
            409,
        ),
        row("a project in the trash is archived").post("/projects/{project}/archive", NONE, 409).late(
            "/projects/{project}/archive",
            &[],
            409,
        ),
        row("a section is added in the trash")
            .post("/projects/{project}/sections", json!({ "name": "Late" }), 409)
            .late("/projects/{project}/sections", &[("name", "Late")], 409),
        row("a section in the trash is completed").post("/sections/{section2}/complete", NONE, 409).late(
            "/sections/{section2}/complete",
            &[],
            409,
        ),
        row("a question in the trash is answered")
            .patch("/questions/{question}", json!({ "answer": "No." }), 409)
            .late("/questions/{question}", &[("question", "Is data encrypted?"), ("answer", "No.")], 409),
        row("a project is restored")
            .post("/projects/{project}/restore", NONE, 200)
            .form("/projects/{project}", "/projects/{project}/restore", &[], 303)
            .writes("project.restored", "{project}"),
        row("a project is restored again").post("/projects/{project}/restore", NONE, 200).late(
            "/projects/{project}/restore",
            &[],
            303,
        ),
        row("a section is deleted")
            .delete("/sections/{section2}", 204)
            .form("/sections/{section2}/delete", "/sections/{section2}/delete", &[], 303)
            .writes("section.deleted", "{section2}"),
        trash("a project is moved to the trash once more"),
        row("a member deletes a project for good").by(Who::Member).late(
            "/trash/projects/{project}/delete",
            &[("confirm", "Aldgate")],
            403,
        ),
        row("a moderator deletes a project for good").by(Who::Moderator).late(
            "/trash/projects/{project}/delete",
            &[("confirm", "Aldgate")],
            403,
        ),
        row("another organization deletes a project for good")
            .by(Who::Stranger)
            .delete("/projects/{project}?permanent=true", 404)
            .late("/trash/projects/{project}/delete", &[("confirm", "Aldgate")], 404),
        row("a project is deleted without its name").form(
            "/trash/projects/{project}/delete",
            "/trash/projects/{project}/delete",
            &[("confirm", "that one")],
            422,
        ),
        gone(row("a project in the trash is deleted for good"), "{project}")
            .delete("/projects/{project}?permanent=true", 204)
            .form(
                "/trash/projects/{project}/delete",
                "/trash/projects/{project}/delete",
                &[("confirm", "Aldgate")],
                303,
            ),
        row("a project is deleted for good again").delete("/projects/{project}?permanent=true", 404).late(
            "/trash/projects/{project}/delete",
            &[("confirm", "Aldgate")],
            404,
        ),
        row("a project is added to be deleted")
            .post("/projects", json!({ "name": "Mistake" }), 201)
            .makes("project2")
            .raises("PROJECT_CREATED", "{project2}", NONE)
            .writes("project.created", "{project2}"),
        gone(row("a project is deleted for good that was not in the trash"), "{project2}")
            .delete("/projects/{project2}?permanent=true", 204)
            .form(
                "/trash/projects/{project2}/delete",
                "/trash/projects/{project2}/delete",
                &[("confirm", "Mistake")],
                303,
            ),
    ]
}
