//! From options and `proofmark.toml` beside the source, which gives defaults for what the options do not say, to a job.

use super::job::target_list;
use super::{Job, Refusal, arguments};
use crate::oracle::Limits;
use crate::sandbox::Sandbox;
use proofmark_silicon::translation::Numeric;
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    translate: TranslateTable,
    numeric: NumericTable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct TranslateTable {
    entry: Option<String>,
    bench: Option<PathBuf>,
    arg: Vec<String>,
    target: Vec<String>,
    output: Option<PathBuf>,
    python: Option<PathBuf>,
    sandbox: Option<Sandbox>,
    allow_read: Vec<PathBuf>,
    key: Option<PathBuf>,
    /// Folder of the project, relative to this file: what the bench may import and read.
    root: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NumericTable {
    precision: Option<Numeric>,
    fma: bool,
}

/// Options as given; what is not said comes from `proofmark.toml`, then from defaults.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Function, class, `Class.method` or `script:name1,name2`; none: the only public one of the file.
    pub entry: Option<String>,
    /// Script that calls it.
    pub bench: Option<PathBuf>,
    /// Declared arguments, `x=complex64[n]`.
    pub arg: Vec<String>,
    /// Names of targets.
    pub target: Vec<String>,
    /// Working precision.
    pub numeric: Option<Numeric>,
    /// Fused multiply-add.
    pub fma: bool,
    /// What confines the user's code.
    pub sandbox: Option<Sandbox>,
    /// Files and folders outside the project that the bench may read.
    pub allow_read: Vec<PathBuf>,
    /// The bundle will not be signed; the file's key is not looked at then.
    pub no_sign: bool,
    /// What the bench may use up.
    pub limits: Limits,
}

/// Whose machine this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// The user's own: the file may name a Python, a key, data, and switch the sandbox off.
    Own,
    /// The project was sent from elsewhere into this folder: none of that is followed, and nothing may lie outside of the
    /// folder.
    Sent(&'a Path),
}

/// A job with its folder, and what `proofmark.toml` says of other things.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What is to be done.
    pub job: Job,
    /// The folder of its sources.
    pub folder: PathBuf,
    /// Where the bundle should go.
    pub output: Option<PathBuf>,
    /// Python to use.
    pub python: Option<PathBuf>,
    /// Key file to sign with.
    pub key: Option<PathBuf>,
    /// Keys of `proofmark.toml` that were not followed because of where the project comes from.
    pub ignored: Vec<&'static str>,
}

/// Resolves options for a source file.
///
/// # Errors
/// PM0201 for a file that cannot be read, PM0214 to PM0216 and PM0219 for options that make no job.
pub fn resolve(file: &Path, options: Options, origin: Origin<'_>) -> Result<Resolved, Refusal> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| Refusal::usage("PM0201", format!("{} cannot be read: {e}", file.display())))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let File { translate: mut t, numeric } = settings(folder)?;
    let mut ignored = Vec::new();
    if let Origin::Sent(_) = origin {
        let said = [
            ("output", t.output.take().is_some()),
            ("python", t.python.take().is_some()),
            ("sandbox", t.sandbox.take().is_some_and(|s| s != Sandbox::Bubblewrap)),
            ("allow-read", !std::mem::take(&mut t.allow_read).is_empty()),
            ("key", t.key.take().is_some()),
        ];
        ignored.extend(said.into_iter().filter(|(_, said)| *said).map(|(key, _)| key));
    }
    let beside = |p: PathBuf| folder.join(p);
    let Options { entry, mut bench, mut arg, target, .. } = options;
    if arg.is_empty() && bench.is_none() {
        bench = t.bench.map(beside);
        if bench.is_none() {
            arg = t.arg;
        }
    }
    let targets = target_list(if target.is_empty() { &t.target } else { &target })?;
    let args = arguments::specs(&arg)?;
    let root = match (t.root.map(beside), origin) {
        (Some(root), _) => Some(root),
        (None, Origin::Sent(root)) => Some(root.to_path_buf()),
        (None, Origin::Own) => None,
    };
    let (root, file, bench) = places(file, bench.as_deref(), root.as_deref(), origin)?;
    let entry = match entry.or(t.entry) {
        Some(entry) => entry,
        None => only_entry(&text)?,
    };
    let mut allow_read = options.allow_read;
    allow_read.extend(t.allow_read.into_iter().map(beside));
    let job = Job {
        file,
        bench,
        entry,
        targets,
        numeric: options.numeric.or(numeric.precision).unwrap_or_default(),
        fma: options.fma || numeric.fma,
        args,
        sandbox: options.sandbox.or(t.sandbox).unwrap_or(Sandbox::Bubblewrap),
        allow_read,
        limits: options.limits,
        signed: !options.no_sign,
    };
    let key = if options.no_sign { None } else { t.key.map(beside) };
    let (output, python) = (t.output.map(beside), t.python.map(beside));
    Ok(Resolved { job, folder: root, output, python, key, ignored })
}

/// The project's folder, and source and bench relative to it.
fn places(
    file: &Path,
    bench: Option<&Path>,
    root: Option<&Path>,
    origin: Origin<'_>,
) -> Result<(PathBuf, PathBuf, Option<PathBuf>), Refusal> {
    let full = |p: &Path, code: &str| {
        p.canonicalize().map_err(|e| Refusal::usage(code, format!("{} cannot be read: {e}", p.display())))
    };
    let outside = |p: &Path, root: &Path| {
        Refusal::usage("PM0215", format!("{} is not in the project folder {}", p.display(), root.display()))
    };
    let source = full(file, "PM0201")?;
    let bench = bench.map(|b| full(b, "PM0201")).transpose()?;
    let root = match root {
        Some(root) => full(root, "PM0215")?,
        None => {
            let mut root = source.parent().unwrap_or(Path::new("/")).to_path_buf();
            while bench.as_ref().is_some_and(|b| !b.starts_with(&root)) && root.pop() {}
            root
        }
    };
    if let Origin::Sent(folder) = origin {
        let folder = full(folder, "PM0215")?;
        if !root.starts_with(&folder) {
            return Err(outside(&root, &folder));
        }
    }
    let relative = |p: &Path| p.strip_prefix(&root).map(Path::to_path_buf).map_err(|_| outside(p, &root));
    Ok((root.clone(), relative(&source)?, bench.map(|b| relative(&b)).transpose()?))
}

/// The one public function or class of a file.
fn only_entry(text: &str) -> Result<String, Refusal> {
    let mut names: Vec<&str> = Vec::new();
    for line in text.lines() {
        let rest = line.strip_prefix("def ").or_else(|| line.strip_prefix("class "));
        let name = rest.and_then(|r| r.split(['(', ':', ' ']).next()).map(str::trim);
        names.extend(name.filter(|n| !n.is_empty() && !n.starts_with('_') && *n != "main"));
    }
    match names.as_slice() {
        [one] => Ok(one.to_string()),
        [] => Err(Refusal::usage("PM0216", "the file defines no function or class to translate")
            .help("for a whole script name its result variables: `--entry script:NAME`")),
        several => Err(Refusal::usage("PM0216", "it is not clear what to translate")
            .note(format!("the file defines {}", several.join(", ")))
            .help("name one with `--entry NAME`")),
    }
}

/// Reads `proofmark.toml` in a folder; paths in it are relative to it.
fn settings(folder: &Path) -> Result<File, Refusal> {
    let path = folder.join("proofmark.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(File::default()),
        Err(e) => return Err(Refusal::usage("PM0215", format!("{} cannot be read: {e}", path.display()))),
    };
    toml::from_str(&text).map_err(|e| wrong(&path, &text, &e))
}

fn wrong(path: &Path, text: &str, error: &toml::de::Error) -> Refusal {
    let mut refusal = Refusal::usage("PM0215", error.message().to_string());
    let file = refusal.sources.add(&path.display().to_string(), text);
    if let (Some(range), Some(d)) = (error.span(), refusal.diagnostics.last_mut()) {
        let span = proofmark_base::diagnostics::Span { file, start: range.start as u32, end: range.end as u32 };
        *d = d.clone().at(span, "");
    }
    refusal.help("the keys are `entry`, `bench`, `arg`, `target`, `output`, `python`, `sandbox`, `allow-read`, `key` and `root` in `[translate]`, `precision` and `fma` in `[numeric]`")
}
