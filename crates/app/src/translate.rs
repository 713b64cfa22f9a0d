//! `proofmark translate`: record the bench, translate, verify, write the bundle.

use crate::cli::{NumericOption, SandboxOption, Translate};
use crate::console::Console;
use crate::failure::{BUG, FAILED, Failure, REFUSED, USAGE};
use crate::{key, output};
use proofmark_base::diagnostics::{Diagnostic, Severity, SourceMap};
use proofmark_evidence::check::{ClaimLevel, Verdict};
use proofmark_silicon::translation::Numeric;
use proofmark_silicon_verify::cancel::Cancel;
use proofmark_silicon_verify::oracle::Limits;
use proofmark_silicon_verify::python::Search;
use proofmark_silicon_verify::sandbox::Sandbox;
use proofmark_silicon_verify::translate::{
    self, Bundle, Job, Origin, Refusal, Resolved, Results, Session, Status, Step, Stopped,
};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// Runs the command; gives the exit status.
///
/// # Errors
/// [`Failure`] with its status.
pub fn translate(options: &Translate, console: &mut Console) -> Result<u8, Failure> {
    let Resolved { job, folder, output, python, key, .. } =
        translate::resolve(&options.file, asked(options), Origin::Own)?;
    let out = options.output.clone().or(output).ok_or_else(|| {
        Failure::usage("PM0216", "no output folder was given").help("say where to write the bundle: `-o OUT`")
    })?;
    output::check(&out, options.force)?;
    let signing = match job.signed {
        false => None,
        true => Some(key::signing(options.key.as_deref().or(key.as_deref()))?),
    };
    let python = Search::from_environment(options.python.clone().or(python), &folder);
    let bundle = bundle(&job, &folder, &python, console)?;
    console.progress("writing the bundle");
    let files = match &signing {
        Some((key, _, _)) => bundle.sealed(key).map_err(|e| Failure::bug(e.to_string()))?,
        None => bundle.files.clone(),
    };
    output::write(&out, &files, options.force)?;
    if let Some((key, path, true)) = &signing {
        let message = format!("a signing key was made for you: {}", path.display());
        let note = format!(
            "its key id is {}; give others its public key, `statement.key` in any bundle",
            key.public().keyid()
        );
        console.report(&[Diagnostic::new("PM0218", Severity::Note, message).note(note)], &SourceMap::default());
    }
    Ok(conclude(&bundle, &out, console))
}

/// Runs all steps, one after the other.
fn bundle(job: &Job, folder: &Path, python: &Search, console: &mut Console) -> Result<Bundle, Failure> {
    if let Some(warning) = translate::unconfined(job) {
        console.report(&[warning], &SourceMap::default());
    }
    let scratch = output::scratch()?;
    let mut session = Session::new(job, folder, python, scratch.path(), Cancel::new());
    let mut results = Results::new();
    let mut told = 0;
    for step in Step::plan(job) {
        let done = session.run(step, &results, &mut |what| console.progress(what));
        let bytes = done.map_err(|stopped| failure(stopped, told))?;
        results.insert(step, bytes);
        if step == Step::Record {
            let (warnings, sources) = session.warnings(&results).map_err(|stopped| failure(stopped, 0))?;
            console.report(&warnings, &sources);
            told = warnings.len();
        }
    }
    Session::bundle(job, &results).map_err(|e| Failure::bug(e.to_string()))
}

/// The failure of a step, without the warnings that were told before.
fn failure(stopped: Stopped, told: usize) -> Failure {
    match stopped {
        Stopped::Refused(mut refusal) => {
            refusal.diagnostics.drain(..told.min(refusal.diagnostics.len()));
            (*refusal).into()
        }
        Stopped::Bug(what) => Failure::bug(what),
        other => Failure::bug(other.to_string()),
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let status = match refusal.status {
            Status::Usage => USAGE,
            Status::Refused => REFUSED,
            Status::Bug => BUG,
        };
        Failure { diagnostics: refusal.diagnostics, sources: refusal.sources, status }
    }
}

/// What the command line says of a job.
pub fn asked(o: &Translate) -> translate::Options {
    translate::Options {
        entry: o.entry.clone(),
        bench: o.bench.clone(),
        arg: o.arg.clone(),
        target: o.target.clone(),
        numeric: o.numeric.map(|n| match n {
            NumericOption::F64 => Numeric::F64,
            NumericOption::F32 => Numeric::F32,
        }),
        fma: o.fma,
        sandbox: o.sandbox.map(|s| match s {
            SandboxOption::Bubblewrap => Sandbox::Bubblewrap,
            SandboxOption::None => Sandbox::None,
        }),
        allow_read: o.allow_read.clone(),
        no_sign: o.no_sign,
        limits: Limits::default(),
    }
}

/// Tells what came of it; gives the exit status.
pub fn conclude(bundle: &Bundle, out: &Path, console: &mut Console) -> u8 {
    let Bundle { checks, has_reference, declared, .. } = bundle;
    let (has_reference, declared) = (*has_reference, *declared);
    let wanted = if has_reference { ClaimLevel::Tested } else { ClaimLevel::Built };
    let mut text = String::new();
    let mut diagnostics = Vec::new();
    for claim in &checks.claims {
        let figures: Vec<String> =
            claim.figures.iter().map(|(n, v)| format!("{} {}", n.replace('_', " "), short(v))).collect();
        let level = if claim.level == ClaimLevel::None { "withheld".into() } else { claim.level.to_string() };
        let _ = writeln!(text, "{:6} {level:10} {}", claim.target, figures.join(", "));
        if claim.level >= wanted {
            continue;
        }
        let mut d = Diagnostic::error("PM0301", format!("target `{}` is not shown to agree with Python", claim.target));
        let against = checks.checks.iter().filter(|c| {
            (c.target.is_none() || c.target.as_deref() == Some(&claim.target))
                && matches!(c.verdict, Verdict::Fail | Verdict::Inconclusive)
        });
        for c in against.take(6) {
            d = d.note(format!("{} ({}): {}", c.title, c.id, c.reason));
        }
        if d.notes.is_empty() {
            let skipped = checks.checks.iter().filter(|c| c.verdict == Verdict::Skipped);
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
    blocks(bundle, &mut text, &mut diagnostics);
    console.report(&diagnostics, &SourceMap::default());
    let _ = writeln!(text, "report {}", out.join("report.html").display());
    let status = if checks.claims.iter().all(|c| c.level >= wanted) { 0 } else { FAILED };
    let claims: Vec<_> =
        checks.claims.iter().map(|c| json!({"target": c.target, "level": c.level, "figures": c.figures})).collect();
    let blocks: Vec<_> = bundle
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
fn blocks(bundle: &Bundle, text: &mut String, diagnostics: &mut Vec<Diagnostic>) {
    for form in &bundle.blocks {
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
