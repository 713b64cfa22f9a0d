//! What engine, workers and contexts share: the database, the library's store on it, and what was declared.

use crate::context::Context;
use crate::error::read;
use crate::hub::{self, Hub};
use crate::options::Queue;
use durare::{StateProvider, WorkflowHandle, is_terminal};
use futures_util::future::BoxFuture;
use proofmark_base::error::{Error, Result};
use proofmark_base::id::Random;
use proofmark_store::connection::first;
use proofmark_store::system::SystemRandom;
use proofmark_store::{Database, Dialect, Scope, values};
use serde_json::Value;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// A workflow without its types.
pub(crate) type Body = Arc<dyn Fn(Context, Value) -> BoxFuture<'static, Result<Value>> + Send + Sync>;

/// Times that decide about life and death, and about looking again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// Between signs of life.
    pub(crate) beat: Duration,
    /// Without an own sign of life for that long, runs are left alone. Less than `lease`.
    pub(crate) fence: Duration,
    /// Another's silence after which its work is given away.
    pub(crate) lease: Duration,
    /// Between looks at a queue.
    pub(crate) poll: Duration,
    /// Between looks at what signals tell of.
    pub(crate) backstop: Duration,
    /// Most between looks at a run whose end is waited for; in this process a signal tells of it.
    pub(crate) look: Duration,
}

impl Timing {
    pub(crate) fn of(dialect: Dialect) -> Self {
        let shared = dialect == Dialect::Postgres;
        Timing {
            beat: if shared { Duration::from_millis(500) } else { Duration::from_secs(30) },
            fence: Duration::from_millis(2200),
            lease: Duration::from_secs(3),
            // all that an idle server does: the library prepares these statements anew at each look, because partial indexes
            // speak of what is bound
            poll: Duration::from_millis(if shared { 200 } else { 300 }),
            // a signal of another process, or of another engine of this one, is not heard on SQLite
            backstop: Duration::from_secs(if shared { 5 } else { 15 }),
            look: Duration::from_secs(if shared { 1 } else { 5 }),
        }
    }
}

/// See the module.
pub(crate) struct Core {
    pub(crate) database: Database,
    pub(crate) dialect: Dialect,
    pub(crate) hub: Arc<Hub>,
    /// For what is not done as an executor.
    pub(crate) provider: Arc<dyn StateProvider>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) bodies: BTreeMap<String, Body>,
    pub(crate) timing: Timing,
}

impl Core {
    /// A table of the library.
    pub(crate) fn table(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => name.to_string(),
            Dialect::Postgres => format!("{}.{name}", crate::postgres::SCHEMA),
        }
    }

    /// Refuses names that nobody declared.
    pub(crate) fn check_names(&self, workflow: &str, queue: &str) -> Result<()> {
        if !self.bodies.contains_key(workflow) {
            let names: Vec<_> = self.bodies.keys().map(String::as_str).collect();
            return Err(Error::invalid("flow.unknown-workflow", format!("there is no workflow `{workflow}`"))
                .help(format!("one of {}", names.join(", "))));
        }
        if !self.queues.iter().any(|q| q.name == queue) {
            let names: Vec<_> = self.queues.iter().map(|q| q.name.as_str()).collect();
            return Err(Error::invalid("flow.unknown-queue", format!("there is no queue `{queue}`"))
                .help(format!("one of {}", names.join(", "))));
        }
        Ok(())
    }

    /// A random number of [0, 1).
    pub(crate) fn random(&self) -> f64 {
        let mut bytes = [0; 4];
        SystemRandom.fill(&mut bytes);
        f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }

    /// Sends a message; a key that was used for that run before makes it a no-op.
    pub(crate) async fn send(&self, run: &str, topic: &str, message: &Value, key: &str) -> Result<()> {
        self.provider.insert_notification(run, topic, message.clone(), Some(key)).await.map_err(read)?;
        self.hub.signal(&hub::mail(run, topic));
        Ok(())
    }

    /// Whether a message waits.
    pub(crate) async fn has_mail(&self, run: &str, topic: &str) -> Result<bool> {
        let sql = format!(
            "SELECT 1 AS one FROM {} WHERE destination_uuid = ? AND topic = ? AND consumed = FALSE LIMIT 1",
            self.table("notifications")
        );
        let mut tx = self.database.read(Scope::System).await?;
        Ok(first(&mut tx, &sql, values![run, topic]).await?.is_some())
    }

    /// Waits for a run's end. The outer error is about looking, the inner one the run's own.
    pub(crate) async fn result(&self, id: &str) -> Result<Result<Value>> {
        let listening = self.hub.listen(hub::end(id));
        let mut pause = Duration::from_millis(20);
        loop {
            let mut signal = pin!(listening.notify.notified());
            signal.as_mut().enable();
            let status = self.provider.get_workflow_status(id).await.map_err(read)?;
            let Some(status) = status else { return Err(Error::not_found("run")) };
            if is_terminal(&status.status) {
                return Ok(self.ended(id).await);
            }
            tokio::select! {
                // the code has ended; its record follows within moments
                () = &mut signal => pause = Duration::from_millis(1),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(self.timing.look),
            }
        }
    }

    /// The outcome of a run that has ended.
    pub(crate) async fn ended(&self, id: &str) -> Result<Value> {
        let client = durare::Client::new(self.provider.clone());
        let handle: WorkflowHandle<Value> = client.retrieve_workflow(id).await.map_err(read)?;
        handle.result().await.map_err(read)
    }
}
