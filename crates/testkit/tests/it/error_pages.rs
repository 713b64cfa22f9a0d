//! The examples of `docs/errors`: each failing one gives its page's code, each fixed one is translated without it.

use proofmark_base::diagnostics::Severity;
use proofmark_silicon::front::python::translate;
use proofmark_silicon::translation::Options;
use proofmark_silicon_verify::oracle::{CPythonOracle, Limits, OracleOptions};
use proofmark_silicon_verify::sandbox::Sandbox;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn python() -> PathBuf {
    std::env::var_os("PROOFMARK_PYTHON").map_or_else(|| root().join(".venv/bin/python"), PathBuf::from)
}

/// The fenced block of `page` whose info string is `python KIND`.
fn block<'a>(page: &'a str, kind: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("```python {kind}\n"))?;
    rest.split_once("```").map(|(code, _)| code)
}

/// `(codes, whether there is a translation, messages)` of a program that names its entry in its first line.
fn outcome(program: &str) -> Result<(Vec<String>, bool, String), String> {
    let entry = program.lines().next().and_then(|l| l.strip_prefix("# entry: ")).ok_or("no `# entry:` line")?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    std::fs::write(folder.path().join("program.py"), program).map_err(|e| e.to_string())?;
    let limits = Limits { wall: Duration::from_secs(60), evaluation: Duration::from_secs(30), ..Limits::default() };
    let options = OracleOptions {
        python: python(),
        project_root: folder.path().to_path_buf(),
        source_file: "program.py".into(),
        bench_file: None,
        entry: entry.into(),
        allow_read: vec![],
        sandbox: Sandbox::Bubblewrap,
        limits,
    };
    let mut oracle = CPythonOracle::start(options).map_err(|e| e.to_string())?;
    let recording = oracle.record().map_err(|e| e.to_string())?;
    let options = Options { entry: entry.into(), file: "program.py".into(), ..Options::default() };
    let outcome = translate(&recording, &mut oracle, &options);
    let codes = outcome.diagnostics.iter().map(|d| d.code.clone()).collect();
    let errors = outcome.diagnostics.iter().any(|d| d.severity >= Severity::Error);
    let messages =
        outcome.diagnostics.iter().map(|d| format!("{}: {}", d.code, d.message)).collect::<Vec<_>>().join("; ");
    Ok((codes, outcome.translation.is_some() && !errors, messages))
}

#[test]
fn every_page_shows_what_it_says() {
    let mut problems = Vec::new();
    let mut shown = 0;
    let mut pages: Vec<PathBuf> =
        std::fs::read_dir(root().join("docs/errors")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    for path in pages {
        let code = path.file_stem().unwrap().to_string_lossy().into_owned();
        let page = std::fs::read_to_string(&path).unwrap();
        if let Some(program) = block(&page, "failing") {
            shown += 1;
            match outcome(program) {
                Ok((codes, _, _)) if codes.contains(&code) => {}
                Ok((_, _, messages)) => problems.push(format!("{code}, failing: gives [{messages}]")),
                Err(error) => problems.push(format!("{code}, failing: {error}")),
            }
        }
        if let Some(program) = block(&page, "fixed") {
            match outcome(program) {
                Ok((codes, true, _)) if !codes.contains(&code) => {}
                Ok((_, _, messages)) => problems.push(format!("{code}, fixed: gives [{messages}]")),
                Err(error) => problems.push(format!("{code}, fixed: {error}")),
            }
        }
    }
    assert!(shown > 30, "only {shown} pages have examples");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
