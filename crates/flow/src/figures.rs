//! What the engine measures of itself and of the queues.

use std::collections::BTreeMap;

/// Figures of this process and of the queues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Runs in this process, waiting ones included.
    pub runs: usize,
    /// Of them in a step or transaction.
    pub busy: usize,
    /// Runs begun here since the start of the executor.
    pub begun_total: usize,
    /// Runs in line, by queue.
    pub queued: BTreeMap<String, i64>,
    /// Looks at a queue that failed.
    pub dequeue_errors_total: u64,
    /// Runs put aside because they ended their process too often.
    pub given_up_total: u64,
}

impl Metrics {
    /// Hands them to the process's recorder of figures.
    pub fn publish(&self) {
        use metrics::{counter, gauge};
        gauge!("proofmark_flow_runs").set(self.runs as f64);
        gauge!("proofmark_flow_busy_runs").set(self.busy as f64);
        counter!("proofmark_flow_begun_runs_total").absolute(self.begun_total as u64);
        counter!("proofmark_flow_dequeue_errors_total").absolute(self.dequeue_errors_total);
        counter!("proofmark_flow_given_up_runs_total").absolute(self.given_up_total);
        for (queue, runs) in &self.queued {
            gauge!("proofmark_flow_queued_runs", "queue" => queue.clone()).set(*runs as f64);
        }
    }
}
