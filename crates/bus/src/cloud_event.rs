//! Events in the form in which they leave the building: CloudEvents 1.0, JSON format, structured mode
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>).

use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::event::{Event, EventId};
use proofmark_kernel::organization::ProjectId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Media type of an event in structured mode.
pub const MEDIA_TYPE: &str = "application/cloudevents+json";

/// What `type` begins with.
pub const TYPE_PREFIX: &str = "dev.proofmark.";

/// A CloudEvent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Version of the specification: `1.0`.
    pub specversion: String,
    /// Identifier, the same however often the event is sent.
    pub id: EventId,
    /// Where it happened: `urn:proofmark:org_...`.
    pub source: String,
    /// What happened: `dev.proofmark.run.requested`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Identifier of what it happened to.
    pub subject: String,
    /// When.
    pub time: Timestamp,
    /// Extension attribute: the project, if it happened in one.
    #[serde(rename = "proofmarkproject", default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// Media type of `data`: `application/json`.
    pub datacontenttype: String,
    /// More about it.
    pub data: Value,
}

impl From<&Event> for CloudEvent {
    fn from(event: &Event) -> Self {
        CloudEvent {
            specversion: "1.0".into(),
            id: event.id,
            source: format!("urn:proofmark:{}", event.organization),
            kind: format!("{TYPE_PREFIX}{}", event.kind),
            subject: event.subject.clone(),
            time: event.at,
            project: event.project,
            datacontenttype: "application/json".into(),
            data: event.data.clone(),
        }
    }
}

impl CloudEvent {
    /// The JSON text that is sent and signed.
    ///
    /// # Errors
    /// A defect: the types here all have a JSON form.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::bug("an event has no JSON form").because(e))
    }

    /// The event that this tells of.
    ///
    /// # Errors
    /// `event.invalid` where it is none of ours.
    pub fn event(&self) -> Result<Event> {
        let wrong = |what: &str| Error::invalid("event.invalid", format!("this is no event of Proofmark: {what}"));
        if self.specversion != "1.0" {
            return Err(wrong("its specversion is not 1.0"));
        }
        let source = self.source.strip_prefix("urn:proofmark:").ok_or_else(|| wrong("its source"))?;
        let kind = self.kind.strip_prefix(TYPE_PREFIX).ok_or_else(|| wrong("its type"))?;
        Ok(Event {
            id: self.id,
            kind: kind.parse()?,
            organization: source.parse()?,
            project: self.project,
            subject: self.subject.clone(),
            data: self.data.clone(),
            at: self.time,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_kernel::event::EventKind;
    use proofmark_kernel::organization::OrganizationId;
    use serde_json::json;

    fn event() -> Event {
        Event {
            id: EventId::from_bits(1),
            kind: EventKind::RunRequested,
            organization: OrganizationId::from_bits(2),
            project: Some(ProjectId::from_bits(3)),
            subject: "run_00000000000000000000000004".into(),
            data: json!({"workflow": "silicon.translate"}),
            at: "2026-11-22T09:40:22Z".parse().unwrap(),
        }
    }

    #[test]
    fn has_the_attributes_of_the_specification() {
        let text = CloudEvent::from(&event()).to_json().unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({
                "specversion": "1.0",
                "id": "evt_00000000000000000000000001",
                "source": "urn:proofmark:org_00000000000000000000000002",
                "type": "dev.proofmark.run.requested",
                "subject": "run_00000000000000000000000004",
                "time": "2026-11-22T09:40:22.000000Z",
                "proofmarkproject": "prj_00000000000000000000000003",
                "datacontenttype": "application/json",
                "data": {"workflow": "silicon.translate"},
            })
        );
    }

    #[test]
    fn comes_back_as_it_was() {
        for project in [None, Some(ProjectId::from_bits(3))] {
            let event = Event { project, ..event() };
            let text = CloudEvent::from(&event).to_json().unwrap();
            assert_eq!(text.contains("proofmarkproject"), project.is_some());
            assert_eq!(serde_json::from_str::<CloudEvent>(&text).unwrap().event().unwrap(), event);
        }
        let good = CloudEvent::from(&event());
        for bad in [
            CloudEvent { specversion: "0.3".into(), ..good.clone() },
            CloudEvent { source: "urn:other:org_00000000000000000000000002".into(), ..good.clone() },
            CloudEvent { kind: "run.requested".into(), ..good.clone() },
            CloudEvent { kind: "dev.proofmark.run.unheard".into(), ..good },
        ] {
            assert!(bad.event().is_err());
        }
    }
}
