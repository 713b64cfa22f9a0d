//! `proofmark.toml` beside the source: defaults for what the command line does not say.

use crate::cli::{NumericOption, SandboxOption, Translate};
use crate::failure::Failure;
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
    sandbox: Option<Confinement>,
    allow_read: Vec<PathBuf>,
    key: Option<PathBuf>,
    /// Folder of the project, relative to this file: what the bench may import and read.
    root: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NumericTable {
    precision: Option<Precision>,
    fma: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Precision {
    F64,
    F32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Confinement {
    Bubblewrap,
    None,
}

/// All options of a translation, from both places.
#[derive(Debug)]
pub struct Settings {
    /// Command line first, then the file.
    pub options: Translate,
    /// Project root, if stated.
    pub root: Option<PathBuf>,
}

/// Adds the defaults of `proofmark.toml` beside `source` to the options. Paths in it are relative to it.
///
/// # Errors
/// PM0215 for a file that cannot be read or has unknown keys.
pub fn settings(mut options: Translate, source: &Path) -> Result<Settings, Failure> {
    let folder = source.parent().unwrap_or(Path::new("."));
    let path = folder.join("proofmark.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Settings { options, root: None }),
        Err(e) => return Err(Failure::usage("PM0215", format!("{} cannot be read: {e}", path.display()))),
    };
    let file: File = toml::from_str(&text).map_err(|e| wrong(&path, &text, &e))?;
    let t = file.translate;
    let beside = |p: PathBuf| folder.join(p);
    options.entry = options.entry.or(t.entry);
    if options.arg.is_empty() && options.bench.is_none() {
        options.bench = t.bench.map(beside);
        if options.bench.is_none() {
            options.arg = t.arg;
        }
    }
    if options.target.is_empty() {
        options.target = t.target;
    }
    options.output = options.output.or(t.output.map(beside));
    options.python = options.python.or(t.python.map(beside));
    options.sandbox = options.sandbox.or(t.sandbox.map(|s| match s {
        Confinement::Bubblewrap => SandboxOption::Bubblewrap,
        Confinement::None => SandboxOption::None,
    }));
    options.allow_read.extend(t.allow_read.into_iter().map(beside));
    if options.key.is_none() && !options.no_sign {
        options.key = t.key.map(beside);
    }
    options.numeric = options.numeric.or(file.numeric.precision.map(|p| match p {
        Precision::F64 => NumericOption::F64,
        Precision::F32 => NumericOption::F32,
    }));
    options.fma |= file.numeric.fma;
    Ok(Settings { options, root: t.root.map(beside) })
}

fn wrong(path: &Path, text: &str, error: &toml::de::Error) -> Failure {
    let mut failure = Failure::usage("PM0215", error.message().to_string());
    let file = failure.sources.add(&path.display().to_string(), text);
    if let (Some(range), Some(d)) = (error.span(), failure.diagnostics.last_mut()) {
        let span = proofmark_base::diagnostics::Span { file, start: range.start as u32, end: range.end as u32 };
        *d = d.clone().at(span, "");
    }
    failure.help("the keys are `entry`, `bench`, `arg`, `target`, `output`, `python`, `sandbox`, `allow-read`, `key` and `root` in `[translate]`, `precision` and `fma` in `[numeric]`")
}
