//! No other site writes here: every post outside the API against every way of saying where it comes from.

use reqwest::Method;

use super::Furnished;
use crate::support::app::spawn_app;
use crate::support::routes::{Route, Thing, routed};

const REFUSED: &str = "This came from another site";

/// Headers, `OWN` standing for our own origin.
const OTHERS: &[&[(&str, &str)]] = &[
    &[],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "")],
    &[("sec-fetch-site", "Same-Origin")],
    &[("sec-fetch-site", "same-origin, none")],
    &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")],
    &[("sec-fetch-site", "cross-site"), ("origin", "OWN")],
    &[("sec-fetch-site", "same-site"), ("origin", "OWN")],
    &[("sec-fetch-site", "null"), ("origin", "OWN")],
    &[("origin", "null")],
    &[("origin", "")],
    &[("origin", "https://evil.example")],
    &[("origin", "http://127.0.0.1")],
    &[("origin", "http://127.0.0.1:1")],
    &[("origin", "http://localhost:8080")],
    &[("origin", "OWN/")],
    &[("origin", "OWN.evil.example")],
    &[("origin", "HTTPS-OWN")],
    &[("origin", "OWN"), ("origin", "OWN")],
    &[("origin", "OWN"), ("origin", "https://evil.example")],
    &[("referer", "OWN/")],
    &[("x-requested-with", "XMLHttpRequest")],
    &[("hx-request", "true")],
];

const OURS: &[&[(&str, &str)]] = &[
    &[("sec-fetch-site", "same-origin")],
    &[("sec-fetch-site", "none")],
    &[("sec-fetch-site", "same-origin"), ("origin", "OWN")],
    &[("origin", "OWN")],
];

/// Every form's address.
fn posts() -> impl Iterator<Item = Route> {
    routed().into_iter().filter(|route| !route.is_api() && !route.is_read())
}

/// An id that nothing has.
const NOBODY: &str = "60adfdb750b58a0c2d78bdd8";

fn with(base: &str, mut request: reqwest::RequestBuilder, headers: &[(&str, &str)]) -> reqwest::RequestBuilder {
    for (name, value) in headers {
        let value = value.replace("HTTPS-OWN", &base.replace("http:", "https:")).replace("OWN", base);
        request = request.header(*name, value);
    }
    request
}

#[tokio::test]
async fn no_other_site_can_post_to_any_address() {
    let house = Furnished::house().await;
    let before = house.contents().await;
    let posts: Vec<_> = posts().collect();
    assert!(posts.len() > 60 && posts.iter().any(|route| route.path == "/logout"));
    for route in &posts {
        let path = house.path(route);
        for headers in OTHERS {
            // What the page's own form would send, as far as one body can be all of them.
            let request = house.admin.request(Method::POST, &path);
            let request =
                request.header("content-type", "application/x-www-form-urlencoded").body("name=Evil&confirm=on");
            let answer = house.admin.sends(with(&house.app.base, request, headers)).await;
            assert_eq!(answer.status(), 403, "{path} {headers:?}");
            assert!(answer.headers().get("set-cookie").is_none(), "{path}: the session stays");
            assert!(answer.text().await.unwrap().contains(REFUSED), "{path} {headers:?}");
        }
    }
    assert_eq!(house.contents().await, before, "nothing was written");
    assert_eq!(house.admin.gets("/profile").await.status(), 200, "still signed in");
    house.app.stop().await;
}

#[tokio::test]
async fn methods_that_no_form_has_are_refused_from_other_sites_too() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE, Method::from_bytes(b"ANYTHING").unwrap()]
    {
        let answer = admin.sends(admin.request(method.clone(), "/profile")).await;
        assert_eq!(answer.status(), 403, "{method}");
        let request = admin.request(method.clone(), "/profile").header("sec-fetch-site", "same-origin");
        assert_eq!(admin.sends(request).await.status(), 405, "{method}");
    }
    app.stop().await;
}

#[tokio::test]
async fn our_own_pages_and_the_person_may_post_to_every_address() {
    let app = spawn_app().await;
    for route in posts() {
        let path = route.about(&Thing::new(NOBODY));
        for headers in OURS {
            let nobody = app.visitor();
            let request = nobody.request(Method::POST, &path);
            let request = request.header("content-type", "application/x-www-form-urlencoded").body("");
            let answer = nobody.sends(with(&app.base, request, headers)).await;
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            assert!(!text.contains(REFUSED), "{path} {headers:?}");
            assert_ne!(status, 403, "{path} {headers:?}: {text}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn the_api_is_not_opened_by_a_session() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    for route in routed().into_iter().filter(|route| route.is_api() && !route.path.ends_with("openapi.json")) {
        let path = route.about(&Thing::new(NOBODY));
        let request = admin.request(route.method.parse().unwrap(), &path).header("sec-fetch-site", "same-origin");
        assert_eq!(admin.sends(request).await.status(), 401, "{path}: a browser's cookie is no key");
    }
    app.stop().await;
}
