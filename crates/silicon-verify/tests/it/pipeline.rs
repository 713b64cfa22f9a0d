//! The verification pipeline on hand-written modules: a right translation earns its claim, a wrong one is withheld.

use crate::support;
use proofmark_base::diagnostics::SourceMap;
use proofmark_evidence::check::{Check, ClaimLevel, Figure, Sandbox, Verdict};
use proofmark_evidence::dsse::SecretKey;
use proofmark_silicon::hir;
use proofmark_silicon::translation::{ArgTree, EntryInfo, LeafKind, Numeric, ResultTree, Translation};
use proofmark_silicon_verify::verify::evidence::Evidence;
use proofmark_silicon_verify::verify::pipeline::{Request, Target, verify};
use proofmark_silicon_verify::verify::{bundle, report};

const SOURCE: &str = "import numpy as np\n\ndef scale(x):\n    return 2.5 * x + 0.5\n";
const BENCH: &str = "import numpy as np\nfrom src import scale\n\
rng = np.random.default_rng(1)\nfor n in (100, 64, 33):\n    scale(rng.standard_normal(n))\n";

/// `2.5 * x + 0.5`, with the constants as given.
fn module(gain: &str, offset: &str) -> String {
    format!(
        "module \"scale\"\nlength \"n\" 0 ..\n\
         entry (input \"x\") -> (output \"y\") func \"scale\"(%0 \"x\": float64[$0]) {{\n\
         \x20 %1: float64 = const[float64 {gain}]\n\x20 %2: float64[$0] = mul(%0, %1)\n\
         \x20 %3: float64 = const[float64 {offset}]\n\x20 %4: float64[$0] = add(%2, %3)\n\x20 yield %4\n}}\n"
    )
}

fn evidence(text: &str, kind: LeafKind) -> Evidence {
    let project = support::Project::new(&[("src.py", SOURCE), ("bench.py", BENCH)]);
    let mut oracle = project.start("scale");
    let recording = oracle.record().unwrap();
    let module = hir::parse(text).unwrap();
    let translation = Translation {
        module,
        entries: vec![EntryInfo {
            name: "scale".into(),
            source_name: "scale".into(),
            args: vec![("x".into(), ArgTree::Input { port: "x".into() })],
            draws: vec![],
            result: ResultTree::Output { port: "y".into(), kind },
            covered_calls: vec![0, 1, 2],
            uncovered_calls: vec![],
        }],
        covered_instances: vec![],
        state: vec![],
        unset: None,
    };
    let mut sources = SourceMap::default();
    sources.add("src.py", SOURCE);
    let scratch = tempfile::tempdir().unwrap();
    verify(Request {
        translation: &translation,
        recording: Some(&recording),
        oracle: Some(&mut oracle),
        sources: &sources,
        targets: &[Target::C],
        entry: "scale",
        numeric: Numeric::F64,
        version: "0.0.0",
        sandbox: Sandbox::Bubblewrap,
        scratch: scratch.path(),
        progress: &mut |_| {},
    })
    .unwrap()
}

fn check<'a>(e: &'a Evidence, id: &str) -> &'a Check {
    e.checks.checks.iter().find(|c| c.id == id).unwrap_or_else(|| panic!("no check {id}"))
}

#[test]
fn a_right_translation_earns_its_claim_and_a_bundle_that_verifies() {
    let e = evidence(&module("2.5", "0.5"), LeafKind::Array);
    let failed: Vec<_> = e.checks.checks.iter().filter(|c| c.verdict == Verdict::Fail).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(e.checks.claims[0].level >= ClaimLevel::Tested, "{:#?}", e.checks);
    let generated = &check(&e, "golden.generated");
    assert!(matches!(generated.figures["sequences"], Figure::Number(n) if n.0 >= 10.0), "{generated:?}");
    let key = SecretKey::from_random(&[7; 32]);
    let files = bundle::sealed(&e, &key).unwrap();
    let verified = proofmark_evidence::bundle::verify(&files, &[key.public()]);
    assert!(verified.passed(), "{:?}", verified.findings);
    let text = String::from_utf8(files["report.html"].clone()).unwrap();
    assert!(!text.contains("http://") && !text.contains("https://"), "the report asks for nothing from outside");
    assert_eq!(text, report::html(&e.checks, &e));
}

#[test]
fn a_wrong_constant_is_withheld_with_the_element_that_shows_it() {
    let e = evidence(&module("2.5000001", "0.5"), LeafKind::Array);
    let found = check(&e, "golden.recorded");
    assert_eq!(found.verdict, Verdict::Fail);
    assert!(found.reason.contains("recorded-0, call 0: `y` at element"), "{}", found.reason);
    assert_eq!(e.checks.claims[0].level, ClaimLevel::None);
    assert!(e.generated.is_empty(), "the code is withheld");
}

#[test]
fn a_result_of_another_kind_is_no_agreement() {
    let e = evidence(&module("2.5", "0.5"), LeafKind::List);
    assert_eq!(check(&e, "golden.structure").verdict, Verdict::Fail);
    assert_eq!(e.checks.claims[0].level, ClaimLevel::None);
}
