//! /answers/import/{id}: what was found in a file, how far its import is, and what came of it.

use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::base::ImportId;
use crate::web::guard::Member;
use crate::web::{Context, Error, Form, Hx, Page as _, Result, Section, Shell, Toast, page, see_other};
use crate::workspace::answers::model::Standing;
use crate::workspace::answers::transfer::model::{Import, ImportState, RowProblem};
use crate::workspace::answers::transfer::runner::Imports;
use crate::workspace::answers::transfer::{actions, store};
use crate::workspace::pages::Change;

use super::{IMPORT, LIBRARY, counted, grouped, url};

/// Pairs that are shown before they are imported.
const SHOWN: i64 = 10;

#[derive(Template)]
#[template(path = "answers/import_show.html", blocks = ["import"])]
struct ShowPage {
    shell: Shell,
    import: Import,
    /// The first pairs, before the import is started.
    pairs: Vec<Pair>,
    /// Whether the reader's pairs are published at once.
    is_published: bool,
}

page!(ShowPage, as_import);

struct Pair {
    question: String,
    answer: String,
    tags: Vec<String>,
}

impl ShowPage {
    fn url(&self) -> String {
        url(&self.import.id)
    }

    fn is_running(&self) -> bool {
        self.import.state == ImportState::Running
    }

    fn is_finished(&self) -> bool {
        self.import.state == ImportState::Finished
    }

    fn is_stopped(&self) -> bool {
        self.import.state == ImportState::Stopped
    }

    fn saved(&self) -> String {
        counted(self.import.saved(), "pair", "pairs")
    }

    fn skipped(&self) -> String {
        counted(self.import.skipped, "pair", "pairs")
    }

    /// What is saved where what the library has is left out.
    fn new_pairs(&self) -> String {
        counted(self.import.new_pairs(), "pair", "pairs")
    }

    /// What is said of pairs that the library has; "" without any.
    fn known(&self) -> String {
        match (self.import.known, self.import.new_pairs()) {
            (0, _) => String::new(),
            (_, 0) => "All of them are in the library already, with the same question and answer.".into(),
            (1, _) => "1 of them is in the library already, or stands in the file twice.".into(),
            (many, _) => format!("{} of them are in the library already, or stand in the file twice.", grouped(many)),
        }
    }

    fn pairs_in_all(&self) -> String {
        counted(self.import.total, "pair", "pairs")
    }

    fn done(&self) -> String {
        grouped(self.import.done)
    }

    fn refused(&self) -> String {
        counted(self.import.refused, "row", "rows")
    }

    fn problems(&self) -> &[RowProblem] {
        &self.import.problems
    }

    /// `The first 3 of 4,990.`, or nothing where all are shown.
    fn more(&self) -> String {
        let shown = i64::try_from(self.pairs.len()).unwrap_or(i64::MAX);
        if self.import.total > shown {
            format!("The first {shown} of {}.", grouped(self.import.total))
        } else {
            String::new()
        }
    }
}

/// GET /answers/import/{id}
pub(crate) async fn show(member: Member, context: Data<Context>, id: Path<ImportId>, hx: Hx) -> Result {
    let (import, pairs) = {
        let mut conn = context.db.read().await?;
        let import = store::find(&mut conn, &member.organization.id, &id).await?;
        let import = import.filter(|import| import.state != ImportState::Reading).ok_or(Error::NotFound)?;
        let pairs = match import.state {
            ImportState::Ready => store::staged(&mut conn, &id, 0, SHOWN).await?,
            ImportState::Reading | ImportState::Running | ImportState::Finished | ImportState::Stopped => Vec::new(),
        };
        (import, pairs)
    };
    let pairs = pairs.into_iter().map(|row| Pair {
        question: row.content.question,
        answer: row.content.answer,
        tags: row.content.tags,
    });
    let page = ShowPage {
        shell: member.shell(Section::Answers, format!("Import {}", import.file_name)),
        pairs: pairs.collect(),
        is_published: match import.state {
            ImportState::Ready => Standing::of(member.user.role) == Standing::Moderator,
            _ => import.standing == Standing::Moderator,
        },
        import,
    };
    page.answer(&hx)
}

/// How a file is imported.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StartForm {
    /// `import`: pairs that the library has, too.
    known: String,
}

/// POST /answers/import/{id}/start
pub(crate) async fn start(change: Change<ImportId>, imports: Data<Imports>, Form(form): Form<StartForm>) -> Result {
    let (standing, takes_known) = (Standing::of(change.person.user.role), form.known == "import");
    let start = async |tx: &mut _, desk: &_, author: &_, id: &_| {
        actions::start(tx, desk, author, standing, takes_known, id).await
    };
    let started = change.run(start).await?;
    imports.wake();
    if started.is_new {
        let import = started.now;
        let count = if import.takes_known { import.total } else { import.new_pairs() };
        let text = format!("{} on the way.", counted(count, "pair is", "pairs are"));
        change.person.flash(Toast::ok("Import started").text(text));
    }
    Ok(see_other(&change.hx, url(&change.id)))
}

/// POST /answers/import/{id}/stop
pub(crate) async fn stop(change: Change<ImportId>) -> Result {
    let stopped = change.run(actions::stop).await?;
    if stopped.is_new {
        let text = format!("{} saved before.", counted(stopped.now.saved(), "pair was", "pairs were"));
        change.person.flash(Toast::ok("Import stopped").text(text));
    }
    Ok(see_other(&change.hx, url(&change.id)))
}

/// POST /answers/import/{id}/discard
pub(crate) async fn discard(change: Change<ImportId>) -> Result {
    let import = change.run(actions::discard).await?;
    change.person.flash(Toast::ok("File discarded").text(format!("Nothing of {} was imported.", import.file_name)));
    Ok(see_other(&change.hx, IMPORT))
}
