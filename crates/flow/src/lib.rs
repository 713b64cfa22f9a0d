//! Durable workflows: ordinary async functions made of named steps that survive crashes, on SQLite and PostgreSQL.
//!
//! ```no_run
//! # use proofmark_flow::*; use proofmark_base::error::Result; use proofmark_store::{Database, Scope, values};
//! # use std::time::Duration;
//! # async fn compile(_: String) -> Result<u32> { Ok(1) }
//! async fn build(ctx: Context, source: String) -> Result<u32> {
//!     // at least once, retried; for what happens outside of the database
//!     let size = ctx.step("compile", StepOptions::default(), |_| compile(source.clone())).await?;
//!     // exactly once: these rows and the record of the step are one commit
//!     ctx.tx("publish", Scope::System, move |on| Box::pin(async move {
//!         on.execute("UPDATE platform_settings SET value = 'built' WHERE name = 'x'", values![]).await
//!     })).await?;
//!     Ok(size)
//! }
//!
//! # async fn f(database: &Database) -> Result<()> {
//! let engine = Engine::builder(database)
//!     .version("1")
//!     .queue(Queue::new("builds").per_worker(2).needs("gcc"))
//!     .register("build", build)
//!     .executor(ExecutorInfo { host: "here".into(), tools: vec!["gcc".into()] })
//!     .listen_by_tools()
//!     .start()
//!     .await?;
//! engine.enqueue("run_1", "build", "main.c", "builds", EnqueueOptions::default()).await?;
//! let size: u32 = engine.wait("run_1").await?;
//! # Ok(()) }
//! ```
//!
//! **Replay.** When a process ends, another runs the workflow's function again from its start; recorded operations
//! give their recorded outcomes at once, and it goes on where it was. So a workflow must call the same operations in
//! the same order: no clock, no randomness, no reading of files or tables but in a `step` or `tx`, and changes behind
//! [`patch`](Context::patch).
//!
//! **Waiting for people.** A run keeps its place in a limited queue while it waits. What waits for a decision runs on
//! a queue without limits, and starts the heavy parts as children on limited ones:
//!
//! ```no_run
//! # use proofmark_flow::*; use proofmark_base::error::Result; use std::time::Duration;
//! async fn release(ctx: Context, target: String) -> Result<bool> {                  // on `runs`, unlimited
//!     let build: Child<u32> =
//!         ctx.child("build", "build", &target, "builds", EnqueueOptions::default()).await?; // on `builds`, 2 a worker
//!     build.result().await?;
//!     let week = Duration::from_secs(7 * 86_400);
//!     Ok(ctx.recv::<bool>("approval", week).await?.unwrap_or(false))
//! }
//! ```
//!
//! **Several processes** share the work on PostgreSQL: work of a process that died or hangs goes on elsewhere within
//! about five seconds, and what it records when it wakes up is refused (`worker.rs`, `postgres.rs`). A SQLite file has
//! one process; the next one takes its work over when it starts.
//!
//! Beneath is the library `durare`, pinned; no type of it is seen outside.

mod connection;
mod context;
mod core;
mod engine;
mod error;
mod figures;
mod hub;
mod live;
mod options;
mod postgres;
mod schedule;
mod schema;
mod worker;

pub use context::{Cancelled, Child, Context};
pub use engine::{Builder, Engine, Execution, Step};
pub use figures::Metrics;
pub use options::{EnqueueOptions, ExecutorInfo, Queue, RateLimit, StepOptions, served_with};
pub use proofmark_store::executors::{Executor, ExecutorId, Registration};
pub use schedule::{Schedule, Tick};
pub use schema::prepare;
