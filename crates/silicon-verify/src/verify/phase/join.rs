//! What all phases found, put together: claims, documents, and the order in which a reader meets them.

use super::faults::Mutants;
use super::{Generated, Noted};
use crate::verify::blocks::{self, Form};
use crate::verify::design::Design;
use crate::verify::evidence::{Evidence, Part};
use crate::verify::pipeline::{Facts, Vectors};
use crate::verify::trace::Trace;
use crate::verify::{bundle, claims, names};
use proofmark_base::diagnostics::SourceMap;
use proofmark_base::digest::Digest;
use proofmark_evidence::check::{Check, Checks, Input, Sandbox, Tool, Verdict};

const GENERATED: &str = "the golden model agrees with CPython on generated vectors";

/// What stands in the evidence as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Entry as on the command line.
    pub entry: &'a str,
    /// Version of Proofmark.
    pub version: &'a str,
    /// What confined the bench.
    pub sandbox: Sandbox,
}

/// What the phases noted, in their order.
pub struct Notes {
    /// Of the recorded vectors: [`super::model`].
    pub recorded: Noted,
    /// Of the references: [`super::references`].
    pub referenced: Noted,
    /// Of the generated vectors: [`super::model`].
    pub generated: Noted,
    /// Of the vectors for seeded faults: [`super::faults`].
    pub faults: Noted,
    /// Of the block forms.
    pub blocks: Noted,
}

/// Joins everything to the evidence. `parts` stand in the order in which the targets were asked for.
pub fn join(
    design: &Design,
    about: About<'_>,
    all: &Vectors<'_>,
    notes: Notes,
    forms: &mut [Form],
    parts: Vec<Part>,
    mutants: Mutants,
) -> Evidence {
    let t = &design.t;
    let product = Tool { name: "proofmark".into(), version: about.version.into() };
    let mut checks = Checks::new(product, about.entry, about.sandbox);
    checks.options.insert("numeric".into(), if design.narrow { "f32" } else { "f64" }.into());
    checks.options.insert("fma".into(), if t.module.fma { "on" } else { "off" }.into());
    for noted in [notes.recorded, notes.referenced, notes.generated, notes.faults] {
        checks.checks.extend(noted.checks);
        checks.not_shown.extend(noted.not_shown);
    }
    if design.has_reference {
        let mut compared = Generated::default();
        for (s, j) in all.sequences.iter().zip(all.judged).skip(all.recorded) {
            compared.add(t, s, j, &j.trail.outcomes);
        }
        generated_check(&mut checks, &compared, all.sequences.len() - all.recorded);
    } else {
        let reason = "there is no reference: no bench was given, or it showed no call that is covered";
        checks.checks.push(Check::new("golden.generated", GENERATED, Verdict::Skipped, reason));
    }
    if t.unset.is_some() {
        checks.not_shown.push(
            "that every element of np.empty is written before it is read, on inputs other than the vectors run".into(),
        );
    }
    let trace = Trace::new(&design.made, &design.sources);
    let mut evidence = Evidence {
        checks,
        sources: source_files(&design.sources, &trace),
        generated: Vec::new(),
        withheld: Vec::new(),
        files: Default::default(),
        trace,
        comparisons: Vec::new(),
        blocks: Vec::new(),
        mutation: None,
    };
    add_sources(&mut evidence, &design.versions);
    evidence.checks.checks.extend(notes.blocks.checks);
    evidence.checks.not_shown.extend(notes.blocks.not_shown);
    let mut facts = Vec::new();
    for (k, part) in parts.into_iter().enumerate() {
        if k == 0 {
            blocks::trace_first(forms, &part, &design.sources, &mut evidence.trace);
        }
        facts.push(add_part(&mut evidence, part, forms));
    }
    evidence.checks.checks.push(mutants.check);
    if let Some(m) = mutants.mutation {
        facts.iter_mut().for_each(|f| f.mutation = Some(m.score()));
        evidence.mutation = Some(m);
    }
    claims::decide(&mut evidence, &facts, design.has_reference);
    evidence.blocks = blocks::summary(forms, &evidence);
    bundle::add_documents(&mut evidence, &design.read, &design.made, &design.program, forms, all);
    evidence.checks.sort();
    evidence
}

/// Adds what a target gave.
fn add_part(evidence: &mut Evidence, part: Part, forms: &mut [Form]) -> Facts {
    for tool in part.tools {
        if !evidence.checks.tools.contains(&tool) {
            evidence.checks.tools.push(tool);
        }
    }
    evidence.checks.checks.extend(part.checks);
    evidence.checks.tolerances.extend(part.tolerances);
    evidence.checks.not_shown.extend(part.not_shown);
    evidence.generated.extend(part.generated);
    evidence.withheld.extend(part.withheld);
    evidence.files.extend(part.files);
    evidence.trace.files.extend(part.trace);
    for c in part.comparisons {
        // the same bits need one plot
        let same = evidence.comparisons.iter_mut().find(|o| o.output == c.output && o.actual.same_bits(&c.actual));
        match same {
            Some(other) => other.targets.extend(c.targets),
            None => evidence.comparisons.push(c),
        }
    }
    blocks::take_in(forms, part.facts.target, part.blocks);
    part.facts
}

fn generated_check(checks: &mut Checks, g: &Generated, sequences: usize) {
    if sequences == 0 {
        let reason = "no vectors could be generated for this entry";
        checks.checks.push(Check::new("golden.generated", GENERATED, Verdict::Skipped, reason));
        return;
    }
    let c = &g.decided;
    let (v, reason) = g.verdict();
    let worst = c.ports.values().map(|p| p.worst).fold(0.0, |a: f64, b| if b.is_nan() { b } else { a.max(b) });
    checks.checks.push(
        Check::new("golden.generated", GENERATED, v, reason)
            .figure("sequences", g.sequences as f64)
            .figure("undecided", g.undecided.len() as f64)
            .figure("calls", c.calls as f64)
            .figure("raised", c.raised as f64)
            .figure("refused", c.refused.len() as f64)
            .figure("largest_error_per_tolerance", worst),
    );
    if let Some(first) = g.undecided.first() {
        checks.not_shown.push(format!(
            "agreement on {} generated sequence(s) that rounding, or the way of a NaN or infinity, decides; for example {first}",
            g.undecided.len()
        ));
    }
    if !c.refused.is_empty() {
        checks.not_shown.push(format!(
            "{} generated call(s) are refused by the translation with a status of its own, for example {}",
            c.refused.len(),
            c.refused[0]
        ));
    }
}

/// Adds the user's files as inputs, and copies of those of ours that generated lines point into.
fn add_sources(evidence: &mut Evidence, versions: &[(String, String)]) {
    for (name, text) in evidence.sources.clone() {
        let path = format!("sources/{}", names::safe_path(&name));
        if !names::is_ours(&name) {
            let sha256 = Digest::of(text.as_bytes());
            evidence.checks.inputs.push(Input { name, sha256, path: Some(path.clone()) });
        }
        evidence.files.insert(path, text.into_bytes());
    }
    for (name, version) in versions {
        evidence.checks.tools.push(Tool { name: name.clone(), version: version.clone() });
    }
}

/// The source files, the user's first; files of ours only if a value of the program comes from them.
fn source_files(sources: &SourceMap, trace: &Trace) -> Vec<(String, String)> {
    let used = |id: usize| trace.values.iter().any(|v| v.at.source == id);
    let mut files: Vec<(String, String)> = sources
        .files()
        .iter()
        .enumerate()
        .filter(|(id, f)| !names::is_ours(&f.name) || used(*id))
        .map(|(_, f)| (f.name.clone(), f.text.to_string()))
        .collect();
    files.sort_by_key(|(name, _)| names::is_ours(name));
    files
}
