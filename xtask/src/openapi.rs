//! `cargo xtask openapi`: writes the API document, and says whether a document breaks what clients of an older one rely on.

mod breaking;

use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The document of the version in work.
const CURRENT: &str = "openapi/v1.json";
/// Documents as they were released, never edited.
const RELEASED: &str = "openapi/released";

/// Writes [`CURRENT`] from the contract.
pub fn write() -> Result<bool> {
    let path = crate::sources::root().join(CURRENT);
    std::fs::write(&path, proofmark_contract::document::text()).with_context(|| CURRENT)?;
    println!("wrote {CURRENT}");
    Ok(true)
}

/// Says whether everything that worked with the `old` document works with the `new` one; without documents, with the one
/// that was released last and the one in work.
pub fn check(documents: Option<(&str, &str)>) -> Result<bool> {
    let root = crate::sources::root();
    let (old, new) = match documents {
        Some((old, new)) => (PathBuf::from(old), PathBuf::from(new)),
        None => match last_released(&root.join(RELEASED))? {
            Some(old) => (old, root.join(CURRENT)),
            None => {
                println!("openapi: no document was released yet, so nothing can be broken");
                return Ok(true);
            }
        },
    };
    let problems = breaking::changes(&read(&old)?, &read(&new)?);
    Ok(crate::verdict("openapi", &problems))
}

fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
}

/// The document with the highest version, by the numbers in its name: `v1-1.2.0.json`.
fn last_released(folder: &Path) -> Result<Option<PathBuf>> {
    let mut found: Vec<(Vec<u64>, PathBuf)> = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(None) };
    for entry in entries {
        let path = entry.context("cannot list the released documents")?.path();
        let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|e| e == "json") {
            found.push((numbers(name), path));
        }
    }
    found.sort();
    Ok(found.pop().map(|(_, path)| path))
}

fn numbers(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("v1-1.10.0") > numbers("v1-1.9.0"));
        let folder = std::env::temp_dir().join(format!("openapi-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["v1-1.9.0.json", "v1-1.10.0.json", "notes.txt"] {
            std::fs::write(folder.join(name), "{}").unwrap();
        }
        let last = last_released(&folder).unwrap().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(last.ends_with("v1-1.10.0.json"));
        assert!(last_released(&folder).unwrap().is_none());
    }
}
