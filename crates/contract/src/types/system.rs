//! Workers.

use super::Shape;
use crate::fields::{self, of};
use proofmark_base::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A process that does work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Worker {
    /// Identifier, new at every start.
    pub id: String,
    /// Machine.
    pub host: String,
    /// Version of the program.
    pub version: String,
    /// Queues it takes work from.
    pub queues: Vec<String>,
    /// Tools it has.
    pub tools: Vec<String>,
    /// When it started.
    #[schema(value_type = fields::Time)]
    pub started_at: Timestamp,
    /// When it was heard from last.
    #[schema(value_type = fields::Time)]
    pub beat_at: Timestamp,
    /// When it stopped, or its work was given to others.
    #[schema(value_type = Option<fields::Time>, required)]
    pub stopped_at: Option<Timestamp>,
}

/// All workers that were heard from lately.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Workers {
    /// They.
    pub items: Vec<Worker>,
}

impl Shape for Workers {
    fn example() -> Self {
        Workers {
            items: vec![Worker {
                id: "exe_01kaznm9t8e3r9c5w4s2v0x7qn".into(),
                host: "build-3".into(),
                version: "0.1.0".into(),
                queues: vec!["silicon".into()],
                tools: vec!["gcc".into(), "rustc".into()],
                started_at: of::<_, fields::Time>(),
                beat_at: of::<_, fields::Time>(),
                stopped_at: None,
            }],
        }
    }
}
