//! One step of a translation in this process: its inputs from the blob store, its result into it.

use crate::sources::Sources;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Result};
use proofmark_silicon_verify::cancel::Cancel;
use proofmark_silicon_verify::python::Search;
use proofmark_silicon_verify::translate::{self, Job, Origin, Refusal, Results, STACK, Session, Status, Step, Stopped};
use proofmark_store::blobs::Blobs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// What a worker runs steps with.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Where inputs and results lie.
    pub blobs: Blobs,
    /// Where to look for a Python with NumPy.
    pub python: Search,
    /// Folder for scratch folders.
    pub scratch: PathBuf,
}

/// A step to be run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Which translation.
    pub job: Job,
    /// Its sources.
    pub sources: Sources,
    /// Which step.
    pub step: Step,
    /// Results of earlier steps: digests of their bytes.
    pub results: BTreeMap<Step, Digest>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its bytes.
    Done(Digest),
    /// The program, its bench or its options are refused.
    Refused(Refused),
}

/// A refusal, kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Bytes of the [`Refusal`].
    pub digest: Digest,
    /// Code of what it is for.
    pub code: String,
    /// That in one sentence.
    pub detail: String,
    /// Whether it is a defect of ours.
    pub bug: bool,
}

/// Largest result of a step that is read back, bytes.
const RESULT_BYTES: usize = 2 << 30;

fn scratch_error(e: std::io::Error) -> Error {
    Error::unavailable("silicon.scratch", "there is no room for scratch files").because(e)
}

impl Worker {
    /// A scratch folder that goes away with its guard.
    fn folder(&self) -> Result<tempfile::TempDir> {
        tempfile::Builder::new().prefix("proofmark-").tempdir_in(&self.scratch).map_err(scratch_error)
    }

    /// Keeps a refusal.
    ///
    /// # Errors
    /// What the blob store met.
    pub async fn refused(&self, refusal: &Refusal) -> Result<Refused> {
        let last = refusal.diagnostics.last();
        Ok(Refused {
            digest: self.blobs.put(refusal.to_bytes()).await?,
            code: last.map_or_else(|| "PM0390".into(), |d| d.code.to_string()),
            detail: last.map_or_else(|| "refused".into(), |d| d.message.clone()),
            bug: refusal.status == Status::Bug,
        })
    }

    /// A refusal as it was kept.
    ///
    /// # Errors
    /// What the blob store met; a defect where the bytes are none.
    pub async fn refusal(&self, refused: &Refused) -> Result<Refusal> {
        let bytes = self.blobs.bytes(refused.digest, RESULT_BYTES).await?;
        Refusal::from_bytes(&bytes).map_err(|e| Error::bug("a kept refusal cannot be read").because(e))
    }

    /// Resolves options against the sources: the job that the command line would run in that folder.
    ///
    /// # Errors
    /// What file system and blob store met.
    pub async fn resolve(
        &self,
        sources: &Sources,
        file: &str,
        bench: Option<&str>,
        mut options: translate::Options,
    ) -> Result<std::result::Result<Job, Refused>> {
        let folder = self.folder()?;
        sources.lay_out(&self.blobs, folder.path()).await?;
        options.bench = bench.map(|b| folder.path().join(b));
        let file = folder.path().join(file);
        let root = folder.path().to_path_buf();
        let resolved =
            blocking(move || translate::resolve(&file, options, Origin::Sent(&root)).map_err(Box::new)).await?;
        match resolved {
            Ok(resolved) => Ok(Ok(resolved.job)),
            Err(refusal) => Ok(Err(self.refused(&refusal).await?)),
        }
    }

    /// The bytes of earlier steps.
    async fn results(&self, task: &Task) -> Result<Results> {
        let mut results = Results::new();
        for step in task.step.needs(&task.job) {
            let digest =
                task.results.get(&step).ok_or_else(|| Error::bug(format!("step {} has no result", step.name())))?;
            results.insert(step, self.blobs.bytes(*digest, RESULT_BYTES).await?);
        }
        Ok(results)
    }

    /// Runs a step. `progress` is told what is being done; lines that nobody takes in time are left out. Once `cancel` is
    /// set, everything it runs is killed and it ends within seconds with `run.cancelled`.
    ///
    /// # Errors
    /// `run.cancelled`; `silicon.step` where results of earlier steps do not fit; what file system and blob store met.
    pub async fn run(&self, task: Task, cancel: Cancel, progress: mpsc::Sender<String>) -> Result<Outcome> {
        let results = self.results(&task).await?;
        let folder = self.folder()?;
        // steps that run no user code are given an empty folder
        if task.step.runs_user_code() {
            task.sources.lay_out(&self.blobs, folder.path()).await?;
        }
        let scratch = self.folder()?;
        let python = self.python.clone();
        let flag = cancel.clone();
        let done = blocking(move || {
            let root = folder.path().canonicalize().map_err(|e| Err(scratch_error(e)))?;
            let mut session = Session::new(&task.job, &root, &python, scratch.path(), flag);
            let mut tell = |what: &str| drop(progress.try_send(what.to_string()));
            session.run(task.step, &results, &mut tell).map_err(Ok)
        })
        .await?;
        match done {
            Ok(bytes) => Ok(Outcome::Done(self.blobs.put(bytes).await?)),
            Err(Err(e)) => Err(e),
            Err(Ok(Stopped::Refused(refusal))) => Ok(Outcome::Refused(self.refused(&refusal).await?)),
            Err(Ok(Stopped::Bug(what))) => Ok(Outcome::Refused(self.refused(&bug(what)).await?)),
            Err(Ok(Stopped::Cancelled)) => Err(proofmark_platform_service::execution::cancelled()),
            Err(Ok(Stopped::Steps(e))) => {
                Err(Error::new(proofmark_base::error::Kind::Conflict, "silicon.step", e.to_string())
                    .help("start the translation again: results of another version do not fit"))
            }
        }
    }

    /// The outcome of a translation, from the bytes of its last step.
    ///
    /// # Errors
    /// `silicon.step`; what the blob store met.
    pub async fn bundle(&self, job: &Job, results: &BTreeMap<Step, Digest>) -> Result<translate::Bundle> {
        let mut bytes = Results::new();
        for step in Step::Evidence.needs(job).into_iter().chain([Step::Evidence]) {
            let digest = results.get(&step).ok_or_else(|| Error::bug(format!("step {} has no result", step.name())))?;
            bytes.insert(step, self.blobs.bytes(*digest, RESULT_BYTES).await?);
        }
        let job = job.clone();
        blocking(move || {
            Session::bundle(&job, &bytes).map_err(|e| Error::bug("the evidence cannot be read").because(e))
        })
        .await?
    }
}

/// A defect of ours as a refusal that says so.
fn bug(what: String) -> Refusal {
    let mut lines = what.lines();
    let mut refusal = Refusal::usage("PM0390", lines.next().unwrap_or("something went wrong"));
    refusal.status = Status::Bug;
    for d in &mut refusal.diagnostics {
        d.severity = proofmark_base::diagnostics::Severity::Bug;
        d.notes = lines.by_ref().map(str::to_string).collect();
    }
    refusal
}

/// Runs blocking work on a thread of its own with the stack that the front end needs.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (send, receive) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("silicon".into())
        .stack_size(STACK)
        .spawn(move || drop(send.send(work())))
        .map_err(|e| Error::unavailable("silicon.thread", "no thread can be started").because(e))?;
    receive.await.map_err(|e| Error::bug("a step broke off").because(e))
}
