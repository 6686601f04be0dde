//! `herald serve`: the server, until it is told to stop.

use super::signals::Signals;
use super::{Failure, start_logging};
use crate::app::{App, Surroundings};
use crate::auth;
use crate::config::Config;

pub async fn run(config: &Config) -> Result<(), Failure> {
    start_logging(config);
    for setting in &config.without_effect {
        tracing::warn!(%setting, "this setting has no effect in this version");
    }
    let app = App::start(config, Surroundings::default()).await?;
    let mut signals = Signals::listen()?;
    tracing::info!("listening on http://{}", app.address);
    say_how_to_begin(&app, config).await?;
    signals.next().await;
    tracing::info!("stopping; attempts under way get 25 s to end");
    tokio::select! {
        () = app.stop() => {}
        // A second signal ends it at once: what was under way is attempted again at the next start.
        () = signals.next() => {}
    }
    Ok(())
}

/// While there is no user, whoever reads this log can make the first one.
async fn say_how_to_begin(app: &App, config: &Config) -> Result<(), Failure> {
    let mut conn = app.db.read().await.map_err(Failure::failed)?;
    if auth::store::users::any(&mut conn).await.map_err(Failure::failed)? {
        return Ok(());
    }
    let base = config.public_url.as_ref().map_or_else(|| format!("http://{}/", app.address), ToString::to_string);
    println!("Herald has no users yet. Make the first one at {base}setup?code={}", app.setup_code.expose());
    Ok(())
}
