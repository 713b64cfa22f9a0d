//! Logs of a server: lines for people or JSON, on standard error.

use crate::server::config::Settings;
use proofmark_base::error::Result;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// Starts logging as the settings say.
///
/// # Errors
/// `config.invalid`.
pub fn start(settings: &Settings) -> Result<()> {
    let filter = EnvFilter::try_new(settings.get("log"))
        .map_err(|e| settings.unusable("log", format!("it is no filter: {e}")))?;
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    match settings.get("log-format") {
        "json" => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).init(),
        "text" => lines.with_target(false).init(),
        _ => return Err(settings.unusable("log-format", "it is `text` or `json`")),
    }
    Ok(())
}
