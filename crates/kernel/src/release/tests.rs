//! What may be released.

use super::*;
use crate::approval::Choice;
use crate::approval::tests::{person, request};
use crate::principal::Role;

fn project(policy: Policy) -> Project {
    Project {
        id: ProjectId::from_bits(1),
        organization: OrganizationId::from_bits(1),
        name: "p".into(),
        policy,
        policy_version: 1,
        created_by: PrincipalId::from_bits(99),
        created_at: Timestamp::from_micros(0),
        archived_at: None,
        version: 1,
    }
}

#[test]
fn only_what_was_approved_as_it_is_now_is_released() {
    let mut approval = request(Policy::default().signers, &[b"int main;"]);
    let project = project(approval.policy.clone());
    let subjects = approval.subjects.clone();
    assert_eq!(approved(&approval, &subjects, &project).unwrap_err().code, "release.not-approved");
    let bound = approval.binding();
    approval.decide(&person(1, &[Role::Approver]), Choice::Approve, "", bound, Timestamp::from_micros(1)).unwrap();
    assert!(approved(&approval, &subjects, &project).is_ok());
    let mut changed = subjects.clone();
    changed[0].digest = Digest::of(b"int  main;");
    assert_eq!(approved(&approval, &changed, &project).unwrap_err().code, "release.changed");
    let newer = Project { policy_version: 2, ..project.clone() };
    assert_eq!(approved(&approval, &subjects, &newer).unwrap_err().code, "release.changed");
    let elsewhere = Project { id: ProjectId::from_bits(2), ..project };
    assert_eq!(approved(&approval, &subjects, &elsewhere).unwrap_err().code, "release.changed");
}

#[test]
fn a_release_is_taken_back_once_and_with_a_reason() {
    let mut release = Release {
        id: ReleaseId::from_bits(1),
        organization: OrganizationId::from_bits(1),
        project: ProjectId::from_bits(1),
        run: RunId::from_bits(1),
        approval: ApprovalId::from_bits(1),
        name: "r 1".into(),
        subjects: vec![],
        envelope: Digest::of(b""),
        created_by: PrincipalId::from_bits(1),
        created_at: Timestamp::from_micros(0),
        revocation: None,
        version: 1,
    };
    let (by, now) = (PrincipalId::from_bits(2), Timestamp::from_micros(5));
    assert_eq!(release.revoke("  ", by, now).unwrap_err().code, "release.reason");
    release.revoke("wrong gain", by, now).unwrap();
    assert_eq!(release.revoke("again", by, now).unwrap_err().code, "release.revoked");
    assert_eq!((release.version, release.revocation.unwrap().reason.as_str()), (2, "wrong gain"));
}
