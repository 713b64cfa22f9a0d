//! Trace identifiers (W3C Trace Context): taken over from the caller or made here, and sent back.

use axum::http::HeaderMap;
use axum::http::header::HeaderValue;
use proofmark_base::id::Random;
use std::fmt;

/// Identifies a request in logs, traces, problems and the audit log: 128 bits, not all zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceId(u128);

impl TraceId {
    #[cfg(test)]
    pub(crate) fn from_bits(bits: u128) -> Self {
        TraceId(bits)
    }

    /// The caller's, if it sent a good `traceparent`; else a new one.
    pub(crate) fn of(headers: &HeaderMap, random: &dyn Random) -> Self {
        let sent = headers.get("traceparent").and_then(|v| v.to_str().ok()).and_then(read);
        sent.unwrap_or_else(|| {
            let mut bytes = [0; 16];
            random.fill(&mut bytes);
            TraceId(u128::from_be_bytes(bytes).max(1))
        })
    }

    pub(crate) fn header(self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

/// The trace id of a `traceparent`: version `00`, 32, 16 and 2 lower-case hexadecimal digits; of later versions the same
/// beginning.
fn read(text: &str) -> Option<TraceId> {
    let mut parts = text.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |t: &str, length: usize| {
        t.len() == length && t.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
    };
    let more = parts.next().is_some();
    if !hex(version, 2) || version == "ff" || (version == "00" && more) {
        return None;
    }
    if !hex(trace, 32) || !hex(parent, 16) || !hex(flags, 2) || parent.bytes().all(|c| c == b'0') {
        return None;
    }
    u128::from_str_radix(trace, 16).ok().filter(|bits| *bits != 0).map(TraceId)
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_parents_are_taken_over() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(read(good).unwrap().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(read("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").is_some());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
