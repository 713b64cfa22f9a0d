//! What is written where: diagnostics as text, JSON lines or SARIF; results; progress on a terminal.

use crate::cli::MessageFormat;
use crate::failure::Failure;
use indicatif::{ProgressBar, ProgressStyle};
use proofmark_base::diagnostics::{Diagnostic, SourceMap};
use proofmark_base::render::{render_json, render_sarif, render_text};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Standard output and error of one command.
pub struct Console {
    format: MessageFormat,
    bar: Option<ProgressBar>,
    /// SARIF is one document, written at the end.
    kept: Vec<Diagnostic>,
    sources: SourceMap,
}

impl Console {
    /// A console for a format.
    pub fn new(format: MessageFormat) -> Console {
        Console { format, bar: None, kept: Vec::new(), sources: SourceMap::default() }
    }

    /// Says what is being done; shown on a terminal only.
    pub fn progress(&mut self, what: &str) {
        if self.format != MessageFormat::Text || !std::io::stderr().is_terminal() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        bar.set_message(what.to_string());
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Writes diagnostics.
    pub fn report(&mut self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        if diagnostics.is_empty() {
            return;
        }
        self.clear();
        match self.format {
            MessageFormat::Text => {
                let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
                let _ = write!(std::io::stderr(), "{}", render_text(diagnostics, sources, color));
            }
            MessageFormat::Json => {
                let _ = write!(std::io::stdout(), "{}", render_json(diagnostics, sources));
            }
            MessageFormat::Sarif => {
                // one map for all: spans are moved to the ids the files have here
                for d in diagnostics {
                    let mut d = d.clone();
                    let mut moved = |span: &mut proofmark_base::diagnostics::Span| {
                        if let Some(file) = sources.files().get(span.file.0 as usize) {
                            span.file = self.sources.add(&file.name, &file.text);
                        }
                    };
                    d.labels.iter_mut().for_each(|l| moved(&mut l.span));
                    d.suggestion.iter_mut().for_each(|s| moved(&mut s.span));
                    self.kept.push(d);
                }
            }
        }
    }

    /// Reports a failure and gives its exit status.
    pub fn fail(&mut self, failure: &Failure) -> u8 {
        self.report(&failure.diagnostics, &failure.sources);
        failure.status
    }

    /// Writes a result: text for people, or a value as one JSON line. SARIF has no place for it.
    pub fn result(&mut self, text: &str, value: &serde_json::Value) {
        self.clear();
        let mut out = std::io::stdout();
        let _ = match self.format {
            MessageFormat::Text => write!(out, "{text}"),
            MessageFormat::Json => writeln!(out, "{value}"),
            MessageFormat::Sarif => Ok(()),
        };
    }

    /// Ends the command's output.
    pub fn finish(&mut self) {
        self.clear();
        if self.format == MessageFormat::Sarif {
            let _ = writeln!(std::io::stdout(), "{}", render_sarif(&self.kept, &self.sources).trim_end());
        }
    }
}
