//! Query parameters and cursors. Unknown and repeated parameters are refused: a misspelt filter must not read as none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Result};
use proofmark_contract::endpoint::Endpoint;
use proofmark_store::page::{MOST, Page};
use std::fmt::Display;
use std::str::FromStr;

/// Items of a page where nothing is asked for.
const USUAL: u32 = 50;

/// The parameters of a request.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

fn wrong(name: &str, message: impl Into<String>) -> Error {
    Error::invalid("request.query", format!("the parameter `{}` cannot be used", proofmark_base::id::shown(name)))
        .at(format!("query:{name}"), message)
}

impl Query {
    /// Reads the parameters that the endpoint knows.
    ///
    /// # Errors
    /// `request.query` for others, for one that is there twice, for bytes that are no UTF-8.
    pub(crate) fn read(endpoint: &Endpoint, text: Option<&str>) -> Result<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in text.unwrap_or_default().split('&').filter(|p| !p.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            let paging = endpoint.paged && matches!(name.as_str(), "limit" | "cursor");
            let known = paging || endpoint.query.iter().any(|p| p.name == name);
            if !known && endpoint.open_query {
                continue;
            }
            if !known {
                let known: Vec<&str> = endpoint.query.iter().map(|p| p.name).collect();
                let pages: &[&str] = if endpoint.paged { &["limit", "cursor"] } else { &[] };
                let known = [&known, pages].concat().join(", ");
                let message = if known.is_empty() {
                    "this endpoint has no parameters".into()
                } else {
                    format!("known are {known}")
                };
                return Err(wrong(&name, message));
            }
            if pairs.iter().any(|(n, _)| *n == name) {
                return Err(wrong(&name, "it is there twice"));
            }
            pairs.push((name, value));
        }
        Ok(Query { pairs })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A parameter of that type.
    ///
    /// # Errors
    /// `request.query`.
    pub(crate) fn get<T: FromStr>(&self, name: &str) -> Result<Option<T>>
    where
        T::Err: Display,
    {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|e: T::Err| wrong(name, e.to_string()))
    }

    /// A number, not below zero.
    ///
    /// # Errors
    /// `request.query`.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>> {
        let number: Option<i64> = self.get(name)?;
        if number.is_some_and(|n| n < 0) { Err(wrong(name, "0 or more")) } else { Ok(number) }
    }

    /// Most items of a page.
    fn limit(&self) -> Result<u32> {
        match self.get::<u32>("limit")? {
            Some(n) if (1..=MOST).contains(&n) => Ok(n),
            Some(_) => Err(wrong("limit", format!("1 to {MOST}"))),
            None => Ok(USUAL),
        }
    }

    /// What a cursor belongs to: the path and everything in the query that chooses items.
    fn filter(&self, path: &str) -> String {
        let mut kept: Vec<&(String, String)> =
            self.pairs.iter().filter(|(n, _)| n != "limit" && n != "cursor").collect();
        kept.sort();
        format!("{path} {kept:?}")
    }

    /// Which page is asked for.
    ///
    /// # Errors
    /// `request.query`; `request.cursor` for a cursor that this list did not give.
    pub(crate) fn page<Id: FromStr>(&self, path: &str) -> Result<Page<Id>> {
        let before = self.position(path)?;
        Ok(Page { before, limit: self.limit()? })
    }

    fn position<Id: FromStr>(&self, path: &str) -> Result<Option<Id>> {
        let Some(cursor) = self.text("cursor") else { return Ok(None) };
        let refused = || {
            Error::invalid("request.cursor", "this list did not give that cursor")
                .at("query:cursor", "send `next_cursor` of the page before, and the rest of the query unchanged")
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let (sum, position) = bytes.split_at_checked(CHECK).ok_or_else(refused)?;
        let position = std::str::from_utf8(position).map_err(|_| refused())?;
        if sum != check(&self.filter(path), position) {
            return Err(refused());
        }
        position.parse().map(Some).map_err(|_| refused())
    }

    /// The cursor for the page behind `position`.
    pub(crate) fn cursor(&self, path: &str, position: impl Display) -> String {
        let position = position.to_string();
        let mut bytes = check(&self.filter(path), &position).to_vec();
        bytes.extend_from_slice(position.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// Bytes of the checksum in a cursor. It keeps cursors from being mixed up and made up by mistake; a forged one would be a
/// place in a list that the caller may read anyway.
const CHECK: usize = 9;

fn check(filter: &str, position: &str) -> [u8; CHECK] {
    let digest = Digest::of(format!("cursor\n{filter}\n{position}").as_bytes());
    let mut sum = [0; CHECK];
    sum.copy_from_slice(&digest.as_bytes()[..CHECK]);
    sum
}

/// Percent-decoding, `+` as a blank.
fn decoded(text: &str) -> Result<String> {
    let broken = || Error::invalid("request.query", "the query is not percent-encoded UTF-8").at("query:", "RFC 3986");
    if !text.contains(['%', '+']) {
        return Ok(text.to_string());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(c) = rest.next() {
        match c {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut digit = || rest.next().and_then(|c| char::from(c).to_digit(16)).ok_or_else(broken);
                let (high, low) = (digit()?, digit()?);
                bytes.push((high * 16 + low) as u8);
            }
            c => bytes.push(c),
        }
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_contract::endpoints::find;
    use proofmark_kernel::run::{RunId, RunStatus};

    fn query(text: &str) -> Result<Query> {
        Query::read(find("run_list").unwrap(), Some(text))
    }

    #[test]
    fn parameters_are_known_single_and_of_their_type() {
        assert_eq!(query("status=running").unwrap().get::<RunStatus>("status").unwrap(), Some(RunStatus::Running));
        assert_eq!(query("%73tatus=r%75nning").unwrap().get::<RunStatus>("status").unwrap(), Some(RunStatus::Running));
        assert!(query("").unwrap().get::<RunStatus>("status").unwrap().is_none());
        for bad in ["state=running", "status=running&status=failed", "a%ff=1", "%zz=1", "status=%"] {
            assert_eq!(query(bad).unwrap_err().code, "request.query", "{bad}");
        }
        assert_eq!(query("status=red").unwrap().get::<RunStatus>("status").unwrap_err().code, "request.query");
        for bad in ["limit=0", "limit=201", "limit=-1", "limit=x", "limit="] {
            assert!(query(bad).unwrap().page::<RunId>("/p").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_belongs_to_its_list_and_filter() {
        let id = RunId::from_bits(7);
        let cursor = query("status=running").unwrap().cursor("/p", id);
        let page = |path: &str, text: String| query(&text).unwrap().page::<RunId>(path);
        let found = page("/p", format!("cursor={cursor}&status=running&limit=3")).unwrap();
        assert_eq!((found.before, found.limit), (Some(id), 3));
        assert!(page("/q", format!("cursor={cursor}&status=running")).is_err(), "another list");
        assert!(page("/p", format!("cursor={cursor}&status=failed")).is_err(), "another filter");
        assert!(page("/p", format!("cursor={cursor}")).is_err());
        for i in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[i] = if changed[i] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(page("/p", format!("cursor={changed}&status=running")).unwrap_err().code, "request.cursor");
        }
        assert!(page("/p", "cursor=".into()).is_err());
    }
}
