//! `cargo xtask services -- COMMAND...`: what the command sees, what its end gives, and that no server stays.
#![allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PRINT: &str = r#"echo "$PROOFMARK_TEST_POSTGRES $PROOFMARK_TEST_NATS $PROOFMARK_TEST_S3"; "#;

/// Starts `sh -c` with a script that begins with [`PRINT`]; the servers' addresses once they are printed.
fn services(script: &str) -> (Child, BufReader<std::process::ChildStdout>, Vec<String>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["services", "--", "sh", "-c", &format!("{PRINT}{script}")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let schemes = ["postgres://", "nats://", "http://"];
    let urls: Vec<&str> = line.split_whitespace().collect();
    assert!(urls.len() == 3 && urls.iter().zip(schemes).all(|(u, s)| u.starts_with(s)), "{line}");
    let address = |url: &&str| url.rsplit(['@', '/']).find(|part| part.starts_with("127.0.0.1:")).unwrap().to_string();
    let addresses = urls.iter().map(address).collect();
    (child, output, addresses)
}

/// By the shell's own `kill`: a minimal Debian has no program of that name.
fn send(signal: &str, to: &Child) {
    assert!(Command::new("sh").args(["-c", &format!("kill -s {signal} {}", to.id())]).status().unwrap().success());
}

fn all_closed(addresses: &[String]) {
    let began = Instant::now();
    while let Some(open) = addresses.iter().find(|a| TcpStream::connect(a).is_ok()) {
        assert!(began.elapsed() < Duration::from_secs(30), "{open} still answers");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_command_has_servers_and_its_status_is_given() {
    let (mut child, _output, addresses) = services("read -r _ </dev/null; sleep 1; exit 7");
    addresses.iter().for_each(|a| drop(TcpStream::connect(a).unwrap()));
    assert_eq!(child.wait().unwrap().code(), Some(7));
    // Not eventually: they have stopped before the command's status is given.
    assert!(addresses.iter().all(|a| TcpStream::connect(a).is_err()));
}

#[test]
fn a_signal_goes_to_the_command_and_then_all_stops() {
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        // The shell waits for a child of its own; both get the signal.
        let (mut child, _output, addresses) = services("sleep 100; exit 1");
        let began = Instant::now();
        send(signal, &child);
        assert_eq!(child.wait().unwrap().code(), Some(status));
        assert!(began.elapsed() < Duration::from_secs(60));
        assert!(addresses.iter().all(|a| TcpStream::connect(a).is_err()));
    }
}

#[test]
fn a_command_may_end_in_its_own_way_after_a_signal() {
    let (mut child, mut output, addresses) =
        services("trap 'sleep 1; exit 3' TERM; echo set; while :; do sleep 0.1; done");
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "set\n");
    send("TERM", &child);
    std::thread::sleep(Duration::from_millis(300));
    // The command is still at its last work, with its servers.
    addresses.iter().for_each(|a| drop(TcpStream::connect(a).unwrap()));
    assert_eq!(child.wait().unwrap().code(), Some(3));
    all_closed(&addresses);
}

#[test]
fn servers_stop_when_the_chore_itself_is_killed() {
    let (mut child, _output, addresses) = services("sleep 5");
    child.kill().unwrap();
    child.wait().unwrap();
    all_closed(&addresses);
}

#[test]
fn a_missing_command_is_refused() {
    let output = |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_xtask")).args(args).output().unwrap();
    let nothing = output(&["services", "--"]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("no command"));
    let unknown = output(&["services", "--", "no-such-program-anywhere"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no-such-program-anywhere"));
}
