//! What a workflow is given: the operations whose outcomes are recorded.

use crate::connection::TxConnection;
use crate::core::Core;
use crate::error::{of_transaction, read, record, transient};
use crate::hub;
use crate::live::{Live, Run};
use crate::options::{CHILD, EnqueueOptions, StepOptions, check_id};
use durare::{ChangeWait, DurableContext, TransactionOptions, Tx};
use futures_util::future::BoxFuture;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::{Clock, Timestamp};
use proofmark_store::system::SystemClock;
use proofmark_store::{Connection, Dialect, Scope};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The run, to its workflow. Operations are recorded in the order they are called; a workflow calls the same ones in
/// the same order whenever it is replayed, and takes time, randomness and everything outside from here.
#[derive(Clone)]
pub struct Context {
    pub(crate) durable: DurableContext,
    pub(crate) core: Arc<Core>,
    pub(crate) live: Arc<Live>,
    pub(crate) run: Arc<Run>,
}

/// Tells a step that its result is not wanted any more: the run was cancelled, the attempt's time is over, or the
/// process ends. Async code need not look: its future is dropped. Blocking code and child processes must.
#[derive(Clone, Debug)]
pub struct Cancelled(CancellationToken);

impl Cancelled {
    /// Whether it has happened.
    pub fn is_set(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for it.
    pub async fn wait(&self) {
        self.0.cancelled().await;
    }
}

impl Context {
    /// Identifier of the run.
    pub fn run_id(&self) -> &str {
        &self.run.id
    }

    /// An outcome of the library for the workflow. What is not the workflow's business (the run is cancelled, its
    /// lease lost, its record made by other code) ends the workflow's future here.
    async fn outcome<T>(&self, outcome: durare::Result<T>) -> Result<T> {
        match outcome {
            Ok(value) => Ok(value),
            Err(
                e @ (durare::Error::RecoveryRequired(_)
                | durare::Error::ObservationFailed(_)
                | durare::Error::WorkflowConflict(_)),
            ) => match self.run.interrupt(e).await {},
            Err(durare::Error::Cancelled(id)) if id == self.run.id => {
                match self.run.interrupt(durare::Error::Cancelled(id)).await {}
            }
            Err(e @ durare::Error::UnexpectedStep { .. }) => match self.run.interrupt(record(&read(e))).await {},
            Err(e) => Err(read(e)),
        }
    }

    /// Does something outside of the database, **at least once**: where the process ends between the effect and its
    /// record, it is done again. Retried as `options` say; the outcome, error or not, is recorded, and a replay gets
    /// it without running the body.
    ///
    /// # Errors
    /// The body's last; `flow.step-timeout`; a panic of the body as a defect.
    pub async fn step<T, F, R>(&self, name: &str, options: StepOptions, body: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send,
        F: Fn(Cancelled) -> R + Send + Sync,
        R: Future<Output = Result<T>> + Send,
    {
        let _busy = self.live.begin().await;
        let body = &body;
        let attempts = async move || {
            let mut attempt = 0;
            loop {
                match self.attempt(name, &options, body).await {
                    Err(e) if transient(&e) && attempt < options.retries => {
                        let asked = Duration::from_secs(e.retry_after.unwrap_or(0).into());
                        let pause = options.pause(attempt, self.core.random()).max(asked);
                        tracing::warn!(run = %self.run.id, step = name, attempt, error = %e, "step failed; tried again");
                        attempt += 1;
                        tokio::time::sleep(pause).await;
                    }
                    done => return done.map_err(|e| record(&e)),
                }
            }
        };
        let done = self.durable.step(name, attempts).await;
        self.outcome(done).await
    }

    async fn attempt<T, F, R>(&self, name: &str, options: &StepOptions, body: &F) -> Result<T>
    where
        F: Fn(Cancelled) -> R,
        R: Future<Output = Result<T>>,
    {
        let token = CancellationToken::new();
        // fires too where this future is dropped: cancellation, lost lease, drain
        let _fire = token.clone().drop_guard();
        let work = body(Cancelled(token));
        match options.timeout {
            None => work.await,
            Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
                let text = format!("the step `{name}` did not end within {} s", limit.as_secs_f64());
                Err(Error::unavailable("flow.step-timeout", text))
            }),
        }
    }

    /// Changes the database, **exactly once**: the body's SQL and the record of its outcome are one commit. The body
    /// runs again where the database asks for it (contention, lost connection) and for its own errors of kind
    /// `Unavailable`, so it must have no effect but through its connection; other errors roll back and are recorded.
    /// It must not wait for another transaction: on SQLite that one would wait for this.
    ///
    /// # Errors
    /// The body's.
    pub async fn tx<T, F>(&self, name: &str, scope: Scope, body: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'t> Fn(&'t mut dyn Connection) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    {
        let _busy = self.live.begin().await;
        let options = TransactionOptions::new(name)
            .max_retries(8)
            .base_interval(Duration::from_millis(50))
            .max_interval(Duration::from_secs(2))
            .retry_if(|e| matches!(e, durare::Error::Portable(p) if is_transient(p)));
        let (body, dialect) = (Arc::new(body), self.core.dialect);
        let done = self
            .durable
            .transaction_with(options, move |tx: &mut Tx<'_>| {
                let body = body.clone();
                Box::pin(async move {
                    let mut on = TxConnection { tx, dialect };
                    async {
                        begin(&mut on, scope).await?;
                        body(&mut on).await
                    }
                    .await
                    .map_err(of_transaction)
                })
            })
            .await;
        self.outcome(done).await
    }

    /// Waits that long, also across restarts of the process.
    ///
    /// # Errors
    /// None but defects.
    pub async fn sleep(&self, duration: Duration) -> Result<()> {
        let done = self.durable.sleep(duration).await;
        self.outcome(done).await
    }

    /// Waits for a message on a topic, at most that long. Costs nothing while it waits, days if need be.
    ///
    /// # Errors
    /// `flow.message` for one of another form.
    pub async fn recv<T>(&self, topic: &str, timeout: Duration) -> Result<Option<T>>
    where
        T: DeserializeOwned + Send,
    {
        let until = self.durable.step("recv", || async { Ok(deadline(timeout)) }).await;
        let until: Timestamp = self.outcome(until).await?;
        let position = self.durable.current_step_id();
        let recorded = self.core.provider.get_step_result(&self.run.id, position).await;
        // the library's own wait looks every 25 ms on SQLite: it is asked only when there is something to take
        if !matches!(recorded, Ok(Some(_))) {
            self.wait_for_mail(topic, until).await;
        }
        let taken = self.durable.recv::<serde_json::Value>(topic, Duration::ZERO).await;
        let Some(message) = self.outcome(taken).await? else { return Ok(None) };
        serde_json::from_value(message).map(Some).map_err(|e| {
            Error::invalid("flow.message", format!("the message on `{topic}` is not of the form that is expected: {e}"))
        })
    }

    async fn wait_for_mail(&self, topic: &str, until: Timestamp) {
        let listening = self.core.hub.listen(hub::mail(&self.run.id, topic));
        // from here on the monotonic clock counts, so that a jump of the wall clock does not end the wait
        let end = pin!(tokio::time::sleep(until.since(SystemClock.now())));
        let mut end = end;
        loop {
            let mut signal = pin!(listening.notify.notified());
            signal.as_mut().enable();
            let backstop = match self.core.has_mail(&self.run.id, topic).await {
                Ok(true) => return,
                Ok(false) => self.core.timing.backstop,
                Err(_) => Duration::from_secs(1),
            };
            // PostgreSQL tells of messages that other processes sent
            let elsewhere = async {
                let wait = ChangeWait::Notification { workflow_id: &self.run.id, topic };
                match self.core.dialect {
                    Dialect::Postgres => self.core.provider.await_change(wait, backstop).await,
                    Dialect::Sqlite => tokio::time::sleep(backstop).await,
                }
            };
            tokio::select! {
                () = &mut signal => {}
                () = elsewhere => {}
                () = &mut end => return,
            }
        }
    }

    /// Sends a message to a run, once.
    ///
    /// # Errors
    /// `run.not-found`.
    pub async fn send<T: Serialize + Sync>(&self, run: &str, topic: &str, message: &T) -> Result<()> {
        let key = format!("{} {}", self.run.id, self.durable.current_step_id());
        let message = serde_json::to_value(message).map_err(|e| Error::bug("a message that is not JSON").because(e))?;
        self.step("send", StepOptions::default(), |_| self.core.send(run, topic, &message, &key)).await
    }

    /// Starts a run of another workflow as a child, once: `suffix` names it among this run's children. It is
    /// cancelled with this run, goes through a queue of its own, and may run in another process.
    ///
    /// # Errors
    /// `flow.unknown-workflow`, `flow.unknown-queue`, `flow.id`.
    pub async fn child<I, O>(
        &self,
        suffix: &str,
        workflow: &str,
        input: &I,
        queue: &str,
        options: EnqueueOptions,
    ) -> Result<Child<O>>
    where
        I: Serialize + Sync,
        O: DeserializeOwned,
    {
        let id = format!("{}{CHILD}{suffix}", self.run.id);
        check_id(&id, true)?;
        self.core.check_names(workflow, queue)?;
        let _busy = self.live.begin().await;
        let input = serde_json::to_value(input).map_err(|e| Error::bug("an input that is not JSON").because(e))?;
        let options = durare::WorkflowOptions {
            workflow_id: Some(id),
            queue: Some(queue.to_string()),
            priority: options.priority,
            delay: options.delay,
            ..Default::default()
        };
        let started = self.durable.start_workflow::<_, serde_json::Value>(workflow, input, options).await;
        let handle = self.outcome(started).await?;
        Ok(Child { id: handle.id().to_string(), context: self.clone(), output: std::marker::PhantomData })
    }

    /// Whether this run goes the changed way of its workflow: true in runs that get here for the first time, false in
    /// those that went past here before the change. Write `if ctx.patch("name").await? { new } else { old }`.
    ///
    /// # Errors
    /// None but defects.
    pub async fn patch(&self, name: &str) -> Result<bool> {
        let done = self.durable.patch(name).await;
        self.outcome(done).await
    }

    /// The time, the same in every replay.
    ///
    /// # Errors
    /// None but defects.
    pub async fn now(&self) -> Result<Timestamp> {
        let done = self.durable.now().await;
        Ok(Timestamp::from_micros(self.outcome(done).await?.timestamp_micros()))
    }

    /// A random UUID of version 4, the same in every replay.
    ///
    /// # Errors
    /// None but defects.
    pub async fn uuid(&self) -> Result<String> {
        let done = self.durable.uuid().await;
        self.outcome(done).await
    }
}

fn deadline(timeout: Duration) -> Timestamp {
    SystemClock.now().after(timeout)
}

fn is_transient(found: &durare::PortableWorkflowError) -> bool {
    transient(&read(durare::Error::Portable(Box::new(found.clone()))))
}

/// What every transaction does first.
async fn begin(on: &mut dyn Connection, scope: Scope) -> Result<()> {
    if on.dialect() == Dialect::Sqlite {
        // takes the write lock: a transaction that reads first could not write after another process has
        on.execute("UPDATE platform_executors SET id = id WHERE id = ''", &[]).await?;
    }
    proofmark_store::database::enter(on, scope).await
}

/// A child that was started.
pub struct Child<O> {
    id: String,
    context: Context,
    output: std::marker::PhantomData<fn() -> O>,
}

impl<O: DeserializeOwned> Child<O> {
    /// Identifier of its run.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Waits for its end and gives its result; several children may be waited for at the same time.
    ///
    /// # Errors
    /// The child's; `flow.cancelled`; `flow.gave-up`; `flow.output` for a result of another form.
    pub async fn result(&self) -> Result<O> {
        let value = loop {
            match self.context.core.result(&self.id).await {
                Ok(ended) => break ended?,
                // not the child's error: the database is away for a while
                Err(e) if e.kind == Kind::Unavailable => tokio::time::sleep(Duration::from_secs(1)).await,
                Err(e) => return Err(e),
            }
        };
        serde_json::from_value(value)
            .map_err(|e| Error::bug(format!("the result of `{}` is not of the form that is expected: {e}", self.id)))
    }
}
