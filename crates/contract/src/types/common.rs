//! What many endpoints share: pages, problems, health.

use super::Shape;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// What the next page is asked with, as `cursor`; null at the end. Opaque.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A problem (RFC 9457): what went wrong, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Page that explains the code.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// One sentence about this occurrence.
    pub detail: String,
    /// Stable, `area.what`: what programs compare with.
    #[schema(pattern = "^[a-z0-9]+(-[a-z0-9]+)*(\\.[a-z0-9]+(-[a-z0-9]+)*)*$")]
    pub code: String,
    /// Identifies the request in the server's logs and traces.
    pub trace_id: String,
    /// Places in the request that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemPlace>,
    /// How to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A place in a request: one of `pointer`, `parameter` and `header` is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemPlace {
    /// JSON pointer (RFC 6901) into the body; empty for the body as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Name of a parameter in path or query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Name of a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// What is wrong there.
    pub detail: String,
}

impl Shape for Problem {
    fn example() -> Self {
        Problem {
            kind: "https://proofmark.dev/errors/project.name-taken".into(),
            title: "Conflict".into(),
            status: 409,
            detail: "the organization has a project of that name".into(),
            code: "project.name-taken".into(),
            trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
            errors: vec![ProblemPlace {
                pointer: Some("/name".into()),
                detail: "`radar` is taken".into(),
                ..ProblemPlace::default()
            }],
            help: Some("choose another name, or use the project that is there".into()),
        }
    }
}

/// Whether this process is alive.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Alive {
    /// `alive`.
    pub status: String,
    /// Version of the program.
    pub version: String,
}

impl Shape for Alive {
    fn example() -> Self {
        Alive { status: "alive".into(), version: "0.1.0".into() }
    }
}

/// Whether this process can do its work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether everything that is needed is there.
    pub ready: bool,
    /// Each thing that is needed.
    pub dependencies: Vec<Dependency>,
}

/// Something this process needs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Dependency {
    /// Which: `database`, `blobs`, `events`.
    pub name: String,
    /// Whether it is there.
    pub ready: bool,
    /// Why it is not, in one sentence.
    #[schema(required)]
    pub reason: Option<String>,
}

impl Shape for Readiness {
    fn example() -> Self {
        Readiness { ready: true, dependencies: vec![Dependency { name: "database".into(), ready: true, reason: None }] }
    }
}
