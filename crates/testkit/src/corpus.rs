//! One corpus program (`tests/run/*.py`): recorded, translated, run by the golden model and compared with CPython.

use proofmark_base::render::render_text;
use proofmark_silicon::front::python::translate;
use proofmark_silicon::oracle::Recording;
use proofmark_silicon::translation::{Numeric, Options, Outcome};
use proofmark_silicon_verify::oracle::{CPythonOracle, Limits, OracleOptions};
use proofmark_silicon_verify::python::{Search, find};
use proofmark_silicon_verify::sandbox::Sandbox;
use proofmark_silicon_verify::verify::golden::{self, Comparison, Scales};
use proofmark_silicon_verify::verify::vectors;
use std::path::{Path, PathBuf};

/// How far a program came.
#[derive(Debug)]
pub enum Verdict {
    /// The golden model agrees with CPython on every covered call.
    Equal {
        /// Calls compared.
        calls: usize,
        /// Calls left out, with reasons.
        not_shown: Vec<String>,
        /// Values within rounding distance of a decision.
        undecided: usize,
    },
    /// Refused, with the rendered diagnostics.
    Refused(String),
    /// The golden model disagrees with CPython.
    Wrong(Vec<String>),
    /// The bench could not be recorded.
    Bench(String),
    /// A defect of ours.
    Bug(String),
}

/// A recorded and translated program.
pub struct Case {
    /// What the bench showed.
    pub recording: Recording,
    /// From the front end.
    pub outcome: Outcome,
    /// The reference interpreter, still running.
    pub oracle: CPythonOracle,
}

/// The value of a header line `# key: value`.
pub fn header(text: &str, key: &str) -> Option<String> {
    text.lines()
        .take_while(|l| l.starts_with('#'))
        .find_map(|l| l.trim_start_matches('#').trim().strip_prefix(&format!("{key}:")).map(|v| v.trim().to_string()))
}

/// Records and translates a file whose bench is its own `__main__` block, or another file.
///
/// # Errors
/// What kept the bench from being recorded.
pub fn prepare(file: &Path, bench: Option<&Path>, root: &Path, entry: &str) -> Result<Case, String> {
    let python = match find(&Search::from_environment(None, root)) {
        Ok((p, _)) => p,
        Err(e) => return Err(format!("no Python: {e:?}")),
    };
    let options = OracleOptions {
        python: python.executable,
        project_root: root.to_path_buf(),
        source_file: file.to_path_buf(),
        bench_file: bench.map(Path::to_path_buf),
        entry: entry.to_string(),
        allow_read: Vec::new(),
        sandbox: Sandbox::Bubblewrap,
        limits: Limits::default(),
    };
    let mut oracle = CPythonOracle::start(options).map_err(|e| e.to_string())?;
    let recording = match oracle.record() {
        Ok(r) => r,
        Err(e) => match e.partial() {
            Some(r) if !r.calls.is_empty() => r.clone(),
            _ => return Err(e.to_string()),
        },
    };
    let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned();
    let options = Options { entry: entry.to_string(), file: name, ..Options::default() };
    let outcome = translate(&recording, &mut oracle, &options);
    Ok(Case { recording, outcome, oracle })
}

/// Runs one program.
pub fn run(file: &Path, bench: Option<&Path>, root: &Path, entry: &str) -> Verdict {
    let case = match prepare(file, bench, root, entry) {
        Ok(c) => c,
        Err(e) => return Verdict::Bench(e),
    };
    let Some(t) = &case.outcome.translation else {
        let text = render_text(&case.outcome.diagnostics, &case.outcome.sources, false);
        let bug = case.outcome.diagnostics.iter().any(|d| d.code == "PM0999");
        return if bug { Verdict::Bug(text) } else { Verdict::Refused(text) };
    };
    let module = match proofmark_silicon::hir::check(t.module.clone()) {
        Ok(m) => m,
        Err(errors) => {
            return Verdict::Bug(errors.iter().take(6).map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
    };
    let recorded = vectors::recorded(t, &case.recording, Numeric::F64 == Numeric::F32);
    let mut comparison = Comparison::default();
    let mut machine = proofmark_silicon::interp::Machine::new(&module).step_limit(golden::CALL_STEPS);
    for s in &recorded.sequences {
        let judged = golden::judge(&module, &mut machine, t, s, false, &Scales::new());
        golden::compare(t, s, &judged, &judged.trail.outcomes, &mut comparison);
    }
    let mut wrong: Vec<String> = recorded.problems.clone();
    for list in [&comparison.off, &comparison.structure, &comparison.arguments, &comparison.exceptions] {
        wrong.extend(
            list.iter()
                .map(|f| format!("{} call {} {}: {}", f.sequence, f.call, f.port.as_deref().unwrap_or(""), f.text)),
        );
    }
    if !wrong.is_empty() {
        return Verdict::Wrong(wrong);
    }
    if let Some(f) = comparison.refused.first() {
        return Verdict::Refused(format!("at run time: {}", f.text));
    }
    if comparison.calls == 0 {
        return Verdict::Wrong(vec![format!("no call was compared: {:?}", recorded.not_shown)]);
    }
    Verdict::Equal { calls: comparison.calls, not_shown: recorded.not_shown, undecided: comparison.undecided.len() }
}

/// The workspace's root, from the crate's own place.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap_or_default()
}
