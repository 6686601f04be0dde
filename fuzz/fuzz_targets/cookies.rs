//! The Cookie header in front of the whole session layer and its database: no bytes are a session but the very key that was
//! given out, and none of them is an error of ours.

#![no_main]

use std::rc::Rc;
use std::sync::Arc;

use actix_session::Session;
use actix_web::dev::Service as _;
use actix_web::http::header::{COOKIE, HeaderValue};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, Error, web};
use herald::base::{SystemClock, SystemRng, Vault};
use herald::db::{Db, Options};
use herald::web::{Context, session};
use libfuzzer_sys::fuzz_target;

/// Stands in for the cookie that was given out.
const GIVEN: &[u8] = b"GIVEN";

/// A server with one session.
struct House {
    /// Whose session the server sees with this header.
    ask: Box<dyn Fn(HeaderValue) -> String>,
    cookie: String,
    _folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/fuzz.db", folder.path().display());
        let db = runtime.block_on(Db::open(&url, Options::default())).expect("a database");
        let context = Context {
            db,
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            vault: Vault::new(&[7; 32], Arc::new(SystemRng)),
            public_url: None,
            account_manager_contact: String::new(),
            hasher: Arc::default(),
            demo: false,
        };
        let app = App::new()
            .route("/mark", web::get().to(async |session: Session| {
                session.insert("mark", "here")?;
                Ok::<_, Error>("marked")
            }))
            .route("/", web::get().to(async |session: Session| {
                Ok::<_, Error>(session.get::<String>("mark")?.unwrap_or_else(|| "nobody".into()))
            }))
            .wrap(session::middleware(&context));
        let app = Rc::new(runtime.block_on(init_service(app)));
        let answer = runtime.block_on(call_service(&*app, TestRequest::get().uri("/mark").to_request()));
        let cookie = answer.response().cookies().next().expect("a cookie").stripped().to_string();
        let ask = Box::new(move |header: HeaderValue| {
            runtime.block_on(async {
                let request = TestRequest::get().uri("/").insert_header((COOKIE, header)).to_request();
                let answer = app.call(request).await.expect("an answer");
                assert_eq!(answer.status(), 200);
                String::from_utf8(read_body(answer).await.to_vec()).expect("a text")
            })
        });
        Self { ask, cookie, _folder: folder }
    }
}

thread_local! {
    static HOUSE: House = House::new();
}

fuzz_target!(|bytes: &[u8]| {
    HOUSE.with(|house| {
        let mut header = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some(at) = rest.windows(GIVEN.len()).position(|window| window == GIVEN) {
            header.extend_from_slice(&rest[..at]);
            header.extend_from_slice(house.cookie.as_bytes());
            rest = &rest[at + GIVEN.len()..];
        }
        header.extend_from_slice(rest);
        let Ok(value) = HeaderValue::from_bytes(&header) else { return };
        let who = (house.ask)(value);
        // The value may stand there percent-encoded, so the header need not hold it letter for letter; without the mark in
        // the input nobody knows it.
        assert!(who == "nobody" || bytes.windows(GIVEN.len()).any(|window| window == GIVEN), "a guess was right");
        if bytes == GIVEN {
            assert_eq!(who, "here", "the cookie is good");
        }
    });
});
