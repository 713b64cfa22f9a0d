//! Generated vectors of a program against CPython, in the golden model alone: what `proofmark translate` checks before
//! it builds a target.

use crate::corpus::prepare;
use proofmark_evidence::check::{Sandbox, Verdict as Outcome};
use proofmark_silicon::translation::Numeric;
use proofmark_silicon_verify::oracle::Limits;
use proofmark_silicon_verify::verify::pipeline::{Request, Stopped, verify};
use std::path::Path;
use std::time::Duration;

/// A check that does not pass without a word.
pub struct Open {
    /// Whether it speaks against the translation.
    pub fails: bool,
    /// Its name, verdict and reason.
    pub text: String,
}

/// The checks of the golden model that do not pass without a word; none where the program is not translated.
///
/// # Errors
/// What kept the program from being recorded or verified.
pub fn stress(file: &Path) -> Result<Option<Vec<Open>>, String> {
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let entry = crate::corpus::header(&text, "entry").unwrap_or_default();
    let root = file.parent().unwrap_or(file);
    // LAPACK goes on without end on some matrices with NaN
    let limits = Limits { evaluation: Duration::from_secs(15), ..Limits::default() };
    let mut case = prepare(file, None, root, &entry, limits, true).map_err(|e| e.to_string())?;
    let Some(translation) = &case.outcome.translation else { return Ok(None) };
    let scratch = tempfile::tempdir().map_err(|e| e.to_string())?;
    let request = Request {
        translation,
        recording: Some(&case.recording),
        oracle: Some(&mut case.oracle),
        sources: &case.outcome.sources,
        targets: &[],
        entry: &entry,
        numeric: Numeric::F64,
        version: "test",
        sandbox: Sandbox::Bubblewrap,
        scratch: scratch.path(),
        progress: &mut |_| {},
    };
    let evidence = match verify(request) {
        Ok(e) => e,
        Err(Stopped::Refused(_)) => return Ok(None),
        Err(Stopped::Bug(text)) => return Err(text),
    };
    let checks = evidence.checks.checks.iter().filter(|c| c.id.starts_with("golden."));
    let open = checks.filter(|c| {
        c.verdict != Outcome::Skipped
            && (c.verdict != Outcome::Pass || c.id == "golden.generated" && !c.reason.is_empty())
    });
    Ok(Some(
        open.map(|c| Open {
            fails: c.verdict != Outcome::Pass,
            text: format!("{} {:?}: {}", c.id, c.verdict, c.reason),
        })
        .collect(),
    ))
}
