//! The project's folder as a ZIP archive: plain files in the order of their names, without what is no source.

use proofmark_base::error::{Error, Result};
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Most bytes that are sent, before packing.
const MOST: u64 = 200 << 20;
/// Most files.
const FILES: usize = 10_000;

/// Packs `folder` without `out`, hidden files, caches and links. Equal folders give equal bytes.
///
/// # Errors
/// `server.sources`: too much, a name that cannot be sent, a file that cannot be read.
pub fn archive(folder: &Path, out: &Path) -> Result<Vec<u8>> {
    let wrong = |why: String| {
        Error::invalid("server.sources", format!("the folder {} cannot be sent: {why}", folder.display()))
            .help("`root` in proofmark.toml says which folder the project is")
    };
    let out = std::path::absolute(out).map_err(|e| wrong(e.to_string()))?;
    let mut files = Vec::new();
    let mut left = vec![folder.to_path_buf()];
    let mut bytes = 0_u64;
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(&next).map_err(|e| wrong(e.to_string()))? {
            let entry = entry.map_err(|e| wrong(e.to_string()))?;
            let name = entry.file_name();
            let hidden = name.to_str().is_none_or(|n| n.starts_with('.') || n == "__pycache__" || n == "node_modules");
            let kind = entry.file_type().map_err(|e| wrong(e.to_string()))?;
            // links are not followed: what they lead to is no part of the project
            if hidden || entry.path() == out || kind.is_symlink() {
                continue;
            }
            if kind.is_dir() {
                left.push(entry.path());
            } else if kind.is_file() {
                bytes += entry.metadata().map_err(|e| wrong(e.to_string()))?.len();
                files.push(entry.path());
            }
            if bytes > MOST || files.len() > FILES {
                return Err(wrong("it holds more than 200 MiB or 10000 files".into()));
            }
        }
    }
    files.sort();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // the earliest time that the format knows: archives of equal folders are equal
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for file in files {
        let name = file.strip_prefix(folder).ok().and_then(Path::to_str);
        let name = name.ok_or_else(|| wrong(format!("the name of {} is no text", file.display())))?;
        let content = std::fs::read(&file).map_err(|e| wrong(format!("{}: {e}", file.display())))?;
        zip.start_file(name, options).map_err(|e| wrong(e.to_string()))?;
        zip.write_all(&content).map_err(|e| wrong(e.to_string()))?;
    }
    Ok(zip.finish().map_err(|e| wrong(e.to_string()))?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_sent_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["a.py", "lib/b.py", ".git/config", "__pycache__/a.pyc", "out/c.c"] {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", root.join("link.py")).unwrap();
        let bytes = archive(root, &root.join("out")).unwrap();
        assert_eq!(archive(root, &root.join("out")).unwrap(), bytes);
        let zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut names: Vec<String> = zip.file_names().map(|n| n.unwrap().to_string()).collect();
        names.sort();
        assert_eq!(names, ["a.py", "lib/b.py"]);
    }
}
