//! `proofmark bench`: not there yet.

use crate::cli::Bench;
use crate::console::Console;
use crate::failure::Failure;

/// Runs the command.
pub fn bench(_options: &Bench, _console: &mut Console) -> Result<u8, Failure> {
    Err(Failure::usage("PM0219", "this build of Proofmark cannot time designs"))
}
