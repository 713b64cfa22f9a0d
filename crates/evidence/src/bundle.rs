//! The evidence bundle: a file set sealed by one signed statement over all of its files, and its verification,
//! which needs nothing but the bundle and, to know its origin, a public key. See `docs/evidence-bundle.md`.

use crate::FileSet;
use crate::check::{Checks, ClaimLevel, TargetClaim};
use crate::dsse::{self, DsseError, Envelope, PublicKey, SecretKey};
use crate::sbom;
use crate::statement::{PREDICATE_TYPE, Predicate, STATEMENT_TYPE, Statement};
use proofmark_base::digest::Digest;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The checks document; no bundle is without it.
pub const CHECKS: &str = "checks.json";
/// The bill of materials.
pub const BOM: &str = "bom.cdx.json";
/// The signed statement: the only file it does not cover.
pub const ENVELOPE: &str = "statement.dsse.json";
/// The public key the statement was signed with.
pub const KEY: &str = "statement.key";

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The envelope is missing or malformed.
    Envelope,
    /// The signature does not hold, or is by nobody trusted.
    Signature,
    /// `statement.key` is missing, malformed or another key.
    Key,
    /// The signed payload is not a statement about a translation.
    Statement,
    /// A file the statement names is not there.
    Missing,
    /// A file is there that the statement does not name.
    Extra,
    /// A file's bytes are not those that were signed.
    Changed,
    /// A path that could leave the bundle's folder or collide with another.
    Path,
    /// `checks.json` is missing, unreadable, contradicts itself or the files of the bundle.
    Checks,
    /// `checks.json` and the statement say different things.
    Claims,
    /// The bill of materials does not fit the files.
    Bom,
}

/// One thing that is wrong with a bundle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What kind.
    pub kind: FindingKind,
    /// The file it is about.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What should be there, where that can be said.
    pub expected: Option<String>,
    /// What is there.
    pub found: Option<String>,
}

impl Finding {
    fn new(kind: FindingKind, path: &str, message: impl Into<String>) -> Self {
        Finding { kind, path: path.to_string(), message: message.into(), expected: None, found: None }
    }

    fn differs(mut self, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        (self.expected, self.found) = (Some(expected.to_string()), Some(found.to_string()));
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        match (&self.expected, &self.found) {
            (Some(expected), Some(found)) => write!(f, ": expected {expected}, found {found}"),
            _ => Ok(()),
        }
    }
}

/// Why a file set was not sealed.
#[derive(Debug, thiserror::Error)]
#[error("the bundle cannot be sealed: {}", .findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("; "))]
pub struct SealError {
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Whose signature held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Trust {
    /// Keys the caller trusts: the bundle is whole and comes from their holders.
    Trusted {
        /// Their key ids.
        signers: Vec<Digest>,
    },
    /// The key in the bundle itself: the bundle is whole, but anybody can have made it.
    Embedded {
        /// Its key id.
        keyid: Digest,
    },
    /// None held.
    Nobody,
}

/// The outcome of verifying a bundle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verification {
    /// Everything that is wrong, sorted.
    pub findings: Vec<Finding>,
    /// Whose signature held.
    pub trust: Trust,
    /// Key ids of signatures that were not checked because their keys are not known.
    pub unchecked: Vec<String>,
    /// What was signed; present only when its signature held.
    pub statement: Option<Statement>,
}

impl Verification {
    /// Whether a signature held and nothing is wrong. [`Verification::trust`] tells what that shows.
    pub fn passed(&self) -> bool {
        self.findings.is_empty() && self.trust != Trust::Nobody && self.statement.is_some()
    }

    /// What was shown, in one sentence, to be printed whatever else is.
    pub fn summary(&self) -> String {
        let signed = |keys: &[Digest]| keys.iter().map(Digest::to_string).collect::<Vec<_>>().join(", ");
        if !self.passed() {
            return format!("the bundle is NOT verified: {} finding(s)", self.findings.len());
        }
        match &self.trust {
            Trust::Trusted { signers } => {
                format!("the bundle is whole and signed by a key you trust: {}", signed(signers))
            }
            Trust::Embedded { keyid } => format!(
                "the bundle is whole: it agrees with the key inside it, {keyid}. This shows integrity, not origin: \
                 anybody could have made and signed it. Give a public key you trust to check who did"
            ),
            Trust::Nobody => "the bundle is NOT verified: no signature held".to_string(),
        }
    }
}

/// Adds the public key and the signed statement to the files of a translation. What the statement says is taken
/// from `checks.json`. Refuses a set that [`verify`] would find something wrong with, and one already sealed.
pub fn seal(mut files: FileSet, key: &SecretKey) -> Result<FileSet, SealError> {
    let mut findings = Vec::new();
    for path in [ENVELOPE, KEY] {
        if files.contains_key(path) {
            findings.push(Finding::new(FindingKind::Envelope, path, "is made by sealing, and already there"));
        }
    }
    let checks = check_contents(&files, &mut findings);
    let (Some(checks), true) = (checks, findings.is_empty()) else {
        findings.sort();
        return Err(SealError { findings });
    };
    files.insert(KEY.to_string(), key.public().to_file().into_bytes());
    let statement = Statement::new(&files, Predicate::of(&checks, &files[CHECKS]));
    files.insert(ENVELOPE.to_string(), dsse::sign(&statement.to_bytes(), key).to_bytes());
    Ok(files)
}

/// Verifies a bundle: the signature, that every file is the signed one with none missing and none added, and that
/// checks, claims and bill of materials agree with the statement, the files and themselves.
///
/// `files` must hold all files of the bundle's folder. With no trusted key, the key in the bundle is used, and the
/// result says that this shows integrity, not origin. After a bad signature it goes on, to tell what was changed.
pub fn verify(files: &FileSet, trusted: &[PublicKey]) -> Verification {
    let mut findings = Vec::new();
    let mut result = Verification { findings: vec![], trust: Trust::Nobody, unchecked: vec![], statement: None };
    let checks = check_contents(files, &mut findings);
    let embedded = embedded_key(files, &mut findings);
    if let Some(envelope) = envelope(files, &mut findings) {
        if let Some(key) = &embedded {
            let keyid = key.keyid().to_string();
            if !envelope.signatures.iter().any(|s| s.keyid == keyid) {
                let named: Vec<&str> = envelope.signatures.iter().map(|s| s.keyid.as_str()).collect();
                let finding = Finding::new(FindingKind::Key, KEY, "is not the key of any signature");
                findings.push(finding.differs(format!("one of [{}]", named.join(", ")), keyid));
            }
        }
        let own: Vec<PublicKey> = embedded.into_iter().collect();
        let keys = if trusted.is_empty() { &own } else { trusted };
        let payload = match envelope.verify(keys) {
            Ok(verified) => {
                result.trust = match verified.signers.first() {
                    Some(keyid) if trusted.is_empty() => Trust::Embedded { keyid: *keyid },
                    _ => Trust::Trusted { signers: verified.signers },
                };
                result.unchecked = verified.unchecked;
                Some(verified.payload)
            }
            Err(error) => {
                findings.push(signature_finding(&error, keys));
                envelope.unverified_payload().ok()
            }
        };
        if let Some(statement) = payload.and_then(|payload| statement(&payload, &mut findings)) {
            compare_files(&statement, files, &mut findings);
            if let Some(checks) = checks {
                compare_claims(&statement.predicate, &Predicate::of(&checks, &files[CHECKS]), &mut findings);
            }
            result.statement = (result.trust != Trust::Nobody).then_some(statement);
        }
    }
    findings.sort();
    findings.dedup();
    result.findings = findings;
    result
}

fn signature_finding(error: &DsseError, keys: &[PublicKey]) -> Finding {
    let finding = Finding::new(FindingKind::Signature, ENVELOPE, error.to_string());
    match error {
        DsseError::UnknownKey { found } => {
            let expected: Vec<String> = keys.iter().map(|key| key.keyid().to_string()).collect();
            finding.differs(format!("one of [{}]", expected.join(", ")), format!("[{}]", found.join(", ")))
        }
        _ => finding,
    }
}

fn embedded_key(files: &FileSet, findings: &mut Vec<Finding>) -> Option<PublicKey> {
    let Some(bytes) = files.get(KEY) else {
        findings.push(Finding::new(FindingKind::Key, KEY, "is missing"));
        return None;
    };
    match std::str::from_utf8(bytes)
        .map_err(|e| e.to_string())
        .and_then(|t| PublicKey::from_file(t).map_err(|e| e.to_string()))
    {
        Ok(key) => Some(key),
        Err(error) => {
            findings.push(Finding::new(FindingKind::Key, KEY, error));
            None
        }
    }
}

fn envelope(files: &FileSet, findings: &mut Vec<Finding>) -> Option<Envelope> {
    let Some(bytes) = files.get(ENVELOPE) else {
        findings.push(Finding::new(FindingKind::Envelope, ENVELOPE, "is missing: the bundle is not signed"));
        return None;
    };
    match Envelope::from_bytes(bytes) {
        Ok(envelope) => {
            // Nothing signs the envelope's own white space and escapes, so only one spelling is accepted.
            if envelope.to_bytes() != *bytes {
                findings.push(Finding::new(FindingKind::Envelope, ENVELOPE, "is not in its canonical form"));
            }
            Some(envelope)
        }
        Err(error) => {
            findings.push(Finding::new(FindingKind::Envelope, ENVELOPE, error.to_string()));
            None
        }
    }
}

fn statement(payload: &[u8], findings: &mut Vec<Finding>) -> Option<Statement> {
    let kind = FindingKind::Statement;
    let statement: Statement = match serde_json::from_slice(payload) {
        Ok(statement) => statement,
        Err(error) => {
            findings.push(Finding::new(kind, ENVELOPE, format!("the payload is not a statement: {error}")));
            return None;
        }
    };
    for (field, expected, found) in [
        ("_type", STATEMENT_TYPE, &statement.statement_type),
        ("predicateType", PREDICATE_TYPE, &statement.predicate_type),
    ] {
        if expected != found {
            findings.push(Finding::new(kind, ENVELOPE, format!("{field} is another")).differs(expected, found));
        }
    }
    Some(statement)
}

/// The files are exactly the statement's subjects, byte for byte.
fn compare_files(statement: &Statement, files: &FileSet, findings: &mut Vec<Finding>) {
    let mut signed = BTreeMap::new();
    for subject in &statement.subject {
        if signed.insert(subject.name.as_str(), subject.digest.sha256).is_some() {
            findings.push(Finding::new(FindingKind::Statement, ENVELOPE, format!("names {} twice", subject.name)));
        }
    }
    for (path, expected) in &signed {
        match files.get(*path).map(|bytes| Digest::of(bytes)) {
            None => {
                let finding = Finding::new(FindingKind::Missing, path, "is missing");
                findings.push(finding.differs(format!("sha256 {expected}"), "no file"));
            }
            Some(found) if found != *expected => {
                let finding = Finding::new(FindingKind::Changed, path, "is not the signed file");
                findings.push(finding.differs(format!("sha256 {expected}"), format!("sha256 {found}")));
            }
            Some(_) => {}
        }
    }
    for (path, bytes) in files.iter().filter(|(path, _)| *path != ENVELOPE && !signed.contains_key(path.as_str())) {
        let finding = Finding::new(FindingKind::Extra, path, "is not part of the signed bundle");
        findings.push(finding.differs("no file", format!("sha256 {}", Digest::of(bytes))));
    }
}

/// The statement says what `checks.json` says.
fn compare_claims(signed: &Predicate, actual: &Predicate, findings: &mut Vec<Finding>) {
    let finding = |message: String| Finding::new(FindingKind::Claims, CHECKS, message);
    let (expected, found) = (signed.checks_digest.sha256, actual.checks_digest.sha256);
    if expected != found {
        let finding = finding("is not the document the statement names".to_string());
        findings.push(finding.differs(format!("sha256 {expected}"), format!("sha256 {found}")));
    }
    if signed.claims != actual.claims {
        let by_target = |claims: &[TargetClaim]| -> BTreeMap<String, TargetClaim> {
            claims.iter().map(|claim| (claim.target.clone(), claim.clone())).collect()
        };
        let (signed, actual) = (by_target(&signed.claims), by_target(&actual.claims));
        let before = findings.len();
        for target in signed.keys().chain(actual.keys()).collect::<BTreeSet<_>>() {
            let (expected, found) = (signed.get(target), actual.get(target));
            if expected != found {
                let level = |c: Option<&TargetClaim>| c.map_or("no claim".to_string(), |c| c.level.to_string());
                let same = expected.map(|c| c.level) == found.map(|c| c.level);
                let what = if same { " (same level, other figures or limits)" } else { "" };
                let message = format!("the claim of target {target} is not the signed one{what}");
                findings.push(finding(message).differs(level(expected), level(found)));
            }
        }
        if findings.len() == before {
            findings.push(finding("the claims are not in the signed order, or one stands there twice".to_string()));
        }
    }
    for (what, same) in [
        ("product", signed.product == actual.product),
        ("entry", signed.entry == actual.entry),
        ("inputs", signed.inputs == actual.inputs),
        ("tools", signed.tools == actual.tools),
    ] {
        if !same {
            findings.push(finding(format!("{what}: not what the statement says")));
        }
    }
}

/// What must hold of the files whether they are signed or not.
fn check_contents(files: &FileSet, findings: &mut Vec<Finding>) -> Option<Checks> {
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    for path in files.keys() {
        if let Some(problem) = path_problem(path) {
            findings.push(Finding::new(FindingKind::Path, path, problem));
        }
        if let Some(other) = folded.insert(path.to_lowercase(), path) {
            let message = format!("differs from {other} only in letter case, which not every file system keeps apart");
            findings.push(Finding::new(FindingKind::Path, path, message));
        }
    }
    if let Some(bytes) = files.get(BOM) {
        check_bom(bytes, files, findings);
    }
    let kind = FindingKind::Checks;
    let Some(bytes) = files.get(CHECKS) else {
        findings.push(Finding::new(kind, CHECKS, "is missing"));
        return None;
    };
    let checks = match Checks::from_bytes(bytes) {
        Ok(checks) => checks,
        Err(error) => {
            findings.push(Finding::new(kind, CHECKS, error.to_string()));
            return None;
        }
    };
    findings.extend(checks.problems().into_iter().map(|problem| Finding::new(kind, CHECKS, problem)));
    for check in &checks.checks {
        for path in check.supports.iter().filter(|path| !files.contains_key(*path)) {
            findings.push(Finding::new(kind, path, format!("supports check {}, and is missing", check.id)));
        }
    }
    for input in &checks.inputs {
        let Some(path) = &input.path else { continue };
        let found = files.get(path).map(|bytes| Digest::of(bytes));
        if found != Some(input.sha256) {
            let finding = Finding::new(kind, path, format!("is not the input {}", input.name));
            findings.push(finding.differs(input.sha256, found.map_or("no file".to_string(), |d| d.to_string())));
        }
    }
    for claim in &checks.claims {
        let folder = format!("{}/", claim.target);
        let mut made = files.keys().filter(|path| path.starts_with(&folder));
        match (claim.level, made.next()) {
            (ClaimLevel::None, Some(path)) => {
                let message = format!("nothing is claimed of target {}, so its output must be withheld", claim.target);
                findings.push(Finding::new(kind, path, message));
            }
            (level, None) if level > ClaimLevel::None => {
                let message = format!("target {} is claimed {level}, and has no files", claim.target);
                findings.push(Finding::new(kind, &folder, message));
            }
            _ => {}
        }
    }
    Some(checks)
}

fn check_bom(bytes: &[u8], files: &FileSet, findings: &mut Vec<Finding>) {
    match sbom::listed_files(bytes) {
        Ok(listed) => {
            for (path, expected) in listed {
                let found = files.get(&path).map_or("no file".to_string(), |bytes| Digest::of(bytes).to_string());
                if found != expected {
                    let finding = Finding::new(FindingKind::Bom, &path, "is not the file in the bill of materials");
                    findings.push(finding.differs(expected, found));
                }
            }
        }
        Err(error) => findings.push(Finding::new(FindingKind::Bom, BOM, format!("is unreadable: {error}"))),
    }
}

/// Why a path may not stand in a bundle: paths are relative, `/`-separated, and mean the same file everywhere.
fn path_problem(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        Some("is an absolute path")
    } else if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        Some("has an empty part, `.` or `..` in its path")
    } else if path.contains(|c: char| c == '\\' || c == ':' || c.is_control()) {
        Some("has a backslash, a colon or a control character in its path")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
