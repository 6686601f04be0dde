//! What people do all day, from the first question of a client to the trash, and every callback of it: a webhook that is
//! subscribed to everything hears of each step that is an event, and of nothing else. Told twice, because every page
//! has to work without JavaScript too.

use chrono::NaiveDateTime;

use crate::support::app::{PASSWORD, TestApp, spawn_app};
use crate::support::chromium::{Browser, BrowserOptions};
use crate::support::programs::Program;
use crate::support::recorder::{Received, Recorder};

/// All that can be subscribed to.
const EVERYTHING: [&str; 10] = [
    "SECTION_COMPLETED",
    "PROJECT_CREATED",
    "PROJECT_EDITED",
    "PROJECT_COMPLETED",
    "PROJECT_ARCHIVED",
    "PROJECT_DELETED",
    "ANSWER_LIB_CREATED",
    "ANSWER_LIB_UPDATED",
    "ANSWER_LIB_DELETED",
    "INTAKE_CREATED",
];

const ENCRYPTION: &str = "Do you encrypt customer data at rest?";
const ENCRYPTED: &str = "Yes, with AES-256. Keys are rotated every 90 days.";
const INCIDENTS: &str = "How soon after an incident do you tell us?";
const WITHIN_A_DAY: &str = "Within 24 hours of confirming it.";
const PROJECT: &str = "Aldgate Transit, security and hosting";

#[tokio::test]
async fn a_response_is_written_and_every_step_is_called_back() {
    Story::begins(BrowserOptions::default()).await.unfolds().await;
}

#[tokio::test]
async fn the_same_response_without_javascript() {
    Story::begins(BrowserOptions::default().without_javascript()).await.unfolds().await;
}

struct Story {
    app: TestApp,
    browser: Browser,
    receiver: Recorder,
    /// Looks up what the ids in the callbacks name, as receivers do.
    program: Program,
    has_javascript: bool,
    /// How many callbacks came so far.
    told: usize,
}

impl Story {
    async fn begins(options: BrowserOptions) -> Story {
        let (app, receiver) = (spawn_app().await, Recorder::start().await);
        app.adds_webhook(&receiver.url("/"), &EVERYTHING).await;
        let (program, browser) = (app.program("read").await, Browser::start(options).await);
        browser.signs_in(&app.url("/login"), &app.admin.email, PASSWORD).await;
        Story { app, browser, receiver, program, has_javascript: options.javascript, told: 0 }
    }

    async fn unfolds(mut self) {
        let encryption = self.adds_a_pair_to_the_library().await;
        self.hears("ANSWER_LIB_CREATED", "ANSWER_LIBRARY", &encryption, "").await;
        let project = self.creates_a_project().await;
        self.hears("PROJECT_CREATED", "PROJECT", &project, "").await;

        let section = self.adds_a_section().await;
        self.adds_a_question(ENCRYPTION, "").await;
        self.adds_a_question(INCIDENTS, WITHIN_A_DAY).await;
        self.takes_an_answer_from_the_library().await;
        self.hears_nothing().await;

        self.saves_an_answer_to_the_library().await;
        let incidents = self.finds_it_in_moderation().await;
        self.hears("ANSWER_LIB_CREATED", "ANSWER_LIBRARY", &incidents, "").await;
        self.publishes_it().await;
        self.hears("ANSWER_LIB_UPDATED", "ANSWER_LIBRARY", &incidents, r#","CHANGE":"PUBLISHED""#).await;

        self.completes_the_section().await;
        let of_project = format!(r#","PROJECT_ID":"{project}""#);
        self.hears("SECTION_COMPLETED", "SECTION", &section, &of_project).await;
        self.completes_the_project().await;
        self.hears("PROJECT_COMPLETED", "PROJECT", &project, "").await;
        self.moves_it_to_the_trash().await;
        self.hears("PROJECT_DELETED", "PROJECT", &project, r#","PERMANENT":false"#).await;
        self.ends().await;
    }

    /// Adds a pair as an admin does, which publishes it at once, and gives its id.
    async fn adds_a_pair_to_the_library(&self) -> String {
        self.browser.follow("Answer Library").await;
        self.browser.follow("Add Q&A pair").await;
        self.browser.fill("Question", ENCRYPTION).await;
        self.browser.fill("Answer", ENCRYPTED).await;
        self.browser.press("Add pair").await;
        self.browser.wait_for_text("#pairs", "Published").await;
        self.browser.last_of_link(ENCRYPTION).await
    }

    async fn creates_a_project(&self) -> String {
        self.browser.follow("Projects").await;
        self.browser.follow("New project").await;
        self.browser.fill("Name", PROJECT).await;
        self.browser.press("Create project").await;
        self.browser.wait_for_text("h1", PROJECT).await;
        self.browser.last_of_address().await
    }

    async fn adds_a_section(&self) -> String {
        self.browser.fill("New section", "Security").await;
        self.browser.press("Add section").await;
        self.browser.follow("Security").await;
        self.browser.wait_for_text("h1", "Security").await;
        self.browser.last_of_address().await
    }

    async fn adds_a_question(&self, question: &str, answer: &str) {
        self.browser.fill("Question", question).await;
        self.browser.fill("Answer Optional", answer).await;
        self.browser.press("Add question").await;
        self.browser.wait_for_text(".questions", question).await;
    }

    async fn takes_an_answer_from_the_library(&self) {
        self.browser.follow("Answer question 1").await;
        self.browser.fill("Words in the library", "encrypt").await;
        if !self.has_javascript {
            self.browser.press("Search").await;
        }
        self.browser.wait_for_text("#library", ENCRYPTED).await;
        self.browser.press(&format!("Take this answer to {ENCRYPTION}")).await;
        self.browser.wait_for_text("#toasts", "Answer taken from the library").await;
        assert_eq!(self.browser.value("[name=answer]").await, ENCRYPTED);
        self.browser.follow("Security").await;
        self.browser.wait_for_text(".questions", ENCRYPTED).await;
    }

    async fn saves_an_answer_to_the_library(&self) {
        self.browser.follow("Edit question 2").await;
        self.browser.press("Save to library").await;
        self.browser.wait_for_text("#toasts", "Answer saved to the library").await;
    }

    /// Opens the queue, in which the saved answer is the only one, and gives the pair's id.
    async fn finds_it_in_moderation(&self) -> String {
        self.browser.follow("Answer Library").await;
        self.browser.follow("Moderation 1").await;
        self.browser.wait_for_text("#h-question", INCIDENTS).await;
        self.browser.wait_for_text("article", WITHIN_A_DAY).await;
        self.browser.last_of_link("Edit first").await
    }

    async fn publishes_it(&self) {
        self.browser.press("Publish").await;
        self.browser.wait_for_text("#toasts", "Pair published").await;
        self.browser.wait_for_text("main", "All caught up").await;
    }

    async fn completes_the_section(&self) {
        self.browser.follow("Projects").await;
        self.browser.follow(PROJECT).await;
        self.browser.follow("Security").await;
        self.browser.press("Complete section").await;
        self.browser.wait_for_text("#toasts", "Section completed").await;
        self.browser.wait_for_text(".page__title", "Complete").await;
    }

    async fn completes_the_project(&self) {
        self.browser.follow(PROJECT).await;
        self.browser.press("Mark as complete").await;
        self.browser.wait_for_text("#toasts", "Project completed").await;
        self.browser.wait_for_text(".page__title", "Complete").await;
    }

    async fn moves_it_to_the_trash(&self) {
        self.browser.press("More actions").await;
        self.browser.press("Move to trash").await;
        self.browser.wait_for_text("#toasts", "Project moved to trash").await;
        self.browser.follow("Trash").await;
        self.browser.wait_for_text("tbody", PROJECT).await;
    }

    /// The step that was just taken is one event with one callback, which is this one to the letter; what its id names
    /// can be looked up. No other step so far was an event.
    async fn hears(&mut self, event_type: &str, entity_type: &str, id: &str, more: &str) {
        self.told += 1;
        let recorded = self.recorded().await;
        assert_eq!(recorded.len(), self.told, "events are recorded with their changes: {recorded:?}");
        let received = self.receiver.wait_for(self.told).await;
        assert_eq!(received.iter().map(event_id).collect::<Vec<_>>(), recorded, "each event is called back once");
        let callback = received.last().expect("one was waited for");
        let (event, by, at) = (event_id(callback), &self.app.admin.email, performed_at(callback));
        let body = format!(
            r#"{{"EVENT_ID":"{event}","EVENT_TYPE":"{event_type}","ENTITY_ID":["{id}"],"ENTITY_TYPE":"{entity_type}","PERFORMED_BY":"{by}","PERFORMED_AT":"{at}"{more}}}"#
        );
        assert_eq!(callback.text(), body);
        self.looks_up(entity_type, id).await;
    }

    /// The steps since the last callback were no events.
    async fn hears_nothing(&self) {
        assert_eq!(self.recorded().await.len(), self.told);
        assert_eq!(self.receiver.requests().len(), self.told);
    }

    /// The ids of all events, oldest first.
    async fn recorded(&self) -> Vec<String> {
        let log = self.program.gets("/events?limit=250").await.json();
        let events = log["data"].as_array().expect("a list").iter().rev();
        events.map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
    }

    async fn looks_up(&self, entity_type: &str, id: &str) {
        let place = match entity_type {
            "PROJECT" => "projects",
            "SECTION" => "sections",
            "ANSWER_LIBRARY" => "answers",
            other => panic!("nothing of the story is a {other}"),
        };
        let found = self.program.gets(&format!("/{place}/{id}")).await;
        assert_eq!((found.status, found.json()["id"].as_str()), (200, Some(id)));
    }

    /// What was under way when the program stopped has come by then.
    async fn ends(self) {
        self.app.stop().await;
        assert_eq!(self.receiver.requests().len(), self.told, "nothing is called back that was not waited for");
    }
}

fn event_id(callback: &Received) -> String {
    callback.header("webhook-id").expect("every callback has one").to_owned()
}

/// When it says that it happened, which is a time of Los Angeles.
fn performed_at(callback: &Received) -> String {
    let body = callback.json();
    let at = body["PERFORMED_AT"].as_str().expect("a text");
    let local = at.strip_suffix(" PST").or_else(|| at.strip_suffix(" PDT")).expect("the zone's abbreviation");
    NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S").expect("a time");
    at.to_owned()
}
