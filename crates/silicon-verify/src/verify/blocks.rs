//! Block forms of stateless entries: made, compared with the whole call in every way of cutting, built and run as the
//! whole-array code is. A block form is a design of its own with one entry and state; what does not agree is withheld.

use super::evidence::{BlockForm, Evidence, Part, PartOfBlock};
use super::golden::{self, GENERATED_WORK, Outcome};
use super::pipeline::{self, Target, Vectors};
use super::target::{Driver, TargetRun, same_results};
use super::trace::Trace;
use super::vectors::{Call, Ports, Sequence, port};
use proofmark_base::diagnostics::SourceMap;
use proofmark_evidence::check::{Check, Checks, Verdict};
use proofmark_silicon::back::manifest::{self, sizes};
use proofmark_silicon::hir::{self, Checked, Module, ParamRole};
use proofmark_silicon::interp::{INTERNAL, STEP_LIMIT, Tensor};
use proofmark_silicon::lir::Program;
use proofmark_silicon::stream::streamed;
use proofmark_silicon::translation::{EntryInfo, ResultTree, Translation};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Elements of streams that are cut in every way; beyond, each vector is cut once.
const MANY_CUTS: usize = 1 << 20;
/// Most blocks of one run.
const MOST_BLOCKS: usize = 512;
const PRIMES: [usize; 14] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 61, 127, 251];

/// An entry with its block form.
#[derive(Debug)]
pub struct Form {
    /// The entry of whole arrays.
    pub entry: String,
    /// What became of it.
    pub made: Made,
}

/// What became of the block form of an entry.
#[derive(Debug)]
pub enum Made {
    /// It is there.
    Block(Box<Block>),
    /// The program has none: the reasons.
    Refused(Vec<String>),
    /// It does not do what the whole call does, by a defect of ours: what was found.
    Withheld(String),
}

/// A block form.
#[derive(Debug)]
pub struct Block {
    /// Name of the design and of its folder in a target's: `<entry>_block`.
    pub name: String,
    /// Its module.
    pub module: Checked<Module>,
    /// The same lowered.
    pub program: Program,
    /// Samples from which on it does what the whole call does.
    pub least: usize,
    /// The module and its entry's name, as the runners of sequences want them.
    t: Translation,
    /// Vectors in blocks; a run that stops ends with the block that does.
    runs: Vec<Sequence>,
    /// What the golden model gives for each block of each run.
    golden: Vec<Vec<Outcome>>,
    /// Which vector each run cuts, and how.
    cuts: Vec<Cut>,
    /// Targets for which it was given out, and those for which it was not, with the reason.
    targets: Vec<(Target, Result<(), String>)>,
}

/// A way of cutting the inputs of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Cut {
    sequence: usize,
    call: usize,
    how: String,
    sizes: Vec<usize>,
}

/// What the golden model found of a form, without what follows from the design and the vectors.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredForm {
    /// It agrees.
    Block(Vec<StoredRun>),
    /// The program has none: the reasons.
    Refused(Vec<String>),
    /// It does not do what the whole call does.
    Withheld(String),
}

/// A run of a form in blocks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredRun {
    cut: Cut,
    golden: Vec<Outcome>,
}

/// The forms to be kept, as they are after [`golden()`].
pub fn stored(forms: Vec<Form>) -> Vec<StoredForm> {
    let one = |form: Form| match form.made {
        Made::Refused(reasons) => StoredForm::Refused(reasons),
        Made::Withheld(why) => StoredForm::Withheld(why),
        Made::Block(block) => {
            let runs = block.cuts.into_iter().zip(block.golden);
            StoredForm::Block(runs.map(|(cut, golden)| StoredRun { cut, golden }).collect())
        }
    };
    forms.into_iter().map(one).collect()
}

/// The forms of a module as they were kept. `None` when they are not those of this module and these vectors.
pub fn restored(
    module: &Checked<Module>,
    sources: &SourceMap,
    all: &Vectors<'_>,
    kept: Vec<StoredForm>,
) -> Option<Vec<Form>> {
    let mut forms = forms(module, sources);
    if forms.len() != kept.len() {
        return None;
    }
    for (form, kept) in forms.iter_mut().zip(kept) {
        match (kept, &mut form.made) {
            (StoredForm::Refused(reasons), _) => form.made = Made::Refused(reasons),
            (StoredForm::Withheld(why), _) => form.made = Made::Withheld(why),
            (StoredForm::Block(runs), Made::Block(block)) => {
                let streams = streams(&block.module);
                for StoredRun { cut, golden } in runs {
                    let call = all.sequences.get(cut.sequence)?.calls.get(cut.call)?;
                    let n = samples(&call.inputs, &streams).ok()?;
                    if cut.sizes.iter().try_fold(0usize, |a, s| a.checked_add(*s)) != Some(n) {
                        return None;
                    }
                    let mut run = block.run(all, &cut, &streams);
                    run.calls.truncate(golden.len());
                    block.runs.push(run);
                    block.golden.push(golden);
                    block.cuts.push(cut);
                }
            }
            (StoredForm::Block(_), _) => return None,
        }
    }
    Some(forms)
}

impl Block {
    /// The sequence of a cut.
    fn run(&self, all: &Vectors<'_>, cut: &Cut, streams: &[String]) -> Sequence {
        let Cut { sequence, call, how, sizes } = cut;
        let s = &all.sequences[*sequence];
        blocks_of(&format!("{}, call {call}, in {how}", s.name), &s.calls[*call].inputs, streams, sizes)
    }

    /// Takes the module of a block form of an entry.
    ///
    /// # Errors
    /// Why it cannot be lowered.
    pub fn of(module: Checked<Module>, entry: &str, least: usize) -> Result<Block, Vec<String>> {
        let program = proofmark_silicon::lower::lower(&module)
            .map_err(|d| d.into_iter().map(|d| d.message).collect::<Vec<_>>())?;
        let info = EntryInfo {
            name: module.entries.first().map_or(String::new(), |e| e.func.name.clone()),
            source_name: entry.into(),
            args: Vec::new(),
            draws: Vec::new(),
            result: ResultTree::None,
            covered_calls: Vec::new(),
            uncovered_calls: Vec::new(),
        };
        let t = Translation {
            module: (*module).clone(),
            entries: vec![info],
            covered_instances: Vec::new(),
            state: Vec::new(),
            unset: None,
        };
        let name = module.name.clone();
        Ok(Block {
            name,
            module,
            program,
            least,
            t,
            runs: Vec::new(),
            golden: Vec::new(),
            cuts: Vec::new(),
            targets: Vec::new(),
        })
    }
    /// Runs vectors (name, inputs, results of the whole call) in uneven blocks, in the golden model or by a driver of
    /// generated code, and compares. Gives the number of blocks.
    ///
    /// # Errors
    /// The first difference.
    pub fn again(&self, vectors: &[(&str, &Ports, &Ports)], driver: Option<(&Driver, &Path)>) -> Result<usize, String> {
        let streams = streams(&self.module);
        let (mut runs, mut compared) = (Vec::new(), Vec::new());
        for (k, (name, inputs, whole)) in vectors.iter().enumerate() {
            let n = samples(inputs, &streams)?;
            if n >= self.least {
                runs.push(blocks_of(name, inputs, &streams, &uneven(n, k as u64)));
                compared.push((name, whole));
            }
        }
        let outcomes = match driver {
            Some((driver, scratch)) => {
                driver.run(&self.program, &self.t, runs.iter(), scratch).map_err(|e| e.to_string())?
            }
            None => {
                let mut machine = golden::machine(&self.module);
                runs.iter().map(|r| golden::run(&mut machine, &self.t, r).outcomes).collect()
            }
        };
        for ((name, whole), blocks) in compared.into_iter().zip(&outcomes) {
            if let Some(d) = against(&Ok((*whole).clone()), blocks) {
                return Err(format!("{name}: {d}"));
            }
        }
        Ok(outcomes.iter().map(Vec::len).sum())
    }
    /// What the runners of sequences need, the vectors in blocks, and what the golden model gives for them.
    pub fn runs(&self) -> (&Translation, &[Sequence], &[Vec<Outcome>]) {
        (&self.t, &self.runs, &self.golden)
    }
    /// Path of its module in the bundle.
    pub fn hir(&self) -> String {
        format!("hir/{}.hir", self.name)
    }
    /// Folder of its files for a target.
    pub fn folder(&self, target: Target) -> String {
        format!("{}/{}/", target.name(), self.name)
    }
}

/// Makes the block forms of a module; none for a design with state, which takes a stream block by block as it is.
pub fn forms(module: &Checked<Module>, sources: &SourceMap) -> Vec<Form> {
    if !module.state.is_empty() {
        return Vec::new();
    }
    let entries = module.entries.iter().map(|e| e.func.name.clone());
    entries.map(|entry| Form { made: form(module, &entry, sources), entry }).collect()
}

fn form(module: &Checked<Module>, entry: &str, sources: &SourceMap) -> Made {
    let place = |r: &proofmark_silicon::stream::Reason| {
        let at = r.span.and_then(|s| super::trace::place(s, sources));
        at.map_or(r.what.clone(), |p| format!("{} ({}:{})", r.what, sources.files()[p.source].name, p.first_line))
    };
    let (mut made, least) = match streamed(module, entry) {
        Ok(made) => (made.module, made.least.max(0) as usize),
        Err(reasons) => return Made::Refused(reasons.iter().map(place).collect()),
    };
    // named as the entry is in the generated code, so that both can be linked into one program
    let name = if module.name == entry { module.name.clone() } else { format!("{}_{entry}", module.name) };
    made.name = format!("{name}_block");
    for e in &mut made.entries {
        e.func.name.clone_from(&made.name);
    }
    match hir::check(made) {
        Err(e) => Made::Withheld(e.first().map_or(String::new(), ToString::to_string)),
        Ok(module) => match Block::of(module, entry, least) {
            Ok(block) => Made::Block(Box::new(block)),
            Err(why) => Made::Refused(why),
        },
    }
}

/// Names of the inputs of a block form that are streams; the others are the same in every block.
fn streams(module: &Module) -> Vec<String> {
    let Some(e) = module.entries.first() else { return Vec::new() };
    let inputs = e.params.iter().zip(&e.func.body.params);
    let stream = |(role, v): (&ParamRole, &hir::ValueId)| match role {
        ParamRole::Input(name) if e.func.ty(*v).shape.iter().any(|d| d.as_const().is_none()) => Some(name.clone()),
        _ => None,
    };
    inputs.filter_map(stream).collect()
}

/// The samples of a call: the extent that all streams have.
///
/// # Errors
/// They differ, or there are none.
fn samples(inputs: &Ports, streams: &[String]) -> Result<usize, String> {
    let mut n = None;
    for name in streams {
        let t = port(inputs, name).ok_or_else(|| format!("the stream `{name}` is missing"))?;
        match (t.shape.as_slice(), n) {
            ([k], None) => n = Some(*k),
            ([k], Some(n)) if *k == n => {}
            _ => return Err("the streams differ in length".into()),
        }
    }
    n.ok_or_else(|| "there is no stream".into())
}

/// The inputs of each block.
fn cut(inputs: &Ports, streams: &[String], sizes: &[usize]) -> Vec<Ports> {
    let mut at = 0;
    let mut blocks = Vec::new();
    for size in sizes {
        let part = |(name, t): &(String, Tensor)| {
            let bytes = t.dtype.size();
            let cut = || {
                let data = t.to_le_bytes();
                let part = data.get(at * bytes..(at + size) * bytes)?;
                Tensor::from_le_bytes(t.dtype, &[*size], part)
            };
            let own = if streams.contains(name) { cut() } else { None };
            (name.clone(), own.unwrap_or_else(|| t.clone()))
        };
        blocks.push(inputs.iter().map(part).collect());
        at += size;
    }
    blocks
}

/// The calls that feed the inputs in blocks.
fn blocks_of(name: &str, inputs: &Ports, streams: &[String], sizes: &[usize]) -> Sequence {
    let call = |inputs| Call { entry: 0, inputs, args: Vec::new(), reference: None, recorded: None };
    Sequence {
        name: name.into(),
        what: "blocks".into(),
        instance: None,
        calls: cut(inputs, streams, sizes).into_iter().map(call).collect(),
    }
}

/// Outputs of blocks put together.
fn joined(parts: &[&Ports]) -> Ports {
    let Some(first) = parts.first() else { return Ports::new() };
    let one = |(k, (name, t)): (usize, &(String, Tensor))| {
        let data: Vec<u8> = parts.iter().filter_map(|p| p.get(k)).flat_map(|(_, t)| t.to_le_bytes()).collect();
        let n = data.len() / t.dtype.size();
        (name.clone(), Tensor::from_le_bytes(t.dtype, &[n], &data).unwrap_or_else(|| t.clone()))
    };
    // the state is no part of what a whole call gives
    first.iter().enumerate().filter(|(_, (name, _))| !super::state::is_state(name)).map(one).collect()
}

/// An uneven way of cutting `n` samples: none, single samples, primes, any sizes, the rest at once, none again.
fn uneven(n: usize, seed: u64) -> Vec<usize> {
    // Linear congruential (Knuth, MMIX): any spread of sizes will do.
    let mut random = seed;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below.max(1)
    };
    let mut sizes = vec![0];
    let mut left = n;
    let mut add = |size: usize, left: &mut usize| {
        let size = size.min(*left);
        *left -= size;
        sizes.push(size);
    };
    for _ in 0..3 + next(20) {
        add(1, &mut left);
    }
    let first = next(PRIMES.len());
    for k in 0..PRIMES.len() {
        add(PRIMES[(first + k) % PRIMES.len()], &mut left);
    }
    for _ in 0..40 {
        add(next(n / 12 + 3), &mut left);
    }
    let rest = left;
    add(rest, &mut left);
    sizes.push(0);
    sizes
}

/// Ways of cutting `n` samples; only the uneven one where there are many samples to cut.
fn cuts(n: usize, seed: u64, many: bool) -> Vec<(String, Vec<usize>)> {
    let mut ways = vec![("uneven blocks".to_string(), uneven(n, seed))];
    if !many {
        let equal = |size: usize| {
            let mut sizes = vec![size; n / size];
            sizes.extend((!n.is_multiple_of(size)).then_some(n % size));
            sizes
        };
        if n <= MOST_BLOCKS {
            ways.push(("single samples".into(), equal(1)));
        }
        let first = seed as usize % PRIMES.len();
        let mut primes = (0..PRIMES.len()).map(|k| PRIMES[(first + k) % PRIMES.len()]);
        let prime = primes.find(|p| n / p <= MOST_BLOCKS).unwrap_or(n / MOST_BLOCKS + 1);
        ways.push((format!("blocks of {prime}"), equal(prime)));
        ways.push(("a block longer than the input".into(), vec![n]));
    }
    ways
}

/// What blocks gave against what the whole call gave.
fn against(whole: &Outcome, blocks: &[Outcome]) -> Option<String> {
    let parts: Result<Vec<&Ports>, _> = blocks.iter().map(Outcome::as_ref).collect();
    let all = parts.map(|p| joined(&p)).map_err(Clone::clone);
    golden::outcome_difference(whole, &all)
}

/// A fault that says nothing about how a stream is cut: lengths outside of the limits, or a run that was broken off.
fn no_stream(fault: &hir::Fault) -> bool {
    ["Unsupported", INTERNAL, STEP_LIMIT].contains(&fault.exception.as_str())
}

fn id(base: &str, entry: &str, forms: usize) -> String {
    if forms == 1 { base.to_string() } else { format!("{base}.{entry}") }
}

/// Runs the block forms in the golden model over all vectors, cut in several ways, and compares them with the whole
/// calls. A form that differs anywhere is withheld.
pub fn golden(forms: &mut [Form], all: &Vectors<'_>, checks: &mut Checks) {
    let title = "the golden model gives the same bits in blocks as on whole arrays";
    let count = forms.len();
    for form in forms {
        let id = id("golden.blocks", &form.entry, count);
        let mut left_out = 0;
        let found = match &mut form.made {
            Made::Block(block) => compare(block, &form.entry, all, &mut left_out),
            Made::Refused(reasons) => {
                let why = format!("`{}` has no block form: {}", form.entry, reasons.join("; "));
                checks.checks.push(Check::new(&id, title, Verdict::Skipped, why));
                continue;
            }
            Made::Withheld(why) => Err(std::mem::take(why)),
        };
        match (found, &form.made) {
            (Ok((vectors, calls)), Made::Block(block)) => {
                let (verdict, why) = match vectors {
                    0 => (Verdict::Skipped, "no vector has a stream that could be cut"),
                    _ => (Verdict::Pass, ""),
                };
                let check = Check::new(&id, title, verdict, why)
                    .figure("vectors", vectors as f64)
                    .figure("runs", block.runs.len() as f64)
                    .figure("blocks", calls as f64)
                    .figure("agreement", "bit for bit");
                checks.checks.push(if vectors > 0 { check.support(&block.hir()) } else { check });
                if left_out > 0 {
                    checks.not_shown.push(format!(
                        "the block form of `{}` on {left_out} generated vector(s): beyond the work it is given",
                        form.entry
                    ));
                }
                let mutants = format!(
                    "that faults in the block form of `{}` would be noticed: none are seeded in it",
                    form.entry
                );
                checks.not_shown.push(mutants);
                if vectors == 0 {
                    form.made = Made::Refused(vec![why.into()]);
                }
            }
            (Err(why), _) => {
                let reason = format!("the block form of `{}` is withheld, by a defect of Proofmark: {why}", form.entry);
                checks.checks.push(Check::new(&id, title, Verdict::Inconclusive, &reason));
                checks.not_shown.push(reason);
                form.made = Made::Withheld(why);
            }
            (Ok(_), _) => {}
        }
    }
}

/// Fills in the runs of a block form. Gives the vectors compared and the blocks run.
///
/// # Errors
/// The first difference.
fn compare(block: &mut Block, entry: &str, all: &Vectors<'_>, left_out: &mut usize) -> Result<(usize, usize), String> {
    let streams = streams(&block.module);
    let module = block.module.clone();
    let mut machine = golden::machine(&module);
    let (mut vectors, mut blocks, mut elements, mut work) = (0, 0, 0, 0u64);
    for (k, (s, j)) in all.sequences.iter().zip(all.judged).enumerate() {
        for (i, call) in s.calls.iter().enumerate().filter(|(_, c)| all.t.entries[c.entry].name == entry) {
            let whole = &j.trail.outcomes[i];
            let n = samples(&call.inputs, &streams)?;
            if n < block.least || whole.as_ref().is_err_and(no_stream) {
                continue;
            }
            if k >= all.recorded && work > GENERATED_WORK {
                *left_out += 1;
                continue;
            }
            elements += n * streams.len();
            vectors += 1;
            for (how, sizes) in cuts(n, (k + 31 * i) as u64, elements > MANY_CUTS) {
                let cut = Cut { sequence: k, call: i, how, sizes };
                let mut run = block.run(all, &cut, &streams);
                let mut trail = golden::run(&mut machine, &block.t, &run);
                work += trail.work;
                // after a block that stopped the state is that of a new design only after its init
                if let Some(stop) = trail.outcomes.iter().position(Result::is_err) {
                    run.calls.truncate(stop + 1);
                    trail.outcomes.truncate(stop + 1);
                }
                blocks += run.calls.len();
                if let Some(d) = against(whole, &trail.outcomes) {
                    return Err(format!("{}: {d}", run.name));
                }
                block.runs.push(run);
                block.golden.push(trail.outcomes);
                block.cuts.push(cut);
            }
        }
    }
    Ok((vectors, blocks))
}

/// Builds and runs the block forms with the target's tools, as the whole-array code was, and adds their files. Another
/// result than the golden model's, or a finding of a tool, fails the target.
pub fn on_target(target: Target, forms: &[Form], sources: &SourceMap, scratch: &Path, part: &mut Part) {
    let count = forms.len();
    for (place, form) in forms.iter().enumerate() {
        let Made::Block(block) = &form.made else { continue };
        let id = id(&format!("{}.blocks", target.name()), &form.entry, count);
        let title = "the block form passes the same tools and gives the golden model's bits, block by block";
        let check = |v, why: String| Check::new(&id, title, v, why).target(target.name());
        let emitted = match pipeline::emit(target, &block.program, &block.module) {
            Ok(emitted) => emitted,
            Err(d) => {
                let why = d.first().map_or(String::new(), |d| d.message.clone());
                part.checks.push(check(Verdict::Skipped, why.clone()));
                part.blocks.push(PartOfBlock { form: place, emitted: false, given: Err(why) });
                continue;
            }
        };
        let scratch = scratch.join(&block.name);
        let made = std::fs::create_dir_all(&scratch);
        let run = match made {
            Ok(()) => pipeline::built(target, &emitted, &block.program, &block.t, &block.runs, &scratch),
            Err(_) => TargetRun::default(),
        };
        let (verdict, why) = judge(target, block, &run);
        let not_done: Vec<&str> =
            run.checks.iter().filter(|c| c.verdict == Verdict::Skipped).map(|c| c.id.as_str()).collect();
        let mut check = check(verdict, why.clone())
            .figure("runs", block.runs.len() as f64)
            .figure("tools_passed", run.checks.iter().filter(|c| c.verdict == Verdict::Pass).count() as f64);
        if !not_done.is_empty() {
            check = check.figure("not_done", not_done.join(", "));
        }
        for (path, bytes) in run.files {
            let path = match path.rsplit_once('/') {
                Some((folder, file)) => format!("{folder}/{}/{file}", block.name),
                None => format!("{}/{path}", block.name),
            };
            check = check.support(&path);
            part.files.insert(path, bytes);
        }
        part.checks.push(check);
        let given = verdict == Verdict::Pass;
        for (file, text) in &emitted.files.files {
            let path = format!("{}{file}", block.folder(target));
            if let Some(lines) = emitted.files.lines.get(file) {
                part.trace.insert(path.clone(), Trace::places(lines, sources));
            }
            let list = if given { &mut part.generated } else { &mut part.withheld };
            list.push((path, text.clone()));
        }
        if !given {
            let text = format!("the block form of `{}` for `{}`, which is withheld: {why}", form.entry, target.name());
            part.not_shown.push(text);
        }
        part.blocks.push(PartOfBlock { form: place, emitted: true, given: if given { Ok(()) } else { Err(why) } });
    }
}

/// Adds the values of the block forms to the trace: of those that the first target can express.
pub fn trace_first(forms: &[Form], first: &Part, sources: &SourceMap, trace: &mut Trace) {
    for b in first.blocks.iter().filter(|b| b.emitted) {
        if let Some(Form { made: Made::Block(block), .. }) = forms.get(b.form) {
            trace.add_module(&block.module, sources);
        }
    }
}

/// Keeps what a target made of the forms.
pub fn take_in(forms: &mut [Form], target: Target, parts: Vec<PartOfBlock>) {
    for part in parts {
        if let Some(Form { made: Made::Block(block), .. }) = forms.get_mut(part.form) {
            block.targets.push((target, part.given));
        }
    }
}

/// One verdict over what the target's tools found and what its code gave.
fn judge(target: Target, block: &Block, run: &TargetRun) -> (Verdict, String) {
    let words = |c: &Check| (c.verdict, format!("{}: {}", c.title, c.reason));
    let first = |v: Verdict| run.checks.iter().find(|c| c.verdict == v).map(words);
    if let Some(failed) = first(Verdict::Fail) {
        return failed;
    }
    let Some(outcomes) = run.outcomes.clone() else {
        let why = first(Verdict::Inconclusive).or_else(|| first(Verdict::Skipped));
        return why.unwrap_or((Verdict::Inconclusive, "it could not be built".into()));
    };
    let same = same_results("", "", target.name(), &block.golden, Ok(outcomes), &block.runs);
    match first(Verdict::Inconclusive) {
        Some(unclear) if same.verdict == Verdict::Pass => unclear,
        _ => (same.verdict, same.reason),
    }
}

/// What the report and the command line say of the block forms, after the claims are decided.
pub fn summary(forms: &[Form], evidence: &Evidence) -> Vec<BlockForm> {
    let one = |form: &Form| {
        let mut out = BlockForm { entry: form.entry.clone(), ..BlockForm::default() };
        match &form.made {
            Made::Refused(reasons) => out.reasons.clone_from(reasons),
            Made::Withheld(why) => out.withheld.push(why.clone()),
            Made::Block(block) => {
                out.name = Some(block.name.clone());
                out.sizes = Some(sizes(&block.program));
                for (target, given) in &block.targets {
                    match given {
                        Err(why) => out.withheld.push(format!("{}: {why}", target.name())),
                        Ok(()) if holds(evidence, block, *target) => out.targets.push(target.name().into()),
                        Ok(()) => out.withheld.push(format!("{}: the target is withheld", target.name())),
                    }
                }
            }
        }
        out
    };
    forms.iter().map(one).collect()
}

fn holds(evidence: &Evidence, block: &Block, target: Target) -> bool {
    evidence.generated.iter().any(|(path, _)| path.starts_with(&block.folder(target)))
}

/// Modules of the block forms by path, and the manifest of everything.
pub fn documents(forms: &[Form], program: &Program, evidence: &Evidence) -> (Vec<(String, String)>, String) {
    let mut modules = Vec::new();
    let mut folders: Vec<Vec<(String, String)>> = Vec::new();
    let mut paths = Vec::new();
    let mut reasons = Vec::new();
    for form in forms {
        let (mut own, mut path, mut why) = (Vec::new(), String::new(), Vec::new());
        match &form.made {
            Made::Refused(list) => why.clone_from(list),
            Made::Withheld(what) => why.push(format!("withheld: {what}")),
            Made::Block(block) => {
                path = block.hir();
                modules.push((path.clone(), block.module.to_string()));
                let given = Target::ALL.into_iter().filter(|t| holds(evidence, block, *t));
                own.extend(given.map(|t| (t.name().to_string(), block.folder(t))));
            }
        }
        folders.push(own);
        paths.push(path);
        reasons.push(why);
    }
    let listed: Vec<manifest::BlockForm<'_>> = forms
        .iter()
        .enumerate()
        .map(|(i, form)| manifest::BlockForm {
            entry: &form.entry,
            form: match &form.made {
                Made::Block(b) => Ok(manifest::BlockDesign {
                    program: &b.program,
                    least_samples: b.least as i64,
                    hir: &paths[i],
                    folders: &folders[i],
                }),
                _ => Err(reasons[i].as_slice()),
            },
        })
        .collect();
    let text = manifest::manifest(program, &listed);
    (modules, text)
}

#[cfg(test)]
mod tests;
