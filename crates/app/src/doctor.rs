//! `proofmark doctor`: what is there, what is not, and what that means.

use crate::cli::Doctor;
use crate::console::Console;
use crate::failure::Failure;
use proofmark_silicon_verify::python::Search;
use proofmark_silicon_verify::tool;
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// Without these no translation gets past `built`.
const NEEDED: [&str; 3] = ["python", "gcc", "bwrap"];

/// Lists the tools. Status 0 when everything a translation needs is there, 2 otherwise.
pub fn doctor(options: &Doctor, console: &mut Console) -> Result<u8, Failure> {
    let search = Search::from_environment(options.python.clone(), Path::new("."));
    let all = tool::doctor(&search);
    let mut text = String::new();
    for t in &all {
        let found = match &t.found {
            Some((path, version)) => format!("{version}  {}", path.display()),
            None => "not found".to_string(),
        };
        let mark = if t.found.is_some() { "ok" } else { "--" };
        let _ = writeln!(text, "{mark}  {:22} {found}", t.name);
        if t.found.is_none() {
            let _ = writeln!(text, "    {:22} needed for {}; {}", "", t.needed_for, t.install_hint);
        }
    }
    let missing: Vec<&str> =
        all.iter().filter(|t| t.found.is_none() && NEEDED.contains(&t.name)).map(|t| t.name).collect();
    let _ = match missing.is_empty() {
        true => writeln!(text, "\nReady: everything a translation needs is there."),
        false => writeln!(text, "\nNot ready: {} missing.", missing.join(", ")),
    };
    let tools: Vec<_> = all
        .iter()
        .map(|t| {
            json!({"name": t.name, "purpose": t.purpose, "needed_for": t.needed_for, "install": t.install_hint,
                   "path": t.found.as_ref().map(|f| f.0.display().to_string()), "version": t.found.as_ref().map(|f| f.1.clone())})
        })
        .collect();
    console.result(&text, &json!({"doctor": {"tools": tools, "missing": missing}}));
    Ok(if missing.is_empty() { 0 } else { crate::failure::USAGE })
}
