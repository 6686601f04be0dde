//! The audit log, through the door.

use herald::accounts::audit::model::ACTIONS;
use herald::auth::model::Role;

use super::{attributes, texts};
use crate::support::app::{Setting, TestApp, Visitor, spawn_app};
use crate::support::programs::number;

const LIST: &str = "/settings/audit-log";
const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";

/// Adds an instance, and answers the address of its form.
async fn adds_webhook(admin: &Visitor, name: &str) -> String {
    let fields = [
        ("name", name),
        ("url", "http://127.0.0.1:4999/hook?token=s3cret-in-the-query"),
        ("header_name", "Authorization"),
        ("header_value", "Bearer s3cret-in-a-header"),
        ("events", "PROJECT_CREATED"),
    ];
    assert_eq!(admin.posts(&format!("{WEBHOOKS}/new"), &fields).await.status(), 303);
    attributes(&admin.reads(WEBHOOKS).await, &format!("[aria-label=\"Edit {name}\"]"), "href").concat()
}

fn sentences(page: &str) -> Vec<String> {
    texts(page, "td.title .cell > :first-child")
}

#[tokio::test]
async fn a_change_of_a_webhook_is_told_with_what_it_was_and_is_and_without_secrets() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    let edit = adds_webhook(&admin, "CRM sync").await;
    let fields = [
        ("name", "CRM"),
        ("url", "http://127.0.0.1:4999/other?token=another-s3cret"),
        ("header_name", "Authorization"),
        ("header_value", "Bearer new-s3cret"),
        ("header_name", "X-Tenant"),
        ("header_value", "halden-s3cret"),
        ("events", "PROJECT_CREATED"),
        ("events", "PROJECT_DELETED"),
    ];
    assert_eq!(admin.posts(&edit, &fields).await.status(), 303);
    let page = admin.reads(LIST).await;
    let told = sentences(&page);
    assert_eq!(told[..2], ["Changed instance CRM sync", "Added instance CRM sync"], "{told:?}");
    let lines = texts(&page, "tr:first-child .cell__sub--wrap.small");
    for line in [
        "URL: http://127.0.0.1:4999/hook?*** → http://127.0.0.1:4999/other?***",
        "Name: CRM sync → CRM",
        "Headers: Authorization → Authorization, X-Tenant",
        "Other values: Authorization",
        "Events: PROJECT_CREATED → PROJECT_CREATED, PROJECT_DELETED",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line}: {lines:?}");
    }
    assert_eq!(texts(&page, "tr:first-child td:last-child .mono"), ["127.0.0.1"]);
    assert!(!page.contains("s3cret"));
    let csv = admin.reads("/settings/audit-log.csv").await;
    assert!(csv.contains("webhook.updated") && !csv.contains("s3cret"), "{csv}");
    app.stop().await;
}

#[tokio::test]
async fn the_address_is_the_one_that_a_trusted_proxy_names() {
    let app = Setting::default().with("HERALD_TRUSTED_PROXIES", "127.0.0.0/8").spawn().await;
    let admin = app.admin().await;
    let rename = admin.request(reqwest::Method::POST, "/settings").header("x-forwarded-for", "6.6.6.6, 203.0.113.24");
    let rename = rename.header("content-type", "application/x-www-form-urlencoded");
    let rename = rename.header("sec-fetch-site", "same-origin").body("name=Halden&time_zone=UTC");
    assert_eq!(admin.sends(rename).await.status(), 303);
    let page = admin.reads(&format!("{LIST}?action=organization.renamed")).await;
    assert_eq!(sentences(&page), ["Renamed the organization to Halden"]);
    assert_eq!(texts(&page, "td:last-child .mono"), ["203.0.113.24"]);
    app.stop().await;
}

#[tokio::test]
async fn entries_are_found_by_who_what_when_and_to_what() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    app.adds_person("sam@halden.example", Role::Admin).await;
    let sam = app.signed_in("sam@halden.example").await;
    adds_webhook(&sam, "Sam's").await;
    let edit = adds_webhook(&admin, "Ada's").await;
    let id = edit.split('/').nth(5).unwrap().to_owned();
    let found = async |query: &str| {
        let all = sentences(&admin.reads(&format!("{LIST}?{query}")).await);
        all.into_iter().filter(|sentence| sentence.contains("instance")).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ["Added instance Ada's", "Added instance Sam's"]);
    assert_eq!(found("who=sam%40halden.example").await, ["Added instance Sam's"]);
    assert_eq!(found("q=ADA%27S").await, ["Added instance Ada's"]);
    assert_eq!(found(&format!("q={id}")).await, ["Added instance Ada's"]);
    assert_eq!(found("action=webhook").await.len(), 2);
    assert_eq!(found("action=webhook.created").await.len(), 2);
    assert_eq!(found("action=project").await.len(), 0);
    assert_eq!(found("since=2020-01-01").await.len(), 2);
    assert_eq!(found("until=2020-01-01").await.len(), 0);
    let page = admin.reads(&format!("{LIST}?until=2020-01-01")).await;
    assert_eq!(texts(&page, ".empty h2"), ["Nothing matches these filters"]);
    let page = admin.reads(&format!("{LIST}?who=gone%40halden.example&action=webhook.created")).await;
    assert_eq!(
        attributes(&page, "select option[selected]", "value"),
        ["gone@halden.example", "webhook.created"],
        "what is asked for stays chosen"
    );
    assert_eq!(admin.gets(&format!("{LIST}?cursor=x")).await.status(), 400);
    let answer = admin.gets(&format!("{LIST}?since=yesterday")).await;
    assert_eq!(answer.status(), 422);
    assert_eq!(texts(&answer.text().await.unwrap(), "#since-error"), ["Enter a day, such as 2026-11-23."]);
    assert_eq!(admin.gets("/settings/audit-log.csv?since=yesterday").await.status(), 400);
    app.stop().await;
}

#[tokio::test]
async fn the_log_has_pages_and_belongs_to_the_admins_of_one_organization() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    for number in 0..51 {
        let name = format!("Halden {number}");
        assert_eq!(admin.posts("/settings", &[("name", &name), ("time_zone", "UTC")]).await.status(), 303);
    }
    let first = admin.reads(&format!("{LIST}?action=organization.renamed")).await;
    let older = attributes(&first, ".table-foot a[href]", "href");
    assert_eq!((sentences(&first).len(), older.len()), (50, 1));
    let second = admin.reads(&older[0]).await;
    assert_eq!(sentences(&second), ["Renamed the organization to Halden 0"]);

    super::members::adds_strangers(&app, "ines@brightwater.example").await;
    let ines = app.signed_in("ines@brightwater.example").await;
    assert!(!ines.reads(LIST).await.contains("Halden 1"));
    app.adds_person("mo@halden.example", Role::Moderator).await;
    let mo = app.signed_in("mo@halden.example").await;
    assert_eq!(mo.gets(LIST).await.status(), 403);
    assert_eq!(mo.gets("/settings/audit-log.csv").await.status(), 403);
    app.stop().await;
}

#[tokio::test]
async fn the_file_runs_nothing_in_a_spreadsheet_and_is_written_down_itself() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    adds_webhook(&admin, "=1+1").await;
    adds_webhook(&admin, "Hook").await;
    let answer = admin.gets("/settings/audit-log.csv?action=webhook&q=%3D1").await;
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"audit-log.csv\"");
    let file = answer.text().await.unwrap();
    let lines: Vec<_> = file.trim_end().lines().collect();
    assert_eq!(lines.len(), 2, "{file}");
    assert_eq!(lines[0], "\u{feff}id,at,actor,name,action,subject,source,address,details");
    assert!(lines[1].contains(",ada@halden.example,Ada Byron,webhook.created,'=1+1,page,127.0.0.1,"), "{file}");
    let page = admin.reads(&format!("{LIST}?action=audit_log")).await;
    assert_eq!(sentences(&page), ["Exported the Audit log"]);
    assert!(texts(&page, ".cell__sub").contains(&"Filter: action=webhook&q=%3D1".to_owned()), "{page}");
    exports_the_library(&app, &admin).await;
    app.stop().await;
}

async fn exports_the_library(app: &TestApp, admin: &Visitor) {
    assert_eq!(admin.gets("/answers/export").await.status(), 200);
    let written = "SELECT COUNT(*) FROM audit_entries WHERE action = 'answer.exported'";
    assert_eq!(number(&app.running().db, written).await, 1);
}

/// Sources of the program, without their tests.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("a text");
                let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
                found.push((path.display().to_string(), code));
            }
        }
    }
    let mut found = Vec::new();
    walk(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found
}

#[test]
fn entries_are_only_ever_added() {
    for (name, code) in sources() {
        let flat = code.to_uppercase().split_whitespace().collect::<Vec<_>>().join(" ");
        for change in
            ["UPDATE AUDIT_ENTRIES", "DELETE FROM AUDIT_ENTRIES", "TRUNCATE TABLE", "REPLACE INTO AUDIT_ENTRIES"]
        {
            assert!(!flat.contains(change), "{name}: {change}");
        }
    }
}

#[test]
fn every_action_has_its_words() {
    let kinds: Vec<_> = ACTIONS.iter().filter_map(|(action, _)| action.split_once('.')).map(|(kind, _)| kind).collect();
    for (name, code) in sources() {
        let literals = code.split('"').skip(1).step_by(2);
        let actions = literals.filter(|text| {
            let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            text.split_once('.').is_some_and(|(kind, what)| kinds.contains(&kind) && is_word(what))
        });
        for action in actions.filter(|action| !is_field(action)) {
            assert!(
                ACTIONS.iter().any(|(known, _)| *known == action),
                "{name}: {action} has no words in the audit log"
            );
        }
    }
}

/// Names of fields in logs look like actions, and so does what the API's examples read of an answer.
fn is_field(text: &str) -> bool {
    text.ends_with(".id") || text.ends_with(".rs") || text == "answer.status"
}
