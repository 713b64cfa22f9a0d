//! Idempotency keys: which requests were carried out, and what was answered. A key belongs to its principal.

use crate::connection::{Connection, first, text};
use crate::values;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::OrganizationId;
use proofmark_kernel::principal::PrincipalId;

/// A request with a key.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub principal: PrincipalId,
    /// Whose they are.
    pub organization: OrganizationId,
    /// The key.
    pub key: String,
    /// Digest of what is asked: method, path, query, body.
    pub fingerprint: Digest,
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers that belong to it, lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: the request is to be carried out, and the key is now taken.
    First,
    /// It was carried out, with this answer.
    Answered(Answer),
    /// It began at that time and has no answer.
    Begun(Timestamp),
    /// It stands for another request.
    Other,
}

/// Takes a key, unless it is taken. Commit before the request is carried out.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn begin(on: &mut dyn Connection, r: &Request, now: Timestamp, until: Timestamp) -> Result<Known> {
    // an expired key is as good as none
    let sql = "DELETE FROM platform_idempotency WHERE principal_id = ? AND idempotency_key = ? AND expires_at <= ?";
    on.execute(sql, values![text(r.principal), &r.key, now]).await?;
    let sql = "INSERT INTO platform_idempotency
        (principal_id, idempotency_key, organization_id, fingerprint, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let values = values![text(r.principal), &r.key, text(r.organization), r.fingerprint, now, until];
    if on.execute(sql, values).await? == 1 {
        return Ok(Known::First);
    }
    let sql = "SELECT fingerprint, status, headers, body, created_at FROM platform_idempotency
        WHERE principal_id = ? AND idempotency_key = ?";
    let row = first(on, sql, values![text(r.principal), &r.key]).await?;
    // between the two statements somebody may have let it go: whoever asks again finds it free
    let Some(row) = row else { return Ok(Known::Begun(now)) };
    if row.parsed::<Digest>("fingerprint")? != r.fingerprint {
        return Ok(Known::Other);
    }
    match row.int_opt("status")? {
        None => Ok(Known::Begun(row.time("created_at")?)),
        Some(status) => Ok(Known::Answered(Answer {
            status: u16::try_from(status).map_err(|e| Error::bug("a kept status is none").because(e))?,
            headers: row.json("headers")?,
            body: row.text("body")?,
        })),
    }
}

/// Keeps the answer of a request that was carried out.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn finish(on: &mut dyn Connection, r: &Request, answer: &Answer) -> Result<()> {
    let headers =
        serde_json::to_string(&answer.headers).map_err(|e| Error::bug("headers have no JSON form").because(e))?;
    let sql = "UPDATE platform_idempotency SET status = ?, headers = ?, body = ?
        WHERE principal_id = ? AND idempotency_key = ? AND status IS NULL";
    let values = values![i64::from(answer.status), headers, &answer.body, text(r.principal), &r.key];
    on.execute(sql, values).await?;
    Ok(())
}

/// Lets a key go whose request was not carried out.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn release(on: &mut dyn Connection, r: &Request) -> Result<()> {
    let sql = "DELETE FROM platform_idempotency WHERE principal_id = ? AND idempotency_key = ? AND status IS NULL";
    on.execute(sql, values![text(r.principal), &r.key]).await?;
    Ok(())
}

/// Forgets keys that expired; how many. Needs the system scope.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn sweep(on: &mut dyn Connection, now: Timestamp) -> Result<u64> {
    on.execute("DELETE FROM platform_idempotency WHERE expires_at <= ?", values![now]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Database, Scope};
    use std::time::Duration;

    #[tokio::test]
    async fn a_key_is_carried_out_once_and_answered_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&folder.path().join("a.db")).await.unwrap();
        let mut tx = database.begin(Scope::System).await.unwrap();
        let at = Timestamp::from_micros(1_000_000);
        let until = at.after(Duration::from_secs(60));
        let request = |principal, key: &str, body: &[u8]| Request {
            principal: PrincipalId::from_bits(principal),
            organization: OrganizationId::from_bits(1),
            key: key.into(),
            fingerprint: Digest::of(body),
        };
        let a = request(1, "k", b"a");
        assert_eq!(begin(&mut tx, &a, at, until).await.unwrap(), Known::First);
        assert_eq!(begin(&mut tx, &a, at, until).await.unwrap(), Known::Begun(at));
        assert_eq!(begin(&mut tx, &request(1, "k", b"b"), at, until).await.unwrap(), Known::Other);
        assert_eq!(
            begin(&mut tx, &request(2, "k", b"b"), at, until).await.unwrap(),
            Known::First,
            "keys are one's own"
        );
        let answer = Answer { status: 201, headers: vec![("etag".into(), "\"1\"".into())], body: "{}".into() };
        finish(&mut tx, &a, &answer).await.unwrap();
        release(&mut tx, &a).await.unwrap();
        assert_eq!(begin(&mut tx, &a, at, until).await.unwrap(), Known::Answered(answer), "an answer is not let go");
        assert_eq!(begin(&mut tx, &request(1, "k", b"b"), until, until).await.unwrap(), Known::First, "it has expired");
        release(&mut tx, &request(1, "k", b"b")).await.unwrap();
        assert_eq!(begin(&mut tx, &a, at, until).await.unwrap(), Known::First);
        assert_eq!(sweep(&mut tx, until).await.unwrap(), 2);
    }
}
