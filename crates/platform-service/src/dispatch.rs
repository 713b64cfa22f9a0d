//! Carries out what events ask of workflows: a run that was requested is started, one that was cancelled is stopped, a
//! decision reaches the run that waits for it. Each of these may be asked for twice and happens once.

use crate::approvals::TOPIC;
use crate::workflows::Workflows;
use async_trait::async_trait;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_bus::Consumer;
use proofmark_flow::{Engine, EnqueueOptions};
use proofmark_kernel::approval::ApprovalStatus;
use proofmark_kernel::event::{Event, EventKind};
use proofmark_kernel::run::RunId;
use proofmark_store::{Database, Scope, runs};
use serde_json::Value;
use std::sync::Arc;

/// The consumer that speaks to the workflow engine.
pub struct Dispatch {
    /// Where runs are executed.
    pub engine: Engine,
    /// What there is.
    pub workflows: Arc<Workflows>,
    /// Where runs are remembered.
    pub database: Database,
}

impl Dispatch {
    async fn start(&self, event: &Event) -> Result<()> {
        let id: RunId = event.subject.parse()?;
        let run = {
            let mut tx = self.database.read(Scope::System).await?;
            runs::find(&mut tx, id).await?.ok_or_else(|| Error::not_found("run"))?
        };
        // cancelled before anybody took it
        if run.status.ended() {
            return Ok(());
        }
        let workflow = self.workflows.get(&run.workflow)?;
        let (new, queue) = (id.to_string(), workflow.queue());
        if let Some(from) = event.data.get("from").filter(|f| !f.is_null()) {
            let part = |name: &str| from.get(name).and_then(Value::as_str).unwrap_or_default();
            let step = workflow.recorded_as(part("step"));
            return self.engine.retry_from(part("run"), &step, &new, queue).await;
        }
        self.engine.enqueue(&new, workflow.name(), &Value::Null, queue, EnqueueOptions::default()).await.map(drop)
    }

    async fn decided(&self, event: &Event) -> Result<()> {
        let read = |name: &str| event.data.get(name).and_then(Value::as_str).unwrap_or_default();
        let status: ApprovalStatus = read("status").parse()?;
        if status == ApprovalStatus::Pending {
            return Ok(());
        }
        gone(self.engine.signal(read("run"), TOPIC, &status, &event.id.to_string()).await)
    }
}

/// Nobody is there any more to be told.
fn gone(done: Result<()>) -> Result<()> {
    match done {
        Err(e) if e.kind == Kind::NotFound => Ok(()),
        done => done,
    }
}

#[async_trait]
impl Consumer for Dispatch {
    fn name(&self) -> &str {
        "workflows"
    }

    async fn consume(&self, event: &Event) -> Result<()> {
        match event.kind {
            EventKind::RunRequested => self.start(event).await,
            EventKind::RunCancelRequested => gone(self.engine.cancel(&event.subject).await),
            EventKind::ApprovalDecided => self.decided(event).await,
            _ => Ok(()),
        }
    }
}
