//! What a translation costs without Python and compilers: time of the translator's own stages and memory of its process,
//! and as a ratio the time that gcc takes to compile the C that comes out.
//!
//! `cargo run --release -p proofmark-testkit --example translate -- [FILE ENTRY [BENCH]]`; without arguments, all examples.

use proofmark_silicon_verify::oracle::Limits;
use proofmark_testkit::batch::{Example, examples};
use proofmark_testkit::corpus::{Case, prepare};
use proofmark_testkit::stages::{Stages, stages};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Translations of a program; the first one is reported, and the spread of them all.
const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [file, entry, bench @ ..] = args.as_slice() {
        let work = {
            let (file, entry) = (PathBuf::from(file).canonicalize()?, entry.clone());
            let bench = bench.first().map(|b| PathBuf::from(b).canonicalize()).transpose()?;
            move || one(&file, &entry, bench.as_deref())
        };
        // the front end follows the nesting of the program
        let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(work)?;
        return thread.join().map_err(|_| anyhow::anyhow!("the translator panicked"))?;
    }
    println!(
        "{:24} {:>5} {:>6} {:>9} {:>9} {:>7} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "program",
        "lines",
        "C",
        "front end",
        "passes",
        "lower",
        "blocks",
        "printing",
        "sum (ms)",
        "spread",
        "gcc -O2",
        "peak MB"
    );
    for Example { name, entry, program, bench } in examples().map_err(anyhow::Error::msg)? {
        // a process each, so that its peak of memory is its own
        let status = Command::new(std::env::current_exe()?).arg(&program).arg(&entry).arg(&bench).status()?;
        anyhow::ensure!(status.success(), "{name} failed");
    }
    Ok(())
}

fn one(file: &Path, entry: &str, bench: Option<&Path>) -> anyhow::Result<()> {
    let root = file.parent().unwrap_or(file);
    let case = prepare(file, bench, root, entry, Limits::default(), true)?;
    let Case { recording, mut oracle, options, outcome } = case;
    drop(outcome);
    let base = memory("VmRSS");
    let mut first: Option<Stages> = None;
    let mut sums: Vec<Duration> = Vec::new();
    for _ in 0..ROUNDS {
        let made = stages(&recording, &mut oracle, &options).map_err(anyhow::Error::msg)?;
        sums.push(made.total());
        first.get_or_insert(made);
    }
    let Some(first) = first else { anyhow::bail!("nothing was translated") };
    let peak = memory("VmHWM");
    let ms = |d: Duration| d.as_secs_f64() * 1e3;
    let gcc = compile(&first)?;
    let lines = |text: &str| text.lines().count();
    let c = first.texts.iter().find(|(name, _)| name.starts_with("c/") && name.ends_with(".c"));
    print!(
        "{:24} {:5} {:6}",
        file.file_stem().unwrap_or_default().to_string_lossy(),
        lines(&std::fs::read_to_string(file)?),
        c.map_or(0, |(_, t)| lines(t))
    );
    for ((_, time), width) in first.times.iter().zip([9, 9, 7, 9, 9]) {
        print!(" {:width$.1}", ms(*time));
    }
    let (least, most) =
        (sums.iter().min().copied().unwrap_or_default(), sums.iter().max().copied().unwrap_or_default());
    println!(
        " {:9.1} {:>9} {:8.2} {:8.0}   ({} questions to Python; {base:.0} MB before)",
        ms(first.total()),
        format!("{:.0}-{:.0}", ms(least), ms(most)),
        gcc.as_secs_f64() / first.total().as_secs_f64(),
        peak,
        first.questions,
    );
    Ok(())
}

/// Time of `gcc -O2` on the C of the whole program.
fn compile(made: &Stages) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir()?;
    let mut source = None;
    for (name, text) in &made.texts {
        let Some(name) = name.strip_prefix("c/").filter(|n| *n != "driver") else { continue };
        let path = folder.path().join(name);
        std::fs::write(&path, text)?;
        if name.ends_with(".c") {
            source = Some(path);
        }
    }
    let Some(source) = source else { anyhow::bail!("no C came out") };
    let start = Instant::now();
    let status = Command::new("gcc")
        .args(["-std=c99", "-O2", "-c", "-o"])
        .arg(folder.path().join("o.o"))
        .arg(source)
        .status()?;
    anyhow::ensure!(status.success(), "gcc fails on the C that came out");
    Ok(start.elapsed())
}

/// A figure of this process in MB, from /proc.
fn memory(key: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':')).unwrap_or_default();
    line.split_whitespace().next().and_then(|v| v.parse::<f64>().ok()).map_or(f64::NAN, |kb| kb / 1024.0)
}
