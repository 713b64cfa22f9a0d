//! Evidence: what was checked, what is claimed, and the signed bundle that carries both.
//!
//! Bytes and file sets come from the caller and go back to it: no network, no file system, no clock and no
//! random source here. The format is described in `docs/evidence-bundle.md`.

pub mod bundle;
pub mod check;
pub mod dsse;
#[cfg(test)]
mod sample;
pub mod sbom;
pub mod statement;

use std::collections::BTreeMap;

/// A set of files: relative path with `/` between its parts, and content.
pub type FileSet = BTreeMap<String, Vec<u8>>;

/// Indented JSON with a final line feed. Struct fields keep their order and maps are sorted, so equal values
/// give equal bytes.
fn json_bytes<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("string keys and infallible serializers");
    bytes.push(b'\n');
    bytes
}
