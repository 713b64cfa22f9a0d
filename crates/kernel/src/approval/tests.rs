//! Rules of approvals as properties.

use super::*;
use crate::principal::{Credential, Grant, SessionId};
use proptest::prelude::*;

pub(crate) fn person(n: u128, roles: &[Role]) -> Caller {
    Caller {
        principal: PrincipalId::from_bits(n),
        organization: OrganizationId::from_bits(1),
        kind: PrincipalKind::User,
        grants: roles.iter().map(|role| Grant { role: *role, project: None }).collect(),
        credential: Credential::Session(SessionId::from_bits(n)),
        scopes: None,
    }
}

pub(crate) fn request(signers: Vec<Signers>, subjects: &[&[u8]]) -> Approval {
    let subject = |(i, bytes): (usize, &&[u8])| Subject { name: format!("{i}.c"), digest: Digest::of(bytes) };
    Approval {
        id: ApprovalId::from_bits(1),
        organization: OrganizationId::from_bits(1),
        project: ProjectId::from_bits(1),
        run: RunId::from_bits(1),
        subjects: subjects.iter().enumerate().map(subject).collect(),
        policy: Policy { level: ClaimLevel::Tested, checks: vec![], signers },
        policy_version: 1,
        authors: vec![PrincipalId::from_bits(99)],
        decisions: vec![],
        status: ApprovalStatus::Pending,
        created_at: Timestamp::from_micros(0),
        version: 1,
    }
}

fn now() -> Timestamp {
    Timestamp::from_micros(1)
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Owner, Role::Approver, Role::Engineer, Role::Admin])
}

fn roles() -> impl Strategy<Value = Vec<Role>> {
    prop::collection::btree_set(role(), 1..3).prop_map(|s| s.into_iter().collect())
}

fn signers() -> impl Strategy<Value = Vec<Signers>> {
    prop::collection::vec((roles(), 1..3_u32).prop_map(|(roles, number)| Signers { roles, number }), 1..4)
}

/// Whether the seats can be filled, by trying every way.
fn fillable(seats: &[&Signers], people: &[Caller]) -> bool {
    let Some((seat, rest)) = seats.split_first() else { return true };
    (0..people.len()).any(|i| {
        let fits = people[i].holds(&seat.roles, None);
        let mut others = people.to_vec();
        others.remove(i);
        fits && fillable(rest, &others)
    })
}

proptest! {
    #[test]
    fn it_is_approved_exactly_when_every_seat_has_a_person_of_its_own(
        signers in signers(),
        people in prop::collection::vec(roles(), 0..6),
    ) {
        let people: Vec<Caller> = people.iter().enumerate().map(|(i, r)| person(i as u128 + 1, r)).collect();
        let seats: Vec<&Signers> = signers.iter().flat_map(|s| std::iter::repeat_n(s, s.number as usize)).collect();
        let mut approval = request(signers.clone(), &[b"a"]);
        let bound = approval.binding();
        for p in &people {
            // more may not be wanted, or this person's roles are not asked for
            let _ = approval.decide(p, Choice::Approve, "", bound, now());
        }
        prop_assert_eq!(approval.status == ApprovalStatus::Approved, fillable(&seats, &people));
        prop_assert_eq!(approval.missing().is_empty(), fillable(&seats, &people));
    }

    #[test]
    fn one_rejection_ends_it(signers in signers(), yes in 0..3_u128) {
        let mut approval = request(signers, &[b"a"]);
        let bound = approval.binding();
        let all = [Role::Owner, Role::Approver, Role::Engineer, Role::Admin];
        for n in 0..yes {
            let _ = approval.decide(&person(n + 1, &all), Choice::Approve, "", bound, now());
        }
        if approval.status == ApprovalStatus::Pending {
            approval.decide(&person(50, &all), Choice::Reject, "no", bound, now()).unwrap();
            prop_assert_eq!(approval.status, ApprovalStatus::Rejected);
            let again = approval.decide(&person(51, &all), Choice::Approve, "", bound, now());
            prop_assert_eq!(again.unwrap_err().code, "approval.ended");
        }
    }

    #[test]
    fn any_changed_byte_voids(bytes in prop::collection::vec(any::<u8>(), 1..64), at: prop::sample::Index, flip in 1..=255_u8) {
        let mut approval = request(Policy::default().signers, &[&bytes, b"other"]);
        let bound = approval.binding();
        approval.decide(&person(1, &[Role::Approver]), Choice::Approve, "", bound, now()).unwrap();
        prop_assert_eq!(approval.status, ApprovalStatus::Approved);
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] ^= flip;
        let same = approval.subjects.clone();
        let policy = approval.policy.clone();
        prop_assert!(!approval.clone().void_unless(&same, &policy, 1));
        prop_assert!(approval.clone().void_unless(&same, &policy, 2), "another version of the policy");
        prop_assert!(approval.clone().void_unless(&same[..1], &policy, 1), "a file fewer");
        let others = request(vec![], &[&changed, b"other"]).subjects;
        prop_assert!(approval.void_unless(&others, &policy, 1));
        prop_assert_eq!(approval.status, ApprovalStatus::Void);
    }

    #[test]
    fn the_order_of_subjects_does_not_matter(names in prop::collection::btree_set("[a-z]{1,4}", 1..5)) {
        let mut subjects: Vec<Subject> =
            names.iter().map(|n| Subject { name: n.clone(), digest: Digest::of(n.as_bytes()) }).collect();
        let policy = Policy::default();
        let one = binding(&subjects, &policy, 1);
        subjects.reverse();
        prop_assert_eq!(binding(&subjects, &policy, 1), one);
    }
}

#[test]
fn nobody_decides_about_their_own_work_not_even_an_owner() {
    let mut approval = request(Policy::default().signers, &[b"a"]);
    let bound = approval.binding();
    let author = person(99, &[Role::Owner, Role::Approver]);
    assert_eq!(approval.decide(&author, Choice::Approve, "", bound, now()).unwrap_err().code, "approval.author");
    let robot = Caller { kind: PrincipalKind::ServiceAccount, ..person(5, &[Role::Approver]) };
    assert_eq!(approval.decide(&robot, Choice::Approve, "", bound, now()).unwrap_err().code, "approval.person");
    let viewer = person(6, &[Role::Viewer]);
    assert_eq!(approval.decide(&viewer, Choice::Approve, "", bound, now()).unwrap_err().code, "approval.role");
    let saw_other = Digest::of(b"something else");
    let approver = person(7, &[Role::Approver]);
    assert_eq!(approval.decide(&approver, Choice::Approve, "", saw_other, now()).unwrap_err().code, "approval.changed");
    assert!(approval.decisions.is_empty());
    approval.policy.signers[0].number = 2;
    let bound = approval.binding();
    approval.decide(&approver, Choice::Approve, "", bound, now()).unwrap();
    assert_eq!(approval.decide(&approver, Choice::Approve, "", bound, now()).unwrap_err().code, "approval.again");
    assert_eq!(approval.missing(), [Signers { roles: vec![Role::Approver, Role::Owner], number: 1 }]);
}

#[test]
fn the_evidence_is_held_to_the_policy() {
    let policy =
        Policy { level: ClaimLevel::Stressed, checks: vec!["c.bits*".into(), "golden".into()], ..Policy::default() };
    let check = |id: &str, verdict| CheckOutcome { id: id.into(), verdict };
    let claims = |level| vec![("c".to_string(), level)];
    let good = [check("c.bits.gcc", Verdict::Pass), check("golden", Verdict::Pass), check("other", Verdict::Skipped)];
    assert!(objections(&policy, &claims(ClaimLevel::BitTrue), &good).is_empty());
    assert_eq!(objections(&policy, &claims(ClaimLevel::Tested), &good).len(), 1);
    assert_eq!(objections(&policy, &[], &good).len(), 1);
    let skipped = [check("c.bits.gcc", Verdict::Skipped), check("golden", Verdict::Pass)];
    assert_eq!(objections(&policy, &claims(ClaimLevel::BitTrue), &skipped).len(), 1);
    assert_eq!(objections(&policy, &claims(ClaimLevel::BitTrue), &good[..1]).len(), 1, "a check that was not made");
    let failed = [check("x", Verdict::Fail), check("c.bits.gcc", Verdict::Pass), check("golden", Verdict::Pass)];
    assert_eq!(
        objections(&policy, &claims(ClaimLevel::BitTrue), &failed).len(),
        1,
        "a failure counts also where nobody asked"
    );
}

#[test]
fn a_policy_that_nobody_can_meet_or_that_asks_nobody_is_refused() {
    let places = |policy: Policy| policy.validate().unwrap_err().places.len();
    assert!(Policy::default().validate().is_ok());
    let signers = |roles: &[Role], number| vec![Signers { roles: roles.to_vec(), number }];
    assert_eq!(places(Policy { signers: vec![], ..Policy::default() }), 1);
    assert_eq!(places(Policy { signers: signers(&[], 0), ..Policy::default() }), 2);
    assert_eq!(places(Policy { signers: signers(&[Role::Viewer], 1), ..Policy::default() }), 1);
    assert_eq!(places(Policy { checks: vec!["a*b".into(), String::new()], ..Policy::default() }), 2);
}
