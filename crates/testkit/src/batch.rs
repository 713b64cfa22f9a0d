//! Many programs at once, a table of how far each came, and the lists of exceptions beside the corpora.

use crate::corpus::{Stage, Verdict, header, run, workspace};
use crate::targets::Tools;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Stack of a worker: the front end follows the nesting of the program.
const STACK: usize = 256 << 20;

/// What became of a program.
#[derive(Debug)]
pub struct Row {
    /// The file.
    pub file: PathBuf,
    /// How far it came.
    pub verdict: Verdict,
    /// Wall time.
    pub time: Duration,
}

impl Row {
    /// The file's stem.
    pub fn name(&self) -> String {
        self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Calls `f` on every item, on as many threads as there are processors (`PROOFMARK_TEST_JOBS` overrides); results in
/// the order of the items.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let asked = std::env::var("PROOFMARK_TEST_JOBS").ok().and_then(|v| v.parse().ok());
    let jobs: usize = asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            let work = || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(i) else { break };
                    let result = f(item);
                    results.lock().unwrap_or_else(|e| e.into_inner()).push((i, result));
                }
            };
            if let Err(e) = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work) {
                eprintln!("no thread: {e}");
            }
        }
    });
    let mut results = results.into_inner().unwrap_or_else(|e| e.into_inner());
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, r)| r).collect()
}

/// Runs a file with a header; a panic is a defect of ours.
pub fn run_file(file: &Path, tools: Option<&Tools>) -> Verdict {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let Some(entry) = header(&text, "entry") else { return Verdict::Bench("no `# entry:` line".into()) };
    let root = file.parent().map(PathBuf::from).unwrap_or_default();
    std::panic::catch_unwind(|| run(file, None, &root, &entry, tools)).unwrap_or_else(|e| {
        let said = e.downcast_ref::<String>().cloned().or(e.downcast_ref::<&str>().map(ToString::to_string));
        Verdict::Bug(Stage::Interpreter, format!("panic: {}", said.unwrap_or_default()))
    })
}

/// Runs files in parallel; `each` sees every row as it comes.
pub fn run_files(files: &[PathBuf], tools: Option<&Tools>, each: impl Fn(&Row) + Sync) -> Vec<Row> {
    in_parallel(files, |file| {
        let start = Instant::now();
        let verdict = run_file(file, tools);
        let row = Row { file: file.clone(), verdict, time: start.elapsed() };
        each(&row);
        row
    })
}

/// The table: how many came how far.
pub fn table(rows: &[Row]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for r in rows {
        let key = match &r.verdict {
            Verdict::Wrong(stage, _) | Verdict::Bug(stage, _) => format!("{} in {stage}", r.verdict.word()),
            Verdict::Refused(code, _) => format!("refused {code}"),
            v => v.word().to_string(),
        };
        *counts.entry(key).or_default() += 1;
    }
    let mut text = String::new();
    for (what, n) in counts {
        text.push_str(&format!("{n:5}  {what}\n"));
    }
    text.push_str(&format!("{:5}  programs\n", rows.len()));
    text
}

/// The Python files of a folder, sorted.
pub fn python_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut files: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "py")).collect();
    files.sort();
    files
}

/// One of `examples/`.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Example {
    pub name: String,
    pub entry: String,
    pub program: PathBuf,
    pub bench: PathBuf,
}

/// The examples, with the entry that the command in their README has.
///
/// # Errors
/// A folder that has no such README.
pub fn examples() -> Result<Vec<Example>, String> {
    let folder = workspace().join("examples");
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut folders: Vec<PathBuf> = entries.filter(|p| p.is_dir()).collect();
    folders.sort();
    let example = |folder: PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(folder.join("README.md")).map_err(|e| format!("{name}: {e}"))?;
        let entry = text.split_once("--entry ").and_then(|(_, rest)| rest.split_whitespace().next());
        let entry = entry.ok_or_else(|| format!("the README of {name} has no `--entry`"))?.to_string();
        Ok(Example { entry, program: folder.join(format!("{name}.py")), bench: folder.join("bench.py"), name })
    };
    folders.into_iter().map(example).collect()
}

/// A list of exceptions, `name  code  reason` a line, `#` for comments: `name` to `(code, reason)`.
///
/// # Errors
/// A line without all three.
pub fn exceptions(path: &Path) -> Result<BTreeMap<String, (String, String)>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut all = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let mut words = line.split_whitespace();
        let (Some(name), Some(code)) = (words.next(), words.next()) else { return Err(format!("`{line}`")) };
        let reason = words.collect::<Vec<_>>().join(" ");
        if reason.is_empty() {
            return Err(format!("`{name}` has no reason"));
        }
        if all.insert(name.to_string(), (code.to_string(), reason)).is_some() {
            return Err(format!("`{name}` is listed twice"));
        }
    }
    Ok(all)
}
