//! The audit log.

use crate::call::Call;
use crate::reply::Reply;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use bytes::Bytes;
use futures_util::stream;
use proofmark_base::error::{Error, Result};
use proofmark_contract::types::audit::{AuditEntry, AuditVerdict};
use proofmark_contract::types::common::Page;
use proofmark_kernel::principal::Caller;
use proofmark_platform_service::audit::{self, Line};
use proofmark_platform_service::platform::Platform;

/// Entries that are read at once for an export.
const BATCH: u32 = 500;

pub(crate) async fn list(call: Call) -> Result<Reply> {
    let page = call.page::<i64>()?;
    let found = audit::list(call.platform(), call.caller()?, page.before.unwrap_or(0), page.limit + 1).await?;
    let more = found.len() > page.limit as usize;
    let items: Vec<AuditEntry> = found.into_iter().take(page.limit as usize).map(AuditEntry::from).collect();
    let next_cursor = items.last().filter(|_| more).map(|e| call.query.cursor(&call.path, e.seq));
    Reply::ok(&Page { items, next_cursor })
}

pub(crate) async fn verify(call: Call) -> Result<Reply> {
    let report = audit::verify(call.platform(), call.caller()?).await?;
    Reply::ok(&AuditVerdict {
        intact: report.faults.is_empty(),
        entries: report.entries,
        checkpoints: i64::try_from(report.checkpoints).unwrap_or(i64::MAX),
        faults: report.faults,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    JsonLines,
    Cef,
}

/// An export that is being sent.
struct Export {
    platform: Platform,
    caller: Caller,
    format: Format,
    after: i64,
    /// Number of the entry it ends with: that of the export itself.
    last: i64,
    done: bool,
}

pub(crate) async fn export(call: Call) -> Result<Reply> {
    let (format, media_type, name) = match call.query.get::<String>("format")?.as_deref() {
        None | Some("jsonl") => (Format::JsonLines, "application/x-ndjson", "audit.jsonl"),
        Some("cef") => (Format::Cef, "text/plain; charset=utf-8", "audit.cef"),
        Some(_) => {
            return Err(Error::invalid("request.query", "the parameter `format` cannot be used")
                .at("query:format", "`jsonl` or `cef`"));
        }
    };
    let (platform, caller) = (call.platform().clone(), call.caller()?.clone());
    let last = audit::export_began(&platform, &caller, if format == Format::Cef { "cef" } else { "jsonl" }).await?;
    let export = Export { platform, caller, format, after: 0, last, done: false };
    let body = Body::from_stream(stream::try_unfold(export, |mut e| async move {
        let next = e.next().await.inspect_err(|e| tracing::error!(error = %e, "an export broke off"))?;
        Ok::<_, Error>(next.map(|bytes| (bytes, e)))
    }));
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""))
        .unwrap_or(HeaderValue::from_static("attachment"));
    Ok(Reply::stream(StatusCode::OK, body)
        .with(CONTENT_TYPE, HeaderValue::from_static(media_type))
        .with(CONTENT_DISPOSITION, disposition))
}

impl Export {
    /// The next lines; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.done {
            return Ok(None);
        }
        if self.after >= self.last {
            self.done = true;
            // the signed checkpoints let a reader see a cut-off end
            return match self.format {
                Format::Cef => Ok(None),
                Format::JsonLines => {
                    let envelopes = audit::checkpoints(&self.platform, &self.caller).await?;
                    lines(envelopes.into_iter().map(Line::Checkpoint)).map(Some)
                }
            };
        }
        let entries = audit::list(&self.platform, &self.caller, self.after, BATCH).await?;
        let entries: Vec<_> = entries.into_iter().filter(|e| e.seq <= self.last).collect();
        let Some(newest) = entries.last().map(|e| e.seq) else {
            return Err(Error::bug("the audit log ends before the export's own entry"));
        };
        self.after = newest;
        let bytes = match self.format {
            Format::JsonLines => lines(entries.into_iter().map(|e| Line::Entry(Box::new(e))))?,
            Format::Cef => {
                entries.iter().map(|e| audit::cef(e, env!("CARGO_PKG_VERSION")) + "\n").collect::<String>().into()
            }
        };
        Ok(Some(bytes))
    }
}

fn lines(lines: impl Iterator<Item = Line>) -> Result<Bytes> {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, &line).map_err(|e| Error::bug("a line has no JSON form").because(e))?;
        text.push(b'\n');
    }
    Ok(text.into())
}
