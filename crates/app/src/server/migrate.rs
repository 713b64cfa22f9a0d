//! `proofmark migrate`: the schema brought up to date without starting a server.

use crate::cli::Migrate;
use crate::console::Console;
use crate::failure::{FAILED, Failure};
use crate::server::{places, settings};
use proofmark_store::migrate::{self, Migration};
use serde_json::json;
use std::fmt::Write;

/// Migrates; with `--check` status 4 where there is something to do.
///
/// # Errors
/// `store.newer-schema`, `store.edited-migration`; what the database met.
pub fn migrate(options: &Migrate, console: &mut Console) -> Result<u8, Failure> {
    let settings = settings(&options.server)?;
    let done: Vec<Migration> = places::run(async {
        let no_file = settings.given("database").is_none() && !places::data(&settings).join("proofmark.db").exists();
        if options.check && no_file {
            return Ok(migrate::known().map(|(m, _)| m).collect());
        }
        let database = places::any_database(&settings).await?;
        let done = match options.check {
            true => migrate::missing(&database).await?,
            false => {
                let done = migrate::run(&database).await?;
                proofmark_flow::prepare(&database).await?;
                done
            }
        };
        database.close().await;
        Ok(done)
    })?;
    let newest = migrate::newest();
    let mut text = String::new();
    for m in &done {
        let what = if options.check { "is missing" } else { "applied" };
        let _ = writeln!(text, "{:04} {} {what}", m.number, m.name);
    }
    if done.is_empty() {
        let _ = writeln!(text, "The schema is up to date: {newest}");
    }
    let list: Vec<_> = done.iter().map(|m| json!({"number": m.number, "name": m.name})).collect();
    let name = if options.check { "missing" } else { "applied" };
    console.result(&text, &json!({"migrate": {"schema": newest, name: list}}));
    Ok(if options.check && !done.is_empty() { FAILED } else { 0 })
}
