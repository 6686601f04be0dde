//! The log as an admin sees it.

mod replay;
mod selection;
mod waiting;

use herald::auth::model::Role;
use herald::events::EventType;
use herald::events::model::{Draft, NewEvent};
use herald::webhooks::model::Webhook;
use reqwest::{Response, StatusCode};
use scraper::{Html, Selector};
use sqlx::Row as _;

use crate::support::app::{Setting, TestApp, Visitor, eventually};
use crate::support::recorder::{Answer, Gate, Recorder};
use crate::support::webhooks::{adds_webhook, pauses, records};

const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";

/// Planned retries stay out of the way.
async fn spawn() -> TestApp {
    Setting::default().with("HERALD_RETRY_SCHEDULE", "1h").spawn().await
}

/// A page, to be asked what it shows.
struct Page(Html);

impl Page {
    async fn of(visitor: &Visitor, path: &str) -> Page {
        Page(Html::parse_document(&visitor.reads(path).await))
    }

    fn all(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        let text = |element: scraper::ElementRef<'_>| element.text().collect::<Vec<_>>().join(" ");
        self.0.select(&selector).map(|found| text(found).split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    fn first(&self, selector: &str) -> String {
        self.all(selector).into_iter().next().unwrap_or_default()
    }

    fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        self.0.select(&selector).filter_map(|element| element.attr(name)).map(str::to_owned).collect()
    }

    /// What a browser would post of the form that the selector names: its text fields, its hidden ones, and the boxes that are
    /// ticked.
    fn fields(&self, form: &str) -> Vec<(String, String)> {
        let controls = Selector::parse(&format!("{form} input[name]")).expect("a selector");
        let is_sent = |control: &scraper::ElementRef<'_>| {
            control.attr("type") != Some("checkbox") || control.attr("checked").is_some()
        };
        let value = |control: scraper::ElementRef<'_>, name| control.attr(name).unwrap_or_default().to_owned();
        let pair = |control| (value(control, "name"), value(control, "value"));
        self.0.select(&controls).filter(is_sent).map(pair).collect()
    }

    fn says(&self, text: &str) -> bool {
        self.first("body").contains(text)
    }
}

async fn post(visitor: &Visitor, path: &str, fields: &[(String, String)]) -> Response {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    visitor.posts(path, &fields).await
}

/// The page that answers, with its status checked.
async fn answered(answer: Response, status: u16) -> Page {
    assert_eq!(answer.status().as_u16(), status);
    Page(Html::parse_document(&answer.text().await.expect("a page")))
}

/// A post by htmx, which swaps a piece of the page.
async fn posts_by_htmx(visitor: &Visitor, path: &str, target: &str, fields: &[(String, String)]) -> Response {
    let body = serde_html_form::to_string(fields).expect("pairs of texts are a form");
    let request = visitor
        .request(reqwest::Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("hx-request", "true")
        .header("hx-request-type", "partial")
        .header("hx-target", target)
        .body(body);
    visitor.sends(request).await
}

fn delivery_path(webhook: &Webhook, event: &NewEvent) -> String {
    let digits = event.id.as_str().trim_start_matches("EVT-");
    format!("{WEBHOOKS}/{0}/deliveries/{0}-{digits}", webhook.id)
}

/// Waits until the page shows `badge` beside its title.
async fn badge_becomes(visitor: &Visitor, path: &str, badge: &str) -> Page {
    let what = format!("{path} shows {badge}");
    eventually(&what, &mut || async {
        let page = Page::of(visitor, path).await;
        (page.first(".page__title .badge") == badge).then_some(page)
    })
    .await
}

#[tokio::test]
async fn the_log_is_filtered_and_downloaded_as_it_is_filtered() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    recorder.answer_next("/hook", [Answer::status(503)]);
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let busy = records(&app, EventType::ProjectEdited).await;
    let admin = app.admin().await;
    badge_becomes(&admin, &delivery_path(&webhook, &busy), "Retrying").await;
    let good = records(&app, EventType::ProjectCreated).await;
    badge_becomes(&admin, &delivery_path(&webhook, &good), "Delivered").await;

    let url = format!("{WEBHOOKS}/{}", webhook.id);
    let today = app.organization.time_zone.local(app.running().context.clock.now()).format("%Y-%m-%d").to_string();
    for (query, events) in [
        ("status_code=503".to_owned(), vec![&busy]),
        ("status_code=200&since=&until=&entity=".to_owned(), vec![&good]),
        ("entity=5dd51ea63f3dad73ab0a344b".to_owned(), vec![&good, &busy]),
        ("entity=5dd51ea63f3dad73ab0a344".to_owned(), vec![]),
        (format!("since={today}&until={today}"), vec![&good, &busy]),
        ("until=2026-01-01".to_owned(), vec![]),
    ] {
        let page = Page::of(&admin, &format!("{url}?{query}")).await;
        let shown: Vec<_> = events.iter().map(|event| event.id.to_string()).collect();
        assert_eq!(page.all("#deliveries .cell__sub.mono"), shown, "{query}");
        let Some(link) = page.attributes("#deliveries a[download]", "href").into_iter().nth(1) else {
            assert!(page.says("Nothing matches these filters"), "{query}");
            continue;
        };
        let file = admin.reads(&link).await;
        let lines: Vec<serde_json::Value> = file.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        assert_eq!(lines.iter().map(|line| line["event_id"].as_str().unwrap()).collect::<Vec<_>>(), shown, "{query}");
        assert_eq!(lines[0]["entity_ids"], serde_json::json!(["5dd51ea63f3dad73ab0a344b"]));
    }
    for wrong in ["status_code=busy", "since=yesterday"] {
        assert_eq!(admin.gets(&format!("{url}/deliveries.csv?{wrong}")).await.status(), 400, "{wrong}");
    }
    let events = Page::of(&admin, "/events?entity=5dd51ea63f3dad73ab0a344b&event_type=PROJECT_CREATED").await;
    assert_eq!(events.all("#events .cell__sub"), [good.id.to_string()]);
    assert!(Page::of(&admin, "/events?entity=nobody").await.says("Nothing matches these filters"));

    app.stop().await;
}

#[tokio::test]
async fn a_file_of_the_log_is_whole_safe_for_spreadsheets_and_written_down() {
    let app = spawn().await;
    let webhook = adds_webhook(&app, "Deal desk", "http://127.0.0.1:4999/").await;
    pauses(&app, &webhook).await;
    // More than are read at once.
    let events = record_many(&app, 260).await;
    let admin = app.admin().await;
    let url = format!("{WEBHOOKS}/{}/deliveries", webhook.id);
    let answer = admin.gets(&format!("{url}.csv?state=held")).await;
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8; header=present");
    let name = format!("attachment; filename=\"deliveries-{}.csv\"", webhook.id);
    assert_eq!(answer.headers()["content-disposition"], name.as_str());
    let file = answer.text().await.expect("a text");
    let rows: Vec<&str> = file.trim_start_matches('\u{feff}').lines().collect();
    assert!(rows[0].starts_with("id,event_id,event_type,entity_ids,webhook_id,state,reason,"), "{}", rows[0]);
    assert_eq!(rows.len(), 261);
    for (row, event) in rows[1..].iter().zip(events.iter().rev()) {
        assert!(row.contains(event.id.as_str()) && row.contains(",'=HYPERLINK(1),"), "{row}");
        assert!(row.contains(",held,webhook_not_active,0,"), "{row}");
    }
    assert_eq!(admin.reads(&format!("{url}.ndjson")).await.lines().count(), 260);
    assert_eq!(admin.reads(&format!("{url}.ndjson?state=failed")).await, "");

    let mut conn = app.running().db.read().await.expect("a connection");
    let rows = sqlx::query("SELECT details FROM audit_entries WHERE action = 'webhook.log_exported' ORDER BY at, id")
        .fetch_all(&mut *conn)
        .await
        .expect("the audit log");
    drop(conn);
    let details =
        rows.iter().map(|row| serde_json::from_str(row.get(0)).expect("JSON")).collect::<Vec<serde_json::Value>>();
    assert_eq!((&details[0]["format"], &details[0]["filter"]), (&"csv".into(), &"state=held".into()));
    assert_eq!(details.len(), 3);
    app.adds_person("bob@halden.example", Role::Member).await;
    let bob = app.signed_in("bob@halden.example").await;
    assert_eq!(bob.gets(&format!("{url}.csv")).await.status(), 403);
    assert_eq!(
        admin.gets(&format!("{url}.csv").replace(webhook.id.as_str(), "60adfdb750b58a0c2d78bdd8")).await.status(),
        404
    );
    app.stop().await;
}

/// Records so many events of a project whose id a spreadsheet would run.
async fn record_many(app: &TestApp, count: usize) -> Vec<NewEvent> {
    let mut tx = app.running().db.begin().await.expect("a transaction");
    let mut events = Vec::new();
    for _ in 0..count {
        let draft = Draft {
            event_type: EventType::ProjectEdited,
            entity_ids: vec!["=HYPERLINK(1)".into()],
            performed_by: "john@responsive.io".into(),
            performed_at: app.running().context.clock.now(),
            data: None,
        };
        let zone = app.organization.time_zone;
        let recorded = app.running().recorder.record(&mut tx, &app.organization.id, zone, draft).await;
        events.push(recorded.expect("an event"));
    }
    tx.commit().await.expect("a commit");
    events
}

#[tokio::test]
async fn a_delivery_shows_its_request_its_response_and_what_comes_next() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    recorder.answer("/hook", Answer::status(503).header("x-why", "<busy>").body(b"{\"a\":\"b\0\xff\"}".to_vec()));
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook?x=1")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let admin = app.admin().await;
    let path = delivery_path(&webhook, &event);
    let page = badge_becomes(&admin, &path, "Retrying").await;

    assert_eq!(page.first("h1"), "PROJECT_EDITED");
    assert_eq!(page.first("#event-id"), event.id.as_str());
    let strip = page.first(".dl--strip");
    for part in ["Deal desk", "Project, 5dd51ea63f3dad73ab0a344b", "john@responsive.io", "26 May 2026, 00:50:15"] {
        assert!(strip.contains(part), "{part} in {strip}");
    }
    let timeline = page.all(".timeline li");
    assert_eq!(timeline.len(), 3, "{timeline:?}");
    assert!(timeline[0].contains("Attempt 2 planned") && timeline[0].contains("In "), "{timeline:?}");
    assert!(timeline[1].contains("503 Service Unavailable") && timeline[1].contains("Attempt 1"), "{timeline:?}");
    assert!(timeline[2].contains("Event happened"), "{timeline:?}");

    assert!(page.first("#response-body").contains("b\u{fffd}\u{fffd}"), "{}", page.first("#response-body"));
    let headers = page.all(".headers > div");
    assert!(headers.contains(&"x-why <busy>".to_owned()), "{headers:?}");
    assert!(headers.iter().any(|header| header.starts_with("X-Tenant •") || header.starts_with("x-tenant •")));
    assert!(headers.contains(&format!("webhook-id {}", event.id)), "{headers:?}");
    assert!(!admin.reads(&path).await.contains("s3cret-tenant"));
    let body: String = page.first("#request-body");
    let shown: serde_json::Value = serde_json::from_str(&body).expect("the body is JSON still");
    assert_eq!(shown, recorder.requests()[0].json());
    assert!(page.says(&recorder.url("/hook?***")));
    app.stop().await;
}

#[tokio::test]
async fn redelivering_sends_the_same_bytes_once_more_and_says_why_not() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/hook", [Answer::status(500).body("no"), Answer::status(200).held_by(&gate)]);
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let admin = app.admin().await;
    let path = delivery_path(&webhook, &event);
    badge_becomes(&admin, &path, "Retrying").await;

    let started = admin.posts(&format!("{path}/redeliver"), &[]).await;
    assert_eq!(
        (started.status(), started.headers()["location"].to_str().ok()),
        (StatusCode::SEE_OTHER, Some(path.as_str()))
    );
    recorder.wait_for(2).await;
    let page = Page::of(&admin, &path).await;
    assert!(page.first("#toasts").contains("Redelivery started Attempt 2 is on its way."), "{}", page.first("#toasts"));
    assert!(page.first(".timeline li").contains("Attempt 2 under way"));
    assert_eq!(page.attributes("#poll", "hx-trigger"), ["every 2s"]);
    let refused = admin.posts(&format!("{path}/redeliver"), &[]).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert!(refused.text().await.expect("a page").contains("An attempt is under way"));

    gate.open();
    let page = badge_becomes(&admin, &path, "Delivered").await;
    assert!(page.attributes("#poll", "hx-trigger").is_empty());
    let requests = recorder.requests();
    assert_eq!(requests[0].body, requests[1].body);
    let timeline = page.all(".timeline li");
    assert!(timeline[0].contains("200 OK") && timeline[0].contains("redelivered"), "{timeline:?}");
    let first = Page::of(&admin, &format!("{path}?attempt=1")).await;
    assert!(first.first("#h-response").contains("to attempt 1") && first.first("#response-body") == "no");
    assert_eq!(admin.gets(&format!("{path}?attempt=9")).await.status(), StatusCode::NOT_FOUND);
    app.stop().await;
}

#[tokio::test]
async fn a_redelivery_by_htmx_answers_with_the_piece_and_a_toast() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let admin = app.admin().await;
    let path = delivery_path(&webhook, &event);
    badge_becomes(&admin, &path, "Delivered").await;
    let request = admin
        .request(reqwest::Method::POST, &format!("{path}/redeliver"))
        .header("sec-fetch-site", "same-origin")
        .header("hx-request", "true")
        .header("hx-request-type", "partial");
    let answer = admin.sends(request).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let piece = answer.text().await.expect("a text");
    assert!(piece.trim_start().starts_with("<div id=\"delivery\"") && !piece.contains("<html"), "{piece}");
    assert!(piece.contains("<hx-partial") && piece.contains("Redelivery started"), "{piece}");
    recorder.wait_for(2).await;
    app.stop().await;
}

#[tokio::test]
async fn a_webhooks_page_shows_its_health_and_its_deliveries() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    recorder.answer("/bad", Answer::status(500));
    let webhook = adds_webhook(&app, "<b>CRM</b> & co", &recorder.url("/hook")).await;
    let admin = app.admin().await;
    let path = format!("{WEBHOOKS}/{}", webhook.id);

    let empty = Page::of(&admin, &path).await;
    assert_eq!((empty.first("h1"), empty.first(".page__title .badge")), ("<b>CRM</b> & co".into(), "Active".into()));
    assert!(empty.says("No deliveries yet"));
    let configuration = empty.first("[aria-labelledby=h-conf]");
    assert!(configuration.contains("X-Tenant") && configuration.contains("PROJECT_DELETED"), "{configuration}");
    assert!(!admin.reads(&path).await.contains("s3cret-tenant"));

    let event = records(&app, EventType::ProjectEdited).await;
    records(&app, EventType::ProjectCreated).await;
    let delivered = eventually("both are delivered", &mut || async {
        let page = Page::of(&admin, &path).await;
        page.first(".stats").starts_with("Delivered 100 % Deliveries 2").then_some(page)
    })
    .await;
    assert_eq!(delivered.all("tbody .status--ok").len(), 2);
    assert_eq!(delivered.attributes(".chart .bar-ok", "width").len(), 1);
    let redeliver = format!("{}/redeliver", delivery_path(&webhook, &event));
    assert!(delivered.attributes("tbody form", "action").contains(&redeliver));

    let table = Page::of(&admin, &format!("{path}?view=table&range=7d")).await;
    assert_eq!(table.all("[aria-labelledby=h-chart] tbody tr").len(), 28);
    for (query, rows) in [
        ("state=succeeded", 2),
        ("state=failed", 0),
        ("event_type=PROJECT_EDITED", 1),
        ("event_type=PROJECT_EDITED&state=succeeded", 1),
        (&format!("event={}", event.id), 1),
        ("state=&event_type=&event=", 2),
    ] {
        let page = Page::of(&admin, &format!("{path}?{query}")).await;
        assert_eq!(page.all("#deliveries tbody tr").len(), rows, "{query}");
        assert_eq!(page.says("Nothing matches these filters"), rows == 0, "{query}");
    }
    for bad in ["state=lost", "event_type=TEST", "cursor=x", "state=held&state=failed"] {
        assert_eq!(admin.gets(&format!("{path}?{bad}")).await.status(), StatusCode::BAD_REQUEST, "{bad}");
    }
    for (typed, field) in [("event=1", "event"), ("status_code=busy", "status_code"), ("until=soon", "until")] {
        let wrong = answered(admin.gets(&format!("{path}?{typed}&entity=x")).await, 422).await;
        assert!(!wrong.first(&format!("#{field}-error")).is_empty(), "{typed}");
        assert_eq!(wrong.attributes("#entity", "value"), ["x"], "nothing typed is lost");
        assert!(wrong.says("Nothing matches these filters"), "{typed}");
    }
    app.stop().await;
}

#[tokio::test]
async fn the_list_goes_on_to_older_deliveries_and_back() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    for _ in 0..30 {
        records(&app, EventType::ProjectEdited).await;
    }
    let admin = app.admin().await;
    let newest = Page::of(&admin, &format!("{WEBHOOKS}/{}", webhook.id)).await;
    assert_eq!(newest.all("#deliveries tbody tr").len(), 25);
    let links = |page: &Page| page.attributes("nav[aria-label=Pages] a", "href");
    let older = Page::of(&admin, &links(&newest)[0]).await;
    assert_eq!(older.all("#deliveries tbody tr").len(), 5);
    let back = Page::of(&admin, &links(&older)[0]).await;
    assert_eq!(back.all("#deliveries .cell__sub.mono"), newest.all("#deliveries .cell__sub.mono"));
    app.stop().await;
}

#[tokio::test]
async fn a_failing_and_a_paused_webhook_say_what_is_the_matter() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    recorder.answer("/hook", Answer::status(500));
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let admin = app.admin().await;
    let path = format!("{WEBHOOKS}/{}", webhook.id);
    let failing = badge_becomes(&admin, &path, "Failing").await;
    assert!(failing.first(".alert--bad").contains("1 attempt in a row failed"), "{}", failing.first(".alert--bad"));

    pauses(&app, &webhook).await;
    let paused = badge_becomes(&admin, &path, "Paused").await;
    assert!(paused.first(".alert--warn").contains("1 message is held"), "{}", paused.first(".alert--warn"));
    assert!(paused.attributes("form", "action").contains(&format!("{path}/resume")));
    let delivery = Page::of(&admin, &delivery_path(&webhook, &event)).await;
    assert_eq!(delivery.first(".page__actions"), "The instance is paused. Resume it first");
    assert!(paused.attributes("#deliveries input[name=id]", "value").is_empty(), "nothing can be chosen");
    let refused = admin.posts(&format!("{}/redeliver", delivery_path(&webhook, &event)), &[]).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert!(refused.text().await.expect("a page").contains("not active"));
    app.stop().await;
}

#[tokio::test]
async fn an_event_says_what_became_of_it_at_each_webhook() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let unwanted = records(&app, EventType::IntakeCreated).await;
    adds_webhook(&app, "Latecomer", &recorder.url("/late")).await;
    let admin = app.admin().await;
    badge_becomes(&admin, &delivery_path(&webhook, &event), "Delivered").await;

    let list = Page::of(&admin, "/events").await;
    let rows = list.all("tbody tr");
    assert!(rows[0].contains("INTAKE_CREATED") && rows[0].contains("No instance subscribed"), "{rows:?}");
    assert!(rows[1].contains("PROJECT_EDITED") && rows[1].contains("1 delivered"), "{rows:?}");
    assert!(rows[1].contains("26 May, 00:50") && rows[1].contains("john@responsive.io"), "{rows:?}");
    for (query, count) in [("event_type=INTAKE_CREATED", 1), ("since=2000-01-01&until=2000-01-02", 0)] {
        assert_eq!(Page::of(&admin, &format!("/events?{query}")).await.all("tbody tr").len(), count, "{query}");
    }
    let wrong = answered(admin.gets("/events?since=soon&event=EVT-1").await, 422).await;
    assert_eq!(wrong.first("#since-error"), "Enter a day, such as 2026-11-23.");
    assert!(wrong.first("#event-error").contains("24 digits") && wrong.attributes("#since", "value") == ["soon"]);

    let page = Page::of(&admin, &format!("/events/{}", event.id)).await;
    let fates = page.all("tbody tr");
    assert!(fates.iter().any(|fate| fate.starts_with("Deal desk Delivered")), "{fates:?}");
    assert!(fates.iter().any(|fate| fate.starts_with("Latecomer Not sent The instance was added after")), "{fates:?}");
    assert!(page.attributes("tbody a", "href").contains(&delivery_path(&webhook, &event)));
    let body: serde_json::Value = serde_json::from_str(&page.first("#event-body")).expect("the body is JSON still");
    assert_eq!(body["PERFORMED_AT"], "2026-05-26 00:50:15 PDT");
    let page = Page::of(&admin, &format!("/events/{}", unwanted.id)).await;
    assert!(
        page.all("tbody tr").iter().any(|fate| fate.starts_with("Deal desk Not sent The instance was not subscribed"))
    );
    app.stop().await;
}

#[tokio::test]
async fn only_admins_of_the_organization_see_its_log() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let (hook, delivery) = (format!("{WEBHOOKS}/{}", webhook.id), delivery_path(&webhook, &event));
    let happened = format!("/events/{}", event.id);
    app.adds_person("mo@halden.example", Role::Moderator).await;
    let moderator = app.signed_in("mo@halden.example").await;
    let visitor = app.visitor();
    for path in ["/events", &happened, &hook, &delivery] {
        assert_eq!(moderator.gets(path).await.status(), StatusCode::FORBIDDEN, "{path}");
        assert_eq!(visitor.gets(path).await.status(), StatusCode::SEE_OTHER, "{path}");
    }
    assert_eq!(moderator.posts(&format!("{delivery}/redeliver"), &[]).await.status(), StatusCode::FORBIDDEN);

    let other = spawn().await;
    let stranger = adds_webhook(&other, "Other", &recorder.url("/other")).await;
    let admin = app.admin().await;
    let missing = "0".repeat(24);
    for path in [
        format!("{WEBHOOKS}/{}", stranger.id),
        format!("{WEBHOOKS}/{missing}/deliveries/{missing}-{missing}"),
        format!("{WEBHOOKS}/{missing}/deliveries/{}", delivery.rsplit('/').next().unwrap_or_default()),
        format!("{hook}/deliveries/nonsense"),
        format!("{WEBHOOKS}/nonsense"),
        format!("/events/EVT-{missing}"),
        "/events/nonsense".into(),
    ] {
        assert_eq!(admin.gets(&path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    other.stop().await;
    app.stop().await;
}

#[tokio::test]
async fn without_webhooks_events_are_still_read_and_the_rest_is_locked() {
    let app = Setting { webhooks_disabled: true, ..Setting::default() }.spawn().await;
    let event = records(&app, EventType::ProjectEdited).await;
    let admin = app.admin().await;
    let list = Page::of(&admin, "/events").await;
    assert!(list.first("tbody tr").contains("Webhooks not enabled"));
    let page = Page::of(&admin, &format!("/events/{}", event.id)).await;
    assert!(page.says("Webhooks were not enabled"));
    let id = "a".repeat(24);
    for path in [format!("{WEBHOOKS}/{id}"), format!("{WEBHOOKS}/{id}/deliveries/{id}-{id}")] {
        assert_eq!(admin.gets(&path).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    app.stop().await;
}
