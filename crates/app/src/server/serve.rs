//! `proofmark serve` and `proofmark worker`.

use crate::cli::ServerOptions;
use crate::console::Console;
use crate::failure::Failure;
use crate::server::assembly::{Assembly, Plan, reach_database};
use crate::server::config::Settings;
use crate::server::{identity, logging, places, settings};
use proofmark_base::error::{Error, Result};
use proofmark_http::{Config, Dependency, Front, Rate, Tls};
use proofmark_platform_service::identity::setup;
use serde_json::json;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often the files of the certificate are looked at.
const RENEWAL: Duration = Duration::from_secs(60);

/// Serves until it is told to stop.
///
/// # Errors
/// What stops the start.
pub fn serve(options: &ServerOptions, console: &mut Console) -> std::result::Result<u8, Failure> {
    let settings = settings(options)?;
    logging::start(&settings)?;
    places::run(run(&settings, true, console))?;
    Ok(0)
}

/// Runs workflows without answering requests, until it is told to stop.
///
/// # Errors
/// What stops the start.
pub fn worker(options: &ServerOptions, console: &mut Console) -> std::result::Result<u8, Failure> {
    let settings = settings(options)?;
    logging::start(&settings)?;
    if settings.given("database").is_none() {
        return Err(settings
            .unusable("database", "a worker of its own needs PostgreSQL: SQLite has one process, `proofmark serve`")
            .into());
    }
    places::run(run(&settings, false, console))?;
    Ok(0)
}

async fn run(settings: &Settings, answers: bool, console: &mut Console) -> Result<()> {
    // before anything is announced, so that no signal is missed
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    // what is wrong in the configuration is said before anything is made or waited for
    let plan = Plan::read(settings)?;
    let tls = if answers { identity::tls(settings)? } else { None };
    let config = if answers { Some(config(settings)?) } else { settings.health_listen()?.map(Config::new) };
    let config = config.map(|c| Config { tls: tls.clone(), ..c });
    let data = places::data_folder(settings)?;
    let front = match config {
        Some(config) => Some(Front::bind(config).await?),
        None => None,
    };
    let renewed = match tls {
        Some(tls) => {
            let hangup = signal(SignalKind::hangup()).map_err(no_signals)?;
            Some(tokio::spawn(renewal(settings.clone(), tls, hangup)))
        }
        None => None,
    };
    let database = reach_database(settings, |e| {
        if let Some(front) = &front {
            front.waits("database", e);
        }
    });
    let database = tokio::select! {
        database = database => database?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let assembly = Assembly::new(settings, plan, &data, database).await?;
    if !answers {
        if let Some(front) = &front {
            front.works(needs(&assembly));
        }
        tracing::info!(executor = ?assembly.engine.executor(), "working");
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        if let Some(front) = &front {
            front.stops();
        }
        assembly.stop().await;
        return Ok(());
    }
    let Some(mut front) = front else { return Err(Error::bug("a server without a socket")) };
    front.config.outside = assembly.outside.clone();
    front.config.live = Some(assembly.live.clone());
    front.config.dependencies.extend(assembly.dependencies.iter().cloned());
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let server = front
        .serve(assembly.platform.clone(), async {
            let _ = stopping.await;
        })
        .await?;
    let url = settings.url(server.address);
    let secret = setup::begin(&assembly.platform).await?;
    announce(&url, secret.map(|s| s.expose().to_string()).as_deref(), console);
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    tracing::info!("stopping");
    let _ = stop.send(());
    server.stopped().await;
    if let Some(renewed) = renewed {
        renewed.abort();
    }
    assembly.stop().await;
    Ok(())
}

/// Takes renewed certificates: at SIGHUP, and at the latest a minute after the files have changed.
async fn renewal(settings: Settings, tls: Tls, mut hangup: Signal) {
    loop {
        let _ = tokio::time::timeout(RENEWAL, hangup.recv()).await;
        match identity::renew(&settings, &tls) {
            Ok(true) => tracing::info!("the server's certificate is a new one"),
            Ok(false) => {}
            Err(e) => tracing::warn!(error = %e, "the server keeps the certificate that it has"),
        }
    }
}

/// What a worker needs; its place in the register of executors, too, without which it takes no work.
fn needs(assembly: &Assembly) -> Vec<Dependency> {
    let engine = assembly.engine.clone();
    let mut needs = Dependency::of(&assembly.platform);
    needs.extend(assembly.dependencies.iter().cloned());
    needs.push(Dependency::new("executor", move || {
        let listed = engine.executor().is_some();
        async move {
            if listed {
                return Ok(());
            }
            Err(Error::unavailable("worker.not-listed", "the worker is not in the register of executors"))
        }
    }));
    needs
}

/// How the server listens.
fn config(settings: &Settings) -> Result<Config> {
    let mut config = Config::new(settings.listen()?);
    config.trusted_proxies = settings.list("trusted-proxies", "a network like 10.0.0.0/8")?;
    config.public_url = settings.public_url().map(String::from);
    config.limits.per_principal = principal_rate(settings)?;
    Ok(config)
}

/// Requests of one principal: so many a second, all of ten seconds at once if need be.
fn principal_rate(settings: &Settings) -> Result<Rate> {
    let each: std::num::NonZeroU32 = settings.parsed("principal-rate", "a number of requests")?;
    Ok(Rate { requests: each.get().saturating_mul(10), window: Duration::from_secs(10) })
}

fn no_signals(e: std::io::Error) -> Error {
    Error::unavailable("server.signals", "signals cannot be received").because(e)
}

fn announce(url: &str, secret: Option<&str>, console: &mut Console) {
    let mut text = format!(
        "Proofmark answers at {url}\n  API document  {url}/api/v1/openapi.json\n  health        {url}/readyz\n"
    );
    let link = secret.map(|s| format!("{url}/setup#{s}"));
    if let Some(link) = &link {
        text.push_str("\nNobody has an account yet. Open this link once, within 24 hours, to make the first:\n  ");
        text.push_str(link);
        text.push('\n');
    }
    console.result(&text, &json!({"serve": {"url": url, "setup": link}}));
}
