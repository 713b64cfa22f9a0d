//! Reading request bodies: bounded, and JSON with the place of what is wrong.

use axum::body::{Body, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use proofmark_base::error::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

/// The error for a body that is too long.
fn too_large(limit: usize) -> Error {
    Error::invalid("request.too-large", format!("the body has more than {limit} bytes, the most that are read here"))
}

/// Bytes that the request announces, if it does.
pub(crate) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// All bytes of a body.
///
/// # Errors
/// `request.too-large`; `request.broken` where the connection ended before the body.
pub(crate) async fn bytes(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes> {
    if announced(headers).is_some_and(|n| n > limit as u64) {
        return Err(too_large(limit));
    }
    to_bytes(body, limit).await.map_err(|e| {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&e);
        while let Some(s) = source {
            if s.to_string().contains("length limit exceeded") {
                return too_large(limit);
            }
            source = s.source();
        }
        Error::invalid("request.broken", "the body ended before it was whole").because(e)
    })
}

/// Whether the request says that its body is JSON in UTF-8.
///
/// # Errors
/// `request.media-type`.
pub(crate) fn is_json(headers: &HeaderMap) -> Result<()> {
    let sent = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut parts = sent.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let json = essence.eq_ignore_ascii_case("application/json");
    let utf8 = parts.all(|p| {
        let (name, value) = p.split_once('=').unwrap_or((p, ""));
        !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if json && utf8 {
        return Ok(());
    }
    let detail = if sent.is_empty() {
        "the request does not say what its body is".to_string()
    } else {
        format!("a body of type `{}` is not read here", proofmark_base::id::shown(sent))
    };
    Err(Error::invalid("request.media-type", detail).at("header:content-type", "send `application/json`"))
}

/// A JSON document of that type.
///
/// # Errors
/// `request.json` where it is no JSON, with line and column; `request.body` where it is another document, with the
/// pointer to the place.
pub(crate) fn json<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize::<_, T>(&mut reader).map_err(|e| {
        let at = pointer(e.path());
        wrong(e.into_inner(), at)
    })?;
    reader.end().map_err(|e| wrong(e, String::new()))?;
    if bytes.contains(&b'[') {
        let sent: Value = serde_json::from_slice(bytes).map_err(|e| wrong(e, String::new()))?;
        let read = serde_json::to_value(&value).map_err(|e| Error::bug("a request has no JSON form").because(e))?;
        if let Some(at) = list_for_object(&sent, &read, String::new()) {
            return Err(Error::invalid("request.body", "the body is not what this endpoint takes")
                .at(at, "an object with its fields by name, not a list of them"));
        }
    }
    Ok(value)
}

/// Where a list was read as an object: serde takes the fields of a struct in their order, too, and the document does not.
fn list_for_object(sent: &Value, read: &Value, at: String) -> Option<String> {
    match (sent, read) {
        (Value::Array(_), Value::Object(_)) => Some(at),
        (Value::Array(a), Value::Array(b)) => {
            a.iter().zip(b).enumerate().find_map(|(i, (a, b))| list_for_object(a, b, format!("{at}/{i}")))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.iter().find_map(|(k, a)| list_for_object(a, b.get(k)?, format!("{at}/{}", escaped(k))))
        }
        _ => None,
    }
}

fn wrong(e: serde_json::Error, at: String) -> Error {
    use serde_json::error::Category;
    let place = format!("line {}, column {}", e.line(), e.column());
    let text = e.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    match e.classify() {
        Category::Data => {
            // serde names a field it misses or does not know without a place of its own
            let field = what.split('`').nth(1);
            let at = match field {
                Some(field) if what.starts_with("unknown field") && !at.ends_with(&format!("/{}", escaped(field))) => {
                    format!("{at}/{}", escaped(field))
                }
                _ => at,
            };
            Error::invalid("request.body", format!("the body is not what this endpoint takes ({place})")).at(at, what)
        }
        Category::Syntax | Category::Eof | Category::Io => {
            Error::invalid("request.json", format!("the body is no JSON ({place})")).at(at, what)
        }
    }
}

/// A path of serde's as a JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut text = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("/{index}")),
            Segment::Map { key } => text.push_str(&format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proofmark_contract::types::projects::CreateProject;

    fn refused(text: &str) -> (String, String, String) {
        let e = json::<CreateProject>(text.as_bytes()).unwrap_err();
        (e.code.to_string(), e.places[0].at.clone(), e.places[0].message.clone())
    }

    #[test]
    fn what_is_wrong_in_a_document_has_its_place() {
        let good = r#"{"name":"a","policy":{"level":"tested","checks":[],"signers":[{"roles":["owner"],"number":1}]}}"#;
        assert_eq!(json::<CreateProject>(good.as_bytes()).unwrap().name, "a");
        let at = |text: &str| refused(text).1;
        assert_eq!(at(&good.replace("\"owner\"", "\"boss\"")), "/policy/signers/0/roles/0");
        assert_eq!(at(&good.replace(":1}", ":-1}")), "/policy/signers/0/number");
        assert_eq!(at(&good.replace("\"number\"", "\"num/ber\"")), "/policy/signers/0/num~1ber");
        let (code, place, message) = refused(r#"{"name":"a","nme":1}"#);
        assert_eq!((code.as_str(), place.as_str()), ("request.body", "/nme"));
        assert!(message.contains("expected `name` or `policy`"), "{message}");
        let (code, place, message) = refused("{}");
        assert_eq!((code.as_str(), place.as_str(), message.as_str()), ("request.body", "", "missing field `name`"));
    }

    #[test]
    fn fields_go_by_name() {
        assert_eq!(refused(r#"["a", null]"#).1, "");
        assert_eq!(refused(r#"{"name":"a","policy":["tested",[],[["owner"],1]]}"#).0, "request.body");
        let (_, place, _) =
            refused(r#"{"name":"a","policy":{"level":"tested","checks":[],"signers":[[["owner"],1]]}}"#);
        assert_eq!(place, "/policy/signers/0");
    }

    #[test]
    fn what_is_no_json_has_line_and_column() {
        for bad in ["", "{", "{\"name\":\n tru}", "{\"name\":\"a\"} x", "\u{feff}{}", "[1,]"] {
            let e = json::<CreateProject>(bad.as_bytes()).unwrap_err();
            assert!(e.detail.contains("line "), "{bad}: {e}");
        }
        assert_eq!(refused("{\"name\":\n tru}").0, "request.json");
        assert!(json::<serde_json::Value>("[".repeat(100_000).as_bytes()).is_err(), "depth is bounded");
    }

    #[test]
    fn only_json_in_utf_8_is_taken() {
        let says = |text: &str| {
            let mut headers = HeaderMap::new();
            if !text.is_empty() {
                headers.insert(CONTENT_TYPE, HeaderValue::from_str(text).unwrap());
            }
            is_json(&headers).is_ok()
        };
        assert!(says("application/json") && says("Application/JSON; charset=UTF-8"));
        for bad in ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"] {
            assert!(!says(bad), "{bad}");
        }
    }
}
