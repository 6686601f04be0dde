//! /answers/import: the form for a file. The file is read while it comes in, and its pairs are staged; the library stays as it is.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::base::{ImportId, OrganizationId};
use crate::web::guard::Member;
use crate::web::{
    self, Context, Error, FieldErrors, Hx, Moment, Page as _, Result, Section, Shell, Upload, page, see_other,
};
use crate::workspace::answers::model::Standing;
use crate::workspace::answers::transfer::model::{Csv, Gathered, Import, ImportState, InvalidCsv, MissingColumn, Row};
use crate::workspace::answers::transfer::{actions, store};
use crate::workspace::change::{Desk, Refusal};
use crate::workspace::pages::author;

use super::{EXPORT, IMPORT, LIBRARY, counted, url};

/// The most that a file may hold, in bytes (contract section 4).
const FILE_BYTES: usize = 64 * 1024 * 1024;
/// Pairs that are staged in one transaction.
const PIECE: usize = 500;
/// Imports that the page shows.
const LATEST: i64 = 20;
/// Characters of a file's name.
const NAME: usize = 200;

#[derive(Template)]
#[template(path = "answers/import.html")]
struct ImportPage {
    shell: Shell,
    errors: FieldErrors,
    latest: Vec<Latest>,
}

page!(ImportPage);

/// An import that was made before.
struct Latest {
    url: String,
    name: String,
    tone: &'static str,
    icon: &'static str,
    word: String,
    by: String,
    at: Moment,
}

/// GET /answers/import
pub(crate) async fn form(member: Member, context: Data<Context>, hx: Hx) -> Result {
    page(&member, &context, FieldErrors::default()).await?.answer(&hx)
}

/// POST /answers/import: reads the file, and leads to what was found in it.
pub(crate) async fn upload(
    member: Member,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
    hx: Hx,
) -> Result {
    let mut upload = Upload::of(&request, payload, FILE_BYTES)?;
    let name = upload.file("file").await?.unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME).collect();
    if name.is_empty() {
        return reject(&member, &context, &hx, "Choose a file.").await;
    }
    let id = {
        let mut tx = context.db.begin().await?;
        let standing = Standing::of(member.user.role);
        let id = actions::open(&mut tx, &desk, &author(&member), standing, name).await?;
        tx.commit().await?;
        id
    };
    match read(&context, &member.organization.id, &id, &mut upload).await {
        Ok(()) => Ok(see_other(&hx, url(&id))),
        Err(bad) => {
            let mut tx = context.db.begin().await?;
            actions::abandon(&mut tx, &id).await?;
            tx.commit().await?;
            match bad {
                Bad::Csv(error) => reject(&member, &context, &hx, &error.to_string()).await,
                Bad::Columns(error) => reject(&member, &context, &hx, &error.to_string()).await,
                Bad::Other(error) => Err(error),
            }
        }
    }
}

/// Why a file is not taken.
enum Bad {
    Csv(InvalidCsv),
    Columns(MissingColumn),
    Other(Error),
}

macro_rules! bad {
    ($($from:ty, $error:ident => $bad:expr;)*) => {$(
        impl From<$from> for Bad {
            fn from($error: $from) -> Self {
                $bad
            }
        }
    )*};
}

bad! {
    InvalidCsv, error => Self::Csv(error);
    MissingColumn, error => Self::Columns(error);
    Error, error => Self::Other(error);
    Refusal, error => Self::Other(error.into());
    crate::db::DbError, error => Self::Other(error.into());
}

/// Stages all pairs of the file, a few hundred at a time: no transaction is open while the file comes in.
async fn read(
    context: &Context,
    organization: &OrganizationId,
    id: &ImportId,
    upload: &mut Upload,
) -> std::result::Result<(), Bad> {
    let (mut csv, mut found, mut records, mut rows) = (Csv::default(), Gathered::default(), Vec::new(), Vec::new());
    while let Some(piece) = upload.piece().await? {
        csv.feed(&piece, &mut records)?;
        rows.extend(found.read(std::mem::take(&mut records))?);
        if rows.len() >= PIECE {
            stage(context, id, &mut rows).await?;
        }
    }
    csv.finish(&mut records)?;
    rows.extend(found.read(records)?);
    stage(context, id, &mut rows).await?;
    let ignored = found.ignored()?.to_vec();
    let known = found.total - store::count_new(&mut *context.db.read().await?, organization, id).await?;
    let mut tx = context.db.begin().await?;
    actions::close(&mut tx, id, &found, &ignored, known).await?;
    Ok(tx.commit().await?)
}

async fn stage(context: &Context, id: &ImportId, rows: &mut Vec<Row>) -> std::result::Result<(), Refusal> {
    for piece in rows.chunks(PIECE) {
        let mut tx = context.db.begin().await?;
        actions::stage(&mut tx, id, piece).await?;
        tx.commit().await?;
    }
    rows.clear();
    Ok(())
}

/// 422: the form again. A browser keeps no file, so it has to be chosen anew.
async fn reject(member: &Member, context: &Context, hx: &Hx, message: &str) -> Result<HttpResponse> {
    let mut errors = FieldErrors::default();
    errors.add("file", message);
    page(member, context, errors).await?.rejected(hx)
}

async fn page(member: &Member, context: &Context, errors: FieldErrors) -> web::Result<ImportPage> {
    let organization = &member.organization;
    let latest = store::latest(&mut *context.db.read().await?, &organization.id, LATEST).await?;
    let now = context.clock.now();
    let latest = latest.into_iter().map(|import| {
        let (tone, icon, word) = state(&import);
        let at = Moment::relative(import.created_at, now, organization.time_zone);
        Latest { url: url(&import.id), tone, icon, word, at, name: import.file_name, by: import.by.email }
    });
    let latest = latest.collect();
    Ok(ImportPage { shell: member.shell(Section::Answers, "Import Q&A pairs"), errors, latest })
}

/// What the table says of an import: colour, icon and words.
fn state(import: &Import) -> (&'static str, &'static str, String) {
    match import.state {
        ImportState::Reading | ImportState::Ready => ("info", "clock", "Not started".into()),
        ImportState::Running => ("info", "refresh-cw", format!("{}% imported", import.percent())),
        ImportState::Finished => {
            ("ok", "circle-check", format!("{} imported", counted(import.saved(), "pair", "pairs")))
        }
        ImportState::Stopped => {
            ("warn", "circle-alert", format!("Stopped after {}", counted(import.saved(), "pair", "pairs")))
        }
    }
}
