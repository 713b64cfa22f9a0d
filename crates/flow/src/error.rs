//! Errors on their way through the library's records: kind, code, detail, places and help survive; what lies beneath
//! (for logs) does not.

use durare::PortableWorkflowError;
use proofmark_base::error::{Error, Kind, Place};
use serde_json::{Value, json};
use std::borrow::Cow;

/// What the records call our errors.
const NAME: &str = "proofmark";

/// Names of the kinds in records. Never change one: records outlive programs.
const KINDS: [(Kind, &str); 10] = [
    (Kind::Invalid, "invalid"),
    (Kind::Unauthenticated, "unauthenticated"),
    (Kind::Forbidden, "forbidden"),
    (Kind::NotFound, "not-found"),
    (Kind::Conflict, "conflict"),
    (Kind::Precondition, "precondition"),
    (Kind::BudgetExceeded, "budget-exceeded"),
    (Kind::RateLimited, "rate-limited"),
    (Kind::Unavailable, "unavailable"),
    (Kind::Bug, "bug"),
];

/// For the library to record.
pub(crate) fn record(error: &Error) -> durare::Error {
    let kind = KINDS.iter().find(|(k, _)| *k == error.kind).map_or("bug", |(_, name)| name);
    let places: Vec<_> = error.places.iter().map(|p| json!([p.at, p.message])).collect();
    durare::Error::Portable(Box::new(PortableWorkflowError {
        name: NAME.into(),
        message: error.detail.clone(),
        code: Some(Value::String(error.code.to_string())),
        data: Some(json!({
            "kind": kind, "help": error.help, "places": places, "retry_after": error.retry_after,
        })),
    }))
}

/// What the library recorded or met.
pub(crate) fn read(error: durare::Error) -> Error {
    match error {
        durare::Error::Portable(found) if found.name == NAME => recorded(*found),
        durare::Error::Cancelled(id) => cancelled(&id),
        durare::Error::MaxRecoveryAttemptsExceeded(id) => Error::new(
            Kind::Unavailable,
            "flow.gave-up",
            format!("`{id}` ended its process too often and is not tried again"),
        )
        .help("look at the logs of the workers for what ends them, then retry the run from its last step"),
        durare::Error::NonExistentWorkflow(_) => Error::not_found("run"),
        durare::Error::Timeout => Error::unavailable("flow.timeout", "it did not end in time"),
        durare::Error::UnexpectedStep { step_id, expected, recorded, .. } => changed(step_id, &expected, &recorded),
        durare::Error::Db(e) => proofmark_store::database::error(e),
        durare::Error::RecoveryRequired(cause) | durare::Error::ObservationFailed(cause) => match &*cause {
            durare::Error::Db(e) if !matches!(e, sqlx::Error::Database(d) if d.code().as_deref() == Some(FENCED)) => {
                let text = e.to_string();
                let transient = cause.is_retryable() || cause.is_tx_conflict();
                let made = if transient {
                    Error::unavailable("store.unavailable", "the database cannot be reached").retry_after(2)
                } else {
                    Error::bug("the database refused a statement of the workflow engine")
                };
                made.because(text)
            }
            other => Error::unavailable("flow.interrupted", "the run was interrupted and goes on elsewhere")
                .because(other.to_string()),
        },
        other => Error::bug(format!("the workflow engine refused: {other}")).because(other),
    }
}

/// SQLSTATE of the fence of [`crate::postgres`].
pub(crate) const FENCED: &str = "PF001";

/// The run was stopped by somebody.
pub(crate) fn cancelled(id: &str) -> Error {
    Error::new(Kind::Conflict, "flow.cancelled", format!("`{id}` was cancelled"))
}

/// The workflow's code is not the code that the records were made by.
fn changed(position: i32, expected: &str, recorded: &str) -> Error {
    Error::bug(format!(
        "the workflow changed under a run: at position {position} it does `{expected}`, its record says `{recorded}`"
    ))
    .help("guard changes of a workflow with `patch`, or give the new workflow a new name")
}

fn recorded(found: PortableWorkflowError) -> Error {
    let data = found.data.unwrap_or_default();
    let kind = KINDS.iter().find(|(_, name)| data["kind"] == **name).map_or(Kind::Bug, |(kind, _)| *kind);
    let code = match found.code {
        Some(Value::String(code)) => Cow::Owned(code),
        _ => Cow::Borrowed("bug"),
    };
    let mut error = Error::new(kind, code, found.message);
    error.help = data["help"].as_str().map(Into::into);
    error.retry_after = data["retry_after"].as_u64().and_then(|s| u32::try_from(s).ok());
    let text = |v: &Value| v.as_str().unwrap_or_default().to_string();
    error.places = data["places"]
        .as_array()
        .map(|all| all.iter().map(|p| Place { at: text(&p[0]), message: text(&p[1]) }).collect())
        .unwrap_or_default();
    error
}

/// Whether trying the same again may help.
pub(crate) fn transient(error: &Error) -> bool {
    matches!(error.kind, Kind::Unavailable | Kind::RateLimited)
}

/// A transaction body's error for the library. What the database gets over soon (contention, a lost connection) becomes
/// the driver's own error again, which the library answers with a fresh transaction until it succeeds or the run is
/// cancelled. What may last (a full disk) interrupts the run: nothing is recorded, and it is taken up again later.
pub(crate) fn of_transaction(mut error: Error) -> durare::Error {
    if error.kind == Kind::Unavailable
        && let Some(source) = error.source.take()
    {
        match source.downcast::<sqlx::Error>() {
            Ok(driver) => {
                let met = durare::Error::Db(*driver);
                let soon = met.is_retryable() || met.is_tx_conflict();
                return if soon { met } else { durare::Error::RecoveryRequired(std::sync::Arc::new(met)) };
            }
            Err(other) => error.source = Some(other),
        }
    }
    record(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_its_record() {
        for (kind, _) in KINDS {
            let mut error = Error::new(kind, "a.b", "what happened").at("/x", "that").help("do so").retry_after(7);
            error.source = Some("beneath".into());
            let back = read(record(&error));
            assert_eq!((back.kind, back.code.as_ref(), back.detail.as_str()), (kind, "a.b", "what happened"));
            assert_eq!((back.places, back.help, back.retry_after), (error.places, error.help, error.retry_after));
        }
    }

    #[test]
    fn a_busy_database_is_the_drivers_own_error_again() {
        let busy = proofmark_store::database::error(sqlx::Error::PoolTimedOut);
        assert!(matches!(of_transaction(busy), durare::Error::Db(sqlx::Error::PoolTimedOut)));
        // our own refusal stays ours
        let refused = Error::unavailable("a.b", "not now");
        assert!(matches!(of_transaction(refused), durare::Error::Portable(_)));
    }
}
