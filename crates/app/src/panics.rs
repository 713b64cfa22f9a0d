//! A panic is our bug: it becomes a diagnostic, a report file to send, and exit status 1.

use crate::failure::Failure;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

thread_local! {
    static WHAT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps message, place and backtrace of a panic for the report instead of printing them.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        let trace = std::backtrace::Backtrace::force_capture();
        WHAT.with(|w| *w.borrow_mut() = Some(format!("{info}\n\n{trace}")));
    }));
}

/// Runs a command; a panic in it becomes a failure.
pub fn caught<T>(command: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(command)).map_err(|_| {
        let what = WHAT.with(|w| w.borrow_mut().take()).unwrap_or_default();
        let first = what.lines().take(2).collect::<Vec<_>>().join(" ");
        let mut failure = Failure::bug(format!("an unexpected condition: {first}"));
        if let Some(path) = write_report(&what) {
            failure = failure.help(format!("please send the report {} with the source file", path.display()));
        }
        failure
    })
}

/// Writes a report to send. It holds the command, versions and what happened; no source text. `None` when it cannot
/// be written anywhere.
pub fn write_report(what: &str) -> Option<PathBuf> {
    let arguments: Vec<String> = std::env::args().collect();
    let text = format!(
        "Proofmark {} on {} {}\ncommand: {}\n\n{what}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        arguments.join(" ")
    );
    let digest = proofmark_base::digest::Digest::of(text.as_bytes()).to_string();
    let name = format!("proofmark-bug-{}.txt", &digest[..12]);
    let here = std::env::current_dir().ok().map(|d| d.join(&name));
    let folders = here.into_iter().chain([std::env::temp_dir().join(&name)]);
    folders.into_iter().find(|path| std::fs::write(path, &text).is_ok())
}
