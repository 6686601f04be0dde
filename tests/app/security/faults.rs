//! What people are told of our faults: a reference, and nothing of the inside. The log has the cause under it.

use reqwest::Method;

use crate::support::app::spawn_app;
use crate::support::log::{errors_with, keep_errors};
use crate::support::programs::told;

/// Five letters and digits behind the word.
fn reference(text: &str) -> String {
    let (_, rest) = text.split_once("eference ").unwrap_or_else(|| panic!("no reference in {text}"));
    rest.chars().take_while(char::is_ascii_alphanumeric).collect()
}

fn assert_tells_nothing(text: &str) {
    let text = text.to_lowercase();
    for inside in [
        "intakes_",
        "select ",
        "no such table",
        "does not exist",
        "sqlx",
        "sqlite",
        "postgres",
        "src/",
        ".rs",
        "panicked",
        "/home",
        "/tmp",
        "backtrace",
    ] {
        assert!(!text.contains(inside), "{inside:?} in {text}");
    }
}

#[tokio::test]
async fn a_fault_of_ours_is_told_by_a_reference_that_stands_in_the_log() {
    keep_errors();
    let app = spawn_app().await;
    let (admin, program) = (app.admin().await, app.program("read,write").await);
    let mut tx = app.running().db.begin().await.unwrap();
    sqlx::query("ALTER TABLE intakes RENAME TO lost").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();

    let page = admin.gets("/intakes").await;
    assert_eq!(page.status(), 500);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let page = page.text().await.unwrap();
    assert!(page.contains("Something went wrong on our side") && page.contains("Halden Systems"), "inside the shell");

    let partial =
        admin.request(Method::GET, "/intakes").header("hx-request", "true").header("hx-request-type", "partial");
    let partial = admin.sends(partial).await;
    assert_eq!(partial.status(), 500);
    let partial = partial.text().await.unwrap();
    assert!(partial.contains("<hx-partial"), "{partial}");

    let form = admin.posts("/intakes/new", &[("title", "Fleet telematics tender")]).await;
    assert_eq!(form.status(), 500);
    let form = form.text().await.unwrap();

    let call = told(program.request(Method::GET, "/intakes")).await;
    assert_eq!((call.status, call.header("content-type")), (500, "application/problem+json"));
    assert_eq!(call.json()["type"], "/api/docs#problem-internal");

    for text in [page, partial, form, call.text] {
        // The page's own links have the name of the table in them.
        assert_tells_nothing(&text.replace("/static/", ""));
        let logged = errors_with(&reference(&text));
        assert_eq!(logged.len(), 1, "{logged:?}");
        assert!(logged[0].contains("intakes"), "with its cause: {}", logged[0]);
    }
    app.stop().await;
}
