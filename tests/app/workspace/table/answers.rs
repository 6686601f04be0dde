//! The answer library: pairs, moderation, reviews, many at once, and what questions take from it and give to it.

use serde_json::{Value, json};

use super::row::{Row, Who, row};

#[tokio::test]
async fn every_action_on_a_published_pair_leaves_its_events_and_entries() {
    super::hold(|| [added(), edited(), reviewed(), trashed()].into_iter().flatten().collect()).await;
}

#[tokio::test]
async fn every_action_in_moderation_leaves_its_events_and_entries() {
    super::hold(|| [waiting(), sent_back(), changed_by_a_member()].into_iter().flatten().collect()).await;
}

#[tokio::test]
async fn every_action_on_many_pairs_leaves_one_event_and_its_entries() {
    super::hold(many).await;
}

#[tokio::test]
async fn every_action_between_questions_and_the_library_leaves_its_events_and_entries() {
    super::hold(questions).await;
}

const NONE: Value = Value::Null;
const NEW: &str = "/answers/new";
const PAIR: &str = "/answers/{answer}";
const ASK: &str = "/answers/{answer}/request-review";
const REVIEW: &str = "/answers/{answer}/review";
const PUBLISH: &str = "/answers/{answer}/publish";
const REJECT: &str = "/answers/{answer}/reject";
const QUEUE: &str = "/answers/moderation";
const BULK: &str = "/answers/bulk";

fn updated(row: Row, change: &str, action: &'static str) -> Row {
    row.raises("ANSWER_LIB_UPDATED", "{answer}", json!({ "CHANGE": change })).writes(action, "{answer}")
}

fn created(row: Row, name: &'static str, ids: &'static str) -> Row {
    row.makes(name).raises("ANSWER_LIB_CREATED", ids, NONE).writes("answer.created", ids)
}

/// A pair that a member saves waits in moderation; no program can make such a one.
fn saved_by_a_member(name: &'static str, ids: &'static str) -> Row {
    let typed = [("question", "Do you encrypt?"), ("answer", "Yes.")];
    created(row("a member adds a pair").by(Who::Member).form(NEW, NEW, &typed, 303), name, ids)
}

fn added() -> Vec<Row> {
    vec![
        row("a pair without an answer is refused")
            .post("/answers", json!({ "question": "Do you encrypt?" }), 422)
            .form(NEW, NEW, &[("question", "Do you encrypt?")], 422),
        row("a pair is added by somebody who may not").by(Who::Reader).post(
            "/answers",
            json!({ "question": "Q", "answer": "A" }),
            403,
        ),
        created(row("a pair is added"), "answer", "{answer}")
            .post("/answers", json!({ "question": "Do you encrypt?", "answer": "Yes.", "tags": ["Security"] }), 201)
            .form(NEW, NEW, &[("question", "Do you encrypt?"), ("answer", "Yes."), ("tags", "Security")], 303),
    ]
}

fn edited() -> Vec<Row> {
    let edited = |what| updated(row(what), "EDITED", "answer.edited");
    vec![
        row("a pair is edited by nothing").patch(PAIR, json!({}), 200),
        row("a pair is saved as it is").patch(PAIR, json!({ "answer": " Yes. ", "tags": ["Security"] }), 200).form(
            PAIR,
            PAIR,
            &[("answer", " Yes. ")],
            303,
        ),
        edited("a pair's answer is edited").by(Who::Moderator).patch(PAIR, json!({ "answer": "Yes!" }), 200).form(
            PAIR,
            PAIR,
            &[("answer", "Yes!")],
            303,
        ),
        edited("a pair's tags are edited").patch(PAIR, json!({ "tags": ["EU", "Security"] }), 200).form(
            PAIR,
            PAIR,
            &[("tags", "EU, Security")],
            303,
        ),
        edited("a pair's owner is edited").patch(PAIR, json!({ "owner": "ada@halden.example" }), 200).form(
            PAIR,
            PAIR,
            &[("owner", "ada@halden.example")],
            303,
        ),
        row("a pair is edited after somebody else").seeing("1").patch(PAIR, json!({ "answer": "Mine" }), 412).form(
            PAIR,
            PAIR,
            &[("answer", "Mine")],
            409,
        ),
        row("a pair is edited to nothing").patch(PAIR, json!({ "answer": "" }), 422).form(
            PAIR,
            PAIR,
            &[("answer", "")],
            422,
        ),
        row("a pair of another organization is edited")
            .by(Who::Stranger)
            .patch(PAIR, json!({ "answer": "Mine" }), 404)
            .late(PAIR, &[("question", "Q"), ("answer", "Mine")], 404),
        row("a published pair is published").post(PUBLISH, NONE, 200).late(PUBLISH, &[], 303),
        row("a published pair is published with another text").post(PUBLISH, json!({ "answer": "No." }), 409).form(
            PAIR,
            PAIR,
            &[("answer", "No."), ("action", "publish")],
            409,
        ),
        row("a published pair is sent back").post(REJECT, NONE, 409).late(REJECT, &[("note", "Why?")], 409),
    ]
}

fn reviewed() -> Vec<Row> {
    const REVIEWER: (&str, &str) = ("reviewer", "moderator@halden.example");
    const DUE: (&str, &str) = ("due_date", "2026-12-04");
    let asked =
        |what, due: &str| row(what).post(ASK, json!({ "reviewer": "moderator@halden.example", "due_date": due }), 200);
    let sent = |row: Row| row.writes("answer.review_requested", "{answer}");
    vec![
        row("a review is ended that nobody asked for").post(REVIEW, NONE, 409).late(REVIEW, &[("answer", "No.")], 409),
        row("a pair is sent to review after somebody else changed it")
            .seeing("1")
            .post(ASK, json!({ "reviewer": "Ada", "due_date": "2026-12-04" }), 412)
            .form(PAIR, ASK, &[("reviewer", "Ada"), DUE], 409),
        sent(asked("a pair is sent to review", "2026-12-04")).form(PAIR, ASK, &[REVIEWER, DUE], 303),
        asked("a pair is sent to the same review", "2026-12-04").late(ASK, &[REVIEWER, DUE], 303),
        sent(asked("a pair gets more time", "2026-12-05")).late(ASK, &[REVIEWER, ("due_date", "2026-12-05")], 303),
        row("a pair in review is published").post(PUBLISH, NONE, 409).late(PUBLISH, &[], 409),
        row("a pair in review is sent back").post(REJECT, NONE, 409).late(REJECT, &[("note", "Why?")], 409),
        row("a member edits a pair in review").by(Who::Member).form(PAIR, PAIR, &[("answer", "Mine")], 409),
        row("a member ends somebody else's review").by(Who::Member).late(REVIEW, &[("answer", "Yes!")], 403),
        updated(row("a pair in review is edited"), "EDITED", "answer.edited")
            .patch(PAIR, json!({ "question": "Encrypted?" }), 200)
            .form(PAIR, PAIR, &[("question", "Encrypted?")], 303),
        row("a review confirms the answer")
            .by(Who::Moderator)
            .post(REVIEW, json!({ "answer": "Yes!" }), 200)
            .form(REVIEW, REVIEW, &[], 303)
            .writes("answer.confirmed", "{answer}"),
        row("a review is ended again").post(REVIEW, NONE, 409).late(REVIEW, &[("answer", "Yes!")], 409),
        sent(asked("a pair is sent to review again", "2026-12-04")).form(PAIR, ASK, &[REVIEWER, DUE], 303),
        updated(row("a review changes the answer").by(Who::Moderator), "REVIEWED", "answer.reviewed")
            .post(REVIEW, json!({ "answer": "With AES." }), 200)
            .form(REVIEW, REVIEW, &[("answer", "With AES.")], 303),
    ]
}

fn trashed() -> Vec<Row> {
    const DELETE: &str = "/trash/answers/{answer}/delete";
    const DELETE_ANOTHER: &str = "/trash/answers/{answer2}/delete";
    let trashed = |what| {
        row(what)
            .by(Who::Member)
            .delete(PAIR, 204)
            .form(PAIR, "/answers/{answer}/delete", &[], 303)
            .raises("ANSWER_LIB_DELETED", "{answer}", NONE)
            .writes("answer.trashed", "{answer}")
    };
    vec![
        trashed("a pair is moved to the trash"),
        row("a pair is moved to the trash again").delete(PAIR, 204).late("/answers/{answer}/delete", &[], 303),
        row("a pair in the trash is edited").patch(PAIR, json!({ "answer": "No." }), 409).late(
            PAIR,
            &[("question", "Q"), ("answer", "No.")],
            409,
        ),
        row("a pair in the trash is published").post(PUBLISH, NONE, 409).late(PUBLISH, &[], 409),
        row("a pair in the trash is sent to review")
            .post(ASK, json!({ "reviewer": "Ada", "due_date": "2026-12-04" }), 409)
            .late(ASK, &[("reviewer", "Ada"), ("due_date", "2026-12-04")], 409),
        row("a pair is restored")
            .post("/answers/{answer}/restore", NONE, 200)
            .form(PAIR, "/answers/{answer}/restore", &[], 303)
            .writes("answer.restored", "{answer}"),
        row("a pair is restored again").post("/answers/{answer}/restore", NONE, 200).late(
            "/answers/{answer}/restore",
            &[],
            303,
        ),
        trashed("a pair is moved to the trash once more"),
        row("a member deletes a pair for good").by(Who::Member).late(DELETE, &[("confirm", "delete")], 403),
        row("a pair in the trash is deleted for good")
            .by(Who::Moderator)
            .delete("/answers/{answer}?permanent=true", 204)
            .form(DELETE, DELETE, &[("confirm", "delete")], 303)
            .writes("answer.deleted", "{answer}"),
        row("a pair is deleted for good again").delete("/answers/{answer}?permanent=true", 404).late(
            DELETE,
            &[("confirm", "delete")],
            404,
        ),
        created(row("a pair is added to be deleted"), "answer2", "{answer2}").post(
            "/answers",
            json!({ "question": "Do you sleep?", "answer": "Never." }),
            201,
        ),
        row("a pair is deleted for good that was not in the trash")
            .delete("/answers/{answer2}?permanent=true", 204)
            .form(DELETE_ANOTHER, DELETE_ANOTHER, &[("confirm", "delete")], 303)
            .raises("ANSWER_LIB_DELETED", "{answer2}", NONE)
            .writes("answer.deleted", "{answer2}"),
    ]
}

fn waiting() -> Vec<Row> {
    let moderated = |what| updated(row(what), "MODERATED", "answer.moderated");
    vec![
        saved_by_a_member("answer", "{answer}"),
        moderated("an answer is changed in moderation").patch(PAIR, json!({ "answer": "Always." }), 200).form(
            PAIR,
            PAIR,
            &[("answer", "Always.")],
            303,
        ),
        moderated("a member changes an answer in moderation").by(Who::Member).form(
            PAIR,
            PAIR,
            &[("answer", "Mostly.")],
            303,
        ),
        updated(row("tags are changed in moderation"), "EDITED", "answer.edited")
            .patch(PAIR, json!({ "tags": ["EU"] }), 200)
            .form(PAIR, PAIR, &[("tags", "EU")], 303),
        row("a pair in moderation is saved as it is")
            .patch(PAIR, json!({ "tags": ["EU"], "answer": "Mostly." }), 200)
            .form(PAIR, PAIR, &[], 303),
        row("a pair in moderation is sent to review")
            .post(ASK, json!({ "reviewer": "Ada", "due_date": "2026-12-04" }), 409)
            .late(ASK, &[("reviewer", "Ada"), ("due_date", "2026-12-04")], 409),
        row("a pair in moderation is reviewed").post(REVIEW, NONE, 409).late(REVIEW, &[("answer", "No.")], 409),
        row("a member publishes").by(Who::Member).late(PUBLISH, &[], 403),
        row("a member publishes what is typed").by(Who::Member).form(PAIR, PAIR, &[("action", "publish")], 403),
        row("a program publishes that may not").by(Who::Reader).post(PUBLISH, NONE, 403),
        row("a pair is published after somebody else changed it").seeing("1").post(PUBLISH, NONE, 412).form(
            QUEUE,
            PUBLISH,
            &[],
            409,
        ),
        updated(row("a pair is published"), "PUBLISHED", "answer.published")
            .by(Who::Moderator)
            .post(PUBLISH, NONE, 200)
            .form(QUEUE, PUBLISH, &[], 303),
        row("a pair is published again").post(PUBLISH, NONE, 200).late(PUBLISH, &[], 303),
    ]
}

fn sent_back() -> Vec<Row> {
    let rejected = |what, note: &'static str| {
        row(what).post(REJECT, json!({ "note": note }), 200).writes("answer.rejected", "{answer}")
    };
    vec![
        saved_by_a_member("answer", "{answer}"),
        row("a member sends a pair back").by(Who::Member).late(REJECT, &[("note", "How?")], 403),
        rejected("a pair is sent back", "How?").form(QUEUE, REJECT, &[("note", "How?")], 303),
        row("a pair is sent back again").post(REJECT, json!({ "note": "How?" }), 200).late(
            REJECT,
            &[("note", "How?")],
            303,
        ),
        row("a pair is sent back again without a word").post(REJECT, NONE, 200),
        rejected("a pair is sent back with another note", "How and where?").late(
            REJECT,
            &[("note", "How and where?")],
            303,
        ),
        updated(row("a pair that was sent back is edited"), "EDITED", "answer.edited")
            .patch(PAIR, json!({ "answer": "With AES." }), 200)
            .form(PAIR, PAIR, &[("answer", "With AES.")], 303),
        updated(row("a member edits what was sent back"), "EDITED", "answer.edited").by(Who::Member).form(
            PAIR,
            PAIR,
            &[("answer", "With AES-128.")],
            303,
        ),
        updated(row("a pair is published with a last change"), "PUBLISHED", "answer.published")
            .post(PUBLISH, json!({ "answer": "With AES-256." }), 200)
            .form(PAIR, PAIR, &[("answer", "With AES-256."), ("action", "publish")], 303),
    ]
}

fn changed_by_a_member() -> Vec<Row> {
    let edited = |what| updated(row(what).by(Who::Member), "EDITED", "answer.edited");
    vec![
        edited("a member tags a published pair").form(PAIR, PAIR, &[("tags", "Keys")], 303),
        row("that left it published").post(PUBLISH, NONE, 200),
        edited("a member edits a published pair").form(PAIR, PAIR, &[("answer", "With AES-512.")], 303),
        updated(row("that waits in moderation"), "PUBLISHED", "answer.published").post(PUBLISH, NONE, 200).form(
            QUEUE,
            PUBLISH,
            &[],
            303,
        ),
    ]
}

fn many() -> Vec<Row> {
    let pairs = json!({ "answers": [
        { "question": "One?", "answer": "1" }, { "question": "Two?", "answer": "2" }, { "question": "Three?", "answer": "3" },
    ] });
    let deleted = |row: Row, ids| row.raises("ANSWER_LIB_DELETED", ids, NONE).writes("answer.trashed", ids);
    vec![
        created(row("pairs are added"), "answer answer2 answer3", "{answer} {answer2} {answer3}").post(
            "/answers/bulk-create",
            pairs,
            201,
        ),
        row("pairs are added of which one is no good").post(
            "/answers/bulk-create",
            json!({ "answers": [{ "question": "Four?", "answer": "4" }, { "question": "Five?" }] }),
            422,
        ),
        saved_by_a_member("answer4", "{answer4}"),
        saved_by_a_member("answer5", "{answer5}"),
        row("a member publishes pairs").by(Who::Member).late(BULK, &[("action", "publish"), ("id", "{answer4}")], 403),
        row("pairs are published, one of which is")
            .post("/answers/bulk-publish", json!({ "ids": ["{answer5}", "{answer}", "{answer4}"] }), 200)
            .form(
                "/answers",
                BULK,
                &[("action", "publish"), ("id", "{answer5}"), ("id", "{answer}"), ("id", "{answer4}")],
                303,
            )
            .raises("ANSWER_LIB_UPDATED", "{answer5} {answer4}", json!({ "CHANGE": "PUBLISHED" }))
            .writes("answer.published", "{answer5} {answer4}"),
        row("pairs are published again")
            .post("/answers/bulk-publish", json!({ "ids": ["{answer5}", "{answer4}"] }), 200)
            .form("/answers", BULK, &[("action", "publish"), ("id", "{answer5}"), ("id", "{answer4}")], 303),
        row("pairs are tagged")
            .by(Who::Member)
            .form(
                "/answers",
                BULK,
                &[("action", "tag"), ("new_tag", "EU"), ("id", "{answer3}"), ("id", "{answer}")],
                303,
            )
            .raises("ANSWER_LIB_UPDATED", "{answer3} {answer}", json!({ "CHANGE": "EDITED" }))
            .writes("answer.edited", "{answer3} {answer}"),
        row("pairs are tagged again").form(
            "/answers",
            BULK,
            &[("action", "tag"), ("new_tag", "eu"), ("id", "{answer3}"), ("id", "{answer}")],
            303,
        ),
        row("pairs are deleted that are not all there")
            .post("/answers/bulk-delete", json!({ "ids": ["{answer}", "60adfdb750b58a0c2d78bdd8"] }), 404)
            .form(
                "/answers",
                BULK,
                &[("action", "delete"), ("id", "{answer}"), ("id", "60adfdb750b58a0c2d78bdd8")],
                404,
            ),
        row("another organization deletes pairs")
            .by(Who::Stranger)
            .post("/answers/bulk-delete", json!({ "ids": ["{answer}"] }), 404)
            .late(BULK, &[("action", "delete"), ("id", "{answer}")], 404),
        deleted(row("pairs are deleted"), "{answer3} {answer}")
            .post("/answers/bulk-delete", json!({ "ids": ["{answer3}", "{answer}"] }), 204)
            .form("/answers", BULK, &[("action", "delete"), ("id", "{answer3}"), ("id", "{answer}")], 303),
        row("pairs are published, one of which is in the trash")
            .post("/answers/bulk-publish", json!({ "ids": ["{answer2}", "{answer}"] }), 409)
            .form("/answers", BULK, &[("action", "publish"), ("id", "{answer2}"), ("id", "{answer}")], 409),
        deleted(row("pairs are deleted, two of which are"), "{answer2}")
            .post("/answers/bulk-delete", json!({ "ids": ["{answer}", "{answer2}", "{answer3}"] }), 204)
            .form(
                "/answers",
                BULK,
                &[("action", "delete"), ("id", "{answer}"), ("id", "{answer2}"), ("id", "{answer3}")],
                303,
            ),
        row("deleted pairs are taken back")
            .form("/answers", BULK, &[("action", "restore"), ("id", "{answer}"), ("id", "{answer2}")], 303)
            .writes("answer.restored", "{answer}")
            .writes("answer.restored", "{answer2}"),
    ]
}

fn questions() -> Vec<Row> {
    const QUESTION: &str = "/questions/{question}";
    const TAKE: &str = "/questions/{question}/take";
    const SAVE: &str = "/questions/{question}/library";
    vec![
        row("a project is added")
            .post("/projects", json!({ "name": "Aldgate Transit" }), 201)
            .makes("project")
            .raises("PROJECT_CREATED", "{project}", NONE)
            .writes("project.created", "{project}"),
        row("a section is added")
            .post("/projects/{project}/sections", json!({ "name": "Security" }), 201)
            .makes("section")
            .writes("section.created", "{section}"),
        row("a question is added")
            .post("/sections/{section}/questions", json!({ "question": "Is data encrypted?" }), 201)
            .makes("question")
            .writes("question.created", "{question}"),
        created(row("a pair is added"), "answer", "{answer}").post(
            "/answers",
            json!({ "question": "Do you encrypt?", "answer": "Yes." }),
            201,
        ),
        saved_by_a_member("answer2", "{answer2}"),
        row("a question without an answer is saved to the library").late(SAVE, &[], 409),
        row("an answer is taken from the library")
            .patch(QUESTION, json!({ "answer_id": "{answer}" }), 200)
            .form("/questions/{question}?q=encrypt", TAKE, &[], 303)
            .writes("question.edited", "{question}"),
        row("an answer is taken from the library again").patch(QUESTION, json!({ "answer_id": "{answer}" }), 200).late(
            TAKE,
            &[("answer_id", "{answer}")],
            303,
        ),
        row("an answer is taken that waits in moderation")
            .patch(QUESTION, json!({ "answer_id": "{answer2}" }), 409)
            .late(TAKE, &[("answer_id", "{answer2}")], 409),
        created(row("an answer is saved to the library"), "answer3", "{answer3}")
            .form(QUESTION, SAVE, &[], 303)
            .writes("question.edited", "{question}"),
        row("an answer is saved to the library again").form(QUESTION, SAVE, &[], 303),
        row("it waits in moderation, whoever saved it")
            .post("/answers/{answer3}/publish", NONE, 200)
            .raises("ANSWER_LIB_UPDATED", "{answer3}", json!({ "CHANGE": "PUBLISHED" }))
            .writes("answer.published", "{answer3}"),
    ]
}
