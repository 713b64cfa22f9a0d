//! What processes that died in the middle of writing left behind.

use super::{Blobs, error, modified};
use futures_util::stream::StreamExt;
use object_store::path::Path;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::artifact::UploadId;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Things that nobody would have finished.
    pub removed: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Blobs {
    /// Removes what was begun before that moment and never finished: give one long enough ago that nobody is still at
    /// it. Staged uploads stay; they are their owner's to [`discard`](super::Staged::discard). Parts of a multipart
    /// upload that S3 keeps unseen are a matter of the bucket's rule `AbortIncompleteMultipartUpload`.
    ///
    /// # Errors
    /// `blob.unavailable`, `blob.denied`.
    pub async fn sweep(&self, begun_before: Timestamp) -> Result<Swept> {
        let mut swept = Swept::default();
        let mut incoming = self.store.list(Some(&Path::from("incoming")));
        while let Some(meta) = incoming.next().await {
            let meta = meta.map_err(error)?;
            if modified(&meta) < begun_before {
                self.remove(&meta.location).await?;
                swept.removed += 1;
                swept.bytes += meta.size;
            }
        }
        if let Some(folder) = &self.folder {
            self.sweep_files(folder.clone(), begun_before, &mut swept).await.map_err(|e| {
                Error::unavailable("blob.unavailable", format!("the folder for blobs cannot be swept: {e}")).because(e)
            })?;
        }
        Ok(swept)
    }

    /// Files that the local adapter writes before it renames them are named `...#NUMBER`, and no listing shows them.
    async fn sweep_files(&self, folder: PathBuf, before: Timestamp, swept: &mut Swept) -> std::io::Result<()> {
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            let mut entries = tokio::fs::read_dir(&folder).await?;
            while let Some(entry) = entries.next_entry().await? {
                let kind = entry.file_type().await?;
                if kind.is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let name = entry.file_name();
                let unfinished = name
                    .to_str()
                    .and_then(|n| n.rsplit_once('#'))
                    .is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|c| c.is_ascii_digit()));
                if !unfinished || !kind.is_file() {
                    continue;
                }
                let found = match entry.metadata().await {
                    Ok(found) => found,
                    // finished in the meantime
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                    Err(e) => return Err(e),
                };
                let since = found.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                let written = Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
                if written < before {
                    match tokio::fs::remove_file(entry.path()).await {
                        Ok(()) => {
                            swept.removed += 1;
                            swept.bytes += found.len();
                        }
                        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                        Err(e) => return Err(e),
                    }
                }
            }
        }
        Ok(())
    }

    /// Uploads of which bytes are here, finished or not.
    ///
    /// # Errors
    /// `blob.unavailable`, `blob.denied`.
    pub async fn staged_uploads(&self) -> Result<BTreeSet<UploadId>> {
        let found = self.store.list_with_delimiter(Some(&Path::from("staged"))).await.map_err(error)?;
        Ok(found.common_prefixes.iter().filter_map(|p| p.filename()?.parse().ok()).collect())
    }
}
