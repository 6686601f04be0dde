//! The examples in JavaScript, run by Chromium on the page that shows them: what `fetch` does there, it does everywhere.

use crate::support::app::spawn_app;
use crate::support::chromium::{Browser, BrowserOptions};
use crate::support::examples::{Documented, Real};
use crate::support::recorder::Recorder;

#[tokio::test]
async fn the_examples_for_javascript_do_what_they_say() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    let program = app.program("read,write,publish").await;
    let browser = Browser::start(BrowserOptions::default()).await;
    browser.open(&app.url("/api/docs")).await;
    for call in Documented::all(&app).await {
        let real = Real::prepare(&app, &program, &receiver, &call).await;
        let source = call.program("javascript", &real);
        // Node has `process`; what the example says to the console is what it is asked for here.
        let script = format!(
            "const [key, done] = arguments; const process = {{ env: {{ HERALD_API_KEY: key }} }}; let said = null; \
             const console = {{ log: (status) => {{ said = status; }} }}; \
             (async () => {{ {source}\n }})().then(() => done(said), (error) => done(String(error)));"
        );
        let said = browser.client().execute_async(&script, vec![program.secret.as_str().into()]).await;
        let said = said.unwrap_or_else(|error| panic!("{} in JavaScript: {error}\n{source}", call.id));
        assert_eq!(said, call.status, "{} in JavaScript\n{source}", call.id);
    }
    app.stop().await;
}
