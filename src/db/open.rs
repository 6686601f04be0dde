//! Opening a database: pools, pragmas, migrations, the writer.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Once;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyPool, Connection as _, Executor, Row as _};

use super::checkpoints::Checkpoints;
use super::counter::Counter;
use super::dialect::Dialect;
use super::error::{DbError, OpenError};
use super::tx::Tx;
use super::writer::{self, Command, Mailbox};
use super::{Conn, append_only, full_text, migrate};

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections that only read.
    pub readers: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4 }
    }
}

/// An open database. Cheap to clone; everything a clone does goes through the same pools and the same writer.
#[derive(Clone)]
pub struct Db {
    dialect: Dialect,
    readers: AnyPool,
    writer: AnyPool,
    mailbox: Mailbox,
    counter: Counter,
    checkpoints: Checkpoints,
}

impl Db {
    /// Opens `url` (`sqlite://FILE` or `postgres://…`), makes it where it is missing, and migrates it.
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let (dialect, place, connect) = parse(url)?;
        let unusable = |error: sqlx::Error| unusable(dialect, &place, &error);
        let writer = pool(dialect, dialect.writers(), false).connect_with(connect.clone()).await.map_err(unusable)?;
        if dialect == Dialect::Sqlite {
            check_pragmas(&writer).await.map_err(unusable)?;
        }
        migrate::run(&writer, &place).await?;
        for piece in [&full_text::INDEX, &append_only::AUDIT_LOG] {
            piece.prepare(&mut *writer.acquire().await.map_err(unusable)?).await.map_err(unusable)?;
        }
        let readers = pool(dialect, options.readers, true).connect_with(connect).await.map_err(unusable)?;
        let checkpoints = match dialect {
            Dialect::Sqlite => Checkpoints::start(readers.clone()),
            Dialect::Postgres => Checkpoints::none(),
        };
        let mailbox = writer::start(writer.clone(), dialect, checkpoints.clone());
        let counter = Counter::start(readers.clone());
        Ok(Self { dialect, readers, writer, mailbox, counter, checkpoints })
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A connection to read with. It sees everything that was committed before.
    pub async fn read(&self) -> Result<PoolConnection<Any>, DbError> {
        Ok(self.readers.acquire().await?)
    }

    /// Where the counter of changes stands to what servers keep in memory (`meta::raise_changes`), read after this call began.
    pub async fn changes(&self) -> Result<i64, DbError> {
        self.counter.now().await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), DbError> {
        sqlx::query("SELECT 1").execute(&mut *self.read().await?).await?;
        Ok(())
    }

    /// A transaction that may write. Nothing slow belongs inside: on SQLite all others wait for it.
    /// Dropped without [`Tx::commit`], it is rolled back.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        let mut tx = Tx::new(self.writer.begin_with(self.dialect.begin()).await?);
        let checkpoints = self.checkpoints.clone();
        tx.after_commit(move || checkpoints.committed());
        Ok(tx)
    }

    /// Hands a command to the grouped writer and waits until it is on disk.
    pub async fn submit<C: Command>(&self, command: C) -> Result<C::Output, DbError> {
        self.mailbox.submit(command).await
    }

    /// Whether the disk had no room for something within the last minute.
    pub fn was_full_lately(&self) -> bool {
        self.mailbox.was_full_lately()
    }

    /// Waits for what the writer has taken on, and closes every connection.
    pub async fn close(&self) {
        self.mailbox.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The file behind a `sqlite://` URL.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    Some(PathBuf::from(rest.split('?').next().unwrap_or(rest)))
}

/// The version of the SQLite inside.
pub async fn sqlite_version() -> Result<String, DbError> {
    sqlx::any::install_default_drivers();
    let mut conn = <Conn as sqlx::Connection>::connect("sqlite::memory:").await?;
    let row = sqlx::query("SELECT sqlite_version()").fetch_one(&mut conn).await?;
    Ok(row.try_get(0)?)
}

pub(super) fn parse(url: &str) -> Result<(Dialect, String, AnyConnectOptions), OpenError> {
    let bad = || OpenError::Url(url.split('@').next_back().unwrap_or_default().to_owned());
    if let Some(file) = sqlite_file(url) {
        if file.as_os_str().is_empty() {
            return Err(bad());
        }
        let place = file.display().to_string();
        if file.is_dir() {
            return Err(OpenError::Unusable { place, cause: "it is a folder".into(), remedy: "Name a file in it." });
        }
        if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("") && !folder.is_dir()) {
            let cause = format!("the folder {} does not exist", folder.display());
            return Err(OpenError::Unusable { place, cause, remedy: "Make the folder first." });
        }
        let connect = AnyConnectOptions::from_str(&format!("sqlite://{place}?mode=rwc")).map_err(|_| bad())?;
        return Ok((Dialect::Sqlite, place, connect));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        // Without the password, which must not reach a log.
        let place = url::Url::parse(url).map_or_else(
            |_| "postgres://…".into(),
            |u| format!("postgres://{}{}", u.host_str().unwrap_or("local"), u.path()),
        );
        return Ok((Dialect::Postgres, place, AnyConnectOptions::from_str(url).map_err(|_| bad())?));
    }
    Err(bad())
}

fn pool(dialect: Dialect, connections: u32, read_only: bool) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(dialect == Dialect::Postgres)
        // SQLite ends a transaction by itself when the disk is full, and then refuses the rollback: sqlx takes the connection for
        // one in a transaction from then on, and begins none on it any more.
        .before_acquire(|conn, _| Box::pin(async move { Ok(!conn.is_in_transaction()) }))
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |conn, _| {
            Box::pin(async move {
                if dialect == Dialect::Sqlite {
                    conn.execute(if read_only { READER_PRAGMAS } else { WRITER_PRAGMAS }).await?;
                }
                Ok(())
            })
        })
}

// FULL costs one sync for each commit, which grouping shares among all who wait; NORMAL could lose acknowledged events.
// The writer's own checkpoints find most of their work done (`checkpoints`).
const WRITER_PRAGMAS: &str = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
     PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=8000; PRAGMA journal_size_limit=67108864";
const READER_PRAGMAS: &str = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
     PRAGMA cache_size=-2048; PRAGMA temp_store=MEMORY; PRAGMA query_only=ON";

/// Reads back what [`WRITER_PRAGMAS`] set: a file system without shared memory refuses WAL silently.
async fn check_pragmas(pool: &AnyPool) -> Result<(), sqlx::Error> {
    let mut conn = pool.acquire().await?;
    let mode: String = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *conn).await?.try_get(0)?;
    let synchronous: i64 = sqlx::query("PRAGMA synchronous").fetch_one(&mut *conn).await?.try_get(0)?;
    let foreign_keys: i64 = sqlx::query("PRAGMA foreign_keys").fetch_one(&mut *conn).await?.try_get(0)?;
    if mode == "wal" && synchronous == 2 && foreign_keys == 1 {
        return Ok(());
    }
    Err(sqlx::Error::Configuration(format!("it does not take our settings (journal_mode={mode}, synchronous={synchronous}, foreign_keys={foreign_keys})").into()))
}

pub(super) fn unusable(dialect: Dialect, place: &str, error: &sqlx::Error) -> OpenError {
    OpenError::Unusable { place: place.to_owned(), cause: cause(error), remedy: remedy(dialect, error) }
}

fn cause(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(db) => db.message().to_owned(),
        sqlx::Error::PoolTimedOut => "no answer within 30 s".into(),
        other => other.to_string(),
    }
}

fn remedy(dialect: Dialect, error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(|db| db.code());
    match (dialect, code.as_deref()) {
        // SQLITE_NOTADB and SQLITE_CORRUPT.
        (Dialect::Sqlite, Some("26" | "11")) => {
            "It is not a SQLite database, or it is damaged: name another file with HERALD_DATABASE_URL, or restore a backup."
        }
        (Dialect::Sqlite, _) => "Check that the user that runs Herald may read and write the file and its folder.",
        (Dialect::Postgres, _) => "Check HERALD_DATABASE_URL and that the server is running and lets this user in.",
    }
}
