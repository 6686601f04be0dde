//! Changing a pair.

use crate::base::{AnswerId, Expected};
use crate::db::Tx;
use crate::workspace::answers::model::{Answer, AnswerStatus, ContentChange, Standing};
use crate::workspace::change::{Author, Changed, Desk, Refusal};

use super::{Change, Made, load_to_change, update_one};

/// Changes a pair, and raises ANSWER_LIB_UPDATED: MODERATED for other texts of a pair that waits in moderation, else EDITED.
///
/// What a member writes into a pair that is published, or was rejected, waits in moderation. Tags and owner are nothing that
/// moderators look at: changing them leaves every pair where it is.
pub async fn edit(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    standing: Standing,
    id: &AnswerId,
    expected: &Expected,
    change: ContentChange,
) -> Result<Changed<Answer>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut made = Made::on(load_to_change(tx, author, id, expected).await?);
    made.answer.content = change.apply(&made.before);
    if made.answer.content == made.before {
        return Ok(Changed { now: made.answer, is_new: false });
    }
    let mut change = Change::Edited;
    if made.answer.content.has_other_texts(&made.before) {
        match (made.answer.status, standing) {
            (AnswerStatus::InModeration, _) => change = Change::Moderated,
            (AnswerStatus::Published | AnswerStatus::Rejected, Standing::Member) => {
                made.answer.status = AnswerStatus::InModeration;
                made.answer.note = None;
            }
            (AnswerStatus::InReview, Standing::Member) => {
                return Err(Refusal::conflict(
                    "This pair is being reviewed. Its reviewer or a moderator can change it.",
                ));
            }
            (AnswerStatus::Published | AnswerStatus::Rejected | AnswerStatus::InReview, Standing::Moderator) => {}
        }
    }
    let answer = update_one(tx, desk, author, now, change, made).await?;
    Ok(Changed { now: answer, is_new: true })
}
