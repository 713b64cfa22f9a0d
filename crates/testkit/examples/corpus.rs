//! Runs corpus programs and prints how far each came: `cargo run -p proofmark-testkit --example corpus -- FILE...`

use proofmark_testkit::corpus::{Verdict, header, run};
use std::path::PathBuf;

fn main() {
    let verbose = std::env::args().any(|a| a == "-v");
    let mut counts = std::collections::BTreeMap::new();
    for file in std::env::args().skip(1).filter(|a| !a.starts_with('-')) {
        let path = PathBuf::from(&file).canonicalize().unwrap_or_default();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let Some(entry) = header(&text, "entry") else { continue };
        let root = path.parent().map(PathBuf::from).unwrap_or_default();
        let start = std::time::Instant::now();
        let verdict = std::panic::catch_unwind(|| run(&path, None, &root, &entry))
            .unwrap_or_else(|_| Verdict::Bug("panic".into()));
        let ms = start.elapsed().as_millis();
        let (word, detail) = match &verdict {
            Verdict::Equal { calls, not_shown, undecided } => {
                ("equal", format!("{calls} calls, {} left out, {undecided} undecided", not_shown.len()))
            }
            Verdict::Refused(t) => ("refused", t.clone()),
            Verdict::Wrong(w) => ("WRONG", w.join("\n    ")),
            Verdict::Bench(t) => ("bench", t.clone()),
            Verdict::Bug(t) => ("BUG", t.clone()),
        };
        *counts.entry(word).or_insert(0) += 1;
        let short: String = if verbose {
            detail
        } else {
            detail
                .lines()
                .take(if word == "equal" { 1 } else { 6 })
                .collect::<Vec<_>>()
                .join("\n    ")
                .chars()
                .take(700)
                .collect()
        };
        println!("{word:8} {} ({ms} ms) {short}", path.file_stem().unwrap_or_default().to_string_lossy());
    }
    println!("{counts:?}");
}
