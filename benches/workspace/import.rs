//! A large file that comes in by the page, watched as a browser watches it, while a program publishes events.

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::sync::watch;

use crate::support::app::{Visitor, client};
use crate::support::many::csv;
use crate::{Workspace, at, millis};

/// What the program's memory may be at most, in MB.
const MEMORY: f64 = 200.0;
/// Between two events.
const PAUSE: Duration = Duration::from_millis(20);
/// Before the file comes in.
const CALM: Duration = Duration::from_secs(5);
/// Between two looks at the progress, as in the page.
const LOOK: Duration = Duration::from_secs(2);
/// How long it may take in all.
const PATIENCE: Duration = Duration::from_secs(600);

pub struct Import {
    pairs: usize,
    megabytes: f64,
    upload: Duration,
    saving: Duration,
    /// How many pairs were said to be saved, look by look.
    seen: Vec<usize>,
    /// The most memory that the program has had, in MB.
    peak: f64,
    /// From asking to the acknowledgement, in order: before, and while the file came in and was saved.
    calm: Vec<Duration>,
    meanwhile: Vec<Duration>,
}

impl Import {
    pub fn holds(&self) -> bool {
        self.peak <= MEMORY && self.seen.len() > 1 && self.seen.is_sorted()
    }
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.peak <= MEMORY { "met" } else { "**missed**" };
        writeln!(f, "| import of {} pairs ({:.1} MB) | figure | bound |", self.pairs, self.megabytes)?;
        writeln!(f, "| --- | ---: | --- |")?;
        writeln!(f, "| upload, until its preview is there | {:.1} s | |", self.upload.as_secs_f64())?;
        writeln!(f, "| saving | {:.1} s, seen at {:?} | |", self.saving.as_secs_f64(), self.seen)?;
        writeln!(f, "| memory at most (resident) | {:.0} MB | {MEMORY} MB: {verdict} |", self.peak)?;
        for (when, times) in [("before", &self.calm), ("meanwhile", &self.meanwhile)] {
            let [p50, p99, most] = [0.5, 0.99, 1.0].map(|share| millis(at(times, share)));
            let count = times.len();
            writeln!(
                f,
                "| publishing {count} events {when}: p50, p99, longest | {p50:.1}, {p99:.1}, {most:.1} ms | |"
            )?;
        }
        Ok(())
    }
}

pub async fn measure(workspace: &Workspace, pairs: usize) -> Import {
    // A new one, whose memory is that of the import alone.
    let server = workspace.home.serve().await;
    let ada = workspace.ada(&server).await;
    let file = csv(pairs);
    let megabytes = file.len() as f64 / 1e6;
    let (stop, stopped) = watch::channel(false);
    let publishing = tokio::spawn(publish(server.base.clone(), workspace.key.clone(), stopped));
    tokio::time::sleep(CALM).await;

    let began = Instant::now();
    let page = upload(&ada, file).await;
    ada.reads(&page).await;
    let upload = began.elapsed();
    let mut seen = Vec::new();
    let started = Instant::now();
    assert_eq!(ada.posts(&format!("{page}/start"), &[]).await.status(), 303);
    let watching = async {
        while let Some(saved) = look(&ada, &page).await {
            seen.push(saved);
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, watching).await.expect("the import ends");
    let saving = started.elapsed();
    stop.send(true).expect("somebody publishes");
    let published = publishing.await.expect("publishing does not panic");
    let sorted = |of: &dyn Fn(&&(Instant, Duration)) -> bool| {
        let mut times: Vec<Duration> = published.iter().filter(of).map(|(_, taken)| *taken).collect();
        times.sort_unstable();
        times
    };
    Import {
        pairs,
        megabytes,
        upload,
        saving,
        seen,
        peak: server.peak_megabytes(),
        calm: sorted(&|(at, _)| *at < began),
        meanwhile: sorted(&|(at, _)| *at >= began),
    }
}

async fn upload(ada: &Visitor, file: String) -> String {
    const HEAD: &str = "--XYZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"library.csv\"\r\nContent-Type: text/csv\r\n\r\n";
    let request = ada
        .request(Method::POST, "/answers/import")
        .header("content-type", "multipart/form-data; boundary=XYZ")
        .header("sec-fetch-site", "same-origin")
        .body([HEAD, &file, "\r\n--XYZ--\r\n"].concat());
    let answer = ada.sends(request).await;
    assert_eq!(answer.status(), 303, "the file is taken");
    answer.headers()["location"].to_str().expect("a path").to_owned()
}

/// How many pairs are said to be saved; `None` once it is finished.
async fn look(ada: &Visitor, page: &str) -> Option<usize> {
    let html = ada.reads(page).await;
    let (before, _) = html.split_once(" pairs</span>")?;
    let (_, progress) = before.rsplit_once("<span>").expect("the progress stands in its own element");
    let (saved, _) = progress.split_once(" of ").expect("it says of how many");
    Some(saved.replace(',', "").parse().expect("a number"))
}

/// Publishes one event after the other at a steady rate; a slow one holds up nobody but is counted from when it was due.
async fn publish(base: String, key: String, stopped: watch::Receiver<bool>) -> Vec<(Instant, Duration)> {
    const BODY: &str =
        r#"{"event_type":"INTAKE_CREATED","entity_ids":["5dd51ea63f3dad73ab0a344b"],"performed_by":"ada@example.com"}"#;
    let (client, mut calls) = (client(), tokio::task::JoinSet::new());
    let mut ticks = tokio::time::interval(PAUSE);
    while !*stopped.borrow() {
        let due = ticks.tick().await.into_std();
        let call = client.post(format!("{base}/api/v1/events")).bearer_auth(&key);
        let call = call.header("content-type", "application/json").body(BODY);
        calls.spawn(async move {
            let answer = call.send().await.expect("an answer");
            assert_eq!(answer.status(), 202);
            (due, due.elapsed())
        });
    }
    calls.join_all().await
}
