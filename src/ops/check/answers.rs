//! The answer library: whether pairs are found by what they are.

use std::collections::{BTreeSet, HashMap};

use super::report::{Fault, Report};
use super::store::{self, AnswerRow, TagRow};
use crate::db::full_text::{Scope, fts5_whole_query};
use crate::db::{Conn, DbError, Dialect};
use crate::workspace::answers::model::tag_key;

/// Pairs that are read at a time; each may be long.
const PAGE: i64 = 200;

pub(super) async fn check(conn: &mut Conn, report: &mut Report) -> Result<(), DbError> {
    let has_index = Dialect::of(conn) == Dialect::Sqlite;
    let (mut after, mut answers, mut tags) = (String::new(), 0, 0);
    loop {
        let page = store::answers_after(conn, &after, PAGE).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
        after.clone_from(&last.id);
        answers += page.len() as u64;
        let rows = store::tags_between(conn, &first.id, &last.id).await?;
        tags += check_tags(&page, rows, report);
        if has_index {
            let queries: Vec<(i64, String)> = page.iter().map(|row| (row.number, query(row))).collect();
            for number in store::not_in_full_text(conn, &queries).await? {
                report.find(Fault::NotInFullText, || format!("pair number {number}"));
            }
        }
    }
    report.count("pairs of the answer library", answers);
    report.count("their tags", tags);
    if store::count(conn, "answer_tags").await? != tags {
        report.find(Fault::TagWithoutAnswer, || "more tags than pairs have".into());
    }
    if !has_index {
        report.leave_out("the full-text index, which PostgreSQL makes of the rows by itself");
    } else if store::count(conn, "answers_text_docsize").await? != answers {
        for number in store::full_text_strangers(conn).await? {
            report.find(Fault::FullTextWithoutAnswer, || format!("number {number}"));
        }
    }
    Ok(())
}

fn written_tags(row: &AnswerRow) -> Vec<String> {
    serde_json::from_str(&row.tags).unwrap_or_default()
}

/// Answers how many tags there are of these pairs.
fn check_tags(page: &[AnswerRow], rows: Vec<TagRow>, report: &mut Report) -> u64 {
    let mut found: HashMap<String, BTreeSet<TagRow>> = HashMap::new();
    let count = rows.len() as u64;
    for row in rows {
        found.entry(row.answer.clone()).or_default().insert(row);
    }
    for answer in page {
        let row = |label: String| TagRow {
            answer: answer.id.clone(),
            tag: tag_key(&label),
            label,
            organization: answer.organization.clone(),
            number: answer.number,
            status: answer.status.clone(),
            is_trashed: answer.is_trashed,
        };
        let expected: BTreeSet<TagRow> = written_tags(answer).into_iter().map(row).collect();
        if found.remove(&answer.id).unwrap_or_default() != expected {
            report.find(Fault::TagsDiffer, || format!("pair {}", answer.id));
        }
    }
    for id in found.into_keys() {
        report.find(Fault::TagWithoutAnswer, || format!("pair {id}"));
    }
    count
}

/// What the index must find the pair by.
fn query(row: &AnswerRow) -> String {
    let scope =
        Scope { organization: &row.organization, trashed: row.is_trashed, status: Some(&row.status), tag: None };
    let tags: Vec<String> = written_tags(row).iter().map(|tag| tag_key(tag)).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    fts5_whole_query(scope, &tags, [&row.question, &row.answer])
}
