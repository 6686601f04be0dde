//! The files of `static/`, inside the program.
//!
//! They are served at `/static/<hash>/<path>`, where the hash is that of the whole set: a browser may
//! keep them for ever, a new release has new addresses, and a relative `url()` in the stylesheet goes on working.

use std::io::Write as _;
use std::sync::{LazyLock, OnceLock};

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::error::{Error, Result};

/// One file of `static/`.
struct Asset {
    path: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    /// Fonts are compressed already.
    compressible: bool,
    brotli: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const WOFF2: &str = "font/woff2";
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! assets {
    ($($path:literal: $content_type:expr, $compressible:literal;)*) => {
        const COUNT: usize = [$($path),*].len();

        static ASSETS: [Asset; COUNT] = [$(Asset {
            path: $path,
            content_type: $content_type,
            plain: include_bytes!(concat!("../../static/", $path)),
            compressible: $compressible,
            brotli: OnceLock::new(),
            gzip: OnceLock::new(),
        }),*];
    };
}

assets! {
    "app.css": CSS, true;
    "app.js": JS, true;
    "favicon.svg": SVG, true;
    "icons.svg": SVG, true;
    "fonts/geist-mono-latin.woff2": WOFF2, false;
    "fonts/inter-latin-ext.woff2": WOFF2, false;
    "fonts/inter-latin.woff2": WOFF2, false;
    "vendor/htmx/htmx.min.js": JS, true;
    "vendor/htmx/LICENSE": TEXT, true;
    "vendor/licenses/geist-mono-OFL-1.1.txt": TEXT, true;
    "vendor/licenses/inter-OFL-1.1.txt": TEXT, true;
    "vendor/licenses/lucide-ISC.txt": TEXT, true;
    "vendor/licenses/seclists-MIT.txt": TEXT, true;
}

static BASE: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in &ASSETS {
        // The lengths keep two different sets from looking alike when bytes move from one file to the next.
        hash.update(asset.path.as_bytes());
        hash.update((asset.plain.len() as u64).to_be_bytes());
        hash.update(asset.plain);
    }
    let digest = hash.finalize();
    let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("/static/{digits}")
});

/// Where the files are, without a slash at the end: `/static/3fa2…`.
pub fn base() -> &'static str {
    &BASE
}

/// The address of one file: `url("app.css")`.
pub fn url(path: &str) -> String {
    format!("{}/{path}", base())
}

/// Adds the routes of the files and `/favicon.ico`.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(super::route::at("/static/{hash}/{path:.*}").get(serve))
        .service(super::route::at("/favicon.ico").get(favicon));
}

async fn serve(request: HttpRequest, place: web::Path<(String, String)>) -> Result {
    let (hash, path) = place.into_inner();
    if base().strip_prefix("/static/") != Some(hash.as_str()) {
        return Err(Error::NotFound);
    }
    let asset = find(&path).ok_or(Error::NotFound)?;
    Ok(asset.answer(request.headers(), "public, max-age=31536000, immutable"))
}

/// Browsers ask for this name when a page (an image, a problem document) does not name its icon.
async fn favicon(request: HttpRequest) -> Result {
    let asset = find("favicon.svg").ok_or(Error::NotFound)?;
    Ok(asset.answer(request.headers(), "public, max-age=86400"))
}

fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

impl Asset {
    fn answer(&'static self, headers: &HeaderMap, cache: &'static str) -> HttpResponse {
        let encoding = if self.compressible { Encoding::choose(headers) } else { Encoding::Identity };
        let mut answer = HttpResponse::Ok();
        answer.insert_header((header::CONTENT_TYPE, self.content_type)).insert_header((header::CACHE_CONTROL, cache));
        if self.compressible {
            answer.insert_header((header::VARY, "Accept-Encoding"));
        }
        if let Some(name) = encoding.name() {
            answer.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static(name)));
        }
        answer.body(self.bytes(encoding))
    }

    fn bytes(&'static self, encoding: Encoding) -> Bytes {
        match encoding {
            Encoding::Identity => Bytes::from_static(self.plain),
            Encoding::Brotli => self.brotli.get_or_init(|| brotli(self.plain)).clone(),
            Encoding::Gzip => self.gzip.get_or_init(|| gzip(self.plain)).clone(),
        }
    }
}

fn brotli(plain: &[u8]) -> Bytes {
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 11, 22);
    writer.write_all(plain).expect("writing to memory cannot fail");
    drop(writer);
    out.into()
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(plain).expect("writing to memory cannot fail");
    writer.finish().expect("writing to memory cannot fail").into()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Brotli,
}

impl Encoding {
    /// The best that the client takes. A weight only says yes or no here: both forms are far smaller
    /// than the plain one, and no browser prefers gzip where it takes brotli.
    fn choose(headers: &HeaderMap) -> Self {
        let accepts = |name: &str| {
            headers
                .get_all(header::ACCEPT_ENCODING)
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .any(|item| accepts(item, name))
        };
        if accepts("br") {
            Self::Brotli
        } else if accepts("gzip") {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }
}

/// Whether one item of Accept-Encoding (`br;q=0.5`) takes this encoding.
fn accepts(item: &str, name: &str) -> bool {
    let mut parts = item.split(';').map(str::trim);
    let is_named = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case(name));
    let is_refused =
        parts.any(|part| part.split_once('=').is_some_and(|(key, q)| key.trim() == "q" && q.trim().parse() == Ok(0.0)));
    is_named && !is_refused
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use actix_web::test::TestRequest;

    use super::*;

    fn chosen(accept_encoding: &str) -> Encoding {
        let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, accept_encoding)).to_srv_request();
        Encoding::choose(request.headers())
    }

    #[test]
    fn the_client_gets_the_best_encoding_that_it_takes() {
        assert_eq!(chosen("gzip, deflate, br, zstd"), Encoding::Brotli);
        assert_eq!(chosen("gzip;q=0.8, br;q=0"), Encoding::Gzip);
        assert_eq!(chosen("identity"), Encoding::Identity);
        assert_eq!(chosen(""), Encoding::Identity);
        assert_eq!(chosen("brotli"), Encoding::Identity);
    }

    #[test]
    fn compressed_forms_hold_the_same_bytes() {
        let css = find("app.css").unwrap();
        let mut plain = Vec::new();
        brotli::Decompressor::new(&*css.bytes(Encoding::Brotli), 4096).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, css.plain);
        plain.clear();
        flate2::read::GzDecoder::new(&*css.bytes(Encoding::Gzip)).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, css.plain);
    }

    #[test]
    fn every_file_below_static_is_in_the_table() {
        fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else {
                    found.push(path.to_str().unwrap().split_once("/static/").unwrap().1.to_owned());
                }
            }
        }
        let mut found = Vec::new();
        walk(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("static"), &mut found);
        found.retain(|path| !path.ends_with(".md"));
        let mut listed: Vec<_> = ASSETS.iter().map(|asset| asset.path.to_owned()).collect();
        found.sort();
        listed.sort();
        assert_eq!(found, listed);
    }
}
