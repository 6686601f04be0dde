//! Every list, search and filter of the workspace, opened again and again.

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use scraper::{Html, Selector};
use serde_json::Value;

use crate::support::app::{Visitor, client};
use crate::support::many::texts::{RARE, RARE_TAG};
use crate::support::process::Server;
use crate::{Workspace, at, millis};

/// What the median of every list may be at most.
const BOUND: Duration = Duration::from_millis(50);
/// How many pages further a deep page lies, where the list has as many.
const DEEP: usize = 500;

/// (what it is, its address, whether a page deep in it is opened, too)
const PAGES: &[(&str, &str, bool)] = &[
    ("library", "/answers", true),
    ("library, of a common tag", "/answers?tag=security", true),
    ("library, of a rare tag", "/answers?tag={rare_tag}", false),
    ("library, rejected", "/answers?status=rejected", false),
    ("library, in review", "/answers?status=in_review", true),
    ("library, of a common tag and in moderation", "/answers?tag=security&status=in_moderation", false),
    ("library, a common word", "/answers?q=encrypted", true),
    ("library, a rare word", "/answers?q={rare}", false),
    ("library, two common words", "/answers?q=encrypted+policy", true),
    ("library, a common and a rare word", "/answers?q=encrypted+{rare}", false),
    ("library, a beginning of three letters", "/answers?q=enc", false),
    ("library, one letter", "/answers?q=a", false),
    ("library, a common word and rejected", "/answers?q=encrypted&status=rejected", false),
    ("library, a common word and a common tag", "/answers?q=encrypted&tag=security", false),
    ("library, a common word and a rare tag", "/answers?q=encrypted&tag={rare_tag}", false),
    ("library, nothing found", "/answers?q=zzyzx", false),
    ("moderation", "/answers/moderation", true),
    ("library beside a question, a common word", "{question}?q=encrypted", false),
    ("projects", "/projects", true),
    ("projects, completed", "/projects?status=completed", false),
    ("projects, newest first", "/projects?sort=newest", true),
    ("projects, by name", "/projects?sort=name", true),
    ("projects, a common word", "/projects?q=questionnaire", true),
    ("projects, a rare word", "/projects?q={rare}", false),
    ("projects, a common word, archived, by name", "/projects?q=questionnaire&status=archived&sort=name", false),
    ("projects, nothing found", "/projects?q=zzyzx", false),
    ("intakes", "/intakes", true),
    ("intakes, new", "/intakes?status=new", false),
    ("intakes, a common word", "/intakes?q=questionnaire", false),
    ("intakes, nothing found", "/intakes?q=zzyzx", false),
    ("trash", "/trash", true),
];

/// The same by the API.
const CALLS: &[(&str, &str, bool)] = &[
    ("answers", "/api/v1/answers", true),
    ("answers, 250", "/api/v1/answers?limit=250", false),
    ("answers, of a common tag", "/api/v1/answers?tag=security", false),
    ("answers, in review", "/api/v1/answers?status=in_review", false),
    ("answers, a common word", "/api/v1/answers?q=encrypted", true),
    ("answers, a rare word", "/api/v1/answers?q={rare}", false),
    ("answers, in the trash", "/api/v1/answers?trashed=true", false),
    ("projects", "/api/v1/projects", true),
    ("projects, archived", "/api/v1/projects?status=archived", false),
    ("projects, a rare word", "/api/v1/projects?q={rare}", false),
    ("projects, in the trash", "/api/v1/projects?trashed=true", false),
    ("intakes", "/api/v1/intakes", false),
    ("intakes, new", "/api/v1/intakes?status=new", false),
];

/// How long one list took.
struct Line {
    what: String,
    median: Duration,
    p95: Duration,
}

pub struct Lists {
    lines: Vec<Line>,
    /// The most memory that the program has had, in MB.
    peak: f64,
}

impl Lists {
    pub fn holds(&self) -> bool {
        self.lines.iter().all(|line| line.median <= BOUND)
    }
}

impl fmt::Display for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| list | median, ms | p95, ms | median at most {} ms |", BOUND.as_millis())?;
        writeln!(f, "| --- | ---: | ---: | --- |")?;
        for Line { what, median, p95 } in &self.lines {
            let verdict = if *median <= BOUND { "met" } else { "**missed**" };
            writeln!(f, "| {what} | {:.1} | {:.1} | {verdict} |", millis(*median), millis(*p95))?;
        }
        write!(f, "\nThe program's memory was at most {:.0} MB.", self.peak)
    }
}

pub async fn measure(workspace: &Workspace, server: &Server, times: usize) -> Lists {
    let ada = workspace.ada(server).await;
    let question = some_question(&ada).await;
    let fill = |address: &str| {
        address.replace("{rare}", RARE).replace("{rare_tag}", RARE_TAG).replace("{question}", &question)
    };
    let mut lines = Vec::new();
    for (what, address, is_deep) in PAGES {
        let first = fill(address);
        lines.push(time(what, times, || ada.reads(&first)).await);
        if *is_deep {
            let (deep, pages) = deep_page(&ada, first).await;
            lines.push(time(&format!("{what}, page {pages}"), times, || ada.reads(&deep)).await);
        }
    }
    let program = Program { client: client(), base: &server.base, key: &workspace.key };
    for (what, address, is_deep) in CALLS {
        let first = fill(address);
        lines.push(time(&format!("API: {what}"), times, || program.gets(&first)).await);
        if *is_deep {
            let (deep, pages) = program.deep_page(&first).await;
            lines.push(time(&format!("API: {what}, page {pages}"), times, || program.gets(&deep)).await);
        }
    }
    Lists { lines, peak: server.peak_megabytes() }
}

/// Opened a few times before it counts.
async fn time<T>(what: &str, times: usize, open: impl AsyncFn() -> T) -> Line {
    for _ in 0..3 {
        open().await;
    }
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        open().await;
        taken.push(began.elapsed());
    }
    taken.sort_unstable();
    Line { what: what.to_owned(), median: at(&taken, 0.5), p95: at(&taken, 0.95) }
}

fn links(page: &str, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    let page = Html::parse_document(page);
    page.select(&selector).filter_map(|link| link.attr("href").map(str::to_owned)).collect()
}

/// A page far behind the first, reached by its links, and how many pages it is from there.
async fn deep_page(visitor: &Visitor, mut here: String) -> (String, usize) {
    for page in 1..=DEEP {
        let html = visitor.reads(&here).await;
        let selector = "nav[aria-label=Pages] a:last-child[href]";
        match links(&html, selector).pop() {
            Some(next) => here = next,
            None => return (here, page),
        }
    }
    (here, DEEP + 1)
}

async fn some_question(visitor: &Visitor) -> String {
    let project = links(&visitor.reads("/projects").await, "tbody a.cell__title").remove(0);
    let section = links(&visitor.reads(&project).await, "main a[href^='/sections/']").remove(0);
    links(&visitor.reads(&section).await, "main a[href^='/questions/']").remove(0)
}

/// Somebody's program, with its key.
struct Program<'a> {
    client: Client,
    base: &'a str,
    key: &'a str,
}

impl Program<'_> {
    async fn gets(&self, address: &str) -> Value {
        let request = self.client.request(Method::GET, format!("{}{address}", self.base)).bearer_auth(self.key);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "GET {address}");
        serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON")
    }

    async fn deep_page(&self, first: &str) -> (String, usize) {
        let mut here = first.to_owned();
        for page in 1..=DEEP {
            let Some(cursor) = self.gets(&here).await["next_cursor"].as_str().map(str::to_owned) else {
                return (here, page);
            };
            here = format!("{first}{}cursor={cursor}", if first.contains('?') { '&' } else { '?' });
        }
        (here, DEEP + 1)
    }
}
