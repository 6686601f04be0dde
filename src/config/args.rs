//! The settings as command-line flags: `--retry-schedule` for `HERALD_RETRY_SCHEDULE`, and so on for each.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::SETTINGS;

/// What of the settings stands on the command line.
#[derive(Clone, Default)]
pub struct SettingsArgs {
    pub config: Option<PathBuf>,
    /// By the setting's name.
    pub given: BTreeMap<String, String>,
}

/// Which are given; some have a password in their value.
impl fmt::Debug for SettingsArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given: Vec<_> = self.given.keys().collect();
        f.debug_struct("SettingsArgs").field("config", &self.config).field("given", &given).finish()
    }
}

impl Args for SettingsArgs {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .help("Settings file (TOML)")
            .value_parser(clap::value_parser!(PathBuf));
        SETTINGS.iter().fold(command.arg(config), |command, (name, default, help)| {
            let shown = if default.is_empty() { (*help).to_owned() } else { format!("{help} [default: {default}]") };
            let arg =
                Arg::new(*name).long(name.replace('_', "-")).value_name("VALUE").help(shown).help_heading("Settings");
            // A switch may stand alone.
            let arg = if *name == "require_https" { arg.num_args(0..=1).default_missing_value("true") } else { arg };
            command.arg(arg)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = SETTINGS
            .iter()
            .filter_map(|(name, ..)| Some(((*name).to_owned(), matches.get_one::<String>(name)?.clone())))
            .collect();
        Ok(Self { config: matches.get_one::<PathBuf>("config").cloned(), given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
