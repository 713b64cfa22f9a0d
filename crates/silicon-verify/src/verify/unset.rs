//! Programs whose results depend on what `np.empty` leaves in memory: the program is run a second time with other
//! values there, and a result that follows them has no defined value in CPython either.

use super::golden;
use super::vectors::Sequence;
use proofmark_base::diagnostics::Diagnostic;
use proofmark_silicon::front::python::reads_unset;
use proofmark_silicon::translation::Translation;

/// The refusal of a program that reads such memory on one of the sequences; none if no result differs.
pub fn refusal(t: &Translation, sequences: &[Sequence]) -> Option<Diagnostic> {
    let unset = t.unset.as_ref()?;
    let mut zeros = golden::machine(&t.module);
    let mut odd = golden::machine(&unset.module);
    sequences.iter().find_map(|s| {
        let (a, b) = (golden::run(&mut zeros, t, s), golden::run(&mut odd, t, s));
        let (call, what) = golden::difference(&a, &b)?;
        let what = format!("{}, call {call}: with other values in that memory {what}", s.name);
        Some(reads_unset(&unset.at, &what))
    })
}
