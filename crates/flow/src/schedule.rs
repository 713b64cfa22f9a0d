//! Schedules: runs that begin by the calendar, each tick once whichever processes are up.

use crate::engine::Engine;
use crate::error::read;
use durare::{ScheduleFilter, ScheduleOptions, ScheduleStatus};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Name.
    pub name: String,
    /// Workflow that it starts; its input is a [`Tick`].
    pub workflow: String,
    /// Queue that the runs go to.
    pub queue: String,
    /// Seconds, minutes, hours, day of month, month, day of week and, if wanted, year: `0 30 2 * * *`.
    pub cron: String,
    /// Time zone of the IANA database; UTC unless said.
    pub timezone: Option<String>,
    /// Given to every run.
    pub data: Value,
    /// Whether missed ticks are made up for when a worker is up again.
    pub catch_up: bool,
    /// Whether it rests.
    pub paused: bool,
}

/// Input of a run that a schedule started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// The time it was to begin at.
    #[serde(rename = "scheduled_time")]
    pub at: Timestamp,
    /// The schedule's data.
    #[serde(rename = "context", default)]
    pub data: Value,
}

impl Engine {
    /// Makes a schedule.
    ///
    /// # Errors
    /// `schedule.name-taken`; `flow.unknown-workflow`, `flow.unknown-queue`; `schedule.invalid` for what is not
    /// understood; `store.*`.
    pub async fn create_schedule(&self, schedule: &Schedule) -> Result<()> {
        self.core().check_names(&schedule.workflow, &schedule.queue)?;
        if schedule.name.is_empty() || schedule.name.contains(crate::options::CHILD) {
            return Err(
                Error::invalid("schedule.invalid", "a schedule needs a name without `/`").at("/name", "not this")
            );
        }
        let mut options = ScheduleOptions::new()
            .context(&schedule.data)
            .automatic_backfill(schedule.catch_up)
            .queue_name(&schedule.queue);
        if let Some(zone) = &schedule.timezone {
            options = options.cron_timezone(zone);
        }
        let made = self.client().create_schedule(&schedule.name, &schedule.workflow, &schedule.cron, options).await;
        made.map_err(|e| match e {
            e if e.is_unique_violation() => {
                Error::new(Kind::Conflict, "schedule.name-taken", "there is a schedule of that name")
                    .at("/name", format!("`{}` is taken", schedule.name))
            }
            durare::Error::App { message, .. } => Error::invalid("schedule.invalid", message)
                .help("write six fields: seconds, minutes, hours, day of month, month, day of week"),
            e => read(e),
        })?;
        if schedule.paused { self.pause_schedule(&schedule.name).await } else { Ok(()) }
    }

    /// All schedules by name.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn schedules(&self) -> Result<Vec<Schedule>> {
        let found = self.client().list_schedules(&ScheduleFilter::default()).await.map_err(read)?;
        Ok(found
            .into_iter()
            .map(|s| Schedule {
                name: s.schedule_name,
                workflow: s.workflow_name,
                queue: s.queue_name.unwrap_or_default(),
                cron: s.schedule,
                timezone: s.cron_timezone,
                data: s.context.unwrap_or_default(),
                catch_up: s.automatic_backfill,
                paused: s.status == ScheduleStatus::Paused,
            })
            .collect())
    }

    /// Lets a schedule rest.
    ///
    /// # Errors
    /// `schedule.not-found`; `store.*`.
    pub async fn pause_schedule(&self, name: &str) -> Result<()> {
        there(self.client().pause_schedule(name).await)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// `schedule.not-found`; `store.*`.
    pub async fn resume_schedule(&self, name: &str) -> Result<()> {
        there(self.client().resume_schedule(name).await)
    }

    /// Deletes it; runs that it started go on.
    ///
    /// # Errors
    /// `schedule.not-found`; `store.*`.
    pub async fn delete_schedule(&self, name: &str) -> Result<()> {
        there(self.client().delete_schedule(name).await)
    }
}

fn there(done: durare::Result<bool>) -> Result<()> {
    match done.map_err(read)? {
        true => Ok(()),
        false => Err(Error::not_found("schedule")),
    }
}
