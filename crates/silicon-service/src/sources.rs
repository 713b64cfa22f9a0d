//! The folder of a translation's sources: from single files or an archive to blobs, and from blobs to a folder. What is in
//! an archive is somebody else's word: names, sizes and counts are held to limits while it is unpacked.

use crate::input::Input;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_kernel::artifact;
use proofmark_kernel::organization::OrganizationId;
use proofmark_store::blobs::Blobs;
use proofmark_store::{Connection, artifacts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// The files of a project's folder: path and digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources(pub BTreeMap<String, Digest>);

/// Most files of an archive.
const FILES: usize = 10_000;
/// Largest archive, bytes.
pub const ARCHIVE_BYTES: usize = 256 << 20;
/// Most bytes of all files of an archive, unpacked.
const UNPACKED_BYTES: u64 = 1 << 30;
/// Largest single file, bytes.
const FILE_BYTES: usize = 256 << 20;

fn archive(detail: impl Into<String>) -> Error {
    Error::invalid("silicon.archive", detail)
        .help("send a ZIP archive of plain files with relative names, at most 10000 of them, 1 GiB when unpacked")
}

/// Unpacks an archive in memory, file by file, into `take`. Nothing is written to disk here.
///
/// # Errors
/// `silicon.archive`: no ZIP archive, a name that is no plain relative path, a link or another special file, encryption,
/// more files or bytes than the limits, two names that differ in case only; what `take` met.
pub fn unpack(bytes: &[u8], mut take: impl FnMut(&str, Vec<u8>) -> Result<()>) -> Result<()> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes))
        .map_err(|e| archive(format!("this is no ZIP archive that can be read: {e}")))?;
    if zip.len() > FILES {
        return Err(archive(format!("the archive has {} entries", zip.len())));
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut left = UNPACKED_BYTES;
    for i in 0..zip.len() {
        let mut file = zip.by_index(i).map_err(|e| archive(format!("entry {} cannot be read: {e}", i + 1)))?;
        let name = std::str::from_utf8(file.name_raw())
            .map_err(|_| archive(format!("the name of entry {} is no UTF-8", i + 1)))?
            .to_string();
        let shown = proofmark_base::id::shown(&name);
        // the file type of a Unix mode: anything but a plain file or a folder
        let special = file.unix_mode().is_some_and(|m| !matches!(m & 0o170_000, 0 | 0o100_000 | 0o040_000));
        if special || file.is_symlink() {
            return Err(archive(format!("`{shown}` is a link or another special file")));
        }
        if file.is_dir() {
            continue;
        }
        let path = artifact::path(&name).map_err(|e| {
            archive(format!("`{shown}` cannot be unpacked: {}", e.places.first().map_or("", |p| p.message.as_str())))
        })?;
        if !seen.insert(path.to_lowercase()) {
            return Err(archive(format!("two files are named `{shown}`, or names differ in case only")));
        }
        // what comes out counts, not what the entry says of itself
        let most = (FILE_BYTES as u64).min(left);
        let mut content = Vec::new();
        (&mut file)
            .take(most + 1)
            .read_to_end(&mut content)
            .map_err(|e| archive(format!("`{shown}` cannot be unpacked: {e}")))?;
        if content.len() as u64 > most {
            return Err(archive(format!("`{shown}` makes the archive larger than it may be")));
        }
        left -= content.len() as u64;
        take(&path, content)?;
    }
    Ok(())
}

/// The sources of an accepted input, every file in the blob store.
///
/// # Errors
/// `silicon.archive`; `silicon.input` where the archive lacks a file that the input names.
pub async fn collect(
    on: &mut dyn Connection,
    blobs: &Blobs,
    organization: OrganizationId,
    input: &Input,
) -> Result<Sources> {
    let gone = || Error::new(Kind::NotFound, "artifact.not-found", "an artifact that the input names is gone");
    let mut sources = Sources::default();
    if let Some(id) = input.archive {
        let found = artifacts::get(on, organization, id).await?.ok_or_else(gone)?;
        if u64::try_from(found.size).is_ok_and(|s| s > ARCHIVE_BYTES as u64) {
            return Err(archive(format!("the archive has {} bytes, more than 256 MiB", found.size)));
        }
        let bytes = blobs.bytes(found.digest, ARCHIVE_BYTES).await?;
        let unpacked = tokio::task::spawn_blocking(move || {
            let mut files = Vec::new();
            unpack(&bytes, |path, content| {
                files.push((path.to_string(), content));
                Ok(())
            })
            .map(|()| files)
        })
        .await
        .map_err(|e| Error::bug("unpacking an archive broke off").because(e))??;
        for (path, content) in unpacked {
            sources.0.insert(path, blobs.put(content).await?);
        }
    } else {
        for source in &input.sources {
            let found = artifacts::get(on, organization, source.artifact).await?.ok_or_else(gone)?;
            sources.0.insert(source.path.clone(), found.digest);
        }
    }
    for (at, path) in [("/input/file", Some(&input.file)), ("/input/bench", input.bench.as_ref())] {
        if let Some(path) = path.filter(|p| !sources.0.contains_key(*p)) {
            return Err(Error::invalid("silicon.input", format!("the archive has no file `{path}`"))
                .at(at, "no file of this path"));
        }
    }
    Ok(sources)
}

impl Sources {
    /// Lays the files out in an empty folder.
    ///
    /// # Errors
    /// `blob.corrupt` and the like; what the file system met.
    pub async fn lay_out(&self, blobs: &Blobs, folder: &Path) -> Result<()> {
        let io = |e: std::io::Error| Error::unavailable("silicon.scratch", "the sources cannot be written").because(e);
        for (path, digest) in &self.0 {
            // checked when it came, and again here: what leaves the folder is never written
            let path = folder.join(artifact::path(path)?);
            if let Some(parent) = path.parent() {
                tokio::fs::create_dir_all(parent).await.map_err(io)?;
            }
            let bytes = blobs.bytes(*digest, FILE_BYTES).await?;
            tokio::fs::write(&path, bytes).await.map_err(io)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn unpacked(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        unpack(bytes, |path, content| {
            files.push((path.to_string(), content));
            Ok(())
        })
        .map(|()| files)
    }

    #[test]
    fn plain_files_come_out_as_they_went_in() {
        let files = unpacked(&packed(&[("a.py", b"x = 1"), ("lib/b.py", b"")])).unwrap();
        assert_eq!(files, [("a.py".to_string(), b"x = 1".to_vec()), ("lib/b.py".to_string(), vec![])]);
    }

    #[test]
    fn what_would_leave_the_folder_or_overwrite_is_refused() {
        for name in ["../a.py", "/etc/passwd", "a/../../b", "a\\..\\b", "C:\\a", "a\0b"] {
            let error = unpacked(&packed(&[(name, b"x")])).unwrap_err();
            assert_eq!(error.code, "silicon.archive", "{name}");
        }
        assert!(unpacked(&packed(&[("a.py", b"1"), ("A.PY", b"2")])).is_err());
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let bytes = zip.finish().unwrap().into_inner();
        assert!(unpacked(&bytes).unwrap_err().detail.contains("link"));
    }

    #[test]
    fn a_bomb_is_refused_before_it_fills_the_memory() {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let zeros = vec![0_u8; 1 << 20];
        zip.start_file("zeros", SimpleFileOptions::default().large_file(true)).unwrap();
        for _ in 0..(FILE_BYTES >> 20) + 1 {
            zip.write_all(&zeros).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        assert!(bytes.len() < 1 << 20, "{} bytes packed", bytes.len());
        assert!(unpacked(&bytes).unwrap_err().detail.contains("larger"));
    }

    proptest! {
        #[test]
        fn damaged_archives_are_refused_or_read_but_never_panic(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
            let mut bytes = packed(&[("a.py", b"print(1)"), ("b/c.txt", b"some text that is packed, packed, packed")]);
            let i = at.index(bytes.len());
            bytes[i] = byte;
            let _ = unpacked(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            let _ = unpacked(&bytes);
        }
    }
}
