//! Webhooks: where events are sent outside, and how patiently.

use crate::event::{Event, EventId, EventKind};
use crate::organization::{OrganizationId, ProjectId};
use crate::principal::PrincipalId;
use proofmark_base::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

proofmark_base::id!(
    /// A webhook.
    WebhookId, "whk"
);
proofmark_base::id!(
    /// An event on its way to a webhook.
    DeliveryId, "dlv"
);

proofmark_base::names!(
    /// How a delivery stands.
    DeliveryStatus, "delivery status", {
        /// It will be tried, or tried again.
        Pending = "pending",
        /// The receiver took it.
        Succeeded = "succeeded",
        /// Given up.
        Failed = "failed",
    }
);

/// An address that wants events. Its secrets are not in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Identifier.
    pub id: WebhookId,
    /// Whose.
    pub organization: OrganizationId,
    /// The project whose events it gets; those of the whole organization if none.
    pub project: Option<ProjectId>,
    /// Where to.
    pub url: String,
    /// What it is for, for people; may be empty.
    pub description: String,
    /// Kinds of event it gets; all if none is named.
    pub kinds: BTreeSet<EventKind>,
    /// Who made it.
    pub created_by: PrincipalId,
    /// When.
    pub created_at: Timestamp,
    /// Since when nothing but failures came of it.
    pub failing_since: Option<Timestamp>,
    /// When it was switched off.
    pub disabled_at: Option<Timestamp>,
    /// Why it was switched off.
    pub disabled_because: Option<String>,
    /// Counts changes, from 1.
    pub version: i64,
}

impl Webhook {
    /// Whether it is to get that event. A test goes to the webhook that is tested only.
    pub fn wants(&self, event: &Event) -> bool {
        if self.disabled_at.is_some() || self.organization != event.organization {
            return false;
        }
        if event.kind == EventKind::WebhookTest {
            return event.subject == self.id.to_string();
        }
        (self.project.is_none() || self.project == event.project)
            && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
    }

    /// Whether it has done nothing but fail for so long that it is switched off.
    pub fn hopeless(&self, now: Timestamp) -> bool {
        self.failing_since.is_some_and(|since| now.since(since) >= HOPELESS)
    }
}

/// How long a webhook may do nothing but fail.
pub const HOPELESS: Duration = Duration::from_secs(5 * 24 * 3600);

/// How long the secret before a rotation goes on signing.
pub const OLD_SECRET: Duration = Duration::from_secs(24 * 3600);

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Waits between the attempts of one delivery, those of the Standard Webhooks specification with 20 hours at the end.
pub const WAITS: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * MINUTE),
    Duration::from_secs(30 * MINUTE),
    Duration::from_secs(2 * HOUR),
    Duration::from_secs(5 * HOUR),
    Duration::from_secs(10 * HOUR),
    Duration::from_secs(14 * HOUR),
    Duration::from_secs(20 * HOUR),
];

/// Longest wait that a receiver's `Retry-After` is given.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * HOUR);

/// How long to wait after that many attempts that failed, the receiver having asked for `asked`; none if that was the
/// last.
pub fn wait(attempts: i64, asked: Option<Duration>) -> Option<Duration> {
    let planned = *WAITS.get(usize::try_from(attempts - 1).ok()?)?;
    Some(asked.map_or(planned, |asked| planned.max(asked.min(LONGEST_WAIT))))
}

/// An event on its way to a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Identifier.
    pub id: DeliveryId,
    /// Whose.
    pub organization: OrganizationId,
    /// Where to.
    pub webhook: WebhookId,
    /// The event: what the receiver recognises repetitions by.
    pub event: EventId,
    /// Its kind.
    pub kind: EventKind,
    /// The delivery that somebody wanted sent again.
    pub replay_of: Option<DeliveryId>,
    /// What is sent, a CloudEvent.
    pub body: String,
    /// How it stands.
    pub status: DeliveryStatus,
    /// Times it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was tried last.
    pub attempted_at: Option<Timestamp>,
    /// When it ended, either way.
    pub ended_at: Option<Timestamp>,
    /// Status of the receiver's last answer.
    pub answer_status: Option<i64>,
    /// Beginning of its body.
    pub answer: Option<String>,
    /// Why the last attempt failed.
    pub failure: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn webhook() -> Webhook {
        Webhook {
            id: WebhookId::from_bits(1),
            organization: OrganizationId::from_bits(2),
            project: None,
            url: "https://example.org/".into(),
            description: String::new(),
            kinds: BTreeSet::new(),
            created_by: PrincipalId::from_bits(3),
            created_at: Timestamp::from_micros(0),
            failing_since: None,
            disabled_at: None,
            disabled_because: None,
            version: 1,
        }
    }

    fn event(kind: EventKind, project: Option<u128>) -> Event {
        Event {
            id: EventId::from_bits(1),
            kind,
            organization: OrganizationId::from_bits(2),
            project: project.map(ProjectId::from_bits),
            subject: "run_x".into(),
            data: json!({}),
            at: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn it_gets_what_it_asked_for() {
        let all = webhook();
        assert!(all.wants(&event(EventKind::RunRequested, Some(7))));
        assert!(all.wants(&event(EventKind::ProjectCreated, None)));
        let one = Webhook { kinds: [EventKind::ReleaseCreated].into(), ..webhook() };
        assert!(one.wants(&event(EventKind::ReleaseCreated, Some(7))));
        assert!(!one.wants(&event(EventKind::ReleaseRevoked, Some(7))));
        let project = Webhook { project: Some(ProjectId::from_bits(7)), ..webhook() };
        assert!(project.wants(&event(EventKind::ReleaseCreated, Some(7))));
        assert!(!project.wants(&event(EventKind::ReleaseCreated, Some(8))));
        assert!(!project.wants(&event(EventKind::ReleaseCreated, None)));
    }

    #[test]
    fn it_gets_nothing_of_others_and_nothing_when_off() {
        let other = Webhook { organization: OrganizationId::from_bits(9), ..webhook() };
        assert!(!other.wants(&event(EventKind::RunRequested, None)));
        let off = Webhook { disabled_at: Some(Timestamp::from_micros(1)), ..webhook() };
        assert!(!off.wants(&event(EventKind::RunRequested, None)));
        let mut test = event(EventKind::WebhookTest, None);
        assert!(!webhook().wants(&test));
        test.subject = webhook().id.to_string();
        let narrow = Webhook { kinds: [EventKind::ReleaseCreated].into(), ..webhook() };
        assert!(narrow.wants(&test));
    }

    #[test]
    fn nine_attempts_over_two_days_and_the_receiver_may_ask_for_more_time() {
        assert_eq!(wait(1, None), Some(Duration::from_secs(5)));
        assert_eq!(wait(8, None), Some(Duration::from_secs(72_000)));
        assert_eq!(wait(9, None), None);
        assert_eq!(wait(9, Some(Duration::from_secs(1))), None);
        assert_eq!(wait(1, Some(Duration::from_secs(90))), Some(Duration::from_secs(90)));
        assert_eq!(wait(2, Some(Duration::from_secs(90))), Some(Duration::from_secs(300)), "not sooner than planned");
        assert_eq!(wait(1, Some(Duration::MAX)), Some(LONGEST_WAIT));
        assert_eq!(wait(0, None), None);
        let all: Duration = WAITS.iter().sum();
        assert!(all > Duration::from_secs(48 * HOUR) && all < HOPELESS);
    }
}
