//! The engine: declared with a [`Builder`], then asked to run, signal, cancel and show runs.

use crate::context::Context;
use crate::core::{Body, Core, Timing};
use crate::error::read;
use crate::figures::Metrics;
use crate::hub::Hub;
use crate::options::{CHILD, EnqueueOptions, ExecutorInfo, Queue, check_id, served_with};
use crate::postgres::{self, Connections};
use crate::worker::{self, Settings, Worker};
use durare::{
    DurableEngine, ForkParams, ListFilter, STATUS_CANCELLED, STATUS_DELAYED, STATUS_ENQUEUED, STATUS_ERROR,
    STATUS_PENDING, STATUS_SUCCESS, SqliteProvider, StateProvider, WorkflowStatus, is_terminal,
};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::{Clock, Timestamp};
use proofmark_kernel::run::RunStatus;
use proofmark_store::executors::{self, Executor};
use proofmark_store::system::SystemClock;
use proofmark_store::{Database, Dialect, Scope, SoleProcess};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Declares an engine: its queues, its workflows, and whether this process runs any.
pub struct Builder {
    database: Database,
    version: String,
    info: ExecutorInfo,
    queues: Vec<Queue>,
    bodies: BTreeMap<String, Body>,
    listen: Option<Vec<String>>,
    connections: u32,
    retention: Option<Duration>,
    twice: Vec<String>,
}

/// Runs, signals, cancels and shows runs. Cheap to clone. When the last clone is dropped without a
/// [`drain`](Engine::drain), its runs are left as if the process had died.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    client: Arc<DurableEngine>,
    worker: Option<Arc<Worker>>,
    version: String,
    /// On SQLite: no other process runs workflows on the file.
    _sole: Mutex<Option<SoleProcess>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            worker.abandon();
        }
    }
}

/// A run as it stands.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Identifier.
    pub id: String,
    /// Name of its workflow.
    pub workflow: String,
    /// Where it stands. The engine does not know of waiting for people: such a run is `Running`.
    pub status: RunStatus,
    /// Queue; none once it was cancelled.
    pub queue: Option<String>,
    /// Executor that has it or had it last.
    pub executor: Option<String>,
    /// What it was given.
    pub input: Value,
    /// The run that started it.
    pub parent: Option<String>,
    /// The run that it retries.
    pub retry_of: Option<String>,
    /// Takeovers so far.
    pub takeovers: u32,
    /// When it was enqueued.
    pub created_at: Timestamp,
}

/// A recorded operation of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its place, from 0.
    pub position: i32,
    /// Its name; what begins with `DBOS.` is the library's.
    pub name: String,
    /// What it gave; none for errors and where nothing is recorded.
    pub output: Option<Value>,
    /// Text of its error.
    pub error: Option<String>,
    /// The child that it started.
    pub child: Option<String>,
    /// When it began, where that is recorded.
    pub started_at: Option<Timestamp>,
    /// When it was recorded.
    pub ended_at: Option<Timestamp>,
}

impl Engine {
    /// Declares an engine on that database.
    pub fn builder(database: &Database) -> Builder {
        Builder {
            database: database.clone(),
            version: String::new(),
            info: ExecutorInfo::default(),
            queues: Vec::new(),
            bodies: BTreeMap::new(),
            listen: None,
            connections: 10,
            retention: None,
            twice: Vec::new(),
        }
    }

    pub(crate) fn client(&self) -> &DurableEngine {
        &self.0.client
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0.core
    }

    /// Puts a run in line. The identifier is its idempotency key: true if this call made it, false if it was there.
    ///
    /// # Errors
    /// `flow.id-taken` where a run of that identifier does something else; `flow.unknown-workflow`,
    /// `flow.unknown-queue`, `flow.id`; `store.*`.
    pub async fn enqueue<I: Serialize + ?Sized>(
        &self,
        id: &str,
        workflow: &str,
        input: &I,
        queue: &str,
        options: EnqueueOptions,
    ) -> Result<bool> {
        check_id(id, false)?;
        self.0.core.check_names(workflow, queue)?;
        let input = serde_json::to_value(input).map_err(|e| Error::bug("an input that is not JSON").because(e))?;
        let status = if options.delay.is_some() { STATUS_DELAYED } else { STATUS_ENQUEUED };
        let mut row = WorkflowStatus::new(id, workflow, input.clone(), status, "", &self.0.version);
        row.queue_name = Some(queue.to_string());
        row.priority = options.priority;
        row.delay_until_ms = options.delay.map(|d| SystemClock.now().after(d).millis());
        let (found, created) = self.0.core.provider.insert_workflow_status(row).await.map_err(read)?;
        if !created && (found.name != workflow || found.input != input) {
            return Err(Error::new(
                Kind::Conflict,
                "flow.id-taken",
                format!("`{id}` is a run that does something else"),
            )
            .help("an identifier stands for one workflow and one input"));
        }
        Ok(created)
    }

    /// Sends a message to a run, once for each idempotency key. A run that does not wait yet finds it later.
    ///
    /// # Errors
    /// `run.not-found`; `store.*`.
    pub async fn signal<T: Serialize + ?Sized>(
        &self,
        id: &str,
        topic: &str,
        message: &T,
        idempotency_key: &str,
    ) -> Result<()> {
        let message = serde_json::to_value(message).map_err(|e| Error::bug("a message that is not JSON").because(e))?;
        self.0.core.send(id, topic, &message, idempotency_key).await
    }

    /// Cancels a run and its children, theirs included. Their code ends at the await it is in, within a second also
    /// in other processes; what has ended stays as it is.
    ///
    /// # Errors
    /// `run.not-found`; `store.*`.
    pub async fn cancel(&self, id: &str) -> Result<()> {
        let provider = &self.0.core.provider;
        if provider.get_workflow_status(id).await.map_err(read)?.is_none() {
            return Err(Error::not_found("run"));
        }
        let mut level = vec![id.to_string()];
        // parents before their children: who is cancelled starts no more
        while !level.is_empty() {
            provider.cancel_workflows(&level).await.map_err(read)?;
            if let Some(live) = self.0.worker.as_ref().and_then(|w| w.live()) {
                level.iter().for_each(|id| live.cancel(id));
            }
            level.iter().for_each(|id| self.0.core.hub.signal(&crate::hub::end(id)));
            let filter =
                ListFilter { parent_workflow_ids: level, load_input: false, load_output: false, ..Default::default() };
            let children = provider.list_workflows(&filter).await.map_err(read)?;
            level = children.into_iter().map(|c| c.id).collect();
        }
        Ok(())
    }

    /// Makes a new run that takes over what an ended one recorded before the step of that name, and goes on from
    /// there. Where a name occurs more than once, say which with its position: `build@7`.
    ///
    /// # Errors
    /// `run.not-found`; `flow.not-ended`; `flow.unknown-step`; `flow.ambiguous-step`; `flow.id-taken`; `store.*`.
    pub async fn retry_from(&self, id: &str, step: &str, new_id: &str, queue: &str) -> Result<()> {
        check_id(new_id, false)?;
        let Some(old) = self.status(id).await? else { return Err(Error::not_found("run")) };
        self.0.core.check_names(&old.workflow, queue)?;
        if !old.status.ended() {
            return Err(Error::new(Kind::Conflict, "flow.not-ended", format!("`{id}` is still {}", old.status))
                .help("cancel it first, or wait for its end"));
        }
        let steps = self.steps(id).await?;
        let (name, position) = match step.rsplit_once('@') {
            Some((name, at)) if at.parse::<i32>().is_ok() => (name, at.parse::<i32>().ok()),
            _ => (step, None),
        };
        let named: Vec<i32> = steps
            .iter()
            .filter(|s| s.name == name && position.is_none_or(|p| p == s.position))
            .map(|s| s.position)
            .collect();
        let start_step = match named[..] {
            [one] => one,
            [] => {
                let names: Vec<_> = steps.iter().map(|s| s.name.as_str()).collect();
                return Err(Error::invalid("flow.unknown-step", format!("`{id}` has recorded no step `{step}`"))
                    .help(format!("it recorded {}", names.join(", "))));
            }
            _ => {
                let places: Vec<_> = named.iter().map(|p| format!("{name}@{p}")).collect();
                return Err(Error::invalid("flow.ambiguous-step", format!("`{id}` did `{name}` more than once"))
                    .help(format!("say which: {}", places.join(", "))));
            }
        };
        let fork = ForkParams {
            original_id: id.to_string(),
            new_id: new_id.to_string(),
            start_step,
            app_version: Some(self.0.version.clone()),
            queue_name: queue.to_string(),
            partition_key: None,
        };
        match self.0.core.provider.fork_workflow(&fork).await {
            Ok(()) => Ok(()),
            Err(e) if e.is_unique_violation() => match self.status(new_id).await? {
                // the same call once more
                Some(there) if there.retry_of.as_deref() == Some(id) => Ok(()),
                _ => Err(Error::new(Kind::Conflict, "flow.id-taken", format!("there is a run `{new_id}` already"))),
            },
            Err(e) => Err(read(e)),
        }
    }

    /// A run, if there is one.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn status(&self, id: &str) -> Result<Option<Execution>> {
        Ok(self.0.core.provider.get_workflow_status(id).await.map_err(read)?.map(execution))
    }

    /// The outcome of a run that has ended; none while it has not.
    ///
    /// # Errors
    /// `run.not-found`; `store.*`. The inner error is the run's own.
    pub async fn outcome<T: DeserializeOwned>(&self, id: &str) -> Result<Option<Result<T>>> {
        let status = self.0.core.provider.get_workflow_status(id).await.map_err(read)?;
        match status {
            None => Err(Error::not_found("run")),
            Some(row) if is_terminal(&row.status) => Ok(Some(self.0.core.ended(id).await.and_then(|v| typed(id, v)))),
            Some(_) => Ok(None),
        }
    }

    /// Waits for the end of a run and gives its outcome.
    ///
    /// # Errors
    /// The run's; `run.not-found`; `store.*`.
    pub async fn wait<T: DeserializeOwned>(&self, id: &str) -> Result<T> {
        typed(id, self.0.core.result(id).await??)
    }

    /// What a run has recorded, in order.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn steps(&self, id: &str) -> Result<Vec<Step>> {
        let steps = self.0.core.provider.get_workflow_steps(id).await.map_err(read)?;
        Ok(steps
            .into_iter()
            .map(|s| Step {
                position: s.step_id,
                name: s.name,
                output: s.output,
                error: s.error,
                child: s.child_workflow_id,
                started_at: s.started_at.map(|t| Timestamp::from_micros(t.timestamp_micros())),
                ended_at: s.completed_at.map(|t| Timestamp::from_micros(t.timestamp_micros())),
            })
            .collect())
    }

    /// Children of a run, in order of their start.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn children(&self, id: &str) -> Result<Vec<Execution>> {
        let filter = ListFilter { parent_workflow_ids: vec![id.to_string()], ..Default::default() };
        let found = self.0.core.provider.list_workflows(&filter).await.map_err(read)?;
        Ok(found.into_iter().map(execution).collect())
    }

    /// The newest executors, newest first.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn executors(&self, limit: u32) -> Result<Vec<Executor>> {
        let mut tx = self.0.core.database.read(Scope::System).await?;
        executors::newest(&mut tx, limit).await
    }

    /// This process's entry among them.
    pub fn executor(&self) -> Option<executors::ExecutorId> {
        Some(self.0.worker.as_ref()?.live()?.id)
    }

    /// Figures.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn metrics(&self) -> Result<Metrics> {
        let found = self.0.client.metrics().await.map_err(read)?;
        let queued = found.queue_depth.into_iter().filter(|(q, _)| !q.starts_with('_')).collect();
        let mut metrics = Metrics { queued, ..Metrics::default() };
        if let Some(worker) = &self.0.worker {
            if let Some(live) = worker.live() {
                (metrics.runs, metrics.busy, metrics.begun_total) = live.counts();
            }
            if let Some(own) = worker.metrics().await {
                metrics.dequeue_errors_total = own.dequeue_errors_total;
                metrics.given_up_total = own.dead_lettered_total;
            }
        }
        metrics.given_up_total += found.dead_lettered_total;
        Ok(metrics)
    }

    /// Ends this process's work in good order: takes no more, lets steps under way end until `limit`, and puts all
    /// runs that have not ended back on their queues for others. The engine still signals, cancels and shows.
    ///
    /// # Errors
    /// `store.*`: the work is then given away as if the process had died.
    pub async fn drain(&self, limit: Duration) -> Result<()> {
        match &self.0.worker {
            Some(worker) => worker.drain(limit).await,
            None => Ok(()),
        }
    }
}

impl Builder {
    /// Name of the generation of the workflows' code: a run is continued only by workers of its own version. It must
    /// not change with every build, or waiting runs are stranded; change it only where `patch` is not enough.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// What this process is.
    #[must_use]
    pub fn executor(mut self, info: ExecutorInfo) -> Self {
        self.info = info;
        self
    }

    /// Declares a queue.
    #[must_use]
    pub fn queue(mut self, queue: Queue) -> Self {
        if self.queues.iter().any(|q| q.name == queue.name) {
            self.twice.push(format!("the queue `{}`", queue.name));
        }
        self.queues.push(queue);
        self
    }

    /// Declares a workflow. A process that starts runs or children of it declares it too, though others run it.
    #[must_use]
    pub fn register<I, O, F, R>(mut self, name: &str, workflow: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        F: Fn(Context, I) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O>> + Send + 'static,
    {
        let workflow = Arc::new(workflow);
        let body: Body = Arc::new(move |context, input| {
            let workflow = workflow.clone();
            Box::pin(async move {
                let input = serde_json::from_value(input)
                    .map_err(|e| Error::invalid("flow.input", format!("the workflow cannot read its input: {e}")))?;
                let output = workflow(context, input).await?;
                serde_json::to_value(output).map_err(|e| Error::bug("a result that is not JSON").because(e))
            })
        });
        if self.bodies.insert(name.to_string(), body).is_some() {
            self.twice.push(format!("the workflow `{name}`"));
        }
        self
    }

    /// Takes work from these queues. Without it the engine runs nothing itself.
    #[must_use]
    pub fn listen<S: Into<String>>(mut self, queues: impl IntoIterator<Item = S>) -> Self {
        self.listen = Some(queues.into_iter().map(Into::into).collect());
        self
    }

    /// Takes work from all queues whose tools this process has.
    #[must_use]
    pub fn listen_by_tools(mut self) -> Self {
        self.listen = Some(served_with(&self.queues, &self.info.tools).into_iter().map(Into::into).collect());
        self
    }

    /// Connections of a worker to PostgreSQL, beside the database's own; 10 unless said.
    #[must_use]
    pub fn connections(mut self, connections: u32) -> Self {
        self.connections = connections;
        self
    }

    /// Forgets runs that ended that long ago. Unless said, nothing is forgotten.
    #[must_use]
    pub fn retention(mut self, period: Duration) -> Self {
        self.retention = Some(period);
        self
    }

    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::invalid("flow.declaration", text));
        if let Some(twice) = self.twice.first() {
            return wrong(format!("{twice} is declared twice"));
        }
        if self.version.is_empty() {
            return wrong("the engine has no version".into());
        }
        if let Some(queue) = self.queues.iter().find(|q| q.name.is_empty() || q.name.starts_with('_')) {
            return wrong(format!("`{}` cannot name a queue", queue.name));
        }
        if let Some(queue) = self.queues.iter().find(|q| q.per_worker == Some(0) || q.global == Some(0)) {
            return wrong(format!("the queue `{}` lets nothing through", queue.name));
        }
        for name in self.listen.iter().flatten() {
            let Some(queue) = self.queues.iter().find(|q| q.name == *name) else {
                return wrong(format!("there is no queue `{name}` to listen to"));
            };
            if let Some(tool) = queue.needs.iter().find(|need| !self.info.tools.contains(need)) {
                return wrong(format!("the queue `{name}` needs `{tool}`, which this process does not have"));
            }
        }
        Ok(())
    }

    /// Starts it.
    ///
    /// # Errors
    /// `flow.declaration`; `flow.environment`; `store.in-use` where another process runs workflows on a SQLite file;
    /// `store.*`.
    pub async fn start(self) -> Result<Engine> {
        self.check()?;
        let listens = self.listen.as_ref().is_some_and(|l| !l.is_empty());
        let sole = if listens { self.database.sole_process().await? } else { None };
        let connections = self.database.postgres_pool().map(|model| Connections::new(model, None, 4));
        let provider: Arc<dyn StateProvider> = match (&connections, self.database.sqlite_writer()) {
            (Some(connections), _) => Arc::new(connections.provider().await?),
            (None, Some(writer)) => Arc::new(SqliteProvider::from_pool(writer.clone())),
            (None, None) => return Err(Error::bug("a database that is neither SQLite nor PostgreSQL")),
        };
        let dialect: Dialect = self.database.dialect();
        let core = Arc::new(Core {
            database: self.database,
            dialect,
            hub: Arc::new(Hub::default()),
            provider: provider.clone(),
            queues: self.queues,
            bodies: self.bodies,
            timing: Timing::of(dialect),
        });
        let settings = Settings {
            version: self.version.clone(),
            info: self.info,
            listen: self.listen.unwrap_or_default(),
            connections: self.connections,
            retention: self.retention,
        };
        let client = Arc::new(worker::engine(&core, provider, "client", &settings, None).await?);
        if let Some(connections) = &connections {
            connections.begin_anew();
            postgres::fence(&connections.pool).await?;
        }
        let worker = match listens {
            true => Some(Worker::start(core.clone(), client.clone(), settings).await?),
            false => None,
        };
        Ok(Engine(Arc::new(Inner { core, client, worker, version: self.version, _sole: Mutex::new(sole) })))
    }
}

fn typed<T: DeserializeOwned>(id: &str, value: Value) -> Result<T> {
    serde_json::from_value(value)
        .map_err(|e| Error::bug(format!("the result of `{id}` is not of the form that is expected: {e}")))
}

fn execution(row: WorkflowStatus) -> Execution {
    let status = match row.status.as_str() {
        STATUS_ENQUEUED | STATUS_DELAYED => RunStatus::Queued,
        STATUS_PENDING => RunStatus::Running,
        STATUS_SUCCESS => RunStatus::Succeeded,
        STATUS_CANCELLED => RunStatus::Cancelled,
        // an error, or put aside after too many ends of its process
        STATUS_ERROR => RunStatus::Failed,
        _ => RunStatus::Failed,
    };
    let parent = row.parent_workflow_id.or_else(|| row.id.rsplit_once(CHILD).map(|(p, _)| p.to_string()));
    Execution {
        workflow: row.name,
        status,
        queue: row.queue_name,
        executor: (!row.executor_id.is_empty()).then_some(row.executor_id),
        input: row.input,
        parent,
        retry_of: row.forked_from,
        takeovers: u32::try_from(row.recovery_attempts).unwrap_or(0),
        created_at: Timestamp::from_micros(row.created_at.timestamp_micros()),
        id: row.id,
    }
}
