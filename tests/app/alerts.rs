//! Nobody is surprised: what admins and the operator are told of a webhook that fails, by mail, on the pages and by events.

mod operator;
mod pages;
mod telling;

use std::sync::Arc;
use std::time::Duration;

use herald::auth::model::Role;
use herald::base::{ManualClock, TimeZone, Timestamp};
use herald::events::EventType;
use herald::events::model::Draft;

use crate::support::app::{Setting, TestApp, Visitor};
use crate::support::mailbox::{Mailbox, ReceivedMail};
use crate::support::recorder::{Answer, Recorder};

const LIST: &str = "/settings/integrations/collaboration/webhooks";
const PUBLIC_URL: &str = "https://herald.example.com";

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A Herald with a clock that stands still, a mail server, a receiver, and one webhook.
struct Scene {
    app: TestApp,
    clock: Arc<ManualClock>,
    mailbox: Mailbox,
    receiver: Recorder,
}

impl Scene {
    async fn start(schedule: &str) -> Self {
        let mailbox = Mailbox::start().await;
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let setting = Setting { clock: Some(clock.clone()), ..Setting::default() }
            .with("HERALD_SMTP_URL", mailbox.url())
            .with("HERALD_MAIL_FROM", "Herald <herald@example.com>")
            .with("HERALD_PUBLIC_URL", PUBLIC_URL)
            .with("HERALD_RETRY_SCHEDULE", schedule);
        let app = setting.spawn().await;
        let receiver = Recorder::start().await;
        let scene = Self { app, clock, mailbox, receiver };
        let url = scene.receiver.url("/hook");
        let fields = [("name", "CRM sync"), ("url", url.as_str()), ("events", "PROJECT_CREATED")];
        assert_eq!(scene.ada().await.posts(&format!("{LIST}/new"), &fields).await.status(), 303);
        scene
    }

    async fn ada(&self) -> Visitor {
        self.app.admin().await
    }

    /// An attempt fails, and its result is on disk.
    async fn fails(&self) {
        self.receiver.answer("/hook", Answer::status(503));
        records_event(&self.app).await;
        let count = "SELECT COUNT(*) FROM webhooks WHERE failing_since IS NOT NULL";
        self.app.eventually("it fails", async || (number(&self.app, count).await == 1).then_some(())).await;
    }

    /// Waits until every alert has been told and every mail is gone.
    async fn is_quiet(&self) {
        let open = "SELECT (SELECT COUNT(*) FROM alerts WHERE told_at IS NULL) + (SELECT COUNT(*) FROM mails)";
        self.app.eventually("all is told", async || (number(&self.app, open).await == 0).then_some(())).await;
    }

    async fn stop(self) {
        self.app.stop().await;
    }
}

fn subjects(mails: &[ReceivedMail]) -> Vec<String> {
    mails.iter().map(|mail| mail.header("subject").unwrap_or_default()).collect()
}

async fn number(app: &TestApp, query: &'static str) -> i64 {
    use sqlx::Row as _;
    let mut conn = app.running().db.read().await.expect("a connection");
    sqlx::query(query).fetch_one(&mut *conn).await.expect(query).get(0)
}

async fn records_event(app: &TestApp) {
    let draft = Draft {
        event_type: EventType::ProjectCreated,
        entity_ids: vec!["5dd51ea63f3dad73ab0a344b".into()],
        performed_by: "ada@halden.example".into(),
        performed_at: Timestamp::from_seconds(1_800_000_000),
        data: None,
    };
    let running = app.running();
    let mut tx = running.db.begin().await.expect("a transaction");
    running.recorder.record(&mut tx, &app.organization.id, TimeZone::UTC, draft).await.expect("an event");
    tx.commit().await.expect("a commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_failure_and_the_recovery_are_mailed_to_every_admin() {
    let scene = Scene::start("5s").await;
    scene.app.adds_person("bob@halden.example", Role::Admin).await;
    scene.app.adds_person("carl@halden.example", Role::Moderator).await;
    scene.fails().await;
    let mails = scene.mailbox.wait_for(2).await;
    let mut recipients: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
    recipients.sort_unstable();
    assert_eq!(recipients, ["ada@halden.example", "bob@halden.example"]);
    let mail = &mails[0];
    assert_eq!(mail.from, "herald@example.com");
    assert_eq!(mail.header("from").as_deref(), Some("Herald <herald@example.com>"));
    assert_eq!(mail.header("subject").as_deref(), Some("[Herald] CRM sync is failing"));
    assert_eq!(mail.header("auto-submitted").as_deref(), Some("auto-generated"));
    assert_ne!(mail.header("message-id"), mails[1].header("message-id"));
    for part in ["multipart/alternative", "text/plain", "text/html", "503 Service Unavailable", "Halden Systems"] {
        assert!(mail.text().contains(part), "{part}: {}", mail.data);
    }
    let text = mail.text();
    let link = text.lines().find(|line| line.contains("/deliveries/")).expect("a link to the failing attempt");
    let path = link.trim().strip_prefix(PUBLIC_URL).expect("on the public address").to_owned();
    assert!(scene.ada().await.reads(&path).await.contains("503"), "the link leads to the failing attempt");

    scene.receiver.answer("/hook", Answer::status(200));
    scene.clock.advance(Duration::from_secs(6));
    let mails = scene.mailbox.wait_for(4).await;
    assert_eq!(subjects(&mails[2..]), ["[Herald] CRM sync works again"; 2]);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_alone_climbs_the_ladder_and_each_rung_is_told_once() {
    let scene = Scene::start("30d").await;
    scene.fails().await;
    scene.mailbox.wait_for(1).await;
    let second = Duration::from_secs(1);
    scene.clock.advance(HOUR - second);
    scene.is_quiet().await;
    for (wait, count) in [(second * 2, 2), (DAY - HOUR, 3), (DAY * 3, 4)] {
        scene.clock.advance(wait);
        scene.mailbox.wait_for(count).await;
        scene.is_quiet().await;
        scene.clock.advance(second);
    }
    scene.clock.advance(DAY * 5);
    scene.is_quiet().await;
    let told = ["is failing", "has been failing for an hour", "has been failing for a day", "will soon be disabled"];
    assert_eq!(subjects(&scene.mailbox.mails()), told.map(|what| format!("[Herald] CRM sync {what}")));
    let status = "SELECT COUNT(*) FROM webhooks WHERE state = 'active'";
    assert_eq!(number(&scene.app, status).await, 1, "one failure is not enough");
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_mailed_of_with_what_to_do() {
    let scene = Scene::start("5s").await;
    scene.receiver.answer("/hook", Answer::status(410));
    records_event(&scene.app).await;
    let mails = scene.mailbox.wait_for(1).await;
    assert_eq!(subjects(&mails), ["[Herald] CRM sync is disabled"]);
    assert!(mails[0].text().contains("until somebody enables"), "{}", mails[0].data);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_not_taken_is_tried_again() {
    let scene = Scene::start("30d").await;
    scene.mailbox.refuse_next("451 come back later");
    scene.mailbox.refuse_next("550 who is that");
    scene.fails().await;
    for (left, wait) in [(1, 60), (0, 300)] {
        scene.app.eventually("it is refused", async || (scene.mailbox.refusals_left() == left).then_some(())).await;
        let later = "SELECT COUNT(*) FROM mails WHERE due_at > 1800000000000000 + 50 * 1000000 AND tries > 0";
        let postponed = async || {
            let tries = number(&scene.app, "SELECT COALESCE(MAX(tries), 0) FROM mails").await;
            (tries == 2 - left as i64 && number(&scene.app, later).await == 1).then_some(())
        };
        scene.app.eventually("it is put off", postponed).await;
        assert!(scene.mailbox.mails().is_empty());
        scene.clock.advance(Duration::from_secs(wait + 120));
    }
    assert_eq!(subjects(&scene.mailbox.wait_for(1).await), ["[Herald] CRM sync is failing"]);
    scene.is_quiet().await;
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_choose_which_mails_they_want() {
    let scene = Scene::start("30d").await;
    scene.app.adds_person("bob@halden.example", Role::Admin).await;
    let ada = scene.ada().await;
    assert_eq!(
        ada.posts("/profile/mails", &[("mails", "failing_for_an_hour"), ("mails", "disabled")]).await.status(),
        303
    );
    let profile = ada.reads("/profile").await;
    assert_eq!(profile.matches("name=\"mails\"").count(), 6);
    assert_eq!(profile.matches(" checked").count(), 2);
    assert_ne!(ada.posts("/profile/mails", &[("mails", "everything")]).await.status(), 303);
    scene.fails().await;
    scene.is_quiet().await;
    assert_eq!(scene.mailbox.mails().iter().map(|mail| mail.to.clone()).collect::<Vec<_>>(), ["bob@halden.example"]);
    scene.clock.advance(HOUR + Duration::from_secs(1));
    scene.mailbox.wait_for(3).await;
    scene.app.adds_person("carl@halden.example", Role::Moderator).await;
    let carl = scene.app.signed_in("carl@halden.example").await;
    assert!(!carl.reads("/profile").await.contains("name=\"mails\""), "he gets none");
    assert_eq!(carl.posts("/profile/mails", &[]).await.status(), 403);
    scene.stop().await;
}
