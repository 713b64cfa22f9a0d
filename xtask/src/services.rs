//! `cargo xtask services -- COMMAND...`: runs a command beside a PostgreSQL, a NATS and an S3 server of its own.

use anyhow::{Context, Result, bail};
use proofmark_testkit::services::All;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::IsTerminal;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitCode};

/// Runs the command and gives its exit status; 128 + N when signal N ended it. A signal to this process goes on to the
/// command; the servers stop when the command has ended, or with this process should it be killed.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let Some((program, rest)) = args.split_first() else { bail!("no command after `services --`") };
    // From here on these signals do not end the process but wait for the thread below.
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]).context("cannot catch signals")?;
    let servers = All::start()?;

    let mut command = Command::new(program);
    command.args(rest).envs(servers.environment());
    // At a terminal the command must stay in the foreground's group, where Ctrl-C reaches it by itself. Elsewhere it gets
    // a group of its own, so that a signal can go to all its children.
    let terminal = std::io::stdin().is_terminal();
    if !terminal {
        command.process_group(0);
    }
    let mut child = command.spawn().with_context(|| format!("cannot start {program}"))?;
    let pid = Pid::from_child(&child);
    let handle = signals.handle();
    let forwarder = std::thread::spawn(move || {
        for number in signals.forever() {
            let signal = match number {
                SIGHUP => Signal::HUP,
                SIGINT => Signal::INT,
                SIGQUIT => Signal::QUIT,
                _ => Signal::TERM,
            };
            // It may have ended in this moment; the wait below sees that.
            let _ = match (terminal, number) {
                (true, SIGINT | SIGQUIT) => Ok(()),
                (true, _) => kill_process(pid, signal),
                (false, _) => kill_process_group(pid, signal),
            };
        }
    });
    let status = child.wait().with_context(|| format!("cannot wait for {program}"))?;
    handle.close();
    let _ = forwarder.join();
    drop(servers);
    let code = status.code().or_else(|| status.signal().map(|s| 128 + s)).unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
