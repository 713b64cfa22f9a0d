//! Logs of runs on their way to whoever watches: one query for each change, however many watch.
//!
//! While somebody watches, one task asks the database for the newest entry of all watched runs together, and for the
//! entries of those that moved on. Each entry is written once as the text that is sent, and kept for a while, so that
//! watchers of one run share it. Whoever is further behind reads the database for themselves.

use bytes::Bytes;
use proofmark_base::error::Result;
use proofmark_bus::Live;
use proofmark_contract::types::runs;
use proofmark_kernel::event::{Event, EventKind};
use proofmark_kernel::run::{RunEvent, RunId};
use proofmark_platform_service::platform::Platform;
use proofmark_store::{Dialect, Scope, runs as rows};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

/// Entries of a run that are kept.
const KEPT: usize = 512;
/// Entries that are read at once.
pub(crate) const BATCH: u32 = 256;

/// How far a run's log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Number of the newest entry.
    pub(crate) last: i64,
    /// Whether the run has ended: nothing will follow.
    pub(crate) ended: bool,
}

/// A run that is watched.
struct Channel {
    position: watch::Sender<Position>,
    /// Texts of the newest entries; the last of them is number `position.last`.
    recent: Mutex<VecDeque<Bytes>>,
}

impl Channel {
    fn recent(&self) -> MutexGuard<'_, VecDeque<Bytes>> {
        // pushes are whole: whoever panicked while holding the lock left nothing half done
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All runs that are watched in this process.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Inner>);

struct Inner {
    platform: Platform,
    live: Option<Live>,
    watched: Mutex<Watched>,
}

#[derive(Default)]
struct Watched {
    channels: HashMap<RunId, Arc<Channel>>,
    /// Whether the task that asks the database runs.
    asking: bool,
}

/// Somebody's view of a run.
pub(crate) struct Watch {
    channel: Arc<Channel>,
    position: watch::Receiver<Position>,
}

impl Watch {
    /// How far the log goes, as far as is known.
    pub(crate) fn position(&mut self) -> Position {
        *self.position.borrow_and_update()
    }

    /// Waits until it goes further.
    pub(crate) async fn moved(&mut self) {
        // the sender lives in the channel that is held here
        let _ = self.position.changed().await;
    }

    /// The texts of the entries behind `after` up to [`position`](Watch::position), and the number of the last; none if
    /// they are not all kept any more.
    pub(crate) fn recent(&self, after: i64) -> Option<(Bytes, i64)> {
        let recent = self.channel.recent();
        let last = self.position.borrow().last;
        let wanted = usize::try_from(last - after).ok()?;
        let skipped = recent.len().checked_sub(wanted)?;
        let mut text = Vec::new();
        for entry in recent.iter().skip(skipped) {
            text.extend_from_slice(entry);
        }
        Some((text.into(), last))
    }
}

/// An entry as it is sent.
pub(crate) fn text(event: RunEvent) -> Bytes {
    let (seq, kind) = (event.seq, event.kind);
    let data = serde_json::to_string(&runs::RunEvent::from(event)).unwrap_or_default();
    format!("id: {seq}\nevent: {kind}\ndata: {data}\n\n").into()
}

impl Hub {
    /// `live` tells of changes before the next look; without it they are seen by looking.
    pub(crate) fn new(platform: Platform, live: Option<Live>) -> Self {
        Hub(Arc::new(Inner { platform, live, watched: Mutex::new(Watched::default()) }))
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch a run whose log went that far when it was looked at last.
    pub(crate) fn watch(&self, run: RunId, at: Position) -> Watch {
        let mut watched = self.watched();
        let channel = watched.channels.entry(run).or_insert_with(|| {
            Arc::new(Channel { position: watch::Sender::new(at), recent: Mutex::new(VecDeque::new()) })
        });
        let watch = Watch { channel: Arc::clone(channel), position: channel.position.subscribe() };
        if !watched.asking {
            watched.asking = true;
            tokio::spawn(self.clone().ask());
        }
        watch
    }

    /// Runs that somebody watches; forgets the others. None, and the end of the task that asks, if there are none.
    fn wanted(&self) -> Option<Vec<(RunId, Arc<Channel>)>> {
        let mut watched = self.watched();
        watched.channels.retain(|_, c| c.position.receiver_count() > 0);
        if watched.channels.is_empty() {
            watched.asking = false;
            return None;
        }
        Some(watched.channels.iter().map(|(id, c)| (*id, Arc::clone(c))).collect())
    }

    async fn ask(self) {
        let pause = match self.0.platform.database.dialect() {
            // a read costs some microseconds and disturbs nobody
            Dialect::Sqlite => Duration::from_millis(100),
            Dialect::Postgres => Duration::from_millis(500),
        };
        let mut told = self.0.live.as_ref().map(Live::subscribe);
        while let Some(wanted) = self.wanted() {
            if let Err(e) = self.look(&wanted).await {
                // watchers stay; the next look may succeed
                tracing::warn!(error = %e, "the logs of watched runs cannot be read");
            }
            let watched: HashSet<String> = wanted.iter().map(|(id, _)| id.to_string()).collect();
            drop(wanted);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = changed(told.as_mut(), &watched) => {}
            }
        }
    }

    /// Looks once, and tells who watches.
    async fn look(&self, wanted: &[(RunId, Arc<Channel>)]) -> Result<()> {
        let open = wanted.iter().filter(|(_, c)| !c.position.borrow().ended);
        let mut ids: Vec<RunId> = open.map(|(id, _)| *id).collect();
        let Some(any) = ids.first().copied() else { return Ok(()) };
        // a few lengths of the list are a few statements to prepare
        ids.resize(ids.len().next_power_of_two(), any);
        let channels: HashMap<RunId, &Channel> = wanted.iter().map(|(id, c)| (*id, &**c)).collect();
        let mut tx = self.0.platform.database.read(Scope::System).await?;
        for (run, last, ended) in rows::last_events(&mut tx, &ids).await? {
            let Some(channel) = channels.get(&run) else { continue };
            let mut known = channel.position.borrow().last;
            while known < last {
                let events = rows::events(&mut tx, run, known, BATCH).await?;
                let Some(newest) = events.last().map(|e| e.seq) else { break };
                {
                    let mut recent = channel.recent();
                    recent.extend(events.into_iter().map(text));
                    let surplus = recent.len().saturating_sub(KEPT);
                    recent.drain(..surplus);
                    // told while the lock is held, so that the last text kept always is that of `last`
                    channel.position.send_replace(Position { last: newest, ended: false });
                }
                known = newest;
            }
            if ended && known >= last {
                channel.position.send_replace(Position { last: known, ended: true });
            }
        }
        Ok(())
    }
}

/// Waits until the state of one of these runs changed. Comes back as well where some changes were missed.
async fn changed(told: Option<&mut broadcast::Receiver<Arc<Event>>>, runs: &HashSet<String>) {
    let Some(told) = told else { return std::future::pending().await };
    loop {
        match told.recv().await {
            Ok(event) if event.kind == EventKind::RunStatusChanged && runs.contains(&event.subject) => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}
