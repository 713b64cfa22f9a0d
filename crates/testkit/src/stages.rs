//! The translator by itself, stage by stage: from what Python showed to the text of every target, timed without the
//! time in which Python answers.

use proofmark_silicon::front::python::translate;
use proofmark_silicon::hir::check;
use proofmark_silicon::lower::lower;
use proofmark_silicon::oracle::{Oracle, PyException, PyValue, Recording};
use proofmark_silicon::passes::{self, PassOptions};
use proofmark_silicon::translation::Options;
use proofmark_silicon_verify::verify::blocks::{self, Made};
use proofmark_silicon_verify::verify::pipeline::{Target, emit};
use std::time::{Duration, Instant};

/// An oracle whose answers take no time.
struct Patient<'a> {
    oracle: &'a mut dyn Oracle,
    waited: Duration,
    questions: usize,
}

impl Oracle for Patient<'_> {
    fn eval(&mut self, expression: &str, args: &[PyValue]) -> Result<PyValue, PyException> {
        let start = Instant::now();
        let answer = self.oracle.eval(expression, args);
        self.waited += start.elapsed();
        self.questions += 1;
        answer
    }
    fn source(&mut self, file: &str) -> Option<String> {
        let start = Instant::now();
        let text = self.oracle.source(file);
        self.waited += start.elapsed();
        text
    }
}

/// What came out and how long it took.
#[derive(Debug, Default)]
pub struct Stages {
    /// Name and text of everything that was made: HIR as read and after the passes, block forms, files of the targets.
    pub texts: Vec<(String, String)>,
    /// Wall time of each stage, in order; Python's answers left out of the first.
    pub times: Vec<(&'static str, Duration)>,
    /// Questions to Python.
    pub questions: usize,
}

impl Stages {
    /// Of all stages.
    pub fn total(&self) -> Duration {
        self.times.iter().map(|(_, t)| *t).sum()
    }
}

/// Translates a recording for every target.
///
/// # Errors
/// The first diagnostic of a program that is refused.
pub fn stages(recording: &Recording, oracle: &mut dyn Oracle, options: &Options) -> Result<Stages, String> {
    let mut made = Stages::default();
    let mut patient = Patient { oracle, waited: Duration::ZERO, questions: 0 };
    let start = Instant::now();
    let outcome = translate(recording, &mut patient, options);
    made.times.push(("front end", start.elapsed().saturating_sub(patient.waited)));
    made.questions = patient.questions;
    let first = |d: &[proofmark_base::diagnostics::Diagnostic]| d.first().map_or(String::new(), |d| d.code.clone());
    let Some(t) = outcome.translation else { return Err(first(&outcome.diagnostics)) };

    let start = Instant::now();
    let read = check(t.module).map_err(|e| format!("{e:?}"))?;
    let (module, _) = passes::run((*read).clone(), &mut PassOptions::default());
    let module = check(module).map_err(|e| format!("{e:?}"))?;
    made.times.push(("passes", start.elapsed()));

    let start = Instant::now();
    let program = lower(&module).map_err(|d| first(&d))?;
    made.times.push(("lowering", start.elapsed()));

    let start = Instant::now();
    let mut programs = vec![(String::new(), program, module.clone())];
    for form in blocks::forms(&module, &outcome.sources) {
        if let Made::Block(block) = form.made {
            programs.push((format!("{}/", block.name), block.program, block.module));
        }
    }
    made.times.push(("block forms", start.elapsed()));

    let start = Instant::now();
    for (folder, program, module) in &programs {
        for target in [Target::C, Target::Rust] {
            let emitted = emit(target, program, module).map_err(|d| first(&d))?;
            let files = emitted.files.files.into_iter();
            made.texts.extend(files.map(|(name, text)| (format!("{folder}{}/{name}", target.name()), text)));
            made.texts.push((format!("{folder}{}/driver", target.name()), emitted.driver));
        }
    }
    made.times.push(("printing", start.elapsed()));
    made.texts.push(("read.hir".into(), read.to_string()));
    for (folder, _, module) in &programs {
        made.texts.push((format!("{folder}optimised.hir"), module.to_string()));
    }
    Ok(made)
}
