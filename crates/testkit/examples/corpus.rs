//! Runs corpus programs and prints how far each came:
//! `cargo run -p proofmark-testkit --example corpus -- [-v] [--golden] [--stress] [--diagnostics] [--keep=DIR] [--skip=PASS,...]
//! [FILE...]`. Without files, all of `tests/run`; `--golden` leaves out C and Rust; `--stress` compares generated
//! vectors, in the golden model only; `--diagnostics` compares files of
//! `tests/diagnostics` with their headers; `--keep` leaves the code of one program in a folder.

use proofmark_testkit::batch::{in_parallel, python_files, run_files, table};
use proofmark_testkit::corpus::{Verdict, workspace};
use proofmark_testkit::diagnostics::deviation;
use proofmark_testkit::stress::stress;
use proofmark_testkit::targets::Tools;
use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let flag = |name: &str| std::env::args().any(|a| a == name);
    let verbose = flag("-v");
    let given = std::env::args().skip(1).filter(|a| !a.starts_with('-'));
    let mut files: Vec<PathBuf> = given.map(|f| PathBuf::from(f).canonicalize()).collect::<Result<_, _>>()?;
    if flag("--diagnostics") {
        if files.is_empty() {
            files = python_files(&workspace().join("tests/diagnostics"));
        }
        for (file, found) in files.iter().zip(in_parallel(&files, |f| deviation(f))) {
            let (word, why) = found.unwrap_or(("as-stated", String::new()));
            println!("{word:9} {} {why}", file.file_stem().unwrap_or_default().to_string_lossy());
        }
        return Ok(());
    }
    if files.is_empty() {
        files = python_files(&workspace().join("tests/run"));
    }
    if flag("--stress") {
        in_parallel(&files, |file| {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            match stress(file) {
                Ok(None) => println!("refused {name}"),
                Ok(Some(open)) if open.is_empty() => println!("agrees  {name}"),
                Ok(Some(open)) => {
                    let text: Vec<&str> = open.iter().map(|c| c.text.as_str()).collect();
                    println!("OPEN    {name} {}", text.join("\n    "));
                }
                Err(text) => println!("ERROR   {name} {text}"),
            }
        });
        return Ok(());
    }
    let mut tools = if flag("--golden") { None } else { Some(Tools::find().map_err(anyhow::Error::msg)?) };
    if let Some(tools) = &mut tools {
        let value = |name: &str| std::env::args().find_map(|a| a.strip_prefix(name).map(str::to_string));
        tools.keep = value("--keep=").map(PathBuf::from);
        tools.skip =
            value("--skip=").into_iter().flat_map(|v| v.split(',').map(str::to_string).collect::<Vec<_>>()).collect();
    }
    let rows = run_files(&files, tools.as_ref(), |row| {
        let text = row.verdict.to_string();
        let lines = match &row.verdict {
            _ if verbose => usize::MAX,
            Verdict::Equal { .. } => 1,
            _ => 6,
        };
        let short = text.lines().take(lines).collect::<Vec<_>>().join("\n    ");
        println!("{:8} {} ({} ms) {short}", row.verdict.word(), row.name(), row.time.as_millis());
    });
    print!("{}", table(&rows));
    Ok(())
}
