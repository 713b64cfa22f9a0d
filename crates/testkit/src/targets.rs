//! Generated C and Rust, built and run on a program's vectors; the golden model's bits are due.

use crate::corpus::{Stage, Verdict};
use proofmark_silicon::back;
use proofmark_silicon::hir::Module;
use proofmark_silicon::lir::Program;
use proofmark_silicon::translation::Translation;
use proofmark_silicon_verify::tool::Tool;
use proofmark_silicon_verify::verify::golden::{self, Outcome};
use proofmark_silicon_verify::verify::pipeline::{Emitted, Target, emit};
use proofmark_silicon_verify::verify::target::c::Sources;
use proofmark_silicon_verify::verify::target::{Driver, excerpt, rust};
use proofmark_silicon_verify::verify::vectors::Sequence;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The compilers, and what helps to find out why they disagree.
#[derive(Debug)]
pub struct Tools {
    gcc: Tool,
    rustc: Tool,
    /// Lints the Rust, where it is installed.
    clippy: Option<Tool>,
    /// Where to leave the generated code and its drivers.
    pub keep: Option<PathBuf>,
    /// Passes to leave out before lowering.
    pub skip: BTreeSet<String>,
}

impl Tools {
    /// Finds them.
    ///
    /// # Errors
    /// The one that is missing.
    pub fn find() -> Result<Tools, String> {
        let tool = |name: &str| Tool::find(name).ok_or_else(|| format!("{name} is not installed"));
        Ok(Tools {
            gcc: tool("gcc")?,
            rustc: tool("rustc")?,
            clippy: Tool::find("clippy-driver"),
            keep: None,
            skip: BTreeSet::new(),
        })
    }
}

/// Builds of the C: name and flags.
const BUILDS: [(&str, &[&str]); 2] = [
    ("sanitized", &["-O2", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all"]),
    ("native", &["-O3", "-march=native"]),
];

/// Builds and runs every target.
///
/// # Errors
/// The verdict on the first that disagrees.
pub fn compare(
    tools: &Tools,
    program: &Program,
    module: &Module,
    t: &Translation,
    sequences: &[Sequence],
    expected: &[&[Outcome]],
) -> Result<(), Verdict> {
    let scratch = tempfile::tempdir().map_err(|e| Verdict::Bug(Stage::C, e.to_string()))?;
    for (target, stage) in [(Target::C, Stage::C), (Target::Rust, Stage::Rust)] {
        let emitted = emit(target, program, module).map_err(|d| {
            let code = d.first().map_or_else(String::new, |d| d.code.clone());
            Verdict::Refused(code, d.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("\n"))
        })?;
        let folder = tools.keep.as_deref().unwrap_or(scratch.path()).join(target.name());
        let drivers = match target {
            Target::C => c(tools, &emitted, &folder),
            Target::Rust => std::fs::create_dir_all(&folder).map_err(|e| e.to_string()).and_then(|()| {
                let name = back::rust::crate_name(program);
                let program = rust::build_driver(&tools.rustc, &emitted.files.files, &emitted.driver, &name, &folder)?;
                if let Some(clippy) = &tools.clippy {
                    let output = rust::lint(clippy, &tools.rustc, &name, &folder).map_err(|e| e.to_string())?;
                    if !output.success() {
                        return Err(format!("clippy:\n{}", excerpt(&output.stderr, 20)));
                    }
                }
                Ok(vec![("rustc", Driver { program, emulator: None })])
            }),
        };
        let drivers = drivers.map_err(|why| Verdict::Bug(stage, why))?;
        for (name, driver) in drivers {
            let outcomes = driver
                .run(program, t, sequences.iter(), scratch.path())
                .map_err(|failure| Verdict::Bug(stage, format!("{name}: {failure}")))?;
            let mut findings = Vec::new();
            for ((s, all), found) in sequences.iter().zip(expected).zip(&outcomes) {
                for (call, (due, got)) in all.iter().zip(found).enumerate() {
                    if let Some(d) = golden::outcome_difference(due, got) {
                        findings.push(format!("{name}: {}, call {call}: {d}", s.name));
                    }
                    // after a fault the state is the translation's own affair
                    if due.is_err() && !t.module.state.is_empty() {
                        break;
                    }
                }
            }
            if !findings.is_empty() {
                return Err(Verdict::Wrong(stage, findings));
            }
        }
    }
    Ok(())
}

fn c(tools: &Tools, emitted: &Emitted, folder: &Path) -> Result<Vec<(&'static str, Driver)>, String> {
    let sources = Sources::lay_out(folder.to_path_buf(), &emitted.files.files, &emitted.driver);
    let sources = sources.map_err(|e| e.to_string())?;
    let mut drivers = Vec::new();
    for (name, flags) in BUILDS {
        let (output, driver) = sources.build(&tools.gcc, name, flags).map_err(|e| e.to_string())?;
        if !output.success() {
            return Err(format!("gcc {}:\n{}", flags.join(" "), excerpt(&output.stderr, 20)));
        }
        drivers.push((name, driver));
    }
    Ok(drivers)
}
