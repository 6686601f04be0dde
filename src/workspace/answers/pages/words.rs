//! The library's words for people: states, tags, days and texts in short.

use chrono::NaiveDate;

use crate::workspace::answers::model::{Answer, AnswerStatus};
use crate::workspace::pages::StatusWord;

fn status(status: AnswerStatus) -> StatusWord {
    let (tone, icon) = match status {
        AnswerStatus::InModeration => ("warn", "clock"),
        AnswerStatus::Published => ("ok", "circle-check"),
        AnswerStatus::InReview => ("warn", "eye"),
        AnswerStatus::Rejected => ("bad", "undo-2"),
    };
    StatusWord::new(tone, icon, label(status))
}

/// The status as filters offer it.
pub(super) const fn label(status: AnswerStatus) -> &'static str {
    match status {
        AnswerStatus::InModeration => "In moderation",
        AnswerStatus::Published => "Published",
        AnswerStatus::InReview => "In review",
        AnswerStatus::Rejected => "Sent back",
    }
}

/// The status of a pair, and that its review should have been over.
pub(super) fn status_of(answer: &Answer, today: NaiveDate) -> StatusWord {
    match &answer.review {
        Some(review) if review.due_date < today => StatusWord::new("bad", "alarm-clock", "Review overdue"),
        _ => status(answer.status),
    }
}

/// `4 Dec 2026`.
pub(super) fn day(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

/// The beginning of a text in one line, for lists.
pub(super) fn in_short(text: &str) -> String {
    const LENGTH: usize = 200;
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LENGTH) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// `1 pair`, `4 pairs`.
pub(super) fn pairs(count: i64) -> String {
    format!("{} {}", grouped(count), if count == 1 { "pair" } else { "pairs" })
}

/// A number with commas: `1,318`.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let places = digits.len();
    let comma = |(place, digit): (usize, char)| {
        let comma = (place > 0 && (places - place).is_multiple_of(3)).then_some(',');
        comma.into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(comma).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_and_texts_an_end() {
        for (number, text) in [(0, "0"), (999, "999"), (1_318, "1,318"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(pairs(1), "1 pair");
        assert_eq!(in_short(" One\n\n two\t"), "One two");
        assert_eq!(in_short(&"ä".repeat(300)).chars().count(), 201);
    }
}
