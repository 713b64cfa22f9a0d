//! The process that is killed: this test program again, which runs workflows with effects in a file outside of it.

use crate::backend::{Backend, Place};
use proofmark_base::error::Result;
use proofmark_flow::{Child, Context, Engine, EnqueueOptions, ExecutorInfo, Queue, StepOptions};
use proofmark_store::{Connection, Database, Scope, values};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rounds of a step and a transaction in each run.
pub const ROUNDS: u32 = 3;

/// Places where a run of `five` can be killed, in order.
pub fn places() -> Vec<String> {
    let mut places = Vec::new();
    for i in 0..ROUNDS {
        places.extend(["before s", "in s", "after s", "in t", "after t"].map(|p| format!("{p}{i}")));
    }
    places.extend(["child started", "child ended", "slept", "heard"].map(String::from));
    places
}

/// The file outside: what really happened, a line each.
#[derive(Clone)]
pub struct Ledger(PathBuf);

impl Ledger {
    pub fn new(file: &Path) -> Self {
        Ledger(file.into())
    }

    pub fn write(&self, line: &str) {
        let mut file = std::fs::File::options().create(true).append(true).open(&self.0).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub fn count(&self, line: &str) -> usize {
        std::fs::read_to_string(&self.0).unwrap_or_default().lines().filter(|l| *l == line).count()
    }
}

/// Where the process kills itself.
#[derive(Clone)]
struct Trap {
    ledger: Ledger,
    /// `none`, `each` place once, or one place.
    kill: String,
}

impl Trap {
    fn at(&self, run: &str, place: &str) {
        let mark = format!("{run} killed {place}");
        let wanted = self.kill == "each" || self.kill == format!("{run} {place}");
        if wanted && self.ledger.count(&mark) == 0 {
            self.ledger.write(&mark);
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
            std::thread::park();
        }
    }
}

async fn effect(on: &mut dyn Connection, run: &str, name: &str) -> Result<u64> {
    on.execute("INSERT INTO effects VALUES (?, ?)", values![run, name]).await
}

/// Steps with an effect in the ledger, transactions with one in the database, a child, a pause and a message.
async fn five(ctx: Context, trap: Arc<Trap>, queue: String) -> Result<u32> {
    let run = ctx.run_id().to_string();
    let mut sum = 0;
    for i in 0..ROUNDS {
        trap.at(&run, &format!("before s{i}"));
        sum += ctx
            .step(&format!("s{i}"), StepOptions::once(), |_| async {
                trap.ledger.write(&format!("{run} s{i}"));
                trap.at(&run, &format!("in s{i}"));
                Ok(i)
            })
            .await?;
        trap.at(&run, &format!("after s{i}"));
        let (inner, name) = (trap.clone(), run.clone());
        ctx.tx(&format!("t{i}"), Scope::System, move |on| {
            let (trap, run) = (inner.clone(), name.clone());
            Box::pin(async move {
                effect(on, &run, &format!("t{i}")).await?;
                trap.at(&run, &format!("in t{i}"));
                Ok(())
            })
        })
        .await?;
        trap.at(&run, &format!("after t{i}"));
    }
    let child: Child<u32> = ctx.child("leaf", "leaf", &sum, &queue, EnqueueOptions::default()).await?;
    trap.at(&run, "child started");
    sum += child.result().await?;
    trap.at(&run, "child ended");
    ctx.sleep(Duration::from_millis(30)).await?;
    trap.at(&run, "slept");
    sum += ctx.recv::<u32>("go", Duration::from_secs(60)).await?.unwrap_or(0);
    trap.at(&run, "heard");
    Ok(sum)
}

/// What an undisturbed run gives, if it is sent `10`.
pub const RESULT: u32 = (1 + 2) + 100 + 10;

/// Name of the queue of one run, where runs must not share processes.
pub fn own_queue(nth: usize) -> String {
    format!("own-{nth}")
}

/// Declares the workflows; `kill` as in [`Trap`]; listens to the given queues, or runs nothing.
pub fn engine(database: &Database, ledger: &Ledger, kill: &str, listen: &[String]) -> proofmark_flow::Builder {
    let trap = Arc::new(Trap { ledger: ledger.clone(), kill: kill.into() });
    let leaf = ledger.clone();
    let built = Engine::builder(database)
        .version("1")
        .connections(4)
        .executor(ExecutorInfo { host: format!("process {}", std::process::id()), tools: Vec::new() })
        .queue(Queue::new("main"));
    let built = (0..places().len())
        .fold(built, |built, nth| built.queue(Queue::new(own_queue(nth))))
        .register("five", move |ctx: Context, queue: String| five(ctx, trap.clone(), queue))
        .register("leaf", move |ctx: Context, _: u32| {
            let leaf = leaf.clone();
            async move {
                let run = ctx.run_id().to_string();
                ctx.step("leaf", StepOptions::once(), |_| async {
                    leaf.write(&format!("{run} leaf"));
                    Ok(100)
                })
                .await
            }
        })
        .register("stuck", {
            let ledger = ledger.clone();
            move |ctx: Context, (): ()| {
                let ledger = ledger.clone();
                async move {
                    let who = std::process::id();
                    ctx.step("stuck", StepOptions::once(), |_| async {
                        ledger.write(&format!("stuck in {who}"));
                        // the first attempt lasts until its process was stopped and woken up again
                        if ledger.count("first") == 0 {
                            ledger.write("first");
                            while ledger.count("awake") == 0 {
                                std::thread::sleep(Duration::from_millis(5));
                            }
                        }
                        Ok(who)
                    })
                    .await
                }
            }
        });
    built.listen(listen)
}

/// Opens what [`Backend::address`] gave.
async fn open(address: &str) -> Database {
    match address.starts_with("postgres") {
        true => Database::postgres(address, 4).await.unwrap(),
        false => Database::sqlite(Path::new(address)).await.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by `faults`"]
async fn process() {
    let given = |name: &str| std::env::var(name).unwrap();
    let database = open(&given("VICTIM_DATABASE")).await;
    let ledger = Ledger::new(Path::new(&given("VICTIM_LEDGER")));
    let queues: Vec<String> = given("VICTIM_QUEUES").split(',').map(Into::into).collect();
    let engine = engine(&database, &ledger, &given("VICTIM_KILL"), &queues).start().await.unwrap();
    ledger.write(&format!("up {}", std::process::id()));
    for run in given("VICTIM_RUNS").split(',').filter(|r| !r.is_empty()) {
        assert_eq!(engine.wait::<u32>(run).await.unwrap(), RESULT);
    }
    if given("VICTIM_RUNS").is_empty() {
        std::future::pending::<()>().await;
    }
    engine.drain(Duration::from_secs(5)).await.unwrap();
}

/// A victim; killed when dropped.
pub struct Victim(pub std::process::Child);

impl Victim {
    /// Ends when `runs` have ended; without any, never.
    pub fn start(backend: &Backend, ledger: &Ledger, kill: &str, runs: &[String]) -> Self {
        Victim::listening(backend, ledger, kill, runs, "main")
    }

    pub fn listening(backend: &Backend, ledger: &Ledger, kill: &str, runs: &[String], queue: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "victim::process", "--ignored", "--nocapture"])
            .env("VICTIM_DATABASE", backend.address())
            .env("VICTIM_LEDGER", &ledger.0)
            .env("VICTIM_KILL", kill)
            .env("VICTIM_QUEUES", queue)
            .env("VICTIM_RUNS", runs.join(","))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Victim(child)
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), signal).unwrap();
    }

    /// Waits for its end: none where it was killed, else whether all was well.
    pub fn end(&mut self, limit: Duration, what: &str) -> Option<bool> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code().map(|code| code == 0);
            }
            assert!(begun.elapsed() < limit, "the victim does not end: {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder that outlives the processes, with the ledger in it; runs put in line and already sent their message.
pub async fn prepare(
    backend: &Backend,
    runs: &[String],
    queue: impl Fn(usize) -> String,
) -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::new(&folder.path().join("ledger"));
    backend.execute("CREATE TABLE effects (run TEXT, name TEXT)").await;
    let engine = engine(&backend.database, &ledger, "none", &[]).start().await.unwrap();
    for (nth, run) in runs.iter().enumerate() {
        let queue = queue(nth);
        engine.enqueue(run, "five", &queue, &queue, EnqueueOptions::default()).await.unwrap();
        engine.signal(run, "go", &10, "k").await.unwrap();
    }
    (folder, ledger)
}

/// What must be so after all runs have ended: every transaction's effect once, every step's at least once and at most
/// once more than `interrupted` says.
pub async fn check(backend: &Backend, ledger: &Ledger, runs: &[String], interrupted: impl Fn(&str, u32) -> usize) {
    for run in runs {
        for i in 0..ROUNDS {
            let sql = format!("SELECT COUNT(*) AS n FROM effects WHERE run = '{run}' AND name = 't{i}'");
            assert_eq!(backend.number(&sql).await, 1, "{run} t{i}");
            let times = ledger.count(&format!("{run} s{i}"));
            let most = 1 + interrupted(run, i);
            assert!((1..=most).contains(&times), "{run} s{i} happened {times} times, at most {most} are right");
        }
        assert!(ledger.count(&format!("{run}/leaf leaf")) >= 1);
    }
    let rows = backend.number("SELECT COUNT(*) AS n FROM effects").await;
    assert_eq!(rows, runs.len() as i64 * i64::from(ROUNDS));
    if let Place::Sqlite(_) = backend.place {
        assert_eq!(
            backend.number("SELECT COUNT(*) AS n FROM pragma_integrity_check WHERE integrity_check = 'ok'").await,
            1
        );
    }
}
