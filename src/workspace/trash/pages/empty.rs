//! Emptying the trash.

use actix_web::web::Data;

use crate::web::guard::Admin;
use crate::web::{self, Context, FieldErrors, Form, Hx, Page as _, Section, Toast, see_other};
use crate::workspace::change::Desk;
use crate::workspace::pages::author;
use crate::workspace::trash::emptying;

use super::confirm::{ConfirmForm, ConfirmPage};
use super::urls;

/// What has to be typed.
const WORDS: &str = "empty trash";

/// GET /trash/empty
pub(crate) async fn ask(admin: Admin, hx: Hx) -> web::Result {
    question(&admin).answer(&hx)
}

/// POST /trash/empty
pub(crate) async fn empty(
    admin: Admin,
    context: Data<Context>,
    desk: Data<Desk>,
    hx: Hx,
    Form(form): Form<ConfirmForm>,
) -> web::Result {
    if !form.says(WORDS) {
        return question(&admin).mistyped(form.confirm).rejected(&hx);
    }
    let gone = emptying::empty(&context.db, &desk, &author(&admin)).await?;
    admin.flash(Toast::ok("Trash emptied").text(match gone {
        0 => "Nothing was in it.".into(),
        1 => "1 item is gone.".into(),
        many => format!("{many} items are gone."),
    }));
    Ok(see_other(&hx, urls::LIST))
}

fn question(admin: &Admin) -> ConfirmPage {
    ConfirmPage {
        shell: admin.shell(Section::Trash, "Empty trash"),
        question: "Empty the trash?".into(),
        effect: "Everything in it is deleted permanently. This cannot be undone.".into(),
        words: WORDS.into(),
        typed: String::new(),
        errors: FieldErrors::default(),
        safe: "Keep everything",
        verb: "Empty trash",
        action: urls::EMPTY.into(),
    }
}
