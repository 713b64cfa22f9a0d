//! Every way we know to tamper with a bundle, and the finding it gives.

use super::*;
use crate::check::{Check, Verdict};
use crate::sample::{self, key};
use proptest::prelude::*;

fn sealed() -> FileSet {
    seal(sample::files(), &key(1)).unwrap()
}

/// Kinds and paths of what is wrong, as the holder of key 1's public half sees it.
fn wrong(files: &FileSet) -> Vec<(FindingKind, String)> {
    let result = verify(files, &[key(1).public()]);
    assert_eq!(result.passed(), result.findings.is_empty());
    result.findings.into_iter().map(|f| (f.kind, f.path)).collect()
}

/// Signs a statement that `change` has altered: what someone with the key, or a faulty sealer, could do.
fn signed_with(files: &FileSet, change: impl FnOnce(&mut Statement)) -> FileSet {
    let envelope = Envelope::from_bytes(&files[ENVELOPE]).unwrap();
    let mut statement: Statement = serde_json::from_slice(&envelope.unverified_payload().unwrap()).unwrap();
    change(&mut statement);
    let mut files = files.clone();
    files.insert(ENVELOPE.to_string(), dsse::sign(&statement.to_bytes(), &key(1)).to_bytes());
    files
}

#[test]
fn a_sealed_bundle_passes() {
    let files = sealed();
    assert_eq!(files, sealed(), "sealing is deterministic");
    let result = verify(&files, &[key(2).public(), key(1).public()]);
    assert_eq!(result.findings, []);
    assert_eq!(result.trust, Trust::Trusted { signers: vec![key(1).public().keyid()] });
    let subjects: Vec<_> = result.statement.as_ref().unwrap().subject.iter().map(|s| s.name.clone()).collect();
    assert_eq!(subjects, files.keys().filter(|path| *path != ENVELOPE).cloned().collect::<Vec<_>>());
    assert!(result.passed() && result.summary().contains("a key you trust"));
}

#[test]
fn the_embedded_key_shows_integrity_not_origin() {
    let result = verify(&sealed(), &[]);
    assert!(result.passed());
    assert_eq!(result.trust, Trust::Embedded { keyid: key(1).public().keyid() });
    assert!(result.summary().contains("integrity, not origin"));
    // Anybody can reseal; only a trusted key tells.
    let forged = seal(sample::files(), &key(9)).unwrap();
    assert!(verify(&forged, &[]).passed());
    assert_eq!(wrong(&forged), [(FindingKind::Signature, ENVELOPE.to_string())]);
    let result = verify(&forged, &[key(1).public()]);
    assert_eq!((result.trust, result.statement), (Trust::Nobody, None));
    assert_eq!(result.findings[0].found, Some(format!("[{}]", key(9).public().keyid())));
}

#[test]
fn missing_extra_changed_renamed_and_swapped_files_are_found() {
    for path in sealed().keys() {
        let mut files = sealed();
        files.remove(path);
        let kind = match path.as_str() {
            ENVELOPE => FindingKind::Envelope,
            _ => FindingKind::Missing,
        };
        assert!(wrong(&files).contains(&(kind, path.clone())), "{path}");
    }
    let mut files = sealed();
    files.insert("c/more.c".to_string(), vec![]);
    assert_eq!(wrong(&files), [(FindingKind::Extra, "c/more.c".to_string())]);

    let mut files = sealed();
    files.insert("c/gain.h".to_string(), b"#pragma  once\n".to_vec());
    let result = verify(&files, &[key(1).public()]);
    let changed = result.findings.iter().find(|f| f.kind == FindingKind::Changed).unwrap();
    assert_eq!(changed.path, "c/gain.h");
    assert_eq!(changed.expected, Some(format!("sha256 {}", Digest::of(b"#pragma once\n"))));
    assert_eq!(changed.found, Some(format!("sha256 {}", Digest::of(b"#pragma  once\n"))));

    let mut files = sealed();
    let report = files.remove("report.html").unwrap();
    files.insert("report.htm".to_string(), report);
    let expected = [(FindingKind::Missing, "report.html".to_string()), (FindingKind::Extra, "report.htm".to_string())];
    assert_eq!(wrong(&files), expected);

    let mut files = sealed();
    let (a, b) = (files["report.html"].clone(), files["trace.json"].clone());
    files.insert("report.html".to_string(), b);
    files.insert("trace.json".to_string(), a);
    assert_eq!(wrong(&files).len(), 2);
}

#[test]
fn claims_cannot_be_raised() {
    let mut checks = sample::checks();
    checks.claims[0].level = ClaimLevel::Built;
    let mut files = sample::files();
    files.insert(CHECKS.to_string(), checks.to_bytes());
    let files = seal(files, &key(1)).unwrap();
    // In checks.json: its digest and the claim differ from what was signed.
    let mut raised = files.clone();
    raised.insert(CHECKS.to_string(), sample::checks().to_bytes());
    let result = verify(&raised, &[key(1).public()]);
    let claim = result.findings.iter().find(|f| f.message.contains("target c")).unwrap();
    assert_eq!(
        (claim.kind, &claim.expected, &claim.found),
        (FindingKind::Claims, &Some("built".into()), &Some("tested".into()))
    );
    assert!(result.findings.iter().any(|f| f.kind == FindingKind::Changed && f.path == CHECKS));
    // In the statement, by whoever holds the key: it must still say what checks.json says.
    let signed = signed_with(&files, |s| s.predicate.claims[0].level = ClaimLevel::Proved);
    assert_eq!(wrong(&signed), [(FindingKind::Claims, CHECKS.to_string())]);
    let signed = signed_with(&files, |s| s.predicate.claims[0].not_shown.clear());
    assert_eq!(wrong(&signed), [(FindingKind::Claims, CHECKS.to_string())]);
    let signed = signed_with(&files, |s| s.predicate.claims.clear());
    assert_eq!(wrong(&signed), [(FindingKind::Claims, CHECKS.to_string())]);
}

#[test]
fn the_statement_must_be_about_all_of_a_translation() {
    let files = sealed();
    type Change = fn(&mut Statement);
    let changes: [(FindingKind, Change); 8] = [
        (FindingKind::Statement, |s| s.predicate_type = "https://slsa.dev/provenance/v1".to_string()),
        (FindingKind::Statement, |s| s.statement_type = "https://in-toto.io/Statement/v0.1".to_string()),
        (FindingKind::Statement, |s| s.subject.push(s.subject[0].clone())),
        (FindingKind::Extra, |s| drop(s.subject.pop())),
        (FindingKind::Claims, |s| s.predicate.checks_digest.sha256 = Digest::of(b"")),
        (FindingKind::Claims, |s| s.predicate.tools.clear()),
        (FindingKind::Claims, |s| s.predicate.entry.push('x')),
        (FindingKind::Claims, |s| s.predicate.inputs.clear()),
    ];
    for (kind, change) in changes {
        let kinds: Vec<_> = wrong(&signed_with(&files, change)).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [kind]);
    }
    let mut not_json = files.clone();
    not_json.insert(ENVELOPE.to_string(), dsse::sign(b"hello", &key(1)).to_bytes());
    assert_eq!(wrong(&not_json), [(FindingKind::Statement, ENVELOPE.to_string())]);
    assert!(!verify(&not_json, &[key(1).public()]).passed());
}

#[test]
fn the_envelope_has_one_spelling() {
    let mut files = sealed();
    files.get_mut(ENVELOPE).unwrap().push(b' ');
    assert_eq!(wrong(&files), [(FindingKind::Envelope, ENVELOPE.to_string())]);
}

#[test]
fn a_second_signature_is_named_when_its_key_is_unknown() {
    let mut files = sealed();
    let mut envelope = Envelope::from_bytes(&files[ENVELOPE]).unwrap();
    let second = dsse::sign(&envelope.unverified_payload().unwrap(), &key(2));
    envelope.signatures.extend(second.signatures);
    files.insert(ENVELOPE.to_string(), envelope.to_bytes());
    let result = verify(&files, &[key(1).public()]);
    assert!(result.passed());
    assert_eq!(result.unchecked, [key(2).public().keyid().to_string()]);
    let both = verify(&files, &[key(1).public(), key(2).public()]);
    assert_eq!(both.trust, Trust::Trusted { signers: vec![key(1).public().keyid(), key(2).public().keyid()] });
    // The key file may belong to any of the signers, but to one of them it must.
    assert!(verify(&files, &[key(2).public()]).passed());
    envelope.signatures.remove(0);
    files.insert(ENVELOPE.to_string(), envelope.to_bytes());
    assert_eq!(verify(&files, &[key(2).public()]).findings[0].kind, FindingKind::Key);
}

#[test]
fn sealing_refuses_what_verifying_would() {
    let refused = |change: &dyn Fn(&mut FileSet)| -> Vec<FindingKind> {
        let mut files = sample::files();
        change(&mut files);
        seal(files, &key(1)).map_or_else(|e| e.findings.into_iter().map(|f| f.kind).collect(), |_| vec![])
    };
    let with_checks = |change: &dyn Fn(&mut Checks)| -> Vec<FindingKind> {
        let mut checks = sample::checks();
        change(&mut checks);
        refused(&|files| drop(files.insert(CHECKS.to_string(), checks.to_bytes())))
    };
    assert_eq!(refused(&|_| ()), []);
    assert_eq!(refused(&|files| drop(files.remove(CHECKS))), [FindingKind::Checks]);
    assert_eq!(refused(&|files| *files = sealed()), [FindingKind::Envelope; 2]);
    assert_eq!(refused(&|files| drop(files.remove("vectors/x.npy"))), [FindingKind::Checks]);
    assert_eq!(
        refused(&|files| drop(files.insert("sources/gain.py".into(), vec![]))),
        [FindingKind::Checks, FindingKind::Bom]
    );
    assert_eq!(refused(&|files| drop(files.insert("c/gain.c".into(), vec![]))), [FindingKind::Bom]);
    assert_eq!(refused(&|files| drop(files.insert(BOM.into(), vec![]))), [FindingKind::Bom]);
    for path in ["/etc/passwd", "../x", "a/../b", "a//b", "./a", "a\\b", "c:x", "a\nb", "", "C/gain.c"] {
        assert_eq!(refused(&|files| drop(files.insert(path.into(), vec![]))), [FindingKind::Path], "{path:?}");
    }
    assert_eq!(with_checks(&|checks| checks.schema.push('0')), [FindingKind::Checks]);
    assert_eq!(with_checks(&|checks| checks.checks[0].verdict = Verdict::Fail), [FindingKind::Checks; 2]);
    // Withheld means that the output is not in the bundle.
    assert_eq!(with_checks(&|checks| checks.claims[0].level = ClaimLevel::None), [FindingKind::Checks]);
    let other_target = |checks: &mut Checks| {
        checks.checks.push(Check::new("rust.build", "compiles", Verdict::Pass, "").target("rust"));
        checks.claims.push(TargetClaim { target: "rust".into(), level: ClaimLevel::Built, ..checks.claims[0].clone() });
    };
    assert_eq!(with_checks(&other_target), [FindingKind::Checks]);
}

#[test]
fn every_byte_of_every_file_counts() {
    let files = sealed();
    for (path, content) in &files {
        for (i, mask) in (0..content.len()).map(|i| (i, 1 << (i % 8))) {
            let mut flipped = files.clone();
            flipped.get_mut(path).unwrap()[i] ^= mask;
            let result = verify(&flipped, &[key(1).public()]);
            assert!(!result.passed() && result.findings.iter().any(|f| f.path == *path), "{path} byte {i}");
        }
    }
}

proptest! {
    #[test]
    fn any_change_of_any_byte_is_found(
        file: prop::sample::Index, at: prop::sample::Index, mask in 1u8.., trusted: bool,
    ) {
        let mut files = sealed();
        let paths: Vec<String> = files.iter().filter(|(_, c)| !c.is_empty()).map(|(p, _)| p.clone()).collect();
        let content = files.get_mut(&paths[file.index(paths.len())]).unwrap();
        let at = at.index(content.len());
        content[at] ^= mask;
        let keys: Vec<PublicKey> = trusted.then(|| key(1).public()).into_iter().collect();
        prop_assert!(!verify(&files, &keys).passed());
    }

    #[test]
    fn truncating_or_extending_any_file_is_found(file: prop::sample::Index, cut: prop::sample::Index, more: Option<u8>) {
        let mut files = sealed();
        let paths: Vec<String> = files.keys().cloned().collect();
        let content = files.get_mut(&paths[file.index(paths.len())]).unwrap();
        match more {
            None if content.is_empty() => content.push(0),
            None => content.truncate(cut.index(content.len())),
            Some(byte) => content.push(byte),
        }
        prop_assert!(!verify(&files, &[key(1).public()]).passed());
    }

    #[test]
    fn verifying_never_panics(
        files in prop::collection::btree_map("(checks.json|bom.cdx.json|statement.dsse.json|statement.key|.{0,6})",
                                             prop::collection::vec(any::<u8>(), 0..40), 0..6),
    ) {
        prop_assert!(!verify(&files, &[]).passed());
    }
}
