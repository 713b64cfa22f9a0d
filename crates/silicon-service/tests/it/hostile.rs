//! Programs that try to get out of the sandbox or to use up the machine, sent as runs.

use crate::fixture::Fixture;
use proofmark_kernel::run::{Run, RunStatus};
use proofmark_platform_service::runs;
use serde_json::json;
use std::net::TcpListener;

const SOURCE: &str = "def gain(x):\n    return 2.0 * x\n";

/// Around Python's own functions, which a guard watches: by the C library. Collects what went through.
const RAW: &str = r#"
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
through = []
for path in FILES:
    if libc.open(path.encode(), os.O_RDONLY) >= 0:
        through.append(path)
# it may be made in the sandbox's own file system in memory, which is looked at from outside
libc.open((FOLDER + "/planted").encode(), os.O_CREAT | os.O_WRONLY, 0o600)
if libc.symlink(b"/etc/passwd", b"passwd") == 0 and libc.open(b"passwd", os.O_RDONLY) >= 0:
    through.append("a link")
address = struct.pack("=HH4s8x", 2, ((PORT & 255) << 8) | (PORT >> 8), bytes([127, 0, 0, 1]))
if libc.connect(libc.socket(2, 1, 0), address, len(address)) == 0:
    through.append("a connection")
if libc.kill(SERVER, 0) == 0:
    through.append("a signal")
first = libc.open(b"/proc/1/environ", os.O_RDONLY)
started = os.read(first, 1 << 20) if first >= 0 else b""
if b"PROOFMARK_PYTHON" in started or "PROOFMARK_PYTHON" in os.environ:
    through.append("the environment")
if len([p for p in os.listdir("/proc") if p.isdigit()]) > 10:
    through.append("processes")
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0 and libc.unshare(0x10000000) == 0:
    through.append("a mount")
raise RuntimeError("through: " + repr(through))
"#;

async fn send(f: &Fixture, bench: &str) -> Run {
    let bench = format!("from amp import gain\ngain(1.0)\n{bench}\n");
    let sources = json!([
        {"artifact": f.artifact("amp.py", SOURCE.as_bytes()).await, "path": "amp.py"},
        {"artifact": f.artifact("bench.py", bench.as_bytes()).await, "path": "bench.py"},
    ]);
    f.start(json!({"sources": sources, "file": "amp.py", "bench": "bench.py", "targets": ["c"]})).await
}

/// The code of the refusal, and the diagnostics that whoever sent it sees.
async fn refusal(f: &Fixture, run: &Run) -> (String, String) {
    let ended = f.wait(run, |r| r.status == RunStatus::Failed).await;
    let made = runs::artifacts(&f.platform, &f.author, run.id).await.unwrap();
    let text = made.iter().find(|a| a.name == "diagnostics.txt").unwrap_or_else(|| panic!("{ended:?}"));
    let text = f.platform.blobs.bytes(text.digest, 1 << 20).await.unwrap();
    (ended.error.unwrap().code, String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_program_gets_out_and_the_server_goes_on() {
    let f = Fixture::new().await;
    let folder = f.folder.path().canonicalize().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let database = folder.join("proofmark.db");
    assert!(database.is_file() && std::env::var_os("PROOFMARK_PYTHON").is_some());
    let server = std::process::id();
    let files = format!("[{database:?}, '/etc/passwd', '/proc/{server}/environ', '/root/.profile']");
    let raw = format!("FILES = {files}\nFOLDER = {folder:?}\nPORT = {port}\nSERVER = {server}\n{RAW}");

    let cases = [
        // what Python's own functions do is told by name
        (format!("import socket\nsocket.create_connection(('127.0.0.1', {port}))"), "PM0205", "open a socket"),
        (format!("open({database:?}, 'rb').read()"), "PM0205", "read a file outside the project"),
        ("import subprocess\nsubprocess.run(['id'])".into(), "PM0205", "start a process"),
        (raw, "PM0204", "through: []"),
        (
            "import ctypes\nlibc = ctypes.CDLL(None)\nwhile True:\n    if libc.fork() == 0:\n        libc.pause()"
                .into(),
            "PM0208",
            "processes",
        ),
        ("held = []\nwhile True:\n    held.append(bytearray(1 << 26))".into(), "PM0207", "memory"),
        ("while True:\n    print('x' * 1000)".into(), "PM0208", "printed"),
        ("import os\nos.kill(os.getpid(), 9)".into(), "PM0209", ""),
    ];
    let mut sent = Vec::new();
    for (bench, ..) in &cases {
        sent.push(send(&f, bench).await);
    }
    for ((bench, code, said), run) in cases.iter().zip(&sent) {
        let (found, text) = refusal(&f, run).await;
        assert_eq!(found, *code, "{bench}\n{text}");
        assert!(text.contains(said), "{bench}\n{text}");
    }
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "somebody connected");
    assert!(!folder.join("planted").exists());
    assert_eq!(std::fs::read_dir(folder.join("scratch")).unwrap().count(), 0, "a step left its folder");

    let good = send(&f, "gain(3.0)").await;
    f.wait(&good, |r| r.status == RunStatus::Succeeded).await;
}
