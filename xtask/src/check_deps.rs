//! `cargo xtask check-deps`: the layering of ARCHITECTURE.md, as a table that fails the build.

use crate::sources::{self, Source};
use anyhow::{Context, Result};
use toml::Table;

/// A crate and what it may depend on within the workspace; dependencies point one way, upwards in this table.
/// A crate that is not listed is an error: say here what it may see before its first line is written.
const EDGES: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("evidence", &["base"]),
    ("silicon", &["base", "evidence"]),
    ("kernel", &["base", "evidence"]),
    ("store", &["base", "evidence", "kernel"]),
    ("flow", &["base", "kernel", "store"]),
    ("bus", &["base", "kernel", "store"]),
    ("platform-service", &["base", "evidence", "kernel", "store", "flow", "bus"]),
    (
        "silicon-service",
        &["base", "evidence", "flow", "kernel", "platform-service", "silicon", "silicon-verify", "store"],
    ),
    ("contract", &["base", "evidence", "kernel"]),
    ("http", &["base", "bus", "contract", "evidence", "kernel", "platform-service", "store"]),
    ("silicon-verify", &["base", "evidence", "silicon"]),
    (
        "app",
        &[
            "base",
            "bus",
            "evidence",
            "flow",
            "http",
            "kernel",
            "platform-service",
            "silicon",
            "silicon-service",
            "silicon-verify",
            "store",
        ],
    ),
    ("testkit", &["base", "evidence", "silicon", "silicon-verify"]),
    ("xtask", &["contract", "testkit"]),
];

/// Crates whose tests may use the test kit. The kit itself sees the product only.
const USES_TESTKIT: &[&str] = &["app", "bus", "flow", "http", "platform-service", "silicon-verify", "store"];

/// Libraries that belong to one part: nobody else may name them.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("annotate-snippets", &["base"]),
    ("clap", &["app"]),
    ("ed25519-dalek", &["evidence"]),
    ("indicatif", &["app"]),
    ("npyz", &["silicon-verify"]),
    ("ruff_python_ast", &["silicon"]),
    ("ruff_python_parser", &["silicon"]),
    ("ruff_source_file", &["silicon"]),
    ("ruff_text_size", &["silicon"]),
    ("rustix", &["silicon-verify", "app", "xtask"]),
    ("signal-hook", &["xtask"]),
    ("anyhow", &["app", "testkit", "xtask"]),
    ("getrandom", &["store"]),
    ("sqlx", &["store", "flow", "testkit"]),
    ("rusqlite", &["store"]),
    ("durare", &["flow"]),
    ("async-nats", &["bus"]),
    ("axum", &["http"]),
    ("cedar-policy", &["platform-service"]),
    ("argon2", &["platform-service"]),
    ("chacha20poly1305", &["platform-service"]),
    ("sha1", &["platform-service"]),
    ("openidconnect", &["platform-service"]),
    ("object_store", &["store"]),
    ("hyper-util", &["http"]),
    ("utoipa", &["contract"]),
];

/// What touches the world, and the crates whose product code may.
const FENCED: &[(&str, &[&str], &[&str])] = &[
    ("starts a process", &["process::Command", "std::process::{", "std::process::Child"], &["silicon-verify", "app"]),
    ("reads or writes files", &["std::fs"], &["silicon-verify", "app"]),
    ("reads the environment", &["env::var", "env::args", "env::current_dir"], &["silicon-verify", "app"]),
    ("uses the network", &["std::net"], &["http", "app"]),
    ("reads the clock", &["SystemTime::now", "Instant::now"], &["silicon-verify", "store", "flow", "http", "app"]),
];

/// Says whether all crates keep to the tables.
pub fn run() -> Result<bool> {
    let texts = sources::texts()?;
    let mut problems = Vec::new();
    for source in &texts {
        if source.path.ends_with("/Cargo.toml") {
            let manifest: Table = source.text.parse().with_context(|| source.path.clone())?;
            problems.extend(edges(&source.path, &manifest));
        }
        problems.extend(fences(source));
    }
    Ok(crate::verdict("check-deps", &problems))
}

/// `(section, names)` of every dependency table of a manifest, those of single platforms included.
fn dependencies(manifest: &Table) -> Vec<(&'static str, Vec<&str>)> {
    let mut tables = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(|t| t.as_table()) {
        tables.extend(targets.values().filter_map(|t| t.as_table()));
    }
    let mut found = Vec::new();
    for table in tables {
        for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
            if let Some(names) = table.get(section).and_then(|t| t.as_table()) {
                found.push((section, names.keys().map(String::as_str).collect()));
            }
        }
    }
    found
}

fn edges(path: &str, manifest: &Table) -> Vec<String> {
    let folder = path.trim_end_matches("/Cargo.toml");
    let this = folder.strip_prefix("crates/").unwrap_or(folder);
    let mut problems = Vec::new();
    let allowed = EDGES.iter().find(|(name, _)| *name == this).map(|(_, to)| *to);
    if folder.starts_with("crates/") {
        if allowed.is_none() {
            problems.push(format!("{path}: the crate `{this}` is not in the table of xtask/src/check_deps.rs"));
        }
        let name = manifest.get("package").and_then(|p| p.get("name")).and_then(|n| n.as_str()).unwrap_or_default();
        if name != format!("proofmark-{this}") {
            problems.push(format!("{path}: the package is named `{name}`, not `proofmark-{this}`"));
        }
    }
    for (section, names) in dependencies(manifest) {
        for name in names {
            if let Some(to) = name.strip_prefix("proofmark-") {
                let by_tests = section == "dev-dependencies" && to == "testkit" && USES_TESTKIT.contains(&this);
                if !by_tests && !allowed.unwrap_or_default().contains(&to) {
                    problems.push(format!("{path}: `{this}` must not depend on `{to}`"));
                }
            }
            let owners = LIBRARIES.iter().find(|(library, _)| *library == name).map(|(_, owners)| *owners);
            if owners.is_some_and(|o| !o.contains(&this)) && section != "dev-dependencies" {
                problems.push(format!("{path}: `{name}` belongs to {}", owners.unwrap_or_default().join(", ")));
            }
        }
    }
    problems
}

/// The line with the contents of string literals left out: text the program prints is not what it does.
fn without_strings(line: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::new(), false, false);
    for c in line.chars() {
        match c {
            '\\' if inside && !escaped => escaped = true,
            '"' if !escaped => inside = !inside,
            c if !inside => out.push(c),
            _ => escaped = false,
        }
    }
    out
}

fn fences(source: &Source) -> Vec<String> {
    let (Some(code), Some(this)) = (source.product_code(), source.crate_name()) else { return Vec::new() };
    let mut problems = Vec::new();
    for (line, text) in code.lines().enumerate() {
        if text.trim_start().starts_with("//") {
            continue;
        }
        let text = without_strings(text);
        for (what, patterns, allowed) in FENCED {
            if !allowed.contains(&this) && patterns.iter().any(|p| text.contains(p)) {
                problems.push(format!("{}:{}: `{this}` {what}", source.path, line + 1));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, manifest: &str) -> Vec<String> {
        edges(path, &manifest.parse().unwrap())
    }

    #[test]
    fn an_edge_against_the_layering_is_reported() {
        let package = "[package]\nname = \"proofmark-silicon\"\n";
        let path = "crates/silicon/Cargo.toml";
        assert!(found(path, &format!("{package}[dependencies]\nproofmark-base = \"1\"\n")).is_empty());
        assert_eq!(found(path, &format!("{package}[dependencies]\nproofmark-app = \"1\"\n")).len(), 1);
        assert_eq!(
            found(path, &format!("{package}[target.'cfg(unix)'.dependencies]\nproofmark-app = \"1\"\n")).len(),
            1
        );
        assert_eq!(found(path, &format!("{package}[dependencies]\nclap = \"4\"\n")).len(), 1);
        assert_eq!(found("crates/unheard/Cargo.toml", "[package]\nname = \"proofmark-unheard\"\n").len(), 1);
        assert_eq!(found("crates/base/Cargo.toml", "[package]\nname = \"base\"\n").len(), 1);
    }

    #[test]
    fn a_process_started_by_the_translator_is_reported() {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let text = "use std::process::Command;\n";
        assert_eq!(fences(&source("crates/silicon/src/x.rs", text)).len(), 1);
        assert!(fences(&source("crates/silicon-verify/src/x.rs", text)).is_empty());
        assert!(fences(&source("crates/silicon/src/x.rs", "// std::process::Command\n")).is_empty());
        assert!(fences(&source("crates/silicon/src/x/tests.rs", text)).is_empty());
        assert!(fences(&source("crates/silicon/src/x.rs", "s.push_str(\"\\\"std::process::Command\");\n")).is_empty());
    }
}
