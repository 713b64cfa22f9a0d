//! A block form agrees with the whole call however it is cut; one that does not is noticed and withheld.

use super::*;
use crate::verify::golden::Judged;
use crate::verify::trace::Trace;
use proofmark_evidence::check::{Sandbox, Tool};
use proofmark_silicon::hir::ResultRole;
use proofmark_silicon::interp::Machine;

/// A FIR of 64 taps.
fn fir(dtype: &str) -> Checked<Module> {
    let taps: Vec<String> = (0..64).map(|k| format!("{:?}", 0.5 / (k + 1) as f64)).collect();
    let text = format!(
        "module \"fir\"\nlength \"n\" 1 ..\ntable \"h\" {dtype}[64] \"taps\" [{}]\n\
         entry (input \"x\") -> (output \"y\") func \"fir\"(%0: {dtype}[$0]) {{\n\
         \x20 %1: {dtype}[64] = table[0]\n  %2: int64 = const[int64 0]\n\
         \x20 %3: {dtype}[$0] = fir[1, 1](%0, %1, %2)\n  yield %3\n}}\n",
        taps.join(", ")
    );
    hir::check(hir::parse(&text).unwrap()).unwrap()
}

fn translation(module: &Module) -> Translation {
    let info = EntryInfo {
        name: "fir".into(),
        source_name: "fir".into(),
        args: Vec::new(),
        draws: Vec::new(),
        result: ResultTree::None,
        covered_calls: Vec::new(),
        uncovered_calls: Vec::new(),
    };
    Translation {
        module: module.clone(),
        entries: vec![info],
        covered_instances: Vec::new(),
        state: Vec::new(),
        unset: None,
    }
}

fn with_vectors<R>(module: &Checked<Module>, f: impl FnOnce(&Vectors<'_>) -> R) -> R {
    let t = translation(module);
    let sequences = crate::verify::generate::synthetic(&t);
    let mut machine = Machine::new(module);
    let mut judge = |s| Judged {
        trail: golden::run(&mut machine, &t, s),
        expected: vec![None],
        tolerances: vec![Default::default()],
        stop_moves: vec![false],
    };
    let judged: Vec<Judged> = sequences.iter().map(&mut judge).collect();
    f(&Vectors { t: &t, sequences: &sequences, judged: &judged, recorded: sequences.len(), has_reference: false })
}

/// What the C target makes of forms.
fn part_of_c(forms: &[Form], scratch: &Path) -> Part {
    let mut part = Part::new(Target::C);
    on_target(Target::C, forms, &SourceMap::default(), scratch, &mut part);
    part
}

fn checks() -> Checks {
    Checks::new(Tool { name: "proofmark".into(), version: "0".into() }, "fir", Sandbox::NotUsed)
}

fn evidence() -> Evidence {
    Evidence {
        checks: checks(),
        sources: Vec::new(),
        generated: Vec::new(),
        withheld: Vec::new(),
        files: Default::default(),
        trace: Trace::default(),
        comparisons: Vec::new(),
        blocks: Vec::new(),
        mutation: None,
    }
}

/// The block form of the FIR with its history never kept: right on whole arrays, wrong in blocks.
fn forgetful(block: &Block) -> Checked<Module> {
    let mut module = (*block.module).clone();
    let e = &mut module.entries[0];
    let state = |role: &ParamRole| matches!(role, ParamRole::State(1));
    let before = e.func.body.params[e.params.iter().position(state).unwrap()];
    let result = e.results.iter().position(|r| matches!(r, ResultRole::State(1))).unwrap();
    e.func.body.results[result] = before;
    hir::check(module).unwrap()
}

fn made(form: &Form) -> &Block {
    match &form.made {
        Made::Block(b) => b,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_block_form_agrees_however_it_is_cut() {
    let module = fir("float64");
    let mut forms = forms(&module, &SourceMap::default());
    let mut checks = checks();
    with_vectors(&module, |all| golden(&mut forms, all, &mut checks));
    assert_eq!((checks.checks[0].id.as_str(), checks.checks[0].verdict), ("golden.blocks", Verdict::Pass));
    let block = made(&forms[0]);
    for how in ["uneven blocks", "single samples", "blocks of 3", "a block longer than the input"] {
        assert!(block.runs.iter().any(|r| r.name.ends_with(how)), "{how}");
    }
    assert!(block.runs.iter().map(|r| r.calls.len()).sum::<usize>() > 200);
}

#[test]
fn every_way_of_cutting_takes_every_sample_once() {
    for n in [0, 1, 2, 7, 63, 500, 38_400] {
        for seed in 0..20 {
            for (how, sizes) in cuts(n, seed, false) {
                assert_eq!(sizes.iter().sum::<usize>(), n, "{how}");
                assert!(sizes.len() <= MOST_BLOCKS + 2, "{how} of {n}: {} blocks", sizes.len());
            }
        }
    }
    let sizes = uneven(38_400, 3);
    assert!(sizes.contains(&0) && sizes.contains(&1) && sizes.contains(&127) && sizes.iter().any(|s| *s > 1000));
}

#[test]
fn a_block_form_that_forgets_is_withheld() {
    let module = fir("float64");
    let mut forms = forms(&module, &SourceMap::default());
    let broken = Block::of(forgetful(made(&forms[0])), "fir", 1).unwrap();
    forms[0].made = Made::Block(Box::new(broken));
    let mut evidence = evidence();
    with_vectors(&module, |all| golden(&mut forms, all, &mut evidence.checks));
    let check = &evidence.checks.checks[0];
    assert_eq!((check.id.as_str(), check.verdict), ("golden.blocks", Verdict::Inconclusive));
    assert!(check.reason.contains("differs at element") && check.reason.contains("withheld"), "{}", check.reason);
    assert!(evidence.checks.not_shown[0].contains("withheld"));
    let scratch = tempfile::tempdir().unwrap();
    let part = part_of_c(&forms, scratch.path());
    assert!(part.generated.is_empty() && part.checks.is_empty(), "nothing of it is given out");
    let said = summary(&forms, &evidence);
    assert!(said[0].withheld[0].contains("differs at element") && said[0].name.is_none());
    let (modules, manifest) = documents(&forms, &proofmark_silicon::lower::lower(&module).unwrap(), &evidence);
    assert!(modules.is_empty() && manifest.contains("withheld"), "{manifest}");
}

#[test]
fn code_that_does_something_else_in_blocks_fails_the_target() {
    let module = fir("float64");
    let mut right = forms(&module, &SourceMap::default());
    with_vectors(&module, |all| golden(&mut right, all, &mut checks()));
    let scratch = tempfile::tempdir().unwrap();
    let part = part_of_c(&right, scratch.path());
    let check = part.checks.last().unwrap();
    assert_eq!((check.id.as_str(), check.verdict), ("c.blocks", Verdict::Pass), "{}", check.reason);
    assert!(part.generated.iter().any(|(p, _)| p == "c/fir_block/fir_block.c"));

    // the code is printed from another program than the one that the golden model ran
    let broken = Block::of(forgetful(made(&right[0])), "fir", 1).unwrap();
    let Made::Block(block) = &mut right[0].made else { panic!() };
    block.program = broken.program;
    let part = part_of_c(&right, scratch.path());
    let check = part.checks.last().unwrap();
    assert_eq!((check.verdict, check.target.as_deref()), (Verdict::Fail, Some("c")));
    assert!(check.reason.contains("differs at element"), "{}", check.reason);
    assert!(part.generated.is_empty());
}

#[test]
fn forms_that_were_kept_run_as_before() {
    let module = fir("float64");
    let sources = SourceMap::default();
    with_vectors(&module, |all| {
        let mut before = forms(&module, &sources);
        golden(&mut before, all, &mut checks());
        let runs = |form: &Form| format!("{:?}", (&made(form).runs, &made(form).golden));
        let text = runs(&before[0]);
        let bytes = serde_json::to_string(&stored(before)).unwrap();
        let kept = || serde_json::from_str::<Vec<StoredForm>>(&bytes).unwrap();
        let after = restored(&module, &sources, all, kept()).unwrap();
        assert_eq!(runs(&after[0]), text);
        let fewer = Vectors { sequences: &all.sequences[..1], judged: &all.judged[..1], ..*all };
        assert!(restored(&module, &sources, &fewer, kept()).is_none(), "runs of vectors that are not there");
        assert!(restored(&module, &sources, all, Vec::new()).is_none());
    });
}

#[test]
fn a_fir_of_64_taps_needs_no_heap_and_less_than_1_kb_of_state() {
    for (dtype, expected) in [("float32", 8 + 63 * 4), ("float64", 8 + 63 * 8)] {
        let module = fir(dtype);
        let forms = forms(&module, &SourceMap::default());
        let (_, manifest) = documents(&forms, &proofmark_silicon::lower::lower(&module).unwrap(), &evidence());
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let form = &manifest["entries"][0]["block"]["form"];
        let bytes = form["state"]["bytes"].as_u64().unwrap();
        assert_eq!(bytes, expected, "the sample count and 63 samples");
        assert!(bytes < 1000);
        assert_eq!((&form["name"], &form["least_samples"]), (&"fir_block".into(), &1.into()));
        assert!(form["entries"][0]["stack_bytes"].as_u64().is_some());
        assert_eq!(form["rom_bytes"], if dtype == "float32" { 256 } else { 512 });
        let block = made(&forms[0]);
        let code = pipeline::emit(Target::C, &block.program, &block.module).unwrap().files.files;
        for word in ["alloc(", "alloca(", "free(", "stdlib.h"] {
            assert!(code.values().all(|text| !text.contains(word)), "{word}");
        }
    }
}

#[test]
fn what_has_no_block_form_says_why() {
    let text = "module \"mean\"\nlength \"n\" 1 ..\n\
                entry (input \"x\") -> (output \"y\") func \"mean\"(%0: float64[$0]) {\n\
                \x20 %1: float64 = reduce_sum[0](%0)\n  %2: float64[$0] = sub(%0, %1)\n  yield %2\n}\n";
    let module = hir::check(hir::parse(text).unwrap()).unwrap();
    let mut forms = forms(&module, &SourceMap::default());
    let mut checks = checks();
    with_vectors(&fir("float64"), |all| golden(&mut forms, all, &mut checks));
    assert_eq!(checks.checks[0].verdict, Verdict::Skipped);
    assert!(checks.checks[0].reason.contains("a sum over the time axis"), "{}", checks.checks[0].reason);
    let (_, manifest) = documents(&forms, &proofmark_silicon::lower::lower(&module).unwrap(), &evidence());
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert!(manifest["entries"][0]["block"]["form"].is_null());
    assert_eq!(manifest["entries"][0]["block"]["reasons"][0], "a sum over the time axis");
}
