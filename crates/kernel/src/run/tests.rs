//! States of runs as properties.

use super::*;
use proptest::prelude::*;

fn run() -> Run {
    Run {
        id: RunId::from_bits(1),
        organization: OrganizationId::from_bits(1),
        project: ProjectId::from_bits(1),
        workflow: "silicon.translate".into(),
        input: Json::of(&Value::Null).unwrap(),
        status: RunStatus::Queued,
        result: None,
        error: None,
        retry_of: None,
        created_by: PrincipalId::from_bits(1),
        created_at: Timestamp::from_micros(0),
        started_at: None,
        ended_at: None,
        version: 1,
    }
}

proptest! {
    #[test]
    fn a_run_that_ended_stays_as_it_ended(wishes in prop::collection::vec(prop::sample::select(RunStatus::ALL.to_vec()), 0..12)) {
        let mut run = run();
        for (at, wish) in (1..).zip(wishes) {
            let before = run.clone();
            match run.become_(wish, Timestamp::from_micros(at)) {
                Ok(()) => {
                    prop_assert!(!before.status.ended());
                    prop_assert_eq!(run.version, before.version + 1);
                    prop_assert_eq!(run.ended_at.is_some(), wish.ended());
                    // a run cannot succeed that nobody ever began
                    prop_assert!(wish != RunStatus::Succeeded || run.started_at.is_some());
                }
                Err(_) => prop_assert_eq!(&run, &before),
            }
        }
    }
}
