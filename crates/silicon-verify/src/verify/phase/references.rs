//! Vectors beyond the bench's and CPython's results for them.

use super::{Noted, Work};
use crate::oracle::{CPythonOracle, OracleError};
use crate::verify::design::Design;
use crate::verify::generate;
use crate::verify::vectors::Sequence;
use proofmark_silicon::translation::Translation;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Wall time for references of generated vectors, so that a slow program does not hold up its translation.
const REFERENCE_LIMIT: Duration = Duration::from_secs(120);

/// Generated vectors that CPython gave results for.
pub struct Referenced {
    /// With their references, in order.
    pub sequences: Vec<Sequence>,
    /// What could not be varied or has no reference.
    pub noted: Noted,
}

/// Generates vectors and asks CPython for references; none without a recording to start from.
pub fn generated(design: &Design, oracle: Option<&mut CPythonOracle>, work: &mut Work<'_>) -> Referenced {
    if !design.has_reference {
        return Referenced { sequences: Vec::new(), noted: Noted::default() };
    }
    (work.progress)("generating vectors and asking CPython for references");
    let (made_up, mut not_shown) = generate::generate(&design.t, &design.recorded.sequences);
    let sequences = ask(&design.t, made_up, oracle, &mut not_shown);
    Referenced { sequences, noted: Noted { checks: Vec::new(), not_shown } }
}

/// Asks CPython for the results of generated sequences; those it cannot give are left out and counted.
pub fn ask(
    t: &Translation,
    made: Vec<Sequence>,
    oracle: Option<&mut CPythonOracle>,
    not_shown: &mut Vec<String>,
) -> Vec<Sequence> {
    let Some(oracle) = oracle else { return Vec::new() };
    let start = Instant::now();
    let mut kept = Vec::new();
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    for mut s in made {
        if start.elapsed() > REFERENCE_LIMIT {
            *left_out.entry("CPython takes too long over all of them".into()).or_default() += 1;
            continue;
        }
        match oracle.reference(&[generate::request(t, &s)]) {
            Ok(mut results) if results.len() == 1 && results[0].len() == s.calls.len() => {
                for (call, result) in s.calls.iter_mut().zip(results.remove(0)) {
                    call.reference = Some(result.into());
                }
                kept.push(s);
            }
            Ok(_) => *left_out.entry("CPython answered for another number of calls".into()).or_default() += 1,
            Err(error) => {
                let why = match &error {
                    OracleError::Refused { message } => message.clone(),
                    OracleError::Timeout { .. } => "CPython did not end in time".into(),
                    other => other.to_string(),
                };
                *left_out.entry(why).or_default() += 1;
            }
        }
    }
    not_shown.extend(left_out.into_iter().map(|(why, n)| format!("{n} generated vector(s) have no reference: {why}")));
    kept
}
