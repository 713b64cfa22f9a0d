//! Carries events from the outbox to whoever consumes them: each to everybody, at least once, in the order in which
//! they were written as far as they are about the same subject.
//!
//! Who has an event is remembered by consumer, so that one that is away (a message broker) neither holds up the others
//! nor makes them see the event again. An event that keeps failing lets later ones of its subject pass after
//! [`PATIENCE`] attempts, and is tried for ever: nothing is dropped.

use crate::rounds::{self, later};
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use proofmark_base::error::{Error, Result};
use proofmark_kernel::event::Event;
use proofmark_store::outbox_relay::{self as outbox, Claimed, Earlier, End, Outcome};
use proofmark_store::{Database, Dialect, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use crate::rounds::Waker;

/// Takes events. The same event may come again, also while it is being taken: the identifier tells.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// What this is known by, of letters, digits and `-`; the outbox remembers it.
    fn name(&self) -> &str;

    /// Takes an event. It is given a few seconds, after which the future is dropped.
    ///
    /// # Errors
    /// Whatever it met: the event comes again later.
    async fn consume(&self, event: &Event) -> Result<()>;
}

/// How long a relay holds what it claimed: when it dies, others go on after this.
const HOLD: Duration = Duration::from_secs(8);
/// How long one round of deliveries may take; settling must fit in the rest of the hold.
const ROUND: Duration = Duration::from_secs(5);
/// How long a consumer may take for one event.
const EACH: Duration = Duration::from_secs(4);
/// Events of one round.
const BATCH: i64 = 64;
/// Subjects that are served at once.
const SIDE_BY_SIDE: usize = 16;
/// Attempts for which later events of the same subject wait.
pub const PATIENCE: i64 = 5;
/// Wait after the first failure, doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// How long delivered events are kept.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// Rows removed at once, so that nobody waits long behind it.
const PRUNED: i64 = 500;

/// Carries events to consumers.
pub struct Relay {
    database: Database,
    consumers: Vec<Arc<dyn Consumer>>,
    waker: Waker,
    /// Rounds since the start.
    rounds: AtomicU64,
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Events that all consumers now have.
    pub delivered: usize,
    /// Events that some consumer failed to take.
    pub failed: usize,
    /// Events that wait for an earlier one.
    pub waiting: usize,
}

type Subject = (String, String);

impl Relay {
    /// A relay to these consumers. All relays on one database must serve consumers of the same names. `waker` is what
    /// use cases wake.
    ///
    /// # Errors
    /// A defect, where two consumers share a name or one cannot be written down.
    pub fn new(database: Database, consumers: Vec<Arc<dyn Consumer>>, waker: Waker) -> Result<Self> {
        let mut names = BTreeSet::new();
        for consumer in &consumers {
            let name = consumer.name();
            let fits = !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
            if !fits || !names.insert(name.to_string()) {
                return Err(Error::bug(format!("`{name}` cannot be the name of a consumer of events, or is taken")));
            }
        }
        Ok(Relay { database, consumers, waker, rounds: AtomicU64::new(0) })
    }

    /// What use cases wake after their commit.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Carries events until `stop`; the round under way is finished first. A database that is away is waited for.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let poll = match self.database.dialect() {
            // other processes write events too
            Dialect::Postgres => Duration::from_secs(1),
            Dialect::Sqlite => Duration::from_secs(5),
        };
        let waker = self.waker.clone();
        let relay = &self;
        rounds::go("the relay of events", &waker, stop, || async move {
            let round = relay.round().await?;
            if relay.rounds.fetch_add(1, Ordering::Relaxed).is_multiple_of(512) {
                relay.prune().await?;
            }
            if round != Round::default() {
                return Ok(Duration::ZERO);
            }
            let backlog = outbox::backlog(&mut relay.database.read(Scope::System).await?).await?;
            metrics::gauge!("proofmark_outbox_events").set(backlog.events as f64);
            metrics::gauge!("proofmark_outbox_failing_events").set(backlog.failing as f64);
            metrics::gauge!("proofmark_outbox_oldest_seconds").set(backlog.oldest.as_secs_f64());
            Ok(backlog.next.map_or(poll, |next| next.clamp(Duration::from_millis(20), poll)))
        })
        .await;
    }

    /// Carries what is due now, up to a bounded number of events.
    ///
    /// # Errors
    /// `store.unavailable` and the like; what was claimed comes up again.
    pub async fn round(&self) -> Result<Round> {
        let (claimed, earlier) = self.claim().await?;
        if claimed.is_empty() {
            return Ok(Round::default());
        }
        let mut chains: BTreeMap<Subject, Vec<Claimed>> = BTreeMap::new();
        for event in claimed {
            chains.entry(subject(&event.event)).or_default().push(event);
        }
        let mut before: BTreeMap<Subject, Vec<Earlier>> = BTreeMap::new();
        for event in earlier {
            before.entry(event.subject.clone()).or_default().push(event);
        }
        let outcomes = Mutex::new(Vec::new());
        let all = stream::iter(chains).for_each_concurrent(SIDE_BY_SIDE, |(subject, chain)| {
            let before = before.remove(&subject).unwrap_or_default();
            self.chain(chain, before, &outcomes)
        });
        // what is not done by then comes up again when the hold ends
        let _ = tokio::time::timeout(ROUND, all).await;
        let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut tx = self.database.begin(Scope::System).await?;
        outbox::settle(&mut tx, &outcomes).await?;
        tx.commit().await?;
        let mut round = Round::default();
        for outcome in &outcomes {
            match outcome.end {
                End::Delivered => round.delivered += 1,
                End::Failed { .. } => round.failed += 1,
                End::Waits { .. } => round.waiting += 1,
            }
        }
        metrics::counter!("proofmark_outbox_delivered_total").increment(round.delivered as u64);
        Ok(round)
    }

    async fn claim(&self) -> Result<(Vec<Claimed>, Vec<Earlier>)> {
        // SQLite has one relay: nothing is written, so readers' connections will do
        let mut tx = match self.database.dialect() {
            Dialect::Sqlite => self.database.read(Scope::System).await?,
            Dialect::Postgres => self.database.begin(Scope::System).await?,
        };
        let claimed = outbox::claim(&mut tx, HOLD, BATCH).await?;
        let earlier = outbox::earlier(&mut tx, &claimed, PATIENCE).await?;
        tx.commit().await?;
        Ok((claimed, earlier))
    }

    /// The claimed events about one subject, in order.
    async fn chain(&self, chain: Vec<Claimed>, mut before: Vec<Earlier>, outcomes: &Mutex<Vec<Outcome>>) {
        for claimed in chain {
            let waits_for = |name: &str| before.iter().any(|e| e.seq < claimed.seq && !e.done.contains(name));
            let (mut done, mut failures, mut waits) = (claimed.done.clone(), Vec::new(), false);
            let mut due = Vec::new();
            for consumer in self.consumers.iter().filter(|c| !claimed.done.contains(c.name())) {
                if waits_for(consumer.name()) {
                    waits = true;
                } else {
                    due.push(consumer);
                }
            }
            let results = futures_util::future::join_all(due.iter().map(|c| consume(&***c, &claimed.event))).await;
            for (consumer, result) in due.iter().zip(results) {
                match result {
                    Ok(()) => {
                        done.insert(consumer.name().to_string());
                    }
                    Err(e) => {
                        metrics::counter!("proofmark_outbox_failures_total", "consumer" => consumer.name().to_string())
                            .increment(1);
                        tracing::warn!(
                            consumer = consumer.name(), event = %claimed.event.id, kind = %claimed.event.kind,
                            attempts = claimed.attempts + 1, error = %e, source = ?e.source,
                            "an event was not taken; it comes again"
                        );
                        failures.push(format!("{}: {e}", consumer.name()));
                    }
                }
            }
            if let Some(this) = before.iter_mut().find(|e| e.seq == claimed.seq) {
                this.done.clone_from(&done);
            }
            let times = u32::try_from(claimed.attempts).unwrap_or(u32::MAX);
            let end = if !failures.is_empty() {
                let again = later(FIRST_WAIT, times, LONGEST_WAIT);
                End::Failed { again, failure: failures.join("; ").replace('\0', "") }
            } else if waits {
                End::Waits { again: FIRST_WAIT }
            } else {
                End::Delivered
            };
            let outcome = Outcome { seq: claimed.seq, done, end };
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
        }
    }

    async fn prune(&self) -> Result<()> {
        loop {
            let mut tx = self.database.begin(Scope::System).await?;
            let before = proofmark_store::database::now(&mut tx).await?.before(KEPT);
            let gone = outbox::prune(&mut tx, before, PRUNED).await?;
            tx.commit().await?;
            if gone < PRUNED as u64 {
                return Ok(());
            }
        }
    }
}

fn subject(event: &Event) -> Subject {
    (event.organization.to_string(), event.subject.clone())
}

/// One event to one consumer; a consumer that panics or hangs has failed, and the relay lives on.
async fn consume(consumer: &dyn Consumer, event: &Event) -> Result<()> {
    let taken = AssertUnwindSafe(consumer.consume(event)).catch_unwind();
    match tokio::time::timeout(EACH, taken).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Error::bug("the consumer panicked")),
        Err(_) => Err(Error::unavailable("event.timeout", format!("the consumer took longer than {EACH:?}"))),
    }
}
