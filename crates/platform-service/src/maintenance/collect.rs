//! Collects blobs that nothing refers to: results of steps of runs that ended long ago, bytes whose upload or step did
//! not live to write them down, and what writers that died left behind.
//!
//! A blob goes only if it was last put before the grace period *and* no row refers to it. Whoever is about to refer to
//! bytes puts them first, which renews their time, or has their digest from the record of a run that has not ended. So
//! what is unreferred now and was put long ago is never referred to later. While a backup copies blobs nothing is
//! collected.

use futures_util::StreamExt;
use proofmark_base::digest::Digest;
use proofmark_base::error::Result;
use proofmark_base::time::Timestamp;
use proofmark_store::{Blobs, Database, Scope, archive, references, uploads};
use std::collections::BTreeSet;
use std::time::Duration;

/// What was put later is left alone, whatever refers to it: the longest step takes two hours.
pub const GRACE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a run can be repeated from one of its steps after it ended. Its steps' results are kept a day longer.
pub const STEPS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a collection did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Blobs that went.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that stay.
    pub kept: u64,
    /// Unfinished files of writers that died.
    pub unfinished: u64,
    /// Set where a backup is at work: until when it holds everything. Nothing was collected then.
    pub held_until: Option<Timestamp>,
}

/// Collects what is garbage at `now`; with `dry_run` only says what that is.
///
/// # Errors
/// What database and blob store met.
pub async fn collect(database: &Database, blobs: &Blobs, now: Timestamp, dry_run: bool) -> Result<Collected> {
    let mut collected = Collected::default();
    let (held, referred) = {
        // one snapshot: a backup that marks its beginning later sees what is seen here, or later
        let mut tx = database.survey(Scope::System).await?;
        let held = archive::held(&mut tx).await?;
        let referred = match held {
            Some(_) => BTreeSet::new(),
            None => references::referred(&mut tx, Some(now.before(STEPS + GRACE))).await?,
        };
        (held, referred)
    };
    if held.is_some() {
        collected.held_until = held;
        return Ok(collected);
    }
    let before = now.before(GRACE);
    let mut all = blobs.list();
    let mut garbage: Vec<(Digest, u64)> = Vec::new();
    while let Some(blob) = all.next().await.transpose()? {
        if blob.put_at >= before || referred.contains(&blob.digest) {
            collected.kept += 1;
        } else {
            garbage.push((blob.digest, blob.size));
        }
    }
    for (digest, size) in garbage {
        // a backup that began since may hold what rows referred to then: it is not among this, see above
        if dry_run || blobs.delete(digest, before).await? {
            collected.blobs += 1;
            collected.bytes += size;
        } else {
            collected.kept += 1;
        }
    }
    if !dry_run {
        collected.unfinished = blobs.sweep(before).await?.removed;
        for upload in blobs.staged_uploads().await? {
            let mut tx = database.read(Scope::System).await?;
            let known = uploads::exists(&mut tx, upload).await?;
            drop(tx);
            // its row is written before its first bytes, and goes when it is given up
            if !known {
                blobs.staged(upload).discard().await?;
                collected.unfinished += 1;
            }
        }
    }
    Ok(collected)
}
