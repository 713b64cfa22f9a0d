//! The server and the worker: configuration, keys, and the wiring of all adapters.

pub mod admin;
mod assembly;
pub mod audit;
pub mod backup;
pub mod config;
pub mod flags;
mod identity;
mod keys;
mod logging;
pub mod migrate;
mod places;
pub mod restore;
pub mod serve;

use crate::cli::ServerOptions;
use crate::console::Console;
use crate::failure::{BUG, Failure, USAGE};
use config::{KEYS, Settings};
use proofmark_base::diagnostics::Diagnostic;
use proofmark_base::error::{Error, Kind};
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;

/// Reads file, environment and flags.
///
/// # Errors
/// As [`Settings::read`]; `config.file` for a file that cannot be read.
pub fn settings(options: &ServerOptions) -> Result<Settings, Failure> {
    let path = options.config.clone().or_else(|| std::env::var_os("PROOFMARK_CONFIG").map(PathBuf::from));
    let text = match &path {
        None => None,
        Some(path) => Some(std::fs::read_to_string(path).map_err(|e| {
            Error::invalid("config.file", format!("the configuration {} cannot be read: {e}", path.display()))
        })?),
    };
    let file = path.as_deref().zip(text.as_deref());
    for (name, value) in &options.flags {
        // scheme://user:password@host/...
        let authority = value.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
        let password = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
        let secret = password || name.ends_with("-secret");
        if secret && KEYS.iter().any(|k| k.name == *name && k.secret) {
            return Err(Error::invalid(
                "config.secret",
                format!("`--{name}` holds a secret, which everybody on this machine can read"),
            )
            .help(format!("say it in the file or as PROOFMARK_{}", name.to_uppercase().replace('-', "_")))
            .into());
        }
    }
    Ok(Settings::read(file, std::env::vars(), &options.flags)?)
}

/// `proofmark config explain`.
///
/// # Errors
/// As [`settings`].
pub fn explain(options: &ServerOptions, console: &mut Console) -> Result<u8, Failure> {
    let all = settings(options)?.explain();
    let widest = all.iter().map(|(_, value, _)| value.chars().count()).max().unwrap_or(0).min(40);
    let mut text = String::new();
    for (key, value, origin) in &all {
        let _ = writeln!(text, "{:24} {value:widest$}  {origin}\n{:24} {}", key.name, "", key.about);
    }
    let value: Vec<_> =
        all.iter().map(|(k, value, origin)| json!({"name": k.name, "value": value, "origin": origin})).collect();
    console.result(&text, &json!({"config": value}));
    Ok(0)
}

impl From<Error> for Failure {
    fn from(e: Error) -> Failure {
        let mut diagnostic = Diagnostic::error(&e.code, e.detail.clone());
        diagnostic.notes = e.places.iter().map(|p| format!("{}: {}", p.at, p.message)).collect();
        let mut beneath = std::error::Error::source(&e);
        while let Some(cause) = beneath {
            diagnostic.notes.push(cause.to_string());
            beneath = cause.source();
        }
        if let Some(help) = &e.help {
            diagnostic = diagnostic.help(help.clone());
        }
        Failure::new(if e.kind == Kind::Bug { BUG } else { USAGE }, diagnostic)
    }
}
