//! One target: its code built by its own tools, run on all vectors and compared.

use super::{Generated, Work, verdict};
use crate::verify::blocks::{self, Form};
use crate::verify::design::Design;
use crate::verify::evidence::{Comparison, Part};
use crate::verify::golden::{self, Finding, Outcome};
use crate::verify::pipeline::{Facts, Stopped, Target, Vectors, built, emit};
use crate::verify::state;
use crate::verify::target::{TargetRun, same_results};
use crate::verify::tolerance::{EXECUTIONS, ROUNDOFF_FACTOR, SPREAD_FACTOR};
use crate::verify::trace::Trace;
use crate::verify::vectors::port;
use proofmark_evidence::check::{Check, Tolerance, Tool, Verdict};
use std::collections::BTreeMap;

/// Builds, runs and judges a target: the whole-array code, its kernels alone, its block forms. It takes nothing from other
/// targets.
///
/// # Errors
/// [`Stopped::Refused`] when the target cannot express the program.
pub fn part(
    design: &Design,
    target: Target,
    all: &Vectors<'_>,
    forms: &[Form],
    work: &mut Work<'_>,
) -> Result<Part, Stopped> {
    let name = target.name();
    (work.progress)(&format!("building and running {name}"));
    let emitted = emit(target, &design.program, &design.made).map_err(Stopped::Refused)?;
    let run = built(target, &emitted, &design.program, all.t, all.sequences, work.scratch);
    let emitted = emitted.files;
    let mut part = Part::new(target);
    part.tools = run.tools.iter().map(|t| Tool { name: t.name.clone(), version: t.version.clone() }).collect();
    for (file, text) in &emitted.files {
        let path = format!("{name}/{file}");
        if let Some(lines) = emitted.lines.get(file) {
            part.trace.insert(path.clone(), Trace::places(lines, &design.sources));
        }
        part.generated.push((path, text.clone()));
    }
    part.facts = judge(target, run, all, &mut part);
    if let Some(kernels) = design.kernels() {
        (work.progress)(&format!("running the kernels of {name} alone"));
        part.checks.push(kernels.check(target, work.scratch));
    }
    blocks::on_target(target, forms, &design.sources, work.scratch, &mut part);
    Ok(part)
}

/// Compares a target's outcomes with golden model and CPython.
fn judge(target: Target, run: TargetRun, all: &Vectors<'_>, part: &mut Part) -> Facts {
    let name = target.name();
    let mut facts = Facts {
        target,
        tested: false,
        stressed: false,
        bits: false,
        recorded_calls: 0,
        generated_calls: 0,
        mutation: None,
        not_shown: run.not_shown,
    };
    part.checks.extend(run.checks);
    for (path, bytes) in run.files {
        part.files.insert(path, bytes);
    }
    let Some(outcomes) = run.outcomes else { return facts };
    let golden: Vec<Vec<Outcome>> = all.judged.iter().map(|j| j.trail.outcomes.clone()).collect();
    let id = |what: &str| format!("{name}.{what}");
    let check = same_results(
        &id("golden"),
        "the same bits as the golden model on every vector",
        name,
        &golden,
        Ok(outcomes.clone()),
        all.sequences,
    );
    facts.bits = check.verdict == Verdict::Pass;
    part.checks.push(check);
    let (mut recorded, mut generated) = (golden::Comparison::default(), Generated::default());
    for (i, s) in all.sequences.iter().enumerate() {
        match i < all.recorded {
            true => golden::compare(all.t, s, &all.judged[i], &outcomes[i], &mut recorded),
            false => generated.add(all.t, s, &all.judged[i], &outcomes[i]),
        }
    }
    facts.recorded_calls = recorded.calls;
    facts.generated_calls = generated.decided.calls;
    let title = "agrees with CPython on the bench's vectors, within the stated tolerances";
    if all.has_reference {
        let r = &recorded;
        let failures: Vec<Finding> =
            [&r.off, &r.structure, &r.arguments, &r.exceptions, &r.refused].into_iter().flatten().cloned().collect();
        let (v, reason) = verdict(&failures, &recorded.undecided);
        facts.tested = v == Verdict::Pass && recorded.calls > 0;
        let check = Check::new(&id("recorded"), title, v, reason).figure("calls", recorded.calls as f64);
        part.checks.push(check.target(name));
        tolerances(name, all, &recorded, part);
        comparisons(name, all, &outcomes, part);
    } else {
        let check = Check::new(&id("recorded"), title, Verdict::Skipped, "there is no reference");
        part.checks.push(check.target(name));
    }
    let calls = generated.decided.calls;
    if calls > 0 || !generated.undecided.is_empty() {
        let (v, reason) = generated.verdict();
        facts.stressed = facts.tested && v == Verdict::Pass;
        let title = "agrees with CPython on generated vectors, within the tolerance of each";
        let check = Check::new(&id("generated"), title, v, reason).figure("calls", calls as f64);
        part.checks.push(check.target(name));
    }
    facts
}

fn tolerances(target: &str, all: &Vectors<'_>, c: &golden::Comparison, part: &mut Part) {
    let single = all.t.entries.len() == 1;
    let short =
        |full: &str| if single { full.split_once('.').map_or(full, |(_, p)| p).to_string() } else { full.to_string() };
    for (full, f) in &c.ports {
        let derivation = if f.tolerance == 0.0 && f.spread == 0.0 {
            "integers, booleans or zeros: equal".to_string()
        } else {
            format!(
                "{SPREAD_FACTOR} x {:.3e} (largest change over {EXECUTIONS} executions with every inexact operation moved \
                 by up to one unit in the last place) + {ROUNDOFF_FACTOR} x unit roundoff x {:.3e} (largest reference \
                 value), at most 1/1024 of that value; derived and applied per call, the largest is shown",
                f.spread, f.peak
            )
        };
        part.tolerances.push(Tolerance {
            target: target.into(),
            output: short(full),
            tolerance_abs: f.tolerance.into(),
            derivation,
            max_abs_error: f.errors.max_abs.into(),
            max_rel_error: f.errors.max_rel.into(),
            snr_db: f.errors.snr_db().into(),
        });
    }
    if c.ports.is_empty() && !all.t.module.state.is_empty() {
        // What the calls change stays inside the object: no call shows it, so nothing was compared.
        let text = format!(
            "agreement of `{target}` with Python: no call returns a number, and no attribute could be compared"
        );
        part.not_shown.push(text);
    } else if c.ports.is_empty() && c.calls > 0 {
        // Nothing numeric comes back; exceptions, constants and structure were compared.
        part.tolerances.push(Tolerance {
            target: target.into(),
            output: "(no numeric output)".into(),
            tolerance_abs: 0.0.into(),
            derivation: "structure, constants and exceptions: equal".into(),
            max_abs_error: 0.0.into(),
            max_rel_error: 0.0.into(),
            snr_db: f64::INFINITY.into(),
        });
    }
}

/// For the plots: of each output, the longest recorded value.
fn comparisons(target: &str, all: &Vectors<'_>, outcomes: &[Vec<Outcome>], part: &mut Part) {
    let mut best: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    for (k, j) in all.judged.iter().enumerate().take(all.recorded) {
        for (i, expected) in j.expected.iter().enumerate() {
            for (name, t) in expected.iter().flat_map(|e| &e.ports).filter(|(n, _)| !state::is_state(n)) {
                let full = format!("{}.{name}", all.t.entries[all.sequences[k].calls[i].entry].name);
                let slot = best.entry(full).or_insert((0, k, i));
                if t.len() > slot.0 {
                    *slot = (t.len(), k, i);
                }
            }
        }
    }
    for (full, (_, k, i)) in best {
        let name = full.split_once('.').map_or(full.as_str(), |(_, p)| p);
        let reference = all.judged[k].expected[i].as_ref().and_then(|e| port(&e.ports, name));
        let actual = outcomes[k][i].as_ref().ok().and_then(|p| port(p, name));
        let (Some(reference), Some(actual)) = (reference, actual) else { continue };
        part.comparisons.push(Comparison {
            targets: vec![target.into()],
            output: full.clone(),
            vector: format!("{}, call {i}", all.sequences[k].name),
            reference: reference.clone(),
            actual: actual.clone(),
            tolerance: all.judged[k].tolerances[i].get(name).map_or(0.0, |t| t.abs),
        });
    }
}
