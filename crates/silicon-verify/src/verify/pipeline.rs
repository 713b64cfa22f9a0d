//! The way of a translation to its evidence: check, passes, golden model, targets, vectors, claims.

use super::blocks;
use super::claims;
use super::evidence::{Comparison, Evidence, Mutation};
use super::generate;
use super::golden::{self, CALL_STEPS, Comparison as Compared, Finding, Judged, Model, Outcome, Scales};
use super::kernels::Kernels;
use super::mutation;
use super::state;
use super::target::{self, TargetRun};
use super::tolerance::{Agreement, EXECUTIONS, ROUNDOFF_FACTOR, SPREAD_FACTOR};
use super::trace::Trace;
use super::vectors::{self, Sequence, port};
use crate::oracle::{CPythonOracle, OracleError};
use proofmark_base::diagnostics::{Diagnostic, SourceMap};
use proofmark_base::digest::Digest;
use proofmark_evidence::check::{Check, Checks, Input, Sandbox, Tolerance, Tool, Verdict};
use proofmark_silicon::back::{self, Backend, EmittedFiles};
use proofmark_silicon::hir::{Checked, Module};
use proofmark_silicon::interp::Machine;
use proofmark_silicon::lir::Program;
use proofmark_silicon::oracle::Recording;
use proofmark_silicon::passes::{self, PassOptions, PassReport};
use proofmark_silicon::translation::{Numeric, Translation};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Most findings that a check's reason lists.
const LISTED: usize = 8;
/// Wall time for references of generated vectors, so that a slow program does not hold up its translation.
const REFERENCE_LIMIT: Duration = Duration::from_secs(120);

/// A target language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Target {
    C,
    Rust,
}

impl Target {
    /// Every target.
    pub const ALL: [Target; 2] = [Target::C, Target::Rust];
    /// Name on the command line and of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Target::C => "c",
            Target::Rust => "rust",
        }
    }
    /// The target of that name.
    pub fn from_name(name: &str) -> Option<Target> {
        Target::ALL.into_iter().find(|t| t.name() == name)
    }
}

/// Code of a target and the program that drives it from a call file.
pub struct Emitted {
    /// The code.
    pub files: EmittedFiles,
    /// Text of the driver's main file.
    pub driver: String,
}

/// Prints the program for a target.
///
/// # Errors
/// What the target cannot express.
pub fn emit(target: Target, program: &Program, module: &Module) -> Result<Emitted, Vec<Diagnostic>> {
    let print = |backend: &dyn Backend, driver: fn(&Program) -> String| {
        let problems = backend.validate(module);
        match problems.is_empty() {
            true => Ok(Emitted { files: backend.emit(program), driver: driver(program) }),
            false => Err(problems),
        }
    };
    match target {
        Target::C => print(&back::c::C, back::harness::c_harness),
        Target::Rust => print(&back::rust::Rust, back::harness::rust_harness),
    }
}

/// What is verified, and how.
pub struct Request<'a> {
    /// From the front end.
    pub translation: &'a Translation,
    /// What the bench showed; none when there was no bench.
    pub recording: Option<&'a Recording>,
    /// Gives references of generated vectors.
    pub oracle: Option<&'a mut CPythonOracle>,
    /// The user's files.
    pub sources: &'a SourceMap,
    /// What to make, in order, without repetition.
    pub targets: &'a [Target],
    /// Entry as on the command line.
    pub entry: &'a str,
    /// Working precision.
    pub numeric: Numeric,
    /// Version of Proofmark.
    pub version: &'a str,
    /// What confined the bench.
    pub sandbox: Sandbox,
    /// Folder for builds; everything in it may be overwritten.
    pub scratch: &'a Path,
    /// Told what is being done.
    pub progress: &'a mut dyn FnMut(&str),
}

/// Why there is no evidence.
#[derive(Debug)]
pub enum Stopped {
    /// The program cannot be lowered or a target cannot express it.
    Refused(Vec<Diagnostic>),
    /// A defect of ours: what broke.
    Bug(String),
}

/// The translation in float32: ports, state and tables too, so that everything after sees one program.
fn narrowed(t: &Translation) -> Translation {
    let mut t = t.clone();
    if let Some(pass) = passes::find("narrow") {
        let mut options = PassOptions { narrow: true, ..PassOptions::default() };
        passes::run_one(pass, &mut t.module, &mut options);
        if let Some(u) = &mut t.unset {
            passes::run_one(pass, &mut u.module, &mut options);
        }
    }
    t
}

/// Optimises a module. The one place where passes are run.
///
/// # Errors
/// A pass broke the module: our defect.
fn optimised(module: &Checked<Module>) -> Result<(Checked<Module>, Vec<PassReport>), Stopped> {
    let mut options = PassOptions::default();
    let (made, reports) = passes::run((**module).clone(), &mut options);
    let made = proofmark_silicon::hir::check(made).map_err(|errors| {
        let text: Vec<String> = errors.iter().take(LISTED).map(ToString::to_string).collect();
        Stopped::Bug(format!("the passes made an invalid module:\n{}", text.join("\n")))
    })?;
    Ok((made, reports))
}

/// Verifies a translation.
///
/// # Errors
/// [`Stopped`].
pub fn verify(mut request: Request<'_>) -> Result<Evidence, Stopped> {
    let narrow = request.numeric == Numeric::F32;
    let narrowed = narrow.then(|| narrowed(request.translation));
    let t = narrowed.as_ref().unwrap_or(request.translation);
    (request.progress)("checking the intermediate form");
    let read = proofmark_silicon::hir::check(t.module.clone()).map_err(|errors| {
        let text: Vec<String> = errors.iter().take(LISTED).map(ToString::to_string).collect();
        Stopped::Bug(format!("the front end made an invalid module:\n{}", text.join("\n")))
    })?;
    let (made, reports) = optimised(&read)?;
    let mut checks =
        Checks::new(Tool { name: "proofmark".into(), version: request.version.into() }, request.entry, request.sandbox);
    checks.options.insert("numeric".into(), if narrow { "f32" } else { "f64" }.into());
    checks.options.insert("fma".into(), if t.module.fma { "on" } else { "off" }.into());
    checks.checks.push(Check::new("hir.check", "the intermediate form obeys its rules", Verdict::Pass, ""));

    (request.progress)("running the golden model on the recorded vectors");
    let mut recorded = match request.recording {
        Some(recording) => vectors::recorded(t, recording, narrow),
        None => vectors::Recorded { sequences: generate::synthetic(t), ..Default::default() },
    };
    checks.not_shown.append(&mut recorded.not_shown);
    let model = Model { read: &read, made: &made, narrow };
    let mut sequences = recorded.sequences;
    let mut scales = Scales::new();
    for s in &sequences {
        golden::add_scales(&made, t, s, narrow, &mut scales);
    }
    let mut judged: Vec<Judged> = sequences.iter().map(|s| model.judge(t, s, &scales)).collect();
    let has_reference = request.recording.is_some() && !sequences.is_empty();
    let mut with_recorded = Compared::default();
    for (s, j) in sequences.iter().zip(&judged) {
        golden::compare(t, s, j, &j.trail.outcomes, &mut with_recorded);
    }
    recorded_checks(&mut checks, &with_recorded, &recorded.problems, has_reference);
    same_before_and_after(&mut checks, t, (&read, &made), &reports, &sequences, &judged);
    decisions(&mut checks, request.sources, &sequences, &judged);
    checks.not_shown.extend(state::not_shown(t, &made, &sequences));

    (request.progress)("lowering");
    let program = proofmark_silicon::lower::lower(&made).map_err(Stopped::Refused)?;
    let count = sequences.len();
    let mut with_generated = Generated::default();
    let mut seeded = None;
    let kernels = if has_reference { Kernels::new(&made, &program) } else { None };
    if has_reference {
        (request.progress)("generating vectors and asking CPython for references");
        let (made_up, mut not_shown) = generate::generate(t, &sequences);
        checks.not_shown.append(&mut not_shown);
        let referenced = references(t, made_up, request.oracle.as_deref_mut(), &mut checks.not_shown);
        let (mut work, mut left_out) = (0u64, 0usize);
        for s in referenced {
            if work > golden::GENERATED_WORK {
                left_out += 1;
                continue;
            }
            let j = model.judge(t, &s, &Scales::new());
            work += j.trail.work;
            with_generated.add(t, &s, &j, &j.trail.outcomes);
            sequences.push(s);
            judged.push(j);
        }
        if left_out > 0 {
            checks.not_shown.push(format!(
                "{left_out} generated vectors, beyond the work the golden model is given for them ({} operations)",
                golden::GENERATED_WORK
            ));
        }
        if with_recorded.fails() == 0 && !request.targets.is_empty() {
            (request.progress)("seeding faults and looking for vectors that show them");
            let all = Vectors { t, sequences: &sequences, judged: &judged, recorded: count, has_reference };
            let (faults, found) = match mutation::explore(&program, &all, kernels.as_ref(), request.scratch) {
                Ok((faults, found)) => (Ok(faults), found),
                Err(why) => (Err(why), Vec::new()),
            };
            seeded = Some(faults);
            let referenced = references(t, found, request.oracle.as_deref_mut(), &mut checks.not_shown);
            let (mut work, mut left_out) = (0u64, 0usize);
            for s in referenced {
                let j = if work > golden::GENERATED_WORK { None } else { Some(model.judge(t, &s, &Scales::new())) };
                let Some(j) = j else {
                    left_out += 1;
                    continue;
                };
                work += j.trail.work;
                let mut one = Compared::default();
                golden::compare(t, &s, &j, &j.trail.outcomes, &mut one);
                // a result that rounding decides says nothing about a fault
                if one.fails() == 0 && !one.undecided.is_empty() {
                    left_out += 1;
                    continue;
                }
                with_generated.add(t, &s, &j, &j.trail.outcomes);
                sequences.push(s);
                judged.push(j);
            }
            if left_out > 0 {
                let text = "vectors found for seeded faults, whose results rounding decides or which take too long";
                checks.not_shown.push(format!("{left_out} {text}"));
            }
        }
        generated_check(&mut checks, &with_generated, sequences.len() - count);
    } else {
        let reason = "there is no reference: no bench was given, or it showed no call that is covered";
        checks.checks.push(Check::new("golden.generated", GENERATED, Verdict::Skipped, reason));
    }

    if let Some(d) = super::unset::refusal(t, &sequences) {
        return Err(Stopped::Refused(vec![d]));
    }
    if t.unset.is_some() {
        checks.not_shown.push(
            "that every element of np.empty is written before it is read, on inputs other than the vectors run".into(),
        );
    }
    let trace = Trace::new(&made, request.sources);
    let mut evidence = Evidence {
        checks,
        sources: source_files(request.sources, &trace),
        generated: Vec::new(),
        withheld: Vec::new(),
        files: Default::default(),
        trace,
        comparisons: Vec::new(),
        blocks: Vec::new(),
        mutation: None,
    };
    add_sources(&mut evidence, request.recording);
    let all = Vectors { t, sequences: &sequences, judged: &judged, recorded: count, has_reference };
    (request.progress)("running the block form");
    let mut forms = blocks::forms(&made, request.sources);
    blocks::golden(&mut forms, &all, &mut evidence.checks);
    let mut facts = Vec::new();
    for target in request.targets {
        facts.push(one_target(*target, &mut request, &program, &made, &all, &mut evidence)?);
        evidence.checks.checks.extend(kernels.as_ref().map(|k| k.check(*target, request.scratch)));
        blocks::on_target(*target, &mut forms, request.sources, request.scratch, &mut evidence);
    }
    mutants(&mut request, seeded, &all, &mut evidence, &mut facts);
    claims::decide(&mut evidence, &facts, has_reference);
    evidence.blocks = blocks::summary(&forms, &evidence);
    super::bundle::add_documents(&mut evidence, &read, &made, &program, &forms, &all);
    evidence.checks.sort();
    Ok(evidence)
}

const GENERATED: &str = "the golden model agrees with CPython on generated vectors";

/// All vectors with what is known of them.
pub struct Vectors<'a> {
    /// The program.
    pub t: &'a Translation,
    /// Recorded ones first.
    pub sequences: &'a [Sequence],
    /// One per sequence.
    pub judged: &'a [Judged],
    /// How many are recorded.
    pub recorded: usize,
    /// Whether CPython's results are known.
    pub has_reference: bool,
}

/// What the claim of a target rests on.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The target.
    pub target: Target,
    /// Recorded vectors were compared with CPython and agree.
    pub tested: bool,
    /// Generated vectors too.
    pub stressed: bool,
    /// Same bits as the golden model on all vectors.
    pub bits: bool,
    /// Calls per kind.
    pub recorded_calls: usize,
    /// Calls per kind.
    pub generated_calls: usize,
    /// Share of seeded faults noticed.
    pub mutation: Option<f64>,
    /// What was not shown.
    pub not_shown: Vec<String>,
}

fn list(findings: &[Finding]) -> String {
    let mut text: Vec<String> = findings.iter().take(LISTED).map(ToString::to_string).collect();
    if findings.len() > LISTED {
        text.push(format!("and {} more", findings.len() - LISTED));
    }
    text.join("\n")
}

/// Fail for findings, inconclusive for undecided ones, otherwise pass.
fn verdict(failures: &[Finding], undecided: &[Finding]) -> (Verdict, String) {
    match (failures.is_empty(), undecided.is_empty()) {
        (false, _) => (Verdict::Fail, list(failures)),
        (true, false) => (
            Verdict::Inconclusive,
            format!("within rounding distance of a decision, so neither result is wrong:\n{}", list(undecided)),
        ),
        (true, true) => (Verdict::Pass, String::new()),
    }
}

fn recorded_checks(checks: &mut Checks, c: &Compared, problems: &[String], has_reference: bool) {
    let titles = [
        ("golden.recorded", "the golden model agrees with CPython on the bench's vectors"),
        ("golden.structure", "results and attributes have CPython's structure, kinds and element types"),
        ("golden.arguments", "arguments are changed exactly as CPython changes them"),
        ("golden.exceptions", "it stops where CPython raises, with that exception's status"),
    ];
    if !has_reference {
        let reason = "there is no reference: no bench was given, or it showed no call that is covered";
        checks.checks.extend(titles.map(|(id, title)| Check::new(id, title, Verdict::Skipped, reason)));
        return;
    }
    if !problems.is_empty() {
        let title = "recorded calls fit the ports of the translation";
        checks.checks.push(Check::new("vectors.recorded", title, Verdict::Fail, problems.join("\n")));
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
        checks.checks.push(if id == "golden.exceptions" { check.figure("raised", c.raised as f64) } else { check });
    }
}

/// Generated sequences compared with CPython. Those that a decision within rounding distance settles are kept apart:
/// neither result is wrong there, and nothing is shown by them.
#[derive(Default)]
struct Generated {
    /// What speaks for or against agreement.
    decided: Compared,
    /// Sequences that count.
    sequences: usize,
    /// Sequences that do not, each by its first finding.
    undecided: Vec<Finding>,
}

impl Generated {
    fn add(&mut self, t: &Translation, s: &Sequence, j: &Judged, outcomes: &[Outcome]) {
        let mut alone = Compared::default();
        golden::compare(t, s, j, outcomes, &mut alone);
        match (alone.fails(), alone.undecided.first()) {
            (0, Some(first)) => self.undecided.push(first.clone()),
            _ => {
                self.sequences += 1;
                self.decided.merge(alone);
            }
        }
    }

    /// Fails by a failure; passes when at least half of the sequences are decided.
    fn verdict(&self) -> (Verdict, String) {
        let c = &self.decided;
        let failures: Vec<Finding> =
            [&c.off, &c.structure, &c.arguments, &c.exceptions].into_iter().flatten().cloned().collect();
        let few = self.sequences < self.undecided.len();
        match (failures.is_empty(), self.undecided.is_empty()) {
            (false, _) => (Verdict::Fail, list(&failures)),
            (true, true) => (Verdict::Pass, String::new()),
            (true, false) => (
                if few { Verdict::Inconclusive } else { Verdict::Pass },
                format!(
                    "{} of {} sequences show nothing, for they end in a decision within rounding distance, or in a NaN or \
                     infinity that no definition places:\n{}",
                    self.undecided.len(),
                    self.sequences + self.undecided.len(),
                    list(&self.undecided)
                ),
            ),
        }
    }
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

/// Passes may not change a bit.
fn same_before_and_after(
    checks: &mut Checks,
    t: &Translation,
    (read, made): (&Module, &Module),
    reports: &[PassReport],
    sequences: &[Sequence],
    judged: &[Judged],
) {
    let (id, title) = ("golden.optimised", "optimisation keeps the results of the golden model");
    if read == made {
        checks.checks.push(Check::new(id, title, Verdict::Pass, "").figure("passes", "none changed it"));
        return;
    }
    let changing: Vec<&str> = reports
        .iter()
        .filter(|r| r.changed > 0 && passes::find(r.name).is_some_and(|p| p.value_changing))
        .map(|r| r.name)
        .collect();
    let mut machine = Machine::new(read).step_limit(CALL_STEPS);
    let mut exact = true;
    let different = sequences.iter().zip(judged).find_map(|(s, j)| {
        let before = golden::run(&mut machine, t, s);
        let (i, d) = golden::difference(&before, &j.trail)?;
        exact = false;
        // a pass that declares that it changes rounding is held to the tolerance, every other to the bit
        let close = !changing.is_empty() && within(&before, j);
        (!close).then(|| format!("{}, call {i}: {d}", s.name))
    });
    checks.checks.push(match different {
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
fn decisions(checks: &mut Checks, sources: &SourceMap, sequences: &[Sequence], judged: &[Judged]) {
    // Branches nearer than this many units in the last place of float64 are listed.
    const NEAR: f64 = 64.0 * f64::EPSILON;
    let mut places: BTreeMap<String, f64> = BTreeMap::new();
    let mut moving = Vec::new();
    let mut reached = 0;
    for (s, j) in sequences.iter().zip(judged) {
        for d in &j.trail.decisions {
            reached += 1;
            if d.margin <= NEAR {
                let at = d.span.and_then(|at| super::trace::place(at, sources));
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
    checks.checks.push(
        check
            .figure("branches_on_floats", reached as f64)
            .figure("near_branches", places.len() as f64)
            .figure("moving_outputs", moving.len() as f64),
    );
}

/// Asks CPython for the results of generated sequences; those it cannot give are left out and counted.
fn references(
    t: &Translation,
    made: Vec<Sequence>,
    oracle: Option<&mut CPythonOracle>,
    not_shown: &mut Vec<String>,
) -> Vec<Sequence> {
    let Some(oracle) = oracle else { return Vec::new() };
    let start = Instant::now();
    let mut kept = Vec::new();
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    for mut s in made {
        if start.elapsed() > REFERENCE_LIMIT {
            *left_out.entry("CPython takes too long over all of them".into()).or_default() += 1;
            continue;
        }
        match oracle.reference(&[generate::request(t, &s)]) {
            Ok(mut results) if results.len() == 1 && results[0].len() == s.calls.len() => {
                for (call, result) in s.calls.iter_mut().zip(results.remove(0)) {
                    call.reference = Some(result.into());
                }
                kept.push(s);
            }
            Ok(_) => *left_out.entry("CPython answered for another number of calls".into()).or_default() += 1,
            Err(error) => {
                let why = match &error {
                    OracleError::Refused { message } => message.clone(),
                    OracleError::Timeout { .. } => "CPython did not end in time".into(),
                    other => other.to_string(),
                };
                *left_out.entry(why).or_default() += 1;
            }
        }
    }
    not_shown.extend(left_out.into_iter().map(|(why, n)| format!("{n} generated vector(s) have no reference: {why}")));
    kept
}

fn one_target(
    target: Target,
    request: &mut Request<'_>,
    program: &Program,
    module: &Module,
    all: &Vectors<'_>,
    evidence: &mut Evidence,
) -> Result<Facts, Stopped> {
    let name = target.name();
    (request.progress)(&format!("building and running {name}"));
    let emitted = emit(target, program, module).map_err(Stopped::Refused)?;
    let run = built(target, &emitted, program, all.t, all.sequences, request.scratch);
    let emitted = emitted.files;
    for tool in &run.tools {
        let tool = Tool { name: tool.name.clone(), version: tool.version.clone() };
        if !evidence.checks.tools.contains(&tool) {
            evidence.checks.tools.push(tool);
        }
    }
    for (file, text) in &emitted.files {
        let path = format!("{name}/{file}");
        if let Some(lines) = emitted.lines.get(file) {
            evidence.trace.add_file(&path, lines, request.sources);
        }
        evidence.generated.push((path, text.clone()));
    }
    Ok(judge_target(target, run, all, evidence))
}

/// Builds a program with the target's tools and runs sequences.
pub(super) fn built(
    target: Target,
    made: &Emitted,
    program: &Program,
    t: &Translation,
    sequences: &[Sequence],
    scratch: &Path,
) -> TargetRun {
    let Emitted { files: EmittedFiles { files, .. }, driver } = made;
    match target {
        Target::C => target::c::verify(files, driver, program, t, sequences, scratch),
        Target::Rust => {
            let name = back::rust::crate_name(program);
            target::rust::verify(files, driver, &name, program, t, sequences, scratch)
        }
    }
}

/// Compares a target's outcomes with golden model and CPython.
fn judge_target(target: Target, run: TargetRun, all: &Vectors<'_>, evidence: &mut Evidence) -> Facts {
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
    evidence.checks.checks.extend(run.checks);
    for (path, bytes) in run.files {
        evidence.files.insert(path, bytes);
    }
    let Some(outcomes) = run.outcomes else { return facts };
    let golden: Vec<Vec<Outcome>> = all.judged.iter().map(|j| j.trail.outcomes.clone()).collect();
    let id = |what: &str| format!("{name}.{what}");
    let check = target::same_results(
        &id("golden"),
        "the same bits as the golden model on every vector",
        name,
        &golden,
        Ok(outcomes.clone()),
        all.sequences,
    );
    facts.bits = check.verdict == Verdict::Pass;
    evidence.checks.checks.push(check);
    let (mut recorded, mut generated) = (Compared::default(), Generated::default());
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
        evidence.checks.checks.push(check.target(name));
        tolerances(name, all, &recorded, evidence);
        comparisons(name, all, &outcomes, evidence);
    } else {
        let check = Check::new(&id("recorded"), title, Verdict::Skipped, "there is no reference");
        evidence.checks.checks.push(check.target(name));
    }
    let calls = generated.decided.calls;
    if calls > 0 || !generated.undecided.is_empty() {
        let (v, reason) = generated.verdict();
        facts.stressed = facts.tested && v == Verdict::Pass;
        let title = "agrees with CPython on generated vectors, within the tolerance of each";
        let check = Check::new(&id("generated"), title, v, reason).figure("calls", calls as f64);
        evidence.checks.checks.push(check.target(name));
    }
    facts
}

fn tolerances(target: &str, all: &Vectors<'_>, c: &Compared, evidence: &mut Evidence) {
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
        evidence.checks.tolerances.push(Tolerance {
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
        evidence.checks.not_shown.push(text);
    } else if c.ports.is_empty() && c.calls > 0 {
        // Nothing numeric comes back; exceptions, constants and structure were compared.
        evidence.checks.tolerances.push(Tolerance {
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
fn comparisons(target: &str, all: &Vectors<'_>, outcomes: &[Vec<Outcome>], evidence: &mut Evidence) {
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
        let same = |c: &&mut Comparison| c.output == full && c.actual.same_bits(actual);
        if let Some(other) = evidence.comparisons.iter_mut().find(same) {
            other.targets.push(target.into());
            continue;
        }
        evidence.comparisons.push(Comparison {
            targets: vec![target.into()],
            output: full.clone(),
            vector: format!("{}, call {i}", all.sequences[k].name),
            reference: reference.clone(),
            actual: actual.clone(),
            tolerance: all.judged[k].tolerances[i].get(name).map_or(0.0, |t| t.abs),
        });
    }
}

fn mutants(
    request: &mut Request<'_>,
    seeded: Option<Result<mutation::Seeded<'_>, String>>,
    all: &Vectors<'_>,
    evidence: &mut Evidence,
    facts: &mut [Facts],
) {
    let (id, title) = ("mutation", "faults seeded in the generated code are noticed by the vectors");
    let (true, Some(seeded)) = (facts.iter().any(|f| f.tested), seeded) else {
        let check = Check::new(id, title, Verdict::Skipped, "no target agrees with a reference");
        evidence.checks.checks.push(check);
        return;
    };
    (request.progress)("trying seeded faults on all vectors");
    match seeded.and_then(|s| s.finish(all, request.sources)) {
        Err(reason) => evidence.checks.checks.push(Check::new(id, title, Verdict::Skipped, reason)),
        Ok(m) => {
            for f in facts.iter_mut() {
                f.mutation = Some(m.score());
            }
            let directed = all.sequences.iter().filter(|s| s.name.starts_with("directed-")).count();
            let check = Check::new(id, title, Verdict::Pass, unnoticed(&m))
                .figure("mutation_score", m.score())
                .figure("noticed", m.killed as f64)
                .figure("equivalent", m.equivalent.len() as f64)
                .figure("seeded", m.tried as f64)
                .figure("places", m.places as f64)
                .figure("noticed_by_kernel_vectors", m.by_kernels as f64)
                .figure("directed_vectors", directed as f64);
            evidence.checks.checks.push(check);
            evidence.mutation = Some(m);
        }
    }
}

/// Every fault that no vector shows, with what was measured of it.
fn unnoticed(m: &Mutation) -> String {
    let line = |f: &super::evidence::Fault| {
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

/// Adds the user's files as inputs, and copies of those of ours that generated lines point into.
fn add_sources(evidence: &mut Evidence, recording: Option<&Recording>) {
    for (name, text) in evidence.sources.clone() {
        let path = format!("sources/{}", super::names::safe_path(&name));
        if !super::names::is_ours(&name) {
            let sha256 = Digest::of(text.as_bytes());
            evidence.checks.inputs.push(Input { name, sha256, path: Some(path.clone()) });
        }
        evidence.files.insert(path, text.into_bytes());
    }
    for (name, version) in recording.iter().flat_map(|r| &r.versions) {
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
        .filter(|(id, f)| !super::names::is_ours(&f.name) || used(*id))
        .map(|(_, f)| (f.name.clone(), f.text.to_string()))
        .collect();
    files.sort_by_key(|(name, _)| super::names::is_ours(name));
    files
}
