//! Intakes.

use serde_json::{Value, json};

use super::row::{Row, Who, row};

#[tokio::test]
async fn every_action_on_an_intake_leaves_its_events_and_entries() {
    super::hold(table).await;
}

const EDIT: &str = "/intakes/{intake}/edit";

/// A decision about the intake: the API sets the status, the pages have a button.
fn decided(what: &'static str, status: &'static str, action: &'static str) -> Row {
    row(what)
        .patch("/intakes/{intake}", json!({ "status": status }), 200)
        .form("/intakes/{intake}", action, &[], 303)
        .writes("intake.edited", "{intake}")
}

fn table() -> Vec<Row> {
    vec![
        row("an intake without a title is refused").post("/intakes", json!({ "client": "Severn" }), 422).form(
            "/intakes/new",
            "/intakes/new",
            &[("client", "Severn")],
            422,
        ),
        row("an intake is created")
            .by(Who::Member)
            .post("/intakes", json!({ "title": "Fleet telematics", "client": "Severn" }), 201)
            .form("/intakes/new", "/intakes/new", &[("title", "Fleet telematics"), ("client", "Severn")], 303)
            .makes("intake")
            .raises("INTAKE_CREATED", "{intake}", Value::Null)
            .writes("intake.created", "{intake}"),
        row("an intake is edited")
            .patch("/intakes/{intake}", json!({ "email": "marcus@severn.example" }), 200)
            .form(EDIT, EDIT, &[("email", "marcus@severn.example")], 303)
            .writes("intake.edited", "{intake}"),
        row("an intake is saved as it is")
            .patch("/intakes/{intake}", json!({ "email": "Marcus@Severn.example" }), 200)
            .form(EDIT, EDIT, &[], 303),
        row("an intake is edited after somebody else")
            .seeing("1")
            .patch("/intakes/{intake}", json!({ "title": "Mine" }), 412)
            .form(EDIT, EDIT, &[("title", "Mine")], 409),
        row("an intake of another organization is edited")
            .by(Who::Stranger)
            .patch("/intakes/{intake}", json!({ "title": "Mine" }), 404)
            .late(EDIT, &[("title", "Mine")], 404),
        decided("an intake is accepted", "accepted", "/intakes/{intake}/accept"),
        row("an intake is accepted again").patch("/intakes/{intake}", json!({ "status": "accepted" }), 200).late(
            "/intakes/{intake}/accept",
            &[],
            303,
        ),
        decided("an intake is declined", "declined", "/intakes/{intake}/decline"),
        decided("an intake is re-opened", "new", "/intakes/{intake}/reopen"),
        row("an intake is converted after somebody else changed it").seeing("1").post(
            "/intakes/{intake}/convert",
            Value::Null,
            412,
        ),
        row("an intake is converted by somebody who may not").by(Who::Reader).post(
            "/intakes/{intake}/convert",
            Value::Null,
            403,
        ),
        row("an intake becomes a project")
            .post("/intakes/{intake}/convert", Value::Null, 201)
            .form("/intakes/{intake}", "/intakes/{intake}/convert", &[], 303)
            .makes("project")
            .raises("PROJECT_CREATED", "{project}", json!({ "INTAKE_ID": "{intake}" }))
            .writes("project.created", "{project}")
            .writes("intake.converted", "{intake}"),
        row("an intake becomes a project again").post("/intakes/{intake}/convert", Value::Null, 409).late(
            "/intakes/{intake}/convert",
            &[],
            409,
        ),
        row("an intake that became a project is declined")
            .patch("/intakes/{intake}", json!({ "status": "declined" }), 409)
            .late("/intakes/{intake}/decline", &[], 409),
        row("an intake that became a project is edited")
            .patch("/intakes/{intake}", json!({ "title": "Telematics" }), 200)
            .form(EDIT, EDIT, &[("title", "Telematics")], 303)
            .writes("intake.edited", "{intake}"),
    ]
}
