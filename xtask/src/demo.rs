//! `cargo xtask demo`: translates the examples with the release binary and says what came out of each.

use crate::sources;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Folder of examples/, entry.
const EXAMPLES: &[(&str, &str)] = &[
    ("fm_receiver", "demodulate"),
    ("gps_acquisition", "acquire"),
    ("pulse_compression_radar", "detect"),
    ("nlms_canceller", "NlmsCanceller"),
    ("bpsk_receiver", "demodulate"),
    ("kalman_tracker", "KalmanTracker"),
    ("mfcc", "mfcc"),
    ("mode_s_decoder", "decode"),
];

/// Examples that are known not to come through, and why: shown, but no failure of the demo. One that does come
/// through must leave this list.
const KNOWN: &[(&str, &str)] = &[];

const TARGETS: &[&str] = &["c", "rust"];

/// Tools that add checks when present: installing one makes a translation worth doing again.
const TOOLS: &[&str] = &["bwrap", "gcc", "clang", "cppcheck", "frama-c", "qemu-aarch64", "aarch64-linux-gnu-gcc"];

const LEGEND: &str = "\
What a claim level means (each includes those before it):
  built     the target's own compilers and linters accept the generated code, without a warning
  tested    it agrees with your Python on the inputs of your bench, within the tolerance the report states
  stressed  it agrees on generated inputs too (extremes, NaN, odd lengths, block splits), and those inputs catch
            the share of seeded faults that the report gives as mutation score
  bit_true  the same bits as the golden model on all of these inputs, and the same on both targets
What was not shown is listed in each report. `withheld` means a check failed: no code is handed out for that target.";

/// What one example came to.
struct Outcome {
    example: &'static str,
    /// Claim level of each of `TARGETS`, or what stands in its place.
    levels: Vec<String>,
    /// `ok` or what went wrong.
    result: String,
    time: String,
    good: bool,
}

/// Says whether all examples came through, those of `KNOWN` aside. An example translated before, by the same
/// binary from the same files, is not translated again unless `force`.
pub fn run(force: bool) -> Result<bool> {
    let root = sources::root();
    let binary = target_folder(&root).join("release/proofmark");
    ensure!(binary.is_file(), "{} is missing: run `make demo`, which builds it", binary.display());
    for entry in std::fs::read_dir(root.join("examples"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() && !EXAMPLES.iter().any(|(example, _)| *example == name) {
            bail!("examples/{name} is not in the table of xtask/src/demo.rs");
        }
    }
    std::fs::create_dir_all(root.join("build/demo"))?;
    let common = fingerprint(&[&binary, &root.join("requirements.txt")])?;
    let mut outcomes = Vec::new();
    for (number, (example, entry)) in EXAMPLES.iter().enumerate() {
        eprintln!("[{}/{}] {example}", number + 1, EXAMPLES.len());
        outcomes.push(translate(&root, &binary, example, entry, common, force)?);
    }
    print_table(&root, &outcomes);
    let mut fine = true;
    for outcome in &outcomes {
        match KNOWN.iter().find(|(name, _)| *name == outcome.example) {
            Some((name, why)) if outcome.good => {
                fine = false;
                println!("\n{name} comes through now; take it out of KNOWN in xtask/src/demo.rs ({why}).");
            }
            Some((name, why)) => println!("\nKnown: {name} does not come through. {why}"),
            None => fine &= outcome.good,
        }
    }
    Ok(fine)
}

fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// A number that changes with the contents of these files and with the tools that are there.
fn fingerprint(files: &[&Path]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).with_context(|| file.display().to_string())?.hash(&mut hasher);
    }
    for tool in TOOLS {
        on_path(tool).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn on_path(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

fn translate(
    root: &Path,
    binary: &Path,
    example: &'static str,
    entry: &str,
    common: u64,
    force: bool,
) -> Result<Outcome> {
    let folder = root.join("examples").join(example);
    let source = folder.join(format!("{example}.py"));
    let bench = folder.join("bench.py");
    let out = root.join("build/demo").join(example);
    let stamp = root.join("build/demo").join(format!("{example}.stamp"));
    let data = recordings(root);
    let mark = format!("{common:016x} {:016x} {data:?}", fingerprint(&[&source, &bench])?);
    let before = std::fs::read_to_string(&stamp).unwrap_or_default();
    if !force && before == mark && out.join("checks.json").is_file() {
        let (levels, good) = levels(&out)?;
        return Ok(Outcome { example, levels, result: "ok, unchanged".into(), time: "-".into(), good });
    }
    if stamp.exists() {
        std::fs::remove_file(&stamp)?;
    }
    let mut command = Command::new(binary);
    command.current_dir(root).arg("translate").arg(&source).args(["--entry", entry]).arg("--bench").arg(&bench);
    command.args(["--target", &TARGETS.join(",")]).arg("-o").arg(&out).arg("--force");
    if let Some(data) = data.filter(|_| example == "mode_s_decoder") {
        // The sandbox shows user code nothing but its project; the recording is outside it.
        command.arg("--allow-read").arg(&data);
    }
    let started = Instant::now();
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot start {}", binary.display()))?;
    let time = format!("{:.1} s", started.elapsed().as_secs_f64());
    let result = match status.code() {
        Some(0) => "ok",
        Some(1) => "FAILED: a bug of the translator",
        Some(2) => "FAILED: wrong usage",
        Some(3) => "FAILED: refused, see above",
        Some(4) => "FAILED: verification, see the report",
        _ => "FAILED: the translator was killed",
    };
    let (levels, complete) = match status.code() {
        Some(0 | 4) => levels(&out)?,
        _ => (vec!["-".to_string(); TARGETS.len()], false),
    };
    let good = status.success() && complete;
    if good {
        std::fs::write(&stamp, mark)?;
    }
    let result = if status.success() && !complete { "FAILED: a target is below `tested`" } else { result };
    Ok(Outcome { example, levels, result: result.into(), time, good })
}

/// Folder of recorded signals beside the repository, if there is one: the Mode S example decodes a recording, or else
/// a signal it makes itself. The path is that which its bench uses, links included.
fn recordings(root: &Path) -> Option<PathBuf> {
    let folder = root.parent()?.join("shared/data");
    folder.is_dir().then_some(folder)
}

/// The claim level of each target, and whether all of them are at least `tested`.
fn levels(out: &Path) -> Result<(Vec<String>, bool)> {
    let path = out.join("checks.json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    read_levels(&serde_json::from_str(&text).with_context(|| path.display().to_string())?)
}

fn read_levels(checks: &Value) -> Result<(Vec<String>, bool)> {
    let claims = checks.get("claims").and_then(Value::as_array).context("checks.json has no list `claims`")?;
    let mut found = Vec::new();
    let mut complete = true;
    for target in TARGETS {
        let claim = claims.iter().find(|c| c.get("target").and_then(Value::as_str) == Some(target));
        let level = claim.and_then(|c| c.get("level")).and_then(Value::as_str).unwrap_or("none");
        complete &= !matches!(level, "none" | "built");
        let score = claim.and_then(|c| c.get("figures")?.get("mutation_score")?.as_f64());
        found.push(match (level, score) {
            ("none", _) => "withheld".to_string(),
            (level, Some(score)) => format!("{level} {:.1}%", score * 100.0),
            (level, None) => level.to_string(),
        });
    }
    Ok((found, complete))
}

fn print_table(root: &Path, outcomes: &[Outcome]) {
    println!();
    println!("{:25} {:17} {:17} {:>8}  result", "example", "C99", "Rust", "time");
    for outcome in outcomes {
        let level = |n: usize| outcome.levels.get(n).map_or("-", String::as_str);
        println!("{:25} {:17} {:17} {:>8}  {}", outcome.example, level(0), level(1), outcome.time, outcome.result);
    }
    let good = outcomes.iter().filter(|o| o.good).count();
    println!(
        "\n{good} of {} examples translated to C99 and Rust. The percentage is the mutation score.",
        outcomes.len()
    );
    if recordings(root).is_none() && outcomes.iter().any(|o| o.good && o.example == "mode_s_decoder") {
        println!("mode_s_decoder: no recording in ../shared/data, so it decoded a signal that its bench made.");
    }
    println!("What came through, or failed verification, lies in {}/NAME:", root.join("build/demo").display());
    println!("  report.html   source and output side by side, errors and spectra, what was checked and what was not");
    println!(
        "  c/ rust/      the code; manifest.json describes its ports; checks.json and statement.dsse.json are the evidence"
    );
    println!("\n{LEGEND}");
}

#[cfg(test)]
mod tests {
    use super::read_levels;
    use serde_json::json;

    #[test]
    fn a_target_without_a_claim_is_withheld() {
        let checks = json!({"claims": [{"target": "c", "level": "stressed", "figures": {"mutation_score": 0.975}}]});
        assert_eq!(read_levels(&checks).unwrap(), (vec!["stressed 97.5%".to_string(), "withheld".into()], false));
        let checks = json!({"claims": [{"target": "c", "level": "tested"}, {"target": "rust", "level": "tested"}]});
        assert_eq!(read_levels(&checks).unwrap(), (vec!["tested".to_string(), "tested".into()], true));
        assert!(read_levels(&json!({})).is_err());
    }
}
