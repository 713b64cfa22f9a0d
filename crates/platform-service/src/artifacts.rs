//! Artifacts: looking and reading.

use crate::platform::Platform;
use proofmark_base::error::{Error, Result};
use proofmark_kernel::action::Action;
use proofmark_kernel::artifact::{Artifact, ArtifactId};
use proofmark_kernel::organization::ProjectId;
use proofmark_kernel::principal::Caller;
use proofmark_store::artifacts;
use proofmark_store::blobs;
use proofmark_store::page::{Listed, Page};
use std::ops::Range;

/// One artifact.
///
/// # Errors
/// `artifact.not-found`.
pub async fn get(platform: &Platform, caller: &Caller, id: ArtifactId) -> Result<Artifact> {
    let mut tx = platform.read(caller).await?;
    let missing = || Error::not_found("artifact");
    let found = artifacts::get(&mut tx, caller.organization, id).await?.ok_or_else(missing)?;
    platform.may_in(caller, Action::ArtifactRead, found.project, "artifact")?;
    Ok(found)
}

/// The artifacts of a project, newest first.
///
/// # Errors
/// `project.not-found`.
pub async fn list(
    platform: &Platform,
    caller: &Caller,
    project: ProjectId,
    page: Page<ArtifactId>,
) -> Result<Listed<Artifact, ArtifactId>> {
    let mut tx = platform.read(caller).await?;
    platform.project(&mut tx, caller, Action::ArtifactRead, project).await?;
    artifacts::list(&mut tx, caller.organization, project, page).await
}

/// The bytes of an artifact, or a range of them, as they come.
///
/// # Errors
/// `artifact.not-found`, `blob.range`, `blob.corrupt` in the stream.
pub async fn content(
    platform: &Platform,
    caller: &Caller,
    id: ArtifactId,
    range: Option<Range<u64>>,
) -> Result<(Artifact, blobs::Read)> {
    let artifact = get(platform, caller, id).await?;
    let read = platform.blobs.get(artifact.digest, range).await?;
    Ok((artifact, read))
}
