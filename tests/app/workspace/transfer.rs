//! The answer library as a file: imports with their preview, their progress and their end, and exports.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::Path;

use herald::auth::model::Role;
use herald::db::{Db, Options};
use scraper::{Html, Selector};
use sqlx::Row as _;

use crate::crash::text;
use crate::support::app::{TestApp, Visitor, eventually, spawn_app};
use crate::support::process::{Home, copy_database};

/// Uploads a file that is taken, and gives the path of its import.
async fn uploaded(visitor: &Visitor, file: impl AsRef<[u8]>) -> String {
    let answer = visitor.uploads("/answers/import", "library.csv", file).await;
    let status = answer.status();
    let place = answer.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
    place.unwrap_or_else(|| panic!("{status}"))
}

async fn starts(visitor: &Visitor, import: &str) {
    let answer = visitor.posts(&format!("{import}/start"), &[]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, import));
}

async fn finishes(visitor: &Visitor, import: &str) -> String {
    eventually("the import is finished", &mut async || {
        let page = visitor.reads(import).await;
        page.contains("Finished").then_some(page)
    })
    .await
}

/// What people read on a page, without its markup.
fn words(page: &str) -> String {
    let main = Selector::parse("main").unwrap();
    let page = Html::parse_document(page);
    let text: String = page.select(&main).flat_map(|main| main.text()).collect::<Vec<_>>().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn many(count: usize) -> String {
    let mut file = "question,answer,tags\n".to_owned();
    for number in 1..=count {
        writeln!(file, "\"Question {number}?\",\"Answer {number}, in one line.\",\"Bulk, Batch {}\"", number % 7)
            .unwrap();
    }
    file
}

/// The library's pairs in the order in which they were saved: question, answer, tags, status, by whom.
async fn pairs(db: &Db) -> Vec<(String, String, String, String, String)> {
    let mut conn = db.read().await.unwrap();
    let text = "SELECT question, answer, tags, status, created_by FROM answers ORDER BY number";
    let rows = sqlx::query(text).fetch_all(&mut *conn).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect()
}

/// The ids of each event about new pairs, in the order of the events, and by whom it was.
async fn created(db: &Db) -> Vec<(Vec<String>, String)> {
    let mut conn = db.read().await.unwrap();
    let rows =
        sqlx::query("SELECT event_type, entity_ids, performed_by FROM events ORDER BY seq").fetch_all(&mut *conn);
    let event = |row: &sqlx::any::AnyRow| {
        assert_eq!(row.get::<String, _>(0), "ANSWER_LIB_CREATED");
        (serde_json::from_str(&row.get::<String, _>(1)).unwrap(), row.get(2))
    };
    rows.await.unwrap().iter().map(event).collect()
}

/// The ids of all pairs, in the order in which they were saved.
async fn answer_ids(db: &Db) -> Vec<String> {
    let mut conn = db.read().await.unwrap();
    let rows = sqlx::query("SELECT id FROM answers ORDER BY number").fetch_all(&mut *conn).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn count(db: &Db, table: &'static str) -> i64 {
    let text = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    sqlx::query(text).fetch_one(&mut *db.read().await.unwrap()).await.unwrap().get(0)
}

fn db(app: &TestApp) -> &Db {
    &app.running().db
}

#[tokio::test]
async fn a_file_is_looked_at_first_and_imported_once_in_its_order() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let file = "\u{feff}Tags;Question;Answer;Source\r\nEU, eu;Where is data stored?;\"In Frankfurt;\r\nand Dublin.\";wiki\r\n;Who holds keys?;\"You \"\"do\"\".\";\r\n";
    let import = uploaded(&ada, file).await;
    let preview = words(&ada.reads(&import).await);
    for told in ["2 pairs found", "Nothing is imported yet.", "published at once", "Where is data stored?", "Source"] {
        assert!(preview.contains(told), "{told}: {preview}");
    }
    assert_eq!((count(db(&app), "answers").await, count(db(&app), "events").await), (0, 0));

    starts(&ada, &import).await;
    assert!(words(&finishes(&ada, &import).await).contains("2 pairs imported"));
    let by = app.admin.email.clone();
    let pair = |question: &str, answer: &str, tags: &str| {
        (question.to_owned(), answer.to_owned(), tags.to_owned(), "published".to_owned(), by.clone())
    };
    let expected = [
        pair("Where is data stored?", "In Frankfurt;\nand Dublin.", "[\"EU\"]"),
        pair("Who holds keys?", "You \"do\".", "[]"),
    ];
    assert_eq!(pairs(db(&app)).await, expected);
    assert_eq!(created(db(&app)).await, [(answer_ids(db(&app)).await, by)]);
    starts(&ada, &import).await;
    assert_eq!(ada.posts(&format!("{import}/discard"), &[]).await.status(), 409);
    assert_eq!((count(db(&app), "answers").await, count(db(&app), "import_rows").await), (2, 0));
    assert!(ada.reads("/answers/import").await.contains("2 pairs imported"));
    app.stop().await;
}

#[tokio::test]
async fn rows_that_break_a_rule_are_shown_by_their_lines_and_left_out() {
    let app = spawn_app().await;
    app.adds_person("carla@halden.example", Role::Member).await;
    let carla = app.signed_in("carla@halden.example").await;
    let long = "x".repeat(5_001);
    let file =
        format!("question,answer,tags\nQ1,A1,\n,A2,\n\"Q3\n\",\"\",\n{long},A4,\nQ5,A5,{}\nQ6,A6,ok\n", "y".repeat(51));
    let import = uploaded(&carla, file).await;
    let preview = words(&carla.reads(&import).await);
    for told in [
        "2 pairs found",
        "4 rows cannot be imported",
        "wait in moderation",
        "Line 3 question Enter a question.",
        "Line 4 answer Enter an answer.",
        "Line 6 question Enter at most 5000 characters.",
        "Line 7 tags Enter at most 50 characters.",
    ] {
        assert!(preview.contains(told), "{told}: {preview}");
    }
    starts(&carla, &import).await;
    let done = words(&finishes(&carla, &import).await);
    assert!(done.contains("2 pairs imported") && done.contains("4 rows of the file were left out"), "{done}");
    let saved: Vec<_> =
        pairs(db(&app)).await.into_iter().map(|(question, _, _, status, by)| (question, status, by)).collect();
    let waits = |question: &str| (question.to_owned(), "in_moderation".to_owned(), "carla@halden.example".to_owned());
    assert_eq!(saved, [waits("Q1"), waits("Q6")]);
    app.stop().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_at_its_field_and_leaves_nothing() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    for (name, file, told) in [
        ("", &b""[..], "Choose a file."),
        ("a.csv", b"", "The file is empty."),
        ("a.csv", b"question;tags\nQ;T\n", "does not name a column answer"),
        ("a.csv", b"question,answer\nQ,A\n\xff\xfe,A\n", "Line 3 is not UTF-8"),
        ("a.csv", b"question,answer\nQ,\"A\n", "The quote that is opened in line 2 is never closed."),
    ] {
        let answer = ada.uploads("/answers/import", name, file).await;
        assert_eq!(answer.status(), 422, "{told}");
        let page = answer.text().await.unwrap();
        assert!(words(&page).contains(told) && page.contains("aria-invalid=\"true\""), "{told}: {page}");
    }
    let import = uploaded(&ada, "question,answer\n,\n,A\n").await;
    assert!(!ada.reads(&import).await.contains("/start"));
    assert_eq!(ada.posts(&format!("{import}/start"), &[]).await.status(), 409);
    assert_eq!(ada.posts(&format!("{import}/discard"), &[]).await.status(), 303);
    assert_eq!(ada.gets(&import).await.status(), 404);
    assert_eq!(ada.posts("/answers/import", &[]).await.status(), 415);
    assert_eq!((count(db(&app), "imports").await, count(db(&app), "import_rows").await), (0, 0));
    app.stop().await;
}

#[tokio::test]
async fn an_import_belongs_to_its_organization_and_to_people_who_are_signed_in() {
    let (app, other) = (spawn_app().await, spawn_app().await);
    let import = uploaded(&app.admin().await, many(1)).await;
    assert_eq!(other.admin().await.gets(&import).await.status(), 404);
    app.adds_person("mona@herald.example", Role::AccountManager).await;
    let manager = app.signed_in("mona@herald.example").await;
    for path in [import.as_str(), "/answers/import", "/answers/export"] {
        assert_eq!(manager.gets(path).await.status(), 403, "{path}");
        assert_eq!(app.visitor().gets(path).await.status(), 303, "{path}");
    }
    other.stop().await;
    app.stop().await;
}

#[tokio::test]
async fn each_thousand_pairs_are_one_event_and_the_progress_is_told() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let import = uploaded(&ada, many(5_000)).await;
    assert!(words(&ada.reads(&import).await).contains("The first 10 of 5,000."));
    starts(&ada, &import).await;
    let seen = RefCell::new(Vec::new());
    eventually("the import is finished", &mut async || {
        let page = words(&ada.reads(&import).await);
        let (before, _) = page.split_once(" of 5,000 pairs").unwrap_or(("5000", ""));
        let done: i64 = before.rsplit(' ').next().unwrap().replace(',', "").parse().expect("a number");
        seen.borrow_mut().push(done);
        page.contains("5,000 pairs imported").then_some(())
    })
    .await;
    let seen = seen.into_inner();
    assert!(seen.is_sorted() && seen.iter().all(|done| done % 1_000 == 0), "{seen:?}");
    let events = created(db(&app)).await;
    assert_eq!(events.iter().map(|(ids, _)| ids.len()).collect::<Vec<_>>(), [1_000; 5]);
    let told: Vec<String> = events.into_iter().flat_map(|(ids, _)| ids).collect();
    assert_eq!(told, answer_ids(db(&app)).await);
    let questions = pairs(db(&app)).await.into_iter().map(|(question, ..)| question);
    assert!(questions.eq((1..=5_000).map(|number| format!("Question {number}?"))));
    app.stop().await;
}

#[tokio::test]
async fn what_is_exported_is_imported_as_it_was() {
    let (app, other) = (spawn_app().await, spawn_app().await);
    let (ada, bob) = (app.admin().await, other.admin().await);
    let file = "question,answer,tags,owner\r\n\"Is it \"\"so\"\"?\",\"Line, one\nline; two\",\"EU, ISO 27001\",ada@halden.example\r\n=1+1,\"\tÄ €\",,\r\n\"-5 \"\"or\"\" 6\",''@two,\"+tag, =two\",\r\n";
    let import = uploaded(&ada, file.to_owned() + many(600).split_once('\n').unwrap().1).await;
    starts(&ada, &import).await;
    finishes(&ada, &import).await;
    let answer = ada.gets("/answers/export").await;
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8; header=present");
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"answer-library.csv\"");
    let exported = answer.text().await.unwrap();
    assert!(
        exported.starts_with("\u{feff}question,answer,tags,owner,status\r\n\"Is it \"\"so\"\"?\""),
        "{}",
        &exported[..200]
    );
    for cell in ["\r\n'=1+1,", "\r\n\"'-5 \"\"or\"\" 6\",", ",''@two,", ",\"'+tag, =two\","] {
        assert!(exported.contains(cell), "{cell} is no formula for a spreadsheet");
    }

    let import = uploaded(&bob, &exported).await;
    assert!(words(&bob.reads(&import).await).contains("603 pairs found"));
    starts(&bob, &import).await;
    finishes(&bob, &import).await;
    assert_eq!(bob.gets("/answers/export").await.text().await.unwrap(), exported);
    assert_eq!(pairs(db(&app)).await, pairs(db(&other)).await);
    let chosen = bob.gets("/answers/export?tag=iso+27001").await.text().await.unwrap();
    assert_eq!(chosen.matches("published").count(), 1, "{chosen}");
    assert_eq!(bob.gets("/answers/export?status=done").await.status(), 400);
    other.stop().await;
    app.stop().await;
}

#[tokio::test]
async fn what_the_library_has_is_left_out_unless_somebody_wants_it_twice() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let first = uploaded(&ada, many(1_500)).await;
    starts(&ada, &first).await;
    finishes(&ada, &first).await;

    // The same file with more behind it, one of them twice, and one that differs in its answer alone.
    let more = "\"Question 1?\",\"Another answer.\",\n\"New?\",\"Yes.\",\nNew?,Yes.,Other tag\n";
    let again = uploaded(&ada, many(1_500) + more).await;
    let preview = words(&ada.reads(&again).await);
    for told in ["1,503 pairs found", "1,501 of them are in the library already", "left out", "Import 2 pairs"] {
        assert!(preview.contains(told), "{told}: {preview}");
    }
    starts(&ada, &again).await;
    let done = words(&finishes(&ada, &again).await);
    assert!(done.contains("2 pairs imported") && done.contains("1,501 pairs left out"), "{done}");
    let saved: Vec<_> = pairs(db(&app)).await.into_iter().skip(1_500).map(|(q, a, ..)| (q, a)).collect();
    let pair = |question: &str, answer: &str| (question.to_owned(), answer.to_owned());
    assert_eq!(saved, [pair("Question 1?", "Another answer."), pair("New?", "Yes.")]);
    let sizes: Vec<_> = created(db(&app)).await.into_iter().map(|(ids, _)| ids.len()).collect();
    assert_eq!(sizes, [1_000, 500, 2]);

    let all = uploaded(&ada, many(3)).await;
    let preview = words(&ada.reads(&all).await);
    assert!(preview.contains("All of them are in the library already"), "{preview}");
    starts(&ada, &all).await;
    assert!(words(&finishes(&ada, &all).await).contains("0 pairs imported"));
    let all = uploaded(&ada, many(3)).await;
    let answer = ada.posts(&format!("{all}/start"), &[("known", "import")]).await;
    assert_eq!(answer.status(), 303);
    assert!(words(&finishes(&ada, &all).await).contains("3 pairs imported"));
    assert_eq!(count(db(&app), "answers").await, 1_505);
    app.stop().await;
}

#[tokio::test]
async fn an_import_that_is_stopped_keeps_what_is_saved_and_says_so() {
    const PAIRS: i64 = 8_000;
    let app = spawn_app().await;
    let ada = app.admin().await;
    let import = uploaded(&ada, many(PAIRS as usize)).await;
    assert_eq!(ada.posts(&format!("{import}/stop"), &[]).await.status(), 409, "it was not started");
    starts(&ada, &import).await;
    eventually("some pairs are saved", &mut async || (count(db(&app), "answers").await > 0).then_some(())).await;
    assert!(ada.reads(&import).await.contains(&format!("action=\"{import}/stop\"")), "the page offers it");
    for _ in 0..2 {
        assert_eq!(ada.posts(&format!("{import}/stop"), &[]).await.status(), 303);
    }
    let saved = count(db(&app), "answers").await;
    assert!((1_000..PAIRS).contains(&saved) && saved % 1_000 == 0, "{saved} pairs");
    let page = words(&ada.reads(&import).await);
    let thousands = saved / 1_000;
    assert!(page.contains(&format!("Stopped after {thousands},000 pairs")), "{page}");
    assert_eq!(count(db(&app), "import_rows").await, 0);
    assert!(words(&ada.reads("/answers/import").await).contains(&format!("Stopped after {thousands},000 pairs")));

    // The same file again brings the rest, and the rest alone.
    let rest = uploaded(&ada, many(PAIRS as usize)).await;
    assert!(words(&ada.reads(&rest).await).contains(&format!("Import {},000 pairs", 8 - thousands)));
    starts(&ada, &rest).await;
    finishes(&ada, &rest).await;
    let questions = pairs(db(&app)).await.into_iter().map(|(question, ..)| question);
    assert!(questions.eq((1..=PAIRS).map(|number| format!("Question {number}?"))));
    app.stop().await;
}

/// How many pairs a killed server's database holds. Asked of a copy, so that the next start finds the original untouched.
async fn on_disk(home: &Path) -> i64 {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = copy_database(&home.join("herald.db"), folder.path());
    let db = Db::open(&format!("sqlite://{}", copy.display()), Options::default()).await.expect("the copy is sound");
    let saved = count(&db, "answers").await;
    db.close().await;
    saved
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_after_the_server_was_killed() {
    const PAIRS: usize = 10_000;
    let folder = tempfile::tempdir().expect("a folder");
    let database = format!("sqlite://{}/herald.db", folder.path().display());
    let settings = vec![("HERALD_LISTEN", "127.0.0.1:0".into()), ("HERALD_DATABASE_URL", database.clone())];
    let home = Home { folder: folder.path().to_owned(), settings };
    let organization = text(&home.admin(&["create-organization", "--name", "Halden"]).await, "id");
    let email = "ada@halden.example";
    let user = home.admin(&["create-user", "--organization", &organization, "--email", email, "--role", "admin"]).await;
    let password = text(&user, "password");
    let signs_in = async |base: &str| {
        let visitor = Visitor::at(base);
        assert_eq!(visitor.posts("/login", &[("email", email), ("password", &password)]).await.status(), 303);
        visitor
    };
    let server = home.serve().await;
    let ada = signs_in(&server.base).await;
    let import = uploaded(&ada, many(PAIRS)).await;
    starts(&ada, &import).await;
    eventually("some pairs are saved", &mut async || {
        let page = words(&ada.reads(&import).await);
        page.contains(",000 of 10,000 pairs").then_some(())
    })
    .await;
    server.kill().await;
    let saved = on_disk(folder.path()).await;
    assert!((1..PAIRS as i64).contains(&saved), "it was killed in the middle: {saved}");
    assert_eq!(saved % 1_000, 0, "each thousand is saved whole");

    let server = home.serve().await;
    let db = Db::open(&database, Options::default()).await.expect("the database is sound");
    let ada = signs_in(&server.base).await;
    finishes(&ada, &import).await;
    let questions = pairs(&db).await.into_iter().map(|(question, ..)| question);
    assert!(questions.eq((1..=PAIRS).map(|number| format!("Question {number}?"))), "each pair is there once");
    let events = created(&db).await;
    assert!(events.iter().all(|(ids, by)| ids.len() == 1_000 && by == email));
    let told: Vec<String> = events.into_iter().flat_map(|(ids, _)| ids).collect();
    assert_eq!(told, answer_ids(&db).await);
    assert_eq!(count(&db, "import_rows").await, 0);
    db.close().await;
    assert_eq!(server.terminate().await.code(), Some(0));
}
