//! Writing the output folder: all of it or nothing, and nothing left behind by runs that were killed.

use crate::failure::Failure;
use proofmark_evidence::FileSet;
use std::path::{Path, PathBuf};

/// Marks folders that belong to a run: `<mark><pid>-<random>`.
const MARK: &str = ".proofmark-run-";

/// A folder for builds, removed when dropped.
///
/// # Errors
/// PM0213 when the temporary folder cannot be written.
pub fn scratch() -> Result<tempfile::TempDir, Failure> {
    folder_in(&std::env::temp_dir())
}

fn folder_in(parent: &Path) -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new()
        .prefix(&format!("{MARK}{}-", std::process::id()))
        .tempdir_in(parent)
        .map_err(|e| Failure::usage("PM0213", format!("cannot write in {}: {e}", parent.display())))
}

/// Removes folders of runs whose process is gone.
pub fn clean_up_after_dead_runs(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|n| n.strip_prefix(MARK)).and_then(|n| n.split('-').next());
        let dead = pid.and_then(|p| p.parse::<u32>().ok()).is_some_and(|p| !Path::new(&format!("/proc/{p}")).exists());
        if dead && Path::new("/proc/self").exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Says early what would stop the output from being written in the end.
///
/// # Errors
/// PM0212 when it exists and may not be replaced, PM0213 when its folder cannot be written.
pub fn check(out: &Path, force: bool) -> Result<(), Failure> {
    if out.symlink_metadata().is_ok() {
        if !force {
            let help = "choose another folder, or replace it with `--force`";
            return Err(Failure::usage("PM0212", format!("{} exists already", out.display())).help(help));
        }
        let bundle = out.join(proofmark_evidence::bundle::CHECKS).is_file();
        let empty = std::fs::read_dir(out).is_ok_and(|mut d| d.next().is_none());
        if !bundle && !empty {
            let help = "`--force` replaces a bundle only; remove the folder yourself if it is not needed";
            let message = format!("{} exists and is not a Proofmark bundle", out.display());
            return Err(Failure::usage("PM0212", message).help(help));
        }
    }
    let parent = parent(out);
    if !parent.is_dir() {
        return Err(Failure::usage("PM0213", format!("there is no folder {}", parent.display())));
    }
    clean_up_after_dead_runs(&parent);
    drop(folder_in(&parent)?);
    Ok(())
}

fn parent(out: &Path) -> PathBuf {
    match out.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Writes the files beside the output folder and moves them there in one step.
///
/// # Errors
/// PM0212, PM0213.
pub fn write(out: &Path, files: &FileSet, force: bool) -> Result<(), Failure> {
    check(out, force)?;
    let failed = |e: std::io::Error| Failure::usage("PM0213", format!("{} cannot be written: {e}", out.display()));
    let folder = folder_in(&parent(out))?;
    let new = folder.path().join("new");
    for (path, bytes) in files {
        let path = new.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        std::fs::write(path, bytes).map_err(failed)?;
    }
    if out.symlink_metadata().is_ok() {
        std::fs::rename(out, folder.path().join("old")).map_err(failed)?;
    }
    std::fs::rename(&new, out).map_err(failed)
}

/// Writes one file in one step.
///
/// # Errors
/// PM0212, PM0213.
pub fn write_file(path: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() && !force {
        let help = "choose another file, or replace it with `--force`";
        return Err(Failure::usage("PM0212", format!("{} exists already", path.display())).help(help));
    }
    let failed = |e: std::io::Error| Failure::usage("PM0213", format!("{} cannot be written: {e}", path.display()));
    let mut file = tempfile::NamedTempFile::new_in(parent(path)).map_err(failed)?;
    std::io::Write::write_all(&mut file, bytes).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error)).map(|_| ())
}

/// All files below a folder.
///
/// # Errors
/// PM0222.
pub fn read(folder: &Path) -> Result<FileSet, Failure> {
    let failed = |e: std::io::Error| Failure::usage("PM0222", format!("{} cannot be read: {e}", folder.display()));
    let mut files = FileSet::new();
    let mut open = vec![(folder.to_path_buf(), String::new())];
    while let Some((path, name)) = open.pop() {
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let part = entry.file_name().to_string_lossy().into_owned();
            let name = if name.is_empty() { part } else { format!("{name}/{part}") };
            // A link is not followed: what it points to is not part of the bundle.
            if entry.file_type().map_err(failed)?.is_dir() {
                open.push((entry.path(), name));
            } else {
                files.insert(name, std::fs::read(entry.path()).map_err(failed)?);
            }
        }
    }
    Ok(files)
}
