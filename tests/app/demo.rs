//! `herald demo`: what it says, delivers and leaves behind.

use std::collections::BTreeSet;

use herald::events::EventType;
use scraper::{Html, Selector};

use crate::support::app::client;
use crate::support::demo::Demo;

fn texts(page: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
}

#[tokio::test]
async fn a_demo_says_how_to_sign_in_delivers_and_leaves_nothing_behind() {
    let mut demo = Demo::start();
    let base = demo.tells("listening on").await;
    assert!(base.starts_with("http://127.0.0.1:"), "{base}");
    assert_eq!(demo.tells("Sign in").await, format!("{base}/login"));
    let (email, password) = (demo.tells("Email").await, demo.tells("Password").await);
    let receiver = demo.tells("Receiver").await;

    for delivered in ["INTAKE_CREATED", "PROJECT_EDITED"] {
        let line = demo.says(&format!("{delivered:<19} Demo receiver")).await;
        assert!(line.contains("200 OK") && line.ends_with("delivered"), "{line}");
    }
    let retried = demo.says("Failing receiver").await;
    assert!(retried.contains("next try in"), "{retried}");

    let client = client();
    let page = |path: String| {
        let request = client.get(path);
        async { Html::parse_document(&request.send().await.expect("an answer").text().await.expect("a text")) }
    };
    let shown = page(receiver.clone()).await;
    assert!(texts(&shown, "#received h3").iter().any(|title| title.contains("Signature holds")));
    assert!(!texts(&shown, "#received h3").iter().any(|title| title.contains("does not hold")));
    let types: BTreeSet<_> = texts(&shown, "#received .code-chip").into_iter().collect();
    assert!(types.iter().all(|name| name.parse::<EventType>().is_ok()), "{types:?}");

    let form = |path: &str| client.post(format!("{base}{path}")).header("sec-fetch-site", "same-origin");
    let fields = [("email", &email), ("password", &password)];
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let sign_in = form("/login").header("content-type", "application/x-www-form-urlencoded").body(fields);
    let sign_in = sign_in.send().await.expect("an answer");
    assert_eq!(sign_in.status(), 303, "the password that was printed");
    let cookie =
        sign_in.headers()["set-cookie"].to_str().expect("ASCII").split(';').next().expect("a cookie").to_owned();
    let sending = form("/demo/send").header("cookie", &cookie).header("referer", &receiver);
    let sent = sending.send().await.expect("an answer");
    assert_eq!((sent.status().as_u16(), &sent.headers()["location"]), (303, &"/receiver".parse().expect("a value")));
    let again = client.get(&receiver).header("cookie", &cookie).send().await.expect("an answer");
    let again = Html::parse_document(&again.text().await.expect("a text"));
    assert_eq!(texts(&again, "#toasts .toast strong"), ["5 sample events published"]);
    assert_eq!(form("/demo/send").send().await.expect("an answer").headers()["location"], "/login?next=%2F");
    demo.ends_by("TERM").await;
}

#[tokio::test]
async fn a_demo_that_is_stopped_by_ctrl_c_leaves_nothing_behind_either() {
    let mut demo = Demo::start();
    demo.says("Receiver").await;
    demo.ends_by("INT").await;
}
