//! Releases: signing what was approved, showing it, taking it back.

use crate::platform::{Platform, stale};
use futures_util::StreamExt;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_evidence::dsse;
use proofmark_kernel::action::Action;
use proofmark_kernel::approval::{ApprovalId, Subject};
use proofmark_kernel::event::EventKind;
use proofmark_kernel::organization::{self, ProjectId};
use proofmark_kernel::principal::Caller;
use proofmark_kernel::release::{self, Release, ReleaseId};
use proofmark_kernel::run::RunId;
use proofmark_store::page::{Listed, Page};
use proofmark_store::{Connection, approvals, artifacts, projects, releases, runs};
use serde_json::json;

/// Releases what an approval allows, under a name: reads the bytes, compares them with what was approved, signs.
///
/// # Errors
/// `approval.not-found`, `release.not-approved`, `release.changed`, `release.exists`, `blob.corrupt`.
pub async fn create(platform: &Platform, caller: &Caller, id: ApprovalId, name: &str) -> Result<Release> {
    let name = organization::name(name)?;
    let now = platform.now();
    // the bytes are read before the transaction: they cannot change under their digests, and reading takes its time
    let (approval, read) = {
        let mut tx = platform.read(caller).await?;
        let approval = approvals::get(&mut tx, caller.organization, id).await?;
        let approval = approval.ok_or_else(|| Error::not_found("approval"))?;
        platform.may_in(caller, Action::ReleaseCreate, approval.project, "approval")?;
        let made = artifacts::of_run(&mut tx, caller.organization, approval.run).await?;
        (approval, made)
    };
    let mut subjects = Vec::with_capacity(read.len());
    for artifact in &read {
        let mut bytes = platform.blobs.get(artifact.digest, None).await?.stream;
        while let Some(chunk) = bytes.next().await {
            // read to its end a blob is checked: this fails where the bytes do not have their digest any more
            chunk?;
        }
        subjects.push(Subject { name: artifact.name.clone(), digest: artifact.digest });
    }
    let mut work = platform.work(caller).await?;
    let project = projects::get(work.on(), caller.organization, approval.project).await?;
    let project = project.ok_or_else(|| Error::not_found("project"))?;
    let run = runs::get(work.on(), caller.organization, approval.run).await?;
    let run = run.ok_or_else(|| Error::not_found("run"))?;
    let approval = approvals::get(work.on(), caller.organization, id).await?;
    let approval = approval.ok_or_else(|| Error::not_found("approval"))?;
    let approved = release::approved(&approval, &subjects, &project)?;
    let release_id = ReleaseId::new(now, &*platform.random);
    let statement = release::statement(release_id, &name, approved, &run, caller.principal, now);
    let envelope = dsse::sign(&statement, &platform.signer).to_bytes();
    let envelope = platform.blobs.put(envelope).await?;
    let made = Release {
        id: release_id,
        organization: caller.organization,
        project: project.id,
        run: run.id,
        approval: id,
        name,
        subjects,
        envelope,
        created_by: caller.principal,
        created_at: now,
        revocation: None,
        version: 1,
    };
    releases::insert(work.on(), &made).await.map_err(|e| match e.code.as_ref() {
        "store.unique" => {
            let text = "this approval was used for a release already, or the project has a release of that name";
            Error::new(Kind::Conflict, "release.exists", text).at("/name", "choose another name")
        }
        _ => e,
    })?;
    let detail = json!({"name": made.name, "approval": id, "run": run.id, "envelope": made.envelope});
    work.audit(Action::ReleaseCreate.name(), made.id, detail).await?;
    work.event(EventKind::ReleaseCreated, Some(project.id), made.id, json!({"name": made.name, "run": run.id})).await?;
    work.commit().await?;
    Ok(made)
}

/// Releases what a run's newest approval allows, once: where that release is there already it is given back, for a step
/// of a workflow may be repeated.
///
/// # Errors
/// As [`create`].
pub async fn create_for_run(platform: &Platform, caller: &Caller, run: RunId, name: &str) -> Result<ReleaseId> {
    let approval = {
        let mut tx = platform.read(caller).await?;
        let approval = approvals::of_run(&mut tx, caller.organization, run).await?;
        let approval = approval.ok_or_else(|| Error::not_found("approval"))?;
        if let Some(there) = releases::of_approval(&mut tx, caller.organization, approval.id).await? {
            return Ok(there.id);
        }
        approval.id
    };
    Ok(create(platform, caller, approval, name).await?.id)
}

async fn access(
    platform: &Platform,
    on: &mut dyn Connection,
    caller: &Caller,
    action: Action,
    id: ReleaseId,
) -> Result<Release> {
    let found = releases::get(on, caller.organization, id).await?.ok_or_else(|| Error::not_found("release"))?;
    platform.may_in(caller, action, found.project, "release")?;
    Ok(found)
}

/// One release.
///
/// # Errors
/// `release.not-found`.
pub async fn get(platform: &Platform, caller: &Caller, id: ReleaseId) -> Result<Release> {
    let mut tx = platform.read(caller).await?;
    access(platform, &mut tx, caller, Action::ReleaseRead, id).await
}

/// The signed statement: a DSSE envelope as JSON.
///
/// # Errors
/// `release.not-found`, `blob.corrupt`.
pub async fn envelope(platform: &Platform, caller: &Caller, id: ReleaseId) -> Result<Vec<u8>> {
    let release = get(platform, caller, id).await?;
    platform.blobs.bytes(release.envelope, ENVELOPE_BYTES).await
}

/// Largest envelope that is read back.
const ENVELOPE_BYTES: usize = 16 << 20;

/// The releases of a project, newest first.
///
/// # Errors
/// `project.not-found`.
pub async fn list(
    platform: &Platform,
    caller: &Caller,
    project: ProjectId,
    page: Page<ReleaseId>,
) -> Result<Listed<Release, ReleaseId>> {
    let mut tx = platform.read(caller).await?;
    platform.project(&mut tx, caller, Action::ReleaseRead, project).await?;
    releases::list(&mut tx, caller.organization, project, page).await
}

/// Takes a release back, with the reason. It stays listed. `version` is the one that the caller saw.
///
/// # Errors
/// `release.not-found`, `release.revoked`, `release.reason`, `version.stale`.
pub async fn revoke(
    platform: &Platform,
    caller: &Caller,
    id: ReleaseId,
    version: i64,
    reason: &str,
) -> Result<Release> {
    let mut work = platform.work(caller).await?;
    let mut release = access(platform, work.on(), caller, Action::ReleaseRevoke, id).await?;
    if release.version != version {
        return Err(stale("release"));
    }
    let now = work.now;
    release.revoke(reason, caller.principal, now)?;
    if !releases::update(work.on(), &release).await? {
        return Err(stale("release"));
    }
    work.audit(Action::ReleaseRevoke.name(), id, json!({"reason": reason.trim()})).await?;
    work.event(EventKind::ReleaseRevoked, Some(release.project), id, json!({"name": release.name})).await?;
    work.commit().await?;
    Ok(release)
}

/// The public key that releases and audit checkpoints are verified with, as the text of a key file.
pub fn public_key(platform: &Platform) -> (Digest, String) {
    let key = platform.signer.public();
    (key.keyid(), key.to_file())
}
