//! What people do with projects, for pages and API alike, each in the caller's transaction.
//!
//! Saving without a change raises nothing and writes nothing down. What is in the trash is looked at and restored, not changed.

mod life;
mod projects;
mod questions;
mod sections;
mod trash;

use crate::base::{Expected, ProjectId};
use crate::db::Tx;

use super::model::Project;
use super::store;
use crate::workspace::change::{Author, Refusal};

pub use life::{archive, complete, reopen, unarchive};
pub use projects::{create, edit};
pub use questions::{QuestionChange, add_question, change_question, delete_question};
pub use sections::{SectionChange, add_section, change_section, complete_section, delete_section, reopen_section};
pub(in crate::workspace) use trash::delete_all;
pub use trash::{delete, restore, trash};

/// The project, whatever became of it. `expected`: the version that whoever changes it has seen.
async fn load(tx: &mut Tx, author: &Author, id: &ProjectId, expected: &Expected) -> Result<Project, Refusal> {
    let project = store::find(tx, &author.actor.organization, id).await?.ok_or(Refusal::NotFound)?;
    if !expected.holds_for(project.version) {
        return Err(Refusal::Stale);
    }
    Ok(project)
}

/// Like [`load`], and not in the trash.
async fn load_to_change(tx: &mut Tx, author: &Author, id: &ProjectId, expected: &Expected) -> Result<Project, Refusal> {
    let project = load(tx, author, id, expected).await?;
    if project.trashed.is_some() {
        return Err(Refusal::conflict("This project is in the trash. Restore it first."));
    }
    Ok(project)
}

/// The positions of `ids` once `id` stands at `position` (from 1; past the end is the end): who has to move, and to where.
fn rearranged<'a, T: PartialEq>(ids: &'a [(T, i64)], id: &T, position: i64) -> Vec<(&'a T, i64)> {
    let mut order: Vec<&(T, i64)> = ids.iter().filter(|(other, _)| other != id).collect();
    let Some(moved) = ids.iter().find(|(other, _)| other == id) else { return Vec::new() };
    let place = usize::try_from(position.max(1) - 1).unwrap_or(usize::MAX).min(order.len());
    order.insert(place, moved);
    let numbered = order.into_iter().zip(1..);
    numbered.filter_map(|((id, before), now)| (*before != now).then_some((id, now))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_moves_makes_room_and_nobody_else_moves() {
        let ids = [("a", 1), ("b", 2), ("c", 3), ("d", 4)];
        let moves = |id: &'static str, to: i64| {
            rearranged(&ids, &id, to).into_iter().map(|(id, place)| (*id, place)).collect::<Vec<_>>()
        };
        assert_eq!(moves("c", 1), [("c", 1), ("a", 2), ("b", 3)]);
        assert_eq!(moves("a", 2), [("b", 1), ("a", 2)]);
        assert_eq!(moves("b", 99), [("c", 2), ("d", 3), ("b", 4)]);
        assert_eq!(moves("b", -5), [("b", 1), ("a", 2)]);
        assert_eq!(moves("b", 2), []);
        assert_eq!(moves("nobody", 2), []);
    }
}
