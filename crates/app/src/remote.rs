//! `proofmark --server URL translate`: the same command, done by a server. Sources go there as an archive, progress comes
//! back as it happens, and the bundle and every message are those that the command would have given here.

mod client;
mod pack;

use crate::cli::{Connection, Translate};
use crate::console::Console;
use crate::failure::{BUG, Failure, REFUSED};
use crate::{output, translate};
use client::Client;
use proofmark_base::diagnostics::{Diagnostic, Severity, SourceMap};
use proofmark_base::error::{Error, Result};
use proofmark_evidence::FileSet;
use proofmark_evidence::check::Checks;
use proofmark_silicon_verify::translate::{self as steps, Bundle, Job, Origin, Refusal, Resolved};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a run says of its result, beside its files.
#[derive(Deserialize)]
struct Outcome {
    blocks: Vec<proofmark_silicon_verify::verify::evidence::BlockForm>,
    has_reference: bool,
    declared: bool,
}

/// Translates on a server; gives the exit status.
///
/// # Errors
/// [`Failure`] with its status, as the command itself.
pub fn translate(
    server: &str,
    connection: &Connection,
    options: &Translate,
    console: &mut Console,
) -> std::result::Result<u8, Failure> {
    let Resolved { job, folder, output, .. } = steps::resolve(&options.file, translate::asked(options), Origin::Own)?;
    let out = options.output.clone().or(output).ok_or_else(|| {
        Failure::usage("PM0216", "no output folder was given").help("say where to write the bundle: `-o OUT`")
    })?;
    output::check(&out, options.force)?;
    not_for_servers(options, &job)?;
    let token = std::env::var("PROOFMARK_TOKEN").ok().filter(|t| !t.is_empty());
    if token.is_none() && connection.client_certificate.is_none() {
        return Err(Error::invalid("server.token", "no token was given for the server")
            .help(
                "make one on the server and say it in the environment: PROOFMARK_TOKEN=pmt_...; or show a client \
                   certificate that is registered there",
            )
            .into());
    }
    console.progress("packing the sources");
    let archive = pack::archive(&folder, &out)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::unavailable("server.threads", "no threads can be started").because(e))?;
    let client = Client::new(server, connection, token.as_deref())?;
    let ended = runtime.block_on(run(&client, &job, &options.arg, archive, options.project.as_deref(), console))?;
    match ended {
        Ended::Bundle(bundle) => {
            console.progress("writing the bundle");
            output::write(&out, &bundle.files, options.force)?;
            Ok(translate::conclude(&bundle, &out, console))
        }
        Ended::Refused(refusal) => Err((*refusal).into()),
        Ended::Failed(run, code, detail) => {
            let status = if code.starts_with("bug") { BUG } else { REFUSED };
            Err(Failure::new(status, Diagnostic::error(&code, detail).note(format!("the run is {run}"))))
        }
    }
}

/// What only this machine could do.
fn not_for_servers(options: &Translate, job: &Job) -> Result<()> {
    let said = [
        ("--python", options.python.is_some()),
        ("--sandbox", options.sandbox.is_some()),
        ("--allow-read", !job.allow_read.is_empty()),
        ("--key", options.key.is_some()),
        ("--no-sign", options.no_sign),
    ];
    match said.into_iter().find(|(_, said)| *said) {
        Some((name, _)) => Err(Error::invalid("server.option", format!("`{name}` cannot be followed on a server"))
            .help(
                "the server has its own Python, sandbox and key; leave the option out, or translate without `--server`",
            )),
        None => Ok(()),
    }
}

enum Ended {
    Bundle(Box<Bundle>),
    Refused(Box<Refusal>),
    Failed(String, String, String),
}

async fn run(
    client: &Client,
    job: &Job,
    declared: &[String],
    archive: Vec<u8>,
    project: Option<&str>,
    console: &mut Console,
) -> Result<Ended> {
    let project = client.project(project).await?;
    console.progress("sending the sources");
    let archive = client.upload(&project, "sources.zip", "application/zip", &archive).await?;
    let mut input = json!({
        "archive": archive,
        "file": job.file,
        "entry": job.entry,
        "targets": job.targets.iter().map(|t| t.name()).collect::<Vec<_>>(),
        "numeric": job.numeric,
        "fma": job.fma,
    });
    if let Some(bench) = &job.bench {
        input["bench"] = json!(bench);
    }
    if !declared.is_empty() {
        input["args"] = json!(declared);
    }
    let run = client.start(&project, "silicon.translate", input).await?;
    let note = Diagnostic::new("server.run", Severity::Note, format!("the run is {run}"));
    console.report(&[note], &SourceMap::default());
    console.progress("waiting for a worker");
    let mut tell = |event: &Value| {
        let text = event.pointer("/data/text").and_then(Value::as_str);
        let step = event.pointer("/data/step").and_then(Value::as_str).unwrap_or_default();
        match text {
            Some(text) if event["kind"] == "log" => {
                let note = Diagnostic::new("server.step", Severity::Note, format!("{step} {text}"));
                console.report(&[note], &SourceMap::default());
            }
            Some(text) => console.progress(&format!("{step}: {text}")),
            None => {}
        }
    };
    client.watch(&run, &mut tell).await?;
    let ended = client.get(&format!("/api/v1/runs/{run}")).await?;
    let files = client.artifacts(&run).await?;
    if ended["status"] == "succeeded" {
        return Ok(Ended::Bundle(Box::new(bundle(files, &ended["result"])?)));
    }
    if let Some(bytes) = files.get("diagnostics.refusal") {
        let refusal = Refusal::from_bytes(bytes)
            .map_err(|e| Error::invalid("server.version", "the server's diagnostics cannot be read here").because(e))?;
        return Ok(Ended::Refused(Box::new(refusal)));
    }
    let said = |name: &str| ended["error"][name].as_str().unwrap_or("run.ended").to_string();
    let detail = if ended["error"].is_null() {
        format!("the run is {}", ended["status"].as_str().unwrap_or("?"))
    } else {
        said("detail")
    };
    Ok(Ended::Failed(run, said("code"), detail))
}

/// The outcome as the command line has it.
fn bundle(files: FileSet, result: &Value) -> Result<Bundle> {
    let odd = |e: serde_json::Error| {
        Error::invalid("server.version", "the server's result cannot be read here: it may be of another version")
            .because(e)
    };
    let outcome: Outcome = serde_json::from_value(result.clone()).map_err(odd)?;
    let checks = files.get("checks.json").map(Vec::as_slice).unwrap_or_default();
    let checks: Checks = serde_json::from_slice(checks).map_err(odd)?;
    Ok(Bundle {
        files,
        checks,
        blocks: outcome.blocks,
        has_reference: outcome.has_reference,
        declared: outcome.declared,
    })
}
