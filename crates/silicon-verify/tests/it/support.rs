//! A project made of a few lines, and shorthand for the values that come back.

use proofmark_silicon::oracle::{PyValue, Recording};
use proofmark_silicon_verify::oracle::{CPythonOracle, Limits, OracleError, OracleOptions};
use proofmark_silicon_verify::sandbox::Sandbox;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `$PROOFMARK_PYTHON`, else `.venv/bin/python` at the workspace root; both must have NumPy 2.
pub fn python() -> PathBuf {
    if let Some(path) = std::env::var_os("PROOFMARK_PYTHON") {
        return path.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join(".venv/bin/python");
    assert!(
        path.exists(),
        "these tests need a Python with NumPy 2: set PROOFMARK_PYTHON, or make {} (python3 -m venv .venv && \
         .venv/bin/pip install 'numpy>=2' scipy)",
        path.display()
    );
    path
}

pub struct Project {
    pub folder: tempfile::TempDir,
}

impl Project {
    pub fn new(files: &[(&str, &str)]) -> Project {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Project { folder }
    }

    pub fn options(&self, entry: &str) -> OracleOptions {
        let bench = self.folder.path().join("bench.py").exists().then(|| PathBuf::from("bench.py"));
        OracleOptions {
            python: python(),
            project_root: self.folder.path().to_path_buf(),
            source_file: "src.py".into(),
            bench_file: bench,
            entry: entry.into(),
            allow_read: vec![],
            sandbox: Sandbox::Bubblewrap,
            limits: Limits { wall: Duration::from_secs(60), evaluation: Duration::from_secs(30), ..Limits::default() },
        }
    }

    pub fn start(&self, entry: &str) -> CPythonOracle {
        CPythonOracle::start(self.options(entry)).unwrap()
    }
}

/// A bench and a source, recorded.
pub fn record(source: &str, bench: &str, entry: &str) -> Result<Recording, OracleError> {
    Project::new(&[("src.py", source), ("bench.py", bench)]).start(entry).record()
}

/// The same where the source is its own bench.
pub fn record_alone(source: &str, entry: &str) -> Result<Recording, OracleError> {
    Project::new(&[("src.py", source)]).start(entry).record()
}

pub fn int(v: i64) -> PyValue {
    PyValue::Int { v: v.to_string() }
}

pub fn float(v: f64) -> PyValue {
    PyValue::Float { v: format!("{:016x}", v.to_bits()) }
}

/// Elements of a float64 array.
pub fn doubles(value: &PyValue) -> Vec<f64> {
    match value {
        PyValue::Ndarray { dtype: proofmark_silicon::oracle::DType::Float64, data, .. } => {
            data.0.chunks_exact(8).map(|c| f64::from_le_bytes(c.try_into().unwrap())).collect()
        }
        other => panic!("not a float64 array: {other:?}"),
    }
}

pub fn array(values: &[f64]) -> PyValue {
    PyValue::Ndarray {
        dtype: proofmark_silicon::oracle::DType::Float64,
        shape: vec![values.len()],
        data: proofmark_silicon::oracle::Bytes(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        id: 0,
        base: 0,
    }
}

/// Identity number and that of the base of an array.
pub fn identity(value: &PyValue) -> (u64, u64) {
    match value {
        PyValue::Ndarray { id, base, .. } => (*id, *base),
        PyValue::List { id, .. } | PyValue::Dict { id, .. } | PyValue::Object { id, .. } => (*id, 0),
        other => panic!("no identity: {other:?}"),
    }
}

pub fn named<'a>(pairs: &'a [(String, PyValue)], name: &str) -> &'a PyValue {
    &pairs.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name} in {pairs:?}")).1
}

/// A global of a recorded module.
pub fn global<'a>(recording: &'a Recording, module: &str, name: &str) -> &'a PyValue {
    named(&recording.modules.iter().find(|m| m.module == module).unwrap().globals, name)
}
