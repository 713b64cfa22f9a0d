//! Vectors and what is known of them in a form that can be kept and read back, every bit as it was: floats by their
//! bits, arrays as bytes. What follows from a design is not kept but made again.

use super::design::Design;
use super::golden::{self, Judged, Outcome, Scales, Trail};
use super::tolerance::Tolerance;
use super::vectors::{Call, Ports, Reference, Sequence};
use crate::oracle::ReferenceResult;
use proofmark_base::diagnostics::Span;
use proofmark_silicon::interp::Decision;
use proofmark_silicon::oracle::PyValue;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A float by its bits, as 16 hexadecimal digits: JSON has no NaN and no infinity.
pub mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the bits.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(v: &f64, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{:016x}", v.to_bits()))
    }

    /// Reads them.
    ///
    /// # Errors
    /// It is not a hexadecimal number.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        u64::from_str_radix(&text, 16).map(f64::from_bits).map_err(serde::de::Error::custom)
    }
}

/// Floats as bytes.
pub mod floats {
    use proofmark_silicon::oracle::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes them little-endian.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(v: &[f64], s: S) -> Result<S::Ok, S::Error> {
        Bytes(v.iter().flat_map(|x| x.to_le_bytes()).collect()).serialize(s)
    }

    /// Reads them.
    ///
    /// # Errors
    /// They are no whole number of floats.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<f64>, D::Error> {
        let bytes = Bytes::deserialize(d)?.0;
        let (whole, rest) = bytes.as_chunks::<8>();
        match rest {
            [] => Ok(whole.iter().map(|c| f64::from_le_bytes(*c)).collect()),
            _ => Err(serde::de::Error::custom("not a whole number of floats")),
        }
    }
}

/// Files with their contents as bytes.
pub mod files {
    use proofmark_evidence::FileSet;
    use proofmark_silicon::oracle::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeMap;

    /// Writes them in the order of their paths.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(files: &FileSet, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(files.iter().map(|(path, bytes)| (path, Bytes(bytes.clone()))))
    }

    /// Reads them.
    ///
    /// # Errors
    /// A content is not base64.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<FileSet, D::Error> {
        let files = BTreeMap::<String, Bytes>::deserialize(d)?;
        Ok(files.into_iter().map(|(path, bytes)| (path, bytes.0)).collect())
    }
}

/// A sequence that was made here, with CPython's results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredSequence {
    name: String,
    what: String,
    instance: Option<usize>,
    calls: Vec<StoredCall>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredCall {
    entry: usize,
    inputs: Ports,
    args: Vec<(String, PyValue)>,
    reference: Option<ReferenceResult>,
}

impl From<&Sequence> for StoredSequence {
    fn from(s: &Sequence) -> StoredSequence {
        let reference = |r: &Reference| ReferenceResult {
            result: r.result.clone(),
            args_after: r.args_after.clone(),
            state: r.state.iter().flat_map(|h| &h.now).map(|(n, v)| (n.clone(), (**v).clone())).collect(),
        };
        let call = |c: &Call| StoredCall {
            entry: c.entry,
            inputs: c.inputs.clone(),
            args: c.args.clone(),
            reference: c.reference.as_ref().map(reference),
        };
        let calls = s.calls.iter().map(call).collect();
        StoredSequence { name: s.name.clone(), what: s.what.clone(), instance: s.instance, calls }
    }
}

impl StoredSequence {
    /// The sequence, for a design; `None` when it calls an entry that the design has not.
    pub fn read(self, design: &Design) -> Option<Sequence> {
        let call = |c: StoredCall| Call {
            entry: c.entry,
            inputs: c.inputs,
            args: c.args,
            reference: c.reference.map(Reference::from),
            recorded: None,
        };
        let known = self.calls.iter().all(|c| c.entry < design.t.entries.len());
        let calls = self.calls.into_iter().map(call).collect();
        known.then_some(Sequence { name: self.name, what: self.what, instance: self.instance, calls })
    }
}

/// What the golden model says of a sequence. What CPython expects is not kept: it is in the sequence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredJudged {
    outcomes: Vec<Outcome>,
    work: u64,
    decisions: Vec<StoredDecision>,
    tolerances: Vec<BTreeMap<String, Tolerance>>,
    stop_moves: Vec<bool>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredDecision {
    span: Option<Span>,
    #[serde(with = "bits")]
    margin: f64,
}

impl From<&Judged> for StoredJudged {
    fn from(j: &Judged) -> StoredJudged {
        let decision = |d: &Decision| StoredDecision { span: d.span, margin: d.margin };
        StoredJudged {
            outcomes: j.trail.outcomes.clone(),
            work: j.trail.work,
            decisions: j.trail.decisions.iter().map(decision).collect(),
            tolerances: j.tolerances.clone(),
            stop_moves: j.stop_moves.clone(),
        }
    }
}

impl StoredJudged {
    /// The judgement of a sequence.
    pub fn read(self, design: &Design, sequence: &Sequence) -> Judged {
        let decision = |d: StoredDecision| Decision { span: d.span, margin: d.margin };
        let decisions = self.decisions.into_iter().map(decision).collect();
        let trail = Trail { outcomes: self.outcomes, work: self.work, decisions };
        let expected = golden::add_scales(&design.made, &design.t, sequence, design.narrow, &mut Scales::new());
        Judged { trail, expected, tolerances: self.tolerances, stop_moves: self.stop_moves }
    }
}
