//! The golden model on recorded and generated vectors: tolerances, and how it compares with CPython.

use super::{Noted, VectorSet, Work, verdict};
use crate::verify::design::Design;
use crate::verify::golden::{self, Finding, Judged, Model, Scales};
use crate::verify::state;
use crate::verify::tolerance::Agreement;
use crate::verify::vectors::{Sequence, port};
use proofmark_base::diagnostics::SourceMap;
use proofmark_evidence::check::{Check, Verdict};
use proofmark_silicon::hir::Module;
use proofmark_silicon::passes::{self, PassReport};
use proofmark_silicon::translation::Translation;
use std::collections::BTreeMap;

use super::LISTED;

/// What the golden model says.
pub struct Modelled {
    /// Recorded vectors and those of the generated ones that it was given the work for.
    pub set: VectorSet,
    /// Of the recorded vectors.
    pub noted: Noted,
    /// Of the generated ones.
    pub left_out: Noted,
}

/// Runs the golden model on the recorded vectors and on further ones with references.
pub fn model(design: &Design, further: Vec<Sequence>, work: &mut Work<'_>) -> Modelled {
    (work.progress)("running the golden model on the recorded vectors");
    let Design { t, read, made, narrow, .. } = design;
    let mut noted = Noted { checks: Vec::new(), not_shown: design.recorded.not_shown.clone() };
    noted.checks.push(Check::new("hir.check", "the intermediate form obeys its rules", Verdict::Pass, ""));
    let model = Model { read, made, narrow: *narrow };
    let sequences = &design.recorded.sequences;
    let mut scales = Scales::new();
    for s in sequences {
        golden::add_scales(made, t, s, *narrow, &mut scales);
    }
    let mut judged: Vec<Judged> = sequences.iter().map(|s| model.judge(t, s, &scales)).collect();
    let compared = against_recording(t, sequences, &judged);
    recorded_checks(&mut noted.checks, &compared, &design.recorded.problems, design.has_reference);
    same_before_and_after(&mut noted.checks, t, (read, made), &design.reports, sequences, &judged);
    decisions(&mut noted.checks, &design.sources, sequences, &judged);
    noted.not_shown.extend(state::not_shown(t, made, sequences));
    let mut left_out = Noted::default();
    let (mut spent, mut beyond) = (0u64, 0usize);
    for s in &further {
        if spent > golden::GENERATED_WORK {
            beyond += 1;
            continue;
        }
        let j = model.judge(t, s, &Scales::new());
        spent += j.trail.work;
        judged.push(j);
    }
    if beyond > 0 {
        left_out.not_shown.push(format!(
            "{beyond} generated vectors, beyond the work the golden model is given for them ({} operations)",
            golden::GENERATED_WORK
        ));
    }
    let set = VectorSet::new(design, further, judged).unwrap_or_default();
    Modelled { set, noted, left_out }
}

/// How the golden model compares with CPython on recorded vectors.
pub(super) fn against_recording(t: &Translation, sequences: &[Sequence], judged: &[Judged]) -> golden::Comparison {
    let mut compared = golden::Comparison::default();
    for (s, j) in sequences.iter().zip(judged) {
        golden::compare(t, s, j, &j.trail.outcomes, &mut compared);
    }
    compared
}

fn recorded_checks(checks: &mut Vec<Check>, c: &golden::Comparison, problems: &[String], has_reference: bool) {
    let titles = [
        ("golden.recorded", "the golden model agrees with CPython on the bench's vectors"),
        ("golden.structure", "results and attributes have CPython's structure, kinds and element types"),
        ("golden.arguments", "arguments are changed exactly as CPython changes them"),
        ("golden.exceptions", "it stops where CPython raises, with that exception's status"),
    ];
    if !has_reference {
        let reason = "there is no reference: no bench was given, or it showed no call that is covered";
        checks.extend(titles.map(|(id, title)| Check::new(id, title, Verdict::Skipped, reason)));
        return;
    }
    if !problems.is_empty() {
        let title = "recorded calls fit the ports of the translation";
        checks.push(Check::new("vectors.recorded", title, Verdict::Fail, problems.join("\n")));
    }
    let off: Vec<Finding> = c.off.iter().chain(&c.refused).cloned().collect();
    let results = [
        verdict(&off, &c.undecided),
        verdict(&c.structure, &[]),
        verdict(&c.arguments, &[]),
        verdict(&c.exceptions, &[]),
    ];
    for ((id, title), (v, reason)) in titles.into_iter().zip(results) {
        let check = Check::new(id, title, v, reason).figure("calls", c.calls as f64);
        checks.push(if id == "golden.exceptions" { check.figure("raised", c.raised as f64) } else { check });
    }
}

/// Passes may not change a bit.
fn same_before_and_after(
    checks: &mut Vec<Check>,
    t: &Translation,
    (read, made): (&Module, &Module),
    reports: &[PassReport],
    sequences: &[Sequence],
    judged: &[Judged],
) {
    let (id, title) = ("golden.optimised", "optimisation keeps the results of the golden model");
    if read == made {
        checks.push(Check::new(id, title, Verdict::Pass, "").figure("passes", "none changed it"));
        return;
    }
    let changing: Vec<&str> = reports
        .iter()
        .filter(|r| r.changed > 0 && passes::find(r.name).is_some_and(|p| p.value_changing))
        .map(|r| r.name)
        .collect();
    let mut machine = golden::machine(read);
    let mut exact = true;
    let different = sequences.iter().zip(judged).find_map(|(s, j)| {
        let before = golden::run(&mut machine, t, s);
        let (i, d) = golden::difference(&before, &j.trail)?;
        exact = false;
        // a pass that declares that it changes rounding is held to the tolerance, every other to the bit
        let close = !changing.is_empty() && within(&before, j);
        (!close).then(|| format!("{}, call {i}: {d}", s.name))
    });
    checks.push(match different {
        Some(d) => Check::new(id, title, Verdict::Fail, d),
        None => {
            let how =
                if exact { "bit for bit".to_string() } else { format!("within tolerance ({})", changing.join(", ")) };
            Check::new(id, title, Verdict::Pass, "")
                .figure("sequences", sequences.len() as f64)
                .figure("agreement", how.as_str())
        }
    });
}

/// Whether every outcome lies within the tolerance of the judged one.
fn within(before: &golden::Trail, judged: &Judged) -> bool {
    before.outcomes.iter().zip(&judged.trail.outcomes).zip(&judged.tolerances).all(|((a, b), tolerances)| {
        match (a, b) {
            (Ok(a), Ok(b)) => a.iter().all(|(name, reference)| {
                let actual = port(b, name);
                actual.is_some_and(|actual| {
                    reference.same_bits(actual)
                        || tolerances
                            .get(name)
                            .is_some_and(|t| matches!(t.judge(reference, actual), Agreement::Within(_)))
                })
            }),
            (Err(a), Err(b)) => a.exception == b.exception,
            _ => false,
        }
    })
}

/// Names what in the recorded vectors hangs by a rounding error.
fn decisions(checks: &mut Vec<Check>, sources: &SourceMap, sequences: &[Sequence], judged: &[Judged]) {
    // Branches nearer than this many units in the last place of float64 are listed.
    const NEAR: f64 = 64.0 * f64::EPSILON;
    let mut places: BTreeMap<String, f64> = BTreeMap::new();
    let mut moving = Vec::new();
    let mut reached = 0;
    for (s, j) in sequences.iter().zip(judged) {
        for d in &j.trail.decisions {
            reached += 1;
            if d.margin <= NEAR {
                let at = d.span.and_then(|at| crate::verify::trace::place(at, sources));
                let at = at.map_or("a branch without a source line".into(), |p| {
                    format!("{}:{}", sources.files()[p.source].name, p.first_line)
                });
                let least = places.entry(at).or_insert(f64::INFINITY);
                *least = least.min(d.margin);
            }
        }
        for (i, call) in j.tolerances.iter().enumerate() {
            moving.extend(
                call.iter().filter(|(_, t)| t.decides()).map(|(p, _)| format!("`{p}` of {}, call {i}", s.name)),
            );
        }
    }
    let mut notes: Vec<String> = places
        .iter()
        .take(LISTED)
        .map(|(at, m)| format!("the comparison at {at} has a margin of only {m:.1e}"))
        .collect();
    if !moving.is_empty() {
        let some = moving.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
        notes.push(format!("rounding can change whole values of {some}"));
    }
    let check = Check::new(
        "golden.decisions",
        "decisions of the recorded vectors that lie within rounding distance are named",
        Verdict::Pass,
        notes.join("\n"),
    );
    checks.push(
        check
            .figure("branches_on_floats", reached as f64)
            .figure("near_branches", places.len() as f64)
            .figure("moving_outputs", moving.len() as f64),
    );
}
