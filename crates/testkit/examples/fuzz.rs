//! Random programs against CPython: `cargo run -p proofmark-testkit --example fuzz -- [--seed N] [--count K] [--golden]
//! [--keep DIR] [--tries M] [--show]`. Disagreements and crashes are cut down in at most M runs and printed, or written
//! to DIR; `--golden` leaves out C and Rust; `--show` only prints the programs.

use proofmark_testkit::batch::in_parallel;
use proofmark_testkit::fuzz::{fails, keep, minimise, program, run};
use proofmark_testkit::targets::Tools;
use std::collections::BTreeMap;
use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let number = |name: &str, or: u64| value(name).map_or(Ok(or), |v| v.parse());
    let flag = |name: &str| arguments.iter().any(|a| a == name);
    let (first, count) = (number("--seed", 1)?, number("--count", 20)?);
    let tries = number("--tries", 40)? as usize;
    let tools = if flag("--golden") { None } else { Some(Tools::find().map_err(anyhow::Error::msg)?) };
    let seeds: Vec<u64> = (first..first + count).collect();
    if flag("--show") {
        for s in seeds {
            println!("{}", program(s));
        }
        return Ok(());
    }
    let words = in_parallel(&seeds, |seed| {
        let text = program(*seed);
        let verdict = run(&text, tools.as_ref());
        let short: String =
            verdict.to_string().lines().take(3).collect::<Vec<_>>().join(" | ").chars().take(300).collect();
        println!("{seed} {} {short}", verdict.word());
        if fails(&verdict) {
            let text = minimise(&text, tools.as_ref(), tries);
            match value("--keep") {
                Some(folder) => {
                    keep(&PathBuf::from(folder), &format!("seed_{seed}"), &text).unwrap_or_else(|e| eprintln!("{e}"))
                }
                None => println!("{text}"),
            }
        }
        verdict.word()
    });
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for w in words {
        *counts.entry(w).or_default() += 1;
    }
    println!("{counts:?}");
    Ok(())
}
