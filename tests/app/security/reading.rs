//! Reading changes nothing: every address is read, by everybody, and the database is what it was.

use reqwest::Method;

use super::Furnished;
use crate::support::dump::Dump;
use crate::support::programs::told;
use crate::support::routes::{Route, routed};

/// What is read and noted in the audit log: who took what out of the house is to be known.
fn is_noted(route: &Route) -> bool {
    ["/secret", ".csv", ".ndjson", "/export"].iter().any(|end| route.path.ends_with(end))
}

/// Without the audit log, which is given apart.
fn without_notes(mut contents: Dump) -> (Dump, Vec<String>) {
    let entries = contents.remove("audit_entries").expect("the audit log");
    (contents, entries)
}

#[tokio::test]
async fn no_get_and_no_head_changes_anything() {
    let house = Furnished::house().await;
    // A first page takes the toasts of what was done before.
    house.admin.gets("/projects").await;
    let (noted, unnoted): (Vec<Route>, Vec<Route>) = routed().into_iter().filter(Route::is_read).partition(is_noted);
    assert!(unnoted.len() > 65 && noted.len() >= 4, "{} and {}", unnoted.len(), noted.len());

    let before = house.contents().await;
    let found = read_all(&house, &unnoted).await;
    assert!(found > 150, "only {found} addresses were there");
    let after = house.contents().await;
    for (table, rows) in &before {
        assert_eq!(&after[table], rows, "{table}");
    }

    read_all(&house, &noted).await;
    let (before, kept) = without_notes(before);
    let (after, entries) = without_notes(house.contents().await);
    assert_eq!(after, before);
    assert!(entries.len() > kept.len() && kept.iter().all(|entry| entries.contains(entry)), "the audit log grows");
    house.app.stop().await;
}

/// Reads each of them in all the ways there are, and says how many answers were pages.
async fn read_all(house: &Furnished, routes: &[Route]) -> usize {
    let nobody = house.app.visitor();
    let mut found = 0;
    for route in routes {
        let path = house.path(route);
        for method in [Method::GET, Method::HEAD] {
            if route.is_api() {
                let answer = told(house.program.request(method.clone(), path.strip_prefix("/api/v1").unwrap())).await;
                assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
                continue;
            }
            for visitor in [&nobody, &house.admin] {
                // With what would be a form's fields, for a handler that reads them from there.
                for query in ["", "?action=delete&confirm=on&name=Evil&id=1&_method=DELETE"] {
                    let request = visitor
                        .request(method.clone(), &format!("{path}{query}"))
                        .header("x-http-method-override", "POST");
                    let answer = visitor.sends(request).await;
                    assert!(answer.status().as_u16() < 500, "{method} {path}{query}: {}", answer.status());
                    found += usize::from(answer.status() == 200);
                }
            }
        }
    }
    found
}
