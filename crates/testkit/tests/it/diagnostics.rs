//! Every program of `tests/diagnostics` meets with what its header says, where it says, or is listed with the reason.

use proofmark_testkit::batch::{exceptions, in_parallel, python_files};
use proofmark_testkit::corpus::workspace;
use proofmark_testkit::diagnostics::deviation;

#[test]
fn every_program_is_refused_as_its_header_says() {
    let folder = workspace().join("tests/diagnostics");
    let known = exceptions(&folder.join("known.txt")).unwrap();
    let files = python_files(&folder);
    assert!(files.len() >= 50, "only {} programs", files.len());
    let found = in_parallel(&files, |f| deviation(f));
    let mut problems = Vec::new();
    let mut names = Vec::new();
    for (file, found) in files.iter().zip(found) {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        match (found, known.get(&name)) {
            (None, None) => {}
            (None, Some(_)) => problems.push(format!("{name} is as its header says: strike it from known.txt")),
            (Some((word, _)), Some((due, _))) if word == due => {}
            (Some((word, why)), _) => problems.push(format!("{name}: {word}: {why}")),
        }
        names.push(name);
    }
    problems.extend(known.keys().filter(|n| !names.contains(n)).map(|n| format!("{n} is listed but not there")));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
