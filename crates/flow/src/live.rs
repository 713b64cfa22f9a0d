//! What this process runs at the moment, under one entry of the registry, and how it is made to stop.

use proofmark_store::executors::ExecutorId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// One entry of the registry from its start to its end. A process that lost its lease goes on under another.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) id: ExecutorId,
    /// Fires when runs must be left alone: the lease is lost, or the drain's time is over.
    pub(crate) fence: CancellationToken,
    /// Nothing new is begun.
    draining: AtomicBool,
    /// Steps and transactions under way.
    busy: AtomicUsize,
    idle: Notify,
    runs: Mutex<HashMap<String, Arc<Run>>>,
    started: AtomicUsize,
}

/// A run in this process.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: String,
    /// Fires when somebody cancelled it.
    pub(crate) cancelled: CancellationToken,
    /// Why its code must not go on, for the library; the code itself never learns of it.
    interrupt: Mutex<Option<durare::Error>>,
    interrupted: Notify,
}

impl Run {
    /// Ends the run's code at the await it is in.
    pub(crate) async fn interrupt(&self, why: durare::Error) -> std::convert::Infallible {
        *self.interrupt.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        self.interrupted.notify_one();
        std::future::pending().await
    }

    /// Waits for that.
    pub(crate) async fn interrupted(&self) -> durare::Error {
        loop {
            if let Some(why) = self.interrupt.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return why;
            }
            self.interrupted.notified().await;
        }
    }
}

impl Live {
    pub(crate) fn new(id: ExecutorId) -> Arc<Self> {
        Arc::new(Live {
            id,
            fence: CancellationToken::new(),
            draining: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            idle: Notify::new(),
            runs: Mutex::default(),
            started: AtomicUsize::new(0),
        })
    }

    /// Enters a run for as long as the guard lives.
    pub(crate) fn enter(self: &Arc<Self>, id: &str) -> (Arc<Run>, Entered) {
        let run = Arc::new(Run {
            id: id.to_string(),
            cancelled: CancellationToken::new(),
            interrupt: Mutex::default(),
            interrupted: Notify::new(),
        });
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_string(), run.clone());
        self.started.fetch_add(1, Ordering::Relaxed);
        (run.clone(), Entered(self.clone(), run))
    }

    /// Identifiers of the runs in this process.
    pub(crate) fn runs(&self) -> Vec<String> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Runs in this process, of them in a step or transaction, and begun since the start.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner).len();
        (runs, self.busy.load(Ordering::Acquire), self.started.load(Ordering::Relaxed))
    }

    /// Ends a run's code if it is here.
    pub(crate) fn cancel(&self, id: &str) {
        if let Some(run) = self.runs.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            run.cancelled.cancel();
        }
    }

    /// Begins a step or transaction; in a drain it never comes back.
    pub(crate) async fn begin(self: &Arc<Self>) -> Busy {
        // counted first: a drain that begins now either sees it, or is seen here
        let busy = Busy::of(self);
        if self.draining.load(Ordering::Acquire) {
            drop(busy);
            std::future::pending::<()>().await;
            unreachable!("pending never ends");
        }
        busy
    }

    /// Begins nothing new, and waits until what is under way has ended.
    pub(crate) async fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        loop {
            let idle = self.idle.notified();
            if self.busy.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }
}

/// A run is in this process.
pub(crate) struct Entered(Arc<Live>, Arc<Run>);

impl Drop for Entered {
    fn drop(&mut self) {
        let mut runs = self.0.runs.lock().unwrap_or_else(PoisonError::into_inner);
        // the same run may have been entered again by a later claim
        if runs.get(&self.1.id).is_some_and(|r| Arc::ptr_eq(r, &self.1)) {
            runs.remove(&self.1.id);
        }
    }
}

/// A step or transaction is under way.
pub(crate) struct Busy(Arc<Live>);

impl Busy {
    fn of(live: &Arc<Live>) -> Self {
        live.busy.fetch_add(1, Ordering::AcqRel);
        Busy(live.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
