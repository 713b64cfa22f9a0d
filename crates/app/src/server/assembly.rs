//! One process of the server: database, blobs, keys, workflow engine, and what runs beside them until it stops.

use crate::output;
use crate::server::config::Settings;
use crate::server::{identity, keys, places};
use proofmark_base::error::{Error, Result};
use proofmark_bus::guard::Guard;
use proofmark_bus::webhooks::{Deliverer, Fanout, Sender};
use proofmark_bus::{Consumer, Live, Relay, Waker};
use proofmark_flow::{Engine, ExecutorInfo};
use proofmark_http::Dependency;
use proofmark_platform_service::authorization::Authorizer;
use proofmark_platform_service::dispatch::Dispatch;
use proofmark_platform_service::identity::Identity;
use proofmark_platform_service::maintenance::collect;
use proofmark_platform_service::webhooks::Outside;
use proofmark_platform_service::workflows::Workflows;
use proofmark_platform_service::{Limits, Platform, audit, uploads};
use proofmark_silicon_service::input::Translate;
use proofmark_silicon_service::steps::Worker;
use proofmark_silicon_service::workflow::{self, Service, TOOLS};
use proofmark_silicon_verify::python::Search;
use proofmark_silicon_verify::tool;
use proofmark_store::Database;
use proofmark_store::blobs::Blobs;
use proofmark_store::system::{SystemClock, SystemRandom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Sealed this often, the end of an audit log is never open for longer.
const SEAL: Duration = Duration::from_secs(60);
/// How often what nobody finished is looked for.
const SWEEP: Duration = Duration::from_secs(600);
/// How often the engine's figures are taken.
const FIGURES: Duration = Duration::from_secs(10);
/// How often blobs that nothing refers to are collected.
const COLLECT: Duration = Duration::from_secs(6 * 60 * 60);

/// A process that is set up.
pub struct Assembly {
    /// For use cases.
    pub platform: Platform,
    /// For workflows.
    pub engine: Engine,
    /// Where webhooks may go.
    pub outside: Outside,
    /// Events as they happen.
    pub live: Live,
    /// What the process needs besides database and blobs.
    pub dependencies: Vec<Dependency>,
    stop: watch::Sender<bool>,
    beside: JoinSet<()>,
    /// Removed with the process's end; where it is killed, by whichever command of this program comes next.
    _scratch: tempfile::TempDir,
}

/// Waits for PostgreSQL, telling `waits` why; anything but its absence stops the start.
///
/// # Errors
/// As [`places::migrated_database`], `store.unavailable` excepted.
pub async fn reach_database(settings: &Settings, waits: impl Fn(&Error)) -> Result<Database> {
    let mut pause = Duration::from_millis(250);
    loop {
        match places::migrated_database(settings).await {
            Err(e) if e.code == "store.unavailable" => {
                tracing::warn!(error = %e, "the start waits");
                waits(&e);
            }
            done => return done,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// What the settings say of a process, read and checked before anything is made or waited for.
pub struct Plan {
    identity: Identity,
    authorizer: Authorizer,
    limits: Limits,
    /// Steps at a time on each limited queue.
    each: u32,
    /// Where webhooks may go.
    guard: Guard,
}

impl Plan {
    /// Reads it.
    ///
    /// # Errors
    /// `config.invalid`, with the option and its origin; `authorization.policy`.
    pub fn read(settings: &Settings) -> Result<Plan> {
        let allowed: Vec<_> = settings.list("allow-networks", "a network like 10.0.0.0/8")?;
        // plain HTTP is for networks that the operator named
        let plain = !allowed.is_empty();
        Ok(Plan {
            identity: identity::identity(settings)?,
            authorizer: match settings.given("policies") {
                None => Authorizer::shipped()?,
                Some(path) => {
                    let text = std::fs::read_to_string(path).map_err(|e| settings.unusable("policies", e))?;
                    Authorizer::with_additions(&text)?
                }
            },
            limits: Limits {
                artifact_bytes: settings.parsed("max-upload", "a number of bytes")?,
                open_runs: settings.parsed("max-open-runs", "a number of runs")?,
                ..Limits::default()
            },
            each: settings.parsed("workers", "a number of steps")?,
            guard: Guard::new(allowed, plain),
        })
    }
}

/// The tools of this machine that work may need.
fn tools(settings: &Settings, python: &Search) -> Result<Vec<String>> {
    let named = settings.list::<String>("tools", "a tool")?;
    if !named.is_empty() {
        return Ok(named);
    }
    Ok(tool::present(&TOOLS, python))
}

impl Assembly {
    /// Sets everything up and starts what runs beside requests.
    ///
    /// # Errors
    /// What is missing or wrong, with the option's name where one is at fault.
    pub async fn new(settings: &Settings, plan: Plan, data: &Path, database: Database) -> Result<Assembly> {
        let Plan { identity, authorizer, limits, each, guard } = plan;
        let [signing, secrets] = places::key_files(settings, data);
        let signer = keys::signing(&signing, &SystemRandom)?;
        let sealer = keys::sealing(&secrets, &SystemRandom)?;
        let blobs = places::blobs(settings).await?;
        let waker = Waker::new();
        let platform = Platform {
            database: database.clone(),
            blobs: blobs.clone(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            authorizer,
            identity: Arc::new(identity),
            sealer: Arc::new(sealer),
            signer: Arc::new(signer),
            workflows: Arc::new(Workflows::default().with(Translate)),
            limits,
            events_written: waker.clone(),
        };
        // this process's own, and not in the data folder: several processes of one machine may share that
        let scratch = output::scratch().map_err(|f| {
            let why = f.diagnostics.first().map_or_else(String::new, |d| d.message.clone());
            Error::unavailable("server.scratch", format!("there is no folder for builds: {why}"))
                .help("TMPDIR names the folder for temporary files")
        })?;
        let python = settings.given("python").map(PathBuf::from);
        // folders beside the sources are not searched: what lies there came from somebody else
        let python = Search { folders: Vec::new(), ..Search::from_environment(python, Path::new("/")) };
        let engine = engine(settings, &platform, blobs, python, scratch.path().into(), each).await?;
        let (stop, stopping) = watch::channel(false);
        let mut assembly = Assembly {
            platform,
            engine,
            outside: Outside { guard, deliverer: Waker::new() },
            live: Live::new(),
            dependencies: Vec::new(),
            stop,
            beside: JoinSet::new(),
            _scratch: scratch,
        };
        assembly.start_beside(settings, waker, stopping).await?;
        Ok(assembly)
    }

    /// Starts the relay of events, the sender of webhooks and the sweepers.
    async fn start_beside(&mut self, settings: &Settings, waker: Waker, stopping: watch::Receiver<bool>) -> Result<()> {
        let platform = self.platform.clone();
        let due = self.outside.deliverer.clone();
        let sender = Sender::new(self.outside.guard.clone())?;
        let vault = Arc::clone(&platform.sealer);
        let deliverer = Deliverer::new(platform.database.clone(), sender, vault, due.clone());
        self.beside.spawn(deliverer.run(stopped(stopping.clone())));
        let dispatch = Dispatch {
            engine: self.engine.clone(),
            workflows: Arc::clone(&platform.workflows),
            database: platform.database.clone(),
        };
        let mut consumers: Vec<Arc<dyn Consumer>> = vec![
            Arc::new(dispatch),
            Arc::new(Fanout::new(platform.database.clone(), due)),
            Arc::new(self.live.clone()),
        ];
        if let Some(url) = settings.given("events") {
            consumers.push(self.events(settings, url, stopped(stopping.clone())).await?);
        }
        let relay = Relay::new(platform.database.clone(), consumers, waker)?;
        self.beside.spawn(relay.run(stopped(stopping.clone())));
        self.every("seal", Duration::ZERO, SEAL, &stopping, |p| async move {
            audit::seal(&p.database, &p.signer, p.now()).await.map(drop)
        });
        self.every("sweep", Duration::ZERO, SWEEP, &stopping, |p| async move { uploads::sweep(&p).await.map(drop) });
        let engine = self.engine.clone();
        self.every("take figures", Duration::ZERO, FIGURES, &stopping, move |_| {
            let engine = engine.clone();
            async move { engine.metrics().await.map(|m| m.publish()) }
        });
        // not at every start: it reads what all runs recorded
        self.every("collect", SWEEP, COLLECT, &stopping, |p| async move {
            let c = collect::collect(&p.database, &p.blobs, p.now(), false).await?;
            tracing::info!(blobs = c.blobs, bytes = c.bytes, kept = c.kept, "collected what nothing refers to");
            Ok(())
        });
        Ok(())
    }

    /// Does some work now and again until the process stops, for the first time after `first`.
    fn every<F>(
        &mut self,
        what: &'static str,
        first: Duration,
        period: Duration,
        stopping: &watch::Receiver<bool>,
        work: impl Fn(Platform) -> F + Send + 'static,
    ) where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let (platform, stop) = (self.platform.clone(), stopped(stopping.clone()));
        self.beside.spawn(async move {
            let mut stop = std::pin::pin!(stop);
            let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + first, period);
            loop {
                tokio::select! {
                    _ = tick.tick() => {}
                    () = &mut stop => break,
                }
                if let Err(e) = work(platform.clone()).await {
                    tracing::warn!(error = %e, "{what} is tried again later");
                }
            }
        });
    }

    /// The server for events: this process's go there, and those of others come from there.
    #[cfg(feature = "scale")]
    async fn events(
        &mut self,
        settings: &Settings,
        url: &str,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Arc<dyn Consumer>> {
        use proofmark_bus::nats::{Nats, Settings as Stream};
        let nats = Nats::connect(url, Stream::default()).await.map_err(|e| settings.unusable("events", e))?;
        let (asked, heard, live) = (nats.clone(), nats.clone(), self.live.clone());
        self.dependencies.push(Dependency::new("events", move || {
            let nats = asked.clone();
            async move { nats.ready().await }
        }));
        self.beside.spawn(async move { heard.listen(live, stop).await });
        Ok(Arc::new(nats))
    }

    #[cfg(not(feature = "scale"))]
    async fn events(
        &mut self,
        settings: &Settings,
        _: &str,
        _: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Arc<dyn Consumer>> {
        Err(settings.unusable("events", "this program was built without the feature `scale`"))
    }

    /// Lets running work end or hands it back, stops everything beside, seals the audit log, closes the database.
    pub async fn stop(mut self) {
        if let Err(e) = self.engine.drain(Duration::from_secs(20)).await {
            tracing::warn!(error = %e, "work that did not end is taken over at the next start");
        }
        let _ = self.stop.send(true);
        while let Some(ended) = self.beside.join_next().await {
            if let Err(e) = ended {
                tracing::error!(error = %e, "a part ended with a panic");
            }
        }
        let sealed = audit::seal(&self.platform.database, &self.platform.signer, self.platform.now()).await;
        if let Err(e) = sealed {
            tracing::warn!(error = %e, "the end of the audit log is not sealed");
        }
        self.platform.database.close().await;
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|s| *s).await;
}

async fn engine(
    settings: &Settings,
    platform: &Platform,
    blobs: Blobs,
    python: Search,
    scratch: PathBuf,
    each: u32,
) -> Result<Engine> {
    let tools = if each == 0 { Vec::new() } else { tools(settings, &python)? };
    if each > 0 {
        for (queue, lacks) in workflow::not_served(&tools) {
            tracing::warn!(queue, lacks = lacks.join(", "), "this process takes no work of that queue");
        }
    }
    let worker = Worker { blobs, python, scratch };
    let service = Arc::new(Service { platform: platform.clone(), worker });
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_string();
    let builder = workflow::declare(Engine::builder(&platform.database), &service, each)
        // one name for all builds of a version of the workflows: what waits for days must survive an upgrade
        .version("1")
        .executor(ExecutorInfo { host, tools });
    let builder = if each == 0 { builder } else { builder.listen_by_tools() };
    builder.start().await.map_err(|e: Error| e)
}
