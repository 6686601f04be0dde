//! The full-text index of the answer library.
//!
//! It is made where it is missing, and filled from the rows, so it can be dropped and is made anew at the
//! next start. SQLite: an FTS5 table that keeps words and no texts; its rows are the pairs' numbers, and its first column holds
//! what lists are filtered by, as words of its own, so that a search is one walk from the newest match on. PostgreSQL: a
//! column that the database keeps itself, under a GIN index.

use super::Dialect;
use super::late::Piece;

/// The most words of a search that count; nobody writes more.
const WORDS: usize = 32;

/// A word of one letter stands for itself alone in these scripts: half of all pairs have a word that begins with it.
fn stands_for_itself(word: &str) -> bool {
    word.len() == 1
}

/// What somebody looks for: words that must all be there, each at the beginning of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// The words in a text that may be anything: what is neither letter nor digit only separates them. `None` without any.
    pub fn of(text: &str) -> Option<Self> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<String> = words.take(WORDS).map(str::to_lowercase).collect();
        (!words.is_empty()).then_some(Self(words))
    }

    /// As a query of FTS5, in the columns with texts.
    fn fts5(&self) -> String {
        let word = |word: &String| {
            let end = if stands_for_itself(word) { "" } else { " *" };
            // What a tokenizer makes of a quoted string is never an operator.
            format!("\"{word}\"{end}")
        };
        let words: Vec<String> = self.0.iter().map(word).collect();
        format!("{{question answer tags}} : ({})", words.join(" AND "))
    }

    /// As a query of `to_tsquery`.
    pub fn tsquery(&self) -> String {
        let word = |word: &String| {
            let end = if stands_for_itself(word) { "" } else { ":*" };
            format!("'{word}'{end}")
        };
        self.0.iter().map(word).collect::<Vec<_>>().join(" & ")
    }
}

/// What a search on SQLite is filtered by beside its words, inside of the index.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub organization: &'a str,
    pub trashed: bool,
    pub status: Option<&'a str>,
    /// In lower case.
    pub tag: Option<&'a str>,
}

/// The query of a search on SQLite.
pub fn fts5_query(scope: Scope<'_>, words: &Words) -> String {
    let tags: Vec<&str> = scope.tag.into_iter().collect();
    format!("{} AND {}", scope_query(scope, &tags), words.fts5())
}

/// A query that finds a pair by all that it must be found by: its place, all its tags (in lower case), and the first `WORDS`
/// pieces of its texts. Pieces are cut at white space alone and left to the tokenizer, which made the index of them.
pub fn fts5_whole_query(scope: Scope<'_>, tags: &[&str], texts: [&str; 2]) -> String {
    let mut query = scope_query(scope, tags);
    // A phrase without anything that the tokenizer keeps would match nothing; of ASCII it is known what it keeps.
    let words = texts.iter().flat_map(|text| text.split_whitespace());
    for word in words.filter(|word| word.contains(|c: char| c.is_ascii_alphanumeric())).take(WORDS) {
        query.push_str(&format!(" AND {{question answer}} : \"{}\"", word.replace('"', "\"\"")));
    }
    query
}

fn scope_query(scope: Scope<'_>, tags: &[&str]) -> String {
    let place = if scope.trashed { 'd' } else { 'o' };
    let mut filters = vec![format!("{place}{}", scope.organization)];
    filters.extend(scope.status.map(|status| format!("s{}", status.replace('_', ""))));
    filters.extend(tags.iter().map(|tag| tag.bytes().fold("t".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))));
    let filters: Vec<String> = filters.into_iter().map(|filter| format!("\"{filter}\"")).collect();
    format!("scope : ({})", filters.join(" AND "))
}

/// Says of every pair in words what [`fts5_query`] filters by, and its texts.
const FTS5_ROWS: &str = "INSERT INTO answers_text (rowid, scope, question, answer, tags) \
    SELECT a.number, CASE WHEN a.trashed_at IS NULL THEN 'o' ELSE 'd' END || a.organization_id || ' s' || \
    replace(a.status, '_', '') || COALESCE((SELECT ' ' || group_concat('t' || hex(t.tag), ' ') FROM answer_tags t \
    WHERE t.answer_id = a.id), ''), a.question, a.answer, a.tags FROM answers a";

// Words of two or three letters are looked up as they are typed, so the beginnings of words are kept, too.
const FTS5_TABLE: &str = "CREATE VIRTUAL TABLE answers_text USING fts5(scope, question, answer, tags, content = '', \
    contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')";

// The parser of PostgreSQL takes `ISO-27001` for a word and a negative number, and `a/b` for a path: without ASCII's
// punctuation it finds the words that SQLite finds.
const TSVECTOR_COLUMN: &str = r##"ALTER TABLE answers ADD COLUMN IF NOT EXISTS words tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', translate(question || ' ' || answer || ' ' || tags,
        '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)))) STORED"##;
const TSVECTOR_INDEX: &str = "CREATE INDEX IF NOT EXISTS answers_words ON answers USING GIN (words)";

/// The index.
pub(super) const INDEX: Piece = Piece {
    is_there: |dialect| match dialect {
        Dialect::Sqlite => "SELECT 1 FROM sqlite_master WHERE name = 'answers_text'",
        Dialect::Postgres => {
            "SELECT 1 FROM pg_indexes WHERE indexname = 'answers_words' AND schemaname = current_schema()"
        }
    },
    makes: |dialect| match dialect {
        Dialect::Sqlite => &[FTS5_TABLE, FTS5_ROWS],
        Dialect::Postgres => &[TSVECTOR_COLUMN, TSVECTOR_INDEX],
    },
};

/// The text that puts the pairs with these numbers into SQLite's index, as they are now; `list` is what stands after `IN`.
pub fn fts5_insert(list: &str) -> String {
    format!("{FTS5_ROWS} WHERE a.number IN {list}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_becomes_words_and_nothing_but_words() {
        let of = |text| Words::of(text).map(|words| words.0);
        assert_eq!(of("Data at  rest?"), Some(vec!["data".into(), "at".into(), "rest".into()]));
        assert_eq!(
            of("\"NEAR(a b)\" OR -ISO_27001*"),
            Some(["near", "a", "b", "or", "iso", "27001"].map(str::to_owned).to_vec())
        );
        assert_eq!(of("Größe’s"), Some(vec!["größe".into(), "s".into()]));
        for empty in ["", " ", "\"", "?!*()^:{}-+&|<>'\\\0"] {
            assert_eq!(of(empty), None, "{empty:?}");
        }
        assert_eq!(of(&"word ".repeat(1_000)).unwrap().len(), WORDS);
    }

    #[test]
    fn queries_quote_every_word() {
        let words = Words::of("a NOT rest").unwrap();
        assert_eq!(words.tsquery(), "'a' & 'not':* & 'rest':*");
        let scope = Scope { organization: "60ad", trashed: false, status: Some("in_review"), tag: Some("eu") };
        let expected = "scope : (\"o60ad\" AND \"sinreview\" AND \"t6575\") AND {question answer tags} : \
                        (\"a\" AND \"not\" * AND \"rest\" *)";
        assert_eq!(fts5_query(scope, &words), expected);
    }
}
