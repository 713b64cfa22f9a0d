//! The workflows that runs can be of, as the platform's use cases see them: a name, a queue and what they accept.

use proofmark_base::error::{Error, Result};
use proofmark_kernel::artifact::ArtifactId;
use serde_json::Value;
use std::collections::BTreeMap;

/// A workflow of a product.
pub trait Workflow: Send + Sync {
    /// `silicon.translate`.
    fn name(&self) -> &'static str;
    /// The queue on which its runs begin; unlimited, for a run may wait for people.
    fn queue(&self) -> &'static str;
    /// Reads what a caller sent: gives it in the workflow's own form, with everything left out filled in.
    ///
    /// # Errors
    /// Invalid, with JSON pointers that begin with `/input`.
    fn accept(&self, input: Value) -> Result<Value>;
    /// The name under which the durable record of a run has one of its steps.
    fn recorded_as(&self, step: &str) -> String {
        step.to_string()
    }
    /// The artifacts that an accepted input names: they must be of the run's project.
    fn artifacts(&self, input: &Value) -> Vec<ArtifactId>;
}

/// All of them, by name.
#[derive(Default)]
pub struct Workflows(BTreeMap<&'static str, Box<dyn Workflow>>);

impl Workflows {
    /// With one more.
    #[must_use]
    pub fn with(mut self, workflow: impl Workflow + 'static) -> Self {
        self.0.insert(workflow.name(), Box::new(workflow));
        self
    }

    /// The one of that name.
    ///
    /// # Errors
    /// `workflow.unknown`, with those that there are.
    pub fn get(&self, name: &str) -> Result<&dyn Workflow> {
        self.0.get(name).map(|w| &**w).ok_or_else(|| {
            let known: Vec<&str> = self.0.keys().copied().collect();
            Error::invalid("workflow.unknown", format!("there is no workflow `{}`", proofmark_base::id::shown(name)))
                .at("/workflow", format!("the workflows are {}", known.join(", ")))
        })
    }
}
