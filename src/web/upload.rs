//! A file that a browser sends with a form (`multipart/form-data`, RFC 7578), read piece by piece: however large it is, it needs
//! the memory of a few pieces.

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::error::{Error, Result};

/// The most bytes of a part's own headers.
const HEAD_BYTES: usize = 8 * 1024;
/// The most bytes around and beside the file: boundaries, and fields that nobody asked for.
const AROUND_BYTES: usize = 64 * 1024;

/// A form with a file that is coming in.
pub struct Upload {
    payload: web::Payload,
    buffer: BytesMut,
    /// A line break, two dashes and the boundary: what stands between parts.
    delimiter: Vec<u8>,
    /// Bytes that may still come in.
    left: usize,
}

impl Upload {
    /// Looks at what is announced: 415 for what is no form with files, 413 for more than `limit` bytes.
    pub fn of(request: &HttpRequest, payload: web::Payload, limit: usize) -> Result<Self> {
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let boundary = text(header::CONTENT_TYPE).and_then(boundary).ok_or(Error::UnsupportedMediaType)?;
        if text(header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return Err(Error::UnsupportedMediaType);
        }
        let left = limit + AROUND_BYTES;
        let announced = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        if announced.is_some_and(|length| length > left) {
            return Err(Error::PayloadTooLarge);
        }
        // The first boundary has no line break before it.
        let buffer = BytesMut::from(&b"\r\n"[..]);
        Ok(Self { payload, buffer, delimiter: format!("\r\n--{boundary}").into_bytes(), left })
    }

    /// Goes to the file of the field `name`, and gives the name that it has on the person's own disk: "" where none was chosen.
    /// `None` if the form has no such field.
    pub async fn file(&mut self, name: &str) -> Result<Option<String>> {
        // What stands before the first boundary means nothing.
        while self.piece().await?.is_some() {}
        loop {
            let head = self.head().await?;
            let Some(head) = head else { return Ok(None) };
            if parameter(&head, "name").as_deref() == Some(name) {
                return Ok(Some(parameter(&head, "filename").unwrap_or_default()));
            }
            while self.piece().await?.is_some() {}
        }
    }

    /// The next piece of the file; `None` at its end.
    pub async fn piece(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(end) = find(&self.buffer, &self.delimiter) {
                if end > 0 {
                    return Ok(Some(self.buffer.split_to(end).freeze()));
                }
                let _ = self.buffer.split_to(self.delimiter.len());
                return Ok(None);
            }
            // The end of what is here may be the beginning of a delimiter.
            let sure = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
            if sure > 0 {
                return Ok(Some(self.buffer.split_to(sure).freeze()));
            }
            self.fill().await?;
        }
    }

    /// The `Content-Disposition` of the next part; `None` after the last one.
    async fn head(&mut self) -> Result<Option<String>> {
        loop {
            if self.buffer.starts_with(b"--") {
                return Ok(None);
            }
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let lines = self.buffer.split_to(end);
                let _ = self.buffer.split_to(4);
                let lines = String::from_utf8_lossy(&lines).into_owned();
                let is_it = |line: &&str| line.to_ascii_lowercase().starts_with("content-disposition:");
                return Ok(Some(lines.lines().find(is_it).unwrap_or_default().to_owned()));
            }
            if self.buffer.len() > HEAD_BYTES {
                return Err(unreadable());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<()> {
        let piece = self.payload.next().await.ok_or_else(unreadable)?.map_err(|_| unreadable())?;
        self.left = self.left.checked_sub(piece.len()).ok_or(Error::PayloadTooLarge)?;
        self.buffer.extend_from_slice(&piece);
        Ok(())
    }
}

fn unreadable() -> Error {
    Error::BadRequest("The file did not come in whole. Try again.".into())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == first) {
        if text[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// The boundary that a content type names.
fn boundary(kind: &str) -> Option<String> {
    let (name, _) = kind.split_once(';')?;
    let boundary = parameter(kind, "boundary")?;
    let is_good = name.trim().eq_ignore_ascii_case("multipart/form-data") && (1..=70).contains(&boundary.len());
    is_good.then_some(boundary)
}

/// A parameter of a header, with or without quotes. Browsers write a quote inside as `%22`.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        if name.trim().trim_start_matches(';').trim().eq_ignore_ascii_case(wanted) {
            return Some(value.trim().replace("%22", "\""));
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use actix_web::FromRequest as _;
    use actix_web::test::TestRequest;

    use super::*;

    const BODY: &str = "preamble\r\n--X\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nfile?\r\n--X\r\n\
        Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--X\r\n\
        content-disposition: form-data; name=\"file\"; filename=\"a;b%22.csv\"\r\nContent-Type: text/csv\r\n\r\nq,a\r\n--Y\r\n\r\n--X--\r\n";

    async fn upload(body: &str, limit: usize) -> Result<Upload> {
        let request = TestRequest::post().insert_header(("content-type", "multipart/form-data; boundary=X"));
        let (request, mut payload) = request.set_payload(body.to_owned()).to_http_parts();
        let payload = web::Payload::from_request(&request, &mut payload).await.unwrap();
        Upload::of(&request, payload, limit)
    }

    async fn rest(upload: &mut Upload) -> Result<String> {
        let mut text = Vec::new();
        while let Some(piece) = upload.piece().await? {
            text.extend_from_slice(&piece);
        }
        Ok(String::from_utf8(text).unwrap())
    }

    #[actix_web::test]
    async fn the_file_of_a_field_is_found_and_read_to_its_end() {
        let mut form = upload(BODY, 1_000).await.unwrap();
        assert_eq!(form.file("file").await.unwrap().as_deref(), Some("a;b\".csv"));
        assert_eq!(rest(&mut form).await.unwrap(), "q,a\r\n--Y\r\n");
        let mut form = upload(BODY, 1_000).await.unwrap();
        assert_eq!(form.file("empty").await.unwrap().as_deref(), Some(""));
        assert_eq!(rest(&mut form).await.unwrap(), "");
        assert_eq!(upload(BODY, 1_000).await.unwrap().file("other").await.unwrap(), None);
    }

    #[actix_web::test]
    async fn what_is_cut_off_or_too_large_is_refused() {
        let cut = &BODY[..BODY.len() - 8];
        let mut form = upload(cut, 1_000).await.unwrap();
        form.file("file").await.unwrap();
        assert!(matches!(rest(&mut form).await, Err(Error::BadRequest(_))));
        let large = BODY.replace("q,a", &"x".repeat(AROUND_BYTES + 10));
        let refused = match upload(&large, 9).await {
            Ok(mut form) => form.file("file").await.map(drop),
            Err(error) => Err(error),
        };
        assert!(matches!(refused, Err(Error::PayloadTooLarge)));
    }

    #[test]
    fn other_bodies_are_no_forms_with_files() {
        assert_eq!(boundary("multipart/form-data; boundary=\"a b\"").as_deref(), Some("a b"));
        assert_eq!(boundary("Multipart/Form-Data;charset=utf-8;boundary=----x").as_deref(), Some("----x"));
        for kind in ["text/csv", "multipart/form-data", "multipart/mixed; boundary=x", "multipart/form-data; boundary="]
        {
            assert_eq!(boundary(kind), None, "{kind}");
        }
    }
}
