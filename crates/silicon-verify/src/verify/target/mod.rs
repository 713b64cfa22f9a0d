//! Generated code built by its target's own tools and run on the vectors.

pub mod c;
mod eva;
pub mod rust;

use super::golden::Outcome;
use super::state;
use super::vectors::{Ports, Sequence, after, port};
use crate::tool::{self, Output, Tool, ToolError};
use proofmark_evidence::check::{Check, Verdict};
use proofmark_silicon::back::callfile;
use proofmark_silicon::hir::{Fault, ResultRole};
use proofmark_silicon::interp::Tensor;
use proofmark_silicon::lir::{BAD_LENGTH, Direction, OVERFLOW, Program};
use proofmark_silicon::translation::{StateTree, Translation};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Wall time of one compiler or analyser run.
pub const BUILD_LIMIT: Duration = Duration::from_secs(300);
/// Wall time of one run of all vectors.
pub const RUN_LIMIT: Duration = Duration::from_secs(300);
/// Most a tool may print.
pub const PRINT_LIMIT: u64 = 4 << 20;

/// A built driver of generated code.
#[derive(Clone, Debug)]
pub struct Driver {
    /// The executable.
    pub program: PathBuf,
    /// An emulator that runs it, when it is for another machine.
    pub emulator: Option<PathBuf>,
}

/// Why a run gave no results.
#[derive(Clone, Debug, PartialEq)]
pub enum RunFailure {
    /// It ended by a signal or with a status of its own.
    Crashed(String),
    /// It did not end in time.
    TimedOut,
    /// It could not be run, or its results cannot be read.
    Broken(String),
}

impl std::fmt::Display for RunFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RunFailure::Crashed(how) => write!(f, "the generated code crashed: {how}"),
            RunFailure::TimedOut => f.write_str("the generated code did not end in time"),
            RunFailure::Broken(why) => f.write_str(why),
        }
    }
}

/// The calls of sequences as a call file, with what each call of an entry is: either its place in the file or the
/// fault of inputs that no length explains.
pub struct CallFile {
    calls: Vec<callfile::Call>,
    /// Per sequence and call.
    slots: Vec<Vec<Option<Fault>>>,
    /// Per entry of the program, the module's names of its outputs: a port may be called otherwise, to keep it apart
    /// from an input.
    outputs: Vec<Vec<String>>,
    /// The object's attributes, and the fields at their first values.
    state: Vec<(String, StateTree)>,
    first: Vec<(String, Tensor)>,
}

/// Lays out sequences for a driver.
pub fn call_file<'a>(program: &Program, t: &Translation, sequences: impl Iterator<Item = &'a Sequence>) -> CallFile {
    let outputs = program.entries.iter().map(|e| output_names(t, &e.name)).collect();
    let mut file = CallFile {
        calls: Vec::new(),
        slots: Vec::new(),
        outputs,
        state: t.state.clone(),
        first: state::completed(t, Vec::new()),
    };
    for sequence in sequences {
        file.calls.push(callfile::Call::Init);
        let mut slots = Vec::new();
        for (i, call) in sequence.calls.iter().enumerate() {
            let name = &t.entries[call.entry].name;
            match one_call(program, name, &call.inputs) {
                Ok(c) => {
                    file.calls.push(c);
                    if !program.state.is_empty() && state::watched(t, sequence.calls.len(), i) {
                        file.calls.push(callfile::Call::State);
                    }
                    slots.push(None);
                }
                Err(message) => slots.push(Some(Fault { exception: "Unsupported".into(), message })),
            }
        }
        file.slots.push(slots);
    }
    file
}

fn output_names(t: &Translation, entry: &str) -> Vec<String> {
    let found = t.module.entries.iter().find(|e| e.func.name == entry);
    let results = found.map(|e| e.results.as_slice()).unwrap_or_default().iter();
    results.filter_map(|r| if let ResultRole::Output(name) = r { Some(name.clone()) } else { None }).collect()
}

fn one_call(program: &Program, name: &str, inputs: &Ports) -> Result<callfile::Call, String> {
    let index = program.entries.iter().position(|e| e.name == *name).ok_or_else(|| format!("no entry `{name}`"))?;
    let mut arrays = Vec::new();
    for p in program.entries[index].ports.iter().filter(|p| p.direction != Direction::Out) {
        let t = port(inputs, &p.name).ok_or_else(|| format!("input `{}` is missing", p.name))?;
        arrays.push(callfile::Array { dtype: t.dtype, shape: t.shape.clone(), data: t.to_le_bytes() });
    }
    callfile::call(program, index, &arrays)
}

impl CallFile {
    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        callfile::encode(&self.calls)
    }

    /// Reads the results.
    ///
    /// # Errors
    /// What does not fit.
    pub fn outcomes(&self, program: &Program, results: &[u8]) -> Result<Vec<Vec<Outcome>>, String> {
        let mut read = callfile::decode(program, &self.calls, results)?.into_iter();
        let mut entries = self.calls.iter().filter_map(|c| match c {
            callfile::Call::Entry { entry, .. } => Some(*entry),
            callfile::Call::Init | callfile::Call::State => None,
        });
        let mut all = Vec::new();
        for slots in &self.slots {
            let mut outcomes = Vec::new();
            for slot in slots {
                outcomes.push(match slot {
                    Some(fault) => Err(fault.clone()),
                    None => {
                        let (Some(o), Some(entry)) = (read.next(), entries.next()) else {
                            return Err("the result file ends too early".into());
                        };
                        outcome(program, entry, &self.outputs[entry], self, o)?
                    }
                });
            }
            all.push(outcomes);
        }
        Ok(all)
    }
}

fn outcome(
    program: &Program,
    entry: usize,
    names: &[String],
    file: &CallFile,
    o: callfile::Outcome,
) -> Result<Outcome, String> {
    match o.status {
        proofmark_silicon::lir::OK => {
            let ports = program.entries[entry].ports.iter().filter(|p| p.direction != Direction::In);
            let mut found = Ports::new();
            let mut names = names.iter();
            for (p, a) in ports.zip(o.outputs) {
                let name = match p.direction {
                    Direction::InOut => after(&p.name),
                    _ => names.next().ok_or_else(|| format!("`{}` is no output", p.name))?.clone(),
                };
                let t = Tensor::from_le_bytes(a.dtype, &a.shape, &a.data);
                found.push((name, t.ok_or_else(|| format!("`{}` came back with a wrong size", p.name))?));
            }
            if !o.state.is_empty() {
                let mut fields = state_fields(program, &o.state)?;
                let lost = file.first.iter().filter(|(n, _)| fields.iter().all(|(m, _)| m != n));
                let lost: Vec<_> = lost.cloned().collect();
                fields.extend(lost);
                found.extend(state::observed(&file.state, &fields));
            }
            Ok(Ok(found))
        }
        code => {
            let status = program.statuses.iter().find(|s| s.code == code);
            let status = status.ok_or_else(|| format!("the status {code} is not one of the design's"))?;
            let exception = match code {
                BAD_LENGTH => "Unsupported".to_string(),
                OVERFLOW => "OverflowError".to_string(),
                _ => status.exception.clone(),
            };
            let message = match code {
                // as the golden model words it
                OVERFLOW => "an integer result does not fit in 64 bits".to_string(),
                _ => status.message.clone(),
            };
            Ok(Err(Fault { exception, message }))
        }
    }
}

/// State fields that came back, by name.
///
/// # Errors
/// Which has a wrong size.
pub fn state_fields(program: &Program, values: &[callfile::Array]) -> Result<Vec<(String, Tensor)>, String> {
    let tensor = |a: &callfile::Array| Tensor::from_le_bytes(a.dtype, &a.shape, &a.data);
    let each = program.state.iter().zip(values);
    each.map(|(f, a)| {
        Ok((f.name.clone(), tensor(a).ok_or_else(|| format!("`{}` came back with a wrong size", f.name))?))
    })
    .collect()
}

impl Driver {
    /// Runs the driver on a call file in `scratch` and gives the result file. `switches` are further arguments.
    ///
    /// # Errors
    /// [`RunFailure`].
    pub fn results(
        &self,
        calls: &Path,
        scratch: &Path,
        limit: Duration,
        switches: &[String],
    ) -> Result<Vec<u8>, RunFailure> {
        self.said(calls, scratch, limit, switches).map(|(_, results)| results)
    }

    /// Runs the driver as [`Driver::results`] does and gives what it printed, too.
    ///
    /// # Errors
    /// [`RunFailure`].
    pub fn said(
        &self,
        calls: &Path,
        scratch: &Path,
        limit: Duration,
        switches: &[String],
    ) -> Result<(String, Vec<u8>), RunFailure> {
        let results = scratch.join("results.bin");
        let mut command = match &self.emulator {
            Some(emulator) => {
                let mut c = tool::tied(emulator);
                c.arg(&self.program);
                c
            }
            None => tool::tied(&self.program),
        };
        command.arg(calls).arg(&results).current_dir(scratch);
        command.args(switches);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let output =
            tool::run_command(command, &[], limit, PRINT_LIMIT).map_err(|e| RunFailure::Broken(e.to_string()))?;
        if output.timed_out {
            return Err(RunFailure::TimedOut);
        }
        if !output.success() {
            return Err(RunFailure::Crashed(how_it_ended(&output)));
        }
        let bytes = std::fs::read(&results).map_err(|e| RunFailure::Broken(format!("no result file: {e}")));
        // The next run must not find this one's.
        let _ = std::fs::remove_file(&results);
        bytes.map(|b| (String::from_utf8_lossy(&output.stdout).into_owned(), b))
    }

    /// Runs sequences from their initial states.
    ///
    /// # Errors
    /// [`RunFailure`].
    pub fn run<'a>(
        &self,
        program: &Program,
        t: &Translation,
        sequences: impl Iterator<Item = &'a Sequence>,
        scratch: &Path,
    ) -> Result<Vec<Vec<Outcome>>, RunFailure> {
        let file = call_file(program, t, sequences);
        let folder = tempfile::tempdir_in(scratch).map_err(|e| RunFailure::Broken(e.to_string()))?;
        let path = folder.path().join("calls.bin");
        std::fs::write(&path, file.bytes()).map_err(|e| RunFailure::Broken(e.to_string()))?;
        let results = self.results(&path, folder.path(), RUN_LIMIT, &[])?;
        file.outcomes(program, &results).map_err(RunFailure::Broken)
    }
}

fn how_it_ended(output: &Output) -> String {
    use std::os::unix::process::ExitStatusExt;
    let how = match (output.status.signal(), output.status.code()) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit status {code}"),
        _ => "unknown".into(),
    };
    let said = excerpt(&output.stderr, 12);
    if said.is_empty() { how } else { format!("{how}\n{said}") }
}

/// The first lines a tool printed, without the scratch folder's name.
pub fn excerpt(bytes: &[u8], lines: usize) -> String {
    String::from_utf8_lossy(bytes).lines().filter(|l| !l.trim().is_empty()).take(lines).collect::<Vec<_>>().join("\n")
}

/// A folder's name taken out of a text, so that evidence names no place on the machine.
pub fn without_path(text: &str, folder: &Path) -> String {
    text.replace(&format!("{}/", folder.display()), "").replace(&folder.display().to_string(), ".")
}

/// Runs a tool in a folder; a failed start is an output with its reason.
pub fn call(tool: &Tool, arguments: &[String], folder: &Path) -> Result<Output, ToolError> {
    tool.run(arguments, folder, &[], BUILD_LIMIT, PRINT_LIMIT)
}

/// The check of a tool run that must succeed silently.
pub fn must_succeed(id: &str, title: &str, target: &str, output: &Result<Output, ToolError>, folder: &Path) -> Check {
    let (verdict, reason) = match output {
        Ok(o) if o.success() => (Verdict::Pass, String::new()),
        Ok(o) if o.timed_out => (Verdict::Inconclusive, "the tool did not end in time".to_string()),
        Ok(o) => {
            let text = without_path(&excerpt(&[o.stderr.as_slice(), o.stdout.as_slice()].concat(), 20), folder);
            (Verdict::Fail, if text.is_empty() { "it failed without a message".into() } else { text })
        }
        Err(e) => (Verdict::Inconclusive, e.to_string()),
    };
    Check::new(id, title, verdict, reason).target(target)
}

/// Writes files below a folder.
///
/// # Errors
/// From the file system.
pub fn write_files(folder: &Path, files: &BTreeMap<String, String>) -> std::io::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// What a target's tools found, and what its code gives on the vectors.
#[derive(Debug, Default)]
pub struct TargetRun {
    /// Checks of the build and of runs among themselves.
    pub checks: Vec<Check>,
    /// Outcomes of every sequence, from the reference build; none when it could not be built or crashed.
    pub outcomes: Option<Vec<Vec<Outcome>>>,
    /// Tools that took part.
    pub tools: Vec<Tool>,
    /// Files for the bundle that checks refer to.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What was not shown.
    pub not_shown: Vec<String>,
}

/// The check that another build of the same code gives the same bits.
pub fn same_results(
    id: &str,
    title: &str,
    target: &str,
    reference: &[Vec<Outcome>],
    other: Result<Vec<Vec<Outcome>>, RunFailure>,
    sequences: &[Sequence],
) -> Check {
    let check = |verdict, reason: String| Check::new(id, title, verdict, reason).target(target);
    match other {
        Err(failure) => check(Verdict::Fail, failure.to_string()),
        Ok(other) => {
            let different = reference.iter().zip(&other).zip(sequences).find_map(|((a, b), s)| {
                a.iter().zip(b).enumerate().find_map(|(i, (a, b))| {
                    super::golden::outcome_difference(a, b).map(|d| format!("{}, call {i}: {d}", s.name))
                })
            });
            let calls = reference.iter().map(Vec::len).sum::<usize>() as f64;
            match different {
                Some(d) => check(Verdict::Fail, d),
                None => check(Verdict::Pass, String::new()).figure("calls", calls),
            }
        }
    }
}
