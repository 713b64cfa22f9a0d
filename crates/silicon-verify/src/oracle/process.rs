//! The interpreter process and the framed pipes to it.

use super::OracleError;
use crate::cancel::Cancel;
use crate::python::Python;
use crate::sandbox::{Sandbox, SandboxSpec};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use wait_timeout::ChildExt;

const PROGRAM: &str = concat!(
    include_str!("values.py"),
    include_str!("state.py"),
    include_str!("recorder.py"),
    include_str!("server.py")
);

/// Reads the program from descriptor 0 (unbuffered: requests follow on it) and runs it under a name of its own.
const BOOTSTRAP: &str = "import os,sys\n\
    sys.path[:]=sys.argv[1:]\n\
    def r(n):\n b=b''\n while len(b)<n:\n  c=os.read(0,n-len(b))\n  if not c: sys.exit(0)\n  b+=c\n return b\n\
    n=int.from_bytes(r(4),'little')\n\
    exec(compile(r(n),'<proofmark oracle>','exec'))";

pub(super) struct Server {
    child: Child,
    requests: Option<ChildStdin>,
    replies: Receiver<io::Result<Vec<u8>>>,
    errors: Receiver<String>,
    _scratch: Option<tempfile::TempDir>,
}

impl Server {
    pub(super) fn start(
        python: &Python,
        root: &Path,
        read_only: Vec<PathBuf>,
        sandbox: Sandbox,
        scratch_bytes: u64,
    ) -> Result<Server, OracleError> {
        let failed = |e: io::Error| OracleError::Protocol(format!("the interpreter does not start: {e}"));
        let scratch = match sandbox {
            Sandbox::Bubblewrap => None,
            Sandbox::None => Some(tempfile::tempdir().map_err(failed)?),
        };
        let scratch_path = scratch.as_ref().map_or(Path::new("/tmp"), |s| s.path());
        let mut arguments: Vec<std::ffi::OsString> = vec!["-s".into(), "-B".into(), "-c".into(), BOOTSTRAP.into()];
        arguments.extend(python.path.iter().map(Into::into));
        let mut command = sandbox.command(&SandboxSpec {
            program: python.executable.clone(),
            arguments,
            read_only,
            directory: root.to_path_buf(),
            scratch: scratch_path.to_path_buf(),
            scratch_bytes,
        });
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (reply, replies) = channel();
        let (error, errors) = channel();
        let (started, wait_started) = channel();
        std::thread::spawn(move || serve(command, &started, &reply, error));
        let (child, stdin) =
            wait_started.recv().map_err(|_| failed(io::ErrorKind::BrokenPipe.into()))?.map_err(failed)?;
        let mut server = Server { child, requests: Some(stdin), replies, errors, _scratch: scratch };
        server.send(PROGRAM.as_bytes())?;
        Ok(server)
    }

    pub(super) fn send(&mut self, frame: &[u8]) -> Result<(), OracleError> {
        let too_long = || OracleError::Refused { message: "a request of more than 4 GiB".into() };
        let length = u32::try_from(frame.len()).map_err(|_| too_long())?;
        let sent = match &mut self.requests {
            Some(pipe) => pipe.write_all(&length.to_le_bytes()).and_then(|()| pipe.write_all(frame)),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        sent.map_err(|_| self.gone())
    }

    pub(super) fn receive(&mut self, limit: Duration) -> Result<Vec<u8>, OracleError> {
        const LOOK: Duration = Duration::from_millis(100);
        let cancel = Cancel::current();
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.replies.recv_timeout(left.min(LOOK)) {
                Ok(Ok(frame)) => return Ok(frame),
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Err(self.gone()),
                Err(RecvTimeoutError::Timeout) if left > LOOK && !cancel.is_set() => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.stop(Duration::ZERO);
                    return Err(OracleError::Timeout { what: "wall".into(), limit, partial: None });
                }
            }
        }
    }

    fn gone(&mut self) -> OracleError {
        self.requests = None;
        let how = match self.child.wait_timeout(Duration::from_secs(2)) {
            Ok(Some(status)) => status.to_string(),
            _ => "its pipes are closed".into(),
        };
        self.stop(Duration::ZERO);
        let stderr = self.errors.recv_timeout(Duration::from_millis(500)).unwrap_or_default();
        OracleError::Crashed { how, stderr, partial: None }
    }

    /// Asks it to end by closing its input, and after `grace` kills its process group. In bubblewrap the end of the
    /// outer process ends every process inside.
    fn stop(&mut self, grace: Duration) {
        self.requests = None;
        if !matches!(self.child.wait_timeout(grace), Ok(Some(_))) {
            crate::tool::kill_group(&self.child);
            // Nothing can be done about a process that cannot be killed or waited for.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(3));
    }
}

/// Body of the thread that starts the process and reads its answers until it ends. The process is started here
/// because "die with parent" means the thread that started it, and callers may come and go.
fn serve(
    mut command: Command,
    started: &Sender<io::Result<(Child, ChildStdin)>>,
    reply: &Sender<io::Result<Vec<u8>>>,
    error: Sender<String>,
) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(e) => return drop(started.send(Err(e))),
    };
    let (Some(stdin), Some(mut stdout), Some(mut stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return drop(started.send(Err(io::ErrorKind::BrokenPipe.into())));
    };
    if started.send(Ok((child, stdin))).is_err() {
        return;
    }
    std::thread::spawn(move || drop(error.send(tail(&mut stderr, 4096))));
    loop {
        let frame = read_frame(&mut stdout);
        let ended = frame.is_err();
        if reply.send(frame).is_err() || ended {
            break;
        }
    }
    // Stay for as long as the process does: see above.
    let mut rest = [0; 256];
    while matches!(stdout.read(&mut rest), Ok(n) if n > 0) {}
}

fn read_frame(pipe: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    pipe.read_exact(&mut length)?;
    let mut frame = Vec::new();
    let length = u64::from(u32::from_le_bytes(length));
    if pipe.take(length).read_to_end(&mut frame)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(frame)
}

/// The last `keep` bytes of a stream.
fn tail(pipe: &mut impl Read, keep: usize) -> String {
    let (mut kept, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(n) = pipe.read(&mut chunk) {
        if n == 0 {
            break;
        }
        kept.extend_from_slice(&chunk[..n]);
        if kept.len() > 2 * keep {
            kept.drain(..kept.len() - keep);
        }
    }
    let from = kept.len().saturating_sub(keep);
    String::from_utf8_lossy(&kept[from..]).into_owned()
}
