//! The composition root: from a [`Config`] to a running [`App`]. `main` and the tests use the same one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, ServiceConfig};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::accounts::clerk::Clerk;
use crate::accounts::throttles::Throttles;
use crate::auth::callers::Callers;
use crate::base::{Clock, Rng, SystemClock, SystemRng, Tasks, Vault};
use crate::config::Config;
use crate::db::{Db, OpenError, Options, ServeLock, Snapshot, sqlite_file};
use crate::delivery::endpoint::Guard;
use crate::delivery::engine::{Engine, Observer, Parts};
use crate::delivery::model::{Hints, Ladder, Lanes};
use crate::delivery::resolver::{Resolver, SystemResolver};
use crate::delivery::sender::{InvalidExtraCa, Limits, Sender};
use crate::events::{Dispatch, Recorder};
use crate::mail::{Post, Postbox};
use crate::ops::health::Deliveries;
use crate::ops::retention::Retention;
use crate::publish::api::Publisher;
use crate::receiver::Receiver;
use crate::routes;
use crate::web::connection::Patience;
use crate::web::context::SetupCode;
use crate::web::shell::Notices;
use crate::web::throttle::Throttle;
use crate::web::{Context, Site};
use crate::webhooks::actions::Tools;
use crate::webhooks::alerts::WebhookNotices;
use crate::webhooks::alerts::operator::{self, OperatorPost};
use crate::webhooks::alerts::teller::Teller;
use crate::webhooks::guide::Terms;
use crate::webhooks::limit::TestLimit;
use crate::workspace::answers::transfer::runner::Imports;
use crate::workspace::change::Desk;
use crate::workspace::trash::emptying::Emptying;

mod files;
mod key_file;
pub mod key_rotation;
mod server;

pub use key_file::KeyFileError;

/// Attempts under way get this long to end when the program stops.
const PATIENCE: Duration = Duration::from_secs(25);

/// Why a start failed. The message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error("HERALD_EXTRA_CA_FILE: cannot read {0}")]
    ExtraCa(String),
    #[error("HERALD_EXTRA_CA_FILE: {0}")]
    InvalidExtraCa(#[from] InvalidExtraCa),
    #[error("HERALD_LISTEN: cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error("the database failed at the start: {0}")]
    Db(#[from] crate::db::DbError),
}

impl StartError {
    /// The program's exit code (contract section 5).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Database(OpenError::Newer { .. }) => 3,
            Self::Database(OpenError::InUse(_)) => 4,
            Self::Listen(..) => 1,
            Self::Database(OpenError::Url(_) | OpenError::Unusable { .. })
            | Self::Key(_)
            | Self::ExtraCa(_)
            | Self::InvalidExtraCa(_)
            | Self::Db(_) => 2,
        }
    }
}

/// What a start takes from outside besides the settings; tests replace parts of it.
pub struct Surroundings {
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub resolver: Arc<dyn Resolver>,
    /// Is told of every recorded attempt.
    pub observer: Option<Observer>,
    /// The built-in receiver, which makes this a demo: with pages of its own, and deliveries to it never leave the program.
    pub demo: Option<Arc<Receiver>>,
    /// How long connections may take over what.
    pub patience: Patience,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            resolver: Arc::new(SystemResolver),
            observer: None,
            demo: None,
            patience: Patience::default(),
        }
    }
}

/// A running Herald.
pub struct App {
    /// Where it listens: the port that was picked, if 0 was asked for.
    pub address: SocketAddr,
    pub db: Db,
    pub context: Context,
    pub recorder: Recorder,
    pub engine: Engine,
    /// For what people do with webhooks.
    pub tools: Tools,
    /// Makes the first administrator at `/setup`.
    pub setup_code: SetupCode,
    server: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    /// What needs no end of its own: each of its steps is whole.
    tasks: Tasks,
    /// What goes on with imports.
    background: (Imports, JoinHandle<()>),
    /// What is done about accounts after the answer.
    clerk: (Clerk, JoinHandle<()>),
    _lock: Option<ServeLock>,
}

/// An open database with its key: what the command line works on beside a running server.
pub async fn open(config: &Config, rng: Arc<dyn Rng>) -> Result<(Db, Vault), StartError> {
    let db = Db::open(config.database_url.expose(), Options::default()).await?;
    let vault = vault(config, &db, rng).await?;
    Ok((db, vault))
}

/// A database as it is at this moment, to be looked at, with what opens its secrets where the key file is there.
pub async fn inspect(config: &Config) -> Result<(Snapshot, Option<Vault>), StartError> {
    let mut snapshot = Snapshot::open(config.database_url.expose()).await?;
    let vault = key_file::find(&mut snapshot, &config.secret_key_file, Arc::new(SystemRng)).await?;
    Ok((snapshot, vault))
}

/// What seals the secrets of an open database.
pub async fn vault(config: &Config, db: &Db, rng: Arc<dyn Rng>) -> Result<Vault, StartError> {
    Ok(key_file::open(db, &config.secret_key_file, rng).await?)
}

impl App {
    pub async fn start(config: &Config, surroundings: Surroundings) -> Result<Self, StartError> {
        let lock = sqlite_file(config.database_url.expose())
            .filter(|file| file.parent().is_none_or(|f| f.as_os_str().is_empty() || f.is_dir()))
            .map(|file| ServeLock::take(&file))
            .transpose()?;
        let Surroundings { clock, rng, resolver, observer, demo, patience } = surroundings;
        let (db, vault) = open(config, rng.clone()).await?;
        let guard = Guard::new(config.allowed_networks.clone(), config.require_https);
        let sender = sender(config, guard.clone(), resolver.clone(), demo.clone())?;
        let news = Arc::new(Notify::new());
        let engine = Engine::start(Parts {
            db: db.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            vault: vault.clone(),
            sender: Arc::new(sender.clone()),
            schedule: config.retry_schedule.clone(),
            concurrency: config.lane_concurrency,
            request_timeout: config.request_timeout,
            disable_after: config.disable_after,
            news: news.clone(),
            observer,
        })
        .await?;
        let context = Context {
            db: db.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            vault,
            hasher: Arc::default(),
            public_url: config.public_url.clone(),
            account_manager_contact: config.account_manager_contact.clone(),
            demo: demo.is_some(),
        };
        let dispatch: Arc<dyn Dispatch> = Arc::new(engine.clone());
        let hints: Arc<dyn Hints> = Arc::new(engine.clone());
        let lanes: Arc<dyn Lanes> = Arc::new(engine.clone());
        let recorder = Recorder { clock, rng, dispatch };
        let setup_code = SetupCode::new(context.rng.as_ref());
        let site = Site { public_url: config.public_url.clone(), trusted_proxies: config.trusted_proxies.clone() };
        let publisher = Publisher {
            db: db.clone(),
            recorder: recorder.clone(),
            rate: config.publish_rate.map(|rate| Throttle::new(rate, context.clock.clone())),
        };
        let tools = Tools {
            clock: context.clock.clone(),
            rng: context.rng.clone(),
            vault: context.vault.clone(),
            hints: hints.clone(),
            sender: sender.without_pool(),
            max_webhooks: config.max_webhooks,
        };
        let test_limit = TestLimit::new(config.test_rate, context.clock.clone());
        let deliveries = {
            let engine = engine.clone();
            Deliveries::new(move || engine.is_running())
        };
        let callers = Data::new(Callers::new(db.clone()));
        let throttles = Data::new(Throttles::new(config.sign_in_rate, context.clock.clone()));
        let mail_arrived = Arc::new(Notify::new());
        let postbox = match (&config.mail, &config.public_url) {
            (Some(_), Some(url)) => Postbox::open(context.vault.clone(), url.clone(), mail_arrived.clone()),
            _ => Postbox::default(),
        };
        let (clerk, clerking) = Clerk::start(db.clone(), context.clock.clone(), context.rng.clone(), postbox.clone());
        let desk = Desk { recorder: recorder.clone() };
        let ladder = Ladder::new(config.disable_after);
        let notices: Arc<dyn Notices> = Arc::new(WebhookNotices { db: db.clone(), clock: context.clock.clone() });
        let (imports, importing) = Imports::start(db.clone(), desk.clone());
        let shared = {
            let (publisher, deliveries) = (Data::new(publisher), Data::new(deliveries));
            let (context, recorder, setup_code) =
                (Data::new(context.clone()), Data::new(recorder.clone()), Data::new(setup_code.clone()));
            let (site, guard, sender) = (Data::new(site), Data::new(guard), Data::new(sender));
            let (resolver, hints, lanes) = (Data::from(resolver), Data::from(hints), Data::from(lanes));
            let (tools, test_limit) = (Data::new(tools.clone()), Data::new(test_limit));
            let (desk, imports) = (Data::new(desk), Data::new(imports.clone()));
            let (ladder, notices) = (Data::new(ladder), Data::from(notices));
            let terms = Data::new(terms(config));
            let (clerk, postbox) = (Data::new(clerk.clone()), Data::new(postbox));
            let demo = demo.map(Data::from);
            move |app: &mut ServiceConfig| {
                app.app_data(context.clone()).app_data(recorder.clone()).app_data(setup_code.clone());
                app.app_data(site.clone()).app_data(guard.clone()).app_data(sender.clone());
                app.app_data(resolver.clone()).app_data(hints.clone()).app_data(lanes.clone());
                app.app_data(publisher.clone()).app_data(deliveries.clone());
                app.app_data(tools.clone()).app_data(test_limit.clone());
                app.app_data(callers.clone()).app_data(throttles.clone()).app_data(desk.clone());
                app.app_data(clerk.clone()).app_data(postbox.clone());
                app.app_data(imports.clone()).app_data(ladder.clone()).app_data(notices.clone());
                app.app_data(terms.clone());
                if let Some(receiver) = &demo {
                    app.app_data(receiver.clone()).configure(routes::demo);
                }
            }
        };
        let (server, address) = server::listen(config.listen, &context, patience, shared)
            .map_err(|error| StartError::Listen(config.listen, error))?;
        let handle = server.handle();
        let serving = tokio::spawn(server);
        let mut tasks = Tasks::default();
        tell(&mut tasks, config, &context, &tools, ladder, news, mail_arrived);
        let desk = Desk { recorder: recorder.clone() };
        tasks.look(context.clock.clone(), Emptying { db: db.clone(), desk });
        tasks.look(context.clock.clone(), Retention::new(db.clone(), config.retention));
        let background = (imports, importing);
        Ok(Self {
            address,
            db,
            context,
            recorder,
            engine,
            tools,
            setup_code,
            server: handle,
            serving,
            tasks,
            background,
            clerk: (clerk, clerking),
            _lock: lock,
        })
    }

    /// Stops taking requests, finishes what is under way, hands the rest back.
    pub async fn stop(self) {
        // Ended in the middle, a transaction is rolled back; the next start begins it anew.
        self.tasks.stop().await;
        let (imports, importing) = self.background;
        imports.stop();
        // Deliveries, requests and imports end side by side: all have the same patience.
        let ((), _, _) = tokio::join!(
            self.engine.stop(PATIENCE),
            async {
                self.server.stop(true).await;
                self.serving.await
            },
            importing
        );
        // After the last request that could leave it something.
        let (clerk, clerking) = self.clerk;
        clerk.stop();
        let _ = clerking.await;
        self.db.close().await;
        self.engine.end();
    }
}

/// Starts what tells people of webhooks that fail, the look, the mails, the operator's events: each part that the settings ask for.
fn tell(
    tasks: &mut Tasks,
    config: &Config,
    context: &Context,
    tools: &Tools,
    ladder: Ladder,
    news: Arc<Notify>,
    mail_arrived: Arc<Notify>,
) {
    let (db, clock, rng) = (&context.db, &context.clock, &context.rng);
    let mails = config.mail.clone().map(|settings| {
        let arrived = mail_arrived;
        let vault = context.vault.clone();
        let post = Post { db: db.clone(), clock: clock.clone(), vault, settings, arrived: arrived.clone() };
        tasks.run(post.run());
        arrived
    });
    let operator = config.operator_webhook.clone().map(|endpoint| {
        let arrived = Arc::new(Notify::new());
        let post = OperatorPost {
            db: db.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            sender: tools.sender.clone(),
            endpoint,
            secret: operator::secret(&context.vault),
            schedule: config.retry_schedule.clone(),
            request_timeout: config.request_timeout,
            arrived: arrived.clone(),
        };
        tasks.run(post.run());
        arrived
    });
    let (db, clock, rng) = (db.clone(), clock.clone(), rng.clone());
    let (vault, public_url) = (context.vault.clone(), config.public_url.clone());
    let teller = Teller { db, clock, rng, vault, ladder, news, public_url, mails, operator };
    tasks.run(teller.run());
}

/// What the guide tells those who write a receiver.
fn terms(config: &Config) -> Terms {
    Terms {
        delays: config.retry_schedule.delays().to_vec(),
        request_timeout: config.request_timeout,
        disable_after: config.disable_after,
        egress_addresses: config.egress_addresses.clone(),
    }
}

fn sender(
    config: &Config,
    guard: Guard,
    resolver: Arc<dyn Resolver>,
    demo: Option<Arc<Receiver>>,
) -> Result<Sender, StartError> {
    let extra_ca = match &config.extra_ca_file {
        Some(path) => {
            Some(std::fs::read(path).map_err(|error| StartError::ExtraCa(format!("{}: {error}", path.display())))?)
        }
        None => None,
    };
    let limits = Limits { request_timeout: config.request_timeout, connect_timeout: config.connect_timeout };
    let sender = Sender::new(guard, resolver, &limits, extra_ca.as_deref())?;
    Ok(match demo {
        Some(receiver) => sender.with_local(receiver),
        None => sender,
    })
}
