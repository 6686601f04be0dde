//! `herald serve`: the server, until it is told to stop.

use tokio::signal::unix::{SignalKind, signal};

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
    tracing::info!("listening on http://{}", app.address);
    say_how_to_begin(&app, config).await?;
    wait_for_a_signal().await?;
    tracing::info!("stopping; attempts under way get 25 s to end");
    tokio::select! {
        () = app.stop() => Ok(()),
        // A second signal ends it at once: what was under way is attempted again at the next start.
        result = wait_for_a_signal() => result,
    }
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

/// Ctrl-C or SIGTERM.
pub(super) async fn wait_for_a_signal() -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::failed(format!("cannot listen for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
