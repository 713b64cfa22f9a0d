//! The public API as data: its types, the table of its endpoints, and the OpenAPI document made from both.
//! No server here: `http` serves what the table says, clients are generated from the document.

pub mod document;
pub mod endpoint;
pub mod endpoints;
pub mod fields;
pub mod types;
