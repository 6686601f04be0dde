//! Databases on the PostgreSQL cluster that `bin/test` starts, one for each test that wants one.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use url::Url;

/// Names the cluster: a URL whose user may create databases.
const CLUSTER: &str = "HERALD_TEST_POSTGRES_URL";

static MADE: AtomicU32 = AtomicU32::new(0);

/// A database that is dropped with this value.
pub struct PostgresDatabase {
    cluster: String,
    name: String,
    url: String,
}

impl PostgresDatabase {
    /// Makes an empty database with the collation that Herald asks for (names compare by their bytes, as on
    /// SQLite). Panics where there is no cluster.
    pub fn create() -> PostgresDatabase {
        let cluster = std::env::var(CLUSTER).unwrap_or_else(|_| {
            panic!("this test needs PostgreSQL: run it through bin/test, or set {CLUSTER} to a cluster for tests")
        });
        let name = format!("herald_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut url = Url::parse(&cluster).unwrap_or_else(|error| panic!("{CLUSTER} is no URL: {error}"));
        url.set_path(&name);
        // Process numbers come back: what a killed run left under this name is not ours.
        let outcome = run(
            &cluster,
            vec![
                format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"),
            ],
        );
        if let Err(error) = outcome {
            panic!("no database on {CLUSTER}={cluster}: {error}");
        }
        PostgresDatabase { cluster, name, url: url.into() }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let dropped = run(&self.cluster, vec![format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)]);
        if let Err(error) = dropped {
            // The cluster goes away with the run, so this is worth a line and not a failure.
            eprintln!("left behind: database {}: {error}", self.name);
        }
    }
}

/// Runs statements on the cluster in a thread and runtime of their own: `Drop` cannot wait for a future, and the
/// runtime of the test may be stopping.
fn run(cluster: &str, statements: Vec<String>) -> Result<(), String> {
    let cluster = cluster.to_owned();
    let work = std::thread::spawn(move || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let mut connection = PgConnection::connect(&cluster).await?;
            for statement in statements {
                connection.execute(AssertSqlSafe(statement)).await?;
            }
            connection.close().await?;
            Ok(())
        })
    });
    match work.join() {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("the thread that talks to the cluster panicked".to_owned()),
    }
}
