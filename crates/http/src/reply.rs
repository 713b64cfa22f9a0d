//! What a handler answers.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use proofmark_base::error::{Error, Result};
use serde::Serialize;

/// An answer: in memory, or a stream.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Content,
}

#[derive(Debug)]
enum Content {
    Bytes(Bytes),
    Stream(Body),
}

impl Reply {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Reply { status, headers, body: Content::Bytes(body.into()) }
    }

    /// Nothing but a status.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Reply::new(status, HeaderMap::new(), Bytes::new())
    }

    /// `204`.
    pub(crate) fn done() -> Self {
        Reply::empty(StatusCode::NO_CONTENT)
    }

    /// A JSON document.
    pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Self> {
        let mut body = Vec::with_capacity(4096);
        serde_json::to_writer(&mut body, value).map_err(|e| Error::bug("an answer has no JSON form").because(e))?;
        let mut headers = HeaderMap::with_capacity(12);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Reply::new(status, headers, body))
    }

    /// `200` with a JSON document.
    pub(crate) fn ok<T: Serialize>(value: &T) -> Result<Self> {
        Reply::json(StatusCode::OK, value)
    }

    /// `201` with a JSON document.
    pub(crate) fn created<T: Serialize>(value: &T) -> Result<Self> {
        Reply::json(StatusCode::CREATED, value)
    }

    /// Bytes of that media type.
    pub(crate) fn raw(media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let reply = Reply::new(StatusCode::OK, HeaderMap::with_capacity(12), body);
        reply.with(CONTENT_TYPE, HeaderValue::from_static(media_type))
    }

    /// A stream.
    pub(crate) fn stream(status: StatusCode, body: Body) -> Self {
        Reply { status, headers: HeaderMap::with_capacity(12), body: Content::Stream(body) }
    }

    /// The same with a header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same with another body.
    pub(crate) fn replaced(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Content::Bytes(body.into());
        self
    }

    /// The same with one more header of that name.
    pub(crate) fn and(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The same with the entity tag of a version.
    pub(crate) fn version(self, version: i64) -> Self {
        self.tag(&version.to_string())
    }

    /// The same with that entity tag, given without its quotes.
    pub(crate) fn tag(self, tag: &str) -> Self {
        match HeaderValue::try_from(format!("\"{tag}\"")) {
            Ok(value) => self.with(ETAG, value),
            // tags are versions and digests, which are all printable
            Err(_) => self,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The body, unless it is a stream.
    pub(crate) fn bytes(&self) -> Option<&Bytes> {
        match &self.body {
            Content::Bytes(bytes) => Some(bytes),
            Content::Stream(_) => None,
        }
    }

    /// The same without body and what describes it.
    pub(crate) fn not_modified(mut self) -> Self {
        self.status = StatusCode::NOT_MODIFIED;
        self.headers.remove(CONTENT_TYPE);
        self.body = Content::Bytes(Bytes::new());
        self
    }

    pub(crate) fn into_response(self) -> Response {
        let body = match self.body {
            Content::Bytes(bytes) => Body::from(bytes),
            Content::Stream(body) => body,
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
