//! A fixed set of random programs: whatever is not refused agrees everywhere.

use proofmark_testkit::batch::in_parallel;
use proofmark_testkit::corpus::Verdict;
use proofmark_testkit::fuzz::{fails, program, run};
use proofmark_testkit::targets::Tools;

/// Programs of the set; one in five also runs as C and Rust.
const SEEDS: std::ops::Range<u64> = 1..151;

#[test]
fn random_programs_agree() {
    let tools = Tools::find().unwrap();
    let seeds: Vec<u64> = SEEDS.collect();
    let verdicts = in_parallel(&seeds, |s| run(&program(*s), (s % 5 == 0).then_some(&tools)));
    let wrong: Vec<String> = seeds
        .iter()
        .zip(&verdicts)
        .filter(|(_, v)| fails(v))
        .map(|(s, v)| format!("seed {s}: {} {v}\n{}", v.word(), program(*s)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let equal = verdicts.iter().filter(|v| matches!(v, Verdict::Equal { .. })).count();
    assert!(equal * 3 >= seeds.len(), "only {equal} of {} random programs are covered", seeds.len());
}
