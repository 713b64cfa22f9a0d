//! What is said about queues, steps and runs.

use proofmark_base::error::{Error, Result};
use std::time::Duration;

/// What a process that runs workflows says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutorInfo {
    /// Name of the machine, for people.
    pub host: String,
    /// Tools it has: `gcc`, `rustc`, `cuda`. A queue that [needs](Queue::needs) one is served only by who has it.
    pub tools: Vec<String>,
}

/// At most `starts` runs begin within any `period`, over all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Runs.
    pub starts: u32,
    /// Window.
    pub period: Duration,
}

/// A line that runs wait in. All processes declare the same queues; each listens to some.
///
/// **A run keeps its place in a limited queue until it ends, also while it sleeps or waits for a person.** What waits
/// long therefore belongs on a queue without limits, and starts children on limited ones for the heavy parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Name.
    pub name: String,
    /// Runs at the same time in one process.
    pub per_worker: Option<u32>,
    /// Runs at the same time in all processes together.
    pub global: Option<u32>,
    /// Beginnings in a time.
    pub rate: Option<RateLimit>,
    /// Tools without which a process cannot do this work.
    pub needs: Vec<String>,
}

impl Queue {
    /// A queue without limits.
    pub fn new(name: impl Into<String>) -> Self {
        Queue { name: name.into(), per_worker: None, global: None, rate: None, needs: Vec::new() }
    }

    /// At most so many at the same time in one process.
    #[must_use]
    pub fn per_worker(mut self, runs: u32) -> Self {
        self.per_worker = Some(runs);
        self
    }

    /// At most so many at the same time in all processes together.
    #[must_use]
    pub fn global(mut self, runs: u32) -> Self {
        self.global = Some(runs);
        self
    }

    /// At most so many beginnings in that time.
    #[must_use]
    pub fn rate(mut self, starts: u32, period: Duration) -> Self {
        self.rate = Some(RateLimit { starts, period });
        self
    }

    /// Work that needs this tool.
    #[must_use]
    pub fn needs(mut self, tool: impl Into<String>) -> Self {
        self.needs.push(tool.into());
        self
    }
}

/// Names of the queues that a process with these tools can serve.
pub fn served_with<'a>(queues: &'a [Queue], tools: &[String]) -> Vec<&'a str> {
    queues.iter().filter(|q| q.needs.iter().all(|need| tools.contains(need))).map(|q| q.name.as_str()).collect()
}

/// How a step is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOptions {
    /// Attempts after the first, for errors of kind `Unavailable` and `RateLimited` and for timeouts; others are
    /// recorded at once.
    pub retries: u32,
    /// Pause before the second attempt; each further one is twice as long, at most a minute.
    pub backoff: Duration,
    /// Part of each pause that is random, 0 to 1.
    pub jitter: f64,
    /// Time for one attempt; the closure's [`Cancelled`](crate::Cancelled) fires then.
    pub timeout: Option<Duration>,
}

impl Default for StepOptions {
    fn default() -> Self {
        StepOptions { retries: 3, backoff: Duration::from_millis(200), jitter: 0.5, timeout: None }
    }
}

impl StepOptions {
    /// One attempt.
    pub fn once() -> Self {
        StepOptions { retries: 0, ..Self::default() }
    }

    /// The same with that many attempts after the first.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The same with that first pause.
    #[must_use]
    pub fn backoff(mut self, backoff: Duration) -> Self {
        self.backoff = backoff;
        self
    }

    /// The same with that time for an attempt.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Pause after the `attempt`-th failure (from 0), given a random number of [0, 1).
    pub(crate) fn pause(&self, attempt: u32, random: f64) -> Duration {
        let whole = self.backoff.saturating_mul(1 << attempt.min(16)).min(Duration::from_secs(60));
        whole.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) * random)
    }
}

/// How a run is put in line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnqueueOptions {
    /// Lower goes first; runs of equal priority go in order of arrival.
    pub priority: i32,
    /// Not before that time from now.
    pub delay: Option<Duration>,
}

/// Separates a run's identifier from a child's suffix.
pub(crate) const CHILD: char = '/';

/// Refuses what cannot be an identifier of a run.
pub(crate) fn check_id(id: &str, child: bool) -> Result<()> {
    let bad = |why: &str| {
        Err(Error::invalid("flow.id", format!("`{}` cannot identify a run: {why}", proofmark_base::id::shown(id))))
    };
    if id.is_empty() || id.len() > 250 {
        return bad("1 to 250 bytes are needed");
    }
    if id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return bad("no spaces or control characters");
    }
    if !child && id.contains(CHILD) {
        return bad("`/` is for children");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_their_bounds() {
        let options = StepOptions { retries: 5, backoff: Duration::from_millis(100), jitter: 0.5, timeout: None };
        assert_eq!(options.pause(0, 0.0), Duration::from_millis(100));
        assert_eq!(options.pause(3, 0.0), Duration::from_millis(800));
        assert_eq!(options.pause(0, 0.5), Duration::from_millis(75));
        assert_eq!(options.pause(60, 0.0), Duration::from_secs(60));
    }

    #[test]
    fn work_goes_only_to_who_has_the_tools() {
        let queues = [Queue::new("any"), Queue::new("gpu").needs("cuda"), Queue::new("c").needs("gcc").needs("qemu")];
        let tools = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(served_with(&queues, &tools(&[])), ["any"]);
        assert_eq!(served_with(&queues, &tools(&["cuda", "gcc"])), ["any", "gpu"]);
        assert_eq!(served_with(&queues, &tools(&["qemu", "gcc"])), ["any", "c"]);
    }

    #[test]
    fn odd_identifiers_are_refused() {
        for id in ["", "a b", "a\n", "a/b", &"x".repeat(251)] {
            assert_eq!(check_id(id, false).unwrap_err().code, "flow.id");
        }
        check_id("run_01", false).unwrap();
        check_id("run_01/part-2", true).unwrap();
    }
}
