//! A small complete bundle, for the tests of this crate.

use crate::FileSet;
use crate::check::{Check, Checks, ClaimLevel, Figures, Input, Sandbox, TargetClaim, Tolerance, Tool, Verdict};
use crate::dsse::SecretKey;
use proofmark_base::digest::Digest;

const SOURCE: &[u8] = b"def gain(x):\n    return 2.0 * x\n";

pub(crate) fn key(n: u8) -> SecretKey {
    SecretKey::from_random(&[n; 32])
}

fn tool(name: &str, version: &str) -> Tool {
    Tool { name: name.to_string(), version: version.to_string() }
}

pub(crate) fn checks() -> Checks {
    let mut checks = Checks::new(tool("proofmark", "0.1.0"), "gain", Sandbox::Bubblewrap);
    checks.tools = vec![tool("python", "3.11.2"), tool("gcc", "12.2.0")];
    checks.options.insert("numeric".to_string(), "f64".to_string());
    checks.inputs.push(Input {
        name: "gain.py".to_string(),
        sha256: Digest::of(SOURCE),
        path: Some("sources/gain.py".to_string()),
    });
    checks.tolerances.push(Tolerance {
        target: "c".to_string(),
        output: "y".to_string(),
        tolerance_abs: 1e-15.into(),
        derivation: "one product: half an ulp of 2.0 * max|x|".to_string(),
        max_abs_error: 0.0.into(),
        max_rel_error: 0.0.into(),
        snr_db: f64::INFINITY.into(),
    });
    checks.checks = vec![
        Check::new("c.vectors", "agrees on the bench's vectors", Verdict::Pass, "")
            .target("c")
            .figure("vectors", 1.0)
            .support("vectors/x.npy"),
        Check::new("c.build.gcc", "compiles without a warning", Verdict::Pass, "").target("c"),
        Check::new("c.eva", "Frama-C EVA", Verdict::Skipped, "frama-c is not installed").target("c"),
    ];
    checks.claims.push(TargetClaim {
        target: "c".to_string(),
        level: ClaimLevel::Tested,
        figures: Figures::from([("snr_db".to_string(), f64::INFINITY.into())]),
        not_shown: vec!["freedom from run-time errors for all inputs".to_string()],
    });
    checks.not_shown.push("behaviour on other lengths than the bench's".to_string());
    checks
}

pub(crate) fn generated() -> FileSet {
    [("c/gain.c", "void gain(void);\n"), ("c/gain.h", "#pragma once\n"), ("c/empty.txt", "")]
        .map(|(path, text)| (path.to_string(), text.as_bytes().to_vec()))
        .into()
}

/// All of the bundle's files but key and envelope.
pub(crate) fn files() -> FileSet {
    let checks = checks();
    let mut files = generated();
    let bom = crate::sbom::bill_of_materials(&checks, &files);
    let mut add = |path: &str, bytes: &[u8]| files.insert(path.to_string(), bytes.to_vec());
    add("bom.cdx.json", &bom);
    add("checks.json", &checks.to_bytes());
    add("sources/gain.py", SOURCE);
    add("vectors/x.npy", b"\x93NUMPY\x01\x00");
    add("trace.json", b"{}\n");
    add("manifest.json", b"{}\n");
    add("report.html", b"<!doctype html>\n");
    files
}
