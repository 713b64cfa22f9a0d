//! Faults seeded in the generated code: vectors that show them before the targets run, and what became of them after.

use super::{Noted, VectorSet, Work, model};
use crate::verify::design::Design;
use crate::verify::evidence::{Fault, Mutation, Part};
use crate::verify::golden::{self, Judged, Model, Scales};
use crate::verify::mutation::{self, Tried};
use crate::verify::pipeline::{Stopped, Vectors};
use crate::verify::unset;
use crate::verify::vectors::Sequence;
use proofmark_evidence::check::{Check, Verdict};
use proofmark_silicon::translation::Translation;
use serde::{Deserialize, Serialize};

/// What the search for vectors gave.
#[derive(Debug, Default)]
pub struct Explored {
    /// How far the faults were tried, or why none could be seeded; none where it is not worth while.
    pub seeded: Option<Result<Tried, String>>,
    /// Vectors that show faults; they have no references yet.
    pub found: Vec<Sequence>,
}

/// Seeds faults and looks for vectors that show those which the vectors there are do not.
pub fn explore(design: &Design, set: &VectorSet, targets: bool, work: &mut Work<'_>) -> Explored {
    let all = set.view(&design.t);
    let agrees = || {
        let recorded = (&all.sequences[..all.recorded], &all.judged[..all.recorded]);
        model::against_recording(&design.t, recorded.0, recorded.1).fails() == 0
    };
    if !design.has_reference || !targets || !agrees() {
        return Explored::default();
    }
    (work.progress)("seeding faults and looking for vectors that show them");
    match mutation::explore(&design.program, &all, design.kernels(), work.scratch) {
        Ok((seeded, found)) => Explored { seeded: Some(Ok(seeded.tried())), found },
        Err(why) => Explored { seeded: Some(Err(why)), found: Vec::new() },
    }
}

/// Judges vectors found, whose references are known now; those that show nothing of a fault are left out.
pub fn judge_found(design: &Design, found: Vec<Sequence>) -> (Vec<Sequence>, Vec<Judged>, Noted) {
    let t: &Translation = &design.t;
    let model = Model { read: &design.read, made: &design.made, narrow: design.narrow };
    let (mut sequences, mut judged, mut noted) = (Vec::new(), Vec::new(), Noted::default());
    let (mut spent, mut left_out) = (0u64, 0usize);
    for s in found {
        let j = if spent > golden::GENERATED_WORK { None } else { Some(model.judge(t, &s, &Scales::new())) };
        let Some(j) = j else {
            left_out += 1;
            continue;
        };
        spent += j.trail.work;
        let mut one = golden::Comparison::default();
        golden::compare(t, &s, &j, &j.trail.outcomes, &mut one);
        // a result that rounding decides says nothing about a fault
        if one.fails() == 0 && !one.undecided.is_empty() {
            left_out += 1;
            continue;
        }
        sequences.push(s);
        judged.push(j);
    }
    if left_out > 0 {
        let text = "vectors found for seeded faults, whose results rounding decides or which take too long";
        noted.not_shown.push(format!("{left_out} {text}"));
    }
    (sequences, judged, noted)
}

/// Refuses a program whose results hang by what `np.empty` leaves in memory.
///
/// # Errors
/// [`Stopped::Refused`].
pub fn refuse_unset(design: &Design, all: &Vectors<'_>) -> Result<(), Stopped> {
    match unset::refusal(&design.t, all.sequences) {
        Some(d) => Err(Stopped::Refused(vec![d])),
        None => Ok(()),
    }
}

/// What became of the seeded faults.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mutants {
    /// The check of them.
    pub check: Check,
    /// The analysis, when it could be made.
    pub mutation: Option<Mutation>,
}

/// Tries the faults left on all vectors and measures those that stay unnoticed.
pub fn mutants(
    design: &Design,
    all: &Vectors<'_>,
    seeded: Option<Result<Tried, String>>,
    parts: &[Part],
    work: &mut Work<'_>,
) -> Mutants {
    let (id, title) = ("mutation", "faults seeded in the generated code are noticed by the vectors");
    let skipped = |why: &str| Mutants { check: Check::new(id, title, Verdict::Skipped, why), mutation: None };
    let (true, Some(seeded)) = (parts.iter().any(|p| p.facts.tested), seeded) else {
        return skipped("no target agrees with a reference");
    };
    (work.progress)("trying seeded faults on all vectors");
    let seeded = seeded.and_then(|tried| mutation::resume(&design.program, work.scratch, tried));
    match seeded.and_then(|s| s.finish(all, &design.sources)) {
        Err(reason) => skipped(&reason),
        Ok(m) => {
            let directed = all.sequences.iter().filter(|s| s.name.starts_with("directed-")).count();
            let check = Check::new(id, title, Verdict::Pass, unnoticed(&m))
                .figure("mutation_score", m.score())
                .figure("noticed", m.killed as f64)
                .figure("equivalent", m.equivalent.len() as f64)
                .figure("seeded", m.tried as f64)
                .figure("places", m.places as f64)
                .figure("noticed_by_kernel_vectors", m.by_kernels as f64)
                .figure("directed_vectors", directed as f64);
            Mutants { check, mutation: Some(m) }
        }
    }
}

/// Every fault that no vector shows, with what was measured of it.
fn unnoticed(m: &Mutation) -> String {
    let line = |f: &Fault| {
        let at = f.place.as_ref().map_or(String::new(), |(file, line)| format!("{file}:{line}: "));
        format!("{at}{} ({})", f.text, f.why)
    };
    let mut text = Vec::new();
    if !m.survivors.is_empty() {
        text.push(format!("{} fault(s) went unnoticed:", m.survivors.len()));
    }
    text.extend(m.survivors.iter().chain(&m.equivalent).map(line));
    text.join("\n")
}
