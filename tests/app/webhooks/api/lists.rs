//! `GET /webhooks`.

use super::*;
use crate::support::app::spawn_app;

fn names(list: &Value) -> Vec<&str> {
    list["data"].as_array().expect("a list").iter().map(|webhook| webhook["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn pages_lead_from_the_newest_to_the_oldest() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let empty = program.gets("/webhooks").await;
    assert_eq!((empty.status, empty.json()), (200, json!({ "data": [], "next_cursor": null })));
    let mut paths = Vec::new();
    for name in ["1", "2", "3", "4", "5", "6"] {
        paths.push(program.adds(with(minimal("https://203.0.112.7/"), json!({ "name": name }))).await);
    }
    program.deletes(&paths[1]).await;
    let all = program.gets("/webhooks").await.json();
    assert_eq!((names(&all), &all["next_cursor"]), (vec!["6", "5", "4", "3", "1"], &Value::Null));
    assert_eq!(keys(&all["data"][0]), KEYS);
    assert_eq!(all["data"][4], program.gets(&paths[0]).await.json());

    let (mut path, mut pages) = ("/webhooks?limit=2".to_owned(), Vec::new());
    loop {
        let page = program.gets(&path).await.json();
        pages.push(names(&page).join(","));
        let Some(next) = page["next_cursor"].as_str() else { break };
        if pages.len() == 1 {
            // What is added and deleted meanwhile neither repeats nor hides anything older.
            program.adds(minimal("https://203.0.112.7/")).await;
            program.deletes(&paths[4]).await;
        }
        path = format!("/webhooks?cursor={next}&limit=2");
    }
    assert_eq!(pages, ["6,5", "4,3", "1"]);
    let whole = program.gets("/webhooks?limit=5").await.json();
    assert_eq!((names(&whole).len(), &whole["next_cursor"]), (5, &Value::Null), "a full last page has no next");

    assert_eq!(app.stranger("read").await.gets("/webhooks").await.json()["data"], json!([]));
    app.stop().await;
}

#[tokio::test]
async fn parameters_are_read_strictly() {
    let app = spawn_app().await;
    let program = app.program("read").await;
    for (query, fields) in [
        ("limit=0", vec!["limit"]),
        ("limit=251", vec!["limit"]),
        ("limit=", vec!["limit"]),
        ("limit=ten", vec!["limit"]),
        ("cursor=", vec!["cursor"]),
        ("cursor=nonsense", vec!["cursor"]),
        ("limit=1&limit=2", vec!["limit"]),
        ("state=active", vec!["state"]),
        ("limit=-1&cursor=x&page=2", vec!["limit", "cursor", "page"]),
    ] {
        let answer = program.gets(&format!("/webhooks?{query}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (422, "application/problem+json"), "{query}");
        assert_eq!(answer.fields(), fields, "{query}");
    }
    for query in ["limit=1", "limit=250"] {
        assert_eq!(program.gets(&format!("/webhooks?{query}")).await.status, 200, "{query}");
    }
    app.stop().await;
}
