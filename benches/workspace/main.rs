//! Does the workspace answer at once when it is large? A hundred thousand pairs and ten thousand projects in a real database,
//! the program on it, and somebody who opens every list; then a file of fifty thousand pairs that comes in by the page, while
//! events are published.
//!
//! `bin/bench-workspace` runs it and prints two tables in Markdown; it fails where a bound does not hold. Settings:
//! HERALD_TEST_ENGINE (`sqlite`, or `postgres`, which is only measured: its bounds are not asked for), HERALD_BENCH_TIMES (how
//! often each page is opened, default 100), HERALD_BENCH_SHARE (of the sizes, in per cent, default 100).

#[expect(dead_code, reason = "the support code serves the tests, and this bench uses a part of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

mod import;
mod pages;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use herald::auth::model::Role;
use herald::auth::store::{organizations, users};
use herald::base::SystemClock;

use support::app::{PASSWORD, Visitor, password_hash, person};
use support::house::House;
use support::many::{self, Size};
use support::process::{Home, Server};
use support::{Engine, TestDatabase};

const PAIRS: usize = 100_000;
const PROJECTS: usize = 10_000;
const INTAKES: usize = 2_000;
const IMPORTED: usize = 50_000;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if runtime.block_on(measure()) {
        return ExitCode::SUCCESS;
    }
    eprintln!("a bound does not hold");
    ExitCode::FAILURE
}

/// Whether every bound holds.
async fn measure() -> bool {
    let share = |size: usize| size * setting("HERALD_BENCH_SHARE", 100) / 100;
    let size = Size { pairs: share(PAIRS), projects: share(PROJECTS), intakes: share(INTAKES) };
    let workspace = Workspace::fill(size).await;
    let server = workspace.home.serve().await;
    let lists = pages::measure(&workspace, &server, setting("HERALD_BENCH_TIMES", 100)).await;
    println!("{lists}\n");
    server.terminate().await;
    let import = import::measure(&workspace, share(IMPORTED)).await;
    println!("{import}");
    workspace.database.engine() == Engine::Postgres || (lists.holds() && import.holds())
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// A filled database, and what the program needs to run on it.
struct Workspace {
    /// Gone when this is dropped.
    database: TestDatabase,
    home: Home,
    /// A key that may read and publish.
    key: String,
}

impl Workspace {
    async fn fill(size: Size) -> Self {
        let engine = Engine::chosen();
        let began = Instant::now();
        let house = House::open(engine, Arc::new(SystemClock)).await;
        let mut tx = house.db.begin().await.expect("a transaction");
        let organization = organizations::find(&mut tx, &house.organization).await.expect("an answer");
        let ada = person(many::BY, Role::Admin, organization.as_ref());
        users::insert(&mut tx, &ada, password_hash()).await.expect("a new user");
        tx.commit().await.expect("a commit");
        many::fill(&house.db, &house.organization, size).await;
        if engine == Engine::Postgres {
            // It would come to it by itself within a minute.
            sqlx::query("ANALYZE")
                .execute(&mut *house.db.begin().await.expect("a connection"))
                .await
                .expect("statistics");
        }
        std::fs::write(house.database.path("herald.key"), [7; 32]).expect("the key file of the house's vault");
        house.db.close().await;
        eprintln!("{size:?} written in {:.0} s", began.elapsed().as_secs_f64());
        let home = Home {
            folder: house.database.path(""),
            settings: vec![
                ("HERALD_LISTEN", "127.0.0.1:0".into()),
                ("HERALD_DATABASE_URL", house.database.url().into()),
                ("HERALD_SECRET_KEY_FILE", house.database.path("herald.key").display().to_string()),
            ],
        };
        let id = house.organization.to_string();
        let admin = ["create-api-key", "--organization", &id, "--name", "bench", "--scopes", "read,publish"];
        let key = home.admin(&admin).await["key"].as_str().expect("a key").to_owned();
        Self { database: house.database, home, key }
    }

    /// Somebody who may see everything, in a browser.
    async fn ada(&self, server: &Server) -> Visitor {
        let visitor = Visitor::at(&server.base);
        let answer = visitor.posts("/login", &[("email", many::BY), ("password", PASSWORD)]).await;
        assert_eq!(answer.status(), 303, "she can sign in");
        visitor
    }
}

/// The value below which this share of `times` lies; `times` in order.
fn at(times: &[Duration], share: f64) -> Duration {
    times[((times.len() - 1) as f64 * share).round() as usize]
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
