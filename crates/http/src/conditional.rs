//! Entity tags, `If-Match`, `If-None-Match` and byte ranges (RFC 9110, sections 8.8, 13 and 14).

use axum::http::HeaderMap;
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE};
use proofmark_base::error::{Error, Kind, Result};
use std::ops::Range;

/// The version that the caller saw, from `If-Match: "7"`.
///
/// # Errors
/// `request.if-match` (428) where it is missing; `request.stale` where it names anything but one version: more than one,
/// a weak tag or `*` would change what nobody has seen.
pub(crate) fn version(headers: &HeaderMap) -> Result<i64> {
    let mut sent = headers.get_all(IF_MATCH).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else {
        return Err(Error::new(
            Kind::Precondition,
            "request.if-match",
            "the request must say which version it is about",
        )
        .at("header:if-match", "one entity tag")
        .help("read the resource, and send its `ETag` as `If-Match`"));
    };
    let text = value.to_str().unwrap_or_default().trim();
    let number =
        text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).filter(|t| t.bytes().all(|c| c.is_ascii_digit()));
    number.and_then(|n| n.parse().ok()).ok_or_else(|| {
        Error::new(Kind::Precondition, "request.stale", "that is no version of this resource")
            .at("header:if-match", "an entity tag as an answer had it, such as \"7\"; neither `*` nor a list")
            .help("read the resource, and send its `ETag` as `If-Match`")
    })
}

/// The headers that [`known`] reads, for when the request is gone.
pub(crate) fn conditions(headers: &HeaderMap) -> HeaderMap {
    let mut found = HeaderMap::new();
    for value in headers.get_all(IF_NONE_MATCH) {
        found.append(IF_NONE_MATCH, value.clone());
    }
    found
}

/// Whether `If-None-Match` names the tag of the answer, by weak comparison.
pub(crate) fn known(request: &HeaderMap, answer: &HeaderMap) -> bool {
    let Some(tag) = answer.get(ETAG).and_then(|v| v.to_str().ok()) else { return false };
    let strong = |t: &str| t.trim().trim_start_matches("W/").to_string();
    request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|t| t.trim() == "*" || strong(t) == strong(tag))
}

/// The bytes that are asked for of `size`; none where all are. What is no range, or more than one, is as if it were not
/// there, and so is a range of another version (`If-Range`).
///
/// # Errors
/// `artifact.range` (416) where there are no such bytes.
pub(crate) fn range(headers: &HeaderMap, tag: &str, size: u64) -> Result<Option<Range<u64>>> {
    let Some(text) = headers.get(RANGE).and_then(|v| v.to_str().ok()) else { return Ok(None) };
    if headers.get(IF_RANGE).is_some_and(|v| v.to_str().ok().map(str::trim) != Some(tag)) {
        return Ok(None);
    }
    let Some(spec) = text.trim().strip_prefix("bytes=") else { return Ok(None) };
    let Some((first, last)) = spec.trim().split_once('-') else { return Ok(None) };
    let number = |t: &str| -> Option<u64> {
        (!t.is_empty() && t.bytes().all(|c| c.is_ascii_digit())).then(|| t.parse().unwrap_or(u64::MAX))
    };
    let found = match (number(first), number(last)) {
        (Some(from), Some(to)) if from <= to => from..to.saturating_add(1).min(size),
        (Some(from), None) if last.is_empty() => from..size,
        (None, Some(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Ok(None),
    };
    if found.start >= found.end {
        return Err(Error::invalid("artifact.range", format!("there are no such bytes: the file has {size}"))
            .at("header:range", format!("a range within 0 to {}", size.saturating_sub(1))));
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.clone(), HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn a_change_names_one_version() {
        assert_eq!(version(&headers(&[(IF_MATCH, "\"7\"")])).unwrap(), 7);
        assert_eq!(version(&HeaderMap::new()).unwrap_err().code, "request.if-match");
        for bad in ["*", "7", "\"\"", "W/\"7\"", "\"7\", \"8\"", "\"-7\"", "\"99999999999999999999\"", "\"a\""] {
            assert_eq!(version(&headers(&[(IF_MATCH, bad)])).unwrap_err().code, "request.stale", "{bad}");
        }
    }

    #[test]
    fn known_answers_are_recognised() {
        let answer = headers(&[(ETAG, "\"7\"")]);
        for good in ["\"7\"", "W/\"7\"", "\"6\", \"7\"", "*"] {
            assert!(known(&headers(&[(IF_NONE_MATCH, good)]), &answer), "{good}");
        }
        assert!(!known(&headers(&[(IF_NONE_MATCH, "\"8\"")]), &answer));
        assert!(!known(&headers(&[(IF_NONE_MATCH, "*")]), &HeaderMap::new()));
    }

    #[test]
    fn ranges_are_those_of_the_standard() {
        let of = |text: &str| range(&headers(&[(RANGE, text)]), "\"t\"", 100);
        assert_eq!(of("bytes=0-9").unwrap(), Some(0..10));
        assert_eq!(of("bytes=90-").unwrap(), Some(90..100));
        assert_eq!(of("bytes=-10").unwrap(), Some(90..100));
        assert_eq!(of("bytes=-1000").unwrap(), Some(0..100));
        assert_eq!(of("bytes=50-99999999999999999999999").unwrap(), Some(50..100));
        for ignored in ["bytes=5-4", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=-", "bytes=+1-2"] {
            assert_eq!(of(ignored).unwrap(), None, "{ignored}");
        }
        for none in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(of(none).unwrap_err().code, "artifact.range", "{none}");
        }
        let other = headers(&[(RANGE, "bytes=0-9"), (IF_RANGE, "\"u\"")]);
        assert_eq!(range(&other, "\"t\"", 100).unwrap(), None);
        assert_eq!(range(&headers(&[(RANGE, "bytes=0-0")]), "\"t\"", 0).unwrap_err().code, "artifact.range");
    }
}
