//! Generated vectors of every program of `tests/run` agree with CPython in the golden model, or it is listed why not.

use proofmark_testkit::batch::{exceptions, in_parallel, python_files};
use proofmark_testkit::corpus::workspace;
use proofmark_testkit::stress::stress;

#[test]
fn generated_vectors_agree_or_are_listed() {
    let folder = workspace().join("tests/run");
    let listed = exceptions(&folder.join("withheld.txt")).unwrap();
    let refused = exceptions(&folder.join("refused.txt")).unwrap();
    let files = python_files(&folder);
    let found = in_parallel(&files, |f| stress(f));
    let mut problems = Vec::new();
    let mut agreeing = 0;
    for (file, found) in files.iter().zip(found) {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        match found {
            Ok(None) if refused.contains_key(&name) => {}
            Ok(Some(_)) if refused.contains_key(&name) => {}
            Ok(None) => problems.push(format!("{name} is refused")),
            Err(text) => problems.push(format!("{name}: {text}")),
            Ok(Some(open)) => {
                let failing: Vec<&String> = open.iter().filter(|c| c.fails).map(|c| &c.text).collect();
                match (failing.first(), listed.get(&name)) {
                    (None, None) => agreeing += 1,
                    (None, Some((_, why))) if why.starts_with("varies:") => {}
                    (None, Some(_)) => problems.push(format!("{name} agrees: take it off the list")),
                    (Some(text), Some((check, _))) if text.starts_with(check.as_str()) => {}
                    (Some(text), _) => problems.push(format!("{name}: {text}")),
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(agreeing >= 340, "only {agreeing} programs");
}
