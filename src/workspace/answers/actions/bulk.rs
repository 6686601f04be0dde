//! Actions on many pairs at once: all or nothing, one event for each thousand with their ids in the order of the action. Pairs
//! that already are what they are to become are passed over. `ids` names each pair once.

use crate::base::AnswerId;
use crate::db::Tx;
use crate::workspace::answers::model::{Answer, AnswerStatus, InvalidTag, tag_key, unique_tags};
use crate::workspace::change::{Author, Desk, Refusal};

use super::trash::put_away;
use super::{Change, Made, load_all, load_all_to_change, refused, update};

/// Publishes pairs that wait in moderation, or were rejected. Raises ANSWER_LIB_UPDATED with PUBLISHED. Answers all of them.
pub async fn publish_all(tx: &mut Tx, desk: &Desk, author: &Author, ids: &[AnswerId]) -> Result<Vec<Answer>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut made = Vec::new();
    for answer in load_all_to_change(tx, author, ids).await? {
        match answer.status {
            AnswerStatus::InModeration | AnswerStatus::Rejected => {
                let mut one = Made::on(answer);
                one.answer.status = AnswerStatus::Published;
                one.answer.note = None;
                made.push(one);
            }
            AnswerStatus::Published => {}
            AnswerStatus::InReview => return Err(refused("is published, and being reviewed", &answer)),
        }
    }
    update(tx, desk, author, now, Change::Published, made).await?;
    load_all(tx, author, ids).await
}

/// Tags to add to pairs, and to take from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagsChange {
    pub add: Vec<String>,
    pub remove: Vec<String>,
}

impl TagsChange {
    fn apply(&self, tags: &[String]) -> Result<Vec<String>, InvalidTag> {
        let goes = |tag: &String| self.remove.iter().any(|other| tag_key(other) == tag_key(tag));
        unique_tags(tags.iter().filter(|tag| !goes(tag)).chain(&self.add).cloned())
    }
}

/// Changes the tags of pairs. Raises ANSWER_LIB_UPDATED with EDITED. Answers all of them.
pub async fn tag_all(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    ids: &[AnswerId],
    change: &TagsChange,
) -> Result<Vec<Answer>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut made = Vec::new();
    for answer in load_all_to_change(tx, author, ids).await? {
        let mut one = Made::on(answer);
        one.answer.content.tags = change
            .apply(&one.before.tags)
            .map_err(|_| refused("would have more tags than a pair can have", &one.answer))?;
        if one.answer.content != one.before {
            made.push(one);
        }
    }
    update(tx, desk, author, now, Change::Edited, made).await?;
    load_all(tx, author, ids).await
}

/// Moves pairs to the trash, and raises ANSWER_LIB_DELETED.
pub async fn trash_all(tx: &mut Tx, desk: &Desk, author: &Author, ids: &[AnswerId]) -> Result<(), Refusal> {
    let now = desk.begin(tx, author).await?;
    let answers = load_all(tx, author, ids).await?;
    let here = answers.into_iter().filter(|answer| answer.trashed.is_none()).collect();
    put_away(tx, desk, author, now, here).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_and_go_whatever_their_case() {
        let change = TagsChange { add: vec!["eu".into(), "New".into()], remove: vec!["OLD".into()] };
        let tags = ["Old".to_owned(), "EU".to_owned()];
        assert_eq!(change.apply(&tags).unwrap(), ["EU", "New"]);
    }
}
