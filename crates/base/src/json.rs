//! JSON that is handed on and not looked into.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// A JSON document of somebody else's shape, as the text that it was read as. Known to be well-formed; made into values
/// only by whoever asks for them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Its text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The document of these values.
    ///
    /// # Errors
    /// A defect: values always have a text.
    pub fn of(value: &Value) -> Result<Json> {
        serde_json::value::to_raw_value(value).map(Json).map_err(|e| Error::bug("a value has no JSON form").because(e))
    }

    /// Its values.
    ///
    /// # Errors
    /// A defect, or a database that somebody edited: a number that no value can hold.
    pub fn value(&self) -> Result<Value> {
        serde_json::from_str(self.as_str()).map_err(|e| Error::bug("a document holds what no value can").because(e))
    }
}

/// Equal texts: the same document may be written in several ways.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
