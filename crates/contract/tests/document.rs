//! The committed document is the one that the table and the types make, and it keeps the house's rules.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]

use proofmark_contract::document::{PROBLEM, document, text};
use serde_json::Value;
use std::path::Path;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/v1.json");

#[test]
fn the_committed_document_is_up_to_date() {
    let made = text();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(COMMITTED, &made).unwrap();
    }
    let committed = std::fs::read_to_string(Path::new(COMMITTED)).unwrap_or_default();
    assert!(
        committed == made,
        "openapi/v1.json is not what the contract says: run `cargo xtask openapi` and read the diff"
    );
}

/// Where a `$ref` leads.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("references stay in the document");
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => value,
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

fn filled(value: &Value) -> bool {
    value.as_str().is_some_and(|t| !t.trim().is_empty())
}

#[test]
fn every_operation_says_what_it_does_and_shows_it() {
    let document = document();
    let tags: Vec<&str> = document["tags"].as_array().unwrap().iter().filter_map(|t| t["name"].as_str()).collect();
    for (place, operation) in operations(&document) {
        for key in ["operationId", "summary", "description"] {
            assert!(filled(&operation[key]), "{place} has no {key}");
        }
        let id = operation["operationId"].as_str().unwrap();
        assert!(id.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'), "{place}: {id} is not resource_verb");
        for tag in operation["tags"].as_array().unwrap() {
            assert!(tags.contains(&tag.as_str().unwrap()), "{place}: no group {tag}");
        }
        let mut examples = 0;
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = resolved(&document, parameter);
            assert!(filled(&parameter["description"]), "{place}: {} has no description", parameter["name"]);
            assert!(parameter.get("schema").is_some(), "{place}: {} has no schema", parameter["name"]);
            examples += usize::from(parameter.get("example").is_some());
        }
        let mut contents: Vec<&Value> = Vec::new();
        if let Some(body) = operation.get("requestBody") {
            assert!(filled(&body["description"]), "{place}: the body has no description");
            contents.push(&body["content"]);
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolved(&document, response);
            assert!(filled(&response["description"]), "{place}: {status} has no description");
            let content = response["content"].as_object();
            let status: u16 = status.parse().unwrap();
            if status >= 400 && id != "health_ready" {
                let content = content.unwrap_or_else(|| panic!("{place}: {status} has no content"));
                assert_eq!(content.keys().collect::<Vec<_>>(), [PROBLEM], "{place}: {status}");
            }
            if let Some(content) = response.get("content") {
                contents.push(content);
            }
        }
        for content in contents {
            for (media_type, content) in content.as_object().unwrap() {
                assert!(content.get("example").is_some(), "{place}: {media_type} has no example");
                examples += 1;
            }
        }
        assert!(examples > 0, "{place} has no example");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_described() {
    fn walk(document: &Value, value: &Value) {
        resolved(document, value);
        match value {
            Value::Object(map) => map.values().for_each(|v| walk(document, v)),
            Value::Array(items) => items.iter().for_each(|v| walk(document, v)),
            _ => {}
        }
    }
    let document = document();
    walk(&document, &document);
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(filled(&schema["description"]), "the schema {name} has no description");
        if let Some(properties) = schema["properties"].as_object() {
            for (field, property) in properties {
                assert!(property.is_object(), "{name}.{field} has no schema");
            }
        }
    }
}

/// A small validator of what these schemas use; an example that breaks its schema would mislead whoever reads it.
fn valid(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolved(document, schema);
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().try_for_each(|s| valid(document, s, value));
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(any) = schema[key].as_array() {
            let fits = any.iter().any(|s| valid(document, s, value).is_ok());
            return if fits { Ok(()) } else { Err(format!("{value} is none of {key}")) };
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(t) => vec![t],
        Value::Array(t) => t.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_i64() || n.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.contains(&kind) {
        return Err(format!("{value} is no {types:?}"));
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        return Err(format!("{value} is none of {values:?}"));
    }
    match value {
        Value::Object(map) => {
            let properties = schema["properties"].as_object();
            for required in schema["required"].as_array().into_iter().flatten() {
                if !map.contains_key(required.as_str().unwrap()) {
                    return Err(format!("{required} is missing"));
                }
            }
            for (key, value) in map {
                match properties.and_then(|p| p.get(key)) {
                    Some(schema) => valid(document, schema, value).map_err(|e| format!("{key}: {e}"))?,
                    None if schema["additionalProperties"] == Value::Bool(false) => {
                        return Err(format!("{key} is not known"));
                    }
                    None => {}
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                valid(document, &schema["items"], item)?;
            }
        }
        _ => {}
    }
    Ok(())
}

#[test]
fn examples_are_valid() {
    let document = document();
    let mut seen = 0;
    let mut check = |place: &str, content: &Value| {
        if let (Some(schema), Some(example)) = (content.get("schema"), content.get("example")) {
            seen += 1;
            valid(&document, schema, example).unwrap_or_else(|e| panic!("{place}: {e}"));
        }
    };
    for (place, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().unwrap() {
            check(&place, resolved(&document, parameter));
        }
        let bodies = operation.get("requestBody").into_iter();
        let responses = operation["responses"].as_object().unwrap().values().map(|r| resolved(&document, r));
        for with_content in bodies.chain(responses) {
            for content in with_content["content"].as_object().into_iter().flat_map(|c| c.values()) {
                check(&place, content);
            }
        }
    }
    assert!(seen > 200, "{seen} examples");
    let schema = serde_json::json!({ "$ref": "#/components/schemas/Project" });
    assert!(valid(&document, &schema, &serde_json::json!({ "id": 1 })).is_err(), "the validator finds faults");
}

#[test]
fn inputs_refuse_what_they_do_not_know() {
    let document = document();
    for (place, operation) in operations(&document) {
        let Some(content) = operation.pointer("/requestBody/content/application~1json") else { continue };
        let schema = resolved(&document, &content["schema"]);
        assert_eq!(schema["additionalProperties"], Value::Bool(false), "{place}");
    }
}
