//! What `flow` costs beside the library beneath it, what waiting runs cost, and how long a takeover takes.
//!
//! `cargo run --release -p proofmark-flow --example flow [-- POSTGRES_URL]`; without an address SQLite in a temporary
//! folder, with `postgres` a database of its own on the server of `cargo xtask services`. See `bench/README.md`.

use durare::{DurableContext, DurableEngine, EngineConfig, PostgresProvider, SqliteProvider, StateProvider};
use durare::{WorkflowOptions, WorkflowQueue};
use proofmark_flow::{Builder, Context, Engine, EnqueueOptions, Queue, StepOptions};
use proofmark_store::Database;
use proofmark_testkit::services;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Runs of one measurement.
const RUNS: usize = 400;
/// Measurements of each side, in turn.
const ROUNDS: usize = 3;

async fn open(address: Option<&str>, folder: &std::path::Path) -> Result<Database> {
    Ok(match address {
        Some(url) => Database::postgres(url, 10).await?,
        None => Database::sqlite(&folder.join("bench.db")).await?,
    })
}

fn declare(database: &Database) -> Builder {
    Engine::builder(database)
        .version("bench")
        .queue(Queue::new("flow"))
        .listen(["flow"])
        .register("five", |ctx: Context, (): ()| async move {
            for name in ["one", "two", "three", "four", "five"] {
                ctx.step(name, StepOptions::once(), |_| async { Ok(()) }).await?;
            }
            Ok(())
        })
        .register("park", |ctx: Context, (): ()| async move {
            ctx.recv::<bool>("approval", Duration::from_secs(86_400)).await
        })
}

/// The library as it is, on the same tables: the same queue, looked at as often.
async fn bare(database: &Database) -> Result<DurableEngine> {
    let provider: Arc<dyn StateProvider> = match (database.sqlite_writer(), database.postgres_pool()) {
        (Some(pool), _) => Arc::new(SqliteProvider::from_pool(pool.clone())),
        (None, Some(pool)) => {
            let options = sqlx::postgres::PgPoolOptions::new().max_connections(10);
            let pool = options.connect_lazy_with((*pool.connect_options()).clone());
            Arc::new(PostgresProvider::from_pool_with_schema(pool, "flow")?)
        }
        (None, None) => return Err("no database".into()),
    };
    let config = EngineConfig::default().app_version("bare").executor_id("bare");
    let mut engine = DurableEngine::with_config(provider, config).await?;
    // as often as `flow` looks
    let poll = Duration::from_millis(if database.sqlite_writer().is_some() { 300 } else { 200 });
    engine.register_queue(WorkflowQueue::new("bare").base_polling_interval(poll).max_tasks_per_iteration(10_000));
    engine.listen_queues(["bare"]);
    engine.register("five", |ctx: DurableContext, (): ()| async move {
        for name in ["one", "two", "three", "four", "five"] {
            ctx.step(name, || async { Ok(()) }).await?;
        }
        Ok(())
    });
    engine.launch().await?;
    Ok(engine)
}

/// Runs a second, from the first in line to the end of the last.
async fn through_flow(engine: &Engine, round: usize) -> Result<f64> {
    let begun = Instant::now();
    for i in 0..RUNS {
        engine.enqueue(&format!("f{round}-{i}"), "five", &(), "flow", EnqueueOptions::default()).await?;
    }
    for i in 0..RUNS {
        engine.wait::<()>(&format!("f{round}-{i}")).await?;
    }
    Ok(RUNS as f64 / begun.elapsed().as_secs_f64())
}

async fn through_bare(engine: &DurableEngine, round: usize) -> Result<f64> {
    let begun = Instant::now();
    let mut handles = Vec::new();
    for i in 0..RUNS {
        let options = WorkflowOptions::with_id(format!("b{round}-{i}")).queue("bare");
        handles.push(engine.start::<_, ()>("five", (), options).await?);
    }
    for handle in handles {
        handle.result().await?;
    }
    Ok(RUNS as f64 / begun.elapsed().as_secs_f64())
}

/// Processor time of this process.
fn cpu() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = text.rsplit_once(')').ok_or("stat")?.1.split_whitespace().collect();
    Ok(Duration::from_millis((fields[11].parse::<u64>()? + fields[12].parse::<u64>()?) * 10))
}

/// Share of one core over ten seconds.
async fn share() -> Result<f64> {
    let (begun, before) = (Instant::now(), cpu()?);
    tokio::time::sleep(Duration::from_secs(10)).await;
    Ok((cpu()? - before).as_secs_f64() / begun.elapsed().as_secs_f64())
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    // kept to the end: the database goes with it
    let (address, _own) = match std::env::args().nth(1) {
        Some(word) if word == "postgres" => {
            let own = services::postgres().fresh_database();
            (Some(own.url()), Some(own))
        }
        address => (address, None),
    };
    let folder = tempfile::tempdir()?;
    let database = open(address.as_deref(), folder.path()).await?;
    let engine = declare(&database).start().await?;
    let library = bare(&database).await?;
    let (mut flow, mut bare) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        bare.push(through_bare(&library, round).await?);
        flow.push(through_flow(&engine, round).await?);
    }
    library.shutdown(Duration::ZERO).await?;
    drop(library);
    let best = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
    println!(
        "five-step runs a second on {:?}: bare {:.0}, flow {:.0}, ratio {:.2}",
        database.dialect(),
        best(&bare),
        best(&flow),
        best(&flow) / best(&bare)
    );

    println!("idle: {:.2}% of a core", share().await? * 100.0);
    for i in 0..200 {
        engine.enqueue(&format!("p{i}"), "park", &(), "flow", EnqueueOptions::default()).await?;
    }
    while engine.metrics().await?.runs < 200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!("200 parked runs: {:.2}% of a core", share().await? * 100.0);

    drop(engine);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let died = Instant::now();
    let next = declare(&database).start().await?;
    next.signal("p7", "approval", &true, "k").await?;
    next.wait::<Option<bool>>("p7").await?;
    println!("takeover: {:.2} s after the executor's end", died.elapsed().as_secs_f64() + 0.2);
    Ok(())
}
