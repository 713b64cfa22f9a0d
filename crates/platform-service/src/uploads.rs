//! Uploads: bytes of artifacts, in as many requests as it takes, each going on where the last one safely ended.

use crate::platform::Platform;
use futures_util::{Stream, StreamExt};
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_kernel::action::Action;
use proofmark_kernel::artifact::{self, Artifact, ArtifactId, Upload, UploadId};
use proofmark_kernel::organization::ProjectId;
use proofmark_kernel::principal::Caller;
use proofmark_store::blobs::Expected;
use proofmark_store::{Connection, Scope, artifacts, uploads};
use serde_json::json;
use std::time::Duration;

/// How long an upload may take.
const LASTS: Duration = Duration::from_secs(24 * 60 * 60);

/// What is announced.
#[derive(Clone, Debug)]
pub struct Announced {
    /// Name the artifact will have: a relative path.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Number of bytes.
    pub size: i64,
    /// Digest that they must have, if it is known.
    pub digest: Option<Digest>,
}

/// Begins an upload.
///
/// # Errors
/// `project.not-found`, `artifact.name`, `artifact.media-type`, `upload.size`, `upload.too-many`.
pub async fn begin(platform: &Platform, caller: &Caller, project: ProjectId, announced: Announced) -> Result<Upload> {
    let name = artifact::path(&announced.name)?;
    let media_type = artifact::media_type(&announced.media_type)?;
    let limits = platform.limits;
    if announced.size < 0 || announced.size > limits.artifact_bytes {
        let text = format!("an artifact has 0 to {} bytes", limits.artifact_bytes);
        return Err(Error::invalid("upload.size", "the size cannot be taken").at("/size", text));
    }
    let mut work = platform.work(caller).await?;
    work.project(Action::ArtifactCreate, project).await?;
    let now = work.now;
    let (number, bytes) = uploads::pending(work.on(), caller.organization, now).await?;
    if number >= limits.pending_uploads || bytes.saturating_add(announced.size) > limits.pending_bytes {
        let text = "the organization's unfinished uploads do not leave room for it";
        return Err(Error::new(Kind::BudgetExceeded, "upload.too-many", text)
            .help("finish or discard some; those that nobody finishes are forgotten after a day")
            .retry_after(60));
    }
    let upload = Upload {
        id: UploadId::new(now, &*platform.random),
        organization: caller.organization,
        project,
        name,
        media_type,
        size: announced.size,
        digest: announced.digest,
        received: 0,
        created_by: caller.principal,
        created_at: now,
        expires_at: now.after(LASTS),
        artifact: None,
    };
    uploads::insert(work.on(), &upload).await?;
    work.audit("upload.create", upload.id, json!({"project": project, "name": upload.name, "size": upload.size}))
        .await?;
    work.commit().await?;
    if upload.size == 0 { complete(platform, caller, upload).await } else { Ok(upload) }
}

/// The caller's own upload: nobody else's is there.
async fn own(platform: &Platform, on: &mut dyn Connection, caller: &Caller, id: UploadId) -> Result<Upload> {
    let missing = || Error::not_found("upload");
    let found = uploads::get(on, caller.organization, id).await?.ok_or_else(missing)?;
    if found.created_by != caller.principal {
        return Err(missing());
    }
    platform.may_in(caller, Action::ArtifactCreate, found.project, "upload")?;
    Ok(found)
}

/// How far an upload is: [`Upload::received`] is where the next request goes on.
///
/// # Errors
/// `upload.not-found`.
pub async fn get(platform: &Platform, caller: &Caller, id: UploadId) -> Result<Upload> {
    let mut tx = platform.read(caller).await?;
    let mut upload = own(platform, &mut tx, caller, id).await?;
    if upload.artifact.is_none() {
        upload.received = i64::try_from(platform.blobs.staged(id).length().await?).unwrap_or(i64::MAX);
    }
    Ok(upload)
}

/// Adds bytes at `offset`. With the last ones the upload becomes an artifact. What arrived before a stream broke off stays.
///
/// # Errors
/// `upload.not-found`, `upload.offset` with where to go on, `upload.size` for more bytes than were announced,
/// `blob.mismatch` where they do not have the digest that was announced; what the stream met.
pub async fn append<B: AsRef<[u8]>>(
    platform: &Platform,
    caller: &Caller,
    id: UploadId,
    offset: i64,
    mut bytes: impl Stream<Item = Result<B>> + Unpin,
) -> Result<Upload> {
    let mut upload = get(platform, caller, id).await?;
    if upload.artifact.is_some() {
        return Err(Error::new(Kind::Conflict, "upload.complete", "the upload is complete"));
    }
    if upload.received != offset {
        let text = format!("{} bytes of the upload are here, and these begin at {offset}", upload.received);
        return Err(Error::new(Kind::Conflict, "upload.offset", text)
            .at("header:Upload-Offset", format!("go on at {}", upload.received)));
    }
    let start = u64::try_from(offset).map_err(|_| Error::invalid("upload.offset", "an offset is not negative"))?;
    let mut append = platform.blobs.staged(id).append(start).await?;
    let mut broke_off = None;
    while let Some(chunk) = bytes.next().await {
        match chunk {
            Ok(chunk) => {
                let chunk = chunk.as_ref();
                if append.length() + chunk.len() as u64 > upload.size.unsigned_abs() {
                    return Err(Error::invalid(
                        "upload.size",
                        format!("more than the {} bytes that were announced", upload.size),
                    ));
                }
                append.push(chunk).await?;
            }
            Err(e) => {
                broke_off = Some(e);
                break;
            }
        }
    }
    upload.received = i64::try_from(append.finish().await?).unwrap_or(i64::MAX);
    match broke_off {
        Some(e) => Err(e),
        None if upload.received == upload.size => complete(platform, caller, upload).await,
        None => Ok(upload),
    }
}

/// Makes an artifact of an upload whose bytes are all here. Done again after a crash it does no harm.
async fn complete(platform: &Platform, caller: &Caller, mut upload: Upload) -> Result<Upload> {
    let staged = platform.blobs.staged(upload.id);
    let expected = Expected { size: Some(upload.size.unsigned_abs()), digest: upload.digest };
    let (digest, _) = match staged.seal(expected).await {
        Ok(sealed) => sealed,
        Err(e) if e.code == "blob.mismatch" => {
            // nothing that was sent is of use: the sender begins again at zero
            staged.discard().await?;
            return Err(e.at("/digest", "the bytes have another digest"));
        }
        Err(e) => return Err(e),
    };
    let mut work = platform.work(caller).await?;
    let made = Artifact {
        id: ArtifactId::new(work.now, &*platform.random),
        organization: upload.organization,
        project: upload.project,
        run: None,
        name: upload.name.clone(),
        media_type: upload.media_type.clone(),
        digest,
        size: upload.size,
        created_by: upload.created_by,
        created_at: work.now,
    };
    if !uploads::finish(work.on(), upload.id, made.id).await? {
        return Err(Error::new(Kind::Conflict, "upload.complete", "another request completed the upload"));
    }
    artifacts::insert(work.on(), &made).await?;
    let detail = json!({"project": made.project, "name": made.name, "digest": digest, "size": made.size});
    work.audit(Action::ArtifactCreate.name(), made.id, detail).await?;
    work.commit().await?;
    staged.discard().await?;
    upload.received = upload.size;
    upload.artifact = Some(made.id);
    Ok(upload)
}

/// Gives an upload up.
///
/// # Errors
/// `upload.not-found`, `upload.complete`.
pub async fn discard(platform: &Platform, caller: &Caller, id: UploadId) -> Result<()> {
    let mut work = platform.work(caller).await?;
    let upload = own(platform, work.on(), caller, id).await?;
    if upload.artifact.is_some() {
        return Err(Error::new(Kind::Conflict, "upload.complete", "the upload is complete"));
    }
    uploads::delete(work.on(), id).await?;
    work.audit("upload.discard", id, json!({})).await?;
    work.commit().await?;
    platform.blobs.staged(id).discard().await
}

/// Forgets uploads that nobody finished, and what is left of those that were; gives how many. A sweeper calls it.
///
/// # Errors
/// As [`Connection::execute`]; what the blob store met.
pub async fn sweep(platform: &Platform) -> Result<usize> {
    let expired = {
        let mut tx = platform.database.read(Scope::System).await?;
        uploads::expired(&mut tx, platform.now(), 100).await?
    };
    for upload in &expired {
        platform.blobs.staged(upload.id).discard().await?;
        let mut tx = platform.database.begin(Scope::System).await?;
        uploads::delete(&mut tx, upload.id).await?;
        tx.commit().await?;
    }
    Ok(expired.len())
}
