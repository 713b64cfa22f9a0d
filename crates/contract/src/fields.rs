//! Schemas of values that the domain crates own: identifiers, closed sets of names, instants, digests. The domain knows
//! nothing of documents, so what they look like in JSON is said here, next to the types that show them.

use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// An example of a value, as it stands in documents.
pub trait Example {
    /// It.
    fn example() -> Value;
}

fn text(description: &str, pattern: Option<String>, example: Value) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some(description))
        .pattern(pattern)
        .examples([example])
}

macro_rules! identifiers {
    ($($name:ident = $kind:path, $what:literal, $digits:literal;)+) => { $(
        #[doc = concat!("Schema of the identifier of ", $what, ".")]
        pub struct $name;

        impl ToSchema for $name {}
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let pattern = format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", <$kind>::PREFIX);
                text(concat!("Identifier of ", $what, "."), Some(pattern), $name::example()).into()
            }
        }
        impl Example for $name {
            fn example() -> Value {
                json!(format!("{}_{}", <$kind>::PREFIX, $digits))
            }
        }
    )+ };
}

identifiers! {
    OrganizationId = proofmark_kernel::organization::OrganizationId, "an organization", "01kaznm9t8e3r9c5w4s2v0x7qa";
    ProjectId = proofmark_kernel::organization::ProjectId, "a project", "01kaznm9t8e3r9c5w4s2v0x7qb";
    PrincipalId = proofmark_kernel::principal::PrincipalId, "a principal", "01kaznm9t8e3r9c5w4s2v0x7qc";
    SessionId = proofmark_kernel::principal::SessionId, "a session", "01kaznm9t8e3r9c5w4s2v0x7qd";
    TokenId = proofmark_kernel::principal::TokenId, "an API token", "01kaznm9t8e3r9c5w4s2v0x7qe";
    ArtifactId = proofmark_kernel::artifact::ArtifactId, "an artifact", "01kaznm9t8e3r9c5w4s2v0x7qf";
    UploadId = proofmark_kernel::artifact::UploadId, "an upload", "01kaznm9t8e3r9c5w4s2v0x7qg";
    RunId = proofmark_kernel::run::RunId, "a run", "01kaznm9t8e3r9c5w4s2v0x7qh";
    ApprovalId = proofmark_kernel::approval::ApprovalId, "a request for approval", "01kaznm9t8e3r9c5w4s2v0x7qj";
    ReleaseId = proofmark_kernel::release::ReleaseId, "a release", "01kaznm9t8e3r9c5w4s2v0x7qk";
    EventId = proofmark_kernel::event::EventId, "an event", "01kaznm9t8e3r9c5w4s2v0x7qm";
    WebhookId = proofmark_kernel::webhook::WebhookId, "a webhook", "01kaznm9t8e3r9c5w4s2v0x7qn";
    DeliveryId = proofmark_kernel::webhook::DeliveryId, "a delivery to a webhook", "01kaznm9t8e3r9c5w4s2v0x7qp";
}

macro_rules! names {
    ($($name:ident = $kind:path, $description:literal, $example:expr;)+) => { $(
        #[doc = concat!("Schema: ", $description)]
        pub struct $name;

        impl ToSchema for $name {}
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let values = <$kind>::ALL.iter().map(|v| v.name());
                text($description, None, $name::example()).enum_values(Some(values)).into()
            }
        }
        impl Example for $name {
            fn example() -> Value {
                json!($example.name())
            }
        }
    )+ };
}

names! {
    Action = proofmark_kernel::action::Action, "What can be done: `resource.verb`.", <proofmark_kernel::action::Action>::RunRead;
    Role = proofmark_kernel::principal::Role, "What somebody is trusted with, in the organization or in one project.", <proofmark_kernel::principal::Role>::Engineer;
    PrincipalKind = proofmark_kernel::principal::PrincipalKind, "What a principal is.", <proofmark_kernel::principal::PrincipalKind>::User;
    RunStatus = proofmark_kernel::run::RunStatus, "Where a run stands.", <proofmark_kernel::run::RunStatus>::Running;
    RunEventKind = proofmark_kernel::run::RunEventKind, "What an entry of a run's log is about.", <proofmark_kernel::run::RunEventKind>::Step;
    StepStatus = proofmark_kernel::run::StepStatus, "How a step stands.", <proofmark_kernel::run::StepStatus>::Succeeded;
    ApprovalStatus = proofmark_kernel::approval::ApprovalStatus, "Where a request for approval stands.", <proofmark_kernel::approval::ApprovalStatus>::Pending;
    Choice = proofmark_kernel::approval::Choice, "What somebody decided.", <proofmark_kernel::approval::Choice>::Approve;
    EventKind = proofmark_kernel::event::EventKind, "What happened; the last part of the CloudEvents `type`.", <proofmark_kernel::event::EventKind>::RunStatusChanged;
    DeliveryStatus = proofmark_kernel::webhook::DeliveryStatus, "How a delivery stands.", <proofmark_kernel::webhook::DeliveryStatus>::Succeeded;
}

/// Schema of an instant.
pub struct Time;

impl ToSchema for Time {}
impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        text("RFC 3339, UTC, microseconds.", None, Time::example())
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}
impl Example for Time {
    fn example() -> Value {
        json!("2026-11-22T09:40:22.123000Z")
    }
}

/// Schema of a SHA-256 digest.
pub struct Digest;

impl ToSchema for Digest {}
impl PartialSchema for Digest {
    fn schema() -> RefOr<Schema> {
        text("SHA-256, 64 lower-case hexadecimal digits.", Some("^[0-9a-f]{64}$".into()), Digest::example()).into()
    }
}
impl Example for Digest {
    fn example() -> Value {
        json!("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
    }
}

/// Schema of a check's verdict.
pub struct Verdict;

impl ToSchema for Verdict {}
impl PartialSchema for Verdict {
    fn schema() -> RefOr<Schema> {
        text("Outcome of a check.", None, Verdict::example())
            .enum_values(Some(["pass", "fail", "inconclusive", "skipped"]))
            .into()
    }
}
impl Example for Verdict {
    fn example() -> Value {
        json!("pass")
    }
}

/// Schema of what is claimed for a target.
pub struct ClaimLevel;

impl ToSchema for ClaimLevel {}
impl PartialSchema for ClaimLevel {
    fn schema() -> RefOr<Schema> {
        text("What is claimed for a target, from least to most.", None, ClaimLevel::example())
            .enum_values(Some(["none", "built", "tested", "stressed", "bit_true", "proved"]))
            .into()
    }
}
impl Example for ClaimLevel {
    fn example() -> Value {
        json!("tested")
    }
}

/// The value of an example in the type of the domain that it stands for.
pub fn of<T: serde::de::DeserializeOwned, E: Example>() -> T {
    serde_json::from_value(E::example()).expect("an example has the type it is an example of")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_evidence::check;

    fn enumerated(schema: RefOr<Schema>) -> Vec<Value> {
        let schema = serde_json::to_value(schema).unwrap();
        schema["enum"].as_array().unwrap().clone()
    }

    #[test]
    fn names_in_the_schemas_are_those_of_the_types() {
        use check::{ClaimLevel as L, Verdict as V};
        // a new level or verdict does not compile here, and then stands in the list above
        let level = |l: L| match l {
            L::None | L::Built | L::Tested | L::Stressed | L::BitTrue | L::Proved => json!(l),
        };
        let verdict = |v: V| match v {
            V::Pass | V::Fail | V::Inconclusive | V::Skipped => json!(v),
        };
        let levels = [L::None, L::Built, L::Tested, L::Stressed, L::BitTrue, L::Proved].map(level);
        assert_eq!(enumerated(ClaimLevel::schema()), levels);
        assert_eq!(enumerated(Verdict::schema()), [V::Pass, V::Fail, V::Inconclusive, V::Skipped].map(verdict));
        assert_eq!(enumerated(Role::schema()).len(), proofmark_kernel::principal::Role::ALL.len());
    }

    #[test]
    fn examples_have_their_types() {
        let _: proofmark_kernel::run::RunId = of::<_, RunId>();
        let _: proofmark_kernel::principal::SessionId = of::<_, SessionId>();
        let _: proofmark_base::digest::Digest = of::<_, Digest>();
        let _: proofmark_base::time::Timestamp = of::<_, Time>();
        let _: proofmark_kernel::action::Action = of::<_, Action>();
    }
}
