//! What is claimed of each target, from its checks. Nothing is claimed past a failed or missing one.

use super::evidence::Evidence;
use super::pipeline::Facts;
use proofmark_evidence::check::{ClaimLevel, Figures, TargetClaim, Verdict};

/// Decides the claim of each target and withholds the files of those of which nothing is claimed.
pub fn decide(evidence: &mut Evidence, facts: &[Facts], has_reference: bool) {
    let all_bits = facts.iter().all(|f| f.bits);
    for f in facts {
        let level = level(evidence, f, all_bits);
        let mut figures = Figures::new();
        figures.insert("recorded_calls".into(), (f.recorded_calls as f64).into());
        figures.insert("generated_calls".into(), (f.generated_calls as f64).into());
        if let (Some(score), true) = (f.mutation, level >= ClaimLevel::Stressed) {
            figures.insert("mutation_score".into(), score.into());
        }
        let name = f.target.name();
        let snr = evidence.checks.tolerances.iter().filter(|t| t.target == name).map(|t| t.snr_db.0);
        if let (Some(least), true) = (snr.reduce(f64::min), level >= ClaimLevel::Tested) {
            figures.insert("least_snr_db".into(), least.into());
        }
        let mut not_shown = f.not_shown.clone();
        not_shown.extend(missing(evidence, f, level, has_reference, all_bits));
        if level == ClaimLevel::None {
            let folder = format!("{name}/");
            let (withheld, kept) = evidence.generated.drain(..).partition(|(path, _)| path.starts_with(&folder));
            evidence.generated = kept;
            evidence.withheld.extend::<Vec<_>>(withheld);
            evidence.files.retain(|path, _| !path.starts_with(&folder));
        }
        evidence.checks.claims.push(TargetClaim { target: name.into(), level, figures, not_shown });
    }
}

fn level(evidence: &Evidence, f: &Facts, all_bits: bool) -> ClaimLevel {
    let name = f.target.name();
    let concerns = |t: &Option<String>| t.is_none() || t.as_deref() == Some(name);
    let checks = &evidence.checks.checks;
    let failed = checks.iter().any(|c| concerns(&c.target) && c.verdict == Verdict::Fail);
    let passed = |id: &str| checks.iter().any(|c| c.id == id && c.verdict == Verdict::Pass);
    let built = checks
        .iter()
        .any(|c| c.target.as_deref() == Some(name) && c.id.contains(".build") && c.verdict == Verdict::Pass);
    // Code that no vector ran through is not handed out as checked by its tools alone: it must at least be the model.
    if failed || !built || !f.bits {
        return ClaimLevel::None;
    }
    let within = evidence.checks.tolerances.iter().filter(|t| t.target == name);
    if !f.tested || !passed("golden.recorded") || within.clone().count() == 0 || !within.clone().all(|t| t.holds()) {
        return ClaimLevel::Built;
    }
    if !f.stressed || !passed("golden.generated") || f.mutation.is_none() {
        return ClaimLevel::Tested;
    }
    if all_bits { ClaimLevel::BitTrue } else { ClaimLevel::Stressed }
}

/// What stands between the claim and the next level, and what no level here says.
fn missing(evidence: &Evidence, f: &Facts, level: ClaimLevel, has_reference: bool, all_bits: bool) -> Vec<String> {
    let name = f.target.name();
    let mut out = Vec::new();
    let say = |out: &mut Vec<String>, text: &str| out.push(text.to_string());
    match level {
        ClaimLevel::None => say(&mut out, "anything: its checks failed or could not be made, and its code is withheld"),
        ClaimLevel::Built if !has_reference => {
            say(&mut out, "agreement with Python: there is no bench and so no reference result");
        }
        ClaimLevel::Built => say(&mut out, "agreement with Python: the comparison on the bench's vectors did not pass"),
        ClaimLevel::Tested if f.mutation.is_none() => {
            say(&mut out, "what the vectors would catch: no faults could be seeded")
        }
        ClaimLevel::Tested => say(&mut out, "agreement on generated vectors"),
        ClaimLevel::Stressed if !all_bits => say(&mut out, "the same bits on every target"),
        _ => {}
    }
    if level > ClaimLevel::None {
        say(&mut out, "behaviour on inputs other than the vectors: nothing is proved for all inputs");
    }
    for c in &evidence.checks.checks {
        if c.target.as_deref() == Some(name) && matches!(c.verdict, Verdict::Skipped | Verdict::Inconclusive) {
            let why = c.reason.lines().next().unwrap_or_default();
            out.push(format!("{} ({why})", c.title));
        }
    }
    out
}
