//! What is to be translated, and the steps that it takes.

use crate::oracle::Limits;
use crate::sandbox::Sandbox;
use crate::translate::Refusal;
use crate::verify::pipeline::Target;
use proofmark_silicon::translation::{ArgSpec, Numeric};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A translation with everything resolved: with the folder of its sources, all that decides its result but the versions
/// of the tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Source file, relative to the folder.
    pub file: PathBuf,
    /// Script that calls the entry, relative to the folder; none: the file itself, or `args`.
    pub bench: Option<PathBuf>,
    /// `name`, `Class`, `Class.method` or `script:name1,name2`.
    pub entry: String,
    /// What to make, in order, each once.
    pub targets: Vec<Target>,
    /// Working precision.
    pub numeric: Numeric,
    /// Fused multiply-add where the golden model defines it.
    pub fma: bool,
    /// Declared arguments, in place of a bench.
    pub args: Vec<ArgSpec>,
    /// What the user's code is confined by.
    pub sandbox: Sandbox,
    /// Files and folders outside of the folder that the bench may read.
    pub allow_read: Vec<PathBuf>,
    /// What the bench may use up.
    pub limits: Limits,
    /// Whether the bundle will be signed; one that is not says so.
    pub signed: bool,
}

/// A step of a translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Step {
    /// The bench's recording, the translation, references of generated vectors.
    Record,
    /// The golden model.
    Model,
    /// Seeded faults and vectors for them.
    Faults,
    /// Block forms in the golden model.
    Blocks,
    /// A target.
    Target(Target),
    /// What became of the seeded faults.
    Mutants,
    /// The bundle's files.
    Evidence,
}

impl Step {
    /// Its name: `record`, ..., `target.c`, ...
    pub fn name(self) -> String {
        match self {
            Step::Record => "record".into(),
            Step::Model => "model".into(),
            Step::Faults => "faults".into(),
            Step::Blocks => "blocks".into(),
            Step::Target(t) => format!("target.{}", t.name()),
            Step::Mutants => "mutants".into(),
            Step::Evidence => "evidence".into(),
        }
    }

    /// The step of that name.
    pub fn from_name(name: &str) -> Option<Step> {
        let plain = [Step::Record, Step::Model, Step::Faults, Step::Blocks, Step::Mutants, Step::Evidence];
        let targets = Target::ALL.map(Step::Target);
        plain.into_iter().chain(targets).find(|s| s.name() == name)
    }

    /// All steps of a job in an order in which they can run. Those of the targets need nothing of each other.
    pub fn plan(job: &Job) -> Vec<Step> {
        let mut steps = vec![Step::Record, Step::Model, Step::Faults, Step::Blocks];
        steps.extend(job.targets.iter().map(|t| Step::Target(*t)));
        steps.extend([Step::Mutants, Step::Evidence]);
        steps
    }

    /// The steps whose bytes it takes, those that went into them included: it is checked that all belong together.
    pub fn needs(self, job: &Job) -> Vec<Step> {
        let mut plan = Step::plan(job);
        let targets = job.targets.len();
        let count = match self {
            Step::Record => 0,
            Step::Model => 1,
            Step::Faults => 2,
            Step::Blocks => 3,
            Step::Target(_) => 4,
            Step::Mutants => 4 + targets,
            Step::Evidence => 5 + targets,
        };
        plan.truncate(count);
        plan
    }

    /// Whether it reads the folder of the sources and runs the user's code.
    pub fn runs_user_code(self) -> bool {
        matches!(self, Step::Record | Step::Faults)
    }
}

impl From<Step> for String {
    fn from(step: Step) -> String {
        step.name()
    }
}

impl TryFrom<String> for Step {
    type Error = String;

    fn try_from(name: String) -> Result<Step, String> {
        Step::from_name(&name).ok_or_else(|| format!("there is no step `{name}`"))
    }
}

/// Reads names of targets, leaving repetitions out.
///
/// # Errors
/// PM0219: a name that is none, or no name at all.
pub fn target_list(names: &[String]) -> Result<Vec<Target>, Refusal> {
    let mut found = Vec::new();
    for name in names {
        let target = Target::from_name(name.trim()).ok_or_else(|| {
            let known = Target::ALL.map(Target::name).join(", ");
            Refusal::usage("PM0219", format!("there is no target `{name}`")).help(format!("the targets are {known}"))
        })?;
        if !found.contains(&target) {
            found.push(target);
        }
    }
    if found.is_empty() {
        let known = Target::ALL.map(Target::name).join(",");
        return Err(
            Refusal::usage("PM0219", "no target was given").help(format!("say what to make: `--target {known}`"))
        );
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_needs_comes_before_it_and_is_whole() {
        let job = Job {
            file: "f.py".into(),
            bench: None,
            entry: "f".into(),
            targets: vec![Target::Rust, Target::C],
            numeric: Numeric::F64,
            fma: false,
            args: Vec::new(),
            sandbox: Sandbox::Bubblewrap,
            allow_read: Vec::new(),
            limits: Limits::default(),
            signed: false,
        };
        let plan = Step::plan(&job);
        assert_eq!(plan.len(), 8);
        for (k, step) in plan.iter().enumerate() {
            assert_eq!(Step::from_name(&step.name()), Some(*step));
            let needs = step.needs(&job);
            assert!(needs.iter().all(|n| plan[..k].contains(n)), "{step:?}");
            for n in &needs {
                assert!(n.needs(&job).iter().all(|m| needs.contains(m)), "{step:?} needs {n:?}");
            }
        }
        assert_eq!(Step::Target(Target::C).needs(&job), Step::Target(Target::Rust).needs(&job));
        let text = serde_json::to_string(&job).unwrap();
        assert_eq!(serde_json::from_str::<Job>(&text).unwrap(), job);
    }
}
