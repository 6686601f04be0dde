//! `POST /demo/send`: the button "Send sample events" in the sidebar.

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::stage::Stage;
use super::stories::{EVENTS, Story};
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
    let [choice, client] = context.rng.bytes();
    let mut stage = Stage::open(&context.db, recorder.get_ref().clone(), &admin.organization).await?;
    Story::ALL[usize::from(choice) % Story::ALL.len()].tell(&mut stage, client).await?;
    stage.tx.commit().await?;
    admin.flash(Toast::ok(format!("{EVENTS} sample events published")));
    Ok(web::see_other(&hx, came_from(&request).unwrap_or_else(|| "/".into())))
}
