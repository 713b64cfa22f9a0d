//! One request, as handlers see it.

use crate::body;
use crate::conditional;
use crate::query::Query;
use crate::server::State;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HeaderName};
use bytes::Bytes;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_contract::endpoint::{self, Endpoint};
use proofmark_kernel::principal::Caller;
use proofmark_platform_service::platform::Platform;
use proofmark_store::page::{Listed, Page};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

/// A request that was let in.
pub(crate) struct Call {
    pub(crate) state: Arc<State>,
    pub(crate) endpoint: &'static Endpoint,
    /// Path without query.
    pub(crate) path: String,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) caller: Option<Caller>,
    pub(crate) address: IpAddr,
    pub(crate) head: bool,
    body: Content,
}

enum Content {
    /// Not read yet.
    Stream(Body),
    /// Read whole: its fingerprint was wanted.
    Read(Bytes),
}

impl Call {
    #[expect(clippy::too_many_arguments, reason = "made in one place, from what that place has")]
    pub(crate) fn new(
        state: Arc<State>,
        endpoint: &'static Endpoint,
        path: String,
        parameters: Vec<(String, String)>,
        query: Query,
        headers: HeaderMap,
        caller: Option<Caller>,
        address: IpAddr,
        head: bool,
        body: Body,
    ) -> Self {
        let body = Content::Stream(body);
        Call { state, endpoint, path, parameters, query, headers, caller, address, head, body }
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.state.platform
    }

    /// Who asks.
    pub(crate) fn caller(&self) -> Result<&Caller> {
        self.caller.as_ref().ok_or_else(|| Error::bug("a handler of a public endpoint asks for its caller"))
    }

    /// A parameter of the path.
    ///
    /// # Errors
    /// `id.invalid`.
    pub(crate) fn id<T: FromStr<Err = Error>>(&self, name: &str) -> Result<T> {
        self.parameter(name)?.parse().map_err(|e: Error| {
            let detail = e.detail.clone();
            Error { places: Vec::new(), ..e }.at(format!("path:{name}"), detail)
        })
    }

    /// A parameter of the path as text.
    ///
    /// # Errors
    /// Only a defect of ours.
    pub(crate) fn parameter(&self, name: &str) -> Result<&str> {
        let value = self.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        value.ok_or_else(|| Error::bug(format!("the path has no parameter {name}")))
    }

    /// A cookie of the request. Where one name is there twice, from paths of two lengths, none of them: which one is ours
    /// cannot be told.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut found = pairs.filter(|(n, _)| *n == name).map(|(_, value)| value);
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    /// A header of the request as text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// All bytes of the body.
    ///
    /// # Errors
    /// `request.too-large`, `request.broken`.
    pub(crate) async fn bytes(&mut self) -> Result<Bytes> {
        let body = match std::mem::replace(&mut self.body, Content::Read(Bytes::new())) {
            Content::Stream(body) => body::bytes(&self.headers, body, self.endpoint.body_limit).await?,
            Content::Read(bytes) => bytes,
        };
        self.body = Content::Read(body.clone());
        Ok(body)
    }

    /// The body as it arrives.
    pub(crate) fn stream(&mut self) -> Body {
        match std::mem::replace(&mut self.body, Content::Read(Bytes::new())) {
            Content::Stream(body) => body,
            Content::Read(bytes) => Body::from(bytes),
        }
    }

    /// The JSON document that was sent.
    ///
    /// # Errors
    /// `request.media-type`, `request.json`, `request.body`, `request.too-large`.
    pub(crate) async fn json<T: DeserializeOwned + Serialize>(&mut self) -> Result<T> {
        body::is_json(&self.headers)?;
        body::json(&self.bytes().await?)
    }

    /// The same, or the default where nothing was sent.
    ///
    /// # Errors
    /// As [`json`](Call::json).
    pub(crate) async fn json_or_default<T: DeserializeOwned + Serialize + Default>(&mut self) -> Result<T> {
        if self.bytes().await?.is_empty() { Ok(T::default()) } else { self.json().await }
    }

    /// The version that the caller saw.
    ///
    /// # Errors
    /// `request.if-match`, `request.stale`.
    pub(crate) fn version(&self) -> Result<i64> {
        conditional::version(&self.headers)
    }

    /// Which page is asked for.
    ///
    /// # Errors
    /// `request.query`, `request.cursor`.
    pub(crate) fn page<Id: FromStr>(&self) -> Result<Page<Id>> {
        self.query.page(&self.path)
    }

    /// A page as it is answered.
    pub(crate) fn listed<T, A: From<T>, Id: Display>(
        &self,
        list: Listed<T, Id>,
    ) -> proofmark_contract::types::common::Page<A> {
        proofmark_contract::types::common::Page {
            items: list.items.into_iter().map(A::from).collect(),
            next_cursor: list.next.map(|id| self.query.cursor(&self.path, id)),
        }
    }

    /// A page of a list that comes whole, by position in it.
    ///
    /// # Errors
    /// `request.query`, `request.cursor`.
    pub(crate) fn slice<T, A: From<T>>(&self, items: Vec<T>) -> Result<proofmark_contract::types::common::Page<A>> {
        let Page { before: from, limit } = self.page::<usize>()?;
        let (from, limit, all) = (from.unwrap_or(0), limit as usize, items.len());
        let end = from.saturating_add(limit);
        Ok(proofmark_contract::types::common::Page {
            items: items.into_iter().skip(from).take(limit).map(A::from).collect(),
            next_cursor: (end < all).then(|| self.query.cursor(&self.path, end)),
        })
    }
}

/// The secret of `Authorization: Bearer`.
///
/// # Errors
/// `authentication.required`, `authentication.scheme`.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str> {
    let mut sent = headers.get_all(axum::http::header::AUTHORIZATION).iter();
    let refused = |code, detail: &str| {
        Error::new(Kind::Unauthenticated, code, detail)
            .at("header:authorization", "`Bearer pms_...` of a session or `Bearer pmt_...` of a token")
            .help("sign in with POST /api/v1/sessions, or make a token")
    };
    let (value, more) = (sent.next(), sent.next());
    let value = value.ok_or_else(|| refused("authentication.required", "nobody is signed in"))?;
    let secret = value.to_str().ok().and_then(|text| {
        let (scheme, secret) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
    });
    match secret {
        Some(secret) if more.is_none() && !secret.is_empty() && secret.len() <= 512 => Ok(secret),
        _ => Err(refused("authentication.scheme", "the header `Authorization` is not understood")),
    }
}

/// Whether the endpoint takes a body at all.
pub(crate) fn takes_body(endpoint: &Endpoint) -> bool {
    !matches!(endpoint.body, endpoint::Body::None)
}
