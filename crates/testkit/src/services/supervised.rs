//! A server as a child of a supervising shell, which stops it when its owner stops, is killed, or says so.
//! The shell waits on a pipe that only the owner holds; the kernel closes it however the owner ends.

use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const SCRIPT: &str = include_str!("supervised.sh");

/// How long a server may take until it answers: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lines of the server's log that an error shows.
const SHOWN: usize = 20;

/// A server process, its folder and its supervisor.
pub(super) struct Supervised {
    server: &'static str,
    folder: PathBuf,
    shell: Child,
    /// `None` only while it is being dropped.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pid: u32,
}

/// A new folder for the data of `server`; it goes away with its [`Supervised`].
pub(super) fn folder(server: &str) -> Result<PathBuf> {
    let made = tempfile::Builder::new().prefix(&format!("proofmark-{server}-")).tempdir();
    // Not the owner removes it but the supervisor, which outlives a killed owner.
    Ok(made.with_context(|| format!("no folder for {server}"))?.keep())
}

impl Supervised {
    /// Starts `command` in `folder`, with nothing of the environment but `PATH`; its output goes to `folder/log`.
    /// `signal` asks it for an orderly end.
    pub(super) fn start(server: &'static str, folder: &Path, signal: &str, command: &[OsString]) -> Result<Supervised> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "supervised"])
            .arg(folder)
            .arg(signal)
            .args(command)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()))
            .env("HOME", folder)
            .current_dir(folder)
            // A signal to the group of the owner (a terminal's Ctrl-C, a test runner's time limit) must not end the supervisor.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start a shell for {server}"))?;
        let (Some(orders), Some(answers)) = (shell.stdin.take(), shell.stdout.take()) else {
            bail!("a shell without its pipes");
        };
        let (orders, answers) = (Some(orders), BufReader::new(answers));
        let mut started = Supervised { server, folder: folder.to_path_buf(), shell, orders, answers, pid: 0 };
        started.read_pid()?;
        Ok(started)
    }

    /// Where its data and its log are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The server's process.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Asks for an orderly end and waits for it; after ten seconds the server is killed.
    pub(super) fn stop(&mut self) -> Result<()> {
        self.order("stop").map(drop)
    }

    /// Kills the server (SIGKILL) and waits until it is gone.
    pub(super) fn kill(&mut self) -> Result<()> {
        self.order("kill").map(drop)
    }

    /// Starts the command again, after [`Supervised::stop`] or [`Supervised::kill`].
    pub(super) fn start_again(&mut self) -> Result<()> {
        ensure!(!self.running(), "{} is running", self.server);
        self.send("start")?;
        self.read_pid()
    }

    /// The first `Some` of `ready`, asked again and again; an error with the end of the log when the server ends before
    /// or takes too long.
    pub(super) fn ready<T>(&self, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let began = Instant::now();
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            ensure!(self.running(), "{} ended while it started:\n{}", self.server, self.log());
            let waited = began.elapsed();
            ensure!(waited < PATIENCE, "{} does not answer after {waited:.0?}:\n{}", self.server, self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The last lines that the server wrote.
    pub(super) fn log(&self) -> String {
        let text = std::fs::read(self.folder.join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default().join("\n")
    }

    /// Whether the process is there and no zombie that waits for its parent.
    fn running(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        // The name before the state stands in parentheses and may hold any character.
        let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
        state.is_some_and(|s| s != "Z" && s != "X")
    }

    fn read_pid(&mut self) -> Result<()> {
        let line = self.answer()?;
        self.pid = line.parse().with_context(|| format!("supervisor of {}: `{line}`", self.server))?;
        Ok(())
    }

    fn order(&mut self, order: &str) -> Result<String> {
        self.send(order)?;
        self.answer()
    }

    fn send(&mut self, order: &str) -> Result<()> {
        let to = self.orders.as_mut().context("a supervisor that was dropped")?;
        writeln!(to, "{order}").with_context(|| format!("supervisor of {}", self.server))
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).with_context(|| format!("supervisor of {}", self.server))?;
        ensure!(line.ends_with('\n'), "the supervisor of {} is gone", self.server);
        Ok(line.trim_end().to_string())
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.orders.take());
        // An error means that the supervisor is gone already, and the server with it.
        let _ = self.shell.wait();
    }
}
