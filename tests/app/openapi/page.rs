//! `/api/docs`: that it is whole, that its links lead somewhere, and that its examples do what they say.

use std::collections::BTreeSet;
use std::process::{Output, Stdio};

use herald::auth::model::Role;
use herald::web::problem::Kind;
use scraper::{Html, Selector};
use tokio::process::Command;

use super::Call;
use crate::support::app::{PATIENCE, Setting, TestApp, spawn_app};
use crate::support::examples::{Documented, Real};
use crate::support::recorder::Recorder;

fn attributes(page: &Html, selector: &str, name: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).filter_map(|element| element.attr(name)).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_call_and_every_problem_has_its_place_and_every_link_leads_to_one() {
    let app = spawn_app().await;
    let page = Html::parse_document(&app.visitor().reads("/api/docs").await);
    let all = attributes(&page, "[id]", "id");
    let ids: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(ids.len(), all.len(), "no id is there twice");
    for kind in Kind::ALL {
        assert!(ids.contains(kind.anchor()), "{} is not explained", kind.anchor());
    }
    for call in Call::all() {
        assert!(ids.contains(call.operation["operationId"].as_str().unwrap()), "{} has no place", call.name());
    }
    for link in attributes(&page, "a[href^='#']", "href") {
        assert!(ids.contains(&link[1..]), "{link} leads nowhere");
    }
    let contents: BTreeSet<_> = attributes(&page, "nav[aria-label='On this page'] a", "href").into_iter().collect();
    for call in Call::all() {
        let id = call.operation["operationId"].as_str().unwrap();
        assert!(contents.contains(&format!("#{id}")), "{id} is not in the table of contents");
    }
    app.stop().await;
}

#[tokio::test]
async fn everybody_reads_it_and_admins_find_it_in_the_sidebar() {
    let app = spawn_app().await;
    assert!(app.visitor().reads("/api/docs").await.contains("Sign in"));
    app.adds_person("carla@halden.example", Role::Member).await;
    let member = app.signed_in("carla@halden.example").await.reads("/api/docs").await;
    assert!(member.contains("Sign out") && !member.contains("Sign in<"));
    let settings = Html::parse_document(&app.admin().await.reads("/settings/api-keys").await);
    assert!(attributes(&settings, ".sidebar a", "href").contains(&"/api/docs".to_owned()));
    app.stop().await;
}

#[tokio::test]
async fn examples_call_the_public_address() {
    let app = Setting::default().with("HERALD_PUBLIC_URL", "https://herald.example").spawn().await;
    let page = app.visitor().reads("/api/docs").await;
    assert!(page.contains("https://herald.example/api/v1/events"));
    assert!(!page.contains("127.0.0.1"));
    app.stop().await;
}

/// Runs every example in a language, each about things made for it.
async fn examples_are_true(
    app: TestApp,
    language: &str,
    run: impl AsyncFn(&str, &str) -> Output,
    status: fn(&str) -> &str,
) {
    let (program, receiver) = (app.program("read,write,publish").await, Recorder::start().await);
    for call in Documented::all(&app).await {
        let real = Real::prepare(&app, &program, &receiver, &call).await;
        let source = call.program(language, &real);
        let output = run(&source, &program.secret).await;
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} in {language}: {complaint}\n{said}\n{source}", call.id);
        assert_eq!(status(&said), call.status.to_string(), "{} in {language}: {said}\n{source}", call.id);
    }
    app.stop().await;
}

async fn output(command: &mut Command, key: &str) -> Output {
    let command = command.env("HERALD_API_KEY", key).stdin(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    ended.expect("the example ends").expect("the program is installed: bin/test installs what is missing")
}

#[tokio::test]
async fn the_examples_for_curl_do_what_they_say() {
    let run = async |source: &str, key: &str| {
        output(Command::new("sh").arg("-c").arg(source).env("no_proxy", "*"), key).await
    };
    // The answer's first line: HTTP/1.1 202 Accepted.
    examples_are_true(spawn_app().await, "curl", run, |said| said.split(' ').nth(1).unwrap_or_default()).await;
}

#[tokio::test]
async fn the_examples_for_python_do_what_they_say() {
    let run = async |source: &str, key: &str| {
        output(Command::new("python3").arg("-c").arg(source).env("no_proxy", "*"), key).await
    };
    examples_are_true(spawn_app().await, "python", run, |said| said.split_whitespace().next().unwrap_or_default())
        .await;
}
