//! Files of a project.

use crate::call::Call;
use crate::conditional;
use crate::reply::Reply;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue,
};
use futures_util::StreamExt;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_contract::types::projects::Artifact;
use proofmark_platform_service::artifacts;

pub(crate) async fn list(call: Call) -> Result<Reply> {
    let found = artifacts::list(call.platform(), call.caller()?, call.id("project")?, call.page()?).await?;
    Reply::ok(&call.listed::<_, Artifact, _>(found))
}

pub(crate) async fn get(call: Call) -> Result<Reply> {
    let artifact = artifacts::get(call.platform(), call.caller()?, call.id("artifact")?).await?;
    let tag = artifact.digest.to_string();
    Ok(Reply::ok(&Artifact::from(artifact))?.tag(&tag))
}

pub(crate) async fn download(call: Call) -> Result<Reply> {
    let (platform, caller) = (call.platform(), call.caller()?);
    let artifact = artifacts::get(platform, caller, call.id("artifact")?).await?;
    let size = u64::try_from(artifact.size).map_err(|e| Error::bug("an artifact of less than no bytes").because(e))?;
    let tag = artifact.digest.to_string();
    // a range of what the caller has already is not asked for
    let range = conditional::range(&call.headers, &format!("\"{tag}\""), size)?;
    let wanted = range.clone().unwrap_or(0..size);
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let body = if call.head {
        Body::empty()
    } else {
        let read = platform.blobs.get(artifact.digest, range.clone()).await.map_err(missing)?;
        Body::from_stream(
            read.stream.map(|chunk| chunk.inspect_err(|e| tracing::error!(error = %e, "a download broke off"))),
        )
    };
    let mut reply = Reply::stream(status, body)
        .tag(&tag)
        .with(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))
        .with(CONTENT_LENGTH, HeaderValue::from(wanted.end - wanted.start))
        .with(ACCEPT_RANGES, HeaderValue::from_static("bytes"))
        .with(CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"))
        .with(CONTENT_DISPOSITION, disposition(&artifact.name));
    if range.is_some()
        && let Ok(value) = HeaderValue::try_from(format!("bytes {}-{}/{size}", wanted.start, wanted.end - 1))
    {
        reply = reply.with(CONTENT_RANGE, value);
    }
    Ok(reply)
}

/// An artifact whose bytes are gone is our loss, not the caller's mistake.
fn missing(e: Error) -> Error {
    match e.kind {
        Kind::NotFound | Kind::Invalid => Error::bug("an artifact's bytes are not where they were put").because(e),
        _ => e,
    }
}

/// `attachment` with the last part of the name (RFC 6266, RFC 8187): never shown in place, whatever it holds.
fn disposition(name: &str) -> HeaderValue {
    let name = name.rsplit('/').next().unwrap_or_default();
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !"\"\\%;".contains(c) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::try_from(format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_cannot_break_out_of_their_header() {
        assert_eq!(disposition("a/b c.py"), "attachment; filename=\"b_c.py\"; filename*=UTF-8''b%20c.py");
        let text = disposition("x\"; evil=\"y\u{e9}").to_str().unwrap().to_string();
        assert_eq!(text, "attachment; filename=\"x___evil=_y_\"; filename*=UTF-8''x%22%3B%20evil%3D%22y%C3%A9");
    }
}
