//! Which host is ours, over the wire: with HERALD_PUBLIC_URL, and behind a proxy.

use reqwest::{Method, Response};

use crate::support::app::{Setting, Visitor};

async fn asks(visitor: &Visitor, path: &str, headers: &[(&str, &str)]) -> Response {
    let request =
        headers.iter().fold(visitor.request(Method::GET, path), |request, (name, value)| request.header(*name, *value));
    visitor.sends(request).await
}

#[tokio::test]
async fn another_host_is_told_where_herald_is() {
    let app = Setting::default().with("HERALD_PUBLIC_URL", "https://herald.example").spawn().await;
    let visitor = app.visitor();
    for host in ["evil.example", "herald.example.evil.example", "herald.example:8443", "192.0.2.1", "a b"] {
        let answer = asks(&visitor, "/login", &[("host", host)]).await;
        assert_eq!(answer.status(), 421, "{host}");
        assert_eq!(answer.headers()["x-frame-options"], "DENY");
        let text = answer.text().await.unwrap();
        assert!(text.contains("Herald is not at this address") && text.contains("https://herald.example"), "{text}");
        assert!(!text.contains("evil"), "what was asked for is not repeated");
        let call = asks(&visitor, "/api/v1/events", &[("host", host)]).await;
        assert_eq!(call.headers()["content-type"], "application/problem+json");
        assert_eq!((call.status().as_u16(), call.text().await.unwrap().contains("problem-wrong-host")), (421, true));
        for probe in ["/healthz", "/readyz"] {
            assert_eq!(asks(&visitor, probe, &[("host", host)]).await.status(), 200, "{probe} for {host}");
        }
    }
    for host in ["herald.example", "HERALD.example:443", "127.0.0.1", "localhost:8080"] {
        assert_eq!(asks(&visitor, "/login", &[("host", host)]).await.status(), 200, "{host}");
    }
    app.stop().await;
}

#[tokio::test]
async fn forwarding_headers_of_strangers_change_nothing() {
    let app = Setting::default().with("HERALD_TRUSTED_PROXIES", "192.0.2.0/24").spawn().await;
    let visitor = app.visitor();
    let headers = [("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.example"), ("forwarded", "proto=https")];
    let answer = asks(&visitor, "/login", &headers).await;
    assert!(answer.headers().get("strict-transport-security").is_none(), "nobody trusted says that this is https");
    let docs = asks(&visitor, "/api/docs", &headers).await.text().await.unwrap();
    assert!(!docs.contains("evil.example"));
    let post = visitor.request(Method::POST, "/login").header("origin", "https://evil.example");
    let post = headers.iter().fold(post, |request, (name, value)| request.header(*name, *value));
    assert_eq!(visitor.sends(post.body("")).await.status(), 403);
    app.stop().await;
}

#[tokio::test]
async fn a_trusted_proxy_says_how_people_reach_this() {
    let app = Setting::default().with("HERALD_TRUSTED_PROXIES", "127.0.0.0/8").spawn().await;
    let visitor = app.visitor();
    let headers = [("x-forwarded-proto", "https"), ("x-forwarded-host", "herald.example")];
    let answer = asks(&visitor, "/login", &headers).await;
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=63072000");
    assert!(asks(&visitor, "/login", &[]).await.headers().get("strict-transport-security").is_none());
    let docs = asks(&visitor, "/api/docs", &headers).await.text().await.unwrap();
    assert!(docs.contains("https://herald.example"));
    for (origin, status) in [("https://herald.example", 415), ("http://herald.example", 403), (app.base.as_str(), 403)]
    {
        let post =
            visitor.request(Method::POST, "/logout").header("origin", origin).header("content-type", "text/plain");
        let post = headers.iter().fold(post, |request, (name, value)| request.header(*name, *value));
        let answer = visitor.sends(post.body("x")).await;
        assert_eq!(answer.status() == 403, status == 403, "{origin}: {}", answer.status());
    }
    app.stop().await;
}

#[tokio::test]
async fn sign_ins_are_counted_by_the_address_behind_the_proxy() {
    let setting = Setting::default().with("HERALD_TRUSTED_PROXIES", "127.0.0.0/8").with("HERALD_SIGN_IN_RATE", "2/m");
    let app = setting.spawn().await;
    let visitor = app.visitor();
    let tries = async |email: &str, forwarded: &str| {
        let body = format!("email={email}&password=wrong+wrong+wrong");
        let post = visitor
            .request(Method::POST, "/login")
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-for", forwarded);
        let answer = visitor.sends(post.header("content-type", "application/x-www-form-urlencoded").body(body)).await;
        if answer.status() == 429 {
            let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait));
        }
        answer.status().as_u16()
    };
    for number in 0..2 {
        assert_eq!(tries(&format!("a{number}@x.example"), "203.0.113.9").await, 422);
    }
    assert_eq!(tries("a3@x.example", "203.0.113.9").await, 429);
    assert_eq!(tries("a4@x.example", "198.51.100.1, 203.0.113.9").await, 429, "what stands before may be invented");
    assert_eq!(tries("a5@x.example", "203.0.113.10").await, 422, "another address");
    app.stop().await;
}
