//! Uploads: announced, sent in pieces, completed by the last.

use crate::call::Call;
use crate::reply::Reply;
use axum::http::header::{HeaderName, HeaderValue};
use futures_util::{StreamExt, stream};
use proofmark_base::error::{Error, Result};
use proofmark_contract::types::projects::{CreateUpload, Upload};
use proofmark_kernel::artifact;
use proofmark_platform_service::uploads;
use std::time::Duration;

const OFFSET: HeaderName = HeaderName::from_static("upload-offset");

fn with_offset(reply: Reply, upload: &Upload) -> Reply {
    reply.with(OFFSET, HeaderValue::from(upload.received))
}

pub(crate) async fn create(mut call: Call) -> Result<Reply> {
    let project = call.id("project")?;
    let sent: CreateUpload = call.json().await?;
    let announced =
        uploads::Announced { name: sent.name, media_type: sent.media_type, size: sent.size, digest: sent.digest };
    let upload = Upload::from(uploads::begin(call.platform(), call.caller()?, project, announced).await?);
    Ok(with_offset(Reply::created(&upload)?, &upload))
}

pub(crate) async fn get(call: Call) -> Result<Reply> {
    let upload = Upload::from(uploads::get(call.platform(), call.caller()?, call.id("upload")?).await?);
    Ok(with_offset(Reply::ok(&upload)?, &upload))
}

pub(crate) async fn delete(call: Call) -> Result<Reply> {
    uploads::discard(call.platform(), call.caller()?, call.id("upload")?).await?;
    Ok(Reply::done())
}

pub(crate) async fn append(mut call: Call) -> Result<Reply> {
    let id: artifact::UploadId = call.id("upload")?;
    let offset = offset(&call)?;
    if !octets(&call) {
        return Err(Error::invalid("request.media-type", "the bytes of an upload are sent as bytes")
            .at("header:content-type", "send `application/octet-stream`"));
    }
    let limit = call.endpoint.body_limit as u64;
    if crate::body::announced(&call.headers).is_some_and(|n| n > limit) {
        return Err(too_large(limit));
    }
    let silence = call.state.limits.body_silence;
    let body = call.stream().into_data_stream();
    let counted = stream::try_unfold((body, 0_u64), move |(mut body, before)| async move {
        let Some(chunk) = next(&mut body, silence).await? else { return Ok(None) };
        let received = before + chunk.len() as u64;
        if received > limit { Err(too_large(limit)) } else { Ok(Some((chunk, (body, received)))) }
    });
    let upload = uploads::append(call.platform(), call.caller()?, id, offset, counted.boxed()).await?;
    let upload = Upload::from(upload);
    Ok(with_offset(Reply::ok(&upload)?, &upload))
}

async fn next(body: &mut axum::body::BodyDataStream, silence: Duration) -> Result<Option<bytes::Bytes>> {
    let broken = |why: &str| Error::invalid("request.broken", format!("the body {why}; what arrived is kept"));
    match tokio::time::timeout(silence, body.next()).await {
        Err(_) => Err(broken("stopped coming")),
        Ok(None) => Ok(None),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(e))) => Err(broken("broke off").because(e)),
    }
}

fn too_large(limit: u64) -> Error {
    Error::invalid("request.too-large", format!("one request carries at most {limit} bytes; send the rest in another"))
}

fn octets(call: &Call) -> bool {
    let sent = call.header(&axum::http::header::CONTENT_TYPE).unwrap_or_default();
    sent.split(';').next().is_some_and(|t| t.trim().eq_ignore_ascii_case("application/octet-stream"))
}

fn offset(call: &Call) -> Result<i64> {
    let sent = call.header(&OFFSET).and_then(|t| t.trim().parse::<i64>().ok()).filter(|n| *n >= 0);
    sent.ok_or_else(|| {
        Error::invalid("request.header", "the request must say where its bytes begin")
            .at("header:upload-offset", "the number of bytes before those of this request: `received` of the upload")
    })
}
