//! What was checked and what is claimed: the document `checks.json` (`docs/schemas/checks-v1.schema.json`).
//!
//! It holds no time, no machine name and no path outside the bundle: two translations of the same inputs give the same bytes.

use proofmark_base::digest::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The schema that [`Checks`] is written to, and the value of its `schema` field.
pub const SCHEMA: &str = "https://proofmark.dev/schemas/checks/v1";

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was done and found nothing wrong.
    Pass,
    /// It was done and found something wrong.
    Fail,
    /// It was done and could not tell.
    Inconclusive,
    /// It was not done.
    Skipped,
}

/// A real number in JSON: a JSON number when finite, otherwise one of the strings `"nan"`, `"inf"`, `"-inf"`.
#[derive(Clone, Copy, Debug)]
pub struct Real(pub f64);

impl PartialEq for Real {
    /// By value, except that NaN equals NaN, so that a document equals its copy.
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || (self.0.is_nan() && other.0.is_nan())
    }
}

impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.non_finite() {
            Some(text) => f.write_str(text),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Real {
    fn non_finite(self) -> Option<&'static str> {
        if self.0.is_nan() {
            Some("nan")
        } else if self.0.is_infinite() {
            Some(if self.0 > 0.0 { "inf" } else { "-inf" })
        } else {
            None
        }
    }
}

impl From<f64> for Real {
    fn from(value: f64) -> Self {
        Real(value)
    }
}

impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.non_finite() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.serialize_f64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Figure::deserialize(deserializer)? {
            Figure::Number(value) => Ok(value),
            Figure::Text(text) => Err(serde::de::Error::custom(format!("{text:?} is not a number"))),
        }
    }
}

/// A figure that supports a verdict or a claim: a number or a short text.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// A number; its unit stands in the figure's name (`latency_us`, `snr_db`).
    Number(Real),
    /// A text. One that reads `nan`, `inf` or `-inf` comes back from JSON as that number.
    Text(String),
}

impl From<f64> for Figure {
    fn from(value: f64) -> Self {
        Figure::Number(Real(value))
    }
}

impl From<&str> for Figure {
    fn from(text: &str) -> Self {
        Figure::Text(text.to_string())
    }
}

impl From<String> for Figure {
    fn from(text: String) -> Self {
        Figure::Text(text)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Figure::Number(value) => value.fmt(f),
            Figure::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Figure::Number(value) => value.serialize(serializer),
            Figure::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Number(f64),
            Text(String),
        }
        Ok(match Raw::deserialize(deserializer)? {
            Raw::Number(value) => value.into(),
            Raw::Text(text) => match text.as_str() {
                "nan" => f64::NAN.into(),
                "inf" => f64::INFINITY.into(),
                "-inf" => f64::NEG_INFINITY.into(),
                _ => Figure::Text(text),
            },
        })
    }
}

/// Named figures, in name order.
pub type Figures = BTreeMap<String, Figure>;

/// One check: its verdict with reason and figures, and the files of the bundle that support it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Stable name, unique in the document, e.g. `c.compile.gcc`.
    pub id: String,
    /// What was checked, in one line.
    pub title: String,
    /// The target it is about; none when it is about the whole translation.
    pub target: Option<String>,
    /// The outcome.
    pub verdict: Verdict,
    /// Why; never empty unless the verdict is `pass`.
    pub reason: String,
    /// The figures behind the verdict.
    pub figures: Figures,
    /// Paths in the bundle of the files that support it.
    pub supports: BTreeSet<String>,
}

impl Check {
    /// A check of the whole translation, without figures or supporting files yet.
    pub fn new(id: &str, title: &str, verdict: Verdict, reason: impl Into<String>) -> Self {
        Check {
            id: id.to_string(),
            title: title.to_string(),
            target: None,
            verdict,
            reason: reason.into(),
            figures: Figures::new(),
            supports: BTreeSet::new(),
        }
    }
    /// Says which target it is about.
    #[must_use]
    pub fn target(mut self, target: &str) -> Self {
        self.target = Some(target.to_string());
        self
    }
    /// Adds a figure.
    #[must_use]
    pub fn figure(mut self, name: &str, value: impl Into<Figure>) -> Self {
        self.figures.insert(name.to_string(), value.into());
        self
    }
    /// Adds a file of the bundle that supports it.
    #[must_use]
    pub fn support(mut self, path: &str) -> Self {
        self.supports.insert(path.to_string());
        self
    }
}

/// How much is claimed of a target, least first; each level includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimLevel {
    /// Nothing; the target's output is withheld.
    #[default]
    None,
    /// Compiled, linted or synthesised by the target's own tools.
    Built,
    /// Agrees with the oracle on the user's vectors within the stated tolerance.
    Tested,
    /// Agrees on generated vectors too; the figures give the mutation score.
    Stressed,
    /// Same bits as the golden model on all vectors, across targets.
    BitTrue,
    /// A property, named in the figures, is proved.
    Proved,
}

impl fmt::Display for ClaimLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClaimLevel::None => "none",
            ClaimLevel::Built => "built",
            ClaimLevel::Tested => "tested",
            ClaimLevel::Stressed => "stressed",
            ClaimLevel::BitTrue => "bit_true",
            ClaimLevel::Proved => "proved",
        })
    }
}

/// What is claimed of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetClaim {
    /// The target, e.g. `c`.
    pub target: String,
    /// How much is claimed.
    pub level: ClaimLevel,
    /// The figures behind it.
    pub figures: Figures,
    /// What was not shown of this target.
    pub not_shown: Vec<String>,
}

/// A program and its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Name, e.g. `gcc`.
    pub name: String,
    /// Version as the tool states it.
    pub version: String,
}

/// Something the translation read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The name the user knows it by, relative to the project.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Path of its copy in the bundle, when the bundle holds one.
    pub path: Option<String>,
}

/// What confined the user's code while it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sandbox {
    /// bubblewrap: own namespaces, no network, nothing writable but its scratch folder.
    Bubblewrap,
    /// Nothing; the user asked for it.
    None,
    /// No user code ran.
    NotUsed,
}

/// How far one output of one target is from its reference, and how far it may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// The target.
    pub target: String,
    /// The output port.
    pub output: String,
    /// Largest absolute error allowed, in the output's unit; 0 demands equal values.
    pub tolerance_abs: Real,
    /// How the tolerance was derived.
    pub derivation: String,
    /// Largest absolute error found over all vectors.
    pub max_abs_error: Real,
    /// Largest relative error found, where the reference is not zero.
    pub max_rel_error: Real,
    /// Signal-to-noise ratio in decibels against the reference; `inf` when they are equal.
    pub snr_db: Real,
}

impl Tolerance {
    /// Whether the error found is allowed: both are real and not negative, and the tolerance is finite, for an
    /// infinite one would allow anything.
    pub fn holds(&self) -> bool {
        self.tolerance_abs.0.is_finite() && (0.0..=self.tolerance_abs.0).contains(&self.max_abs_error.0)
    }
}

/// The document `checks.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// [`SCHEMA`].
    pub schema: String,
    /// The translator.
    pub product: Tool,
    /// Every tool whose version can matter: Python, NumPy, SciPy, compilers, analysers.
    pub tools: Vec<Tool>,
    /// What was translated, as given on the command line, e.g. `demod` or `script:samples_out`.
    pub entry: String,
    /// Options that change numeric results: `numeric`, `math`, `fma`, ... as given or defaulted.
    pub options: BTreeMap<String, String>,
    /// What confined the user's code.
    pub sandbox: Sandbox,
    /// What was read.
    pub inputs: Vec<Input>,
    /// Errors and tolerances per target and output.
    pub tolerances: Vec<Tolerance>,
    /// The checks.
    pub checks: Vec<Check>,
    /// One claim per target.
    pub claims: Vec<TargetClaim>,
    /// What was not shown of the whole translation.
    pub not_shown: Vec<String>,
}

impl Checks {
    /// A document without checks or claims yet.
    pub fn new(product: Tool, entry: &str, sandbox: Sandbox) -> Self {
        Checks {
            schema: SCHEMA.to_string(),
            product,
            tools: Vec::new(),
            entry: entry.to_string(),
            options: BTreeMap::new(),
            sandbox,
            inputs: Vec::new(),
            tolerances: Vec::new(),
            checks: Vec::new(),
            claims: Vec::new(),
            not_shown: Vec::new(),
        }
    }

    /// Sorts every list whose order carries no meaning, so that parallel work gives the same document.
    pub fn sort(&mut self) {
        self.tools.sort();
        self.inputs.sort();
        self.tolerances.sort_by(|a, b| (&a.target, &a.output).cmp(&(&b.target, &b.output)));
        self.checks.sort_by(|a, b| (&a.target, &a.id).cmp(&(&b.target, &b.id)));
        self.claims.sort_by(|a, b| a.target.cmp(&b.target));
    }

    /// The bytes of `checks.json`: sorted, indented JSON with a final line feed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut sorted = self.clone();
        sorted.sort();
        crate::json_bytes(&sorted)
    }

    /// Reads `checks.json`. A document of another schema is refused, not guessed at.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ChecksError> {
        #[derive(Deserialize)]
        struct Version {
            schema: String,
        }
        let version: Version = serde_json::from_slice(bytes)?;
        if version.schema != SCHEMA {
            return Err(ChecksError::Schema(version.schema));
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// What contradicts itself in the document; empty when nothing does. A bundle with a problem is neither
    /// sealed nor passed, whatever its signature.
    ///
    /// - check ids, claims' targets, inputs' names and (target, output) pairs are unique, ids and targets not empty;
    /// - a verdict other than `pass` gives its reason;
    /// - a claim above `none` has a passing check of its target and no failed one of it or of the whole translation;
    /// - a claim of `tested` or above has a tolerance record of its target, and all of them within tolerance;
    /// - `stressed` has a `mutation_score` among its figures, `proved` a `property`.
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        duplicates(&mut found, "check", self.checks.iter().map(|c| c.id.clone()));
        duplicates(&mut found, "claim of target", self.claims.iter().map(|c| c.target.clone()));
        duplicates(&mut found, "input", self.inputs.iter().map(|i| i.name.clone()));
        duplicates(&mut found, "tolerance", self.tolerances.iter().map(|t| format!("{}:{}", t.target, t.output)));
        for check in &self.checks {
            if check.verdict != Verdict::Pass && check.reason.trim().is_empty() {
                found.push(format!("check {} is {:?} without a reason", check.id, check.verdict));
            }
        }
        for claim in self.claims.iter().filter(|c| c.level > ClaimLevel::None) {
            self.claim_problems(claim, &mut found);
        }
        found
    }

    fn claim_problems(&self, claim: &TargetClaim, found: &mut Vec<String>) {
        let TargetClaim { target, level, .. } = claim;
        let of_target = |c: &&Check| c.target.as_ref() == Some(target);
        if !self.checks.iter().filter(of_target).any(|c| c.verdict == Verdict::Pass) {
            found.push(format!("target {target} is claimed {level} but no check of it passed"));
        }
        for check in self.checks.iter().filter(|c| of_target(c) || c.target.is_none()) {
            if check.verdict == Verdict::Fail {
                found.push(format!("target {target} is claimed {level} but check {} failed", check.id));
            }
        }
        if *level >= ClaimLevel::Tested {
            if !self.tolerances.iter().any(|t| t.target == *target) {
                found.push(format!("target {target} is claimed {level} but no output of it was compared"));
            }
            for t in self.tolerances.iter().filter(|t| t.target == *target && !t.holds()) {
                found.push(format!(
                    "target {target} is claimed {level} but output {} is off by {}, not within {}",
                    t.output, t.max_abs_error, t.tolerance_abs
                ));
            }
        }
        let needed = match level {
            ClaimLevel::Stressed => Some("mutation_score"),
            ClaimLevel::Proved => Some("property"),
            _ => None,
        };
        if let Some(name) = needed.filter(|name| !claim.figures.contains_key(*name)) {
            found.push(format!("target {target} is claimed {level} without the figure {name}"));
        }
    }
}

fn duplicates(found: &mut Vec<String>, what: &str, names: impl Iterator<Item = String>) {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.trim().is_empty() {
            found.push(format!("{what} without a name"));
        } else if !seen.insert(name.clone()) {
            found.push(format!("{what} {name} stands there twice"));
        }
    }
}

/// Why `checks.json` could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ChecksError {
    /// Not JSON, or not of the schema's shape.
    #[error("not a checks document: {0}")]
    Json(#[from] serde_json::Error),
    /// Written to another schema.
    #[error("written to schema {0:?}, this program reads {SCHEMA:?}")]
    Schema(String),
}

#[cfg(test)]
mod tests;
