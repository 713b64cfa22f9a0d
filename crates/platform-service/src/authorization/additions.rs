//! A customer's policies: read, numbered, and held against the schema.

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use proofmark_base::error::{Error, Result};

/// Most policies that a customer may add: each costs time in every decision it could be about.
const MOST: usize = 200;

/// What is wrong, and at which byte.
type Fault = (Option<usize>, String);

fn refused(text: &str, faults: Vec<Fault>) -> Error {
    let error = Error::invalid("authorization.policy", "the additional policies cannot be used");
    faults
        .into_iter()
        .fold(error, |e, (at, what)| match at {
            Some(byte) => e.at(format!("line {}", line(text, byte)), what),
            None => e.at("policies", what),
        })
        .help("policies are written in Cedar; what they may speak of is in docs/authorization.md")
}

fn line(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|b| *b == b'\n').count()
}

fn fault(e: DetailedError) -> Fault {
    let at = e.source_locations.first().map(|s| s.loc.start);
    (at, e.help.map_or_else(|| e.message.clone(), |help| format!("{}; {help}", e.message)))
}

/// The policies of that text, named `addition 1`, `addition 2` in the order in which they stand, or by their `@id`.
pub(super) fn read(text: &str, schema: &Schema) -> Result<Vec<Policy>> {
    let set: PolicySet = text.parse().map_err(|e: cedar_policy::ParseErrors| {
        refused(text, e.iter().map(|e| fault(DetailedError::from(e))).collect())
    })?;
    if set.templates().next().is_some() {
        return Err(refused(
            text,
            vec![(None, "a template (`?principal`, `?resource`) stands for nothing here".into())],
        ));
    }
    if set.num_of_policies() > MOST {
        return Err(refused(text, vec![(None, format!("there are more than {MOST} policies"))]));
    }
    validate(&set, schema).map_err(|faults| refused(text, faults))?;
    let mut policies: Vec<&Policy> = set.policies().collect();
    // the parser names them policy0, policy1, ...
    policies.sort_by_key(|p| p.id().to_string().trim_start_matches("policy").parse::<usize>().unwrap_or(usize::MAX));
    let named = policies.iter().enumerate().map(|(i, p)| {
        let name = p.annotation("id").map_or_else(|| format!("addition {}", i + 1), |id| format!("addition {id}"));
        p.new_id(PolicyId::new(name))
    });
    let named: Vec<Policy> = named.collect();
    PolicySet::from_policies(named.clone())
        .map_err(|_| refused(text, vec![(None, "two policies have the same @id".into())]))?;
    Ok(named)
}

/// Holds policies against the schema, strictly; what can never apply is a fault too.
pub(super) fn validate(set: &PolicySet, schema: &Schema) -> std::result::Result<(), Vec<Fault>> {
    let found = Validator::new(schema.clone()).validate(set, ValidationMode::Strict);
    let mut faults: Vec<Fault> = found.validation_errors().map(|e| fault(DetailedError::from(e))).collect();
    faults.extend(found.validation_warnings().map(|w| fault(DetailedError::from(w))));
    faults.sort();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
