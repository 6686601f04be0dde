//! The account managers' pages, and the switch.

use herald::auth::model::Role;

use super::{attributes, location, texts, value};
use crate::support::app::{Setting, TestApp, Visitor, eventually, spawn_app};
use crate::support::programs::number;
use crate::support::recorder::{Answer, Recorder};

const EVENT: &str =
    r#"{"event_type":"PROJECT_EDITED","entity_ids":["5dd51ea63f3dad73ab0a344b"],"performed_by":"john@responsive.io"}"#;

async fn manager(app: &TestApp) -> Visitor {
    app.adds_person("manager@herald.example", Role::AccountManager).await;
    app.signed_in("manager@herald.example").await
}

#[tokio::test]
async fn a_manager_makes_an_organization_and_its_first_admin() {
    let app = spawn_app().await;
    let manager = manager(&app).await;
    let fields = [
        ("name", "Pike Hollow"),
        ("time_zone", "Asia/Kathmandu"),
        ("edition", "essentials"),
        ("email", "Kim@Pike.example"),
    ];
    let answer = manager.posts("/organizations", &fields).await;
    assert_eq!(answer.status(), 200);
    let html = answer.text().await.unwrap();
    let password = attributes(&html, "#new-password", "value").concat();
    let kim = app.visitor();
    let answer = kim.posts("/login", &[("email", "kim@pike.example"), ("password", &password)]).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(value(&kim.reads("/settings").await, "name"), "Pike Hollow");
    let locked = kim.reads("/settings/integrations/collaboration").await;
    assert!(locked.contains("Webhooks must be enabled prior to use."));

    let answer = manager.posts("/organizations", &fields).await;
    assert_eq!(answer.status(), 422, "the address is taken");
    let html = answer.text().await.unwrap();
    assert_eq!(texts(&html, "#email-error"), ["Somebody already uses this email address."]);
    assert_eq!(value(&html, "name"), "Pike Hollow");
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM organizations").await, 2, "all or nothing");

    let list = manager.reads("/organizations").await;
    assert_eq!(texts(&list, "tbody .title"), ["Pike Hollow", "Halden Systems"], "newest first");
    let page = attributes(&list, "tbody .title a", "href")[0].clone();
    let answer = manager.posts(&format!("{page}/admins"), &[("admin_email", "lee@pike.example")]).await;
    assert_eq!(answer.status(), 200);
    let answer = manager.posts(&format!("{page}/admins"), &[("admin_email", "lee@pike.example")]).await;
    assert_eq!(answer.status(), 422);
    assert_eq!(texts(&answer.text().await.unwrap(), "#admin_email-error").len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn the_list_of_organizations_is_paged_by_key() {
    let app = spawn_app().await;
    let manager = manager(&app).await;
    for number in 0..51 {
        let fields = [("name", &*format!("Organization {number}")), ("time_zone", "UTC"), ("edition", "enterprise")];
        assert_eq!(manager.posts("/organizations", &fields).await.status(), 303);
    }
    let first = manager.reads("/organizations").await;
    assert_eq!(texts(&first, "tbody tr").len(), 50);
    let older = attributes(&first, ".table-foot a[href]", "href")[0].clone();
    let second = manager.reads(&older).await;
    assert_eq!(texts(&second, "tbody .title"), ["Organization 0", "Halden Systems"]);
    assert_eq!(manager.gets("/organizations?cursor=forged").await.status(), 404);
    app.stop().await;
}

#[tokio::test]
async fn turning_webhooks_off_asks_first_and_holds_what_is_open_until_they_are_on_again() {
    let app = Setting::default().with("HERALD_RETRY_SCHEDULE", "1h").spawn().await;
    let (manager, receiver) = (manager(&app).await, Recorder::start().await);
    let (db, program) = (&app.running().db, app.program("publish").await);
    app.adds_webhook(&receiver.url("/hook"), &["PROJECT_EDITED"]).await;
    receiver.answer_next("/hook", [Answer::status(500)]);
    assert_eq!(program.publishes(EVENT).await.status, 202);
    let failed = "SELECT COUNT(*) FROM deliveries WHERE state = 'pending' AND attempts = 1";
    eventually("the first attempt fails", &mut async || (number(db, failed).await == 1).then_some(())).await;

    let url = format!("/organizations/{}", app.organization.id);
    let fields = [("name", "Halden Systems"), ("time_zone", "UTC"), ("edition", "essentials")];
    let question = manager.posts(&url, &fields).await;
    assert_eq!(question.status(), 200);
    let question = question.text().await.unwrap();
    assert_eq!(texts(&question, "h1"), ["Turn off webhooks for Halden Systems?"]);
    assert!(question.contains("1 instance stops sending."));
    assert!(question.contains("1 open delivery is held until webhooks are turned on again."));
    assert_eq!(number(db, "SELECT webhooks_enabled FROM organizations").await, 1, "nothing happened yet");

    let names = attributes(&question, "main form [type=hidden]", "name");
    let values = attributes(&question, "main form [type=hidden]", "value");
    let confirmed: Vec<_> = names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
    let answer = manager.posts(&url, &confirmed).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, url.as_str()));
    let off = manager.reads(&url).await;
    assert_eq!(texts(&off, "#toasts strong"), ["Webhooks turned off"]);
    assert_eq!(texts(&off, "#toasts p"), ["1 delivery is held until they are turned on."]);
    assert_eq!(texts(&off, "#webhooks_enabled-held"), ["1 delivery is held, and sent when webhooks are turned on."]);
    assert_eq!(number(db, "SELECT COUNT(*) FROM deliveries WHERE state = 'held' AND hold = 'switch'").await, 1);
    assert_eq!(program.publishes(EVENT).await.status, 403);
    let locked = app.admin().await.reads("/settings/integrations/collaboration").await;
    assert!(locked.contains("Essentials features are subscription-based"));

    let on = [fields.as_slice(), &[("webhooks_enabled", "true")]].concat();
    assert_eq!(manager.posts(&url, &on).await.status(), 303);
    let on = manager.reads(&url).await;
    assert_eq!(texts(&on, "#toasts p"), ["1 held delivery is let go."]);
    assert!(texts(&on, "#webhooks_enabled-held").is_empty());
    assert_eq!(receiver.wait_for(2).await.len(), 2, "what the switch held goes out at once");
    assert_eq!(program.publishes(EVENT).await.status, 202);
    app.stop().await;
}
