//! Sections and questions: their order, and what the calls answer.

use serde_json::json;

use super::{Workspace, id_of, ids};

#[tokio::test]
async fn sections_and_questions_keep_the_order_that_people_give_them() {
    let work = Workspace::open().await;
    let project = work.adds_project("Aldgate Transit").await;
    let sections = format!("/projects/{project}/sections");
    let mut made = Vec::new();
    for name in ["Company", "Security", "Pricing"] {
        made.push(work.adds(&sections, json!({ "name": name })).await);
    }
    let moved = work.patches(&format!("/sections/{}", made[2]), json!({ "position": 1 })).await;
    assert_eq!(
        moved.json(),
        json!({ "id": made[2], "project_id": project, "name": "Pricing", "position": 1, "status": "open", "version": 2 })
    );
    assert_eq!(ids(&work.gets(&sections).await), [made[2].clone(), made[0].clone(), made[1].clone()]);
    assert_eq!(work.deletes(&format!("/sections/{}", made[0])).await.status, 204);
    let listed = work.gets(&sections).await.json();
    let places: Vec<_> = listed["data"].as_array().unwrap().iter().map(|row| row["position"].clone()).collect();
    assert_eq!(places, [json!(1), json!(2)]);
    assert_eq!(listed["next_cursor"], json!(null));
    let first = work.gets(&format!("{sections}?limit=1")).await;
    let cursor = first.json()["next_cursor"].as_str().expect("there is more").to_owned();
    let rest = work.gets(&format!("{sections}?limit=1&cursor={cursor}")).await;
    assert_eq!((ids(&first), ids(&rest)), (vec![made[2].clone()], vec![made[1].clone()]));
    assert_eq!(rest.json()["next_cursor"], json!(null));
    for query in ["limit=0", "cursor=x", "order=name"] {
        assert_eq!(work.gets(&format!("{sections}?{query}")).await.status, 422, "{query}");
    }

    let questions = format!("/sections/{}/questions", made[1]);
    let first = work.posts(&questions, json!({ "question": "Where is data stored?" })).await;
    let expected = json!({
        "id": id_of(&first), "section_id": made[1], "question": "Where is data stored?", "answer": null,
        "answer_id": null, "position": 1,
    });
    assert_eq!((first.status, first.json()), (201, expected), "{}", first.text);
    let second = work.adds(&questions, json!({ "question": "Who holds the keys?", "answer": "You do." })).await;
    let moved = work.patches(&format!("/questions/{second}"), json!({ "position": 1 })).await;
    assert_eq!((moved.json()["position"].clone(), moved.json()["answer"].clone()), (json!(1), json!("You do.")));
    assert_eq!(ids(&work.gets(&questions).await), [second.clone(), id_of(&first)]);
    assert_eq!(work.deletes(&format!("/questions/{second}")).await.status, 204);
    assert_eq!(work.deletes(&format!("/questions/{second}")).await.status, 404);
    assert_eq!(work.gets(&questions).await.json()["data"][0]["position"], 1);
    for (path, body, field) in [
        (&sections, json!({ "name": " " }), "name"),
        (&questions, json!({}), "question"),
        (&questions, json!({ "question": "x", "position": 1 }), "position"),
    ] {
        let answer = work.posts(path, body).await;
        assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]));
    }
    for (body, field) in [
        (json!({ "position": 0 }), "position"),
        (json!({ "position": 1.5 }), "position"),
        (json!({ "answer_id": "x" }), "answer_id"),
        (json!({ "question": null }), "question"),
    ] {
        let answer = work.patches(&format!("/questions/{}", id_of(&first)), body).await;
        assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]));
    }
    work.app.stop().await;
}
