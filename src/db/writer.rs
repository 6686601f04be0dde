//! The grouped writer: takes what is waiting, runs it in one transaction, commits once, then answers everybody.
//!
//! A commit costs a sync of the disk, milliseconds where the statements cost microseconds; shared by all who wait it
//! nearly vanishes. There is no timer: a caller who is alone waits for nobody, and while one group is being written
//! the next one gathers by itself. (A millisecond's wait for more was tried: it spared 5 % of the work of the
//! processor for each event and cost up to 20 % of the throughput.) Commands of one type in a group are applied together, so that they
//! can use multi-row statements. If a group fails, each command is tried alone and gets its own answer.

use std::any::{Any as AnyType, TypeId};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::AnyPool;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use super::Conn;
use super::checkpoints::Checkpoints;
use super::dialect::Dialect;
use super::error::DbError;

/// Commands that wait at most; past that, callers are told to come back (`DbError::Busy`).
const MAILBOX: u32 = 4096;
/// Commands in one group at most.
const GROUP: usize = 512;
/// Bytes in one group at most, so that one transaction stays short and its memory bounded.
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// How long a caller waits for room in a full mailbox.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which rows a command locks first. Transactions that lock rows in one order never wait for each other in a circle, so
/// people's actions keep to it, too: organizations, webhooks, deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    Organizations,
    Webhooks,
    Deliveries,
}

/// One kind of write that is done in groups.
pub trait Command: Send + Sync + 'static {
    type Output: Send + 'static;

    /// When commands of this type are applied, in a transaction that they share with other types.
    const TURN: Turn = Turn::Deliveries;

    /// Applies `commands`, in order, inside one transaction; one output for each. An error undoes all of them.
    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<Self::Output>, DbError>>
    where
        Self: Sized;

    /// Called by the writer after the commit, before the caller hears of it, even if the caller is gone.
    fn committed(&self, _output: &mut Self::Output) {}

    /// Rough size in bytes.
    fn weight(&self) -> usize {
        512
    }
}

/// Where a command's answer goes. Its place in the mailbox is free again once the answer is given.
struct Reply<C: Command> {
    sender: oneshot::Sender<Result<C::Output, DbError>>,
    _place: OwnedSemaphorePermit,
}

impl<C: Command> Reply<C> {
    fn send(self, answer: Result<C::Output, DbError>) {
        // A caller who has gone away needs no answer.
        let _ = self.sender.send(answer);
    }
}

/// A queued command whose type is forgotten; knows how to found a group of its own type.
trait Queued: Send {
    fn kind(&self) -> TypeId;
    fn weight(&self) -> usize;
    fn into_any(self: Box<Self>) -> Box<dyn AnyType + Send>;
    fn found_group(&self) -> Box<dyn Group>;
}

trait Group: Send {
    fn kind(&self) -> TypeId;
    /// Its type's turn, and its name, which puts types of one turn in order.
    fn place(&self) -> (Turn, &'static str);
    fn push(&mut self, queued: Box<dyn Queued>);
    fn apply<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, Result<(), DbError>>;
    /// Answers every caller, after the commit.
    fn answer(self: Box<Self>);
    /// The same commands as groups of one.
    fn split(self: Box<Self>) -> Vec<Box<dyn Group>>;
    fn refuse(self: Box<Self>, error: DbError);
}

struct Entry<C: Command> {
    command: C,
    reply: Reply<C>,
}

impl<C: Command> Queued for Entry<C> {
    fn kind(&self) -> TypeId {
        TypeId::of::<C>()
    }
    fn weight(&self) -> usize {
        self.command.weight()
    }
    fn into_any(self: Box<Self>) -> Box<dyn AnyType + Send> {
        self
    }
    fn found_group(&self) -> Box<dyn Group> {
        Box::new(Typed::<C> { commands: Vec::new(), replies: Vec::new(), outputs: Vec::new() })
    }
}

struct Typed<C: Command> {
    commands: Vec<C>,
    replies: Vec<Reply<C>>,
    outputs: Vec<C::Output>,
}

impl<C: Command> Group for Typed<C> {
    fn kind(&self) -> TypeId {
        TypeId::of::<C>()
    }

    fn place(&self) -> (Turn, &'static str) {
        (C::TURN, std::any::type_name::<C>())
    }

    fn push(&mut self, queued: Box<dyn Queued>) {
        let entry = queued.into_any().downcast::<Entry<C>>().expect("groups are chosen by the command's type");
        self.commands.push(entry.command);
        self.replies.push(entry.reply);
    }

    fn apply<'a>(&'a mut self, conn: &'a mut Conn) -> BoxFuture<'a, Result<(), DbError>> {
        Box::pin(async move {
            self.outputs = C::apply(conn, &self.commands).await?;
            debug_assert_eq!(self.outputs.len(), self.commands.len());
            Ok(())
        })
    }

    fn answer(self: Box<Self>) {
        for ((command, mut output), reply) in self.commands.iter().zip(self.outputs).zip(self.replies) {
            command.committed(&mut output);
            reply.send(Ok(output));
        }
    }

    fn split(self: Box<Self>) -> Vec<Box<dyn Group>> {
        let pairs = self.commands.into_iter().zip(self.replies);
        pairs
            .map(|(command, reply)| {
                Box::new(Self { commands: vec![command], replies: vec![reply], outputs: Vec::new() }) as Box<dyn Group>
            })
            .collect()
    }

    fn refuse(self: Box<Self>, error: DbError) {
        // Only a group of one is refused, so the error has one owner.
        if let Some(reply) = self.replies.into_iter().next() {
            reply.send(Err(error));
        }
    }
}

/// Where commands are handed in.
#[derive(Clone)]
pub(super) struct Mailbox {
    sender: mpsc::UnboundedSender<Box<dyn Queued>>,
    /// One for each command that has no answer yet.
    places: Arc<Semaphore>,
    full: Full,
}

/// When the disk had no room for a command last.
#[derive(Clone, Default)]
struct Full(Arc<std::sync::Mutex<Option<Instant>>>);

impl Full {
    /// How long it is news: somebody small may find room where another did not.
    const LATELY: Duration = Duration::from_secs(60);

    fn note(&self) {
        *self.0.lock().expect("no holder panics") = Some(Instant::now());
    }
}

impl Mailbox {
    pub(super) async fn submit<C: Command>(&self, command: C) -> Result<C::Output, DbError> {
        let (sender, answer) = oneshot::channel();
        let place = tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned()).await;
        let place = place.map_err(|_| DbError::Busy)?.map_err(|_| DbError::Closed)?;
        let entry = Entry { command, reply: Reply { sender, _place: place } };
        self.sender.send(Box::new(entry)).map_err(|_| DbError::Closed)?;
        answer.await.map_err(|_| DbError::Closed)?
    }

    /// Whether the disk had no room for a command within the last minute.
    pub(super) fn was_full_lately(&self) -> bool {
        self.full.0.lock().expect("no holder panics").is_some_and(|at| at.elapsed() < Full::LATELY)
    }

    /// Waits until every command that was handed in has its answer.
    pub(super) async fn close(&self) {
        let _ = self.places.acquire_many(MAILBOX).await;
    }
}

pub(super) fn start(pool: AnyPool, dialect: Dialect, checkpoints: Checkpoints) -> Mailbox {
    let (sender, receiver) = mpsc::unbounded_channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let full = Full::default();
    for _ in 0..dialect.writers() {
        tokio::spawn(run(pool.clone(), dialect, receiver.clone(), checkpoints.clone(), full.clone()));
    }
    Mailbox { sender, places: Arc::new(Semaphore::new(MAILBOX as usize)), full }
}

type Waiting = mpsc::UnboundedReceiver<Box<dyn Queued>>;

async fn run(pool: AnyPool, dialect: Dialect, waiting: Arc<Mutex<Waiting>>, checkpoints: Checkpoints, full: Full) {
    let mut taken = Vec::with_capacity(GROUP);
    loop {
        if waiting.lock().await.recv_many(&mut taken, GROUP).await == 0 {
            return;
        }
        let mut rest = taken.drain(..).peekable();
        while rest.peek().is_some() {
            let mut bytes = 0;
            let mut groups: Vec<Box<dyn Group>> = Vec::new();
            while let Some(queued) = rest.next_if(|next| bytes == 0 || bytes + next.weight() <= GROUP_BYTES) {
                bytes += queued.weight().max(1);
                match groups.iter_mut().find(|group| group.kind() == queued.kind()) {
                    Some(group) => group.push(queued),
                    None => {
                        let mut group = queued.found_group();
                        group.push(queued);
                        groups.push(group);
                    }
                }
            }
            // Types in one order: PostgreSQL's writers work side by side, and two that lock the rows of two types in
            // different orders would wait for each other.
            groups.sort_unstable_by_key(|group| group.place());
            write(&pool, dialect, groups, &full).await;
            checkpoints.committed();
        }
    }
}

/// Writes the groups in one transaction; if that fails, every command in one of its own.
async fn write(pool: &AnyPool, dialect: Dialect, mut groups: Vec<Box<dyn Group>>, full: &Full) {
    match attempt(pool, dialect, &mut groups, full).await {
        Ok(()) => groups.into_iter().for_each(Group::answer),
        Err(error) => {
            let mut singles: Vec<_> = groups.into_iter().flat_map(Group::split).collect();
            if singles.len() == 1 {
                return singles.remove(0).refuse(error);
            }
            tracing::debug!(error = &error as &dyn std::error::Error, "a group of writes failed; each is tried alone");
            for single in singles {
                let mut alone = [single];
                let result = attempt(pool, dialect, &mut alone, full).await;
                let [single] = alone;
                match result {
                    Ok(()) => single.answer(),
                    Err(error) => single.refuse(error),
                }
            }
        }
    }
}

async fn attempt(pool: &AnyPool, dialect: Dialect, groups: &mut [Box<dyn Group>], full: &Full) -> Result<(), DbError> {
    let result = transact(pool, dialect, groups).await;
    if let Err(DbError::DiskFull) = &result {
        full.note();
    }
    result
}

async fn transact(pool: &AnyPool, dialect: Dialect, groups: &mut [Box<dyn Group>]) -> Result<(), DbError> {
    let mut tx = pool.begin_with(dialect.begin()).await?;
    for group in groups {
        group.apply(&mut tx).await?;
    }
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Db, Options};
    use sqlx::Row as _;

    /// Adds a row; the word "bad" breaks the table's rule.
    struct Add(&'static str);

    impl Command for Add {
        type Output = usize;
        fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<usize>, DbError>> {
            Box::pin(async move {
                for command in commands {
                    let value = (command.0 != "bad").then_some(command.0);
                    sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2)")
                        .bind(command.0)
                        .bind(value)
                        .execute(&mut *conn)
                        .await?;
                }
                Ok(commands.iter().map(|_| commands.len()).collect())
            })
        }
    }

    async fn opened(folder: &tempfile::TempDir) -> Db {
        Db::open(&format!("sqlite://{}/t.db", folder.path().display()), Options::default()).await.unwrap()
    }

    #[tokio::test]
    async fn a_bad_command_fails_alone() {
        let folder = tempfile::tempdir().unwrap();
        let db = opened(&folder).await;
        let calls = ["a", "bad", "b", "c", "a"].map(|word| db.submit(Add(word)));
        let results = futures_util::future::join_all(calls).await;
        let shown: Vec<_> = results.iter().map(|r| r.is_ok()).collect();
        assert_eq!(shown, [true, false, true, true, false]);
        assert!(matches!(results[4], Err(DbError::Conflict)));
        let mut conn = db.read().await.unwrap();
        let row = sqlx::query("SELECT COUNT(*) FROM meta").fetch_one(&mut *conn).await.unwrap();
        assert_eq!(row.get::<i64, _>(0), 3);
        drop(conn);
        db.close().await;
    }

    #[tokio::test]
    async fn closing_waits_for_every_answer() {
        let folder = tempfile::tempdir().unwrap();
        let db = opened(&folder).await;
        let words: Vec<&'static str> = (0..40).map(|n| &*format!("word {n}").leak()).collect();
        let calls = futures_util::future::join_all(words.into_iter().map(|word| db.submit(Add(word))));
        let (calls, ()) = tokio::join!(biased; calls, db.close());
        assert!(calls.iter().all(Result::is_ok));
    }
}
