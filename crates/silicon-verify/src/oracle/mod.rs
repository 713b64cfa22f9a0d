//! CPython as the reference: runs the user's bench in a sandbox and records it, evaluates static expressions, and
//! computes reference results. The Python side (`values.py`, `state.py`, `recorder.py`, `server.py`) is sent to the interpreter
//! as one text; both sides speak frames of a 4-byte little-endian length and JSON over dedicated pipes. The JSON
//! form of the values is that of [`proofmark_silicon::oracle`].

mod error;
mod process;

pub use error::OracleError;

use crate::python::{self, Python};
use crate::sandbox::Sandbox;
use error::Failure;
use process::Server;
use proofmark_silicon::oracle::{Oracle, PyException, PyValue, Recording};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// The oldest Python the oracle works with.
pub const MINIMUM_PYTHON: (u32, u32) = (3, 9);
/// The oldest NumPy: its promotion rules (NEP 50) are what the translator implements.
pub const MINIMUM_NUMPY: u32 = 2;

/// Exception type of answers to [`Oracle::eval`] that are failures of the oracle, not of the expression.
pub const OWN_EXCEPTION: &str = "OracleError";

/// What the bench may use up before it is stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time of the bench run.
    pub wall: Duration,
    /// Processor time of the bench process (and of each evaluation).
    pub cpu: Duration,
    /// Address space of each process, in bytes.
    pub memory: u64,
    /// Processes the bench may have started at one time (`Sandbox::None` only; the guard refuses the first otherwise).
    pub processes: u32,
    /// Bytes printed to stdout and stderr together.
    pub output: u64,
    /// Bytes of recorded values (before encoding).
    pub recorded: u64,
    /// Largest file the bench may write, and size of the scratch file system, in bytes.
    pub file: u64,
    /// Wall time of one evaluation or reference request.
    pub evaluation: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            wall: Duration::from_secs(120),
            cpu: Duration::from_secs(120),
            memory: 4 << 30,
            processes: 32,
            output: 1 << 20,
            recorded: 512 << 20,
            file: 256 << 20,
            evaluation: Duration::from_secs(30),
        }
    }
}

/// Which program is recorded, and how.
#[derive(Clone, Debug)]
pub struct OracleOptions {
    /// The interpreter (see [`python::find`] for how one is chosen).
    pub python: PathBuf,
    /// Folder whose Python files are "the project": they may be imported, read and looked into.
    pub project_root: PathBuf,
    /// The file with the entry: absolute, or relative to the project root.
    pub source_file: PathBuf,
    /// The script that calls the entry, run as `__main__`; `None`: the source file itself is that script.
    pub bench_file: Option<PathBuf>,
    /// `name`, `Class`, `Class.method`, or `script:name1,name2` (the module-level script itself; no bench).
    pub entry: String,
    /// Files and folders outside the project the bench may read (recordings, data sets).
    pub allow_read: Vec<PathBuf>,
    /// What the user's code is shut into.
    pub sandbox: Sandbox,
    /// What it may use.
    pub limits: Limits,
}

/// One call of a reference request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReferenceCall {
    /// Function or method name, as in [`proofmark_silicon::oracle::RecordedCall::name`].
    pub name: String,
    /// Arguments by parameter name, as recorded: `*args` a tuple, `**kwargs` a dict; left-out ones take their
    /// default. Equal nonzero ids within one call are one object. Two arrays that share a `base` are refused: what
    /// they share is not told by their values (set `base` to 0 to declare them independent).
    pub args: Vec<(String, PyValue)>,
}

/// A sequence of calls on one fresh copy of the program as it was just before its first recorded call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReferenceRequest {
    /// Index into [`Recording::instances`] for a class entry; `None` for a function.
    pub instance: Option<usize>,
    /// The calls, in order; state carries over from one to the next, and nothing to the next request. `name=` sets the
    /// attribute of that (dotted) name.
    pub calls: Vec<ReferenceCall>,
    /// Dotted names of the instance's attributes that are wanted after each call.
    pub state: Vec<String>,
}

/// What one reference call gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceResult {
    /// Result or exception (after an exception the sequence goes on, on the object as it was left).
    pub result: Result<PyValue, PyException>,
    /// The arguments after the call.
    pub args_after: Vec<(String, PyValue)>,
    /// The attributes asked for, after the call.
    #[serde(default)]
    pub state: Vec<(String, PyValue)>,
}

#[derive(Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Request<'a> {
    Record,
    Eval { expression: &'a str, args: &'a [PyValue] },
    Reference { instance: Option<usize>, calls: &'a [ReferenceCall], state: &'a [String] },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Hello(Hello),
    Recording(Box<Recording>),
    Value(PyValue),
    Exception(PyException),
    Reference(Vec<ReferenceResult>),
    Error(Failure),
}

#[derive(Deserialize)]
struct Hello {
    versions: Vec<(String, String)>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct Config<'a> {
    root: &'a Path,
    source: &'a Path,
    bench: Option<&'a Path>,
    entry: &'a str,
    guard: bool,
    outside: Vec<PathBuf>,
    readable: Vec<PathBuf>,
    writable: Vec<PathBuf>,
    limits: WireLimits,
}

#[derive(Serialize)]
struct WireLimits {
    wall: f64,
    cpu: u64,
    memory: u64,
    processes: u32,
    output: u64,
    recorded: u64,
    file: u64,
    eval_wall: f64,
}

/// A running reference interpreter. Dropping it ends every process it started.
pub struct CPythonOracle {
    server: Server,
    python: Python,
    root: PathBuf,
    limits: Limits,
    versions: Vec<(String, String)>,
    answers: HashMap<String, Result<PyValue, PyException>>,
}

impl CPythonOracle {
    /// Starts the interpreter in its sandbox. No user code runs yet.
    ///
    /// # Errors
    /// [`OracleError::PythonMissing`], `PythonTooOld`, `NumpyMissing`, `NumpyTooOld`, `Sandbox` (bubblewrap is absent
    /// or cannot make namespaces), `Path` (a file that is not there or not in the project root), `Protocol`.
    pub fn start(options: OracleOptions) -> Result<Self, OracleError> {
        let root = canonical(&options.project_root)?;
        if root.parent().is_none() {
            return Err(OracleError::Path { path: root, problem: "the root of the file system is no project".into() });
        }
        let source = inside(&root, &options.source_file)?;
        let bench = options.bench_file.as_deref().map(|b| inside(&root, b)).transpose()?;
        let python = python::probe(&options.python)?;
        python.require(MINIMUM_PYTHON)?;
        options.sandbox.check()?;
        let mut read_only = python.places();
        for path in &options.allow_read {
            read_only.push(canonical(path)?);
        }
        read_only.push(root.clone());
        let limits = &options.limits;
        let config = Config {
            root: &root,
            source: &source,
            bench: bench.as_deref(),
            entry: &options.entry,
            guard: options.sandbox == Sandbox::Bubblewrap,
            outside: python.prefixes.clone(),
            readable: readable(&read_only),
            writable: ["/tmp", "/dev"].map(PathBuf::from).to_vec(),
            limits: WireLimits {
                wall: limits.wall.as_secs_f64(),
                cpu: limits.cpu.as_secs_f64().ceil() as u64,
                memory: limits.memory,
                processes: limits.processes,
                output: limits.output,
                recorded: limits.recorded,
                file: limits.file,
                eval_wall: limits.evaluation.as_secs_f64(),
            },
        };
        let config = serde_json::to_vec(&config).map_err(|e| OracleError::Protocol(e.to_string()))?;
        let mut server = Server::start(&python, &root, read_only, options.sandbox, limits.file)?;
        server.send(&config)?;
        let hello = match decode(&server.receive(Duration::from_secs(60))?)? {
            Reply::Hello(hello) => hello,
            _ => return Err(OracleError::Protocol("no greeting from the interpreter".into())),
        };
        require_numpy(&python, &hello)?;
        Ok(CPythonOracle {
            server,
            python,
            root,
            limits: options.limits,
            versions: hello.versions,
            answers: HashMap::new(),
        })
    }

    /// Runs the bench once and records every outermost call of the entry. May be called once.
    ///
    /// # Errors
    /// What the bench did wrong, precisely: see [`OracleError`]. Variants that carry `partial` hold what was recorded
    /// before it went wrong. After an error that killed the bench (not `Raised`, `SandboxDenied`, `Memory` by
    /// exception) no references can be computed.
    pub fn record(&mut self) -> Result<Recording, OracleError> {
        match self.ask(&Request::Record, self.limits.wall)? {
            Reply::Recording(recording) => Ok(*recording),
            other => Err(unexpected(other, &self.limits)),
        }
    }

    /// Computes reference results; each request starts from a fresh copy (a process image) of the program as it was
    /// just before the first recorded call of that instance (of the entry, for a function), globals included.
    ///
    /// # Errors
    /// [`OracleError::Refused`] for arguments that cannot be rebuilt or an instance of which no image was kept (more
    /// than 33 instances); `Timeout`, `Crashed` and the like for calls that ended that way.
    pub fn reference(&mut self, requests: &[ReferenceRequest]) -> Result<Vec<Vec<ReferenceResult>>, OracleError> {
        requests
            .iter()
            .map(|r| {
                let request = Request::Reference { instance: r.instance, calls: &r.calls, state: &r.state };
                match self.ask(&request, self.limits.evaluation)? {
                    Reply::Reference(results) => Ok(results),
                    other => Err(unexpected(other, &self.limits)),
                }
            })
            .collect()
    }

    /// `python`, `numpy` and (when installed) `scipy` with their versions.
    pub fn versions(&self) -> &[(String, String)] {
        &self.versions
    }

    /// The interpreter in use.
    pub fn python(&self) -> &Python {
        &self.python
    }

    fn ask(&mut self, request: &Request<'_>, limit: Duration) -> Result<Reply, OracleError> {
        let bytes = serde_json::to_vec(request).map_err(|e| OracleError::Protocol(e.to_string()))?;
        self.server.send(&bytes)?;
        // The server keeps the limit itself; this is for the case that it cannot any more.
        decode(&self.server.receive(limit + Duration::from_secs(20))?)
    }

    fn evaluate(&mut self, expression: &str, args: &[PyValue]) -> Result<PyValue, PyException> {
        match self.ask(&Request::Eval { expression, args }, self.limits.evaluation) {
            Ok(Reply::Value(value)) => Ok(value),
            Ok(Reply::Exception(exception)) => Err(exception),
            Ok(other) => Err(own_exception(&unexpected(other, &self.limits))),
            Err(error) => Err(own_exception(&error)),
        }
    }
}

impl Oracle for CPythonOracle {
    /// Failures of the oracle itself (refused arguments, time-outs) come as an exception of type `OracleError`.
    fn eval(&mut self, expression: &str, args: &[PyValue]) -> Result<PyValue, PyException> {
        let Ok(arguments) = serde_json::to_string(args) else {
            return self.evaluate(expression, args);
        };
        let key = format!("{expression}\0{arguments}");
        if let Some(answer) = self.answers.get(&key) {
            return answer.clone();
        }
        let answer = self.evaluate(expression, args);
        // Our own failures (a time-out, no recording yet) say nothing about the next attempt.
        let ours = matches!(&answer, Err(e) if e.type_name == OWN_EXCEPTION);
        if key.len() < 4096 && !ours {
            self.answers.insert(key, answer.clone());
        }
        answer
    }

    fn source(&mut self, file: &str) -> Option<String> {
        let path = Path::new(file);
        let plain = path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        plain.then(|| std::fs::read_to_string(self.root.join(path)).ok()).flatten()
    }
}

fn decode(frame: &[u8]) -> Result<Reply, OracleError> {
    serde_json::from_slice(frame).map_err(|e| OracleError::Protocol(format!("unreadable answer: {e}")))
}

fn unexpected(reply: Reply, limits: &Limits) -> OracleError {
    match reply {
        Reply::Error(failure) => failure.into_error(limits),
        _ => OracleError::Protocol("an answer to another question".into()),
    }
}

fn own_exception(error: &OracleError) -> PyException {
    PyException { type_name: OWN_EXCEPTION.into(), message: error.to_string(), trace: Vec::new() }
}

fn require_numpy(python: &Python, hello: &Hello) -> Result<(), OracleError> {
    let executable = python.executable.clone();
    let Some((_, found)) = hello.versions.iter().find(|(name, _)| name == "numpy") else {
        return Err(OracleError::NumpyMissing {
            python: executable,
            problem: hello.problem.clone().unwrap_or_else(|| "not installed".into()),
        });
    };
    let major = found.split('.').next().and_then(|m| m.parse::<u32>().ok());
    if major.is_none_or(|m| m < MINIMUM_NUMPY) {
        return Err(OracleError::NumpyTooOld { python: executable, found: found.clone() });
    }
    Ok(())
}

fn canonical(path: &Path) -> Result<PathBuf, OracleError> {
    path.canonicalize().map_err(|e| OracleError::Path { path: path.to_path_buf(), problem: e.to_string() })
}

/// Path of a file relative to the root it must lie under.
fn inside(root: &Path, file: &Path) -> Result<PathBuf, OracleError> {
    let path = if file.is_absolute() { file.to_path_buf() } else { root.join(file) };
    let full = canonical(&path)?;
    match full.strip_prefix(root) {
        Ok(relative) if full.is_file() => Ok(relative.to_path_buf()),
        Ok(_) => Err(OracleError::Path { path, problem: "not a file".into() }),
        Err(_) => Err(OracleError::Path { path, problem: format!("not under the project root {}", root.display()) }),
    }
}

fn readable(places: &[PathBuf]) -> Vec<PathBuf> {
    let system = ["/usr", "/lib", "/lib64", "/bin", "/etc/alternatives", "/etc/ld.so.cache", "/tmp", "/dev", "/proc"];
    places.iter().cloned().chain(system.map(PathBuf::from)).collect()
}
