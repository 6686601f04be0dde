//! The trash icon: the question, the deletion, and its undo.

use actix_web::web::{Data, Path};
use askama::Template;

use crate::base::WebhookId;
use crate::delivery::model::UNDO_WITHIN;
use crate::web::{self, Context, Hx, Page, Section, Shell, Toast, see_other};
use crate::webhooks::actions;
use crate::webhooks::{store, urls};

use super::WebhooksAdmin;
use super::change::Change;

#[derive(Template)]
#[template(path = "webhooks/delete.html")]
struct DeletePage {
    shell: Shell,
    question: String,
    host: String,
    /// Deliveries that would be cancelled, in a sentence or "".
    open: String,
    action: String,
}

/// The same question for htmx, as a dialog.
#[derive(Template)]
#[template(path = "webhooks/delete_dialog.html")]
struct DeleteDialog<'a> {
    question: &'a str,
    host: &'a str,
    open: &'a str,
    action: &'a str,
}

impl Page for DeletePage {
    fn shell(&self) -> &Shell {
        &self.shell
    }

    fn whole(&self) -> askama::Result<String> {
        self.render()
    }

    fn fragment(&self, _: &Hx) -> askama::Result<String> {
        let Self { question, host, open, action, .. } = self;
        DeleteDialog { question, host, open, action }.render()
    }
}

/// GET …/webhooks/{id}/delete
pub(crate) async fn ask(admin: WebhooksAdmin, context: Data<Context>, id: Path<WebhookId>, hx: Hx) -> web::Result {
    let (webhook, open) = {
        let mut conn = context.db.read().await?;
        let webhook = admin.webhook(&mut conn, &context, &id).await?;
        (webhook, store::count_open(&mut conn, &id).await?)
    };
    let page = DeletePage {
        shell: admin.shell(Section::Integrations, format!("Delete {}", webhook.name)),
        question: format!("Delete {}?", webhook.name),
        host: webhook.endpoint.authority().to_owned(),
        open: match open {
            0 => String::new(),
            1 => "1 waiting delivery is cancelled.".into(),
            many => format!("{many} waiting deliveries are cancelled."),
        },
        action: urls::delete(&id),
    };
    page.answer(&hx)
}

/// POST …/webhooks/{id}/delete
pub(crate) async fn delete(change: Change) -> web::Result {
    let webhook = change.run(actions::delete).await?;
    let toast = Toast::ok("Instance deleted").text(webhook.name.as_str());
    change.admin.flash(toast.undo(urls::restore(&change.id), UNDO_WITHIN));
    Ok(see_other(&change.hx, urls::LIST))
}

/// POST …/webhooks/{id}/restore: Undo.
pub(crate) async fn restore(change: Change) -> web::Result {
    let webhook = change.run(actions::restore).await?;
    change.admin.flash(Toast::ok("Instance restored").text(format!("{} is back.", webhook.name)));
    Ok(see_other(&change.hx, urls::LIST))
}
