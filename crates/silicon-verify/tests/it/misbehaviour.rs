//! Benches that do what they should not, and interpreters that will not do.

use crate::support::*;
use proofmark_silicon::oracle::PyValue;
use proofmark_silicon_verify::oracle::{CPythonOracle, OracleError};
use proofmark_silicon_verify::python;
use proofmark_silicon_verify::sandbox::Sandbox;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const SOURCE: &str = "def f(x):\n    return x + 1\n";

/// Runs the bench after one good call of the entry, with a marker to look for among the processes left over.
fn run(bench: &str, adjust: impl FnOnce(&mut proofmark_silicon_verify::oracle::OracleOptions)) -> OracleError {
    let bench = format!("import src\nsrc.f(1)\n{bench}\nsrc.f(2)\n");
    let project = Project::new(&[("src.py", SOURCE), ("bench.py", &bench)]);
    let mut options = project.options("f");
    options.limits.wall = Duration::from_secs(20);
    adjust(&mut options);
    let before = Instant::now();
    let mut oracle = CPythonOracle::start(options).unwrap();
    let error = oracle.record().expect_err("a bench that misbehaves is no recording");
    drop(oracle);
    assert!(before.elapsed() < Duration::from_secs(30), "it took too long to stop it");
    assert_nothing_left(project.folder.path());
    if let Some(partial) = error.partial() {
        assert_eq!(partial.calls[0].result, Ok(int(2)), "what was recorded before is there");
    }
    error
}

/// Processes with the project's folder in their command line or as their working directory.
fn holding(folder: &std::path::Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap();
    let name = folder.to_string_lossy().into_owned();
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten().filter(|e| e.file_name() != own.as_str());
    processes
        .filter(|e| {
            let line = std::fs::read(e.path().join("cmdline")).unwrap_or_default();
            let directory = std::fs::read_link(e.path().join("cwd")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&name) || directory.starts_with(&folder)
        })
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect()
}

fn assert_nothing_left(folder: &std::path::Path) {
    // The kernel takes a moment to bury what was killed.
    let deadline = Instant::now() + Duration::from_secs(5);
    while !holding(folder).is_empty() {
        assert!(Instant::now() < deadline, "left running: {:?}", holding(folder));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_bench_that_raises() {
    match run("raise KeyError('oh')", |_| {}) {
        OracleError::Raised { exception, partial } => {
            assert_eq!(exception.type_name, "KeyError");
            assert_eq!(exception.trace, [("bench.py".to_string(), 3)]);
            assert_eq!(partial.calls.len(), 1);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(run("import sys; sys.exit('bad')", |_| {}), OracleError::Raised { exception, .. }
        if exception.type_name == "SystemExit" && exception.message == "bad"));
}

#[test]
fn a_bench_that_does_not_parse() {
    match record(SOURCE, "import src\nsrc.f(1\n", "f") {
        Err(OracleError::Raised { exception, .. }) => {
            assert_eq!(exception.type_name, "SyntaxError");
            assert_eq!(exception.trace, [("bench.py".to_string(), 2)]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bench_that_hangs() {
    let hang = run("import time\ntime.sleep(1000)", |o| o.limits.wall = Duration::from_secs(2));
    assert!(matches!(hang, OracleError::Timeout { what, partial: Some(_), .. } if what == "wall"));
    let spin = run("while True: pass", |o| o.limits.cpu = Duration::from_secs(1));
    assert!(matches!(spin, OracleError::Timeout { what, .. } if what == "cpu"));
    // Deaf to everything that can be ignored.
    let deaf = "import signal\nfor s in (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU):\n    signal.signal(s, signal.SIG_IGN)\n\
                while True:\n    try:\n        while True: pass\n    except BaseException: pass";
    let still_deaf = run(deaf, |o| o.limits.wall = Duration::from_secs(1));
    assert!(matches!(still_deaf, OracleError::Timeout { what, .. } if what == "wall"));
    let deaf = run(deaf, |o| o.limits.cpu = Duration::from_secs(1));
    assert!(matches!(deaf, OracleError::Timeout { what, .. } if what == "cpu"));
}

#[test]
fn a_bench_that_prints_megabytes() {
    let error = run("while True: print('x' * 1000)", |_| {});
    assert!(matches!(error, OracleError::TooMuchOutput { limit, .. } if limit == 1 << 20));
    let error = run("import os\nwhile True: os.write(2, b'y' * 1000)", |_| {});
    assert!(matches!(error, OracleError::TooMuchOutput { .. }));
}

#[test]
fn a_bench_that_allocates_without_end() {
    let limit = |o: &mut proofmark_silicon_verify::oracle::OracleOptions| o.limits.memory = 1 << 30;
    let list = run("l = []\nwhile True: l.append(bytearray(1 << 20))", limit);
    assert!(
        matches!(&list, OracleError::Memory { exception, .. } if exception.trace.last().unwrap().1 == 4),
        "{list:?}"
    );
    let array = run("import numpy as np\nnp.zeros(1 << 40)", limit);
    assert!(matches!(array, OracleError::Memory { .. }), "{array:?}");
}

#[test]
fn a_bench_that_records_too_much() {
    let error = run("import numpy as np\nsrc.f(np.zeros(1 << 20))", |o| o.limits.recorded = 1 << 20);
    assert!(matches!(error, OracleError::TooMuchRecorded { .. }), "{error:?}");
}

fn denied(bench: &str, action: &str) -> String {
    match run(bench, |_| {}) {
        OracleError::SandboxDenied { action: found, target, exception, .. } => {
            assert_eq!(found, action);
            assert_eq!(exception.trace[0].0, "bench.py");
            target
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bench_that_reads_files_elsewhere() {
    let read = "read a file outside the project";
    assert_eq!(denied("open('/etc/passwd')", read), "/etc/passwd");
    denied("import numpy as np\nnp.fromfile('/etc/secret.bin')", read);
    denied("import numpy as np\nnp.load('../../../etc/shadow')", read);
    denied("import os\nos.listdir('/root')", "list a folder outside the project");
    denied("open('/tmp/of-somebody-else.txt')", read);
    denied("open('out.txt', 'w')", "write a file");
    denied("import numpy as np\nnp.save('out.npy', np.zeros(3))", "write a file");
}

#[test]
fn what_a_bench_may_do() {
    let project = Project::new(&[
        ("src.py", SOURCE),
        ("data/input.csv", "1,2,3\n"),
        (
            "bench.py",
            "import src, os, tempfile, numpy as np\nx = np.loadtxt('data/input.csv', delimiter=',')\nsrc.f(x)\n\
            with tempfile.TemporaryFile() as f:\n    f.write(b'x')\n\
            try:\n    open('/etc/hostname')\nexcept OSError:\n    src.f(1)\nassert os.getcwd() == os.path.dirname(__file__)\n\
            os.write(1, b'raw'); os.write(2, b'raw'); os.environ.clear()\n\
            assert __name__ == '__main__'\n",
        ),
    ]);
    let recording = project.start("f").record().unwrap();
    assert_eq!(recording.calls.len(), 2);
    assert_eq!(recording.stdout, "raw");
}

#[test]
fn data_elsewhere_can_be_allowed() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("iq.bin"), [1, 2, 3]).unwrap();
    let path = data.path().canonicalize().unwrap();
    let bench = format!(
        "import numpy as np, src\nsrc.f(np.fromfile('{0}/iq.bin', np.uint8))\nopen('{0}/new', 'w')\n",
        path.display()
    );
    let project = Project::new(&[("src.py", SOURCE), ("bench.py", &bench)]);
    let record = |allow_read| {
        let mut options = project.options("f");
        options.allow_read = allow_read;
        CPythonOracle::start(options).and_then(|mut o| o.record()).unwrap_err()
    };
    match record(vec![path.clone()]) {
        OracleError::SandboxDenied { action, partial, .. } => {
            assert_eq!((action.as_str(), partial.calls.len()), ("write a file", 1));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(record(vec![]), OracleError::SandboxDenied { action, .. } if action.starts_with("read")));
    assert!(matches!(record(vec!["/no/such/folder".into()]), OracleError::Path { .. }));
}

/// Not a test of its own: the program that is killed in the next one.
#[test]
#[ignore = "run by a_run_that_is_killed"]
fn helper_that_hangs() {
    let Some(folder) = std::env::var_os("HANGING_PROJECT") else { return };
    let project = Project::new(&[]);
    let mut options = project.options("f");
    options.project_root = folder.into();
    options.bench_file = Some("bench.py".into());
    if std::env::var_os("HANGING_BARE").is_some() {
        options.sandbox = Sandbox::None;
    }
    let _ = CPythonOracle::start(options).and_then(|mut o| o.record());
}

#[test]
fn a_run_that_is_killed() {
    let bench = "import src, time, os, ctypes\nsrc.f(1)\nctypes.CDLL(None).fork()\ntime.sleep(1000)\n";
    for bare in [false, true] {
        let project = Project::new(&[("src.py", SOURCE), ("bench.py", bench)]);
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "misbehaviour::helper_that_hangs"]);
        command.env("HANGING_PROJECT", project.folder.path()).stdout(std::process::Stdio::null());
        if bare {
            command.env("HANGING_BARE", "1");
        }
        let mut child = command.spawn().unwrap();
        // Both processes of the bench stand in the project's folder.
        let deadline = Instant::now() + Duration::from_secs(30);
        while holding(project.folder.path()).len() < 2 {
            assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "the bench never started");
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_nothing_left(project.folder.path());
    }
}

#[test]
fn a_bench_that_opens_sockets_or_starts_processes() {
    denied("import socket\nsocket.create_connection(('127.0.0.1', 1))", "open a socket");
    denied("import urllib.request\nurllib.request.urlopen('http://localhost/')", "open a socket");
    denied("import os\nwhile True: os.fork()", "start a process");
    denied("import subprocess\nsubprocess.run(['sleep', '1000'])", "start a process");
    denied("import multiprocessing as m\nm.Process(target=print).start()", "start a process");
}

#[test]
fn a_fork_bomb_that_goes_around_the_guard() {
    // one that doubles can outrun whoever counts: for root no limit of the kernel holds it
    let bomb = "import ctypes\nlibc = ctypes.CDLL(None)\nwhile True:\n    if libc.fork() == 0:\n        libc.pause()";
    for sandbox in [Sandbox::Bubblewrap, Sandbox::None] {
        let error = run(bomb, |o| {
            o.sandbox = sandbox;
            o.limits.processes = 8;
            o.limits.wall = Duration::from_secs(5);
        });
        assert!(matches!(error, OracleError::TooManyProcesses { .. } | OracleError::Timeout { .. }), "{error:?}");
    }
}

#[test]
fn the_sandbox_holds_without_the_guard() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    let bench = format!(
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n\
         for p in (b'/etc/passwd', b'/root/.profile', b'{}'):\n    src.f(libc.open(p, 0))\n\
         src.f(libc.open(b'src.py', 1))\nlibc.kill(-1, 0)\n\
         src.f(len([p for p in os.listdir('/proc') if p.isdigit()]))\nraise StopIteration",
        secret.path().display()
    );
    let bench = bench.as_str();
    let OracleError::Raised { partial, .. } = run(bench, |_| {}) else { panic!() };
    let results: Vec<_> = partial.calls[1..5].iter().map(|c| c.args[0].1.clone()).collect();
    assert_eq!(results, vec![int(-1); 4]);
    let PyValue::Int { v } = &partial.calls[5].args[0].1 else { panic!() };
    assert!(v.parse::<u32>().unwrap() < 10, "only the sandbox's own processes are seen");
}

#[test]
fn a_bench_that_leaves_processes_behind_without_sandbox() {
    let bench = "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)\nraise ValueError";
    let error = run(bench, |o| o.sandbox = Sandbox::None);
    assert!(matches!(error, OracleError::Raised { .. }));
}

#[test]
fn a_bench_that_dies() {
    let error = run("import os\nos.abort()", |_| {});
    assert!(matches!(error, OracleError::Crashed { how, .. } if how == "SIGABRT"));
    let error = run("import os\nos._exit(3)", |_| {});
    assert!(matches!(error, OracleError::Crashed { how, .. } if how == "exit status 3"));
    // It may cut itself off; it cannot write into our pipes by printing.
    let error = run("import os\nos.closerange(3, 200)", |_| {});
    assert!(matches!(error, OracleError::Crashed { .. }), "{error:?}");
}

#[test]
fn entries_that_are_not_there() {
    match record(
        "def demodulate(x):\n    pass\n\nclass Loop:\n    def step(self):\n        pass\n",
        "import src\n",
        "demod",
    ) {
        Err(OracleError::EntryNotFound { name, candidates }) => {
            assert_eq!(name, "demod");
            assert_eq!(candidates, ["demodulate", "Loop", "Loop.step"]);
        }
        other => panic!("{other:?}"),
    }
    let source = "class Loop:\n    def step(self):\n        pass\n";
    assert!(matches!(record(source, "import src\n", "Loop.stop"), Err(OracleError::EntryNotFound { .. })));
    match record(SOURCE, "import src\n", "f") {
        Err(OracleError::EntryNeverCalled { source_imported: true, partial }) => assert!(partial.calls.is_empty()),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        record(SOURCE, "print(1)\n", "f"),
        Err(OracleError::EntryNeverCalled { source_imported: false, .. })
    ));
}

#[test]
fn interpreters_that_will_not_do() {
    let project = Project::new(&[("src.py", SOURCE)]);
    let start = |python: PathBuf| {
        let options = proofmark_silicon_verify::oracle::OracleOptions { python, ..project.options("f") };
        CPythonOracle::start(options).map(|_| ())
    };
    assert!(matches!(start("/no/such/python".into()), Err(OracleError::PythonMissing { .. })));
    assert!(matches!(start("/bin/true".into()), Err(OracleError::PythonMissing { .. })));
    // A virtual environment without packages, and what an old NumPy looks like in it.
    let bare = tempfile::tempdir().unwrap();
    let made = std::process::Command::new(python()).args(["-m", "venv", "--without-pip"]).arg(bare.path()).status();
    assert!(made.unwrap().success());
    let program = bare.path().join("bin/python");
    assert!(matches!(start(program.clone()), Err(OracleError::NumpyMissing { .. })));
    let library = std::fs::read_dir(bare.path().join("lib")).unwrap().next().unwrap().unwrap().path();
    let package = library.join("site-packages/numpy");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(package.join("__init__.py"), "__version__ = '1.26.4'\n").unwrap();
    match start(program.clone()) {
        Err(OracleError::NumpyTooOld { found, .. }) => assert_eq!(found, "1.26.4"),
        other => panic!("{other:?}"),
    }
    let old = bare.path().join("old");
    std::fs::write(&old, "#!/bin/sh\necho OLD2.7.18\n").unwrap();
    std::fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert!(matches!(start(old), Err(OracleError::PythonTooOld { found, .. }) if found.trim() == "2.7.18"));

    let search = python::Search { option: Some(program), ..Default::default() };
    let tried = python::find(&search).unwrap_err().tried;
    assert_eq!((tried.len(), tried[0].source), (1, "--python"));
    let search = python::Search { proofmark_python: Some(python()), ..Default::default() };
    assert!(python::find(&search).unwrap().0.numpy.is_some());
}

#[test]
fn files_that_are_not_in_the_project() {
    let project = Project::new(&[("src.py", SOURCE)]);
    for file in ["missing.py", "/etc/passwd", "."] {
        let mut options = project.options("f");
        options.source_file = file.into();
        assert!(matches!(CPythonOracle::start(options), Err(OracleError::Path { .. })), "{file}");
    }
}

/// Not a test of its own: the sandbox with the search path the next one gives it.
#[test]
#[ignore = "run by a_sandbox_that_cannot_be_made"]
fn helper_that_checks_the_sandbox() {
    if let Err(error) = Sandbox::Bubblewrap.check() {
        eprintln!("{error}");
        std::process::exit(7);
    }
}

#[test]
fn a_sandbox_that_cannot_be_made() {
    use std::os::unix::fs::PermissionsExt;
    assert!(Sandbox::Bubblewrap.check().is_ok(), "these tests need a working bubblewrap");
    let folder = tempfile::tempdir().unwrap();
    let fake = folder.path().join("bwrap");
    std::fs::write(&fake, "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&fake, PermissionsExt::from_mode(0o755)).unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "misbehaviour::helper_that_checks_the_sandbox", "--nocapture"])
        .env("PATH", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("cannot make a sandbox here: bwrap: No permissions to create new namespace"), "{said}");
}
