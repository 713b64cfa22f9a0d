//! The table of all endpoints of version 1. The router serves these and no others, the document lists them, and tests
//! call each of them as every role.

#[cfg(test)]
use crate::endpoint::Answer;
use crate::endpoint::{Access, Endpoint, Method, Parameter};

mod governance;
mod identity;
mod organizations;
mod single_sign_on;
mod system;
mod work;

/// The signed-in caller about themselves.
const SELF: Access = Access::SignedIn;

const fn get(path: &'static str, id: &'static str, access: Access) -> Endpoint {
    Endpoint::new(Method::Get, path, id, access)
}
const fn post(path: &'static str, id: &'static str, access: Access) -> Endpoint {
    Endpoint::new(Method::Post, path, id, access)
}
const fn put(path: &'static str, id: &'static str, access: Access) -> Endpoint {
    Endpoint::new(Method::Put, path, id, access)
}
const fn patch(path: &'static str, id: &'static str, access: Access) -> Endpoint {
    Endpoint::new(Method::Patch, path, id, access)
}
const fn delete(path: &'static str, id: &'static str, access: Access) -> Endpoint {
    Endpoint::new(Method::Delete, path, id, access)
}

const fn query(
    name: &'static str,
    description: &'static str,
    schema: &'static str,
    example: &'static str,
) -> Parameter {
    Parameter { name, required: false, description, schema, example }
}

/// All endpoints, group by group.
pub fn all() -> impl Iterator<Item = &'static Endpoint> {
    [system::TABLE, identity::TABLE, single_sign_on::TABLE, organizations::TABLE, work::TABLE, governance::TABLE]
        .into_iter()
        .flatten()
}

/// The endpoint of that id.
pub fn find(id: &str) -> Option<&'static Endpoint> {
    all().find(|e| e.id == id)
}

/// Groups of the document, with what they are about.
pub const TAGS: &[(&str, &str)] = &[
    ("health", "Whether the server lives and can work."),
    ("setup", "The first organization and its owner."),
    ("sessions", "Signing in and out."),
    ("me", "The caller."),
    ("tokens", "API tokens."),
    ("organizations", "The caller's organization."),
    ("principals", "Users, service accounts and their roles."),
    ("projects", "Bodies of work and their policies."),
    ("artifacts", "Uploads and files."),
    ("runs", "Executions of workflows."),
    ("approvals", "Decisions of people."),
    ("releases", "Approved bytes with their proof mark."),
    ("audit", "The audit log."),
    ("webhooks", "Events sent to other systems."),
    ("system", "Workers."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_keeps_its_own_rules() {
        let mut ids = BTreeSet::new();
        let mut places = BTreeSet::new();
        for e in all() {
            assert!(ids.insert(e.id), "{} is there twice", e.id);
            assert!(places.insert((e.path, e.method)), "{} {} is there twice", e.method.name(), e.path);
            assert!(e.id.contains('_'), "{}: ids are resource_verb", e.id);
            assert!(TAGS.iter().any(|(t, _)| *t == e.tag), "{}: no group `{}`", e.id, e.tag);
            let changes = e.method != Method::Get;
            assert!(!changes || e.audited.is_some(), "{}: what changes something is audited", e.id);
            assert!(!e.matched || changes, "{}: If-Match on a read", e.id);
            assert!(!e.tagged || !matches!(e.answer, Answer::Empty), "{}: a tag of nothing", e.id);
            for link in e.links {
                let to = find(link.operation).unwrap_or_else(|| panic!("{} leads to no operation", e.id));
                assert!(to.parameters().any(|p| p == link.parameter), "{} leads to no parameter", e.id);
                let Answer::Json(json) = e.answer else { panic!("{}: links want JSON", e.id) };
                assert!((json.example)().pointer(link.pointer).is_some(), "{}: nothing at {}", e.id, link.pointer);
            }
        }
    }

    #[test]
    fn every_example_is_read_back_by_its_type() {
        // schemas and examples come from the same Rust types, so what can go wrong is a name: none may be anonymous
        for e in all() {
            if let Answer::Json(json) = e.answer {
                assert!(!(json.name)().is_empty(), "{}", e.id);
                assert!((json.example)().is_object(), "{}: answers are objects", e.id);
            }
        }
    }
}
