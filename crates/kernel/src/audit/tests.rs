//! What a log shows when somebody changed it.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn organization() -> OrganizationId {
    OrganizationId::from_bits(7)
}

fn log(actions: &[String]) -> Vec<Entry> {
    let mut previous = genesis(organization());
    let mut entries = Vec::new();
    for (seq, action) in (1..).zip(actions) {
        let record = Record {
            organization: organization(),
            at: Timestamp::from_micros(seq * 1000),
            actor: "prn_x".into(),
            credential: "system".into(),
            action: action.clone(),
            subject: format!("run_{seq}"),
            detail: json!({"n": seq}),
            trace: (seq % 2 == 0).then(|| "trace".to_string()),
        };
        let entry = Entry::new(record, seq, previous);
        previous = entry.hash;
        entries.push(entry);
    }
    entries
}

fn faults(entries: &[Entry], checkpoints: Vec<Checkpoint>) -> Vec<Fault> {
    let mut verifier = Verifier::new(organization(), checkpoints);
    entries.iter().for_each(|e| verifier.entry(e));
    verifier.finish().1
}

fn checkpoint(entry: &Entry) -> Checkpoint {
    Checkpoint { organization: organization(), seq: entry.seq, hash: entry.hash, at: entry.at }
}

/// Changes one field and leaves the hash as it was, or makes it fit.
fn edit(entry: &mut Entry, field: usize, rehash: bool) {
    match field {
        0 => entry.actor.push('x'),
        1 => entry.credential.push('x'),
        2 => entry.action.push('x'),
        3 => entry.subject.push('x'),
        4 => entry.detail = "{}".into(),
        5 => entry.at = Timestamp::from_micros(entry.at.micros() + 1),
        _ => entry.trace = Some(entry.trace.take().unwrap_or_default() + "x"),
    }
    if rehash {
        entry.hash = entry.computed();
    }
}

fn actions() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z.]{1,8}", 2..12)
}

proptest! {
    #[test]
    fn a_log_as_it_was_written_is_good(actions in actions(), at: prop::sample::Index) {
        let log = log(&actions);
        let sealed = checkpoint(&log[at.index(log.len())]);
        prop_assert!(faults(&log, vec![sealed]).is_empty());
    }

    #[test]
    fn any_edit_shows(actions in actions(), at: prop::sample::Index, field in 0..7_usize, rehash: bool) {
        let mut log = log(&actions);
        let sealed = checkpoint(log.last().unwrap());
        let i = at.index(log.len());
        edit(&mut log[i], field, rehash);
        prop_assert!(!faults(&log, vec![sealed]).is_empty());
    }

    #[test]
    fn any_deletion_shows(actions in actions(), at: prop::sample::Index) {
        let mut log = log(&actions);
        let sealed = checkpoint(log.last().unwrap());
        log.remove(at.index(log.len()));
        prop_assert!(!faults(&log, vec![sealed]).is_empty());
    }

    #[test]
    fn any_exchange_shows(actions in actions(), a: prop::sample::Index, b: prop::sample::Index) {
        let mut log = log(&actions);
        let (a, b) = (a.index(log.len()), b.index(log.len()));
        prop_assume!(a != b);
        log.swap(a, b);
        prop_assert!(!faults(&log, vec![]).is_empty());
    }

    #[test]
    fn a_rewritten_end_contradicts_its_checkpoint(actions in actions(), at: prop::sample::Index) {
        // somebody who can write the database makes the whole rest fit again
        let original = log(&actions);
        let from = at.index(original.len());
        let mut forged = original.clone();
        let mut previous = if from == 0 { genesis(organization()) } else { forged[from - 1].hash };
        forged[from].action.push('x');
        for e in &mut forged[from..] {
            e.previous = previous;
            e.hash = e.computed();
            previous = e.hash;
        }
        prop_assert!(faults(&forged, vec![]).is_empty(), "the chain alone cannot show it");
        prop_assert!(!faults(&forged, vec![checkpoint(original.last().unwrap())]).is_empty());
    }
}

#[test]
fn a_cut_off_end_and_a_foreign_log_show() {
    let actions: Vec<String> = (0..5).map(|i| format!("a{i}")).collect();
    let log = log(&actions);
    let sealed = vec![checkpoint(&log[4])];
    assert_eq!(faults(&log[..3], sealed), [Fault { seq: 5, what: FaultKind::CutOff }]);
    let mut verifier = Verifier::new(OrganizationId::from_bits(8), vec![]);
    log.iter().for_each(|e| verifier.entry(e));
    assert!(verifier.finish().1.iter().any(|f| f.what == FaultKind::Foreign));
}

#[test]
fn fields_cannot_flow_into_each_other() {
    let mut entries = log(&["ab".into()]);
    let hash = entries[0].hash;
    entries[0].action = "a".into();
    entries[0].subject = format!("b{}", entries[0].subject);
    assert_ne!(entries[0].computed(), hash);
}
