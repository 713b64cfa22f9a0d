//! Processes that do the work, as operators see them.

use crate::platform::Platform;
use proofmark_base::error::Result;
use proofmark_kernel::action::Action;
use proofmark_kernel::principal::Caller;
use proofmark_store::Scope;
use proofmark_store::executors::{self, Executor};

/// Most processes that are shown.
const SHOWN: u32 = 200;

/// Processes that do the work, and those that did until a day ago, newest first.
///
/// # Errors
/// `authorization.denied`.
pub async fn list(platform: &Platform, caller: &Caller) -> Result<Vec<Executor>> {
    platform.authorizer.check(caller, Action::SystemRead, None)?;
    // they belong to the installation, not to an organization
    let mut tx = platform.database.read(Scope::System).await?;
    executors::newest(&mut tx, SHOWN).await
}

/// Whether there is a process that takes work of that queue.
///
/// # Errors
/// `store.unavailable`.
pub async fn serve(platform: &Platform, queue: &str) -> Result<bool> {
    let mut tx = platform.database.read(Scope::System).await?;
    let all = executors::owners(&mut tx).await?;
    Ok(all.iter().any(|e| e.registration.queues.iter().any(|q| q == queue)))
}
