//! Approvals: what must hold before a release, what people decided, and whether that is enough. A decision is bound to
//! digests and to a policy version; any changed byte voids it, and nobody approves their own work.

use crate::organization::{OrganizationId, ProjectId};
use crate::principal::{Caller, PrincipalId, PrincipalKind, Role};
use crate::run::RunId;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_evidence::check::{ClaimLevel, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

proofmark_base::id!(
    /// A request for approval.
    ApprovalId, "apr"
);

/// So many people who hold a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signers {
    /// Any of these roles.
    pub roles: Vec<Role>,
    /// How many different people.
    pub number: u32,
}

/// What must hold before something of a project is released. The author of the work never counts as a signer; that is
/// no option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The least that must be claimed for every target.
    pub level: ClaimLevel,
    /// Checks that must pass, by identifier; `*` at the end stands for any rest. Failed checks forbid a release in any case.
    pub checks: Vec<String>,
    /// Who must sign; each group is filled by people of its own.
    pub signers: Vec<Signers>,
}

impl Default for Policy {
    /// Every target at least tested, one approver.
    fn default() -> Self {
        Policy {
            level: ClaimLevel::Tested,
            checks: Vec::new(),
            signers: vec![Signers { roles: vec![Role::Approver, Role::Owner], number: 1 }],
        }
    }
}

impl Policy {
    /// Whether it says something that can be met and means something.
    ///
    /// # Errors
    /// `policy.invalid` with the places.
    pub fn validate(&self) -> Result<()> {
        let mut error = Error::invalid("policy.invalid", "this policy cannot be used");
        if self.signers.is_empty() {
            error = error.at("/policy/signers", "somebody must sign: name at least one group");
        }
        for (i, group) in self.signers.iter().enumerate() {
            if group.number == 0 || group.number > 20 {
                error = error.at(format!("/policy/signers/{i}/number"), "1 to 20 people");
            }
            if group.roles.is_empty() {
                error = error.at(format!("/policy/signers/{i}/roles"), "name at least one role");
            }
            if let Some(role) = group.roles.iter().find(|r| matches!(r, Role::Viewer | Role::Auditor)) {
                error = error.at(format!("/policy/signers/{i}/roles"), format!("a {role} does not sign"));
            }
        }
        if self.signers.len() > 10 {
            error = error.at("/policy/signers", "at most 10 groups");
        }
        for (i, check) in self.checks.iter().enumerate() {
            let body = check.strip_suffix('*').unwrap_or(check);
            if check.is_empty() || check.len() > 200 || body.contains('*') {
                error = error.at(format!("/policy/checks/{i}"), "the identifier of a check; `*` only at its end");
            }
        }
        if self.checks.len() > 100 {
            error = error.at("/policy/checks", "at most 100 checks");
        }
        if error.places.is_empty() { Ok(()) } else { Err(error) }
    }
}

/// Bytes under approval.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// Name, unique in the request.
    pub name: String,
    /// Digest of the bytes.
    pub digest: Digest,
}

/// One digest for all subjects and the policy they are judged by: what a decision is bound to.
pub fn binding(subjects: &[Subject], policy: &Policy, policy_version: i64) -> Digest {
    let sorted: BTreeSet<&Subject> = subjects.iter().collect();
    let text = serde_json::to_vec(&(sorted, policy, policy_version)).expect("string keys and infallible serializers");
    Digest::of(&text)
}

proofmark_base::names!(
    /// What somebody decided.
    Choice, "choice", {
        /// Yes.
        Approve = "approve",
        /// No: one of these ends the request.
        Reject = "reject",
    }
);

/// A person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who.
    pub principal: PrincipalId,
    /// Roles they held in the project when they decided.
    pub roles: Vec<Role>,
    /// What.
    pub choice: Choice,
    /// Why, in their words.
    pub comment: String,
    /// What it is bound to: [`binding`] of what they saw.
    pub binding: Digest,
    /// When.
    pub at: Timestamp,
}

proofmark_base::names!(
    /// Where a request for approval stands.
    ApprovalStatus, "approval status", {
        /// More people must decide.
        Pending = "pending",
        /// Enough said yes and nobody said no.
        Approved = "approved",
        /// Somebody said no.
        Rejected = "rejected",
        /// What it was about, or the policy, changed: decisions do not count any more.
        Void = "void",
    }
);

/// A request for approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Identifier.
    pub id: ApprovalId,
    /// Whose.
    pub organization: OrganizationId,
    /// Where.
    pub project: ProjectId,
    /// The run whose work it is.
    pub run: RunId,
    /// What is to be released.
    pub subjects: Vec<Subject>,
    /// The policy as it was when the request was made.
    pub policy: Policy,
    /// The policy's version then.
    pub policy_version: i64,
    /// Whoever had a hand in the work: their decisions do not count.
    pub authors: Vec<PrincipalId>,
    /// Decisions, oldest first.
    pub decisions: Vec<Decision>,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts changes, from 1.
    pub version: i64,
}

impl Approval {
    /// What decisions about it are bound to.
    pub fn binding(&self) -> Digest {
        binding(&self.subjects, &self.policy, self.policy_version)
    }

    /// Adds a decision.
    ///
    /// # Errors
    /// `approval.author` for whoever had a hand in the work, `approval.person` for a service account, `approval.role`
    /// without a role that the policy asks for, `approval.again` for a second decision, `approval.ended` where it
    /// is not pending, `approval.changed` where the caller saw other bytes or another policy.
    pub fn decide(&mut self, by: &Caller, choice: Choice, comment: &str, saw: Digest, now: Timestamp) -> Result<()> {
        let refuse = |kind, code: &'static str, text: String| Err(Error::new(kind, code, text));
        if self.status != ApprovalStatus::Pending {
            let text = format!("this request is {} and takes no more decisions", self.status);
            return refuse(Kind::Conflict, "approval.ended", text);
        }
        if by.kind != PrincipalKind::User {
            return refuse(Kind::Forbidden, "approval.person", "only people approve".into());
        }
        if self.authors.contains(&by.principal) {
            return refuse(Kind::Forbidden, "approval.author", "nobody decides about their own work".into());
        }
        if self.decisions.iter().any(|d| d.principal == by.principal) {
            return refuse(Kind::Conflict, "approval.again", "you have decided about this already".into());
        }
        let wanted: BTreeSet<Role> = self.policy.signers.iter().flat_map(|g| g.roles.iter().copied()).collect();
        let roles: Vec<Role> = wanted.into_iter().filter(|r| by.holds(&[*r], Some(self.project))).collect();
        if roles.is_empty() {
            return refuse(
                Kind::Forbidden,
                "approval.role",
                "you hold none of the roles that this policy asks for".into(),
            );
        }
        if saw != self.binding() {
            let text = "what you decided about is not what this request holds now".into();
            return refuse(Kind::Precondition, "approval.changed", text);
        }
        if comment.chars().count() > 2_000 {
            return Err(
                Error::invalid("approval.comment", "the comment is too long").at("/comment", "at most 2000 characters")
            );
        }
        let comment = comment.trim().to_string();
        self.decisions.push(Decision { principal: by.principal, roles, choice, comment, binding: saw, at: now });
        self.status = self.judged();
        self.version += 1;
        Ok(())
    }

    /// Voids it where its subjects are not these any more, or the project's policy is another. An ended request that was
    /// approved can be voided too; one that was rejected stays so.
    pub fn void_unless(&mut self, subjects: &[Subject], policy: &Policy, policy_version: i64) -> bool {
        let stands = self.binding() == binding(subjects, policy, policy_version);
        let open = matches!(self.status, ApprovalStatus::Pending | ApprovalStatus::Approved);
        if !stands && open {
            self.status = ApprovalStatus::Void;
            self.version += 1;
        }
        !stands
    }

    /// What the decisions amount to. Only those bound to what the request holds count.
    fn judged(&self) -> ApprovalStatus {
        let bound = self.binding();
        let counts = |d: &&Decision| d.binding == bound && !self.authors.contains(&d.principal);
        let valid: Vec<&Decision> = self.decisions.iter().filter(counts).collect();
        if valid.iter().any(|d| d.choice == Choice::Reject) {
            return ApprovalStatus::Rejected;
        }
        if self.missing_of(&valid).is_empty() { ApprovalStatus::Approved } else { ApprovalStatus::Pending }
    }

    /// The groups that still want people, with how many.
    pub fn missing(&self) -> Vec<Signers> {
        let bound = self.binding();
        let valid: Vec<&Decision> = self.decisions.iter().filter(|d| d.binding == bound).collect();
        self.missing_of(&valid)
    }

    /// Fills seats with people so that as many as possible are filled (augmenting paths in the bipartite graph of seats
    /// and people): nobody fills two seats, and the order of decisions does not matter.
    fn missing_of(&self, decisions: &[&Decision]) -> Vec<Signers> {
        let mut seats: Vec<usize> = Vec::new();
        for (i, group) in self.policy.signers.iter().enumerate() {
            seats.extend(std::iter::repeat_n(i, group.number as usize));
        }
        let fits = |seat: usize, person: usize| {
            let d = decisions[person];
            d.choice == Choice::Approve && d.roles.iter().any(|r| self.policy.signers[seats[seat]].roles.contains(r))
        };
        fn seat_of(
            seat: usize,
            people: usize,
            fits: &dyn Fn(usize, usize) -> bool,
            tried: &mut BTreeSet<usize>,
            taken: &mut BTreeMap<usize, usize>,
        ) -> bool {
            for person in 0..people {
                if !fits(seat, person) || !tried.insert(person) {
                    continue;
                }
                let free = match taken.get(&person).copied() {
                    None => true,
                    Some(other) => seat_of(other, people, fits, tried, taken),
                };
                if free {
                    taken.insert(person, seat);
                    return true;
                }
            }
            false
        }
        let mut taken = BTreeMap::new();
        let mut missing: BTreeMap<usize, u32> = BTreeMap::new();
        for (seat, group) in seats.iter().enumerate() {
            if !seat_of(seat, decisions.len(), &fits, &mut BTreeSet::new(), &mut taken) {
                *missing.entry(*group).or_default() += 1;
            }
        }
        let group = |(i, number): (usize, u32)| Signers { roles: self.policy.signers[i].roles.clone(), number };
        missing.into_iter().map(group).collect()
    }
}

/// A check's outcome as a policy sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOutcome {
    /// Identifier.
    pub id: String,
    /// Verdict.
    pub verdict: Verdict,
}

/// Why the evidence does not allow a release, in sentences; empty where it does. `claims` has one level per target.
pub fn objections(policy: &Policy, claims: &[(String, ClaimLevel)], checks: &[CheckOutcome]) -> Vec<String> {
    let mut found = Vec::new();
    if claims.is_empty() {
        found.push("nothing is claimed for any target".to_string());
    }
    for (target, level) in claims {
        if *level < policy.level {
            found.push(format!("target {target} is {level}, and the policy asks for {}", policy.level));
        }
    }
    for check in checks.iter().filter(|c| c.verdict == Verdict::Fail) {
        found.push(format!("check {} failed", check.id));
    }
    for wanted in &policy.checks {
        let matches = |id: &str| match wanted.strip_suffix('*') {
            Some(start) => id.starts_with(start),
            None => id == wanted,
        };
        let mut of_name = checks.iter().filter(|c| matches(&c.id)).peekable();
        if of_name.peek().is_none() {
            found.push(format!("check {wanted} was not made"));
        }
        let not_passed = |c: &&CheckOutcome| !matches!(c.verdict, Verdict::Pass | Verdict::Fail);
        found.extend(of_name.filter(not_passed).map(|c| format!("check {} did not pass: {:?}", c.id, c.verdict)));
    }
    found
}

#[cfg(test)]
pub(crate) mod tests;
