//! What machines ask to know whether Herald works.

use crate::support::app::spawn_app;

#[tokio::test]
async fn a_running_herald_lives_and_is_ready() {
    let app = spawn_app().await;
    let visitor = app.visitor();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(visitor.reads(path).await, "ok", "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn without_deliveries_it_lives_and_is_not_ready() {
    let app = spawn_app().await;
    app.running().engine.stop(std::time::Duration::ZERO).await;
    let visitor = app.visitor();
    assert_eq!(visitor.gets("/healthz").await.status(), 200);
    assert_eq!(visitor.gets("/readyz").await.status(), 503);
    app.stop().await;
}
