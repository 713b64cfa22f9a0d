//! `proofmark translate`: record the bench, translate, verify, write the bundle.

mod declared;
mod oracle;

use crate::arguments;
use crate::cli::{NumericOption, SandboxOption, Translate};
use crate::config::{self, Settings};
use crate::console::Console;
use crate::failure::{BUG, FAILED, Failure, REFUSED};
use crate::{key, output};
use proofmark_base::diagnostics::{Diagnostic, Severity, SourceMap};
use proofmark_evidence::check::{ClaimLevel, Sandbox, Verdict};
use proofmark_silicon::oracle::Recording;
use proofmark_silicon::translation::{Numeric, Options, Outcome};
use proofmark_silicon_verify::oracle::CPythonOracle;
use proofmark_silicon_verify::verify::bundle;
use proofmark_silicon_verify::verify::evidence::Evidence;
use proofmark_silicon_verify::verify::pipeline::{self, Request, Stopped, Target};
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A translation as asked for, with everything resolved.
pub struct Job {
    /// Folder whose files are the project.
    pub root: PathBuf,
    /// Source relative to the root.
    pub file: PathBuf,
    /// Bench relative to the root.
    pub bench: Option<PathBuf>,
    /// What to translate.
    pub entry: String,
    /// Options as given.
    pub options: Translate,
}

/// The front end's one call.
fn front_end(recording: &Recording, oracle: &mut CPythonOracle, options: &Options) -> Outcome {
    proofmark_silicon::front::python::translate(recording, oracle, options)
}

/// Runs the command; gives the exit status.
///
/// # Errors
/// [`Failure`] with its status.
pub fn translate(options: &Translate, console: &mut Console) -> Result<u8, Failure> {
    let text = std::fs::read_to_string(&options.file)
        .map_err(|e| Failure::usage("PM0201", format!("{} cannot be read: {e}", options.file.display())))?;
    let settings = config::settings(clone(options), &options.file)?;
    let targets = targets(&settings.options.target)?;
    let specs = specs(&settings.options.arg)?;
    let out = settings.options.output.clone().ok_or_else(|| {
        Failure::usage("PM0216", "no output folder was given").help("say where to write the bundle: `-o OUT`")
    })?;
    output::check(&out, settings.options.force)?;
    let signing = match settings.options.no_sign {
        true => None,
        false => Some(key::signing(settings.options.key.as_deref())?),
    };
    let mut job = job(settings, &text)?;
    let copy = output::scratch()?;
    let declared = !specs.is_empty();
    if declared {
        job = declared::bench(job, &specs, copy.path())?;
    }
    let numeric = if job.options.numeric == Some(NumericOption::F32) { Numeric::F32 } else { Numeric::F64 };

    console.progress("starting Python");
    let mut oracle = oracle::start(&job)?;
    let unconfined = job.options.sandbox == Some(SandboxOption::None);
    if unconfined {
        let message = "the bench runs without a sandbox: it can read, write and send whatever you can";
        let d = Diagnostic::new("PM0217", Severity::Warning, message).note("the evidence says so");
        console.report(&[d], &SourceMap::default());
    }
    console.progress("running the bench");
    let recording = oracle::record(&mut oracle, &job)?;
    console.progress("translating");
    let front = Options {
        entry: job.entry.clone(),
        numeric,
        fma: job.options.fma,
        args: specs,
        file: job.file.to_string_lossy().into_owned(),
    };
    let outcome = front_end(&recording, &mut oracle, &front);
    let worst = outcome.diagnostics.iter().map(|d| d.severity).max();
    let translation = match (outcome.translation, worst) {
        (Some(t), None | Some(Severity::Note | Severity::Warning)) => {
            console.report(&outcome.diagnostics, &outcome.sources);
            t
        }
        (_, worst) => {
            let status = if worst == Some(Severity::Bug) { BUG } else { REFUSED };
            if outcome.diagnostics.is_empty() {
                return Err(Failure::bug("the front end gave neither a program nor a reason"));
            }
            return Err(Failure { diagnostics: outcome.diagnostics, sources: outcome.sources, status });
        }
    };
    let has_reference = !recording.calls.is_empty() || !recording.script_results.is_empty();
    let scratch = output::scratch()?;
    let mut evidence = {
        let console = std::cell::RefCell::new(&mut *console);
        pipeline::verify(Request {
            translation: &translation,
            recording: has_reference.then_some(&recording),
            oracle: Some(&mut oracle),
            sources: &outcome.sources,
            targets: &targets,
            entry: &job.entry,
            numeric,
            version: env!("CARGO_PKG_VERSION"),
            sandbox: if unconfined { Sandbox::None } else { Sandbox::Bubblewrap },
            scratch: scratch.path(),
            progress: &mut |what| console.borrow_mut().progress(what),
        })
    }
    .map_err(|stopped| match stopped {
        Stopped::Refused(diagnostics) => Failure { diagnostics, sources: outcome.sources.clone(), status: REFUSED },
        Stopped::Bug(what) => Failure::bug(what),
    })?;
    if signing.is_none() {
        evidence.checks.not_shown.push("origin and integrity of this bundle: it is not signed (`--no-sign`)".into());
    }
    if declared {
        evidence.checks.not_shown.push(
            "agreement on the user's own data: no bench was given, the vectors are random values of the declared types"
                .into(),
        );
    }
    evidence.checks.not_shown.extend(outcome.diagnostics.iter().map(|d| said(d, &outcome.sources)));
    evidence.checks.options.insert("file".into(), job.file.to_string_lossy().into_owned());
    if let Some(bench) = &job.bench {
        evidence.checks.options.insert("bench".into(), bench.to_string_lossy().into_owned());
    }
    add_bench(&mut evidence, &job);
    console.progress("writing the bundle");
    let files = match &signing {
        Some((key, _, _)) => bundle::sealed(&evidence, key).map_err(|e| Failure::bug(e.to_string()))?,
        None => bundle::files(&evidence),
    };
    output::write(&out, &files, job.options.force)?;
    if let Some((key, path, true)) = &signing {
        let message = format!("a signing key was made for you: {}", path.display());
        let note = format!(
            "its key id is {}; give others its public key, `statement.key` in any bundle",
            key.public().keyid()
        );
        console.report(&[Diagnostic::new("PM0218", Severity::Note, message).note(note)], &SourceMap::default());
    }
    Ok(conclude(&evidence, &out, has_reference, declared, console))
}

fn clone(o: &Translate) -> Translate {
    Translate {
        file: o.file.clone(),
        entry: o.entry.clone(),
        bench: o.bench.clone(),
        arg: o.arg.clone(),
        target: o.target.clone(),
        numeric: o.numeric,
        fma: o.fma,
        output: o.output.clone(),
        force: o.force,
        python: o.python.clone(),
        sandbox: o.sandbox,
        allow_read: o.allow_read.clone(),
        key: o.key.clone(),
        no_sign: o.no_sign,
    }
}

fn targets(names: &[String]) -> Result<Vec<Target>, Failure> {
    let mut found = Vec::new();
    for name in names {
        let target = Target::from_name(name.trim()).ok_or_else(|| {
            let known = Target::ALL.map(Target::name).join(", ");
            Failure::usage("PM0219", format!("there is no target `{name}`")).help(format!("the targets are {known}"))
        })?;
        if !found.contains(&target) {
            found.push(target);
        }
    }
    if found.is_empty() {
        let known = Target::ALL.map(Target::name).join(",");
        return Err(
            Failure::usage("PM0219", "no target was given").help(format!("say what to make: `--target {known}`"))
        );
    }
    Ok(found)
}

fn specs(texts: &[String]) -> Result<Vec<proofmark_silicon::translation::ArgSpec>, Failure> {
    let mut specs: Vec<proofmark_silicon::translation::ArgSpec> = Vec::new();
    for text in texts {
        let spec = arguments::parse(text).map_err(|why| {
            Failure::usage("PM0214", format!("`--arg {text}` is not understood: {why}"))
                .help("write it as `--arg name=dtype[extent,...]`, for example `--arg x=complex64[n]`")
        })?;
        if specs.iter().any(|s| s.name == spec.name) {
            return Err(Failure::usage("PM0214", format!("the argument `{}` is declared twice", spec.name)));
        }
        specs.push(spec);
    }
    Ok(specs)
}

fn job(settings: Settings, text: &str) -> Result<Job, Failure> {
    let Settings { options, root } = settings;
    let full = |p: &Path, code: &str| {
        p.canonicalize().map_err(|e| Failure::usage(code, format!("{} cannot be read: {e}", p.display())))
    };
    let source = full(&options.file, "PM0201")?;
    let bench = options.bench.as_deref().map(|b| full(b, "PM0201")).transpose()?;
    let root = match root {
        Some(root) => full(&root, "PM0215")?,
        None => {
            let mut root = source.parent().unwrap_or(Path::new("/")).to_path_buf();
            while bench.as_ref().is_some_and(|b| !b.starts_with(&root)) && root.pop() {}
            root
        }
    };
    let relative = |p: &Path| {
        p.strip_prefix(&root).map(Path::to_path_buf).map_err(|_| {
            Failure::usage("PM0215", format!("{} is not in the project folder {}", p.display(), root.display()))
        })
    };
    let entry = match &options.entry {
        Some(entry) => entry.clone(),
        None => only_entry(text)?,
    };
    Ok(Job { file: relative(&source)?, bench: bench.map(|b| relative(&b)).transpose()?, root, entry, options })
}

/// The one public function or class of a file.
fn only_entry(text: &str) -> Result<String, Failure> {
    let mut names: Vec<&str> = Vec::new();
    for line in text.lines() {
        let rest = line.strip_prefix("def ").or_else(|| line.strip_prefix("class "));
        let name = rest.and_then(|r| r.split(['(', ':', ' ']).next()).map(str::trim);
        names.extend(name.filter(|n| !n.is_empty() && !n.starts_with('_') && *n != "main"));
    }
    match names.as_slice() {
        [one] => Ok(one.to_string()),
        [] => Err(Failure::usage("PM0216", "the file defines no function or class to translate")
            .help("for a whole script name its result variables: `--entry script:NAME`")),
        several => Err(Failure::usage("PM0216", "it is not clear what to translate")
            .note(format!("the file defines {}", several.join(", ")))
            .help("name one with `--entry NAME`")),
    }
}

/// The bench is an input too, though no generated line comes from it.
fn add_bench(evidence: &mut Evidence, job: &Job) {
    let Some(bench) = &job.bench else { return };
    let name = bench.to_string_lossy().into_owned();
    if evidence.checks.inputs.iter().any(|i| i.name == name) {
        return;
    }
    let Ok(bytes) = std::fs::read(job.root.join(bench)) else { return };
    let path = format!("sources/{}", proofmark_silicon_verify::verify::names::safe_path(&name));
    evidence.checks.inputs.push(proofmark_evidence::check::Input {
        name,
        sha256: proofmark_base::digest::Digest::of(&bytes),
        path: Some(path.clone()),
    });
    evidence.files.insert(path, bytes);
}

/// Tells what came of it; gives the exit status.
fn conclude(evidence: &Evidence, out: &Path, has_reference: bool, declared: bool, console: &mut Console) -> u8 {
    let wanted = if has_reference { ClaimLevel::Tested } else { ClaimLevel::Built };
    let mut text = String::new();
    let mut diagnostics = Vec::new();
    for claim in &evidence.checks.claims {
        let figures: Vec<String> =
            claim.figures.iter().map(|(n, v)| format!("{} {}", n.replace('_', " "), short(v))).collect();
        let level = if claim.level == ClaimLevel::None { "withheld".into() } else { claim.level.to_string() };
        let _ = writeln!(text, "{:6} {level:10} {}", claim.target, figures.join(", "));
        if claim.level >= wanted {
            continue;
        }
        let mut d = Diagnostic::error("PM0301", format!("target `{}` is not shown to agree with Python", claim.target));
        let against = evidence.checks.checks.iter().filter(|c| {
            (c.target.is_none() || c.target.as_deref() == Some(&claim.target))
                && matches!(c.verdict, Verdict::Fail | Verdict::Inconclusive)
        });
        for c in against.take(6) {
            d = d.note(format!("{} ({}): {}", c.title, c.id, c.reason));
        }
        if d.notes.is_empty() {
            let skipped = evidence.checks.checks.iter().filter(|c| c.verdict == Verdict::Skipped);
            d.notes = skipped.take(4).map(|c| format!("{}: {}", c.title, c.reason)).collect();
        }
        diagnostics
            .push(d.help(format!("{} shows each difference with its source line", out.join("report.html").display())));
    }
    if !has_reference {
        let message = "agreement with Python was NOT checked: there is no bench";
        let d = Diagnostic::new("PM0225", Severity::Warning, message);
        diagnostics.push(d.help("give a script that calls the entry with `--bench FILE`"));
    }
    if has_reference && declared {
        let message = "no bench was given: the vectors are random values of the declared types, not your data";
        let d = Diagnostic::new("PM0225", Severity::Warning, message);
        diagnostics.push(d.help("give a script that calls the entry with `--bench FILE`"));
    }
    blocks(evidence, &mut text, &mut diagnostics);
    console.report(&diagnostics, &SourceMap::default());
    let _ = writeln!(text, "report {}", out.join("report.html").display());
    let status = if evidence.checks.claims.iter().all(|c| c.level >= wanted) { 0 } else { FAILED };
    let claims: Vec<_> = evidence
        .checks
        .claims
        .iter()
        .map(|c| json!({"target": c.target, "level": c.level, "figures": c.figures}))
        .collect();
    let blocks: Vec<_> = evidence
        .blocks
        .iter()
        .map(|b| {
            json!({"entry": b.entry, "name": b.name, "targets": b.targets, "state_bytes": b.sizes.map(|s| s.state),
                "reasons": b.reasons, "withheld": b.withheld})
        })
        .collect();
    let value = json!({"translate": {"bundle": out.display().to_string(), "claims": claims, "blocks": blocks,
        "status": status}});
    console.result(&text, &value);
    status
}

/// The block form of each stateless entry, or why it has none.
fn blocks(evidence: &Evidence, text: &mut String, diagnostics: &mut Vec<Diagnostic>) {
    for form in &evidence.blocks {
        match (&form.name, form.sizes, form.targets.is_empty()) {
            (Some(name), Some(sizes), false) => {
                let _ = writeln!(text, "blocks {name}: state {} bytes, {}", sizes.state, form.targets.join(", "));
            }
            _ => {
                let why = form.reasons.first().map_or("withheld", String::as_str);
                let _ = writeln!(text, "blocks none of {}: {why}", form.entry);
            }
        }
        // a withheld target has its own message
        let own = |w: &&String| !w.ends_with(": the target is withheld");
        for why in form.withheld.iter().filter(own) {
            let message = format!("the block form of `{}` is withheld, by a defect of Proofmark: {why}", form.entry);
            let d = Diagnostic::new("PM0302", Severity::Warning, message);
            diagnostics.push(d.help("the whole-array code is not affected; report this with its source and bench"));
        }
    }
}

/// A figure as people read it: three decimals are plenty on a terminal.
fn short(v: &impl std::fmt::Display) -> String {
    let text = v.to_string();
    match text.parse::<f64>() {
        Ok(x) if x.is_finite() && text.contains('.') => {
            format!("{x:.3}").trim_end_matches('0').trim_end_matches('.').to_string()
        }
        _ => text,
    }
}

/// What the front end had to say, with its place, as an item of what is not shown.
fn said(d: &Diagnostic, sources: &SourceMap) -> String {
    match d.labels.first() {
        Some(l) => {
            let line = sources.line_column(l.span.file, l.span.start).0;
            format!("{}:{line}: {} ({})", sources.get(l.span.file).name, d.message, d.code)
        }
        None => format!("{} ({})", d.message, d.code),
    }
}
