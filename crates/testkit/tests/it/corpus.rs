//! Every program of `tests/run` gives CPython's results in the golden model, C and Rust, or is listed as refused.

use proofmark_silicon_verify::oracle::Limits;
use proofmark_testkit::batch::{examples, exceptions, in_parallel, python_files, run_files, table};
use proofmark_testkit::corpus::{Verdict, prepare, twice, workspace};
use proofmark_testkit::targets::Tools;

/// Fewer equal programs than this means that the corpus or the translator has shrunk.
const LEAST_EQUAL: usize = 150;

/// Fewer block forms than this means that something that had one lost it.
const LEAST_IN_BLOCKS: usize = 13;

#[test]
fn every_program_is_equal_or_listed() {
    let folder = workspace().join("tests/run");
    let listed = exceptions(&folder.join("refused.txt")).unwrap();
    let mut files = python_files(&folder);
    files.extend(python_files(&folder.join("crashers")));
    let tools = Tools::find().unwrap();
    let rows = run_files(&files, Some(&tools), |_| {});
    println!("{}", table(&rows));
    let mut problems = Vec::new();
    for row in &rows {
        let name = row.name();
        match (&row.verdict, listed.get(&name)) {
            (Verdict::Equal { .. }, None) => {}
            (Verdict::Equal { .. }, Some(_)) => {
                problems.push(format!("{name} is equal now: strike it from refused.txt"))
            }
            (Verdict::Refused(code, _), Some((due, _))) if code == due => {}
            (v, Some((due, _))) => problems.push(format!("{name} is listed with {due}, but is {} {v}", v.word())),
            (v, None) => problems.push(format!("{name} is {} {v}", v.word())),
        }
    }
    let names: Vec<String> = rows.iter().map(|r| r.name()).collect();
    problems.extend(listed.keys().filter(|n| !names.contains(n)).map(|n| format!("{n} is listed but not there")));
    let equal = rows.iter().filter(|r| matches!(r.verdict, Verdict::Equal { .. })).count();
    if equal < LEAST_EQUAL {
        problems.push(format!("only {equal} programs are equal"));
    }
    let blocks = |v: &Verdict| matches!(v, Verdict::Equal { blocks, .. } if blocks.iter().any(Result::is_ok));
    let in_blocks = rows.iter().filter(|r| blocks(&r.verdict)).count();
    if in_blocks < LEAST_IN_BLOCKS {
        problems.push(format!("only {in_blocks} programs have a block form"));
    }
    // each of these is there for its block form
    for row in rows.iter().filter(|r| r.name().starts_with("stream_") && !blocks(&r.verdict)) {
        problems.push(format!("{} has no block form: {}", row.name(), row.verdict));
    }
    assert!(problems.is_empty(), "{}\n{}", problems.join("\n"), table(&rows));
}

#[test]
fn the_examples_translate_to_the_same_bytes_twice() {
    let all = examples().unwrap();
    assert_eq!(all.len(), 8);
    let problems = in_parallel(&all, |e| {
        let root = e.program.parent().unwrap();
        let mut case = prepare(&e.program, Some(&e.bench), root, &e.entry, Limits::default(), true).unwrap();
        assert!(case.outcome.translation.is_some(), "{} is refused", e.name);
        twice(&mut case).err().map(|why| format!("{}: {why}", e.name))
    });
    let problems: Vec<String> = problems.into_iter().flatten().collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
