//! Scopes: what a token is limited to. A scope is an action's name, `resource.*` for all actions of a resource, or
//! `*.read` for everything that only reads.

use proofmark_base::error::{Error, Result};
use proofmark_base::id::shown;
use proofmark_kernel::action::Action;
use std::collections::BTreeSet;

/// Most scopes of one token.
const MOST: usize = 64;

/// The resource of an action's name: `run` of `run.create`.
pub fn resource(action: Action) -> &'static str {
    action.name().split('.').next().unwrap_or_default()
}

fn covers(scope: &str, action: Action) -> bool {
    match scope.strip_suffix(".*") {
        Some(all_of) => all_of == resource(action),
        None if scope == "*.read" => action.reads(),
        None => scope == action.name(),
    }
}

/// Whether one of the scopes has the action.
pub fn cover(scopes: &[String], action: Action) -> bool {
    scopes.iter().any(|s| covers(s, action))
}

/// The scopes of a request, in order and each once.
///
/// # Errors
/// `token.scope`, naming the ones that cover no action, or none at all.
pub fn read<S: AsRef<str>>(scopes: &[S]) -> Result<Vec<String>> {
    let refused = |text: &str| {
        Error::invalid("token.scope", text)
            .help("write an action such as `run.create`, all of a resource such as `run.*`, or `*.read`")
    };
    if scopes.is_empty() || scopes.len() > MOST {
        return Err(refused("the token needs 1 to 64 scopes").at("/scopes", "1 to 64 entries"));
    }
    let mut found = BTreeSet::new();
    let mut error = refused("the scopes cannot be used");
    for (i, scope) in scopes.iter().enumerate() {
        let scope = scope.as_ref();
        if Action::ALL.into_iter().any(|a| covers(scope, a)) {
            found.insert(scope.to_string());
        } else {
            error = error.at(format!("/scopes/{i}"), format!("`{}` names no action", shown(scope)));
        }
    }
    if error.places.is_empty() { Ok(found.into_iter().collect()) } else { Err(error) }
}

/// Whether every action that `inner` has is one that `outer` has: a token makes no token that can do more.
pub fn within(inner: &[String], outer: &[String]) -> bool {
    Action::ALL.into_iter().all(|a| !cover(inner, a) || cover(outer, a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope() -> impl Strategy<Value = String> {
        let action = || prop::sample::select(Action::ALL.to_vec());
        prop_oneof![
            action().prop_map(|a| a.name().to_string()),
            action().prop_map(|a| format!("{}.*", resource(a))),
            Just("*.read".to_string()),
        ]
    }

    #[test]
    fn what_names_no_action_is_refused_where_it_stands() {
        let e = read(&["run.create", "run.fly", "*", "*.*", "run*", ".*", "Run.read", ""]).unwrap_err();
        let at: Vec<&str> = e.places.iter().map(|p| p.at.as_str()).collect();
        assert_eq!(at, ["/scopes/1", "/scopes/2", "/scopes/3", "/scopes/4", "/scopes/5", "/scopes/6", "/scopes/7"]);
        assert_eq!(read::<&str>(&[]).unwrap_err().code, "token.scope");
    }

    proptest! {
        #[test]
        fn a_read_set_means_what_was_written(scopes in prop::collection::vec(scope(), 1..8)) {
            let set = read(&scopes).unwrap();
            prop_assert_eq!(&read(&set).unwrap(), &set);
            for action in Action::ALL {
                prop_assert_eq!(cover(&set, action), cover(&scopes, action));
            }
            prop_assert!(within(&set, &scopes) && within(&scopes, &set));
        }

        #[test]
        fn no_text_panics_and_only_patterns_pass(text in "\\PC{0,30}") {
            if let Ok(set) = read(&[&text]) {
                let whole = |a: &Action| a.name() == text || text == [resource(*a), ".*"].concat();
                prop_assert!(text == "*.read" || Action::ALL.iter().any(whole));
                prop_assert_eq!(set, vec![text]);
            }
        }

        #[test]
        fn reading_scopes_give_no_writing(action in prop::sample::select(Action::ALL.to_vec())) {
            prop_assert_eq!(cover(&["*.read".to_string()], action), action.name().ends_with(".read"));
        }
    }
}
