//! Intakes on their pages.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_request_is_taken_in_decided_and_becomes_a_project() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    assert_eq!(open(&tomas, "/intakes").await.text(".empty h2"), "No intake requests");
    let blank = open(&tomas, "/intakes/new").await.form("#intake-form");
    let mut filled = blank;
    for (name, value) in [
        ("title", "Fleet <telematics>"),
        ("requester", "Marcus Webb"),
        ("email", "marcus@severn.example"),
        ("client", "Severn Buses"),
        ("due_date", "2026-12-18"),
        ("description", "Two\r\nlines"),
    ] {
        filled = with(filled, name, value);
    }
    let answer = posts(&tomas, "/intakes/new", &filled).await;
    assert_eq!(answer.status(), 303);
    let here = answer.headers()["location"].to_str().unwrap().to_owned();
    let page = open(&tomas, &here).await;
    assert_eq!((page.text("h1"), page.text("#toasts strong")), ("Fleet <telematics>".into(), "Intake created".into()));
    assert_eq!(open(&tomas, "/intakes").await.texts("tbody .cell__title"), ["Fleet <telematics>"]);

    for (step, badge) in [("accept", "Accepted"), ("decline", "Declined"), ("reopen", "New")] {
        assert_eq!(sends(&tomas, &format!("{here}/{step}"), &[]).await, here);
        assert_eq!(open(&tomas, &here).await.text(".badge"), badge);
    }
    let piece = swaps(&tomas, &format!("{here}/accept"), "intake", &[]).await.text().await.unwrap();
    assert!(piece.trim_start().starts_with("<div id=\"intake\"") && piece.contains("Intake accepted"));

    assert!(open(&tomas, &here).await.offers(&format!("{here}/convert")));
    let project = sends(&tomas, &format!("{here}/convert"), &[]).await;
    let page = open(&tomas, &project).await;
    assert_eq!((page.text("h1"), page.text("#toasts strong")), ("Fleet <telematics>".into(), "Project created".into()));
    assert_eq!(page.all(&format!("a[href='{here}']")).len(), 1);
    let page = open(&tomas, &here).await;
    assert_eq!(page.text(".badge"), "Project created");
    assert!(!page.offers(&format!("{here}/convert")) && page.all(&format!("a[href='{project}']")).len() == 1);
    assert_eq!(tomas.posts(&format!("{here}/convert"), &[]).await.status(), 409);
    assert_eq!(tomas.posts(&format!("{here}/decline"), &[]).await.status(), 409);
    let id = here.trim_start_matches("/intakes/");
    assert_eq!(work.told().await, ["INTAKE_CREATED".into(), format!(r#"PROJECT_CREATED {{"INTAKE_ID":"{id}"}}"#)]);
    work.app.stop().await;
}

#[tokio::test]
async fn the_request_form_says_what_is_wrong_and_loses_nothing() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    let typed =
        [("title", ""), ("client", "Severn"), ("email", "marcus"), ("due_date", "soon"), ("description", "\"why\"")];
    let page = seen(tomas.posts("/intakes/new", &typed).await, 422).await;
    assert_eq!(page.text("#title-error"), "Enter a title.");
    assert!(!page.text("#email-error").is_empty() && !page.text("#due_date-error").is_empty());
    let fields = page.form("#intake-form");
    assert!(typed.iter().all(|(name, value)| fields.contains(&((*name).into(), (*value).into()))));

    let here = format!("/intakes/{}", work.adds("/intakes", json!({ "title": "Tender" })).await);
    let edit = format!("{here}/edit");
    let form = open(&tomas, &edit).await.form("#intake-form");
    assert_eq!(posts(&tomas, &edit, &with(form.clone(), "title", "Theirs")).await.status(), 303);
    let page = seen(posts(&tomas, &edit, &with(form, "title", "Mine")).await, 409).await;
    assert_eq!((page.text("#conflict dd"), page.attribute("#title", "value")), ("Theirs".into(), "Mine".into()));
    assert_eq!(posts(&tomas, &edit, &page.form("#intake-form")).await.status(), 303);
    assert_eq!(open(&tomas, &here).await.text("h1"), "Mine");
    work.app.stop().await;
}

#[tokio::test]
async fn requests_are_searched_and_filtered_and_are_nobody_elses() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    let mut all = Vec::new();
    for title in ["Tender A", "Tender_B", "Questionnaire"] {
        all.push(work.adds("/intakes", json!({ "title": title, "client": "ÄG", "requester": "Ingrid" })).await);
    }
    sends(&tomas, &format!("/intakes/{}/decline", all[0]), &[]).await;
    sends(&tomas, &format!("/intakes/{}/edit", all[2]), &[("title", "Renamed"), ("client", "Other")]).await;
    let titles = async |query: &str| open(&tomas, &format!("/intakes{query}")).await.texts("tbody .cell__title");
    assert_eq!(titles("").await, ["Renamed", "Tender_B", "Tender A"]);
    assert_eq!(titles("?q=%C3%A4g").await, ["Tender_B", "Tender A"]);
    assert_eq!(titles("?q=_&status=").await, ["Tender_B"]);
    assert_eq!(titles("?q=ingrid&status=declined").await, ["Tender A"]);
    assert_eq!(titles("?q=renamed").await, ["Renamed"]);
    assert_eq!(open(&tomas, "/intakes?status=accepted").await.text(".empty h2"), "Nothing matches these filters");
    assert_eq!(tomas.gets("/intakes?status=odd").await.status(), 400);

    let other = Workspace::open().await;
    let stranger = other.app.admin().await;
    let here = format!("/intakes/{}", all[1]);
    for path in ["", "/edit"] {
        assert_eq!(stranger.gets(&format!("{here}{path}")).await.status(), 404, "GET {path}");
    }
    for path in ["/edit", "/accept", "/decline", "/reopen", "/convert"] {
        assert_eq!(stranger.posts(&format!("{here}{path}"), &[("title", "Mine")]).await.status(), 404, "POST {path}");
    }
    assert_eq!(open(&stranger, "/intakes").await.text(".empty h2"), "No intake requests");
    other.app.stop().await;
    work.app.stop().await;
}
