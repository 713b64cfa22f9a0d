//! One corpus program (`tests/run/*.py`): recorded, translated, run by the golden model before and after the passes
//! and compared with CPython, then as C and Rust, which must give the golden model's bits.

use crate::stages::stages;
use crate::targets::{self, Tools};
use proofmark_base::diagnostics::{Diagnostic, Severity, SourceMap};
use proofmark_base::render::render_text;
use proofmark_evidence::check as evidence;
use proofmark_silicon::front::python::translate;
use proofmark_silicon::hir::{Checked, Module, check};
use proofmark_silicon::interp::Machine;
use proofmark_silicon::oracle::Recording;
use proofmark_silicon::passes::{self, PassOptions};
use proofmark_silicon::translation::{Options, Outcome, Translation};
use proofmark_silicon_verify::oracle::{CPythonOracle, Limits, OracleError, OracleOptions};
use proofmark_silicon_verify::python::{Search, find};
use proofmark_silicon_verify::sandbox::Sandbox;
use proofmark_silicon_verify::verify::blocks::{self, Form, Made};
use proofmark_silicon_verify::verify::golden::{self, Comparison, Judged, Model, Scales};
use proofmark_silicon_verify::verify::pipeline::Vectors;
use proofmark_silicon_verify::verify::vectors::{self, Sequence};
use std::fmt;
use std::path::{Path, PathBuf};

/// A way to run a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Stage {
    Interpreter,
    Passes,
    Blocks,
    C,
    Rust,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Interpreter => "interpreter",
            Stage::Passes => "passes",
            Stage::Blocks => "blocks",
            Stage::C => "C",
            Stage::Rust => "Rust",
        })
    }
}

/// How far a program came.
#[derive(Debug)]
pub enum Verdict {
    /// Every stage that was asked for agrees.
    Equal {
        /// Calls compared.
        calls: usize,
        /// Calls left out, with reasons.
        not_shown: Vec<String>,
        /// Values within rounding distance of a decision.
        undecided: usize,
        /// Of each entry without state, the name of its block form, or why it has none.
        blocks: Vec<Result<String, String>>,
    },
    /// Refused: the first diagnostic's code, or `run-time`, and the rendered diagnostics.
    Refused(String, String),
    /// The stage disagrees: the interpreter with CPython, any other with the interpreter.
    Wrong(Stage, Vec<String>),
    /// The bench could not be recorded.
    Bench(String),
    /// A defect of ours.
    Bug(Stage, String),
}

impl Verdict {
    /// The word of the table, and of `refused.txt`.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Equal { .. } => "equal",
            Verdict::Refused(..) => "refused",
            Verdict::Wrong(..) => "WRONG",
            Verdict::Bench(_) => "bench",
            Verdict::Bug(..) => "BUG",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Equal { calls, not_shown, undecided, blocks } => {
                write!(f, "{calls} calls, {} left out, {undecided} undecided", not_shown.len())?;
                blocks.iter().try_for_each(|b| match b {
                    Ok(_) => f.write_str(", in blocks"),
                    Err(why) => write!(f, ", no blocks: {why}"),
                })
            }
            Verdict::Refused(code, text) => write!(f, "{code}\n{text}"),
            Verdict::Wrong(stage, findings) => write!(f, "{stage}\n{}", findings.join("\n")),
            Verdict::Bench(text) => f.write_str(text),
            Verdict::Bug(stage, text) => write!(f, "{stage}\n{text}"),
        }
    }
}

/// A recorded and translated program.
pub struct Case {
    /// What the bench showed.
    pub recording: Recording,
    /// From the front end.
    pub outcome: Outcome,
    /// The reference interpreter, still running.
    pub oracle: CPythonOracle,
    /// What was asked for.
    pub options: Options,
}

/// The value of a header line `# key: value`.
pub fn header(text: &str, key: &str) -> Option<String> {
    text.lines()
        .take_while(|l| l.starts_with('#'))
        .find_map(|l| l.trim_start_matches('#').trim().strip_prefix(&format!("{key}:")).map(|v| v.trim().to_string()))
}

/// Records and translates a file whose bench is its own `__main__` block, or another file. With `partly`, a bench that
/// ends early counts for the calls it made.
///
/// # Errors
/// What kept the bench from being recorded.
pub fn prepare(
    file: &Path,
    bench: Option<&Path>,
    root: &Path,
    entry: &str,
    limits: Limits,
    partly: bool,
) -> Result<Case, OracleError> {
    let (python, _) = find(&Search::from_environment(None, &workspace()))
        .map_err(|e| OracleError::PythonMissing { path: PathBuf::new(), problem: e.to_string() })?;
    let options = OracleOptions {
        python: python.executable,
        project_root: root.to_path_buf(),
        source_file: file.to_path_buf(),
        bench_file: bench.map(Path::to_path_buf),
        entry: entry.to_string(),
        allow_read: Vec::new(),
        sandbox: Sandbox::Bubblewrap,
        limits,
    };
    let mut oracle = CPythonOracle::start(options)?;
    let recording = match oracle.record() {
        Ok(r) => r,
        Err(e) => match e.partial() {
            Some(r) if partly && !r.calls.is_empty() => r.clone(),
            _ => return Err(e),
        },
    };
    let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned();
    let options = Options { entry: entry.to_string(), file: name, ..Options::default() };
    let outcome = translate(&recording, &mut oracle, &options);
    Ok(Case { recording, outcome, oracle, options })
}

/// The code of the first error.
fn first_code(diagnostics: &[Diagnostic]) -> String {
    let worst = diagnostics.iter().find(|d| d.severity >= Severity::Error).or(diagnostics.first());
    worst.map_or_else(|| "no diagnostic".to_string(), |d| d.code.clone())
}

/// Runs one program; without `tools` only as far as the passes and the lowering.
pub fn run(file: &Path, bench: Option<&Path>, root: &Path, entry: &str, tools: Option<&Tools>) -> Verdict {
    let mut case = match prepare(file, bench, root, entry, Limits::default(), true) {
        Ok(c) => c,
        Err(e) => return Verdict::Bench(e.to_string()),
    };
    if let Err(why) = twice(&mut case) {
        return Verdict::Bug(Stage::Passes, why);
    }
    let Some(t) = &case.outcome.translation else {
        let text = render_text(&case.outcome.diagnostics, &case.outcome.sources, false);
        return match first_code(&case.outcome.diagnostics) {
            code if code == "PM0999" => Verdict::Bug(Stage::Interpreter, text),
            code => Verdict::Refused(code, text),
        };
    };
    match judge(&case, t, tools) {
        Ok(v) | Err(v) => v,
    }
}

/// Two translations of one recording give the same bytes.
///
/// # Errors
/// What differs.
pub fn twice(case: &mut Case) -> Result<(), String> {
    let Case { recording, oracle, options, .. } = case;
    let (a, b) = match (stages(recording, oracle, options), stages(recording, oracle, options)) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(a), Err(b)) if a == b => return Ok(()),
        (a, b) => return Err(format!("refused once only: {:?}, {:?}", a.err(), b.err())),
    };
    match a.texts.iter().zip(&b.texts).find(|(a, b)| a != b) {
        Some((a, _)) => Err(format!("{} differs in a second translation", a.0)),
        None if a.texts.len() != b.texts.len() => Err("a second translation gives other files".into()),
        None => Ok(()),
    }
}

fn checked(module: Module, stage: Stage) -> Result<Checked<Module>, Verdict> {
    check(module).map_err(|errors| {
        Verdict::Bug(stage, errors.iter().take(6).map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

/// Compares a module with CPython.
fn against_python(
    (read, module): (&Module, &Module),
    t: &Translation,
    sequences: &[Sequence],
    stage: Stage,
) -> Result<(Vec<Judged>, Comparison), Verdict> {
    let mut scales = Scales::new();
    for s in sequences {
        golden::add_scales(module, t, s, false, &mut scales);
    }
    let mut comparison = Comparison::default();
    let model = Model { read, made: module, narrow: false };
    let mut all = Vec::new();
    for s in sequences {
        let judged = model.judge(t, s, &scales);
        golden::compare(t, s, &judged, &judged.trail.outcomes, &mut comparison);
        all.push(judged);
    }
    let lists = [&comparison.off, &comparison.structure, &comparison.arguments, &comparison.exceptions];
    let wrong: Vec<String> = lists.into_iter().flatten().map(ToString::to_string).collect();
    if wrong.is_empty() { Ok((all, comparison)) } else { Err(Verdict::Wrong(stage, wrong)) }
}

fn judge(case: &Case, t: &Translation, tools: Option<&Tools>) -> Result<Verdict, Verdict> {
    let read = checked(t.module.clone(), Stage::Interpreter)?;
    let recorded = vectors::recorded(t, &case.recording, false);
    if !recorded.problems.is_empty() {
        return Err(Verdict::Wrong(Stage::Interpreter, recorded.problems));
    }
    let sequences = &recorded.sequences;
    let (mut all, comparison) = against_python((&read, &read), t, sequences, Stage::Interpreter)?;
    if let Some(f) = comparison.refused.first() {
        return Err(Verdict::Refused("run-time".into(), f.text.clone()));
    }
    if comparison.calls == 0 {
        return Err(Verdict::Wrong(
            Stage::Interpreter,
            vec![format!("no call was compared: {:?}", recorded.not_shown)],
        ));
    }

    // Passes that promise every bit, then those that may change values, which CPython judges.
    let changing = passes::ALL.iter().filter(|p| p.value_changing).map(|p| p.name.to_string()).collect();
    let (exact, _) = passes::run((*read).clone(), &mut PassOptions { skip: changing, ..PassOptions::default() });
    let exact = checked(exact, Stage::Passes)?;
    let mut machine = Machine::new(&exact).step_limit(golden::CALL_STEPS);
    for (s, j) in sequences.iter().zip(&all) {
        let now = golden::run(&mut machine, t, s);
        if let Some((call, d)) = golden::difference(&j.trail, &now) {
            return Err(Verdict::Wrong(Stage::Passes, vec![format!("{}, call {call}: {d}", s.name)]));
        }
    }
    let skip = tools.map(|t| t.skip.clone()).unwrap_or_default();
    let (made, _) = passes::run((*read).clone(), &mut PassOptions { skip, ..PassOptions::default() });
    let made = checked(made, Stage::Passes)?;
    if *made != *exact {
        all = against_python((&read, &made), t, sequences, Stage::Passes)?.0;
    }

    let program = proofmark_silicon::lower::lower(&made)
        .map_err(|d| Verdict::Refused(first_code(&d), render_text(&d, &case.outcome.sources, false)))?;
    if let Some(tools) = tools {
        let expected: Vec<&[golden::Outcome]> = all.iter().map(|j| j.trail.outcomes.as_slice()).collect();
        targets::compare(tools, &program, &made, t, sequences, &expected)?;
    }
    let vectors = Vectors { t, sequences, judged: &all, recorded: sequences.len(), has_reference: true };
    let blocks = in_blocks(&made, &vectors, &case.outcome.sources, tools)?;
    let (calls, undecided) = (comparison.calls, comparison.undecided.len());
    Ok(Verdict::Equal { calls, not_shown: recorded.not_shown, undecided, blocks })
}

/// Block forms against the whole calls, in the golden model and in the targets.
fn in_blocks(
    made: &Checked<Module>,
    vectors: &Vectors<'_>,
    sources: &SourceMap,
    tools: Option<&Tools>,
) -> Result<Vec<Result<String, String>>, Verdict> {
    let product = evidence::Tool { name: "proofmark".into(), version: String::new() };
    let mut checks = evidence::Checks::new(product, "", evidence::Sandbox::Bubblewrap);
    let mut forms = blocks::forms(made, sources);
    blocks::golden(&mut forms, vectors, &mut checks);
    let one = |form: &Form| match &form.made {
        Made::Refused(why) => Ok(Err(why.join("; "))),
        Made::Withheld(why) => Err(Verdict::Wrong(Stage::Blocks, vec![why.clone()])),
        Made::Block(block) => {
            let (t, runs, golden) = block.runs();
            let expected: Vec<&[golden::Outcome]> = golden.iter().map(Vec::as_slice).collect();
            if let Some(tools) = tools {
                targets::compare(tools, &block.program, &block.module, t, runs, &expected)?;
            }
            Ok(Ok(block.name.clone()))
        }
    };
    forms.iter().map(one).collect()
}

pub use crate::workspace;
