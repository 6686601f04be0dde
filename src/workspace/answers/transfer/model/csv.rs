//! CSV as RFC 4180 has it and as spreadsheets write it: read piece by piece, so that a file of any size needs the memory of one
//! record.
//!
//! Between the columns stand commas, or what stands between the names in the first line: semicolons or tabs. A line ends with LF, CRLF
//! or CR. A field may stand in quotes, and then hold line breaks, separators and doubled quotes. The parser is csv-core's, that of
//! the csv crate, whose own reader cannot wait for what a browser has not sent yet.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// The most bytes of one record: more than the longest question and answer take in UTF-8. A file whose quote is never closed ends
/// here.
const RECORD_BYTES: usize = 1024 * 1024;
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

/// A file that is being read.
#[derive(Debug, Default)]
pub struct Csv {
    /// The beginning of the file, as long as it does not tell what stands between the columns.
    head: Vec<u8>,
    records: Option<Records>,
}

impl Csv {
    /// Reads the next piece; the records that end in it are added to `found`. Empty lines are passed over.
    pub fn feed(&mut self, piece: &[u8], found: &mut Vec<Record>) -> Result<(), InvalidCsv> {
        if let Some(records) = &mut self.records {
            return records.read(piece, found);
        }
        self.head.extend_from_slice(piece);
        match separator(&self.head) {
            Some(separator) => self.begin(separator, found),
            None if self.head.len() > RECORD_BYTES => Err(InvalidCsv::TooLong(1)),
            None => Ok(()),
        }
    }

    /// The end of the file.
    pub fn finish(mut self, found: &mut Vec<Record>) -> Result<(), InvalidCsv> {
        if self.records.is_none() {
            self.begin(b',', found)?;
        }
        self.records.map_or(Ok(()), |records| records.finish(found))
    }

    fn begin(&mut self, separator: u8, found: &mut Vec<Record>) -> Result<(), InvalidCsv> {
        let head = std::mem::take(&mut self.head);
        let text = head.strip_prefix(BOM).unwrap_or(&head);
        self.records.insert(Records::new(separator)).read(text, found)
    }
}

/// What stands between the names in the first line, once it is told: a comma where the line has but one name.
fn separator(head: &[u8]) -> Option<u8> {
    let (mut is_quoted, mut has_name) = (false, false);
    for &byte in head.strip_prefix(BOM).unwrap_or(head) {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b',' | b';' | b'\t' if !is_quoted => return Some(byte),
            b'\n' | b'\r' if !is_quoted && has_name => return Some(b','),
            _ => has_name |= !byte.is_ascii_whitespace(),
        }
    }
    None
}

/// The records of a file whose separator is known.
struct Records {
    reader: Reader,
    /// The fields of the record that is being read, one after the other, and where each of them ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// How much of both is filled.
    written: usize,
    ended: usize,
    /// A record has begun.
    is_open: bool,
    line: i64,
    /// The line in which the record begins.
    began: i64,
    /// The byte before was CR: an LF belongs to it.
    after_cr: bool,
}

impl Records {
    fn new(separator: u8) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(separator).build(),
            bytes: vec![0; RECORD_BYTES],
            ends: vec![0; FIELDS],
            written: 0,
            ended: 0,
            is_open: false,
            line: 1,
            began: 1,
            after_cr: false,
        }
    }

    fn read(&mut self, mut piece: &[u8], found: &mut Vec<Record>) -> Result<(), InvalidCsv> {
        loop {
            if !self.is_open {
                // The parser would pass over empty lines, too, and not tell in which one the record begins.
                let empty = piece.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
                self.count_lines(&piece[..empty]);
                piece = &piece[empty..];
                self.began = self.line;
            }
            if piece.is_empty() {
                return Ok(());
            }
            let (bytes, ends) = (&mut self.bytes[self.written..], &mut self.ends[self.ended..]);
            let (result, read, written, ended) = self.reader.read_record(piece, bytes, ends);
            self.count_lines(&piece[..read]);
            piece = &piece[read..];
            self.written += written;
            self.ended += ended;
            self.is_open = true;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => return Err(InvalidCsv::TooLong(self.began)),
                ReadRecordResult::OutputEndsFull => return Err(InvalidCsv::TooManyFields(self.began)),
                ReadRecordResult::Record | ReadRecordResult::End => found.extend(self.close()?),
            }
        }
    }

    /// A line break ends the last record, if its quotes are closed.
    fn finish(mut self, found: &mut Vec<Record>) -> Result<(), InvalidCsv> {
        self.read(b"\n", found)?;
        if self.is_open { Err(InvalidCsv::Unclosed(self.began)) } else { Ok(()) }
    }

    /// The record that has been read; `None` where nothing stands in it.
    fn close(&mut self) -> Result<Option<Record>, InvalidCsv> {
        let (mut fields, mut start) = (Vec::with_capacity(self.ended), 0);
        for &end in &self.ends[..self.ended] {
            let text = str::from_utf8(&self.bytes[start..end]).map_err(|_| InvalidCsv::NotUtf8(self.began))?;
            fields.push(text.to_owned());
            start = end;
        }
        (self.written, self.ended, self.is_open) = (0, 0, false);
        let has_text = fields.iter().any(|field| !field.trim().is_empty());
        Ok(has_text.then_some(Record { line: self.began, fields }))
    }

    fn count_lines(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\r' || (byte == b'\n' && !self.after_cr) {
                self.line += 1;
            }
            self.after_cr = byte == b'\r';
        }
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("line", &self.line).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::csv::write_record;

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
            ("\u{feff}\n \r\n", rows(&[])),
            ("a,b\r\n1,2\r\n", rows(&[(1, &["a", "b"]), (2, &["1", "2"])])),
            ("\u{feff}a;b\n1,5;2", rows(&[(1, &["a", "b"]), (2, &["1,5", "2"])])),
            ("\u{feff}\"a\"\tb\r1\t", rows(&[(1, &["a", "b"]), (2, &["1", ""])])),
            ("\n\"a;b\";c\r\r1;2\r", rows(&[(2, &["a;b", "c"]), (4, &["1", "2"])])),
            (
                "a,b\n\n , \n\"x\r\ny\",\"say \"\"hi\"\"\"\n3,4",
                rows(&[(1, &["a", "b"]), (4, &["x\r\ny", "say \"hi\""]), (6, &["3", "4"])]),
            ),
            ("a,b\nan \"inch\",\"\"\n", rows(&[(1, &["a", "b"]), (2, &["an \"inch\"", ""])])),
            ("a\nb;c", rows(&[(1, &["a"]), (2, &["b;c"])])),
            ("a,b\n1,\"never", Err(InvalidCsv::Unclosed(2))),
            ("a,b\n\n\"", Err(InvalidCsv::Unclosed(3))),
        ] {
            for size in [1, 2, 3, 1_000] {
                assert_eq!(read(file.as_bytes(), size), expected, "{file:?} by {size}");
            }
        }
        assert_eq!(read(b"a,b\n\xff,2", 3), Err(InvalidCsv::NotUtf8(2)));
        assert_eq!(read(&vec![b'x'; RECORD_BYTES + 1], 4_096), Err(InvalidCsv::TooLong(1)));
        let endless = [&b"a,b\n1,\""[..], &vec![b'x'; RECORD_BYTES]].concat();
        assert_eq!(read(&endless, 4_096), Err(InvalidCsv::TooLong(2)));
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
