//! Lists of pairs: each walks one index from the newest (or the oldest) on.

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{Cursor, OrganizationId};
use crate::db::full_text::{self, Words};
use crate::db::{Conn, DbError, Dialect};
use crate::workspace::answers::model::{Answer, AnswerStatus, Counts, tag_key};

use super::{COLUMNS, read};

/// In which order pairs are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}

/// Which pairs are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What somebody typed: all of its words, each at the beginning of a word of question, answer or tags. Where it is not empty
    /// but has no word, nothing is found.
    pub words: Option<String>,
    pub status: Option<AnswerStatus>,
    /// Has this tag, whatever its case.
    pub tag: Option<String>,
    /// Kept right by this person, as it was written.
    pub owner: Option<String>,
    /// Waits for the review of this person.
    pub reviewer: Option<String>,
    /// In the trash, instead of out of it.
    pub trashed: bool,
    pub order: Order,
}

/// Pairs in the filter's order, `limit` of them after `after` (see [`Answer::cursor`]).
pub async fn list(
    conn: &mut Conn,
    organization: &OrganizationId,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<Answer>, DbError> {
    let Some(statement) = Statement::of(Dialect::of(conn), organization, filter, after, limit) else {
        return Ok(Vec::new());
    };
    let query =
        statement.values.iter().fold(sqlx::query(AssertSqlSafe(statement.text())), |query, value| match value {
            Value::Text(text) => query.bind(text.as_str()),
            Value::Number(number) => query.bind(*number),
        });
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

enum Value {
    Text(String),
    Number(i64),
}

/// A list's SQL: what narrows it most is what it walks through.
struct Statement {
    /// The tables, the first one being walked through.
    from: &'static str,
    /// The number by which it is walked.
    number: &'static str,
    order: &'static str,
    conditions: Vec<String>,
    limit: String,
    values: Vec<Value>,
}

impl Statement {
    /// `None` where nothing can be found.
    fn of(
        dialect: Dialect,
        organization: &OrganizationId,
        filter: &Filter,
        after: Option<&Cursor>,
        limit: i64,
    ) -> Option<Self> {
        let typed = filter.words.as_deref().filter(|words| !words.trim().is_empty());
        let words = typed.map(Words::of);
        if matches!(words, Some(None)) {
            return None;
        }
        let words = words.flatten();
        let tag = filter.tag.as_deref().map(tag_key);
        let walks_words = words.is_some() && dialect == Dialect::Sqlite;
        let (from, number) = match (walks_words, &tag) {
            // SQLite keeps to the order of a CROSS JOIN.
            (true, _) => ("answers_text x CROSS JOIN answers a", "x.rowid"),
            (false, Some(_)) => ("answer_tags t CROSS JOIN answers a", "t.number"),
            (false, None) => ("answers a", "a.number"),
        };
        let order = match filter.order {
            Order::NewestFirst => "DESC",
            Order::OldestFirst => "ASC",
        };
        let mut made = Self { from, number, order, conditions: Vec::new(), limit: String::new(), values: Vec::new() };
        if let Some(words) = &words {
            made.find(dialect, organization, filter, tag.as_deref(), words);
        }
        if let Some(tag) = tag {
            made.tag(organization, filter, tag, walks_words);
        }
        let organization = made.value(Value::Text(organization.to_string()));
        let trashed = if filter.trashed { "IS NOT NULL" } else { "IS NULL" };
        made.conditions.push(format!("a.organization_id = {organization} AND a.trashed_at {trashed}"));
        if let Some(status) = filter.status {
            made.equal("a.status", status.as_str());
        }
        if let Some(owner) = &filter.owner {
            made.equal("a.owner", owner);
        }
        if let Some(reviewer) = &filter.reviewer {
            made.conditions.push("a.status = 'in_review'".into());
            made.equal("a.reviewer", reviewer);
        }
        // A cursor with another id than ours is refused where it comes in.
        if let Some(after) = after.and_then(|cursor| cursor.id.parse().ok()) {
            let place = made.value(Value::Number(after));
            let sign = if filter.order == Order::NewestFirst { '<' } else { '>' };
            made.conditions.push(format!("{number} {sign} {place}"));
        }
        made.limit = made.value(Value::Number(limit));
        Some(made)
    }

    /// The placeholder of one more value.
    fn value(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn equal(&mut self, column: &str, text: &str) {
        let value = self.value(Value::Text(text.to_owned()));
        self.conditions.push(format!("{column} = {value}"));
    }

    fn find(
        &mut self,
        dialect: Dialect,
        organization: &OrganizationId,
        filter: &Filter,
        tag: Option<&str>,
        words: &Words,
    ) {
        match dialect {
            Dialect::Sqlite => {
                let status = filter.status.map(AnswerStatus::as_str);
                let scope =
                    full_text::Scope { organization: organization.as_str(), trashed: filter.trashed, status, tag };
                let query = self.value(Value::Text(full_text::fts5_query(scope, words)));
                self.conditions.push(format!("answers_text MATCH {query} AND a.number = x.rowid"));
            }
            Dialect::Postgres => {
                let query = self.value(Value::Text(words.tsquery()));
                self.conditions.push(format!("a.words @@ to_tsquery('simple', {query})"));
            }
        }
    }

    fn tag(&mut self, organization: &OrganizationId, filter: &Filter, tag: String, walks_words: bool) {
        if walks_words {
            // The index has looked already.
            return;
        }
        let organization = self.value(Value::Text(organization.to_string()));
        let tag = self.value(Value::Text(tag));
        let trashed = i64::from(filter.trashed);
        self.conditions.push(format!(
            "a.id = t.answer_id AND t.organization_id = {organization} AND t.trashed = {trashed} AND t.tag = {tag}"
        ));
        if let Some(status) = filter.status {
            self.equal("t.status", status.as_str());
        }
    }

    fn text(&self) -> String {
        let Self { from, number, order, conditions, limit, .. } = self;
        let conditions = conditions.join(" AND ");
        format!("SELECT {COLUMNS} FROM {from} WHERE {conditions} ORDER BY {number} {order} LIMIT {limit}")
    }
}

/// How many pairs the organization has, status by status.
pub async fn counts(conn: &mut Conn, organization: &OrganizationId) -> Result<Counts, DbError> {
    let rows = sqlx::query(
        "SELECT status, COUNT(*) FROM answers WHERE organization_id = $1 AND trashed_at IS NULL GROUP BY status",
    )
    .bind(organization)
    .fetch_all(conn)
    .await?;
    let mut counts = Counts::default();
    for row in rows {
        let (status, count): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let wrong = |_| DbError::inconsistent("answers", "status", organization.as_str(), &status);
        *match status.parse::<AnswerStatus>().map_err(wrong)? {
            AnswerStatus::InModeration => &mut counts.in_moderation,
            AnswerStatus::Published => &mut counts.published,
            AnswerStatus::InReview => &mut counts.in_review,
            AnswerStatus::Rejected => &mut counts.rejected,
        } = count;
    }
    Ok(counts)
}

/// The tags of pairs outside of the trash, each as somebody wrote it, by the alphabet: at most `limit`.
pub async fn tags(conn: &mut Conn, organization: &OrganizationId, limit: i64) -> Result<Vec<String>, DbError> {
    // Goes from one tag to the next in the index, instead of through all that have it.
    let rows = sqlx::query(
        "WITH RECURSIVE names (tag) AS (\
         SELECT MIN(tag) FROM answer_tags WHERE organization_id = $1 AND trashed = 0 \
         UNION ALL \
         SELECT (SELECT MIN(t.tag) FROM answer_tags t WHERE t.organization_id = $1 AND t.trashed = 0 AND t.tag > names.tag) \
         FROM names WHERE names.tag IS NOT NULL) \
         SELECT (SELECT l.label FROM answer_tags l WHERE l.organization_id = $1 AND l.trashed = 0 AND l.tag = names.tag \
         LIMIT 1) FROM names WHERE names.tag IS NOT NULL LIMIT $2",
    )
    .bind(organization)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Who keeps pairs outside of the trash right, by the alphabet: at most `limit`.
pub async fn owners(conn: &mut Conn, organization: &OrganizationId, limit: i64) -> Result<Vec<String>, DbError> {
    // From one to the next in the index, like the tags.
    let rows = sqlx::query(
        "WITH RECURSIVE names (owner) AS (\
         SELECT MIN(owner) FROM answers WHERE organization_id = $1 AND trashed_at IS NULL AND owner IS NOT NULL \
         UNION ALL \
         SELECT (SELECT MIN(a.owner) FROM answers a WHERE a.organization_id = $1 AND a.trashed_at IS NULL \
         AND a.owner IS NOT NULL AND a.owner > names.owner) \
         FROM names WHERE names.owner IS NOT NULL) \
         SELECT owner FROM names WHERE owner IS NOT NULL LIMIT $2",
    )
    .bind(organization)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{SystemRng, Timestamp};
    use crate::db::{Db, Options};

    /// How SQLite goes through each of the tables.
    async fn plan(conn: &mut Conn, organization: &OrganizationId, filter: &Filter) -> String {
        let after = Cursor { at: Timestamp::from_seconds(0), id: "7".into() };
        let statement = Statement::of(Dialect::Sqlite, organization, filter, Some(&after), 50).unwrap();
        let text = format!("EXPLAIN QUERY PLAN {}", statement.text());
        let query = statement.values.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, value| match value {
            Value::Text(text) => query.bind(text.as_str()),
            Value::Number(number) => query.bind(*number),
        });
        let rows = query.fetch_all(conn).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(3)).collect::<Vec<_>>().join("; ")
    }

    #[tokio::test]
    async fn every_list_walks_an_index_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("herald.db").display());
        let db = Db::open(&url, Options::default()).await.unwrap();
        let mut conn = db.read().await.unwrap();
        let organization = OrganizationId::new(Timestamp::from_seconds(1_800_000_000), &SystemRng);
        let some = |text: &str| Some(text.to_owned());
        let published = Some(AnswerStatus::Published);
        for (filter, index) in [
            (Filter::default(), "answers_organization"),
            (Filter { order: Order::OldestFirst, ..Filter::default() }, "answers_organization"),
            (Filter { status: published, ..Filter::default() }, "answers_status"),
            (Filter { reviewer: some("ada@halden.example"), ..Filter::default() }, "answers_status"),
            (Filter { owner: some("Ingrid Solberg"), ..Filter::default() }, "answers_owner"),
            (Filter { tag: some("eu"), ..Filter::default() }, "answer_tags_list"),
            (Filter { tag: some("eu"), status: published, ..Filter::default() }, "answer_tags_status"),
            (Filter { words: some("rest"), ..Filter::default() }, "VIRTUAL TABLE"),
            (Filter { words: some("rest"), tag: some("eu"), status: published, ..Filter::default() }, "VIRTUAL TABLE"),
            (Filter { trashed: true, ..Filter::default() }, "answers_thrown_away"),
        ] {
            let plan = plan(&mut conn, &organization, &filter).await;
            assert!(plan.contains(index), "{filter:?}: {plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN a"), "{filter:?}: {plan}");
        }
        drop(conn);
        db.close().await;
    }
}
