//! Finding a Python to be the reference, and what it is made of.

use crate::oracle::{MINIMUM_NUMPY, OracleError};
use crate::tool::{self, ToolError};
use serde::Deserialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PROBE: &str = "import sys\n\
v='%d.%d.%d'%sys.version_info[:3]\n\
d={'version':v,'executable':sys.executable,'prefixes':[],'path':[p for p in sys.path if p],'numpy':None,'scipy':None}\n\
if sys.version_info>=(3,8):\n\
\x20import json\n\
\x20from importlib import metadata\n\
\x20d['prefixes']=sorted({sys.prefix,sys.base_prefix,sys.exec_prefix,sys.base_exec_prefix})\n\
\x20for n in ('numpy','scipy'):\n\
\x20 try: d[n]=metadata.version(n)\n\
\x20 except Exception: pass\n\
\x20sys.stdout.write('PROBE'+json.dumps(d))\n\
else:\n\
\x20sys.stdout.write('OLD'+v)\n";

/// An interpreter as it describes itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Python {
    /// `sys.executable`.
    pub executable: PathBuf,
    /// `3.11.2`
    pub version: String,
    /// Installation and virtual environment folders.
    pub prefixes: Vec<PathBuf>,
    /// `sys.path` without the script's folder.
    pub path: Vec<PathBuf>,
    /// NumPy's version by its package metadata.
    pub numpy: Option<String>,
    /// SciPy's.
    pub scipy: Option<String>,
}

impl Python {
    /// Every place outside `/usr` the interpreter needs to see: prefixes, import path, and each link on the way
    /// from its executable to the real file.
    pub fn places(&self) -> Vec<PathBuf> {
        let mut places = self.prefixes.clone();
        places.extend(self.path.iter().cloned());
        let mut hop = self.executable.clone();
        for _ in 0..16 {
            places.push(hop.clone());
            let Ok(next) = hop.read_link() else { break };
            hop = hop.parent().unwrap_or(Path::new("/")).join(next);
        }
        places.retain(|p| p.is_absolute() && p.parent().is_some());
        // What lies in a folder that is there anyway (links included) needs no mention of its own.
        places.sort();
        places.dedup();
        let mut outermost: Vec<PathBuf> = Vec::new();
        for place in places {
            let within = outermost.iter().any(|o| place.starts_with(o));
            if !within && place.exists() {
                outermost.push(place);
            }
        }
        outermost
    }

    /// # Errors
    /// [`OracleError::PythonTooOld`].
    pub fn require(&self, minimum: (u32, u32)) -> Result<(), OracleError> {
        let mut parts = self.version.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
        let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if found < minimum {
            return Err(OracleError::PythonTooOld { path: self.executable.clone(), found: self.version.clone() });
        }
        Ok(())
    }
}

/// Asks an interpreter what it is. No user code runs.
///
/// # Errors
/// [`OracleError::PythonMissing`] when it cannot be run or does not answer, `PythonTooOld` when it is too old to.
pub fn probe(program: &Path) -> Result<Python, OracleError> {
    let missing = |problem: String| OracleError::PythonMissing { path: program.to_path_buf(), problem };
    let mut command = Command::new(program);
    command.args(["-c", PROBE]).current_dir("/");
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let output = tool::run_command(command, &[], Duration::from_secs(30), 1 << 20).map_err(|error| match error {
        ToolError::Start { problem, .. } => missing(problem),
        other => missing(other.to_string()),
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    if let Some((_, version)) = text.split_once("OLD") {
        return Err(OracleError::PythonTooOld { path: program.to_path_buf(), found: version.to_string() });
    }
    let Some((_, json)) = text.split_once("PROBE") else {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(missing(format!("it does not answer: {}", said.trim().lines().last().unwrap_or("no output"))));
    };
    let mut python: Python = serde_json::from_str(json).map_err(|e| missing(format!("unreadable answer: {e}")))?;
    if !python.executable.is_absolute() {
        python.executable = program.to_path_buf();
    }
    Ok(python)
}

/// Where a Python was looked for, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// `--python`, `PROOFMARK_PYTHON`, `VIRTUAL_ENV`, `.venv` or `PATH`.
    pub source: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Why it will not do.
    pub problem: String,
}

/// No interpreter will do; what was tried, in order.
#[derive(Debug, thiserror::Error)]
#[error("no Python with NumPy 2 or newer: {}", if tried.is_empty() { "none found".to_string() } else {
    tried.iter().map(|t| format!("{} ({}): {}", t.program.display(), t.source, t.problem)).collect::<Vec<_>>().join("; ")
})]
pub struct NoPython {
    /// In order of preference.
    pub tried: Vec<Tried>,
}

/// The environment a Python is searched in; a value, so that callers decide what is read from the real one.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// `--python`: when given, nothing else is tried.
    pub option: Option<PathBuf>,
    /// `$PROOFMARK_PYTHON`: when set, nothing after it is tried.
    pub proofmark_python: Option<PathBuf>,
    /// `$VIRTUAL_ENV`
    pub virtual_env: Option<PathBuf>,
    /// Folders whose `.venv/bin/python` is tried: the project, the working directory.
    pub folders: Vec<PathBuf>,
    /// `$PATH`
    pub path: Option<std::ffi::OsString>,
}

impl Search {
    /// Reads `PROOFMARK_PYTHON`, `VIRTUAL_ENV`, `PATH` and the working directory.
    pub fn from_environment(option: Option<PathBuf>, project: &Path) -> Search {
        let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        let mut folders = vec![project.to_path_buf()];
        folders.extend(std::env::current_dir().ok());
        Search {
            option,
            proofmark_python: set("PROOFMARK_PYTHON").map(PathBuf::from),
            virtual_env: set("VIRTUAL_ENV").map(PathBuf::from),
            folders,
            path: set("PATH"),
        }
    }

    fn candidates(&self) -> Vec<(&'static str, PathBuf)> {
        // A wish that was spoken is not silently passed over for something else.
        if let Some(program) = &self.option {
            return vec![("--python", program.clone())];
        }
        if let Some(program) = &self.proofmark_python {
            return vec![("PROOFMARK_PYTHON", program.clone())];
        }
        let mut found = Vec::new();
        found.extend(self.virtual_env.iter().map(|v| ("VIRTUAL_ENV", v.join("bin/python"))));
        let beside = self.folders.iter().map(|f| f.join(".venv/bin/python")).filter(|p| p.exists());
        found.extend(beside.map(|p| (".venv", p)));
        let path = self.path.as_deref().unwrap_or(OsStr::new(""));
        let on_path = std::env::split_paths(path).map(|d| d.join("python3")).filter(|p| p.is_file());
        found.extend(on_path.map(|p| ("PATH", p)));
        let mut seen = std::collections::HashSet::new();
        found.retain(|(_, p)| seen.insert(p.clone()));
        found
    }
}

/// The first interpreter, in the order of [`Search`], with NumPy 2 or newer; and those passed over.
///
/// # Errors
/// [`NoPython`] with what was tried.
pub fn find(search: &Search) -> Result<(Python, Vec<Tried>), NoPython> {
    let mut tried = Vec::new();
    for (source, program) in search.candidates() {
        let problem = match probe(&program).and_then(|p| p.require(crate::oracle::MINIMUM_PYTHON).map(|()| p)) {
            Ok(python) => match &python.numpy {
                Some(version) if major(version) >= MINIMUM_NUMPY => return Ok((python, tried)),
                Some(version) => format!("NumPy {version} is older than 2.0"),
                None => "NumPy is not installed".to_string(),
            },
            Err(error) => error.to_string(),
        };
        tried.push(Tried { source, program, problem });
    }
    Err(NoPython { tried })
}

fn major(version: &str) -> u32 {
    version.split('.').next().and_then(|m| m.parse().ok()).unwrap_or(0)
}
