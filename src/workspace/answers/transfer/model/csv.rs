//! CSV as RFC 4180 has it and as spreadsheets write it: read piece by piece, so that a file of any size needs the memory of one
//! record.
//!
//! Between the columns stand commas, or what stands between the names in the first line: semicolons or tabs. A line ends with LF, CRLF
//! or CR. A field may stand in quotes, and then hold line breaks, separators and doubled quotes.

/// The most bytes of one field: more than the longest answer takes in UTF-8. A file whose quote is never closed ends here.
const FIELD_BYTES: usize = 256 * 1024;
/// The most fields of one record.
const FIELDS: usize = 100;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why a file cannot be read (any further).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCsv {
    #[error("Line {0} is not UTF-8. Save the file as CSV UTF-8.")]
    NotUtf8(i64),
    #[error("Line {0} has a field that is far too long, or a quote that is never closed.")]
    TooLong(i64),
    #[error("Line {0} has too many columns.")]
    TooManyFields(i64),
    #[error("The quote that is opened in line {0} is never closed.")]
    Unclosed(i64),
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line in which it begins, from 1.
    pub line: i64,
    pub fields: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the start of a field.
    Start,
    Plain,
    Quoted,
    /// After a quote inside quotes: the end, or the first half of a doubled one.
    Quote,
}

/// A file that is being read.
#[derive(Debug)]
pub struct Csv {
    state: State,
    /// Known after the first line.
    separator: Option<u8>,
    is_first_record: bool,
    bytes: Vec<u8>,
    fields: Vec<String>,
    line: i64,
    /// The line in which the record begins.
    began: i64,
    /// The byte before was CR: an LF belongs to it.
    after_cr: bool,
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            state: State::Start,
            separator: None,
            is_first_record: true,
            bytes: Vec::new(),
            fields: Vec::new(),
            line: 1,
            began: 1,
            after_cr: false,
        }
    }
}

impl Csv {
    /// Reads the next piece; the records that end in it are added to `found`. Empty lines are passed over.
    pub fn feed(&mut self, piece: &[u8], found: &mut Vec<Record>) -> Result<(), InvalidCsv> {
        piece.iter().try_for_each(|&byte| self.take(byte, found))
    }

    /// The end of the file.
    pub fn finish(mut self, found: &mut Vec<Record>) -> Result<(), InvalidCsv> {
        if self.state == State::Quoted {
            return Err(InvalidCsv::Unclosed(self.began));
        }
        self.end_record(found)
    }

    fn take(&mut self, byte: u8, found: &mut Vec<Record>) -> Result<(), InvalidCsv> {
        let belongs_to_cr = std::mem::take(&mut self.after_cr) && byte == b'\n';
        if self.state == State::Quoted {
            if byte == b'"' {
                self.state = State::Quote;
                return Ok(());
            }
            self.count(byte, belongs_to_cr);
            return self.push(byte);
        }
        if self.state == State::Quote && byte == b'"' {
            self.state = State::Quoted;
            return self.push(byte);
        }
        match byte {
            b'\n' if belongs_to_cr => Ok(()),
            b'\n' | b'\r' => {
                self.end_record(found)?;
                self.count(byte, false);
                self.began = self.line;
                Ok(())
            }
            b'"' if self.state == State::Start => {
                self.state = State::Quoted;
                Ok(())
            }
            byte if self.separates(byte) => self.end_field(),
            byte => {
                self.state = State::Plain;
                self.push(byte)?;
                if self.is_first_record && self.fields.is_empty() && self.bytes == BOM {
                    self.bytes.clear();
                    self.state = State::Start;
                }
                Ok(())
            }
        }
    }

    /// The first line says what stands between its names, and the rest keeps to it.
    fn separates(&mut self, byte: u8) -> bool {
        match self.separator {
            Some(separator) => byte == separator,
            None if matches!(byte, b',' | b';' | b'\t') => {
                self.separator = Some(byte);
                true
            }
            None => false,
        }
    }

    fn count(&mut self, byte: u8, belongs_to_cr: bool) {
        self.after_cr = byte == b'\r';
        if matches!(byte, b'\n' | b'\r') && !belongs_to_cr {
            self.line += 1;
        }
    }

    fn push(&mut self, byte: u8) -> Result<(), InvalidCsv> {
        if self.bytes.len() == FIELD_BYTES {
            return Err(InvalidCsv::TooLong(self.began));
        }
        self.bytes.push(byte);
        Ok(())
    }

    fn end_field(&mut self) -> Result<(), InvalidCsv> {
        self.state = State::Start;
        if self.fields.len() == FIELDS {
            return Err(InvalidCsv::TooManyFields(self.began));
        }
        let text = String::from_utf8(std::mem::take(&mut self.bytes)).map_err(|_| InvalidCsv::NotUtf8(self.began))?;
        self.fields.push(text);
        Ok(())
    }

    fn end_record(&mut self, found: &mut Vec<Record>) -> Result<(), InvalidCsv> {
        self.end_field()?;
        let fields = std::mem::take(&mut self.fields);
        if fields.iter().any(|field| !field.trim().is_empty()) {
            self.is_first_record = false;
            // A file of one column has no separators.
            self.separator.get_or_insert(b',');
            found.push(Record { line: self.began, fields });
        }
        Ok(())
    }
}

/// Adds one record to `file`, its fields in quotes where they need them.
pub fn write_record<'a>(file: &mut String, fields: impl IntoIterator<Item = &'a str>) {
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            file.push(',');
        }
        let needs_quotes = field.contains(['"', ',', ';', '\t', '\n', '\r']) || field.trim() != field;
        if needs_quotes {
            file.push('"');
            file.push_str(&field.replace('"', "\"\""));
            file.push('"');
        } else {
            file.push_str(field);
        }
    }
    file.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a file in pieces of `size` bytes.
    fn read(file: &[u8], size: usize) -> Result<Vec<(i64, Vec<String>)>, InvalidCsv> {
        let (mut csv, mut found) = (Csv::default(), Vec::new());
        file.chunks(size).try_for_each(|piece| csv.feed(piece, &mut found))?;
        csv.finish(&mut found)?;
        Ok(found.into_iter().map(|record| (record.line, record.fields)).collect())
    }

    #[test]
    fn files_of_all_kinds_are_read() {
        let rows = |rows: &[(i64, &[&str])]| {
            Ok(rows.iter().map(|(line, fields)| (*line, fields.iter().map(|f| (*f).to_owned()).collect())).collect())
        };
        for (file, expected) in [
            ("", rows(&[])),
            ("a,b\r\n1,2\r\n", rows(&[(1, &["a", "b"]), (2, &["1", "2"])])),
            ("\u{feff}a;b\n1,5;2", rows(&[(1, &["a", "b"]), (2, &["1,5", "2"])])),
            ("\u{feff}\"a\"\tb\r1\t", rows(&[(1, &["a", "b"]), (2, &["1", ""])])),
            (
                "a,b\n\n , \n\"x\r\ny\",\"say \"\"hi\"\"\"\n3,4",
                rows(&[(1, &["a", "b"]), (4, &["x\r\ny", "say \"hi\""]), (6, &["3", "4"])]),
            ),
            ("a,b\nan \"inch\",\"\"\n", rows(&[(1, &["a", "b"]), (2, &["an \"inch\"", ""])])),
            ("a\nb;c", rows(&[(1, &["a"]), (2, &["b;c"])])),
            ("a,b\n1,\"never", Err(InvalidCsv::Unclosed(2))),
        ] {
            for size in [1, 2, 3, 1_000] {
                assert_eq!(read(file.as_bytes(), size), expected, "{file:?} by {size}");
            }
        }
        assert_eq!(read(b"a,b\n\xff,2", 3), Err(InvalidCsv::NotUtf8(2)));
        assert_eq!(read(&[b'x'; FIELD_BYTES + 1], 4_096), Err(InvalidCsv::TooLong(1)));
        assert_eq!(read(&[b','; FIELDS + 1], 7), Err(InvalidCsv::TooManyFields(1)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_the_same(records in prop::collection::vec(prop::collection::vec("[a ,;\"\t\r\né]{0,6}", 2..5), 0..6), size in 1_usize..9) {
            let mut file = String::new();
            write_record(&mut file, ["one", "two"]);
            for record in &records {
                write_record(&mut file, record.iter().map(String::as_str));
            }
            let read: Vec<_> = read(file.as_bytes(), size).unwrap().into_iter().skip(1).map(|(_, fields)| fields).collect();
            let kept: Vec<_> = records.into_iter().filter(|record| record.iter().any(|field| !field.trim().is_empty())).collect();
            prop_assert_eq!(read, kept);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes, 5);
        }
    }
}
