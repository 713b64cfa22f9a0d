//! One port for every external tool: find it, ask its version, run it within limits.

use crate::cancel::Cancel;
use rustix::process::{Pid, Signal};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use wait_timeout::ChildExt;

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Output {
    /// Exit status; that of the kill when `timed_out` or `overflowed`.
    pub status: ExitStatus,
    /// At most the limit's bytes.
    pub stdout: Vec<u8>,
    /// At most the limit's bytes.
    pub stderr: Vec<u8>,
    /// Stopped for time.
    pub timed_out: bool,
    /// Stopped for printing more than the limit.
    pub overflowed: bool,
}

impl Output {
    /// Ended by itself with status 0.
    pub fn success(&self) -> bool {
        self.status.success() && !self.timed_out && !self.overflowed
    }
}

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It cannot be started.
    #[error("{program} does not start: {problem}")]
    Start {
        /// As called.
        program: String,
        /// From the system.
        problem: String,
    },
    /// The system failed while it ran.
    #[error("{program}: {problem}")]
    Io {
        /// As called.
        program: String,
        /// From the system.
        problem: String,
    },
}

/// Runs a command to its end or to a limit; `limit_bytes` counts stdout and stderr together. The command should lead
/// a process group of its own: all of that group is killed at a limit. It counts as timed out when the work it is for
/// is cancelled ([`Cancel`]).
///
/// # Errors
/// [`ToolError`]; a failing exit status, a time-out and too much output are not errors but values of [`Output`].
pub fn run_command(mut command: Command, stdin: &[u8], limit: Duration, limit_bytes: u64) -> Result<Output, ToolError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let input = if stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
    let mut child = command
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| ToolError::Start { program: program.clone(), problem: e.to_string() })?;
    let printed = Arc::new(AtomicU64::new(0));
    let full = Arc::new(AtomicBool::new(false));
    let reader = |mut pipe: Box<dyn Read + Send>| {
        let (printed, full) = (Arc::clone(&printed), Arc::clone(&full));
        std::thread::spawn(move || {
            let (mut kept, mut chunk) = (Vec::new(), [0; 1 << 14]);
            while let Ok(n) = pipe.read(&mut chunk) {
                if n == 0 {
                    break;
                }
                if printed.fetch_add(n as u64, Ordering::Relaxed) + n as u64 > limit_bytes {
                    full.store(true, Ordering::Relaxed);
                    break;
                }
                kept.extend_from_slice(&chunk[..n]);
            }
            kept
        })
    };
    let stdout = child.stdout.take().map(|p| reader(Box::new(p)));
    let stderr = child.stderr.take().map(|p| reader(Box::new(p)));
    // A tool that ends without reading its input closes the pipe; that is its business.
    let writer = child.stdin.take().map(|mut pipe| {
        let bytes = stdin.to_vec();
        std::thread::spawn(move || drop(pipe.write_all(&bytes)))
    });
    let failed = |e: std::io::Error| ToolError::Io { program: program.clone(), problem: e.to_string() };
    let deadline = Instant::now() + limit;
    let cancel = Cancel::current();
    let (status, timed_out) = loop {
        let now = Instant::now();
        if now >= deadline || full.load(Ordering::Relaxed) || cancel.is_set() {
            let timed_out = !full.load(Ordering::Relaxed);
            kill_group(&child);
            break (child.wait().map_err(failed)?, timed_out);
        }
        let step = (deadline - now).min(Duration::from_millis(50));
        if let Some(status) = child.wait_timeout(step).map_err(failed)? {
            break (status, false);
        }
    };
    // What it left running in its group would hold the pipes open.
    kill_group(&child);
    if let Some(writer) = writer {
        let _ = writer.join();
    }
    let collect = |handle: Option<std::thread::JoinHandle<Vec<u8>>>| handle.and_then(|h| h.join().ok());
    let (stdout, stderr) = (collect(stdout).unwrap_or_default(), collect(stderr).unwrap_or_default());
    Ok(Output { status, stdout, stderr, timed_out, overflowed: full.load(Ordering::Relaxed) })
}

/// Kills the process group a child leads, if it is (still) there.
pub(crate) fn kill_group(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // An absent group is what is wanted.
        let _ = rustix::process::kill_process_group(pid, Signal::KILL);
    }
}

/// A tool that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The name it was asked for by.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// First line of what it says of itself, or of the part that looks like a version.
    pub version: String,
}

impl Tool {
    /// Looks a tool up on `$PATH` and asks its version; `None` when absent or when it does not run.
    pub fn find(name: &str) -> Option<Tool> {
        Tool::find_in(name, &std::env::var_os("PATH")?)
    }

    /// The same on a path of the caller's.
    pub fn find_in(name: &str, path: &OsStr) -> Option<Tool> {
        std::env::split_paths(path).map(|d| d.join(name)).filter(|p| is_executable(p)).find_map(|p| Tool::at(name, &p))
    }

    /// A tool at a known place.
    pub fn at(name: &str, path: &Path) -> Option<Tool> {
        let flag = if name == "frama-c" { "-version" } else { "--version" };
        let output = run_command(command(path, &[flag]), &[], Duration::from_secs(20), 1 << 16).ok()?;
        if !output.success() {
            return None;
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find(|l| !l.trim().is_empty())?.trim();
        Some(Tool { name: name.to_string(), path: path.to_path_buf(), version: version_in(line) })
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`ToolError`]; see [`run_command`].
    pub fn run<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        directory: &Path,
        stdin: &[u8],
        limit: Duration,
        limit_bytes: u64,
    ) -> Result<Output, ToolError> {
        let mut command = command(&self.path, arguments);
        // some tools believe PWD, which would be that of this process
        command.current_dir(directory).env("PWD", directory);
        run_command(command, stdin, limit, limit_bytes)
    }
}

/// A command that does not outlive this process, where util-linux is there to see to it: generated code with a fault
/// may run without end.
pub fn tied(program: &Path) -> Command {
    static SETPRIV: OnceLock<Option<PathBuf>> = OnceLock::new();
    match SETPRIV.get_or_init(|| Tool::find("setpriv").map(|t| t.path)) {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// A command in a process group of its own, with messages in the C locale.
fn command<S: AsRef<OsStr>>(program: &Path, arguments: &[S]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C.UTF-8");
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// `gcc (Debian 12.2.0-14) 12.2.0` -> `12.2.0`; a line without a dotted number is kept whole.
fn version_in(line: &str) -> String {
    let number = |w: &&str| {
        w.split('.').count() >= 2
            && w.split('.').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric()))
            && w.as_bytes()[0].is_ascii_digit()
    };
    let words = line.split(|c: char| c.is_whitespace() || "()-,+".contains(c));
    words.filter(|w| !w.is_empty()).rfind(number).unwrap_or(line).to_string()
}

/// One line of `proofmark doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolStatus {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub purpose: &'static str,
    /// Where and which, when there.
    pub found: Option<(PathBuf, String)>,
    /// What cannot be done or shown without it.
    pub needed_for: &'static str,
    /// How to get it.
    pub install_hint: &'static str,
}

/// Name, purpose, needed for, how to install.
const KNOWN: [[&str; 4]; 9] = [
    ["gcc", "C compiler", "every claim about generated C", "apt install gcc"],
    ["clang", "second C compiler", "the second opinion of `built` on generated C", "apt install clang"],
    ["rustc", "Rust compiler", "every claim about generated Rust", "https://rustup.rs"],
    ["clippy-driver", "Rust linter", "`built` of generated Rust", "rustup component add clippy"],
    ["cppcheck", "C analyser", "the MISRA findings in the report", "apt install cppcheck"],
    ["frama-c", "C value analysis", "absence of run-time errors in generated C, proved", "apt install frama-c-base"],
    [
        "aarch64-linux-gnu-gcc",
        "C cross compiler",
        "the comparison of bits between x86-64 and aarch64",
        "apt install gcc-aarch64-linux-gnu",
    ],
    ["qemu-aarch64", "aarch64 emulator", "the comparison of bits between x86-64 and aarch64", "apt install qemu-user"],
    ["bwrap", "sandbox", "running your bench (or say `--sandbox none`)", "apt install bubblewrap"],
];

/// Every tool Proofmark can use, with what is there. `path` is usually `$PATH`.
pub fn doctor(search: &crate::python::Search) -> Vec<ToolStatus> {
    let path = search.path.clone().unwrap_or_default();
    let python = crate::python::find(search).ok().map(|(p, _)| {
        let numpy = p.numpy.as_deref().unwrap_or("?").to_string();
        let scipy = p.scipy.as_deref().map_or(", no SciPy".to_string(), |v| format!(", SciPy {v}"));
        (p.executable, format!("{} with NumPy {numpy}{scipy}", p.version))
    });
    let mut all = vec![ToolStatus {
        name: "python",
        purpose: "reference interpreter",
        found: python,
        needed_for: "recording your bench; without it nothing is `tested`",
        install_hint: "python3 -m venv .venv && .venv/bin/pip install 'numpy>=2' scipy",
    }];
    all.extend(KNOWN.iter().map(|[name, purpose, needed_for, install_hint]| ToolStatus {
        name,
        purpose,
        found: Tool::find_in(name, &path).map(|t| (t.path, t.version)),
        needed_for,
        install_hint,
    }));
    all
}

/// Those of these tools that are there, without asking for any other: each question is a process.
pub fn present(names: &[&str], search: &crate::python::Search) -> Vec<String> {
    let path = search.path.clone().unwrap_or_default();
    let there = |name: &str| match name {
        "python" => crate::python::find(search).is_ok(),
        _ => Tool::find_in(name, &path).is_some(),
    };
    names.iter().filter(|name| there(name)).map(|name| name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_banners() {
        assert_eq!(version_in("gcc (Debian 12.2.0-14) 12.2.0"), "12.2.0");
        assert_eq!(version_in("rustc 1.95.0 (59807616e 2026-04-14)"), "1.95.0");
        assert_eq!(version_in("Debian clang version 14.0.6"), "14.0.6");
        assert_eq!(version_in("something"), "something");
    }

    #[test]
    fn a_run_stops_at_its_limits() {
        let sh = |script: &str| command(Path::new("/bin/sh"), &["-c", script]);
        let slow = run_command(sh("sleep 60 & sleep 60"), &[], Duration::from_millis(200), 1 << 20).unwrap();
        assert!(slow.timed_out && !slow.success());
        let loud = run_command(sh("yes"), &[], Duration::from_secs(20), 1 << 16).unwrap();
        assert!(loud.overflowed && !loud.timed_out && loud.stdout.len() <= 1 << 16);
        let fine = run_command(sh("cat; echo done >&2; exit 3"), b"text", Duration::from_secs(20), 1 << 16).unwrap();
        assert_eq!((fine.stdout.as_slice(), fine.stderr.as_slice()), (&b"text"[..], &b"done\n"[..]));
        assert_eq!(fine.status.code(), Some(3));
        let cancelled = Cancel::new();
        cancelled.set();
        let ended = cancelled.over(|| run_command(sh("sleep 60"), &[], Duration::from_secs(60), 1)).unwrap();
        assert!(ended.timed_out && !ended.success());
        assert!(matches!(
            run_command(Command::new("/no/such/tool"), &[], Duration::from_secs(1), 1),
            Err(ToolError::Start { .. })
        ));
    }

    #[test]
    fn generated_code_does_not_outlive_what_runs_it() {
        if Tool::find("setpriv").is_none() {
            return;
        }
        // the kernel counts the end of the thread that started it
        let started = std::thread::spawn(|| {
            let child = tied(Path::new("/bin/sleep")).arg("60").spawn();
            std::thread::sleep(Duration::from_millis(500));
            child
        });
        let mut child = started.join().unwrap().unwrap();
        let ended = child.wait_timeout(Duration::from_secs(10)).unwrap();
        assert!(ended.is_some_and(|s| !s.success()));
    }
}
