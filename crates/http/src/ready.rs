//! Whether the process can work: each dependency asked with a time limit, and not more often than once a second.

use futures_util::future::{BoxFuture, join_all};
use proofmark_base::error::{Error, Result};
use proofmark_contract::types::common;
use proofmark_platform_service::Platform;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(1);
/// How long a dependency may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something the process needs, and how to find out whether it is there.
#[derive(Clone)]
pub struct Dependency {
    name: &'static str,
    check: Arc<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>,
}

impl Dependency {
    /// A dependency by its name and its check.
    pub fn new<F>(name: &'static str, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Dependency { name, check: Arc::new(move || Box::pin(check())) }
    }

    /// What every process of the platform needs: its database and its blobs.
    pub fn of(platform: &Platform) -> Vec<Dependency> {
        let (database, blobs) = (platform.database.clone(), platform.blobs.clone());
        vec![
            Dependency::new("database", move || {
                let database = database.clone();
                async move { database.now().await.map(drop) }
            }),
            Dependency::new("blobs", move || {
                let blobs = blobs.clone();
                async move { blobs.ready().await }
            }),
        ]
    }

    async fn ask(&self) -> common::Dependency {
        let outcome = timeout(PATIENCE, (self.check)()).await.unwrap_or_else(|_| {
            Err(Error::unavailable("health.timeout", format!("no answer within {} s", PATIENCE.as_secs())))
        });
        // the reason is for operators: what happened, never an address or a secret of what lies beneath
        let reason = outcome.err().map(|e| format!("{} ({})", e.detail, e.code));
        common::Dependency { name: self.name.into(), ready: reason.is_none(), reason }
    }
}

impl fmt::Debug for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// All dependencies, and what they said last.
pub(crate) struct Ready {
    dependencies: Vec<Dependency>,
    last: Mutex<Option<(Instant, common::Readiness)>>,
}

impl Ready {
    pub(crate) fn new(dependencies: Vec<Dependency>) -> Self {
        Ready { dependencies, last: Mutex::new(None) }
    }

    /// How it stands. However many ask at once, one of them looks and the others wait for it.
    pub(crate) async fn ask(&self, draining: bool) -> common::Readiness {
        let mut last = self.last.lock().await;
        let fresh = last.as_ref().filter(|(at, _)| at.elapsed() < HOLDS).map(|(_, r)| r.clone());
        let mut found = match fresh {
            Some(found) => found,
            None => {
                let dependencies = join_all(self.dependencies.iter().map(Dependency::ask)).await;
                let found = common::Readiness { ready: dependencies.iter().all(|d| d.ready), dependencies };
                *last = Some((Instant::now(), found.clone()));
                found
            }
        };
        if draining {
            found.ready = false;
            let reason = Some("the process is stopping".to_string());
            found.dependencies.push(common::Dependency { name: "process".into(), ready: false, reason });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test(start_paused = true)]
    async fn what_is_missing_is_named_and_asked_once_a_second() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&asked);
        let ready = Ready::new(vec![
            Dependency::new("database", || async { Ok(()) }),
            Dependency::new("blobs", || async { Err(Error::unavailable("blob.unavailable", "the disk is gone")) }),
            Dependency::new("events", || async {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Ok(())
            }),
            Dependency::new("counter", move || {
                counting.fetch_add(1, Ordering::Relaxed);
                async { Ok(()) }
            }),
        ]);
        let found = ready.ask(false).await;
        assert!(!found.ready);
        let reasons: Vec<_> = found.dependencies.iter().map(|d| d.reason.as_deref()).collect();
        assert_eq!(
            reasons,
            [None, Some("the disk is gone (blob.unavailable)"), Some("no answer within 2 s (health.timeout)"), None]
        );
        ready.ask(false).await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(Duration::from_secs(2)).await;
        ready.ask(false).await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_process_that_stops_is_not_ready() {
        let ready = Ready::new(vec![Dependency::new("database", || async { Ok(()) })]);
        assert!(ready.ask(false).await.ready);
        assert!(!ready.ask(true).await.ready);
    }
}
