//! What is done with many pairs of the list at once: publish, tag, move to the trash, and take that back.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde::Deserialize;

use crate::auth::model::Role;
use crate::base::{AnswerId, Expected};
use crate::web::guard::Member;
use crate::web::{self, Context, Error, FieldErrors, Form, Hx, Page as _, Toast, see_other};
use crate::workspace::answers::actions::{self, TagsChange};
use crate::workspace::answers::model::{self, InvalidTag};
use crate::workspace::change::{Author, Desk, Refusal};
use crate::workspace::pages::author;

use super::list::{self, Again, Asked};
use super::{urls, words};

/// The boxes that were ticked, and the button that was pressed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BulkForm {
    id: Vec<String>,
    /// `publish`, `tag`, `delete`, or `restore` from the toast.
    action: String,
    new_tag: String,
    /// The list that the form stood in.
    back: String,
}

impl BulkForm {
    /// The pairs in the order of the form, each once.
    fn ids(&self) -> web::Result<Vec<AnswerId>> {
        let mut ids: Vec<AnswerId> = Vec::with_capacity(self.id.len());
        for id in &self.id {
            let id = id.parse().map_err(|_| Error::NotFound)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// The query of the list to go back to.
    fn asked(&self) -> Asked {
        let query = self.back.strip_prefix(urls::LIST).and_then(|rest| rest.strip_prefix('?'));
        query.and_then(|query| Asked::parse(query).ok()).unwrap_or_default()
    }
}

/// POST /answers/bulk
pub(crate) async fn act(
    person: Member,
    context: Data<Context>,
    desk: Data<Desk>,
    hx: Hx,
    Form(form): Form<BulkForm>,
) -> web::Result {
    let action: Action = form.action.parse().map_err(|_| Error::BadRequest("Press one of the buttons.".into()))?;
    if action == Action::Publish && !person.user.role.includes(Role::Moderator) {
        return Err(Error::Forbidden);
    }
    let ids = form.ids()?;
    if ids.is_empty() {
        return again(&person, &context, form, "pairs", "Choose at least one pair.".into(), &hx, UNPROCESSABLE).await;
    }
    let tag = match (action, model::tag(&form.new_tag)) {
        (Action::Tag, Err(wrong)) => {
            let wrong = match wrong {
                InvalidTag::Comma => "Add one tag at a time.".to_owned(),
                wrong => wrong.to_string(),
            };
            return again(&person, &context, form, "new_tag", wrong, &hx, UNPROCESSABLE).await;
        }
        (_, tag) => tag.unwrap_or_default(),
    };
    match action.run(&context, &desk, &author(&person), &ids, &tag).await {
        Ok(()) => {
            person.flash(action.told(&ids, &tag));
            Ok(back(&form, &hx))
        }
        Err(Refusal::Conflict(why)) => {
            again(&person, &context, form, "pairs", why.into_owned(), &hx, StatusCode::CONFLICT).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

crate::base::names! {
    /// The buttons above the list.
    Action {
        Publish = "publish",
        Tag = "tag",
        Delete = "delete",
        Restore = "restore",
    }
}

impl Action {
    /// All of the pairs or none.
    async fn run(
        self,
        context: &Context,
        desk: &Desk,
        author: &Author,
        ids: &[AnswerId],
        tag: &str,
    ) -> Result<(), Refusal> {
        let mut tx = context.db.begin().await?;
        match self {
            Self::Publish => drop(actions::publish_all(&mut tx, desk, author, ids).await?),
            Self::Tag => {
                let change = TagsChange { add: vec![tag.to_owned()], remove: Vec::new() };
                drop(actions::tag_all(&mut tx, desk, author, ids, &change).await?);
            }
            Self::Delete => actions::trash_all(&mut tx, desk, author, ids).await?,
            Self::Restore => {
                for id in ids {
                    actions::restore(&mut tx, desk, author, id, &Expected::Anything).await?;
                }
            }
        }
        Ok(tx.commit().await?)
    }

    fn told(self, ids: &[AnswerId], tag: &str) -> Toast {
        let pairs = words::pairs(i64::try_from(ids.len()).unwrap_or(i64::MAX));
        match self {
            Self::Publish => Toast::ok(format!("{pairs} published")),
            Self::Tag => Toast::ok(format!("{pairs} tagged")).text(tag),
            Self::Restore => Toast::ok(format!("{pairs} restored")),
            Self::Delete => {
                let field = |id: &AnswerId| ("id".to_owned(), id.to_string());
                let fields =
                    [("action".to_owned(), Self::Restore.to_string())].into_iter().chain(ids.iter().map(field));
                Toast::ok(format!("{pairs} moved to trash")).post("Undo", urls::BULK, fields.collect())
            }
        }
    }
}

fn back(form: &BulkForm, hx: &Hx) -> HttpResponse {
    see_other(hx, form.asked().here())
}

/// The list again, with what was ticked and what is wrong.
async fn again(
    person: &Member,
    context: &Context,
    form: BulkForm,
    field: &str,
    message: String,
    hx: &Hx,
    status: StatusCode,
) -> web::Result {
    let mut errors = FieldErrors::default();
    errors.add(field, message);
    let asked = form.asked();
    let again = Again { ids: form.id, new_tag: form.new_tag, errors };
    list::load(person, context, asked, again).await?.answer_with(hx, status)
}
