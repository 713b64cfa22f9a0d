//! Who may do what: the shipped policies and a customer's additions, in Cedar. Nothing else here knows Cedar.
//!
//! A decision depends on the caller's roles where the thing lies, on what it is (person or service account), on how it
//! showed who it is, and on the action. Whether the thing exists, and in whose organization, is the use case's to find
//! out: it looks things up in the caller's organization only, and answers "not found" for any other.

mod additions;
pub mod scopes;

use cedar_policy::{
    ActionConstraint, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicySet,
    Request, RestrictedExpression, Schema,
};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::id::shown;
use proofmark_kernel::action::Action;
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::principal::{Caller, Credential, PrincipalId, PrincipalKind, Role};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const SCHEMA: &str = include_str!("authorization/schema.cedarschema");
const SHIPPED: &str = include_str!("authorization/shipped.cedar");

/// Names of the ways to show who one is, as policies read them, in the order of [`credential`].
const CREDENTIALS: [&str; 4] = ["session", "token", "certificate", "system"];

fn credential(of: Credential) -> usize {
    match of {
        Credential::Session(_) => 0,
        Credential::Token(_) => 1,
        Credential::Certificate(_) => 2,
        Credential::System => 3,
    }
}

/// Where somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In the whole organization. A customer's policy may still forbid single projects, so lists are filtered by
    /// [`Authorizer::check`] for each project they show.
    Organization,
    /// In these projects only, in ascending order; at least one.
    Projects(Vec<ProjectId>),
}

/// Decides. Cheap to clone.
#[derive(Clone)]
pub struct Authorizer(Arc<Tables>);

/// Everything that can be made before the first question.
struct Tables {
    cedar: cedar_policy::Authorizer,
    /// In the order of `Action::ALL`.
    actions: Vec<ActionTable>,
    /// In the order of `Role::ALL`.
    roles: Vec<EntityUid>,
    user: EntityTypeName,
    service_account: EntityTypeName,
    organization: EntityTypeName,
    project: EntityTypeName,
    /// In the order of [`CREDENTIALS`].
    contexts: Vec<Context>,
}

struct ActionTable {
    uid: EntityUid,
    /// The action with the groups it is in.
    entity: Entity,
    /// The policies that speak of it: a policy about other actions can neither permit, forbid nor fail here, and the
    /// cost of a decision grows with the number of policies.
    policies: PolicySet,
    /// What was allowed before, by [`Question::number`]; none where a policy names a single person, organization or
    /// project. Where none does, the answer can depend on nothing but what the number holds, for entities of these
    /// types have no attributes and no other relations.
    known: Option<Vec<AtomicBool>>,
    /// Roles to which a person's session owes it, for messages.
    roles: Vec<Role>,
}

fn defect(what: &str, e: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::bug(format!("the shipped {what} cannot be used")).because(e)
}

fn type_name(name: &str) -> Result<EntityTypeName> {
    name.parse().map_err(|e| defect("names of types", e))
}

fn index(action: Action) -> usize {
    action as usize
}

impl Authorizer {
    /// The shipped policies.
    ///
    /// # Errors
    /// Only a defect of ours.
    pub fn shipped() -> Result<Self> {
        Authorizer::with_additions("")
    }

    /// The shipped policies and a customer's: Cedar text that may permit and forbid within the schema.
    ///
    /// # Errors
    /// `authorization.policy`, with each fault's line, where the text is no policy, speaks of what the schema does not
    /// know, can never apply, or is a template.
    pub fn with_additions(policies: &str) -> Result<Self> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|e| defect("schema", e))?;
        let shipped: PolicySet = SHIPPED.parse().map_err(|e| defect("policies", e))?;
        let mut all = Vec::new();
        for policy in shipped.policies() {
            let id = policy.annotation("id").ok_or_else(|| Error::bug("a shipped policy has no @id"))?;
            all.push(policy.new_id(cedar_policy::PolicyId::new(id)));
        }
        additions::validate(&PolicySet::from_policies(all.clone()).map_err(|e| defect("policies", e))?, &schema)
            .map_err(|faults| Error::bug(format!("the shipped policies break the schema: {faults:?}")))?;
        all.extend(additions::read(policies, &schema)?);
        let tables = Tables::new(&all, &schema)?;
        Ok(Authorizer(Arc::new(tables)))
    }

    /// Whether the caller may, in that project or, without one, in the whole organization.
    ///
    /// # Errors
    /// `authorization.denied` where no role held there gives it, or a policy forbids it; `authorization.scope` where
    /// only the token's scopes leave it out.
    pub fn check(&self, caller: &Caller, action: Action, project: Option<ProjectId>) -> Result<()> {
        self.decide(caller, action, project, None)
    }

    /// The same where the action is about a run of that workflow: engineers run `silicon.*`, marketers `campaigns.*`.
    ///
    /// # Errors
    /// As [`check`](Authorizer::check).
    pub fn check_workflow(
        &self,
        caller: &Caller,
        action: Action,
        project: Option<ProjectId>,
        workflow: &str,
    ) -> Result<()> {
        self.decide(caller, action, project, Some(workflow))
    }

    /// Where the caller may: for lists over several projects.
    ///
    /// # Errors
    /// As [`check`](Authorizer::check), where it may nowhere.
    pub fn reach(&self, caller: &Caller, action: Action) -> Result<Reach> {
        let Err(denied) = self.check(caller, action, None) else { return Ok(Reach::Organization) };
        let projects: BTreeSet<ProjectId> = caller.grants.iter().filter_map(|g| g.project).collect();
        let may: Vec<ProjectId> =
            projects.into_iter().filter(|p| self.check(caller, action, Some(*p)).is_ok()).collect();
        if may.is_empty() { Err(denied) } else { Ok(Reach::Projects(may)) }
    }

    /// Roles that give the action by the policies in force, to a person.
    pub fn roles(&self, action: Action) -> &[Role] {
        &self.0.actions[index(action)].roles
    }

    fn decide(
        &self,
        caller: &Caller,
        action: Action,
        project: Option<ProjectId>,
        workflow: Option<&str>,
    ) -> Result<()> {
        let tables = &*self.0;
        let held = caller.grants.iter().filter(|g| g.project.is_none() || g.project == project).map(|g| g.role);
        let answer = tables.answer(Question {
            kind: caller.kind,
            principal: caller.principal,
            roles: held.fold(0, |all, role| all | 1 << role as u8),
            organization: caller.organization,
            project,
            action,
            credential: credential(caller.credential),
            workflow,
        })?;
        if let Answer::Denied(reason) = answer {
            return Err(self.denied(action, project, workflow, reason));
        }
        if caller.scopes.as_ref().is_some_and(|s| !scopes::cover(s, action)) {
            return Err(Error::new(
                Kind::Forbidden,
                "authorization.scope",
                format!("the token's scopes leave out `{action}`"),
            )
            .help(format!("use a token whose scopes have `{action}` or `{}.*`", scopes::resource(action))));
        }
        Ok(())
    }

    fn denied(
        &self,
        action: Action,
        project: Option<ProjectId>,
        workflow: Option<&str>,
        reason: Option<String>,
    ) -> Error {
        let what = workflow.map_or_else(String::new, |w| format!(" of `{}`", shown(w)));
        let place = if project.is_some() { "in this project" } else { "in the whole organization" };
        let error = |text| Error::new(Kind::Forbidden, "authorization.denied", text);
        match reason {
            Some(reason) => error(format!("a policy forbids `{action}`{what} {place}: {reason}")),
            None => {
                let roles: Vec<&str> = self.roles(action).iter().map(|r| r.name()).collect();
                let who = match project {
                    Some(_) => "in the project or in the whole organization",
                    None => "in the whole organization",
                };
                error(format!("your roles do not give `{action}`{what} {place}"))
                    .help(format!("one of the roles {} {who} would; owners and admins give roles", roles.join(", ")))
            }
        }
    }
}

/// What is asked.
#[derive(Clone, Copy)]
struct Question<'a> {
    kind: PrincipalKind,
    principal: PrincipalId,
    /// A bit for each role held there, in the order of `Role::ALL`.
    roles: u8,
    organization: OrganizationId,
    project: Option<ProjectId>,
    action: Action,
    /// Index into [`CREDENTIALS`].
    credential: usize,
    workflow: Option<&'a str>,
}

/// One more than the largest [`Question::number`].
const NUMBERS: usize = CREDENTIALS.len() << (2 + Role::ALL.len());

impl Question<'_> {
    /// All that an answer can depend on where no policy names a single entity and no workflow is asked about.
    fn number(&self) -> usize {
        let person = usize::from(self.kind == PrincipalKind::User);
        let in_project = usize::from(self.project.is_some());
        ((self.credential << 1 | person) << 1 | in_project) << Role::ALL.len() | usize::from(self.roles)
    }
}

enum Answer {
    Allowed,
    /// With the reason of the policy that forbids, if one does.
    Denied(Option<String>),
}

impl Tables {
    fn new(policies: &[Policy], schema: &Schema) -> Result<Self> {
        let known = schema.action_entities().map_err(|e| defect("schema", e))?;
        let kind = type_name("Action")?;
        let mut actions = Vec::new();
        for action in Action::ALL {
            let uid = EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(action.name()));
            let entity = known.get(&uid).cloned();
            let entity = entity.ok_or_else(|| Error::bug(format!("the shipped schema does not have `{action}`")))?;
            let within = |other: &EntityUid| *other == uid || known.is_ancestor_of(other, &uid);
            let about = policies.iter().filter(|p| match p.action_constraint() {
                ActionConstraint::Any => true,
                ActionConstraint::Eq(other) => other == uid,
                ActionConstraint::In(others) => others.iter().any(within),
            });
            let policies = PolicySet::from_policies(about.cloned()).map_err(|e| defect("policies", e))?;
            let general = |uid: &EntityUid| matches!(uid.type_name().basename(), "Role" | "Action");
            let general = policies.policies().all(|p| p.entity_literals().iter().all(general));
            let known = general.then(|| (0..NUMBERS).map(|_| AtomicBool::new(false)).collect());
            actions.push(ActionTable { uid, entity, policies, known, roles: Vec::new() });
        }
        let role = type_name("Role")?;
        let roles = Role::ALL.map(|r| EntityUid::from_type_name_and_id(role.clone(), EntityId::new(r.name())));
        let contexts = CREDENTIALS.map(|c| context(c, None)).into_iter().collect::<Result<_>>()?;
        let mut tables = Tables {
            cedar: cedar_policy::Authorizer::new(),
            actions,
            roles: roles.to_vec(),
            user: type_name("User")?,
            service_account: type_name("ServiceAccount")?,
            organization: type_name("Organization")?,
            project: type_name("Project")?,
            contexts,
        };
        for action in Action::ALL {
            let mut found = Vec::new();
            for role in Role::ALL {
                let question = Question {
                    kind: PrincipalKind::User,
                    principal: PrincipalId::from_bits(0),
                    roles: 1 << role as u8,
                    organization: OrganizationId::from_bits(0),
                    project: None,
                    action,
                    credential: 0,
                    workflow: None,
                };
                if matches!(tables.answer(question)?, Answer::Allowed) {
                    found.push(role);
                }
            }
            tables.actions[index(action)].roles = found;
        }
        Ok(tables)
    }

    fn answer(&self, q: Question<'_>) -> Result<Answer> {
        let table = &self.actions[index(q.action)];
        let known = match &table.known {
            Some(known) if q.workflow.is_none() => known.get(q.number()),
            _ => None,
        };
        if known.is_some_and(|k| k.load(Ordering::Relaxed)) {
            return Ok(Answer::Allowed);
        }
        let answer = self.evaluate(table, q)?;
        if let (Some(known), Answer::Allowed) = (known, &answer) {
            known.store(true, Ordering::Relaxed);
        }
        Ok(answer)
    }

    fn evaluate(&self, table: &ActionTable, q: Question<'_>) -> Result<Answer> {
        let kind = match q.kind {
            PrincipalKind::User => &self.user,
            PrincipalKind::ServiceAccount => &self.service_account,
        };
        let principal = EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(q.principal.to_string()));
        let organization = EntityId::new(q.organization.to_string());
        let organization = EntityUid::from_type_name_and_id(self.organization.clone(), organization);
        let held = self.roles.iter().enumerate().filter(|(i, _)| q.roles >> i & 1 == 1);
        let held: HashSet<EntityUid> = held.map(|(_, role)| role.clone()).collect();
        let somebody = Entity::new_no_attrs(principal.clone(), held);
        let defect = |e: Box<dyn std::error::Error + Send + Sync>| Error::bug("a request cannot be decided").because(e);
        let (resource, entities) = match q.project {
            None => (organization, Entities::from_entities([somebody, table.entity.clone()], None)),
            Some(project) => {
                let id = EntityId::new(project.to_string());
                let project = EntityUid::from_type_name_and_id(self.project.clone(), id);
                let lies_in = Entity::new_no_attrs(project.clone(), HashSet::from([organization]));
                (project, Entities::from_entities([somebody, table.entity.clone(), lies_in], None))
            }
        };
        let entities = entities.map_err(|e| defect(e.into()))?;
        let context = match q.workflow {
            None => self.contexts[q.credential].clone(),
            Some(workflow) => context(CREDENTIALS[q.credential], Some(workflow))?,
        };
        let request =
            Request::new(principal, table.uid.clone(), resource, context, None).map_err(|e| defect(e.into()))?;
        let response = self.cedar.is_authorized(&request, &table.policies, &entities);
        // Cedar leaves out a policy that fails: one that would have forbidden must not be left out in silence
        if let Some(e) = response.diagnostics().errors().next() {
            return Ok(Answer::Denied(Some(format!("a policy cannot be evaluated ({e})"))));
        }
        if response.decision() == Decision::Allow {
            return Ok(Answer::Allowed);
        }
        let reasons: BTreeSet<String> = response
            .diagnostics()
            .reason()
            .map(|id| match table.policies.annotation(id, "reason") {
                Some(reason) => reason.to_string(),
                None => format!("`{id}` of this installation"),
            })
            .collect();
        Ok(Answer::Denied((!reasons.is_empty()).then(|| reasons.into_iter().collect::<Vec<_>>().join("; "))))
    }
}

fn context(credential: &str, workflow: Option<&str>) -> Result<Context> {
    let mut pairs =
        HashMap::from([("credential".to_string(), RestrictedExpression::new_string(credential.to_string()))]);
    if let Some(workflow) = workflow {
        pairs.insert("workflow".to_string(), RestrictedExpression::new_string(workflow.to_string()));
    }
    Context::from_pairs(pairs).map_err(|e| Error::bug("a request cannot be described").because(e))
}
