//! From records to pairs, or to what is wrong with them.

use serde::{Deserialize, Serialize};

use crate::base::csv::unguarded;
use crate::workspace::answers::model::{self, Content};

use super::PROBLEMS;
use super::csv::Record;

/// The columns that mean something, as an export writes them. The last one is only written: an imported pair begins anew.
pub const COLUMNS: [&str; 5] = ["question", "answer", "tags", "owner", "status"];

/// A pair that is to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place among the pairs of its file, from 1.
    pub number: i64,
    pub content: Content,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// The line of the file in which the row begins, from 1.
    pub line: i64,
    /// The column, by its name.
    pub column: String,
    pub message: String,
}

/// Why no row of a file can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingColumn {
    #[error("The file is empty. Its first line has the names of the columns: question, answer, tags.")]
    All,
    #[error(
        "The first line does not name a column {0}. Name the columns question, answer and, if you have them, tags and owner."
    )]
    One(&'static str),
    #[error("The first line names the column {0} twice.")]
    Twice(&'static str),
}

/// In which fields of a record the columns stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    question: usize,
    answer: usize,
    tags: Option<usize>,
    owner: Option<usize>,
    /// The names that mean nothing to us, as they are written.
    pub ignored: Vec<String>,
}

impl Columns {
    /// Reads the first line, whatever the case of its names.
    pub fn of(header: &Record) -> Result<Self, MissingColumn> {
        let is = |field: &String, name: &str| field.trim().to_lowercase() == name;
        let place = |name: &'static str| {
            let mut places = (0..header.fields.len()).filter(|place| is(&header.fields[*place], name));
            let first = places.next();
            if places.next().is_some() { Err(MissingColumn::Twice(name)) } else { Ok(first) }
        };
        let is_known = |field: &&String| COLUMNS[..4].iter().any(|name| is(field, name)) || field.trim().is_empty();
        Ok(Self {
            question: place("question")?.ok_or(MissingColumn::One("question"))?,
            answer: place("answer")?.ok_or(MissingColumn::One("answer"))?,
            tags: place("tags")?,
            owner: place("owner")?,
            ignored: header.fields.iter().filter(|field| !is_known(field)).map(|name| name.trim().to_owned()).collect(),
        })
    }

    /// The pair in a record, or what is wrong with it.
    fn pair(&self, record: &Record) -> Result<Content, Vec<RowProblem>> {
        let mut problems = Vec::new();
        let field =
            |place: Option<usize>| place.and_then(|place| record.fields.get(place)).map_or("", |cell| unguarded(cell));
        let mut note = |column: &str, error: &dyn std::fmt::Display| {
            let (column, message) = (column.to_owned(), error.to_string());
            problems.push(RowProblem { line: record.line, column, message });
        };
        let question = model::question(field(Some(self.question))).map_err(|error| note("question", &error)).ok();
        let answer = model::answer(field(Some(self.answer))).map_err(|error| note("answer", &error)).ok();
        let tags = model::split_tags(field(self.tags)).map_err(|error| note("tags", &error)).ok();
        let owner = model::owner(field(self.owner)).map_err(|error| note("owner", &error)).ok();
        match (question, answer, tags, owner) {
            (Some(question), Some(answer), Some(tags), Some(owner)) => Ok(Content { question, answer, tags, owner }),
            _ => Err(problems),
        }
    }
}

/// What was found in a file so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    columns: Option<Columns>,
    /// Pairs so far.
    pub total: i64,
    /// Rows that are no pairs.
    pub refused: i64,
    pub problems: Vec<RowProblem>,
}

impl Gathered {
    /// Reads the next records; the first one of all names the columns. Answers their pairs.
    pub fn read(&mut self, records: Vec<Record>) -> Result<Vec<Row>, MissingColumn> {
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            let Some(columns) = &self.columns else {
                self.columns = Some(Columns::of(&record)?);
                continue;
            };
            match columns.pair(&record) {
                Ok(content) => {
                    self.total += 1;
                    rows.push(Row { number: self.total, content });
                }
                Err(problems) => {
                    self.refused += 1;
                    let room = PROBLEMS.saturating_sub(self.problems.len());
                    self.problems.extend(problems.into_iter().take(room));
                }
            }
        }
        Ok(rows)
    }

    /// The columns that mean nothing to us; without a first line there is no file.
    pub fn ignored(&self) -> Result<&[String], MissingColumn> {
        self.columns.as_ref().map(|columns| columns.ignored.as_slice()).ok_or(MissingColumn::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: i64, fields: &[&str]) -> Record {
        Record { line, fields: fields.iter().map(|field| (*field).to_owned()).collect() }
    }

    #[test]
    fn columns_are_found_by_their_names() {
        let columns = Columns::of(&record(1, &[" Tags", "ANSWER", "id", "Question", ""])).unwrap();
        assert_eq!((columns.question, columns.answer, columns.tags, columns.owner), (3, 1, Some(0), None));
        assert_eq!(columns.ignored, ["id"]);
        for (names, wrong) in [
            (&["answer", "tags"][..], MissingColumn::One("question")),
            (&["question"], MissingColumn::One("answer")),
            (&["question", "answer", "Answer"], MissingColumn::Twice("answer")),
        ] {
            assert_eq!(Columns::of(&record(1, names)), Err(wrong));
        }
        assert_eq!(Gathered::default().ignored(), Err(MissingColumn::All));
    }

    #[test]
    fn rows_are_pairs_or_say_what_is_wrong() {
        let mut gathered = Gathered::default();
        let records = vec![
            record(1, &["question", "answer", "tags"]),
            record(2, &["Q", "A\r\nB", "EU, eu, ISO"]),
            record(4, &["", "", "x"]),
            record(5, &["Only a question"]),
            record(6, &["Q2", "A2"]),
        ];
        let rows = gathered.read(records).unwrap();
        let shown: Vec<_> =
            rows.iter().map(|row| (row.number, row.content.answer.as_str(), row.content.tags.len())).collect();
        assert_eq!(shown, [(1, "A\nB", 2), (2, "A2", 0)]);
        assert_eq!((gathered.total, gathered.refused), (2, 2));
        let wrong: Vec<_> = gathered.problems.iter().map(|problem| (problem.line, problem.column.as_str())).collect();
        assert_eq!(wrong, [(4, "question"), (4, "answer"), (5, "answer")]);
        let many = (0..200).map(|line| record(line, &["", "A"])).collect();
        gathered.read(many).unwrap();
        assert_eq!((gathered.refused, gathered.problems.len()), (202, PROBLEMS));
    }
}
