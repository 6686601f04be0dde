//! A form with a file, as multipart: the same however it is cut into pieces, and what a browser would send comes back.

#![no_main]

use actix_web::FromRequest as _;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::test::TestRequest;
use actix_web::web;
use actix_web::web::Bytes;
use futures_util::stream;
use herald::web::upload::Upload;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 64 * 1024;

fuzz_target!(|input: &[u8]| {
    let Some((size, input)) = input.split_first() else { return };
    let size = usize::from(*size).max(1);
    // The first line is the content type.
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (kind, body) = (str::from_utf8(&input[..end]).unwrap_or_default(), &input[end..]);
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        for kind in [kind, "multipart/form-data; boundary=X"] {
            let whole = read(kind, body, usize::MAX).await;
            assert_eq!(read(kind, body, size).await, whole, "cut into pieces");
        }
        let framed = [
            b"--BOUNDARY\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n",
            body,
            b"\r\n--BOUNDARY--\r\n",
        ]
        .concat();
        if !body.windows(12).any(|window| window == b"\r\n--BOUNDARY") && !body.starts_with(b"--BOUNDARY") {
            let read = read("multipart/form-data; boundary=BOUNDARY", &framed, size).await;
            assert_eq!(read, Some(("a.csv".to_owned(), body.to_vec())));
        }
    });
});

/// Name and bytes of the file; nothing where the form is refused.
async fn read(kind: &str, body: &[u8], size: usize) -> Option<(String, Vec<u8>)> {
    let pieces: Vec<_> = body.chunks(size).map(|piece| Ok::<_, PayloadError>(Bytes::copy_from_slice(piece))).collect();
    let kind = actix_web::http::header::HeaderValue::from_str(kind).ok()?;
    let request = TestRequest::post().insert_header(("content-type", kind)).to_http_request();
    let stream: std::pin::Pin<Box<dyn futures_util::Stream<Item = _>>> = Box::pin(stream::iter(pieces));
    let mut payload = Payload::Stream { payload: stream };
    let payload = web::Payload::from_request(&request, &mut payload).await.ok()?;
    let mut form = Upload::of(&request, payload, LIMIT).ok()?;
    let name = form.file("file").await.ok()??;
    let mut file = Vec::new();
    while let Some(piece) = form.piece().await.ok()? {
        file.extend_from_slice(&piece);
    }
    Some((name, file))
}
