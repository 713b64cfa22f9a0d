//! What user code is shut into: bubblewrap namespaces with no network, a read-only view of the interpreter and of
//! the project, and nothing else of the machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How user code is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sandbox {
    /// bubblewrap: own mount, pid, network, ipc, uts (and where possible user) namespaces.
    Bubblewrap,
    /// Nothing but resource limits. What ran so must be said in the evidence.
    None,
}

/// Why user code cannot be confined here.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// `bwrap` is not on the path.
    #[error("bubblewrap (`bwrap`) is not installed")]
    Missing,
    /// It is there, but the system does not let it make namespaces.
    #[error("bubblewrap cannot make a sandbox here: {problem}")]
    Unusable {
        /// What `bwrap` said.
        problem: String,
    },
}

/// A process to confine.
#[derive(Clone, Debug)]
pub struct SandboxSpec {
    /// Absolute path of the program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Files and folders it may read, at the same paths; missing ones are left out.
    pub read_only: Vec<PathBuf>,
    /// Working directory (one of `read_only`).
    pub directory: PathBuf,
    /// Its `$TMPDIR` and `$HOME`; in bubblewrap a fresh memory file system at `/tmp`, whatever is said here.
    pub scratch: PathBuf,
    /// Size of that file system in bytes.
    pub scratch_bytes: u64,
}

impl Sandbox {
    /// The name used on the command line and in the evidence.
    pub fn name(self) -> &'static str {
        match self {
            Sandbox::Bubblewrap => "bubblewrap",
            Sandbox::None => "none",
        }
    }

    /// Tries it out with `true`.
    ///
    /// # Errors
    /// [`SandboxError`] when bubblewrap is absent or the system refuses it namespaces.
    pub fn check(self) -> Result<(), SandboxError> {
        if self == Sandbox::None {
            return Ok(());
        }
        let spec = SandboxSpec {
            program: PathBuf::from("/usr/bin/true"),
            arguments: Vec::new(),
            read_only: Vec::new(),
            directory: PathBuf::from("/tmp"),
            scratch: PathBuf::from("/tmp"),
            scratch_bytes: 1 << 20,
        };
        let output = crate::tool::run_command(self.command(&spec), &[], Duration::from_secs(20), 1 << 16);
        match output {
            Err(crate::tool::ToolError::Start { .. }) => Err(SandboxError::Missing),
            Err(error) => Err(SandboxError::Unusable { problem: error.to_string() }),
            Ok(output) if output.success() => Ok(()),
            Ok(output) => {
                Err(SandboxError::Unusable { problem: String::from_utf8_lossy(&output.stderr).trim().to_string() })
            }
        }
    }

    /// The command that runs the program of `spec` confined, in a process group of its own, with a cleared
    /// environment: fixed hash seed, C locale, one BLAS thread.
    pub fn command(self, spec: &SandboxSpec) -> Command {
        let environment = [
            ("PATH", OsString::from("/usr/bin:/bin")),
            ("HOME", spec.scratch.clone().into()),
            ("TMPDIR", spec.scratch.clone().into()),
            ("MPLCONFIGDIR", spec.scratch.clone().into()),
            ("MPLBACKEND", "Agg".into()),
            ("LC_ALL", "C.UTF-8".into()),
            ("PYTHONHASHSEED", "0".into()),
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
            ("OPENBLAS_NUM_THREADS", "1".into()),
            ("OMP_NUM_THREADS", "1".into()),
            ("MKL_NUM_THREADS", "1".into()),
        ];
        let mut command = match self {
            Sandbox::None => {
                let mut command = Command::new(&spec.program);
                command.args(&spec.arguments).current_dir(&spec.directory);
                command
            }
            Sandbox::Bubblewrap => {
                let mut command = Command::new(bubblewrap());
                command.args(bubblewrap_arguments(spec)).arg("--").arg(&spec.program).args(&spec.arguments);
                command
            }
        };
        command.env_clear().envs(environment);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

/// Looked up on our own path: the one given to the child would be searched otherwise.
fn bubblewrap() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|d| d.join("bwrap")).find(|p| p.is_file());
    found.unwrap_or_else(|| PathBuf::from("/usr/bin/bwrap"))
}

fn bubblewrap_arguments(spec: &SandboxSpec) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut add = |words: &[&dyn AsRef<std::ffi::OsStr>]| arguments.extend(words.iter().map(|w| w.as_ref().into()));
    add(&[&"--unshare-all", &"--cap-drop", &"ALL", &"--die-with-parent", &"--new-session"]);
    add(&[&"--hostname", &"proofmark", &"--proc", &"/proc", &"--dev", &"/dev"]);
    add(&[&"--size", &spec.scratch_bytes.to_string(), &"--tmpfs", &"/tmp"]);
    add(&[&"--ro-bind", &"/usr", &"/usr"]);
    for name in ["lib", "lib32", "lib64", "libx32", "bin", "sbin"] {
        let path = Path::new("/").join(name);
        match path.read_link() {
            Ok(target) => add(&[&"--symlink", &target, &path]),
            Err(_) => add(&[&"--ro-bind-try", &path, &path]),
        }
    }
    for path in ["/etc/alternatives", "/etc/ld.so.cache"] {
        add(&[&"--ro-bind-try", &path, &path]);
    }
    for path in &spec.read_only {
        if !path.starts_with("/usr") {
            add(&[&"--ro-bind-try", path, path]);
        }
    }
    add(&[&"--chdir", &spec.directory]);
    arguments
}
