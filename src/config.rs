//! Settings: flags, then environment variables, then a TOML file, the first found wins; read once, into one typed [`Config`].
//!
//! Each setting has one name in three spellings: `HERALD_RETRY_SCHEDULE` is `--retry-schedule` and `retry_schedule`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::base::Secret;
use crate::db;
use crate::delivery::endpoint::{Endpoint, Guard};
use crate::delivery::retry::Schedule;
use crate::mail;
use crate::web::throttle::Rate;

mod args;
pub(crate) mod value;

pub use args::SettingsArgs;

/// A setting that stops the start. The message names it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{name}: {problem}")]
    Bad { name: String, problem: String },
    #[error("{0} is not a setting of Herald. `herald serve --help` lists them.")]
    Unknown(String),
    #[error("cannot read the settings file {}: {problem}", .path.display())]
    File { path: PathBuf, problem: String },
}

/// Every setting, its default as the contract writes it, and what it is for.
pub const SETTINGS: &[(&str, &str, &str)] = &[
    ("listen", "127.0.0.1:8080", "Address to listen on; port 0 picks one"),
    ("database_url", "sqlite://herald.db", "sqlite://FILE or postgres://…"),
    ("public_url", "", "Where people reach Herald: links in pages and mail; https makes cookies Secure"),
    ("secret_key_file", "", "32 bytes for encryption at rest (default: herald.key beside the database)"),
    ("trusted_proxies", "", "CIDRs whose X-Forwarded-* is believed"),
    ("allowed_networks", "", "CIDRs that deliveries may reach although they are private"),
    ("require_https", "false", "Refuse http destinations"),
    ("retry_schedule", "5s,5m,30m,2h,5h,10h,14h,20h,24h", "Delays between the attempts of a delivery"),
    ("request_timeout", "15s", "One attempt, in all"),
    ("connect_timeout", "5s", "DNS and connecting"),
    ("lane_concurrency", "10", "Requests at a time to one webhook"),
    ("egress_addresses", "", "The addresses that requests come from"),
    ("extra_ca_file", "", "PEM, trusted beside the public roots"),
    ("disable_after", "5d", "Nothing but failures for this long disables a webhook"),
    ("retention", "30d", "How long events are kept after their last delivery ended"),
    ("max_webhooks", "100", "For each organization"),
    ("sign_in_rate", "10/m", "Tries to sign in, for each account and address"),
    ("test_rate", "60/m", "Test requests, for each person or key"),
    ("publish_rate", "", "Published events, for each key"),
    ("smtp_url", "", "Mail server: smtps://USER:PASSWORD@HOST, or smtp://HOST:25"),
    ("mail_from", "", "Sender of mails: Herald <herald@example.com>"),
    ("operator_webhook_url", "", "Where the operator is told of failing webhooks, by signed events"),
    ("log", "info", "error, warn, info, debug, trace, or a filter such as herald=debug"),
    ("log_format", "text", "text or json"),
    ("otlp_endpoint", "", "Traces"),
    ("metrics_listen", "", "Address for GET /metrics"),
    ("account_manager_contact", "your account manager", "The words on locked pages"),
];

/// Known to the contract, and not doing anything in this version: said at the start where they are set.
pub const WITHOUT_EFFECT: &[&str] = &["otlp_endpoint", "metrics_listen"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// It may have a password in it.
    pub database_url: Secret,
    pub public_url: Option<Url>,
    pub secret_key_file: PathBuf,
    pub trusted_proxies: Vec<IpNet>,
    pub allowed_networks: Vec<IpNet>,
    pub require_https: bool,
    pub retry_schedule: Schedule,
    pub request_timeout: Duration,
    pub connect_timeout: Duration,
    pub lane_concurrency: usize,
    /// Addresses and networks, as they were written.
    pub egress_addresses: Vec<String>,
    pub extra_ca_file: Option<PathBuf>,
    pub disable_after: Duration,
    /// How long an event is kept after its last delivery ended.
    pub retention: Duration,
    pub max_webhooks: usize,
    pub sign_in_rate: Rate,
    pub test_rate: Rate,
    pub publish_rate: Option<Rate>,
    /// Where mails are handed in; with it there is a public URL, too.
    pub mail: Option<mail::Settings>,
    pub operator_webhook: Option<Endpoint>,
    pub log: String,
    pub log_format: LogFormat,
    pub account_manager_contact: String,
    /// Settings that were given and have no effect in this version, by their environment names.
    pub without_effect: Vec<String>,
}

impl Config {
    /// Reads all settings: `flags` as parsed from the command line, `environment` as the process has it.
    pub fn read(
        flags: &SettingsArgs,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        Self::read_over(&[], flags, environment)
    }

    /// The same, with other defaults (name and value) for some settings.
    pub fn read_over(
        defaults: &[(&str, &str)],
        flags: &SettingsArgs,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let default =
            |(name, value): &(&str, &str)| ((*name).to_owned(), (environment_name(name), (*value).to_owned()));
        let mut values: BTreeMap<_, _> = defaults.iter().map(default).collect();
        values.extend(file_values(flags.config.as_deref())?);
        values.extend(environment_values(environment)?);
        values.extend(flags.given.iter().map(|(name, value)| (name.clone(), (flag_name(name), value.clone()))));
        Self::check(&Given(values))
    }

    fn check(given: &Given) -> Result<Self, ConfigError> {
        let database_url = given.text("database_url");
        let key_file = given.text("secret_key_file");
        let secret_key_file = match (key_file.as_str(), db::sqlite_file(&database_url)) {
            ("", Some(file)) => file.with_file_name("herald.key"),
            ("", None) => {
                return Err(
                    given.bad("secret_key_file", "with PostgreSQL it must be set, to the same key on every node")
                );
            }
            (path, _) => PathBuf::from(path),
        };
        Ok(Self {
            listen: given.read("listen", address)?,
            public_url: given.optional("public_url", value::public_url)?,
            secret_key_file,
            trusted_proxies: given.list("trusted_proxies", value::network)?,
            allowed_networks: given.list("allowed_networks", value::network)?,
            require_https: given.read("require_https", value::flag)?,
            retry_schedule: Schedule::new(given.list("retry_schedule", value::duration)?),
            request_timeout: given.read("request_timeout", value::attempt_duration)?,
            connect_timeout: given.read("connect_timeout", value::attempt_duration)?,
            lane_concurrency: given.read("lane_concurrency", |text| value::count(text, 1, 1000))?,
            egress_addresses: given.list("egress_addresses", value::address_or_network)?,
            disable_after: given.read("disable_after", value::duration)?,
            extra_ca_file: given.optional("extra_ca_file", |text| Ok(PathBuf::from(text)))?,
            retention: given.read("retention", value::duration)?,
            max_webhooks: given.read("max_webhooks", |text| value::count(text, 1, 100_000))?,
            sign_in_rate: given.read("sign_in_rate", value::rate)?,
            test_rate: given.read("test_rate", value::rate)?,
            publish_rate: given.optional("publish_rate", value::rate)?,
            mail: given.mail()?,
            operator_webhook: given.operator_webhook()?,
            log: given.read("log", value::log_filter)?,
            log_format: given.read("log_format", value::log_format)?,
            account_manager_contact: given.text("account_manager_contact"),
            without_effect: WITHOUT_EFFECT
                .iter()
                .filter_map(|name| given.0.get(*name).map(|(spelling, _)| spelling.clone()))
                .collect(),
            database_url: Secret::new(database_url),
        })
    }
}

/// Values as they were given, with the spelling under which they were.
struct Given(BTreeMap<String, (String, String)>);

impl Given {
    fn text(&self, name: &'static str) -> String {
        let default = || SETTINGS.iter().find(|(setting, ..)| *setting == name).map_or("", |(_, default, _)| default);
        self.0.get(name).map_or_else(|| default().to_owned(), |(_, value)| value.trim().to_owned())
    }

    fn bad(&self, name: &'static str, problem: impl ToString) -> ConfigError {
        let spelling = self.0.get(name).map_or_else(|| environment_name(name), |(spelling, _)| spelling.clone());
        ConfigError::Bad { name: spelling, problem: problem.to_string() }
    }

    fn read<T>(&self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, ConfigError> {
        parse(&self.text(name)).map_err(|problem| self.bad(name, problem))
    }

    fn optional<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        if self.text(name).is_empty() { Ok(None) } else { self.read(name, parse).map(Some) }
    }

    /// Mail needs its server, its sender, and an address that its links lead to.
    fn mail(&self) -> Result<Option<mail::Settings>, ConfigError> {
        let said = |error: mail::InvalidSettings| error.to_string();
        let transport = self.optional("smtp_url", |text| mail::Settings::transport(text).map_err(said))?;
        let from = self.optional("mail_from", |text| mail::Settings::sender(text).map_err(said))?;
        match (transport, from) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(self.bad("smtp_url", "mail needs a sender: set HERALD_MAIL_FROM, too")),
            (None, Some(_)) => Err(self.bad("mail_from", "mail needs a server: set HERALD_SMTP_URL, too")),
            (Some(_), Some(_)) if self.text("public_url").is_empty() => {
                Err(self.bad("smtp_url", "the links in mails need an address: set HERALD_PUBLIC_URL, too"))
            }
            (Some(transport), Some(from)) => Ok(Some(mail::Settings::new(transport, from))),
        }
    }

    /// Held to the rules of every webhook.
    fn operator_webhook(&self) -> Result<Option<Endpoint>, ConfigError> {
        let guard =
            Guard::new(self.list("allowed_networks", value::network)?, self.read("require_https", value::flag)?);
        self.optional("operator_webhook_url", |text| {
            let endpoint = Endpoint::parse(text).map_err(|error| error.to_string())?;
            guard.check_endpoint(&endpoint).map_err(|refusal| refusal.for_admins())?;
            Ok(endpoint)
        })
    }

    fn list<T>(&self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, ConfigError> {
        let text = self.text(name);
        let items = text.split(',').map(str::trim).filter(|_| !text.is_empty());
        items.map(&parse).collect::<Result<_, _>>().map_err(|problem| self.bad(name, problem))
    }
}

fn environment_name(name: &str) -> String {
    format!("HERALD_{}", name.to_ascii_uppercase())
}

fn flag_name(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

fn environment_values(
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, (String, String)>, ConfigError> {
    let mut values = BTreeMap::new();
    for (name, value) in environment {
        let Some(spelling) = name.to_str().filter(|name| name.starts_with("HERALD_")) else { continue };
        let known = SETTINGS.iter().find(|(setting, ..)| environment_name(setting) == spelling);
        let (setting, ..) = known.ok_or_else(|| ConfigError::Unknown(spelling.to_owned()))?;
        let value = value
            .into_string()
            .map_err(|_| ConfigError::Bad { name: spelling.to_owned(), problem: "it is not UTF-8".into() })?;
        // An empty variable is how shells and compose files write "not set".
        if !value.trim().is_empty() {
            values.insert((*setting).to_owned(), (spelling.to_owned(), value));
        }
    }
    Ok(values)
}

fn file_values(path: Option<&Path>) -> Result<BTreeMap<String, (String, String)>, ConfigError> {
    let Some(path) = path else { return Ok(BTreeMap::new()) };
    let failed = |problem: String| ConfigError::File { path: path.to_owned(), problem };
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| failed(e.to_string()))?;
    let mut values = BTreeMap::new();
    for (name, value) in table {
        if !SETTINGS.iter().any(|(setting, ..)| *setting == name) {
            return Err(ConfigError::Unknown(format!("{name} (in {})", path.display())));
        }
        let spelling = format!("{name} in {}", path.display());
        let plain = value::toml_text(&value).ok_or_else(|| ConfigError::Bad {
            name: spelling.clone(),
            problem: "write it as a text, a number, true or false, or a list of texts".into(),
        })?;
        values.insert(name, (spelling, plain));
    }
    Ok(values)
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut addresses =
        text.to_socket_addrs().map_err(|_| format!("{text:?} is not an address and port such as 127.0.0.1:8080"))?;
    addresses.next().ok_or_else(|| format!("{text:?} names no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let environment = environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Config::read(&SettingsArgs::default(), environment)
    }

    #[test]
    fn the_defaults_are_the_contracts() {
        let config = read(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.secret_key_file, Path::new("herald.key"));
        assert_eq!(config.retry_schedule, Schedule::default());
        assert_eq!(config.request_timeout, Duration::from_secs(15));
        assert_eq!(
            config.test_rate,
            Rate { count: std::num::NonZeroU32::new(60).unwrap(), period: Duration::from_secs(60) }
        );
        assert_eq!(config.account_manager_contact, "your account manager");
    }

    #[test]
    fn a_bad_or_unknown_setting_is_named() {
        let table = [
            ("HERALD_RETRY_SCHEDULE", "5 minutes"),
            ("HERALD_LISTEN", "nowhere"),
            ("HERALD_ALLOWED_NETWORKS", "127.0.0.0/8,everything"),
            ("HERALD_EGRESS_ADDRESSES", "203.0.113.7,herald.example.com"),
            ("HERALD_REQUEST_TIMEOUT", "0s"),
            ("HERALD_CONNECT_TIMEOUT", "11m"),
            ("HERALD_LANE_CONCURRENCY", "0"),
            ("HERALD_REQUIRE_HTTPS", "maybe"),
            ("HERALD_PUBLIC_URL", "herald.example"),
            ("HERALD_SIGN_IN_RATE", "ten"),
            ("HERALD_LOG_FORMAT", "xml"),
            ("HERALD_SMTP_URL", "mail.example.com"),
            ("HERALD_SMTP_URL", "smtp://mail.example.com"),
            ("HERALD_MAIL_FROM", "herald"),
            ("HERALD_MAIL_FROM", "herald@example.com"),
            ("HERALD_OPERATOR_WEBHOOK_URL", "example.com"),
            ("HERALD_OPERATOR_WEBHOOK_URL", "http://127.0.0.1/"),
            ("HERALD_TYPO", "1"),
        ];
        for (name, value) in table {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("herald.toml");
        std::fs::write(
            &file,
            "lane_concurrency = 3\nmax_webhooks = 7\nretry_schedule = [\"1s\", \"2s\"]\nlog = \"warn\"\n",
        )
        .unwrap();
        let flags = SettingsArgs { config: Some(file), given: [("log".to_owned(), "debug".to_owned())].into() };
        let environment =
            [("HERALD_LANE_CONCURRENCY", "4"), ("HERALD_LOG", "error")].map(|(n, v)| (n.into(), v.into()));
        let config = Config::read(&flags, environment.into_iter()).unwrap();
        assert_eq!((config.lane_concurrency, config.max_webhooks, config.log.as_str()), (4, 7, "debug"));
        assert_eq!(config.retry_schedule.delays(), [Duration::from_secs(1), Duration::from_secs(2)]);
    }

    #[test]
    fn egress_addresses_are_single_ones_and_networks() {
        let config = read(&[("HERALD_EGRESS_ADDRESSES", "203.0.113.7, 2001:db8::/48")]).unwrap();
        assert_eq!(config.egress_addresses, ["203.0.113.7", "2001:db8::/48"]);
        assert!(read(&[]).unwrap().egress_addresses.is_empty());
    }

    #[test]
    fn mail_needs_a_server_a_sender_and_a_public_url() {
        let all = [
            ("HERALD_SMTP_URL", "smtp://mail.example.com"),
            ("HERALD_MAIL_FROM", "Herald <herald@example.com>"),
            ("HERALD_PUBLIC_URL", "https://herald.example.com"),
        ];
        assert!(read(&all).unwrap().mail.is_some());
        assert!(read(&[]).unwrap().mail.is_none());
        for (kept, missing) in
            [(&all[..2], "HERALD_PUBLIC_URL"), (&all[..1], "HERALD_MAIL_FROM"), (&all[1..], "HERALD_SMTP_URL")]
        {
            let error = read(kept).unwrap_err().to_string();
            assert!(error.contains(missing), "{error}");
        }
    }

    #[test]
    fn postgresql_needs_a_key_file() {
        let error = read(&[("HERALD_DATABASE_URL", "postgres://localhost/herald")]).unwrap_err().to_string();
        assert!(error.contains("HERALD_SECRET_KEY_FILE"), "{error}");
    }
}
