//! The files of the repository, as git sees them.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file of the repository.
pub struct Source {
    /// Path from the root, `/` between its parts.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Rust code of a crate that is not test code: what stands before the `mod tests` of a file of `src`.
    /// `None` for a file that is all tests.
    pub fn product_code(&self) -> Option<&str> {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let in_src = self.path.starts_with("crates/") && self.path.contains("/src/");
        let is_test = name == "tests.rs" || name.ends_with("_tests.rs") || self.path.contains("/tests/");
        if !in_src || is_test || !name.ends_with(".rs") || self.path.starts_with("crates/testkit/") {
            return None;
        }
        let end = self.text.match_indices("#[cfg(test)]").find(|(at, attribute)| {
            self.text.get(at + attribute.len()..).is_some_and(|rest| {
                let rest = rest.trim_start();
                rest.starts_with("mod ") && !rest.lines().next().unwrap_or_default().trim_end().ends_with(';')
            })
        });
        self.text.get(..end.map_or(self.text.len(), |(at, _)| at))
    }

    /// Folder name of the crate the file belongs to.
    pub fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Paths of all files that are tracked, or new and not ignored.
pub fn paths() -> Result<Vec<String>> {
    let listed = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("cannot start git")?;
    ensure!(listed.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&listed.stderr).trim());
    let text = String::from_utf8(listed.stdout).context("a path that is not UTF-8")?;
    let mut paths: Vec<String> = text.split('\0').filter(|p| !p.is_empty()).map(str::to_string).collect();
    paths.sort();
    paths.dedup();
    paths.retain(|p| root().join(p).is_file());
    Ok(paths)
}

/// All text files of the repository; files that are not UTF-8 are left out.
pub fn texts() -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for path in paths()? {
        let bytes = std::fs::read(root().join(&path)).with_context(|| path.clone())?;
        if let Ok(text) = String::from_utf8(bytes) {
            found.push(Source { path, text });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::Source;

    fn code(path: &str, text: &str) -> Option<String> {
        Source { path: path.into(), text: text.into() }.product_code().map(str::to_string)
    }

    #[test]
    fn tests_are_not_product_code() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(code("crates/x/src/a.rs", text).as_deref(), Some("fn a() {}\n"));
        let declared = "fn a() {}\n#[cfg(test)]\nmod tests;\nfn b() {}\n";
        assert_eq!(code("crates/x/src/a.rs", declared).as_deref(), Some(declared));
        for path in
            ["crates/x/tests/it/main.rs", "crates/x/src/a/tests.rs", "crates/x/src/a/tests/b.rs", "xtask/src/a.rs"]
        {
            assert_eq!(code(path, text), None);
        }
    }
}
