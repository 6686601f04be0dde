//! What the test binaries share. Each binary uses a part of it, so each says `expect(dead_code)` where it
//! includes this file.

pub mod app;
pub mod books;
pub mod chromium;
pub mod demo;
pub mod dump;
pub mod examples;
pub mod house;
pub mod listener;
pub mod log;
pub mod mailbox;
pub mod many;
pub mod payloads;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod raw;
pub mod receivers;
pub mod recorder;
pub mod routes;
pub mod webhooks;

use std::path::PathBuf;

use tempfile::TempDir;

use self::postgres::PostgresDatabase;

/// The storage engines that everything must work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// For suites that concern storage itself and run on both engines every time.
    pub const ALL: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

    /// The engine this run is about: `HERALD_TEST_ENGINE`, which is `sqlite` when it is not set. `bin/test` runs
    /// the app binary once with each.
    pub fn chosen() -> Engine {
        match std::env::var("HERALD_TEST_ENGINE").as_deref() {
            Err(_) | Ok("sqlite") => Engine::Sqlite,
            Ok("postgres") => Engine::Postgres,
            Ok(other) => panic!("HERALD_TEST_ENGINE is {other:?}; it may be sqlite or postgres"),
        }
    }
}

/// A database of its own for one test: empty, not migrated, gone when this is dropped.
pub struct TestDatabase {
    url: String,
    home: Home,
}

enum Home {
    Sqlite(TempDir),
    Postgres(PostgresDatabase, TempDir),
}

impl TestDatabase {
    /// Makes one on `engine`. A missing engine fails the test instead of skipping it.
    pub fn fresh(engine: Engine) -> TestDatabase {
        let folder = tempfile::tempdir().expect("a temporary folder");
        match engine {
            Engine::Sqlite => {
                let url = format!("sqlite://{}", folder.path().join("herald.db").display());
                TestDatabase { url, home: Home::Sqlite(folder) }
            }
            Engine::Postgres => {
                let database = PostgresDatabase::create();
                TestDatabase { url: database.url().to_owned(), home: Home::Postgres(database, folder) }
            }
        }
    }

    /// What `HERALD_DATABASE_URL` would hold.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn engine(&self) -> Engine {
        match self.home {
            Home::Sqlite(_) => Engine::Sqlite,
            Home::Postgres(..) => Engine::Postgres,
        }
    }

    /// A path in a folder that lives as long as the database, for the key file and the like.
    pub fn path(&self, name: &str) -> PathBuf {
        let (Home::Sqlite(folder) | Home::Postgres(_, folder)) = &self.home;
        folder.path().join(name)
    }
}
