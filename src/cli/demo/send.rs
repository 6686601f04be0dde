//! `POST /demo/send`: the button "Send sample events" in the sidebar.

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::samples::{self, STORIES};
use crate::events::Recorder;
use crate::web::error::came_from;
use crate::web::guard::Admin;
use crate::web::{self, Context, Hx, Toast};

/// POST /demo/send: something happens in the organization of whoever asks; back to where the button was pressed.
pub(crate) async fn send(
    admin: Admin,
    context: Data<Context>,
    recorder: Data<Recorder>,
    hx: Hx,
    request: HttpRequest,
) -> web::Result {
    let [choice] = context.rng.bytes();
    let story = STORIES[usize::from(choice) % STORIES.len()];
    let count = samples::publish(&context.db, &recorder, &admin.organization, story).await?;
    admin.flash(Toast::ok(format!("{count} sample events published")));
    Ok(web::see_other(&hx, came_from(&request).unwrap_or_else(|| "/".into())))
}
