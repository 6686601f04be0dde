//! `herald demo`, as a stranger runs it: the real binary.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use herald::events::EventType;
use scraper::{Html, Selector};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::app::{PATIENCE, client};

/// A demo that is running; killed if a test fails.
struct Demo {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    folder: tempfile::TempDir,
    said: Vec<String>,
}

impl Demo {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut process = Command::new(env!("CARGO_BIN_EXE_herald"))
            .args(["demo", "--listen", "127.0.0.1:0"])
            .env("TMPDIR", folder.path())
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let lines = BufReader::new(process.stdout.take().expect("a piped stdout")).lines();
        Self { process, lines, folder, said: Vec::new() }
    }

    /// The first line with these words in it: one that was said already, or one to come.
    async fn says(&mut self, words: &str) -> String {
        if let Some(line) = self.said.iter().find(|line| line.contains(words)) {
            return line.clone();
        }
        let reading = async {
            loop {
                let line = self.lines.next_line().await.expect("stdout can be read").expect("the demo goes on");
                self.said.push(line.clone());
                if line.contains(words) {
                    return line;
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, reading).await;
        found.unwrap_or_else(|_| panic!("never said {words:?}: {:#?}", self.said))
    }

    /// What follows `label` in the welcome.
    async fn tells(&mut self, label: &str) -> String {
        let line = self.says(label).await;
        line.split_whitespace().last().expect("a word").to_owned()
    }

    async fn ends_by(mut self, signal: &str) {
        let id = self.process.id().expect("it is running").to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(sent.expect("kill runs").success());
        let ended = tokio::time::timeout(Duration::from_secs(30), self.process.wait()).await;
        assert_eq!(ended.expect("it ends in time").expect("a status").code(), Some(0));
        let left: Vec<_> = std::fs::read_dir(self.folder.path()).expect("the folder is there").collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

fn texts(page: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
}

#[tokio::test]
async fn a_demo_says_how_to_sign_in_delivers_and_leaves_nothing_behind() {
    let mut demo = Demo::start();
    let base = demo.tells("listening on").await;
    assert!(base.starts_with("http://127.0.0.1:"), "{base}");
    assert_eq!(demo.tells("Sign in").await, format!("{base}/login"));
    let (email, password) = (demo.tells("Email").await, demo.tells("Password").await);
    let receiver = demo.tells("Receiver").await;

    for delivered in ["INTAKE_CREATED", "PROJECT_EDITED"] {
        let line = demo.says(&format!("{delivered:<19} Demo receiver")).await;
        assert!(line.contains("200 OK") && line.ends_with("delivered"), "{line}");
    }
    let retried = demo.says("Failing receiver").await;
    assert!(retried.contains("next try in"), "{retried}");

    let client = client();
    let page = |path: String| {
        let request = client.get(path);
        async { Html::parse_document(&request.send().await.expect("an answer").text().await.expect("a text")) }
    };
    let shown = page(receiver.clone()).await;
    assert!(texts(&shown, "#received h3").iter().any(|title| title.contains("Signature holds")));
    assert!(!texts(&shown, "#received h3").iter().any(|title| title.contains("does not hold")));
    let types: BTreeSet<_> = texts(&shown, "#received .code-chip").into_iter().collect();
    assert!(types.iter().all(|name| name.parse::<EventType>().is_ok()), "{types:?}");

    let form = |path: &str| client.post(format!("{base}{path}")).header("sec-fetch-site", "same-origin");
    let fields = [("email", &email), ("password", &password)];
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let sign_in = form("/login").header("content-type", "application/x-www-form-urlencoded").body(fields);
    let sign_in = sign_in.send().await.expect("an answer");
    assert_eq!(sign_in.status(), 303, "the password that was printed");
    let cookie =
        sign_in.headers()["set-cookie"].to_str().expect("ASCII").split(';').next().expect("a cookie").to_owned();
    let sending = form("/demo/send").header("cookie", &cookie).header("referer", &receiver);
    let sent = sending.send().await.expect("an answer");
    assert_eq!((sent.status().as_u16(), &sent.headers()["location"]), (303, &"/receiver".parse().expect("a value")));
    let again = client.get(&receiver).header("cookie", &cookie).send().await.expect("an answer");
    let again = Html::parse_document(&again.text().await.expect("a text"));
    assert_eq!(texts(&again, "#toasts .toast strong"), ["5 sample events published"]);
    assert_eq!(form("/demo/send").send().await.expect("an answer").headers()["location"], "/login?next=%2F");
    demo.ends_by("TERM").await;
}

#[tokio::test]
async fn a_demo_that_is_stopped_by_ctrl_c_leaves_nothing_behind_either() {
    let mut demo = Demo::start();
    demo.says("Receiver").await;
    demo.ends_by("INT").await;
}
