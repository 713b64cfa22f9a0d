//! `cargo xtask tidy`: the house rules that a machine can hold.

use crate::sources::{self, Source};
use crate::{error_pages, links, supported};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use toml::Table;

/// Lines a source file may have; more than `LONG` of them is worth a thought.
const LIMIT: usize = 1000;
const LONG: usize = 400;

/// Texts that must not stand in the repository, and why.
const FORBIDDEN: &[(&[&str], &str)] = &[
    (&[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")], "a path of somebody's machine"),
    (
        &[
            concat!("index.", "crates.io"),
            concat!("static.", "crates.io"),
            concat!("py", "pi.org"),
            concat!("python", "hosted.org"),
            concat!("registry.", "npmjs"),
            concat!("deb.", "debian.org"),
        ],
        "a registry's host: which mirror is used is the machine's affair",
    ),
    (&[concat!("TO", "DO"), concat!("FIX", "ME")], "an unfinished place: do it, or write it down in docs/roadmap.md"),
    (&[concat!("to", "do!("), concat!("unimple", "mented!(")], "a stub"),
];

/// Files that may hold a forbidden text, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("crates/silicon-verify/tests/it/misbehaviour.rs", "tries to read what the sandbox must hide"),
    ("crates/silicon-service/tests/it/hostile.rs", "tries to read what the sandbox must hide"),
];

/// Says whether all rules are kept.
pub fn run() -> Result<bool> {
    let texts = sources::texts()?;
    let paths: BTreeSet<String> = sources::paths()?.into_iter().collect();
    let mut problems = Vec::new();
    let mut long = Vec::new();
    for source in &texts {
        problems.extend(forbidden(source));
        if source.path.ends_with(".rs") || source.path.ends_with(".py") {
            let lines = source.text.lines().count();
            if lines > LIMIT {
                problems.push(format!("{}: {lines} lines; {LIMIT} are the most: split it by subject", source.path));
            } else if lines > LONG {
                long.push((lines, &source.path));
            }
        }
        if source.path.ends_with(".rs") && !source.text.starts_with("//! ") {
            problems.push(format!("{}: does not open with `//!` and what lives here", source.path));
        }
        if source.path.starts_with("tests/run/") && source.path.ends_with(".py") {
            problems.extend(run_header(source));
        }
    }
    problems.extend(decisions(&texts));
    problems.extend(external_crates(&texts));
    problems.extend(links::broken(&texts, &paths));
    problems.extend(error_pages::check(&texts));
    problems.extend(error_pages::check_server(&texts));
    problems.extend(supported::check(&texts));
    long.sort();
    if let Some((lines, path)) = long.last() {
        println!("tidy: {} files have more than {LONG} lines; the longest is {path} with {lines}", long.len());
    }
    Ok(crate::verdict("tidy", &problems))
}

fn forbidden(source: &Source) -> Vec<String> {
    if source.path == "Cargo.lock" || EXCEPTIONS.iter().any(|(path, _)| *path == source.path) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        for (texts, why) in FORBIDDEN {
            for text in texts.iter().filter(|t| line.contains(**t)) {
                problems.push(format!("{}:{}: `{text}`: {why}", source.path, number + 1));
            }
        }
    }
    problems
}

/// A program of the corpus says what it is about and how its results are compared; tests/check_corpus.py has the details.
fn run_header(source: &Source) -> Vec<String> {
    let mut lines = source.text.lines();
    let first = lines.next().unwrap_or_default();
    let about = first.starts_with("# ") && first.ends_with('.');
    let keys = ["# family: ", "# entry: ", "# compare: "];
    let keyed = keys.iter().all(|key| lines.next().unwrap_or_default().starts_with(key));
    if about && keyed {
        Vec::new()
    } else {
        vec![format!("{}: needs a sentence and `# family:`, `# entry:`, `# compare:`", source.path)]
    }
}

/// Decision records: numbered once, with the three parts that make one.
fn decisions(texts: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for source in texts {
        let Some(name) = source.path.strip_prefix("docs/adr/").and_then(|n| n.strip_suffix(".md")) else { continue };
        let (number, title) = name.split_once('-').unwrap_or((name, ""));
        if number.len() != 4 || !number.bytes().all(|b| b.is_ascii_digit()) || title.is_empty() {
            problems.push(format!("{}: is not named NNNN-title.md", source.path));
            continue;
        }
        if let Some(other) = numbers.insert(number, &source.path) {
            problems.push(format!("{}: has the number of {other}", source.path));
        }
        let begin = format!("# {}. ", number.trim_start_matches('0'));
        if !source.text.starts_with(&begin) {
            problems.push(format!("{}: does not begin with `{begin}`", source.path));
        }
        for part in ["\n## Context\n", "\n## Decision\n", "\n## Consequences\n"] {
            if !source.text.contains(part) {
                problems.push(format!("{}: has no `{}`", source.path, part.trim()));
            }
        }
    }
    problems
}

/// Each library from outside has its reason in docs/adr/0006-dependencies.md, and each reason there its library.
fn external_crates(texts: &[Source]) -> Vec<String> {
    const RECORD: &str = "docs/adr/0006-dependencies.md";
    let mut used: BTreeSet<String> = BTreeSet::new();
    for source in texts.iter().filter(|s| s.path.ends_with("Cargo.toml")) {
        let Ok(manifest) = source.text.parse::<Table>() else { continue };
        let mut tables = vec![&manifest];
        tables.extend(manifest.get("workspace").and_then(|t| t.as_table()));
        for table in tables {
            for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let names = table.get(section).and_then(|t| t.as_table());
                used.extend(names.into_iter().flat_map(|t| t.keys()).filter(|n| !n.starts_with("proofmark-")).cloned());
            }
        }
    }
    let record = texts.iter().find(|s| s.path == RECORD).map_or("", |s| &s.text);
    let reasoned: BTreeSet<String> = record
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(names, _)| names)
        .flat_map(|names| names.split("`, `"))
        .map(String::from)
        .collect();
    let missing = used.difference(&reasoned).map(|n| format!("{RECORD}: gives no reason for `{n}`"));
    let gone = reasoned.difference(&used).map(|n| format!("{RECORD}: gives a reason for `{n}`, which is not used"));
    missing.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    #[test]
    fn forbidden_texts_are_found() {
        let text = format!("a\nsee {}x\n// {}: later\n", concat!("/ho", "me/"), concat!("TO", "DO"));
        assert_eq!(forbidden(&source("a.md", &text)).len(), 2);
        assert!(forbidden(&source("a.md", "a home/ on a shared root/\n")).is_empty());
    }

    #[test]
    fn corpus_headers_are_held_to_their_form() {
        let good = "# Filters.\n# family: fir\n# entry: f\n# compare: exact\n";
        assert!(run_header(&source("tests/run/a.py", good)).is_empty());
        assert_eq!(run_header(&source("tests/run/a.py", "import numpy\n")).len(), 1);
    }

    #[test]
    fn decision_records_have_numbers_and_parts() {
        let text = "# 1. A\n\n## Context\nx\n\n## Decision\nx\n\n## Consequences\nx\n";
        assert!(decisions(&[source("docs/adr/0001-a.md", text)]).is_empty());
        assert_eq!(decisions(&[source("docs/adr/0001-a.md", text), source("docs/adr/0001-b.md", text)]).len(), 1);
        assert_eq!(decisions(&[source("docs/adr/0002-a.md", "# 2. A\n")]).len(), 3);
        assert_eq!(decisions(&[source("docs/adr/a.md", text)]).len(), 1);
    }

    #[test]
    fn libraries_and_reasons_belong_together() {
        let manifest = source("Cargo.toml", "[workspace.dependencies]\nserde = \"1\"\nproofmark-base = \"1\"\n");
        let record = |text: &str| source("docs/adr/0006-dependencies.md", text);
        assert!(external_crates(&[manifest, record("| `serde` | values |\n")]).is_empty());
        let manifest = source("Cargo.toml", "[dependencies]\nserde = \"1\"\n");
        assert_eq!(external_crates(&[manifest, record("| `toml` | files |\n")]).len(), 2);
    }
}
