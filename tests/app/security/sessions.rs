//! Sessions over the wire: how long they last, and what the browser is told of their cookie. The rest of their life is in
//! `accounts`.

use std::sync::Arc;
use std::time::Duration;

use herald::base::{Clock as _, ManualClock, SystemClock};

use crate::support::Engine;
use crate::support::app::{PASSWORD, Setting};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn a_session_ends_when_it_is_idle_for_eight_hours_and_after_seven_days() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let idle = app.admin().await;
    clock.advance(8 * HOUR - Duration::from_secs(1));
    assert_eq!(idle.gets("/settings").await.status(), 200);
    clock.advance(8 * HOUR);
    assert_eq!(idle.gets("/settings").await.status(), 303);

    let used = app.admin().await;
    for six_hours in 1..7 * 4 {
        clock.advance(6 * HOUR);
        assert_eq!(used.gets("/settings").await.status(), 200, "after {} hours", six_hours * 6);
    }
    clock.advance(6 * HOUR);
    assert_eq!(used.gets("/settings").await.status(), 303);
    app.stop().await;
}

/// As with a full disk: that a session is used, and what the next page is to say, are less than what people came for.
#[tokio::test]
async fn a_session_that_cannot_be_written_down_still_opens_pages() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let app = Setting { clock: Some(clock.clone()), engine: Some(Engine::Sqlite), ..Setting::default() }.spawn().await;
    let admin = app.admin().await;
    let mut tx = app.running().db.begin().await.unwrap();
    let full = "CREATE TRIGGER full BEFORE UPDATE ON sessions BEGIN SELECT RAISE(FAIL, 'no room'); END";
    sqlx::query(full).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    clock.advance(HOUR);
    assert_eq!(admin.gets("/settings").await.status(), 200);
    let saved = admin.posts("/profile", &[("name", "Ada Byron"), ("theme", "dark")]).await;
    assert_eq!(saved.status(), 303, "the toast is lost, not what was saved");
    assert!(admin.reads("/profile").await.contains("Ada Byron"));
    app.stop().await;
}

#[tokio::test]
async fn the_cookie_is_for_this_host_alone_and_no_script_reads_it() {
    for (public_url, expected) in
        [("https://herald.example", "__Host-herald_session="), ("http://herald.example", "herald_session=")]
    {
        let app = Setting::default().with("HERALD_PUBLIC_URL", public_url).spawn().await;
        let answer = app.visitor().posts("/login", &[("email", &app.admin.email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status(), 303);
        let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies.len(), 1);
        let cookie = cookies[0].to_str().unwrap();
        assert!(cookie.starts_with(expected), "{cookie}");
        let mut attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
        attributes.sort_unstable();
        let secure = public_url.starts_with("https").then_some("Secure");
        let mut expected: Vec<&str> = ["HttpOnly", "Path=/", "SameSite=Lax"].into_iter().chain(secure).collect();
        expected.sort_unstable();
        assert_eq!(attributes, expected, "no Domain, and no time of its own");
        app.stop().await;
    }
}
