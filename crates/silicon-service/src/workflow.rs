//! `silicon.translate` as a durable workflow.
//!
//! ```text
//! sources -> record -> model -> faults -> blocks -> target.c ┐-> mutants -> evidence -> seal -> publish [-> approval -> release]
//!                                                target.rust ┘
//! ```
//! The run itself waits on an unlimited queue, also for people; each step of the translation is a child on a limited
//! queue, served by workers that have its tools. Results of steps lie in the blob store, and the durable record of a step
//! holds their digests. The steps are those that the command line runs, so the bundle has the same bytes.

use crate::input::{Input, RUNS, TRANSLATE};
use crate::sources::{self, Sources};
use crate::steps::{Outcome, Refused, Task, Worker};
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Result};
use proofmark_flow::{Builder, Cancelled, Child, Context, EnqueueOptions, Queue, StepOptions};
use proofmark_kernel::approval::ApprovalStatus;
use proofmark_kernel::artifact::{Artifact, ArtifactId};
use proofmark_kernel::principal::{Caller, Credential};
use proofmark_kernel::run::{RunError, RunEventKind, RunId, StepStatus};
use proofmark_platform_service::execution::{self, Reporter};
use proofmark_platform_service::{Platform, approvals, releases, workers};
use proofmark_silicon_verify::cancel::Cancel;
use proofmark_silicon_verify::oracle::Limits;
use proofmark_silicon_verify::translate::{Job, Options, Step};
use proofmark_silicon_verify::verify::pipeline::Target;
use proofmark_store::runs::CheckRow;
use proofmark_store::{Scope, artifacts, principals, runs};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a run waits for people.
const PATIENCE: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long one step may take.
const STEP: Duration = Duration::from_secs(2 * 3600);

/// What the workflow's steps work with.
pub struct Service {
    /// The platform.
    pub platform: Platform,
    /// Runs steps of translations.
    pub worker: Worker,
}

/// The queue of a step.
fn queue(step: Step) -> &'static str {
    match step {
        Step::Record | Step::Faults => "silicon.python",
        Step::Target(Target::C) => "silicon.c",
        Step::Target(Target::Rust) => "silicon.rust",
        Step::Model | Step::Blocks | Step::Mutants | Step::Evidence => "silicon.model",
    }
}

/// Tools that a worker may offer, each with what it is looked for as.
pub const TOOLS: [&str; 4] = ["python", "bwrap", "gcc", "rustc"];

/// Limited queues, and the tools that their work needs. Seeded faults are compiled where they are recorded.
const LIMITED: [(&str, &[&str]); 4] = [
    ("silicon.python", &["python", "bwrap", "gcc"]),
    ("silicon.model", &["gcc"]),
    ("silicon.c", &["gcc"]),
    ("silicon.rust", &["rustc"]),
];

/// The limited queues that a worker with these tools takes no work of, each with the tools that it lacks.
pub fn not_served(tools: &[String]) -> Vec<(&'static str, Vec<&'static str>)> {
    let lacks = |needs: &[&'static str]| needs.iter().copied().filter(|n| !tools.iter().any(|t| t == n)).collect();
    let all = LIMITED.iter().map(|(queue, needs)| (*queue, lacks(needs)));
    all.filter(|(_, lacks): &(_, Vec<_>)| !lacks.is_empty()).collect()
}

/// The name under which a step is a workflow of its own, and the name that the durable record of the run has for it.
pub fn recorded_as(step: &str) -> String {
    match Step::from_name(step) {
        Some(_) => format!("silicon.{step}"),
        None => step.to_string(),
    }
}

/// Declares queues and workflows. `each` is how many steps run at a time on each limited queue of this process.
pub fn declare(builder: Builder, service: &Arc<Service>, each: u32) -> Builder {
    let each = each.max(1);
    let mut builder = builder.queue(Queue::new(RUNS));
    for (name, needs) in LIMITED {
        builder = builder.queue(needs.iter().fold(Queue::new(name).per_worker(each), |queue, tool| queue.needs(*tool)));
    }
    let steps = [Step::Record, Step::Model, Step::Faults, Step::Blocks, Step::Mutants, Step::Evidence];
    for step in steps.into_iter().chain(Target::ALL.map(Step::Target)) {
        let service = Arc::clone(service);
        builder = builder.register(&recorded_as(&step.name()), move |ctx: Context, task: Task| {
            let service = Arc::clone(&service);
            async move { child(&service, ctx, task).await }
        });
    }
    let service = Arc::clone(service);
    builder.register(TRANSLATE, move |ctx: Context, _: Value| {
        let service = Arc::clone(&service);
        async move { run(&service, ctx).await }
    })
}

/// The run that an execution, or a child of it, belongs to.
fn run_of(ctx: &Context) -> Result<RunId> {
    ctx.run_id().split('/').next().unwrap_or_default().parse()
}

/// A step of the workflow that shows in the run: it begins in the log, works, and ends in the log.
async fn shown<T, F, R>(service: &Arc<Service>, ctx: &Context, name: &str, body: F) -> Result<T>
where
    T: Serialize + DeserializeOwned + Send,
    F: Fn(Reporter, Cancelled) -> R + Send + Sync,
    R: Future<Output = Result<T>> + Send,
{
    let id = run_of(ctx)?;
    let options = StepOptions::default().timeout(STEP);
    let done = ctx
        .step(name, options, |cancelled| {
            let body = &body;
            async move {
                let reporter = Reporter::begin(&service.platform, id, name).await?;
                body(reporter, cancelled).await
            }
        })
        .await;
    let (status, detail) = match &done {
        Ok(_) => (StepStatus::Succeeded, None),
        Err(e) => (StepStatus::Failed, Some(e.to_string())),
    };
    ended(service, ctx, name, status, detail).await?;
    done
}

/// Says in the run's log how a step ended.
async fn ended(
    service: &Arc<Service>,
    ctx: &Context,
    name: &str,
    status: StepStatus,
    detail: Option<String>,
) -> Result<()> {
    let (id, now, step) = (run_of(ctx)?, service.platform.clone(), name.to_string());
    ctx.tx(&format!("{name} ended"), Scope::System, move |on| {
        let (now, step, detail) = (now.now(), step.clone(), detail.clone());
        Box::pin(async move {
            let run = execution::load(on, id).await?;
            execution::step_ended(on, &run, &step, status, detail.as_deref(), now).await
        })
    })
    .await
}

/// A step of the translation, as a workflow of its own.
async fn child(service: &Arc<Service>, ctx: Context, task: Task) -> Result<Outcome> {
    let name = task.step.name();
    let task = &task;
    let options = StepOptions::default().timeout(STEP);
    let id = run_of(&ctx)?;
    let done = ctx
        .step("work", options, |cancelled| {
            let name = name.clone();
            async move {
                let mut reporter = Reporter::begin(&service.platform, id, &name).await?;
                let (tell, mut told) = mpsc::channel::<String>(16);
                let cancel = Cancel::new();
                let mut work = std::pin::pin!(service.worker.run(task.clone(), cancel.clone(), tell));
                // dropped, too, this must end what it started: a thread does not end with its future
                let _end = EndsWork(cancel.clone());
                loop {
                    tokio::select! {
                        done = &mut work => break done,
                        Some(line) = told.recv() => reporter.progress(&line).await,
                        () = cancelled.wait(), if !cancel.is_set() => cancel.set(),
                    }
                }
            }
        })
        .await;
    let (status, detail) = match &done {
        Ok(Outcome::Done(_)) => (StepStatus::Succeeded, None),
        Ok(Outcome::Refused(r)) => (StepStatus::Failed, Some(format!("{}: {}", r.code, r.detail))),
        Err(e) => (StepStatus::Failed, Some(e.to_string())),
    };
    ended(service, &ctx, &name, status, detail).await?;
    done
}

struct EndsWork(Cancel);

impl Drop for EndsWork {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// What `sources` found.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Prepared {
    /// What is to be translated.
    Ready(Box<(Job, Sources)>),
    /// The options are refused.
    Refused(Refused),
}

/// A file of the sealed bundle.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Made {
    name: String,
    digest: Digest,
    size: i64,
}

/// What `seal` made.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sealed {
    files: Vec<Made>,
    checks: Vec<(String, Option<String>, String, proofmark_evidence::check::Verdict, String)>,
    claims: Vec<(String, proofmark_evidence::check::ClaimLevel)>,
    result: Value,
}

/// The whole run: whatever goes wrong is written where people look.
async fn run(service: &Arc<Service>, ctx: Context) -> Result<Value> {
    match translate(service, &ctx).await {
        Err(e) if e.code != "run.cancelled" => {
            let (platform, id) = (service.platform.clone(), run_of(&ctx)?);
            let error = RunError { code: e.code.to_string(), detail: e.detail.clone() };
            ctx.tx("failed", Scope::System, move |on| {
                let (platform, error) = (platform.clone(), error.clone());
                Box::pin(async move { execution::fail(&platform, on, id, error, None).await.map(drop) })
            })
            .await?;
            Err(e)
        }
        done => done,
    }
}

async fn translate(service: &Arc<Service>, ctx: &Context) -> Result<Value> {
    let prepared = shown(service, ctx, "sources", |reporter, _| prepare(service, reporter)).await?;
    let (job, sources) = match prepared {
        Prepared::Ready(ready) => *ready,
        Prepared::Refused(refused) => return refuse(service, ctx, refused).await,
    };
    let mut results = BTreeMap::new();
    let mut plan = Step::plan(&job).into_iter().peekable();
    while let Some(step) = plan.next() {
        // what needs nothing of each other runs side by side
        let mut together = vec![step];
        while matches!(step, Step::Target(_)) && plan.peek().is_some_and(|s| matches!(s, Step::Target(_))) {
            together.extend(plan.next());
        }
        let mut started: Vec<(Step, Child<Outcome>)> = Vec::new();
        for step in together {
            let needs = step.needs(&job);
            let results = results.iter().filter(|(s, _)| needs.contains(s)).map(|(s, d)| (*s, *d)).collect();
            let task = Task { job: job.clone(), sources: sources.clone(), step, results };
            let name = recorded_as(&step.name());
            tell_if_unserved(service, ctx, step).await;
            started.push((step, ctx.child(&step.name(), &name, &task, queue(step), EnqueueOptions::default()).await?));
        }
        let mut refused = None;
        for (step, child) in started {
            match child.result().await? {
                Outcome::Done(digest) => drop(results.insert(step, digest)),
                Outcome::Refused(why) => drop(refused.get_or_insert(why)),
            }
        }
        if let Some(refused) = refused {
            return refuse(service, ctx, refused).await;
        }
    }
    let sealed = shown(service, ctx, "seal", |_, _| seal(service, &job, &results)).await?;
    let release = publish(service, ctx, sealed).await?;
    match release {
        Some(name) => release_it(service, ctx, &name).await,
        None => Ok(Value::Null),
    }
}

/// Says so in the run's log where no worker takes the work of a step: it waits until one does.
async fn tell_if_unserved(service: &Arc<Service>, ctx: &Context, step: Step) {
    let queue = queue(step);
    // no part of the work: that it could not be asked is no reason to fail
    if let (Ok(false), Ok(run)) = (workers::serve(&service.platform, queue).await, run_of(ctx)) {
        let needs = LIMITED.iter().find(|(name, _)| *name == queue).map_or(&[][..], |(_, needs)| needs);
        let text = format!("waits for a worker that has {}; none is there", needs.join(", "));
        execution::say(&service.platform, run, &step.name(), &text).await;
    }
}

/// Reads the run's input, brings the sources together and resolves the options.
async fn prepare(service: &Arc<Service>, reporter: Reporter) -> Result<Prepared> {
    let run = reporter.run();
    let input = Input::read(run.input.value()?)?;
    let sources = {
        let mut tx = service.platform.database.read(Scope::Organization(run.organization)).await?;
        sources::collect(&mut tx, &service.platform.blobs, run.organization, &input).await?
    };
    let options = Options {
        entry: input.entry.clone(),
        bench: None,
        arg: input.args.clone(),
        target: input.targets.clone(),
        numeric: input.numeric,
        fma: input.fma,
        sandbox: None,
        allow_read: Vec::new(),
        no_sign: false,
        limits: Limits::default(),
    };
    let resolved = service.worker.resolve(&sources, &input.file, input.bench.as_deref(), options).await?;
    Ok(match resolved {
        Ok(job) => Prepared::Ready(Box::new((job, sources))),
        Err(refused) => Prepared::Refused(refused),
    })
}

/// Ends the run with what was refused: the diagnostics as text, JSON and SARIF are artifacts of the run.
async fn refuse(service: &Arc<Service>, ctx: &Context, refused: Refused) -> Result<Value> {
    let why = &refused;
    let files: Vec<Made> = shown(service, ctx, "diagnostics", |_, _| async move {
        let refusal = service.worker.refusal(why).await?;
        let kept = [
            ("diagnostics.txt", refusal.text(false)),
            ("diagnostics.jsonl", refusal.json()),
            ("diagnostics.sarif", refusal.sarif()),
        ];
        let mut files = Vec::new();
        for (name, text) in kept {
            let size = text.len() as i64;
            files.push(Made { name: name.into(), digest: service.platform.blobs.put(text).await?, size });
        }
        let size = service.platform.blobs.size(why.digest).await?.unwrap_or_default() as i64;
        files.push(Made { name: "diagnostics.refusal".into(), digest: why.digest, size });
        Ok(files)
    })
    .await?;
    let (platform, id) = (service.platform.clone(), run_of(ctx)?);
    ctx.tx("refused", Scope::System, move |on| {
        let (platform, refused, files) = (platform.clone(), refused.clone(), files.clone());
        Box::pin(async move {
            attach(&platform, on, id, &files).await?;
            let error = RunError { code: refused.code.clone(), detail: refused.detail.clone() };
            let result = json!({"outcome": if refused.bug { "bug" } else { "refused" }});
            execution::fail(&platform, on, id, error, Some(result)).await.map(drop)
        })
    })
    .await?;
    Ok(Value::Null)
}

/// Signs the bundle and keeps its files.
async fn seal(service: &Arc<Service>, job: &Job, results: &BTreeMap<Step, Digest>) -> Result<Sealed> {
    let bundle = service.worker.bundle(job, results).await?;
    let files = bundle
        .sealed(&service.platform.signer)
        .map_err(|e| Error::bug("the evidence contradicts itself").because(e))?;
    let mut made = Vec::new();
    for (name, bytes) in files {
        let size = bytes.len() as i64;
        made.push(Made { name, digest: service.platform.blobs.put(bytes).await?, size });
    }
    let checks = bundle
        .checks
        .checks
        .iter()
        .map(|c| (c.id.clone(), c.target.clone(), c.title.clone(), c.verdict, c.reason.clone()))
        .collect();
    let claims = bundle.checks.claims.iter().map(|c| (c.target.clone(), c.level)).collect();
    let result = json!({
        "outcome": "translated",
        "claims": bundle.checks.claims,
        "blocks": bundle.blocks,
        "has_reference": bundle.has_reference,
        "declared": bundle.declared,
    });
    Ok(Sealed { files: made, checks, claims, result })
}

/// Makes the bundle's files artifacts of the run, and its checks and claims those of the run. Where no release is wanted
/// the run ends here; where one is, gives its name.
async fn publish(service: &Arc<Service>, ctx: &Context, sealed: Sealed) -> Result<Option<String>> {
    let (platform, id) = (service.platform.clone(), run_of(ctx)?);
    ctx.tx("publish", Scope::System, move |on| {
        let (platform, sealed) = (platform.clone(), sealed.clone());
        Box::pin(async move {
            let run = execution::load(on, id).await?;
            attach(&platform, on, id, &sealed.files).await?;
            let row = |(id, target, title, verdict, reason)| CheckRow { id, target, title, verdict, reason };
            let checks: Vec<CheckRow> = sealed.checks.into_iter().map(row).collect();
            runs::set_evidence(on, id, run.organization, &checks, &sealed.claims).await?;
            let release = Input::read(run.input.value()?)?.release;
            match release {
                Some(name) => {
                    let now = platform.now();
                    let approval = approvals::open(on, &run, now, &*platform.random).await?;
                    approvals::announce(&platform, on, &run, &approval).await?;
                    execution::wait(&platform, on, id, sealed.result).await?;
                    Ok(Some(name))
                }
                None => {
                    execution::succeed(&platform, on, id, sealed.result).await?;
                    Ok(None)
                }
            }
        })
    })
    .await
}

/// Adds files to the run's artifacts.
async fn attach(
    platform: &Platform,
    on: &mut dyn proofmark_store::Connection,
    id: RunId,
    files: &[Made],
) -> Result<()> {
    let (run, now) = (execution::load(on, id).await?, platform.now());
    for file in files {
        let artifact = Artifact {
            id: ArtifactId::new(now, &*platform.random),
            organization: run.organization,
            project: run.project,
            run: Some(id),
            name: file.name.clone(),
            media_type: media_type(&file.name).into(),
            digest: file.digest,
            size: file.size,
            created_by: run.created_by,
            created_at: now,
        };
        artifacts::insert(on, &artifact).await?;
    }
    let data = json!({"files": files.len()});
    runs::event(on, id, run.organization, now, RunEventKind::Artifact, data).await?;
    Ok(())
}

/// Media type by the name's ending.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("json" | "sarif") => "application/json",
        Some("jsonl") => "application/jsonl",
        Some("html") => "text/html",
        Some("c" | "h") => "text/x-c",
        Some("rs") => "text/x-rust",
        Some("py") => "text/x-python",
        Some("toml") => "application/toml",
        Some("txt" | "key" | "md") => "text/plain",
        Some("npz") => "application/zip",
        _ => "application/octet-stream",
    }
}

/// Waits for people, and releases once they said yes.
async fn release_it(service: &Arc<Service>, ctx: &Context, name: &str) -> Result<Value> {
    let id = run_of(ctx)?;
    let decided = ctx.recv::<ApprovalStatus>(approvals::TOPIC, PATIENCE).await?;
    if decided != Some(ApprovalStatus::Approved) {
        let (code, detail) = match decided {
            Some(status) => ("approval.refused", format!("the approval is {status}: nothing was released")),
            None => ("approval.expired", "nobody decided within 90 days".to_string()),
        };
        return Err(Error::new(proofmark_base::error::Kind::Conflict, code, detail));
    }
    let platform = &service.platform;
    shown(service, ctx, "release", |reporter, _| async move {
        let run = reporter.run();
        let caller = {
            let mut tx = platform.database.read(Scope::Organization(run.organization)).await?;
            let author = principals::get(&mut tx, run.organization, run.created_by).await?;
            let author = author.ok_or_else(|| Error::not_found("principal"))?;
            Caller {
                principal: author.id,
                organization: author.organization,
                kind: author.kind,
                grants: principals::grants(&mut tx, author.id).await?,
                credential: Credential::System,
                scopes: None,
            }
        };
        releases::create_for_run(platform, &caller, id, name).await
    })
    .await?;
    let (platform, id) = (service.platform.clone(), id);
    ctx.tx("released", Scope::System, move |on| {
        let platform = platform.clone();
        Box::pin(async move {
            let result = execution::load(on, id).await?.result;
            let result = result.map_or(Ok(Value::Null), |r| r.value())?;
            execution::succeed(&platform, on, id, result).await.map(drop)
        })
    })
    .await?;
    Ok(Value::Null)
}
