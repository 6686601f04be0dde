//! The CSV import: the same however the file is cut into pieces, the same as csv-core reads it in one go, and what was
//! taken comes back from an export of it.

#![no_main]

use csv_core::{ReadRecordResult, ReaderBuilder};
use herald::base::csv::{guarded, write_record};
use herald::workspace::answers::transfer::model::{Csv, Gathered, InvalidCsv, Record, Row};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((size, file)) = input.split_first() else { return };
    let whole = read(file, usize::MAX);
    assert_eq!(read(file, usize::from(*size).max(1)), whole, "cut into pieces");
    let Ok(records) = whole else { return };
    compare(file, &records);

    let mut gathered = Gathered::default();
    let Ok(rows) = gathered.read(records) else { return };
    assert_eq!(rows.len(), usize::try_from(gathered.total).expect("a count"));
    let mut export = String::from("\u{feff}");
    write_record(&mut export, ["question", "answer", "tags", "owner"]);
    for Row { content, .. } in &rows {
        let (tags, owner) = (content.tags.join(", "), content.owner.as_deref().unwrap_or_default());
        let cells = [&*content.question, &*content.answer, &*tags, owner].map(guarded);
        assert!(cells.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])));
        write_record(&mut export, cells.iter().map(|cell| &**cell));
    }
    let records = read(export.as_bytes(), usize::MAX).expect("an export can be read");
    assert_eq!(Gathered::default().read(records).expect("an export names its columns"), rows);
});

fn read(file: &[u8], size: usize) -> Result<Vec<Record>, InvalidCsv> {
    let (mut csv, mut found) = (Csv::default(), Vec::new());
    for piece in file.chunks(size) {
        csv.feed(piece, &mut found)?;
    }
    csv.finish(&mut found)?;
    Ok(found)
}

/// Against csv-core alone, with each of the separators: one of them reads the same. It takes a second byte order mark away, at the
/// very beginning; so do we, and after empty lines, too.
fn compare(file: &[u8], records: &[Record]) {
    let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let empty = text.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    let text = &text[empty..];
    let ours: Vec<Vec<String>> = records.iter().map(|record| record.fields.clone()).collect();
    assert!(b",;\t".iter().any(|separator| plain(text, *separator) == ours), "csv-core reads it otherwise");
    assert!(records.windows(2).all(|pair| pair[0].line < pair[1].line), "lines count up");
}

fn plain(text: &[u8], separator: u8) -> Vec<Vec<String>> {
    let mut reader = ReaderBuilder::new().delimiter(separator).build();
    let (mut bytes, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 2]);
    let (mut rest, mut records) = (text, Vec::new());
    let (mut written, mut ended) = (0, 0);
    loop {
        let (result, read, more, further) = reader.read_record(rest, &mut bytes[written..], &mut ends[ended..]);
        rest = &rest[read..];
        written += more;
        ended += further;
        match result {
            ReadRecordResult::Record => {
                let mut start = 0;
                let fields: Vec<String> = ends[..ended].iter().map(|end| {
                    let field = String::from_utf8_lossy(&bytes[start..*end]).into_owned();
                    start = *end;
                    field
                }).collect();
                if fields.iter().any(|field| !field.trim().is_empty()) {
                    records.push(fields);
                }
                (written, ended) = (0, 0);
            }
            ReadRecordResult::End => return records,
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => return records,
        }
    }
}
