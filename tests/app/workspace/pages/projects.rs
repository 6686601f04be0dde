//! Projects on their pages.

use super::*;

#[tokio::test]
async fn a_project_goes_through_its_life() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    assert_eq!(tomas.gets("/").await.headers()["location"], "/projects");
    let none = open(&tomas, "/projects").await;
    assert_eq!(none.text(".empty h2"), "No active projects");
    let blank = open(&tomas, "/projects/new").await.form("#project-form");
    let filled = with(with(blank, "name", " Aldgate <Transit> "), "due_date", "2026-12-04");
    let filled = with(filled, "description", "Two\r\nlines");
    let answer = posts(&tomas, "/projects/new", &filled).await;
    assert_eq!(answer.status(), 303);
    let here = answer.headers()["location"].to_str().unwrap().to_owned();
    let page = open(&tomas, &here).await;
    assert_eq!(page.text("h1"), "Aldgate <Transit>");
    assert_eq!(page.text("#toasts strong"), "Project created");
    assert!(page.text("#project").contains("member@halden.example"), "the owner is who made it");
    assert_eq!(open(&tomas, "/projects").await.texts("tbody .cell__title"), ["Aldgate <Transit>"]);

    let id = here.trim_start_matches("/projects/").to_owned();
    for (step, toast, offers) in [
        ("complete", "Project completed", "reopen"),
        ("complete", "", "reopen"),
        ("archive", "Project archived", "unarchive"),
        ("unarchive", "Project un-archivedIt is complete, as it was before.", "reopen"),
        ("reopen", "Project re-opened", "complete"),
    ] {
        assert_eq!(sends(&tomas, &format!("{here}/{step}"), &[]).await, here);
        let page = open(&tomas, &here).await;
        assert_eq!(page.text("#toasts .toast > div"), toast, "{step}");
        assert!(page.offers(&format!("{here}/{offers}")), "{step}");
    }
    assert_eq!(sends(&tomas, &format!("{here}/trash"), &[]).await, "/projects");
    let list = open(&tomas, "/projects").await;
    assert_eq!(list.text("#toasts strong"), "Project moved to trash");
    assert!(list.all("tbody tr").is_empty());
    let trashed = open(&tomas, &here).await;
    assert!(trashed.text("#project").contains("This project is in the trash"));
    assert!(!trashed.offers(&format!("{here}/complete")));
    assert_eq!(tomas.posts(&format!("{here}/complete"), &[]).await.status(), 409);
    let undo = list.attribute("#toasts form", "action");
    assert_eq!(sends(&tomas, &undo, &[]).await, here);
    assert_eq!(open(&tomas, &here).await.text("#toasts strong"), "Project restored");

    assert_eq!(
        work.told().await,
        ["PROJECT_CREATED", "PROJECT_COMPLETED", "PROJECT_ARCHIVED", r#"PROJECT_DELETED {"PERMANENT":false}"#]
    );
    let raised = work.raised().await;
    assert!(raised.iter().all(|(_, ids, _, by)| *ids == [id.clone()] && by == "member@halden.example"));
    assert!(work.written_down().await.iter().all(|(_, source)| source == "page"));
    work.app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_at_the_field_and_nothing_typed_is_lost() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    let typed = [
        ("name", " "),
        ("client", "Carraway"),
        ("due_date", "4 Dec"),
        ("owner", "Ingrid"),
        ("description", "why \"not\""),
    ];
    let page = seen(tomas.posts("/projects/new", &typed).await, 422).await;
    assert_eq!(page.text("#name-error"), "Enter a name.");
    assert_eq!(page.text("#due_date-error"), "Enter a date such as 2026-12-04.");
    assert_eq!(page.attribute("[autofocus]", "id"), "name");
    let fields = page.form("#project-form");
    for (name, value) in typed {
        assert!(fields.contains(&(name.into(), value.into())), "{name}");
    }
    let piece = swaps(&tomas, "/projects/new", "project-form", &typed).await;
    assert_eq!(piece.status(), 422);
    let piece = piece.text().await.unwrap();
    assert!(piece.trim_start().starts_with("<form") && piece.contains("Enter a name."));
    assert!(work.raised().await.is_empty());
    work.app.stop().await;
}

#[tokio::test]
async fn who_saves_second_sees_both_texts_and_loses_neither() {
    let work = Workspace::open().await;
    let (tomas, ada) = (work.member().await, work.app.admin().await);
    let here = format!("/projects/{}", work.adds_project("Aldgate Transit").await);
    let edit = format!("{here}/edit");
    let first = open(&tomas, &edit).await.form("#project-form");
    let second = open(&ada, &edit).await.form("#project-form");
    let first = with(with(first, "description", "Theirs"), "client", "Both");
    assert_eq!(posts(&tomas, &edit, &first).await.status(), 303);
    let second = with(with(second, "description", "Mine"), "client", "Both");
    let page = seen(posts(&ada, &edit, &second).await, 409).await;
    assert!(page.text("#conflict").starts_with("Someone else changed this"));
    assert_eq!(page.texts("#conflict dt"), ["Description"]);
    assert_eq!(page.texts("#conflict dd"), ["Theirs"]);
    let again = page.form("#project-form");
    assert!(again.contains(&("description".into(), "Mine".into())));
    assert!(again.contains(&("version".into(), "2".into())));
    assert_eq!(posts(&ada, &edit, &again).await.status(), 303);
    assert!(open(&ada, &here).await.text("#project").contains("Mine"));
    work.app.stop().await;
}

#[tokio::test]
async fn the_list_is_searched_sorted_and_paged() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    for (name, due) in [("Carraway 100%", "2026-12-08"), ("aldgate", ""), ("Norde_DDQ", "2026-11-01")] {
        let owner = format!("{name} ÄG");
        sends(&tomas, "/projects/new", &[("name", name), ("client", &owner), ("due_date", due)]).await;
    }
    let names = async |query: &str| open(&tomas, &format!("/projects{query}")).await.texts("tbody .cell__title");
    assert_eq!(names("").await, ["Norde_DDQ", "Carraway 100%", "aldgate"]);
    assert_eq!(names("?sort=newest").await, ["Norde_DDQ", "aldgate", "Carraway 100%"]);
    assert_eq!(names("?sort=name").await, ["aldgate", "Carraway 100%", "Norde_DDQ"]);
    assert_eq!(names("?q=%C3%A4g&sort=name").await.len(), 3);
    assert_eq!(names("?q=100%25").await, ["Carraway 100%"]);
    assert_eq!(names("?q=%00_").await, ["Norde_DDQ"]);
    let found_none = open(&tomas, "/projects?q=nothing").await;
    assert_eq!(found_none.text(".empty h2"), "Nothing matches these filters");
    assert_eq!(found_none.attribute("#q", "value"), "nothing");
    assert_eq!(open(&tomas, "/projects?status=archived").await.text(".empty h2"), "No archived projects");
    for bad in ["?status=done", "?sort=size", "?after=x"] {
        assert_eq!(tomas.gets(&format!("/projects{bad}")).await.status(), 400, "{bad}");
    }
    work.app.stop().await;
}

#[tokio::test]
async fn every_order_is_paged_there_and_back() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    for number in 0..103 {
        let due = format!("2026-12-{:02}", 1 + number % 28);
        work.adds(
            "/projects",
            serde_json::json!({ "name": format!("Project {:03}", (number * 37) % 103), "due_date": due }),
        )
        .await;
    }
    for sort in ["due", "newest", "name"] {
        let mut pages = vec![open(&tomas, &format!("/projects?sort={sort}")).await];
        loop {
            let next = pages
                .last()
                .unwrap()
                .all(".table-foot a[href]")
                .last()
                .and_then(|a| a.attr("href"))
                .unwrap()
                .to_owned();
            if next.contains("before=") {
                break;
            }
            pages.push(open(&tomas, &next).await);
        }
        let rows: Vec<Vec<String>> = pages.iter().map(|page| page.texts("tbody .cell__title")).collect();
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 3], "{sort}");
        let mut all = rows.concat();
        if sort == "name" {
            assert!(all.is_sorted());
        }
        let back = open(&tomas, &pages[2].attribute(".table-foot a[href]", "href")).await;
        assert_eq!(back.texts("tbody .cell__title"), rows[1], "{sort}");
        let first = open(&tomas, &back.attribute(".table-foot a[href]", "href")).await;
        assert_eq!(first.texts("tbody .cell__title"), rows[0], "{sort}");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 103, "{sort}");
    }
    let piece = tomas.request(Method::GET, "/projects?sort=name").header("hx-request", "true");
    let piece = tomas.sends(piece.header("hx-request-type", "partial")).await.text().await.unwrap();
    assert!(piece.trim_start().starts_with("<div id=\"projects\"") && !piece.contains("<html"));
    // A place in a list that was sorted by something else begins at the beginning.
    let page = open(&tomas, "/projects?sort=newest").await;
    let next = page.all(".table-foot a[href]").last().and_then(|a| a.attr("href")).unwrap().replace("newest", "name");
    assert_eq!(open(&tomas, &next).await.texts("tbody .cell__title")[0], "Project 000");
    work.app.stop().await;
}

#[tokio::test]
async fn another_organizations_projects_are_not_found() {
    let work = Workspace::open().await;
    let here = format!("/projects/{}", work.adds_project("Aldgate Transit").await);
    let other = Workspace::open().await;
    let stranger = other.app.admin().await;
    for path in ["", "/edit"] {
        assert_eq!(stranger.gets(&format!("{here}{path}")).await.status(), 404, "GET {path}");
    }
    for path in ["/edit", "/complete", "/reopen", "/archive", "/unarchive", "/trash", "/restore", "/sections"] {
        let answer = stranger.posts(&format!("{here}{path}"), &[("name", "Mine")]).await;
        assert_eq!(answer.status(), 404, "POST {path}");
    }
    assert_eq!(work.told().await, ["PROJECT_CREATED"]);
    let nobody = work.app.visitor();
    assert_eq!(
        nobody.gets(&here).await.headers()["location"].to_str().unwrap(),
        format!("/login?next={}", here.replace('/', "%2F"))
    );
    other.app.stop().await;
    work.app.stop().await;
}
