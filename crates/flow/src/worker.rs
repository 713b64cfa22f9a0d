//! The part of an engine that runs workflows: one entry of the registry after another, each with its own instance of
//! the library, and the takeover of work whose executor is gone.
//!
//! **Who is alive.** On PostgreSQL every executor beats twice a second. Who has not had a beat of its own confirmed
//! for [`Timing::fence`] leaves its runs alone; others give its work away only after they have seen no beat for
//! [`Timing::lease`], counted by their own monotonic clock and only while they could look. A process that slept through
//! all that finds the fence of [`crate::postgres`] in its way, and goes on under a new entry. On SQLite there is one
//! process, held by a lock on a file: whoever else is in the registry is gone.

use crate::context::Context;
use crate::core::Core;
use crate::error::{read, record};
use crate::hub;
use crate::live::Live;
use crate::options::{CHILD, ExecutorInfo};
use crate::postgres::Connections;
use durare::{
    DurableContext, DurableEngine, EngineConfig, ListFilter, RateLimiter, RecoveryClaimRequest, STATUS_CANCELLED,
    STATUS_PENDING, StateProvider, WorkflowQueue,
};
use futures_util::FutureExt;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::{Clock, Timestamp};
use proofmark_store::executors::{self, ExecutorId, Registration};
use proofmark_store::system::{SystemClock, SystemRandom};
use proofmark_store::{Connection, Dialect, Scope, values};
use serde_json::Value;
use sqlx::postgres::PgPool;
use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a run may end its process before it is left alone.
const ENDS: i32 = 100;

/// What a worker is started with.
pub(crate) struct Settings {
    pub(crate) version: String,
    pub(crate) info: ExecutorInfo,
    pub(crate) listen: Vec<String>,
    pub(crate) connections: u32,
    pub(crate) retention: Option<Duration>,
}

/// One entry of the registry at work.
struct Incarnation {
    live: Arc<Live>,
    engine: DurableEngine,
    pool: Option<PgPool>,
}

/// See the module.
pub(crate) struct Worker {
    core: Arc<Core>,
    settings: Settings,
    /// Never launched: gives work back to its queues.
    client: Arc<DurableEngine>,
    now: Mutex<Option<Arc<Incarnation>>>,
    ended: tokio_util::sync::CancellationToken,
}

/// The library's engine with everything declared.
pub(crate) async fn engine(
    core: &Arc<Core>,
    provider: Arc<dyn StateProvider>,
    executor: &str,
    settings: &Settings,
    live: Option<&Arc<Live>>,
) -> Result<DurableEngine> {
    let mut config = EngineConfig::default().app_version(&settings.version).executor_id(executor);
    if let (Some(period), Some(_)) = (settings.retention, live) {
        config = config.retention(durare::RetentionPolicy::new().period(period));
    }
    let mut engine = DurableEngine::with_config(provider, config).await.map_err(read)?;
    // the library lets its own environment variables win over what it is told
    if engine.executor_id() != executor || engine.app_version() != settings.version {
        return Err(Error::invalid("flow.environment", "DBOS__VMID or DBOS__APPVERSION is set in the environment")
            .help("unset both: Proofmark names executors and versions itself"));
    }
    // the library's own queue, which nothing here goes to, would be looked at ten times a second
    engine.register_queue(WorkflowQueue::new("_dbos_internal_queue").base_polling_interval(Duration::from_secs(3600)));
    for queue in &core.queues {
        let mut made = WorkflowQueue::new(&queue.name).priority_enabled().base_polling_interval(core.timing.poll);
        // what is declared unlimited starts as fast as it comes
        made = made.max_tasks_per_iteration(10_000).max_polling_interval(Duration::from_secs(5));
        if let Some(runs) = queue.per_worker {
            made = made.worker_concurrency(runs as usize);
        }
        if let Some(runs) = queue.global {
            made = made.global_concurrency(runs.into());
        }
        if let Some(rate) = queue.rate {
            made = made.rate_limiter(RateLimiter { limit: rate.starts.into(), period: rate.period });
        }
        engine.register_queue(made);
    }
    for name in core.bodies.keys() {
        let (core, live, name) = (core.clone(), live.cloned(), name.clone());
        engine.register(&name.clone(), move |durable: DurableContext, input: Value| {
            run(core.clone(), live.clone(), name.clone(), durable, input)
        });
    }
    engine.listen_queues(&settings.listen);
    Ok(engine)
}

/// Runs a workflow's code, until it ends or must not go on.
async fn run(
    core: Arc<Core>,
    live: Option<Arc<Live>>,
    name: String,
    durable: DurableContext,
    input: Value,
) -> durare::Result<Value> {
    let (Some(live), Some(body)) = (live, core.bodies.get(&name).cloned()) else {
        return Err(record(&Error::bug("an engine that does not run workflows was given one")));
    };
    let id = durable.workflow_id().to_string();
    let (run, _entered) = live.enter(&id);
    let _tell = Tell(&core, &id);
    // a parent may have been cancelled while it started this child
    if let Some((parent, _)) = id.rsplit_once(CHILD) {
        let again = |e| durare::Error::RecoveryRequired(Arc::new(e));
        let parent = core.provider.get_workflow_status(parent).await.map_err(again)?;
        if parent.is_some_and(|p| p.status == STATUS_CANCELLED) {
            core.provider.cancel_workflow(&id).await.map_err(again)?;
            return Err(durare::Error::Cancelled(id.clone()));
        }
    }
    let context = Context { durable, core: core.clone(), live: live.clone(), run: run.clone() };
    let work = AssertUnwindSafe(async { body(context, input).await }).catch_unwind();
    tokio::select! {
        biased;
        () = live.fence.cancelled() => {
            Err(durare::Error::RecoveryRequired(Arc::new(durare::Error::app("this executor leaves its runs"))))
        }
        () = run.cancelled.cancelled() => Err(durare::Error::Cancelled(id.clone())),
        why = run.interrupted() => Err(why),
        done = work => match done {
            Ok(done) => done.map_err(|e| record(&e)),
            // a defect that happens again whenever it is replayed: the run has failed
            Err(_) => Err(record(&Error::bug(format!("the workflow `{name}` panicked")))),
        },
    }
}

/// Says that a run's code has ended, whichever way.
struct Tell<'a>(&'a Core, &'a str);

impl Drop for Tell<'_> {
    fn drop(&mut self) {
        self.0.hub.signal(&hub::end(self.1));
    }
}

impl Worker {
    /// Enters the registry and begins to take work.
    pub(crate) async fn start(core: Arc<Core>, client: Arc<DurableEngine>, settings: Settings) -> Result<Arc<Self>> {
        let worker = Arc::new(Worker {
            core,
            settings,
            client,
            now: Mutex::default(),
            ended: tokio_util::sync::CancellationToken::new(),
        });
        let first = worker.incarnate().await?;
        *worker.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(first);
        tokio::spawn(worker.clone().supervise());
        tokio::spawn(worker.clone().sweep());
        tokio::spawn(worker.clone().watch());
        Ok(worker)
    }

    fn now(&self) -> Option<Arc<Incarnation>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The entry that is at work.
    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        self.now().map(|i| i.live.clone())
    }

    async fn incarnate(&self) -> Result<Arc<Incarnation>> {
        let id = ExecutorId::new(SystemClock.now(), &SystemRandom);
        let live = Live::new(id);
        let registration = Registration {
            id,
            host: self.settings.info.host.clone(),
            version: self.settings.version.clone(),
            queues: self.settings.listen.clone(),
            tools: self.settings.info.tools.clone(),
        };
        let mut tx = self.core.database.begin(Scope::System).await?;
        executors::register(&mut tx, &registration).await?;
        if self.core.dialect == Dialect::Sqlite {
            for other in executors::owners(&mut tx).await? {
                if other.registration.id != id {
                    executors::take_over(&mut tx, other.registration.id, other.beat_at).await?;
                }
            }
        }
        tx.commit().await?;
        if self.core.dialect == Dialect::Sqlite {
            self.recover().await?;
        }
        let (provider, connections): (Arc<dyn StateProvider>, _) = match self.core.database.postgres_pool() {
            None => (self.core.provider.clone(), None),
            Some(model) => {
                let connections = Connections::new(model, Some(id), self.settings.connections);
                (Arc::new(connections.provider().await?), Some(connections))
            }
        };
        let engine = engine(&self.core, provider, &id.to_string(), &self.settings, Some(&live)).await?;
        connections.iter().for_each(Connections::begin_anew);
        self.keep_lease(&live)?;
        engine.launch().await.map_err(read)?;
        tracing::info!(executor = %id, "takes work");
        Ok(Arc::new(Incarnation { live, engine, pool: connections.map(|c| c.pool) }))
    }

    /// Beats until the entry ends. On a thread and a connection of its own: a busy runtime and a full pool must not
    /// look like death.
    fn keep_lease(&self, live: &Arc<Live>) -> Result<()> {
        let (core, live) = (self.core.clone(), live.clone());
        if core.dialect == Dialect::Sqlite {
            let ended = self.ended.clone();
            tokio::spawn(async move {
                // nobody judges by it; people look at it
                while ended.run_until_cancelled(tokio::time::sleep(core.timing.beat)).await.is_some() {
                    if live.fence.is_cancelled() {
                        return;
                    }
                    let _ = beat(&core, live.id).await;
                }
            });
            return Ok(());
        }
        let Some(model) = core.database.postgres_pool().cloned() else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::unavailable("flow.thread", "no runtime for the lease").because(e))?;
        let begun = Instant::now();
        let main = move || runtime.block_on(lease(core, live, model, begun));
        std::thread::Builder::new()
            .name("lease".into())
            .spawn(main)
            .map_err(|e| Error::unavailable("flow.thread", "no thread for the lease").because(e))?;
        Ok(())
    }

    /// Where the lease was lost, ends the entry and goes on under another.
    async fn supervise(self: Arc<Self>) {
        while let Some(current) = self.now() {
            current.live.fence.cancelled().await;
            self.put_down(&current).await;
            if self.ended.is_cancelled() {
                return;
            }
            tracing::warn!(executor = %current.live.id, "lost its lease; goes on under a new entry");
            let next = loop {
                if self.ended.is_cancelled() {
                    return;
                }
                match self.incarnate().await {
                    Ok(next) => break next,
                    Err(e) => tracing::warn!(error = %e, "cannot enter the registry again yet"),
                }
                tokio::time::sleep(self.core.timing.beat).await;
            };
            *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        }
    }

    async fn put_down(&self, one: &Incarnation) {
        // first the library's stop: what ends because of the fence must not be taken up again by itself
        let _ = one.engine.shutdown(Duration::ZERO).await;
        one.live.fence.cancel();
        if let Some(pool) = &one.pool {
            let _ = tokio::time::timeout(Duration::from_secs(2), pool.close()).await;
        }
    }

    /// Leaves everything as it is.
    pub(crate) fn abandon(&self) {
        self.ended.cancel();
        if let Some(live) = self.live() {
            live.fence.cancel();
        }
    }

    /// Stops taking work; what is in a step may end until `limit`; the rest goes back to its queue.
    pub(crate) async fn drain(&self, limit: Duration) -> Result<()> {
        let Some(current) = self.now() else { return Ok(()) };
        current.engine.deactivate();
        let in_time = tokio::time::timeout(limit, current.live.drain()).await.is_ok();
        if !in_time {
            tracing::warn!("the drain's time is over; steps under way are done again elsewhere");
        }
        self.ended.cancel();
        self.put_down(&current).await;
        self.now.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = current.engine.shutdown(Duration::from_secs(2)).await;
        let mut tx = self.core.database.begin(Scope::System).await?;
        executors::stop(&mut tx, current.live.id).await?;
        // not by the library's recovery, which counts how often a run ended its process
        let sql = format!(
            "UPDATE {} SET status = 'ENQUEUED', executor_id = '', started_at_epoch_ms = NULL
             WHERE status = 'PENDING' AND executor_id = ? AND queue_name IS NOT NULL",
            self.core.table("workflow_status")
        );
        tx.execute(&sql, values![current.live.id.to_string()]).await?;
        tx.commit().await
    }

    /// Looks for executors that fell silent, and for work of those that are gone.
    async fn sweep(self: Arc<Self>) {
        let timing = self.core.timing;
        let mut seen: HashMap<ExecutorId, (Timestamp, u32)> = HashMap::new();
        // a look counts only if the one before it was not long ago: who slept has not watched
        let step = timing.lease / 6;
        let mut last = Instant::now();
        let mut round = 0_u32;
        let mut missing: BTreeMap<String, u32> = BTreeMap::new();
        while self.ended.run_until_cancelled(tokio::time::sleep(step)).await.is_some() {
            if last.elapsed() > timing.fence {
                seen.clear();
            }
            last = Instant::now();
            let Some(live) = self.live().filter(|l| !l.fence.is_cancelled()) else { continue };
            if self.core.dialect == Dialect::Postgres {
                if let Err(e) = self.bury(live.id, &mut seen).await {
                    tracing::warn!(error = %e, "cannot look at the registry");
                    seen.clear();
                    continue;
                }
                if let Err(e) = self.recover().await {
                    tracing::warn!(error = %e, "cannot give work of executors that are gone to others");
                }
            }
            round += 1;
            if round.is_multiple_of(8)
                && let Err(e) = self.collect_orphans(&live, &mut missing).await
            {
                tracing::warn!(error = %e, "cannot look for runs that nobody runs");
            }
        }
    }

    /// Gives the work of those away that have not changed in six looks and more, which is a lease and more.
    async fn bury(&self, me: ExecutorId, seen: &mut HashMap<ExecutorId, (Timestamp, u32)>) -> Result<()> {
        let mut tx = self.core.database.read(Scope::System).await?;
        let owners = executors::owners(&mut tx).await?;
        drop(tx);
        seen.retain(|id, _| owners.iter().any(|o| o.registration.id == *id));
        for other in owners.iter().filter(|o| o.registration.id != me) {
            let id = other.registration.id;
            let looks = match seen.get(&id) {
                Some((beat, looks)) if *beat == other.beat_at => looks + 1,
                _ => 0,
            };
            seen.insert(id, (other.beat_at, looks));
            if looks >= 7 {
                let mut tx = self.core.database.begin(Scope::System).await?;
                let won = executors::take_over(&mut tx, id, other.beat_at).await?;
                tx.commit().await?;
                if won {
                    tracing::warn!(executor = %id, host = %other.registration.host, "fell silent; its work is given away");
                }
            }
        }
        Ok(())
    }

    /// Puts the runs of executors that own nothing any more back on their queues. The library's compare-and-set lets
    /// one of several that try it win.
    async fn recover(&self) -> Result<()> {
        let sql = format!(
            "SELECT DISTINCT executor_id AS id FROM {} WHERE status = 'PENDING' AND executor_id NOT IN
                (SELECT id FROM platform_executors WHERE stopped_at IS NULL AND taken_over_at IS NULL)",
            self.core.table("workflow_status")
        );
        let mut tx = self.core.database.read(Scope::System).await?;
        let gone: Vec<String> =
            tx.rows(&sql, values![]).await?.iter().map(|row| row.text("id")).collect::<Result<_>>()?;
        drop(tx);
        // without names the library would take everybody's
        if gone.is_empty() {
            return Ok(());
        }
        let back = self.client.recover_pending_for(&gone).await.map_err(read)?;
        tracing::info!(runs = back.len(), "put back on their queues");
        Ok(())
    }

    /// Runs that are this entry's and that nothing runs: the answer to a claim was lost, or a record could not be
    /// written for long. What is missing in three looks goes back to its queue.
    async fn collect_orphans(&self, live: &Live, missing: &mut BTreeMap<String, u32>) -> Result<()> {
        let filter = ListFilter {
            status: vec![STATUS_PENDING.to_string()],
            executor_ids: vec![live.id.to_string()],
            load_input: false,
            load_output: false,
            ..Default::default()
        };
        let here = live.runs();
        let rows = self.client.list_workflows(&filter).await.map_err(read)?;
        let absent: Vec<_> = rows.into_iter().filter(|r| !here.contains(&r.id)).collect();
        missing.retain(|id, _| absent.iter().any(|r| r.id == *id));
        for row in absent {
            let looks = missing.entry(row.id.clone()).or_insert(0);
            *looks += 1;
            if *looks >= 3 {
                let claim = RecoveryClaimRequest {
                    workflow_id: &row.id,
                    expected_executor: &row.executor_id,
                    expected_attempts: row.recovery_attempts,
                    new_executor: "",
                    max_attempts: ENDS,
                    requeue: true,
                };
                let done = self.core.provider.claim_for_recovery(&claim).await.map_err(read)?;
                tracing::warn!(run = %row.id, ?done, "was claimed and not run");
                missing.remove(&row.id);
            }
        }
        Ok(())
    }

    /// Ends the code of runs that another process cancelled.
    async fn watch(self: Arc<Self>) {
        while self.ended.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await.is_some() {
            // one process cancels and runs on SQLite
            let (Dialect::Postgres, Some(live)) = (self.core.dialect, self.live()) else { continue };
            let here = live.runs();
            if here.is_empty() {
                continue;
            }
            let filter = ListFilter {
                workflow_ids: here,
                status: vec![STATUS_CANCELLED.to_string()],
                load_input: false,
                load_output: false,
                ..Default::default()
            };
            if let Ok(rows) = self.client.list_workflows(&filter).await {
                rows.iter().for_each(|row| live.cancel(&row.id));
            }
        }
    }

    /// What the library counts.
    pub(crate) async fn metrics(&self) -> Option<durare::EngineMetrics> {
        self.now()?.engine.metrics().await.ok()
    }
}

async fn beat(core: &Core, id: ExecutorId) -> Result<bool> {
    let mut tx = core.database.begin(Scope::System).await?;
    let mine = executors::beat(&mut tx, id).await?;
    tx.commit().await?;
    Ok(mine)
}

/// The life of a lease on PostgreSQL: ends when the entry ends, and fences it when it is lost.
async fn lease(core: Arc<Core>, live: Arc<Live>, model: PgPool, begun: Instant) {
    // the pool of this thread's runtime: one connection, made again when it breaks
    let pool = Connections::new(&model, None, 1).pool;
    let fence = live.fence.clone();
    let beats = async {
        let mut confirmed = begun;
        loop {
            let asked = Instant::now();
            if asked.duration_since(confirmed) > core.timing.fence {
                return "no sign of life could be given in time";
            }
            let left = core.timing.fence.saturating_sub(confirmed.elapsed());
            match tokio::time::timeout(left.min(core.timing.beat * 2), beat_on(&pool, live.id)).await {
                Ok(Ok(true)) => confirmed = asked,
                Ok(Ok(false)) => return "its work was given away",
                Ok(Err(_)) | Err(_) => {}
            }
            let left = core.timing.fence.saturating_sub(confirmed.elapsed());
            tokio::time::sleep(core.timing.beat.min(left + Duration::from_millis(1))).await;
        }
    };
    tokio::select! {
        why = beats => {
            tracing::warn!(executor = %live.id, why, "leaves its runs alone");
            live.fence.cancel();
        }
        () = fence.cancelled() => {}
    }
}

async fn beat_on(pool: &PgPool, id: ExecutorId) -> Result<bool> {
    let mut connection = pool.acquire().await.map_err(proofmark_store::database::error)?;
    let on: &mut sqlx::PgConnection = &mut connection;
    executors::beat(on, id).await
}
