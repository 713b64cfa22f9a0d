//! What the server measures of itself.

use metrics::{Gauge, Histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use proofmark_base::error::{Error, Result};
use proofmark_contract::endpoint::Endpoint;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

/// Seconds.
const BUCKETS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Name of the duration of requests.
const DURATION: &str = "http_server_request_duration_seconds";

/// The process's figures, for `/metrics`. The first call makes them the ones that `metrics` macros write to, everywhere
/// in the process.
///
/// # Errors
/// A defect: somebody else did that already.
pub(crate) fn recorder() -> Result<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new();
            let builder = builder.set_buckets_for_metric(Matcher::Suffix("_duration_seconds".into()), &BUCKETS).ok()?;
            let handle = builder.install_recorder().ok()?;
            // histograms gather samples until somebody folds them into their buckets
            let folded = handle.clone();
            tokio::spawn(async move {
                let mut tick = tokio::time::interval(Duration::from_secs(5));
                loop {
                    tick.tick().await;
                    folded.run_upkeep();
                }
            });
            metrics::describe_histogram!(
                DURATION,
                metrics::Unit::Seconds,
                "Time from a request's head to its answer's head"
            );
            metrics::describe_gauge!("http_server_requests_in_flight", "Requests that are being answered");
            metrics::describe_gauge!("http_server_watchers", "Streams of run events that are open");
            metrics::describe_gauge!("http_server_connections", "Open connections");
            metrics::describe_gauge!("proofmark_flow_runs", "Workflows in this process, waiting ones included");
            metrics::describe_gauge!("proofmark_flow_busy_runs", "Of them in a step or transaction");
            metrics::describe_gauge!("proofmark_flow_queued_runs", "Workflows in line, of all processes");
            Some(handle)
        })
        .as_ref()
        .ok_or_else(|| Error::bug("the process has another recorder of figures"))
}

/// Statuses that have a place of their own.
const STATUSES: [u16; 26] = [
    200, 201, 202, 204, 206, 304, 400, 401, 402, 403, 404, 405, 408, 409, 412, 413, 415, 416, 422, 428, 429, 431, 500,
    503, 504, 0,
];

/// Figures by endpoint, found without a lock or an allocation.
pub(crate) struct Figures {
    durations: HashMap<&'static str, [OnceLock<Histogram>; STATUSES.len()]>,
    pub(crate) in_flight: Gauge,
    pub(crate) watchers: Gauge,
}

impl Figures {
    pub(crate) fn new<'a>(endpoints: impl Iterator<Item = &'a Endpoint>) -> Self {
        Figures {
            durations: endpoints.map(|e| (e.id, std::array::from_fn(|_| OnceLock::new()))).collect(),
            in_flight: gauge!("http_server_requests_in_flight"),
            watchers: gauge!("http_server_watchers"),
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, endpoint: &'static str, status: u16, after: Duration) {
        let Some(row) = self.durations.get(endpoint) else { return };
        let at = STATUSES.iter().position(|s| *s == status).unwrap_or(STATUSES.len() - 1);
        let histogram = row[at].get_or_init(|| {
            let status = if STATUSES[at] == 0 { "other".to_string() } else { status.to_string() };
            histogram!(DURATION, "endpoint" => endpoint, "status" => status)
        });
        histogram.record(after.as_secs_f64());
    }
}
