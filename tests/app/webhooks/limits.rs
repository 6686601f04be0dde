//! A webhook's own limits in the form and on its page.

use super::*;
use crate::support::app::spawn_app;

#[tokio::test]
async fn limits_are_kept_shown_and_taken_away() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let new = open(&ada, NEW).await;
    assert!(new.all("details:has(#max_per_second)[open]").is_empty(), "nothing to see in them yet");
    let typed = with(minimal("http://127.0.0.1:4999/"), "max_concurrency", " 3 ");
    let id = add(&ada, &with(typed, "max_per_second", "20")).await;
    let edit_url = format!("{LIST}/{id}/edit");
    let edit = open(&ada, &edit_url).await;
    assert_eq!((&*edit.value("#max_concurrency"), &*edit.value("#max_per_second")), ("3", "20"));
    assert_eq!(edit.all("details:has(#max_per_second)[open]").len(), 1);
    let page = open(&ada, &format!("{LIST}/{id}")).await.text("main");
    assert!(page.contains("Requests at a timeAt most 3") && page.contains("Requests per secondAt most 20"));

    // A program that knows only the contract's fields keeps them.
    assert_eq!(post(&ada, &edit_url, &minimal("http://127.0.0.1:4999/")).await.status(), 303);
    let emptied = with(open(&ada, &edit_url).await.form(), "max_concurrency", "");
    assert_eq!(emptied.iter().find(|(name, _)| name == "max_per_second").unwrap().1, "20");
    assert_eq!(post(&ada, &edit_url, &emptied).await.status(), 303);
    let edit = open(&ada, &edit_url).await;
    assert_eq!((&*edit.value("#max_concurrency"), &*edit.value("#max_per_second")), ("", "20"));
    app.stop().await;
}

#[tokio::test]
async fn what_is_no_limit_is_told_at_its_field() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    for (field, wrong) in [("max_concurrency", "51"), ("max_concurrency", "many"), ("max_per_second", "0")] {
        let again = page(post(&ada, NEW, &with(minimal("http://127.0.0.1:4999/"), field, wrong)).await, 422).await;
        assert!(again.text(&format!("#{field}-error")).starts_with("Enter a whole number from 1 to "), "{field}");
        assert_eq!(again.value(&format!("#{field}")), wrong);
        assert_eq!(again.all(&format!("details[open] #{field}[autofocus]")).len(), 1, "{field}");
    }
    app.stop().await;
}
