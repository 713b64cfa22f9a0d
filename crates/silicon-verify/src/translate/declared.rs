//! `--arg` in place of a bench: a script is made that calls the entry with random values of the declared types, so
//! that there is a reference after all. The project is copied for it; the user's folder is not touched.

use super::{Job, Refusal};
use proofmark_silicon::dtype::DType;
use proofmark_silicon::translation::{ArgExtent, ArgSpec};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Name of the script in the copy and in the evidence.
const NAME: &str = "_declared_arguments.py";
/// Larger files are data, not the program.
const LARGEST: u64 = 8 << 20;
/// Most bytes copied.
const MOST: u64 = 64 << 20;
/// Values of named lengths, one call each.
const LENGTHS: [usize; 3] = [64, 33, 100];

/// The job with the script as its bench, and the script's text.
///
/// # Errors
/// PM0214 when the entry is no function's name.
pub(super) fn bench(job: &Job) -> Result<(Job, String), Refusal> {
    let module = job.file.with_extension("");
    let parts: Vec<String> = module.iter().map(|p| p.to_string_lossy().into_owned()).collect();
    let simple = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !simple(&job.entry) || !parts.iter().all(|p| simple(p)) {
        let message = format!("`--arg` declares the arguments of a function, which `{}` is not", job.entry);
        return Err(Refusal::usage("PM0214", message).help("give a script that calls it with `--bench FILE`"));
    }
    let text = script(&parts.join("."), &job.entry, &job.args);
    Ok((Job { bench: Some(PathBuf::from(NAME)), ..job.clone() }, text))
}

/// Copies the project in `root` into `folder` and puts the script beside it.
///
/// # Errors
/// PM0214 when the project is too large, PM0213 when nothing can be written.
pub(super) fn lay_out(root: &Path, text: &str, folder: &Path) -> Result<(), Refusal> {
    let mut copied = 0;
    copy(root, folder, &mut copied).map_err(|why| {
        Refusal::usage("PM0214", format!("the project folder {} cannot be copied: {why}", root.display()))
            .help("give a script that calls the entry with `--bench FILE`")
    })?;
    std::fs::write(folder.join(NAME), text).map_err(|e| Refusal::usage("PM0213", e.to_string()))
}

fn copy(from: &Path, to: &Path, copied: &mut u64) -> Result<(), String> {
    for entry in std::fs::read_dir(from).map_err(|e| e.to_string())? {
        let entry = entry.map_err(|e| e.to_string())?;
        let name = entry.file_name();
        let kind = entry.file_type().map_err(|e| e.to_string())?;
        if name.to_string_lossy().starts_with('.') || name == "__pycache__" || name == "node_modules" {
            continue;
        }
        let target = to.join(&name);
        if kind.is_dir() {
            if entry.path().join("pyvenv.cfg").exists() || entry.path().join("trace.json").exists() {
                continue;
            }
            std::fs::create_dir_all(&target).map_err(|e| e.to_string())?;
            copy(&entry.path(), &target, copied)?;
        } else if kind.is_file() {
            let size = entry.metadata().map_err(|e| e.to_string())?.len();
            if size > LARGEST {
                continue;
            }
            *copied += size;
            if *copied > MOST {
                return Err(format!("it holds more than {} MiB", MOST >> 20));
            }
            std::fs::copy(entry.path(), &target).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

fn script(module: &str, entry: &str, specs: &[ArgSpec]) -> String {
    let mut text = format!(
        "\"\"\"Made by Proofmark from `--arg`: calls the entry with random values of the declared types.\"\"\"\n\n\
         import numpy as np\n\nimport {module} as _source\n\nrng = np.random.default_rng(1)\n\n\n\
         def value(dtype, *shape):\n\
         \x20   dtype = np.dtype(dtype)\n\
         \x20   if dtype.kind == \"b\":\n        x = rng.integers(0, 2, shape)\n\
         \x20   elif dtype.kind in \"iu\":\n        x = rng.integers(0, 100, shape)\n\
         \x20   elif dtype.kind == \"c\":\n        x = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)\n\
         \x20   else:\n        x = rng.standard_normal(shape)\n\
         \x20   return np.asarray(x).astype(dtype) if shape else np.asarray(x).astype(dtype).item()\n\n\n"
    );
    let mut named: Vec<&str> = Vec::new();
    for extent in specs.iter().flat_map(|s| &s.shape) {
        if let ArgExtent::Named(n) = extent
            && !named.contains(&n.as_str())
        {
            named.push(n);
        }
    }
    let calls = if named.is_empty() { 2 } else { LENGTHS.len() };
    for length in LENGTHS.iter().take(calls) {
        let mut arguments = Vec::new();
        for s in specs {
            let extents = s.shape.iter().map(|e| match e {
                ArgExtent::Fixed(n) => n.to_string(),
                // every name its own number, so that no two lengths look alike
                ArgExtent::Named(n) => (length + 7 * named.iter().position(|m| m == n).unwrap_or(0)).to_string(),
            });
            let words: Vec<String> = std::iter::once(format!("\"{}\"", numpy_name(s.dtype))).chain(extents).collect();
            arguments.push(format!("{}=value({})", s.name, words.join(", ")));
        }
        let _ = write!(
            text,
            "try:\n    _source.{entry}({})\nexcept Exception:\n    pass  # recorded as such\n",
            arguments.join(", ")
        );
    }
    text
}

fn numpy_name(d: DType) -> &'static str {
    if d == DType::Bool { "bool" } else { d.name() }
}
