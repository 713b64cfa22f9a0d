//! `cargo xtask bless`: runs the tests with `BLESS=1`, which makes file tests rewrite their expectations.

use anyhow::{Context, Result};
use std::process::Command;

/// Says whether the tests passed. `args` go to `cargo test`; without any, all crates are tested.
pub fn run(args: &[String]) -> Result<bool> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::sources::root()).env("BLESS", "1").arg("test");
    if args.is_empty() {
        command.arg("--workspace");
    }
    let status = command.args(args).status().context("cannot start cargo")?;
    println!("Look at `git diff` before you commit: what was blessed is what will be held to be right.");
    Ok(status.success())
}
