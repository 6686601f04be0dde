//! What changed between two texts, word by word: for people who moderate, and for who was overtaken by somebody else.

/// A paragraph of a text, ready for a page: pieces stand apart by a space.
pub(crate) type Paragraph = Vec<Piece>;

/// A run of words that both texts have or only one of them, or the end of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Same(String),
    Gone(String),
    New(String),
    Break,
}

/// Which of two texts a word belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Both,
    Before,
    After,
}

type Words<'a> = Vec<(Side, &'a str)>;

/// Comparing takes the product of both lengths. What differs over more than some thousand words on both sides is shown as
/// replaced: nobody reads such a comparison.
const MOST_CELLS: usize = 1_000_000;

const LINE_END: &str = "\n";

/// One text as paragraphs.
pub(super) fn plain(text: &str) -> Vec<Paragraph> {
    paragraphs(both(&words(text)))
}

/// `after` as paragraphs, with what it has more and less than `before`.
pub(super) fn compare(before: &str, after: &str) -> Vec<Paragraph> {
    let (before, after) = (words(before), words(after));
    let head = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (a, b) = (&before[head..], &after[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, end) = a.split_at(a.len() - tail);
    let changed = changes(a, &b[..b.len() - tail]);
    paragraphs(both(&before[..head]).chain(changed).chain(both(end)))
}

fn both<'a>(words: &[&'a str]) -> impl Iterator<Item = (Side, &'a str)> {
    words.iter().map(|word| (Side::Both, *word))
}

/// Words and line ends.
fn words(text: &str) -> Vec<&str> {
    let lines = text.trim().split(LINE_END);
    let mut words: Vec<&str> = lines.flat_map(|line| line.split_whitespace().chain([LINE_END])).collect();
    words.pop();
    words
}

/// The fewest words to take out of `a` and to put in to make it `b`: what is left is their longest common subsequence.
fn changes<'a>(a: &[&'a str], b: &[&'a str]) -> Words<'a> {
    if a.len().saturating_mul(b.len()) > MOST_CELLS {
        return replaced(a, b);
    }
    let width = b.len() + 1;
    // How many words `a[i..]` and `b[j..]` have in common at most.
    let mut common = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            let (down, right) = (common[(i + 1) * width + j], common[i * width + j + 1]);
            let both = common[(i + 1) * width + j + 1] + 1;
            common[i * width + j] = if a[i] == b[j] { both } else { down.max(right) };
        }
    }
    let (mut found, mut i, mut j) = (Vec::with_capacity(a.len() + b.len()), 0, 0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            found.push((Side::Both, a[i]));
            (i, j) = (i + 1, j + 1);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            found.push((Side::Before, a[i]));
            i += 1;
        } else {
            found.push((Side::After, b[j]));
            j += 1;
        }
    }
    found.extend(replaced(&a[i..], &b[j..]));
    found
}

fn replaced<'a>(a: &[&'a str], b: &[&'a str]) -> Words<'a> {
    let gone = a.iter().map(|word| (Side::Before, *word));
    gone.chain(b.iter().map(|word| (Side::After, *word))).collect()
}

/// Joins words of the same side; an empty line ends a paragraph. Line ends that are gone leave no trace.
fn paragraphs<'a>(words: impl Iterator<Item = (Side, &'a str)>) -> Vec<Paragraph> {
    let (mut all, mut open): (Vec<Paragraph>, Paragraph) = (Vec::new(), Vec::new());
    for (side, word) in words {
        if word != LINE_END {
            add(&mut open, side, word);
        } else if side != Side::Before && open.last() == Some(&Piece::Break) {
            open.pop();
            all.push(std::mem::take(&mut open));
        } else if side != Side::Before && !open.is_empty() {
            open.push(Piece::Break);
        }
    }
    if open.last() == Some(&Piece::Break) {
        open.pop();
    }
    if !open.is_empty() {
        all.push(open);
    }
    all
}

fn add(paragraph: &mut Paragraph, side: Side, word: &str) {
    match (side, paragraph.last_mut()) {
        (Side::Both, Some(Piece::Same(text)))
        | (Side::Before, Some(Piece::Gone(text)))
        | (Side::After, Some(Piece::New(text))) => {
            text.push(' ');
            text.push_str(word);
        }
        (Side::Both, _) => paragraph.push(Piece::Same(word.into())),
        (Side::Before, _) => paragraph.push(Piece::Gone(word.into())),
        (Side::After, _) => paragraph.push(Piece::New(word.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As people would mark it: `[-gone-]`, `{+new+}`, `/` for a line's end.
    fn marked(paragraphs: &[Paragraph]) -> Vec<String> {
        let mark = |piece: &Piece| match piece {
            Piece::Same(text) => text.clone(),
            Piece::Gone(text) => format!("[-{text}-]"),
            Piece::New(text) => format!("{{+{text}+}}"),
            Piece::Break => "/".into(),
        };
        paragraphs.iter().map(|pieces| pieces.iter().map(mark).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn words_that_changed_are_marked_and_the_others_are_not() {
        let table = [
            ("", "", vec![]),
            ("one two", "one two", vec!["one two"]),
            ("", "new text", vec!["{+new text+}"]),
            ("old text", "", vec!["[-old text-]"]),
            ("may request keys", "may bring keys", vec!["may [-request-] {+bring+} keys"]),
            ("a b c d", "a x b d", vec!["a {+x+} b [-c-] d"]),
            ("a  b", "a b", vec!["a b"]),
            ("one\ntwo", "one\nthree", vec!["one / [-two-] {+three+}"]),
            ("one\n\ntwo", "one\n\n\ntwo more", vec!["one", "two {+more+}"]),
            ("one\n\ntwo", "one two", vec!["one two"]),
            ("one two", "one\n\ntwo", vec!["one", "two"]),
        ];
        for (before, after, expected) in table {
            assert_eq!(marked(&compare(before, after)), expected, "{before:?} -> {after:?}");
        }
    }

    #[test]
    fn a_text_alone_keeps_its_lines_and_paragraphs() {
        assert_eq!(marked(&plain("\n\nYes.\n- one\n- two\n\n\nMore.\n")), ["Yes. / - one / - two", "More."]);
    }

    #[test]
    fn texts_that_have_little_in_common_are_shown_as_replaced() {
        let numbers = |from: usize| (from..from + 1_500).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        let (before, after) = (numbers(0), numbers(5_000));
        assert_eq!(compare(&before, &after), [[Piece::Gone(before), Piece::New(after)]]);
    }
}
