//! Notices on every page, and what the instances' own pages say.

use std::time::Duration;

use herald::auth::model::Role;
use scraper::{Html, Selector};

use super::{DAY, LIST, Scene};
use crate::support::app::Visitor;
use crate::support::recorder::Answer;

async fn notices(visitor: &Visitor) -> Vec<String> {
    texts(&visitor.reads("/projects").await, ".notices .alert strong")
}

fn texts(page: &str, selector: &str) -> Vec<String> {
    let (page, selector) = (Html::parse_document(page), Selector::parse(selector).expect("a selector"));
    page.select(&selector).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_on_every_page_of_an_admin_until_it_is_over_or_dismissed() {
    let scene = Scene::start("5s").await;
    scene.app.adds_person("bob@halden.example", Role::Admin).await;
    scene.app.adds_person("carl@halden.example", Role::Member).await;
    let (ada, bob) = (scene.ada().await, scene.app.signed_in("bob@halden.example").await);
    let carl = scene.app.signed_in("carl@halden.example").await;
    assert!(notices(&ada).await.is_empty());
    scene.fails().await;
    assert_eq!(notices(&ada).await, ["CRM sync is failing"]);
    assert!(notices(&carl).await.is_empty(), "it is not for members");

    let page = Html::parse_document(&ada.reads("/projects").await);
    let all = |selector: &str| page.select(&Selector::parse(selector).expect("a selector")).collect::<Vec<_>>();
    let link = all(".notices a")[0].attr("href").expect("a link").to_owned();
    assert!(link.contains("/deliveries/"), "{link}");
    assert_eq!(ada.gets(&link).await.status(), 200);
    let form = &all(".notices form")[0];
    let fields: Vec<_> = form
        .select(&Selector::parse("input").expect("a selector"))
        .map(|input| (input.attr("name").unwrap_or_default(), input.attr("value").unwrap_or_default()))
        .collect();
    let dismiss = form.attr("action").expect("an address");
    assert_eq!(carl.posts(dismiss, &fields).await.status(), 403);
    assert_eq!(ada.posts(dismiss, &fields).await.status(), 303);
    assert_eq!(ada.posts(dismiss, &fields).await.status(), 303, "repeating changes nothing");
    assert!(notices(&ada).await.is_empty());
    assert_eq!(notices(&bob).await, ["CRM sync is failing"], "it is each one's own");

    scene.receiver.answer("/hook", Answer::status(200));
    scene.clock.advance(Duration::from_secs(6));
    let recovered = async || (notices(&ada).await == ["CRM sync works again"]).then_some(());
    scene.app.eventually("it works again", recovered).await;
    scene.clock.advance(Duration::from_secs(7 * 3600));
    for _ in 0..3 {
        assert_eq!(notices(&bob).await.len(), 1);
        scene.clock.advance(Duration::from_secs(7 * 3600));
    }
    assert!(notices(&bob).await.is_empty(), "after a day it is no news any more");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_and_the_webhooks_page_say_how_long_and_what_comes() {
    let scene = Scene::start("30d").await;
    scene.fails().await;
    let said = async |ada: &Visitor| {
        let list = ada.reads(LIST).await;
        assert!(texts(&list, ".notices").is_empty(), "the page says it by itself");
        (texts(&list, ".alert strong").remove(0), texts(&list, ".table .status").remove(0), list)
    };
    let (title, status, list) = said(&scene.ada().await).await;
    assert_eq!((title.as_str(), status.as_str()), ("CRM sync is failing", "Failing"));
    assert!(list.contains("/deliveries/"), "a link to the failing attempt");
    scene.clock.advance(DAY + DAY / 2);
    assert_eq!(said(&scene.ada().await).await.0, "CRM sync has been failing for a day");
    scene.clock.advance(DAY * 3);
    let ada = scene.ada().await;
    let (title, _, list) = said(&ada).await;
    assert_eq!(title, "CRM sync will soon be disabled");
    assert!(list.contains("20 Jan 2027, 00:00 PST"), "{list}");
    let page = Html::parse_document(&list);
    let name = page.select(&Selector::parse(".cell__title").expect("a selector")).next().expect("the instance");
    let own = ada.reads(name.attr("href").expect("a link")).await;
    let alert = texts(&own, ".alert").join(" ");
    assert!(alert.contains("20 Jan 2027, 00:00 PST") && alert.contains("View failed attempt"), "{alert}");
    scene.stop().await;
}
