//! A folder with a program in it, and the binary run there with its own home.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A class that the translator knows well.
pub const SMOOTHER: &str = "import numpy as np\n\n\nclass Smoother:\n    def __init__(self, alpha):\n        self.alpha = alpha\n        self.y = 0.0\n\n    def process(self, x):\n        out = np.zeros(len(x))\n        for i in range(len(x)):\n            self.y = self.y + self.alpha * (x[i] - self.y)\n            out[i] = self.y\n        return out\n";
/// A bench for it.
pub const BENCH: &str = "import numpy as np\nfrom smoother import Smoother\nrng = np.random.default_rng(3)\ns = Smoother(0.1)\nfor n in (100, 57, 200):\n    s.process(rng.standard_normal(n))\n";

pub struct Place {
    pub folder: tempfile::TempDir,
}

/// `$PROOFMARK_PYTHON`, else `.venv/bin/python` at the workspace root; both must have NumPy 2.
pub fn python() -> PathBuf {
    if let Some(path) = std::env::var_os("PROOFMARK_PYTHON") {
        return path.into();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    assert!(path.exists(), "these tests need a Python with NumPy 2: set PROOFMARK_PYTHON, or make {}", path.display());
    path
}

impl Place {
    pub fn new(files: &[(&str, &str)]) -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            place.write(name, text);
        }
        place
    }
    /// The smoother with its bench.
    pub fn smoother() -> Place {
        Place::new(&[("smoother.py", SMOOTHER), ("bench.py", BENCH)])
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
        let home = self.path(".home");
        let scratch = self.path(".tmp");
        std::fs::create_dir_all(&scratch).unwrap();
        command.args(arguments).current_dir(self.folder.path());
        command.env("HOME", &home).env("TMPDIR", &scratch).env("PROOFMARK_PYTHON", python());
        command.env_remove("XDG_CONFIG_HOME").env_remove("XDG_CACHE_HOME").env_remove("VIRTUAL_ENV");
        command
    }
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }
    /// Translates the smoother to C into `out`.
    pub fn translated(&self) -> Ran {
        self.run(&[
            "translate",
            "smoother.py",
            "--entry",
            "Smoother",
            "--bench",
            "bench.py",
            "--target",
            "c",
            "-o",
            "out",
        ])
    }
    /// Nothing of a run is left: no output, no temporary folder, no half-made folder beside it.
    pub fn assert_nothing_left(&self) {
        assert!(!self.path("out").exists(), "an output was left");
        for folder in [self.folder.path().to_path_buf(), self.path(".tmp")] {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                assert!(!name.starts_with(".proofmark-run"), "{name} was left");
            }
        }
    }
}

pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Ran {
        let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
        Ran { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
    /// Ended with that status, and the message names that code and these words.
    #[track_caller]
    pub fn expect(&self, status: i32, code: &str, words: &[&str]) {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(&format!("[{code}]")), "no {code} in\n{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in\n{}", self.stderr);
        }
    }
    #[track_caller]
    pub fn succeeded(&self) {
        assert_eq!(self.status, 0, "{}{}", self.stdout, self.stderr);
    }
}
