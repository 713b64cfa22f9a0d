//! Prints what an authorization decision costs. `cargo run --release -p proofmark-platform-service --example authorization_cost`

use proofmark_kernel::action::Action;
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::principal::{Caller, Credential, Grant, PrincipalId, PrincipalKind, Role, SessionId};
use proofmark_platform_service::authorization::Authorizer;
use std::time::Instant;

const CHECKS: u32 = 20_000;

fn main() -> Result<(), proofmark_base::error::Error> {
    let here = ProjectId::from_bits(7);
    let named = "forbid (principal == User::\"prn_00000000000000000000000000\", action, resource);";
    for (policies, additions) in [("shipped policies", ""), ("with one that names a person", named)] {
        let authorizer = Authorizer::with_additions(additions)?;
        for (what, role, project, scopes) in [
            ("engineer, in a project", Role::Engineer, Some(here), None),
            ("engineer with a scoped token", Role::Engineer, Some(here), Some(vec!["*.read".to_string()])),
            ("viewer, in the organization", Role::Viewer, None, None),
            ("refused", Role::Admin, Some(here), None),
        ] {
            let caller = Caller {
                principal: PrincipalId::from_bits(1),
                organization: OrganizationId::from_bits(2),
                kind: PrincipalKind::User,
                grants: vec![Grant { role, project: None }, Grant { role: Role::Viewer, project: Some(here) }],
                credential: Credential::Session(SessionId::from_bits(3)),
                scopes,
            };
            let action = if what == "refused" { Action::ApprovalDecide } else { Action::RunRead };
            let start = Instant::now();
            let allowed = (0..CHECKS).filter(|_| authorizer.check(&caller, action, project).is_ok()).count();
            let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(CHECKS);
            println!("{policies:<30} {what:<30} {each:6.2} us a check, {allowed} of {CHECKS} allowed");
        }
    }
    Ok(())
}
