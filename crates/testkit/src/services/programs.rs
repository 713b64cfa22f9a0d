//! Where the servers' programs are: in the virtual environment that requirements-test.txt was installed into.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Virtual environments, the first one preferred.
pub(super) struct Programs(Vec<PathBuf>);

impl Programs {
    /// The environment of `$PROOFMARK_PYTHON`, then the repository's `.venv`.
    pub(super) fn here() -> Self {
        let mut folders = Vec::new();
        // `bin/python` of a virtual environment is a link: its name tells the folder, its target does not.
        let python = std::env::var_os("PROOFMARK_PYTHON").map(PathBuf::from);
        folders.extend(python.as_deref().and_then(Path::parent).and_then(Path::parent).map(Path::to_path_buf));
        folders.push(crate::workspace().join(".venv"));
        folders.dedup();
        Programs(folders)
    }

    /// A program by its path below the environment (`bin/...`).
    pub(super) fn script(&self, server: &str, path: &str) -> Result<PathBuf> {
        self.find(server, |folder| Some(folder.join(path)))
    }

    /// A program by its path below the environment's `site-packages`.
    pub(super) fn packaged(&self, server: &str, path: &str) -> Result<PathBuf> {
        self.find(server, |folder| {
            let versions = std::fs::read_dir(folder.join("lib")).ok()?;
            let candidates = versions.flatten().map(|v| v.path().join("site-packages").join(path));
            candidates.filter(|c| c.is_file()).max()
        })
    }

    fn find(&self, server: &str, place: impl Fn(&Path) -> Option<PathBuf>) -> Result<PathBuf> {
        if let Some(found) = self.0.iter().filter_map(|f| place(f)).find(|p| p.is_file()) {
            return std::path::absolute(&found).with_context(|| found.display().to_string());
        }
        let searched = self.0.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(" or ");
        bail!(
            "{server} is not installed in {searched}: `make venv-test` installs it into .venv, \
             `python -m pip install --requirement requirements-test.txt` into another environment"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_an_error_with_the_command_that_installs_it() {
        let empty = tempfile::tempdir().unwrap();
        let programs = Programs(vec![empty.path().to_path_buf()]);
        for refused in [programs.script("NATS", "bin/nats-server"), programs.packaged("PostgreSQL", "bin/postgres")] {
            let text = refused.unwrap_err().to_string();
            assert!(text.contains("make venv-test") && text.contains(&empty.path().display().to_string()), "{text}");
        }
    }

    #[test]
    fn the_first_environment_that_has_the_program_gives_it() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let programs = Programs(vec![first.path().to_path_buf(), second.path().to_path_buf()]);
        let make = |path: PathBuf| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            path
        };
        let late = make(second.path().join("lib/python3.11/site-packages/pg/postgres"));
        assert_eq!(programs.packaged("PostgreSQL", "pg/postgres").unwrap(), late);
        let early = make(first.path().join("lib/python3.12/site-packages/pg/postgres"));
        assert_eq!(programs.packaged("PostgreSQL", "pg/postgres").unwrap(), early);
    }
}
