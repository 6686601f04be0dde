//! GET /answers/export: the library as a CSV file, written while it is read.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;

use crate::base::csv::{BOM, guarded, write_record};
use crate::base::{Cursor, OrganizationId};
use crate::db::{Db, DbError};
use crate::web::guard::Member;
use crate::web::{Context, Error, Result};
use crate::workspace::answers::model::Answer;
use crate::workspace::answers::store::{self, Filter, Order};
use crate::workspace::answers::transfer::actions;
use crate::workspace::answers::transfer::model::COLUMNS;
use crate::workspace::change::Desk;
use crate::workspace::pages::{UNREADABLE, author};

/// Pairs that are read at once.
const PIECE: i64 = 250;

/// The filters of the library's list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    tag: String,
    status: String,
}

impl Asked {
    fn filter(&self) -> Result<Filter> {
        let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let status = given(&self.status).map(|status| status.parse()).transpose();
        Ok(Filter {
            words: given(&self.q),
            tag: given(&self.tag),
            status: status.map_err(|_| Error::BadRequest(UNREADABLE.into()))?,
            order: Order::OldestFirst,
            ..Filter::default()
        })
    }
}

/// All pairs out of the trash, or those that `q`, `tag` and `status` choose, in the order in which they were saved: so they are
/// saved again by an import.
pub(crate) async fn export(member: Member, request: HttpRequest, context: Data<Context>, desk: Data<Desk>) -> Result {
    let asked: Asked =
        serde_html_form::from_str(request.query_string()).map_err(|_| Error::BadRequest(UNREADABLE.into()))?;
    let filter = asked.filter()?;
    let mut tx = context.db.begin().await?;
    actions::note_export(&mut tx, &desk, &author(&member), request.query_string()).await?;
    tx.commit().await?;
    let walk =
        Walk { db: context.db.clone(), organization: member.organization.id.clone(), filter, place: Place::Start };
    let pieces = stream::try_unfold(walk, Walk::next);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"answer-library.csv\""))
        .streaming(pieces))
}

/// On the way through the library.
struct Walk {
    db: Db,
    organization: OrganizationId,
    filter: Filter,
    place: Place,
}

enum Place {
    Start,
    After(Cursor),
    End,
}

impl Walk {
    async fn next(mut self) -> std::result::Result<Option<(Bytes, Self)>, DbError> {
        let after = match &self.place {
            Place::Start => None,
            Place::After(cursor) => Some(cursor),
            Place::End => return Ok(None),
        };
        let mut file = String::new();
        if after.is_none() {
            file.push(BOM);
            write_record(&mut file, COLUMNS);
        }
        // The connection goes back between the pieces: a slow reader keeps nobody waiting.
        let mut conn = self.db.read().await?;
        let pairs = store::list(&mut conn, &self.organization, &self.filter, after, PIECE).await?;
        drop(conn);
        pairs.iter().for_each(|pair| write(&mut file, pair));
        let is_full = i64::try_from(pairs.len()) == Ok(PIECE);
        self.place = pairs.last().filter(|_| is_full).map_or(Place::End, |pair| Place::After(pair.cursor()));
        Ok(Some((file.into(), self)))
    }
}

fn write(file: &mut String, pair: &Answer) {
    let content = &pair.content;
    let tags = content.tags.join(", ");
    let owner = content.owner.as_deref().unwrap_or_default();
    let cells = [content.question.as_str(), &content.answer, &tags, owner, pair.status.as_str()].map(guarded);
    write_record(file, cells.iter().map(|cell| &**cell));
}
