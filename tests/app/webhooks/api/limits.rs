//! A webhook's own limits by the API.

use serde_json::json;

use super::{Calls, minimal, with};
use crate::support::app::spawn_app;

#[tokio::test]
async fn limits_are_set_changed_and_taken_away() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let plain = program.posts("/webhooks", minimal("http://127.0.0.1:4999/")).await.json();
    assert!(plain["max_concurrency"].is_null() && plain["max_per_second"].is_null());

    let limits = json!({ "max_concurrency": 50, "max_per_second": 1000 });
    let path = program.adds(with(minimal("http://127.0.0.1:4999/"), limits)).await;
    let kept = program.patches(&path, json!({ "name": "Renamed" })).await.json();
    assert_eq!((&kept["max_concurrency"], &kept["max_per_second"]), (&json!(50), &json!(1000)));
    let changed = program.patches(&path, json!({ "max_concurrency": 1, "max_per_second": null })).await.json();
    assert_eq!((&changed["max_concurrency"], &changed["max_per_second"]), (&json!(1), &json!(null)));
    assert_eq!(program.gets(&path).await.json(), changed);
    app.stop().await;
}

#[tokio::test]
async fn what_is_no_limit_is_told_at_its_field() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let path = program.adds(minimal("http://127.0.0.1:4999/")).await;
    for wrong in [json!(0), json!(-1), json!(1001), json!(1.5), json!("5"), json!(""), json!(true), json!([1])] {
        let limits = json!({ "max_concurrency": wrong, "max_per_second": wrong });
        let refused = program.posts("/webhooks", with(minimal("http://127.0.0.1:4999/"), limits.clone())).await;
        assert_eq!(refused.fields(), ["max_concurrency", "max_per_second"], "{wrong}");
        assert_eq!(program.patches(&path, limits).await.fields(), ["max_concurrency", "max_per_second"], "{wrong}");
    }
    let refused = program.patches(&path, json!({ "max_concurrency": 51 })).await;
    assert_eq!((refused.status, refused.fields()), (422, vec!["max_concurrency".to_owned()]));
    app.stop().await;
}
