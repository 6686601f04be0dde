//! What happens to an import, each in the caller's transaction.

use serde_json::json;

use crate::base::{ImportId, Timestamp};
use crate::db::Tx;
use crate::workspace::answers::actions::create_all;
use crate::workspace::answers::model::Standing;
use crate::workspace::change::{Author, Changed, Desk, Refusal};

use super::model::{Gathered, Import, ImportState, Row, STEP};
use super::store;

/// Begins an import, whose file is coming in.
pub async fn open(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    standing: Standing,
    file_name: String,
) -> Result<ImportId, Refusal> {
    let now = desk.begin(tx, author).await?;
    let import = Import {
        id: ImportId::new(now, desk.rng()),
        organization: author.actor.organization.clone(),
        file_name,
        state: ImportState::Reading,
        total: 0,
        done: 0,
        known: 0,
        takes_known: false,
        skipped: 0,
        refused: 0,
        problems: Vec::new(),
        ignored: Vec::new(),
        by: author.actor.clone(),
        standing,
        created_at: now,
        finished_at: None,
    };
    store::insert(tx, &import).await?;
    Ok(import.id)
}

/// Stages the next pairs of the file.
pub async fn stage(tx: &mut Tx, id: &ImportId, rows: &[Row]) -> Result<(), Refusal> {
    Ok(store::stage(tx, id, rows).await?)
}

/// The file is read to its end. `known`: how many of its pairs the library has already.
pub async fn close(
    tx: &mut Tx,
    id: &ImportId,
    found: &Gathered,
    ignored: &[String],
    known: i64,
) -> Result<(), Refusal> {
    Ok(store::ready(tx, id, found, ignored, known).await?)
}

/// Writes down that the library, or what `filter` (the query of the address) chooses of it, is taken away as a file.
pub async fn note_export(tx: &mut Tx, desk: &Desk, author: &Author, filter: &str) -> Result<(), Refusal> {
    desk.begin(tx, author).await?;
    let details = json!({ "format": "csv", "filter": filter });
    Ok(desk.write_down(tx, author, "answer.exported", "Answer library", details).await?)
}

/// The file is no good, or stopped coming in.
pub async fn abandon(tx: &mut Tx, id: &ImportId) -> Result<(), Refusal> {
    Ok(store::delete(tx, id).await?)
}

/// Starts to save the pairs in the name of `author`; those that the library has are left out unless `takes_known`. Repeated, it
/// changes nothing.
pub async fn start(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    standing: Standing,
    takes_known: bool,
    id: &ImportId,
) -> Result<Changed<Import>, Refusal> {
    desk.begin(tx, author).await?;
    let mut import = load(tx, author, id).await?;
    match import.state {
        ImportState::Reading => return Err(Refusal::conflict("The file is still coming in.")),
        ImportState::Running | ImportState::Finished | ImportState::Stopped => {
            return Ok(Changed { now: import, is_new: false });
        }
        ImportState::Ready if import.total == 0 => {
            return Err(Refusal::conflict("There is no pair in this file that could be imported."));
        }
        ImportState::Ready => {}
    }
    import.state = ImportState::Running;
    import.by = author.actor.clone();
    import.standing = standing;
    import.takes_known = takes_known;
    store::update(tx, &import).await?;
    let details = json!({ "import_id": id, "pairs": import.total, "left_out": import.refused });
    desk.write_down(tx, author, "import.started", &import.file_name, details).await?;
    Ok(Changed { now: import, is_new: true })
}

/// Ends an import before all of its pairs are saved; those that are saved stay. Repeated, and after its end, it changes nothing.
pub async fn stop(tx: &mut Tx, desk: &Desk, author: &Author, id: &ImportId) -> Result<Changed<Import>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut import = load(tx, author, id).await?;
    match import.state {
        ImportState::Reading | ImportState::Ready => {
            return Err(Refusal::conflict("This import was not started yet."));
        }
        ImportState::Finished | ImportState::Stopped => return Ok(Changed { now: import, is_new: false }),
        ImportState::Running => {}
    }
    import.state = ImportState::Stopped;
    import.finished_at = Some(now);
    store::update(tx, &import).await?;
    let details = json!({ "import_id": id, "pairs": import.saved(), "left": import.total - import.done });
    desk.write_down(tx, author, "import.stopped", &import.file_name, details).await?;
    Ok(Changed { now: import, is_new: true })
}

/// Forgets a file that was not imported.
pub async fn discard(tx: &mut Tx, desk: &Desk, author: &Author, id: &ImportId) -> Result<Import, Refusal> {
    desk.begin(tx, author).await?;
    let import = load(tx, author, id).await?;
    if import.state != ImportState::Ready {
        return Err(Refusal::conflict("This import was started already."));
    }
    store::delete(tx, id).await?;
    Ok(import)
}

/// Saves the next thousand pairs, past those that the library has, and raises their ANSWER_LIB_CREATED; after the last ones the import is finished. Whoever else takes
/// the same step meanwhile, on another node, waits for this one and then takes the next.
pub async fn step(tx: &mut Tx, desk: &Desk, author: &Author, id: &ImportId) -> Result<Import, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut import = load(tx, author, id).await?;
    if import.state != ImportState::Running {
        return Ok(import);
    }
    let rows = match import.takes_known {
        true => store::staged(tx, id, import.done, STEP).await?,
        false => store::staged_anew(tx, &import, STEP).await?,
    };
    let saved = i64::try_from(rows.len()).unwrap_or(STEP);
    // The last of a full step is where the next one goes on; a step that is not full is the last one.
    let done = rows.last().filter(|_| saved == STEP).map_or(import.total, |last| last.number);
    import.skipped += done - import.done - saved;
    import.done = done;
    let is_last = import.done >= import.total;
    let contents = rows.into_iter().map(|row| row.content).collect();
    create_all(tx, desk, author, import.standing, contents).await?;
    if is_last {
        import.state = ImportState::Finished;
        import.finished_at = Some(now);
        let details = json!({ "import_id": id, "pairs": import.saved(), "skipped": import.skipped });
        desk.write_down(tx, author, "import.finished", &import.file_name, details).await?;
    }
    store::update(tx, &import).await?;
    Ok(import)
}

/// Removes files that came in before `before` and that nobody started to import.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<(), Refusal> {
    for id in store::forgotten(tx, before).await? {
        store::delete(tx, &id).await?;
    }
    Ok(())
}

async fn load(tx: &mut Tx, author: &Author, id: &ImportId) -> Result<Import, Refusal> {
    store::find(tx, &author.actor.organization, id).await?.ok_or(Refusal::NotFound)
}
