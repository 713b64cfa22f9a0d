//! Who may what: the golden matrix, scopes, places, and a customer's additions.

use proofmark_base::digest::Digest;
use proofmark_base::error::Kind;
use proofmark_kernel::action::Action;
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::principal::{Caller, Credential, Grant, PrincipalId, PrincipalKind, Role, SessionId, TokenId};
use proofmark_platform_service::authorization::{Authorizer, Reach};
use proptest::prelude::*;
use std::path::Path;

const HERE: ProjectId = ProjectId::from_bits(7);
const THERE: ProjectId = ProjectId::from_bits(8);

fn caller(kind: PrincipalKind, grants: &[(Role, Option<ProjectId>)]) -> Caller {
    Caller {
        principal: PrincipalId::from_bits(1),
        organization: OrganizationId::from_bits(2),
        kind,
        grants: grants.iter().map(|(role, project)| Grant { role: *role, project: *project }).collect(),
        credential: Credential::Session(SessionId::from_bits(3)),
        scopes: None,
    }
}

fn user(role: Role) -> Caller {
    caller(PrincipalKind::User, &[(role, None)])
}

/// One row for each action, one column for each role and for nobody in particular.
fn matrix(authorizer: &Authorizer) -> String {
    let mut out = String::from("Who may do what. Made by `BLESS=1 cargo test -p proofmark-platform-service matrix`.\n");
    for (title, kind) in [("people", PrincipalKind::User), ("service accounts", PrincipalKind::ServiceAccount)] {
        out.push_str(&format!("\n{title:<20}"));
        Role::ALL.iter().for_each(|r| out.push_str(&format!(" {:<8}", r.name())));
        out.push_str(" none\n");
        for action in Action::ALL {
            out.push_str(&format!("{:<20}", action.name()));
            for role in Role::ALL {
                let may = authorizer.check(&caller(kind, &[(role, None)]), action, None).is_ok();
                out.push_str(&format!(" {:<8}", if may { "yes" } else { "-" }));
            }
            let may = authorizer.check(&caller(kind, &[]), action, None).is_ok();
            out.push_str(if may { " yes\n" } else { " -\n" });
        }
    }
    out
}

#[test]
fn the_matrix_of_roles_and_actions_is_the_committed_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/matrix.txt");
    let found = matrix(&Authorizer::shipped().unwrap());
    if std::env::var("BLESS").is_ok_and(|v| v == "1") {
        std::fs::write(&file, &found).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == committed, "the matrix is another now; look at it, then run with BLESS=1:\n{found}");
}

#[test]
fn what_the_roles_are_for_holds() {
    let a = Authorizer::shipped().unwrap();
    for action in Action::ALL {
        a.check(&user(Role::Owner), action, None).unwrap();
        assert_eq!(a.check(&user(Role::Auditor), action, None).is_ok(), action.reads() || action == Action::TokenOwn);
        if a.check(&user(Role::Viewer), action, None).is_ok() {
            assert!(action.reads() || action == Action::TokenOwn);
        }
        for role in Role::ALL {
            let e = a.check(&caller(PrincipalKind::ServiceAccount, &[(role, None)]), Action::ApprovalDecide, None);
            assert_eq!(e.unwrap_err().kind, Kind::Forbidden);
        }
    }
    // who administers does not do the work, and who works does not loosen what approves it
    for action in [Action::RunCreate, Action::ArtifactCreate, Action::ApprovalDecide, Action::ReleaseCreate] {
        assert!(a.check(&user(Role::Admin), action, None).is_err());
    }
    for role in [Role::Engineer, Role::Marketer, Role::Approver] {
        assert!(a.check(&user(role), Action::ProjectSetPolicy, None).is_err());
        assert!(a.check(&user(role), Action::PrincipalManage, None).is_err());
    }
}

#[test]
fn a_role_in_one_project_counts_there_only() {
    let a = Authorizer::shipped().unwrap();
    let c = caller(PrincipalKind::User, &[(Role::Engineer, Some(HERE)), (Role::Viewer, Some(THERE))]);
    a.check(&c, Action::RunCreate, Some(HERE)).unwrap();
    assert!(a.check(&c, Action::RunCreate, Some(THERE)).is_err());
    assert!(a.check(&c, Action::RunCreate, None).is_err());
    assert_eq!(a.reach(&c, Action::RunCreate).unwrap(), Reach::Projects(vec![HERE]));
    assert_eq!(a.reach(&c, Action::RunRead).unwrap(), Reach::Projects(vec![HERE, THERE]));
    assert_eq!(a.reach(&c, Action::AuditRead).unwrap_err().code, "authorization.denied");
    assert_eq!(a.reach(&user(Role::Viewer), Action::RunRead).unwrap(), Reach::Organization);
    // everybody's own tokens, with no role at all
    a.check(&caller(PrincipalKind::User, &[]), Action::TokenOwn, None).unwrap();
}

#[test]
fn runs_of_a_field_need_the_fields_role() {
    let a = Authorizer::shipped().unwrap();
    for (role, silicon, campaigns) in [
        (Role::Engineer, true, false),
        (Role::Marketer, false, true),
        (Role::Owner, true, true),
        (Role::Admin, false, false),
    ] {
        let ok = |workflow| a.check_workflow(&user(role), Action::RunCreate, Some(HERE), workflow).is_ok();
        assert_eq!((ok("silicon.translate"), ok("campaigns.send")), (silicon, campaigns), "{role}");
        assert_eq!(ok("siliconx.translate"), role == Role::Owner);
    }
    let e = a.check_workflow(&user(Role::Marketer), Action::RunCreate, Some(HERE), "silicon.translate").unwrap_err();
    assert_eq!(e.detail, "your roles do not give `run.create` of `silicon.translate` in this project");
    assert!(e.help.unwrap().contains("engineer"));
}

#[test]
fn scopes_only_take_away() {
    let a = Authorizer::shipped().unwrap();
    let mut c = user(Role::Engineer);
    c.credential = Credential::Token(TokenId::from_bits(9));
    c.scopes = Some(vec!["*.read".into(), "artifact.*".into(), "audit.read".into()]);
    a.check(&c, Action::RunRead, Some(HERE)).unwrap();
    a.check(&c, Action::ArtifactCreate, Some(HERE)).unwrap();
    assert_eq!(a.check(&c, Action::RunCreate, Some(HERE)).unwrap_err().code, "authorization.scope");
    // a scope gives nothing that the role does not
    assert_eq!(a.check(&c, Action::AuditRead, None).unwrap_err().code, "authorization.denied");
    c.scopes = Some(vec![]);
    assert_eq!(a.check(&c, Action::RunRead, Some(HERE)).unwrap_err().code, "authorization.scope");
}

#[test]
fn additions_forbid_and_permit_within_the_schema() {
    let text = r#"
        @reason("releases are made by people in a session")
        forbid (principal, action == Action::"release.create", resource) unless { context.credential == "session" };
        permit (principal in Role::"viewer", action in Action::"read", resource);
        @id("closed")
        forbid (principal, action, resource == Project::"prj_00000000000000000000000007") when { !(principal in Role::"owner") };
    "#;
    let a = Authorizer::with_additions(text).unwrap();
    let mut c = user(Role::Engineer);
    a.check(&c, Action::ReleaseCreate, Some(THERE)).unwrap();
    a.check(&user(Role::Viewer), Action::AuditRead, None).unwrap();
    let e = a.check(&c, Action::RunRead, Some(HERE)).unwrap_err();
    assert!(e.detail.contains("`addition closed` of this installation"), "{e}");
    a.check(&user(Role::Owner), Action::RunRead, Some(HERE)).unwrap();
    c.credential = Credential::Token(TokenId::from_bits(9));
    let e = a.check(&c, Action::ReleaseCreate, Some(THERE)).unwrap_err();
    assert!(e.detail.contains("releases are made by people in a session"), "{e}");
    // a shipped prohibition stays whatever is permitted
    let a = Authorizer::with_additions("permit (principal, action, resource);").unwrap();
    let program = caller(PrincipalKind::ServiceAccount, &[]);
    a.check(&program, Action::RunCreate, None).unwrap();
    assert!(a.check(&program, Action::ApprovalDecide, None).is_err());
}

#[test]
fn bad_additions_are_refused_with_the_line() {
    for (text, at, part) in [
        ("\n\npermit (principal, action, resource", "line 3", "unexpected"),
        (
            "permit (principal, action, resource);\nforbid (principal, action == Action::\"run.fly\", resource);",
            "line 2",
            "run.fly",
        ),
        ("permit (principal in Role::\"boss\", action, resource);", "line 1", "boss"),
        ("permit (principal, action, resource)\nwhen { principal.salary > 3 };", "line 2", "salary"),
        ("permit (principal, action, resource) when {\n context.workflow == \"x\" };", "line 2", "workflow"),
        ("permit (principal == ?principal, action, resource);", "policies", "template"),
        ("permit (principal is Project, action, resource);", "line 1", "impossible"),
        (
            "@id(\"a\") permit (principal, action, resource); @id(\"a\") permit (principal, action, resource);",
            "policies",
            "same @id",
        ),
    ] {
        let e = Authorizer::with_additions(text).err().unwrap_or_else(|| panic!("accepted: {text}"));
        assert_eq!(e.code, "authorization.policy");
        assert!(
            e.places.iter().any(|p| p.at == at && format!("{p:?}").to_lowercase().contains(part)),
            "{text}\n{:?}",
            e.places
        );
    }
}

fn grants() -> impl Strategy<Value = Vec<(Role, Option<ProjectId>)>> {
    let place = prop::sample::select(vec![None, Some(HERE), Some(THERE)]);
    prop::collection::vec((prop::sample::select(Role::ALL.to_vec()), place), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Remembered answers are those that Cedar gives: the second set of policies permits and forbids the same, and names
    /// a person, so that nothing is remembered for it.
    #[test]
    fn remembered_answers_are_cedars(
        grants in grants(),
        action in prop::sample::select(Action::ALL.to_vec()),
        (person, principal, organization) in any::<(bool, u128, u128)>(),
        credential in 0..4_usize,
    ) {
        static BOTH: std::sync::LazyLock<(Authorizer, Authorizer)> = std::sync::LazyLock::new(|| {
            let general = r#"
                forbid (principal, action == Action::"run.cancel", resource) when { context.credential == "token" };
                forbid (principal is ServiceAccount, action == Action::"token.manage", resource);
                permit (principal in Role::"viewer", action in Action::"read", resource is Project);"#;
            let single = format!("{general} permit (principal == User::\"nobody\", action, resource);");
            (Authorizer::with_additions(general).unwrap(), Authorizer::with_additions(&single).unwrap())
        });
        let kind = if person { PrincipalKind::User } else { PrincipalKind::ServiceAccount };
        let mut c = caller(kind, &grants);
        c.principal = PrincipalId::from_bits(principal);
        c.organization = OrganizationId::from_bits(organization);
        c.credential = [c.credential, Credential::Token(TokenId::from_bits(9)), Credential::Certificate(Digest::of(b"a certificate")), Credential::System][credential];
        for place in [None, Some(HERE), Some(THERE)] {
            for _ in 0..2 {
                prop_assert_eq!(BOTH.0.check(&c, action, place).is_ok(), BOTH.1.check(&c, action, place).is_ok());
            }
        }
    }

    /// The answer for several roles is that of the single roles, and more roles never take away.
    #[test]
    fn roles_add_up(grants in grants(), action in prop::sample::select(Action::ALL.to_vec())) {
        static AUTHORIZER: std::sync::LazyLock<Authorizer> = std::sync::LazyLock::new(|| Authorizer::shipped().unwrap());
        for place in [None, Some(HERE), Some(THERE)] {
            let whole = AUTHORIZER.check(&caller(PrincipalKind::User, &grants), action, place).is_ok();
            let single = grants.iter().any(|g| AUTHORIZER.check(&caller(PrincipalKind::User, &[*g]), action, place).is_ok());
            let nobody = AUTHORIZER.check(&caller(PrincipalKind::User, &[]), action, place).is_ok();
            prop_assert_eq!(whole, single || nobody);
        }
    }
}
