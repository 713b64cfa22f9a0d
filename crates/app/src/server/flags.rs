//! A flag for every option of the configuration.

use crate::server::config::KEYS;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};
use std::path::PathBuf;

const HEADING: &str = "The installation";
/// What the short help shows; `--help` shows all.
const COMMON: [&str; 8] = ["data", "listen", "database", "blobs", "events", "workers", "log", "log-format"];

/// Flags of a command that works on an installation.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Options that were said, by name.
    pub flags: Vec<(&'static str, String)>,
}

/// With a capital letter, unless it begins with an address.
fn sentence(about: &str) -> String {
    let first = about.split(' ').next().unwrap_or_default();
    if first.contains("://") {
        return about.into();
    }
    about.chars().take(1).flat_map(char::to_uppercase).chain(about.chars().skip(1)).collect()
}

impl Args for ServerOptions {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help_heading(HEADING)
            .help("Configuration file, TOML; `proofmark config explain` prints every option");
        KEYS.iter().fold(command.arg(config), |command, key| {
            let mut about = sentence(key.about);
            if !key.default.is_empty() {
                about.push_str(&format!(" [default: {}]", key.default));
            }
            let flag = Arg::new(key.name).long(key.name).value_name("VALUE").help(about).help_heading(HEADING);
            command.arg(flag.hide_short_help(!COMMON.contains(&key.name)))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServerOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let said = |name: &'static str| Some((name, matches.get_one::<String>(name)?.clone()));
        Ok(ServerOptions {
            config: matches.get_one::<PathBuf>("config").cloned(),
            flags: KEYS.iter().filter_map(|key| said(key.name)).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
