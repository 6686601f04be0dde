//! The guide's programs, run as the guide shows them: what Herald signed they take, and nothing else.

use std::process::Stdio;

use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use herald::base::WebhookId;
use herald::delivery::signing::{Signing, SigningSecret, sign};
use herald::webhooks::store;
use reqwest::Client;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::*;
use crate::support::app::{PATIENCE, client};
use crate::support::recorder::{Received, Recorder};

/// The file that the guide shows.
#[path = "../../../../src/webhooks/guide/receivers/receiver.rs"]
#[expect(clippy::disallowed_methods, reason = "a program of its own has no clock of ours")]
mod in_rust;

const PATH: &str = "/hooks/crm";

/// What a running Herald sent to a webhook, and the secret that signed it.
struct Callback {
    id: String,
    sent: i64,
    signature: String,
    body: Vec<u8>,
    /// What the receiver has: the secret, or the public key.
    secret: String,
    signer: SigningSecret,
    /// The guide about this webhook.
    guide: Page,
}

impl Callback {
    async fn delivered() -> Self {
        Self::signed(Signing::Symmetric).await
    }

    async fn signed(signing: Signing) -> Self {
        let app = spawn_app().await;
        let recorder = Recorder::start().await;
        let webhook: WebhookId = adds_webhook(&app, "CRM sync", &recorder.url(PATH)).await.id;
        if signing == Signing::Asymmetric {
            let path = format!("/api/v1/webhooks/{webhook}");
            let program = app.program("write").await;
            let changed = program.request(reqwest::Method::PATCH, &path[7..]).body(r#"{"signing":"asymmetric"}"#);
            assert_eq!(
                changed.header("content-type", "application/json").send().await.expect("an answer").status(),
                200
            );
            let ended = program.request(reqwest::Method::POST, &format!("{}/rotate-secret/end", &path[7..]));
            assert_eq!(ended.send().await.expect("an answer").status(), 200);
        }
        records_event(&app, EventType::ProjectCreated).await;
        let received = recorder.wait_for(1).await.remove(0);
        let secret = app.program("write").await.gets(&format!("/webhooks/{webhook}/secret")).await.json();
        let context = &app.running().context;
        let mut conn = context.db.read().await.expect("a connection");
        let signers = store::secrets(&mut conn, &context.vault, &webhook, context.clock.now()).await.expect("secrets");
        drop(conn);
        let signer = signers.into_iter().next().expect("a secret").0;
        let guide = open(&app.admin().await, &guide(&webhook)).await;
        app.stop().await;
        let header = |received: &Received, name: &str| received.header(name).expect("a header").to_owned();
        Self {
            id: header(&received, "webhook-id"),
            sent: header(&received, "webhook-timestamp").parse().expect("seconds"),
            signature: header(&received, "webhook-signature"),
            secret: secret["signing_secret"].as_str().or(secret["public_key"].as_str()).expect("a secret").to_owned(),
            body: received.body,
            signer,
            guide,
        }
    }

    /// A program of the guide, for this webhook.
    fn program(&self, name: &str) -> String {
        let source: String = self.guide.all(&format!("#receiver-{name}")).iter().flat_map(|pre| pre.text()).collect();
        assert!(source.contains(PATH), "the guide has no program in {name}");
        source
    }

    fn signed_at(&self, sent: i64) -> String {
        sign(std::slice::from_ref(&self.signer), &self.id, sent, &self.body)
    }

    fn signed_by_another(&self) -> String {
        let another = SigningSecret::of_new(self.signer.signing(), b"somebody else's secret, not ours");
        sign(&[another], &self.id, self.sent, &self.body)
    }

    /// What a receiver may be sent, and how it has to answer.
    fn messages(&self, path: &str) -> Vec<(&'static str, Message, u16)> {
        let genuine = Message {
            path: path.to_owned(),
            id: Some(self.id.clone()),
            timestamp: Some(self.sent.to_string()),
            signature: Some(self.signature.clone()),
            body: self.body.clone(),
        };
        let with = |change: fn(&mut Message)| {
            let mut message = genuine.clone();
            change(&mut message);
            message
        };
        let signed = |signature: String| Message { signature: Some(signature), ..genuine.clone() };
        let at = |sent: i64| Message { timestamp: Some(sent.to_string()), ..signed(self.signed_at(sent)) };
        let other = self.signed_by_another();
        let (mark, other_mark) = match self.signer.signing() {
            Signing::Symmetric => ("v1,", "v1a,"),
            Signing::Asymmetric => ("v1a,", "v1,"),
        };
        vec![
            ("as Herald sent it", genuine.clone(), 204),
            ("with a query", with(|message| message.path += "?key=1"), 204),
            ("while the secret is being rotated", signed(format!("{other} {}", self.signature)), 204),
            ("beside a signature of another kind", signed(format!("{} {other_mark}AAAA", self.signature)), 204),
            ("signed four minutes ago", at(self.sent - 240), 204),
            ("signed by another", signed(other), 401),
            ("with a body of another length", with(|message| message.body.push(b' ')), 401),
            ("with one bit of the body changed", with(|message| message.body[20] ^= 1), 401),
            ("with another id", with(|message| message.id = Some("EVT-000000000000000000000000".into())), 401),
            ("signed long ago", at(self.sent - 600), 401),
            ("signed far ahead", at(self.sent + 900), 401),
            ("with a time that is none", with(|message| message.timestamp = Some("soon".into())), 401),
            ("with a time beyond numbers", with(|message| message.timestamp = Some("9".repeat(40))), 401),
            ("with the version of another kind", signed(self.signature.replace(mark, other_mark)), 401),
            ("with half a signature", signed(self.signature[..20].to_owned()), 401),
            ("with an empty signature", signed(mark.into()), 401),
            ("without its id", with(|message| message.id = None), 401),
            ("without its time", with(|message| message.timestamp = None), 401),
            ("without a signature", with(|message| message.signature = None), 401),
            ("at another path", with(|message| message.path += "/more"), 404),
        ]
    }
}

#[derive(Clone)]
struct Message {
    path: String,
    id: Option<String>,
    timestamp: Option<String>,
    signature: Option<String>,
    body: Vec<u8>,
}

impl Message {
    /// The status that it is answered with.
    async fn sent_to(&self, client: &Client, base: &str) -> u16 {
        let mut request = client.post(format!("{base}{}", self.path)).body(self.body.clone());
        for (name, value) in
            [("webhook-id", &self.id), ("webhook-timestamp", &self.timestamp), ("webhook-signature", &self.signature)]
        {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request.send().await.expect("an answer").status().as_u16()
    }
}

/// Sends a receiver that listens at `base` and `path` all that it may be sent.
async fn tells_what_is_ours(callback: &Callback, name: &str, base: &str, path: &str) {
    let client = client();
    for (what, message, status) in callback.messages(path) {
        assert_eq!(message.sent_to(&client, base).await, status, "{name}: {what}");
    }
}

/// A program of the guide as a process; ends when dropped.
struct Running {
    base: String,
    _folder: tempfile::TempDir,
    _child: Child,
}

impl Running {
    /// `command` ends with the file that the program stands in.
    async fn start(callback: &Callback, name: &str, command: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = command.last().expect("a file");
        std::fs::write(folder.path().join(file), callback.program(name)).expect("the program is written");
        let mut program = Command::new(command[0]);
        program.args(&command[1..]).current_dir(folder.path());
        program.env("WEBHOOK_SECRET", &callback.secret).env("PORT", "0");
        program.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = program.spawn().expect("the program is installed: bin/test installs what is missing");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let listens = async {
            loop {
                let line = lines.next_line().await.expect("text").unwrap_or_else(|| panic!("{name} does not start"));
                if line.to_lowercase().contains("listening on ") {
                    return line;
                }
            }
        };
        let line = tokio::time::timeout(PATIENCE, listens).await.expect("it says where it listens");
        let port = line.rsplit([' ', ':']).next().expect("a last word");
        let base = format!("http://127.0.0.1:{port}");
        // Read on, so that it can go on writing.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { base, _folder: folder, _child: child }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_in_python_and_javascript_take_what_herald_signed_and_nothing_else() {
    for signing in [Signing::Symmetric, Signing::Asymmetric] {
        let callback = Callback::signed(signing).await;
        for (name, command) in [("python", ["python3", "receiver.py"]), ("javascript", ["node", "receiver.mjs"])] {
            let running = Running::start(&callback, name, &command).await;
            tells_what_is_ours(&callback, &format!("{name}, {signing}"), &running.base, PATH).await;
        }
    }
}

/// What is not on every machine, and large to install: each where it is.
#[tokio::test(flavor = "multi_thread")]
async fn the_programs_in_java_and_ruby_do_the_same_where_these_are_installed() {
    const COMMANDS: [(&str, &[&str]); 2] = [
        ("java", &["java", "Receiver.java"]),
        ("ruby", &["rackup", "--server", "puma", "--host", "127.0.0.1", "--port", "0", "config.ru"]),
    ];
    let path = std::env::var_os("PATH").expect("a PATH");
    let is_here = |command: &[&str]| std::env::split_paths(&path).any(|folder| folder.join(command[0]).exists());
    for signing in [Signing::Symmetric, Signing::Asymmetric] {
        let callback = Callback::signed(signing).await;
        for (name, command) in COMMANDS {
            if !is_here(command) {
                eprintln!("not tried: there is no {}", command[0]);
                continue;
            }
            let running = Running::start(&callback, name, command).await;
            tells_what_is_ours(&callback, &format!("{name}, {signing}"), &running.base, PATH).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_in_rust_takes_what_herald_signed_and_nothing_else() {
    const AS_IT_STANDS: &str = "/webhooks/herald";
    let callback = Callback::delivered().await;
    let shown = callback.program("rust").replace(PATH, AS_IT_STANDS);
    let with_headers = include_str!("../../../../src/webhooks/guide/receivers/receiver.rs").split_once('\n').unwrap();
    assert!(shown.starts_with(with_headers.0) && shown.ends_with(with_headers.1), "{shown}");

    for callback in [callback, Callback::signed(Signing::Asymmetric).await] {
        let key = Data::new(in_rust::Key::parse(&callback.secret).expect("a key"));
        let server =
            HttpServer::new(move || App::new().app_data(key.clone()).default_service(web::to(in_rust::receive)));
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a port");
        let base = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        let serving = tokio::spawn(server);
        tells_what_is_ours(&callback, &callback.secret[..5], &base, AS_IT_STANDS).await;
        handle.stop(false).await;
        serving.await.expect("no panic").expect("it served");
    }
}

#[tokio::test]
async fn the_program_in_typescript_is_the_one_in_javascript_with_its_types() {
    let app = spawn_app().await;
    let page = open(&app.admin().await, GUIDE).await;
    let source =
        |name: &str| -> String { page.all(&format!("#receiver-{name}")).iter().flat_map(|pre| pre.text()).collect() };
    let types = [
        ", type IncomingHttpHeaders, type IncomingMessage",
        ": IncomingHttpHeaders",
        ": IncomingMessage",
        ": Promise<number>",
        ": Buffer[]",
        ": Buffer",
        ": string",
        ": void",
    ];
    let plain = types.iter().fold(source("typescript"), |source, annotation| source.replace(annotation, ""));
    assert_eq!(plain, source("javascript"));
    app.stop().await;
}
