//! What a new document breaks for clients of an old one.
//!
//! A request that was good must stay good: nothing new is required, nothing that was taken is refused. An answer must stay
//! readable: nothing goes away, no value gets another type. Answers may gain fields, and closed sets of names in answers
//! may gain names: clients are told to expect both.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Which way values go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// From the client: the new schema must take all that the old one took.
    In,
    /// To the client: the old schema must describe all that the new one gives.
    Out,
}

/// Everything that is broken, in sentences with their place.
pub(super) fn changes(old: &Value, new: &Value) -> Vec<String> {
    let mut diff = Diff { old, new, found: Vec::new(), seen: BTreeSet::new() };
    for (path, item) in entries(&old["paths"]) {
        for (method, operation) in entries(item) {
            let place = format!("{} {path}", method.to_ascii_uppercase());
            match new["paths"][path].get(method) {
                None => diff.note(&place, "is gone"),
                Some(now) => diff.operation(&place, operation, now),
            }
        }
    }
    diff.found
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

struct Diff<'a> {
    old: &'a Value,
    new: &'a Value,
    found: Vec<String>,
    /// Pairs of references that are being compared or were: schemas may contain themselves.
    seen: BTreeSet<(Way, String, String)>,
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    for _ in 0..20 {
        let Some(pointer) = value["$ref"].as_str().and_then(|r| r.strip_prefix('#')) else { break };
        let Some(to) = document.pointer(pointer) else { break };
        value = to;
    }
    value
}

impl<'a> Diff<'a> {
    fn note(&mut self, place: &str, what: impl std::fmt::Display) {
        self.found.push(format!("{place}: {what}"));
    }

    fn operation(&mut self, place: &str, old: &'a Value, new: &'a Value) {
        if old["operationId"] != new["operationId"] {
            self.note(place, format!("its id was {} and is {}", old["operationId"], new["operationId"]));
        }
        let open = |o: &Value| o["security"].as_array().is_some_and(Vec::is_empty);
        if open(old) && !open(new) {
            self.note(place, "was open to everybody and wants a credential");
        }
        self.parameters(place, old, new);
        self.request(place, &old["requestBody"], &new["requestBody"]);
        for (status, answer) in entries(&old["responses"]) {
            if !status.starts_with(['2', '3']) {
                continue;
            }
            let place = format!("{place} -> {status}");
            match new["responses"].get(status) {
                None => self.note(&place, "is gone"),
                Some(now) => self.answer(&place, answer, now),
            }
        }
    }

    fn parameters(&mut self, place: &str, old: &'a Value, new: &'a Value) {
        let list = |document: &'a Value, operation: &'a Value| -> Vec<&'a Value> {
            operation["parameters"].as_array().into_iter().flatten().map(|p| resolve(document, p)).collect()
        };
        let (before, now) = (list(self.old, old), list(self.new, new));
        let same = |a: &Value, b: &Value| a["in"] == b["in"] && a["name"] == b["name"];
        for p in &before {
            let place = format!("{place}, {} parameter {}", text(&p["in"]), text(&p["name"]));
            match now.iter().find(|q| same(p, q)) {
                None => self.note(&place, "is gone"),
                Some(q) => {
                    if p["required"] != true && q["required"] == true {
                        self.note(&place, "is required now");
                    }
                    self.schema(&place, Way::In, &p["schema"], &q["schema"]);
                }
            }
        }
        for q in now.iter().filter(|q| q["required"] == true && !before.iter().any(|p| same(p, q))) {
            self.note(place, format!("the {} parameter {} is new and required", text(&q["in"]), text(&q["name"])));
        }
    }

    fn request(&mut self, place: &str, old: &'a Value, new: &'a Value) {
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        if new["required"] == true && old["required"] != true {
            self.note(place, "wants a body now");
        }
        for (media_type, content) in entries(&old["content"]) {
            let place = format!("{place}, body {media_type}");
            match new["content"].get(media_type) {
                None => self.note(&place, "is not taken any more"),
                Some(now) => self.schema(&place, Way::In, &content["schema"], &now["schema"]),
            }
        }
    }

    fn answer(&mut self, place: &str, old: &'a Value, new: &'a Value) {
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        for (header, _) in entries(&old["headers"]) {
            if new["headers"].get(header).is_none() {
                self.note(place, format!("the header {header} is gone"));
            }
        }
        for (media_type, content) in entries(&old["content"]) {
            match new["content"].get(media_type) {
                None => self.note(place, format!("{media_type} is not given any more")),
                Some(now) => self.schema(place, Way::Out, &content["schema"], &now["schema"]),
            }
        }
    }

    fn schema(&mut self, place: &str, way: Way, old: &'a Value, new: &'a Value) {
        if let (Some(a), Some(b)) = (old["$ref"].as_str(), new["$ref"].as_str())
            && !self.seen.insert((way, a.to_string(), b.to_string()))
        {
            return;
        }
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        let (before, now) = (alternatives(old), alternatives(new));
        if before.len() > 1 || now.len() > 1 {
            self.choices(place, way, &before, &now);
            return;
        }
        self.types(place, way, old, new);
        if way == Way::In {
            self.bounds(place, old, new);
        }
        self.object(place, way, old, new);
        if old["items"].is_object() && new["items"].is_object() {
            self.schema(&format!("{place}[]"), way, &old["items"], &new["items"]);
        }
    }

    /// Each alternative that matters must have one on the other side that it fits.
    fn choices(&mut self, place: &str, way: Way, old: &[&'a Value], new: &[&'a Value]) {
        let (each, among) = match way {
            Way::In => (old, new),
            Way::Out => (new, old),
        };
        for one in each {
            let fits = among.iter().any(|other| {
                let mut trial = Diff { old: self.old, new: self.new, found: Vec::new(), seen: self.seen.clone() };
                match way {
                    Way::In => trial.schema("", way, one, other),
                    Way::Out => trial.schema("", way, other, one),
                }
                trial.found.is_empty()
            });
            if !fits {
                let what = match way {
                    Way::In => "one of the alternatives is not taken any more",
                    Way::Out => "an alternative is given that was not",
                };
                self.note(place, what);
            }
        }
    }

    fn types(&mut self, place: &str, way: Way, old: &Value, new: &Value) {
        let (Some(before), Some(now)) = (types(old), types(new)) else {
            let narrower = match way {
                Way::In => types(old).is_none() && types(new).is_some(),
                Way::Out => types(old).is_some() && types(new).is_none(),
            };
            if narrower {
                self.note(place, "could be of any type on one side and cannot on the other");
            }
            return;
        };
        let (each, among) = if way == Way::In { (&before, &now) } else { (&now, &before) };
        let fits = |t: &&String| among.contains(t) || (*t == "integer" && among.contains(&&"number".to_string()));
        let strange: Vec<&String> = each.iter().copied().filter(|t| !fits(t)).collect();
        if !strange.is_empty() {
            self.note(place, format!("was of type {before:?} and is of type {now:?}"));
        }
    }

    /// Limits of what is taken.
    fn bounds(&mut self, place: &str, old: &Value, new: &Value) {
        if let Some(now) = new["enum"].as_array() {
            match old["enum"].as_array() {
                None => self.note(place, "is one of a closed set now"),
                Some(before) => {
                    for gone in before.iter().filter(|v| !now.contains(v)) {
                        self.note(place, format!("{gone} is not taken any more"));
                    }
                }
            }
        }
        for (key, lower) in [
            ("minimum", true),
            ("minLength", true),
            ("minItems", true),
            ("maximum", false),
            ("maxLength", false),
            ("maxItems", false),
        ] {
            let (before, now) = (old[key].as_f64(), new[key].as_f64());
            let tighter = match (before, now) {
                (_, None) => false,
                (None, Some(now)) => !(lower && now <= 0.0),
                (Some(before), Some(now)) => {
                    if lower {
                        now > before
                    } else {
                        now < before
                    }
                }
            };
            if tighter {
                self.note(place, format!("{key} was {} and is {}", old[key], new[key]));
            }
        }
        for key in ["pattern", "format"] {
            if new[key].is_string() && new[key] != old[key] {
                self.note(place, format!("{key} was {} and is {}", old[key], new[key]));
            }
        }
    }

    fn object(&mut self, place: &str, way: Way, old: &'a Value, new: &'a Value) {
        let empty = Map::new();
        let before = old["properties"].as_object().unwrap_or(&empty);
        let now = new["properties"].as_object().unwrap_or(&empty);
        let closed = |s: &Value| s["additionalProperties"] == false;
        if way == Way::In && !closed(old) && closed(new) && old["type"] == "object" {
            self.note(place, "takes no other fields any more");
        }
        for name in before.keys() {
            let place = format!("{place}.{name}");
            match new["properties"].get(name) {
                Some(now) => self.schema(&place, way, &old["properties"][name], now),
                None if way == Way::Out || closed(new) => self.note(&place, "is gone"),
                None => {}
            }
            if way == Way::Out && required(old, name) && !required(new, name) && now.contains_key(name) {
                self.note(&place, "was always there and may be missing now");
            }
        }
        if way == Way::In {
            for name in now.keys().filter(|n| required(new, n) && !required(old, n)) {
                self.note(&format!("{place}.{name}"), "is required now");
            }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|r| r.iter().any(|n| n == name))
}

fn alternatives(schema: &Value) -> Vec<&Value> {
    for key in ["oneOf", "anyOf"] {
        if let Some(all) = schema[key].as_array() {
            return all.iter().collect();
        }
    }
    vec![schema]
}

/// The types a value may have; none where it may have any.
fn types(schema: &Value) -> Option<Vec<&String>> {
    match &schema["type"] {
        Value::String(t) => Some(vec![t]),
        Value::Array(all) => Some(
            all.iter()
                .filter_map(|t| match t {
                    Value::String(t) => Some(t),
                    _ => None,
                })
                .collect(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Value {
        json!({
            "paths": { "/things": {
                "get": {
                    "operationId": "thing_list",
                    "security": [],
                    "parameters": [
                        { "$ref": "#/components/parameters/Limit" },
                        { "name": "kind", "in": "query", "required": false, "schema": { "type": "string", "enum": ["a", "b"] } },
                    ],
                    "responses": { "200": {
                        "headers": { "ETag": {} },
                        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } },
                    } },
                },
                "post": {
                    "operationId": "thing_create",
                    "requestBody": { "required": false, "content": { "application/json": { "schema": {
                        "type": "object", "additionalProperties": false, "required": ["name"],
                        "properties": {
                            "name": { "type": "string", "maxLength": 10 },
                            "size": { "type": ["integer", "null"] },
                            "kind": { "oneOf": [{ "type": "null" }, { "type": "string" }] },
                        },
                    } } } },
                    "responses": { "201": {}, "409": {} },
                },
            } },
            "components": {
                "parameters": { "Limit": { "name": "limit", "in": "query", "required": false, "schema": { "type": "integer", "maximum": 200 } } },
                "schemas": { "Thing": {
                    "type": "object", "required": ["id"],
                    "properties": {
                        "id": { "type": "string" },
                        "count": { "type": "integer" },
                        "tags": { "type": "array", "items": { "type": "string" } },
                        "parent": { "oneOf": [{ "$ref": "#/components/schemas/Thing" }, { "type": "null" }] },
                    },
                } },
            },
        })
    }

    /// What a change at `pointer` breaks.
    fn broken(pointer: &str, value: Value) -> Vec<String> {
        let (old, mut new) = (document(), document());
        *new.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")) = value;
        changes(&old, &new)
    }

    const GET: &str = "/paths/~1things/get";
    const BODY: &str = "/paths/~1things/post/requestBody/content/application~1json/schema";
    const THING: &str = "/components/schemas/Thing";

    #[test]
    fn nothing_changed_breaks_nothing() {
        assert!(changes(&document(), &document()).is_empty());
    }

    #[test]
    fn additions_break_nothing() {
        let mut new = document();
        new["paths"]["/others"] = json!({ "get": {} });
        new["paths"]["/things"]["delete"] = json!({});
        let parameters = new["paths"]["/things"]["get"]["parameters"].as_array_mut().unwrap();
        parameters.push(json!({ "name": "new", "in": "query", "required": false, "schema": {} }));
        new["components"]["schemas"]["Thing"]["properties"]["extra"] = json!({ "type": "string" });
        let body = new.pointer_mut(BODY).unwrap();
        body["properties"]["more"] = json!({ "type": "string" });
        body["properties"]["name"]["maxLength"] = json!(20);
        new["paths"]["/things"]["get"]["parameters"][1]["schema"]["enum"] = json!(["a", "b", "c"]);
        assert_eq!(changes(&document(), &new), Vec::<String>::new());
    }

    #[test]
    fn what_goes_away_is_found() {
        assert_eq!(broken("/paths/~1things", json!({})), ["GET /things: is gone", "POST /things: is gone"]);
        assert_eq!(broken(&format!("{GET}/parameters/1/name"), json!("sort")).len(), 1);
        assert_eq!(broken(&format!("{GET}/responses"), json!({ "204": {} })), ["GET /things -> 200: is gone"]);
        assert_eq!(broken(&format!("{GET}/responses/200/headers"), json!({})).len(), 1);
        assert_eq!(broken(&format!("{GET}/responses/200/content"), json!({ "text/csv": {} })).len(), 1);
        assert_eq!(broken(&format!("{GET}/operationId"), json!("things_list")).len(), 1);
        assert!(broken("/paths/~1things/post/responses", json!({ "201": {} })).is_empty(), "one error less");
        let mut without = document();
        without["components"]["schemas"]["Thing"]["properties"].as_object_mut().unwrap().remove("count");
        assert_eq!(changes(&document(), &without), ["GET /things -> 200.count: is gone"]);
        let mut without = document();
        without.pointer_mut(&format!("{BODY}/properties")).unwrap().as_object_mut().unwrap().remove("size");
        assert_eq!(changes(&document(), &without), ["POST /things, body application/json.size: is gone"]);
    }

    #[test]
    fn what_is_newly_required_is_found() {
        assert_eq!(broken(&format!("{GET}/parameters/1/required"), json!(true)).len(), 1);
        assert_eq!(broken(&format!("{BODY}/required"), json!(["name", "size"])).len(), 1);
        assert_eq!(broken("/paths/~1things/post/requestBody/required", json!(true)).len(), 1);
        assert_eq!(broken(&format!("{GET}/security"), json!([{ "bearer": [] }])).len(), 1);
        let mut new = document();
        let parameters = new["paths"]["/things"]["post"].as_object_mut().unwrap();
        parameters.insert(
            "parameters".into(),
            json!([{ "name": "If-Match", "in": "header", "required": true, "schema": {} }]),
        );
        assert_eq!(changes(&document(), &new).len(), 1);
    }

    #[test]
    fn narrower_inputs_are_found() {
        assert_eq!(broken("/components/parameters/Limit/schema/maximum", json!(100)).len(), 1);
        assert_eq!(broken(&format!("{GET}/parameters/1/schema/enum"), json!(["a"])).len(), 1);
        assert_eq!(broken(&format!("{BODY}/properties/size/type"), json!("integer")).len(), 1);
        assert_eq!(
            broken(&format!("{BODY}/properties/name"), json!({ "type": "string", "maxLength": 10, "pattern": "x" }))
                .len(),
            1
        );
        assert_eq!(broken(&format!("{BODY}/properties/name"), json!({ "type": "string", "maxLength": 9 })).len(), 1);
        assert_eq!(broken(&format!("{BODY}/properties/kind"), json!({ "oneOf": [{ "type": "string" }] })).len(), 1);
        assert!(broken(&format!("{BODY}/properties/size/type"), json!(["number", "null"])).is_empty());
        assert!(broken(&format!("{BODY}/additionalProperties"), json!(true)).is_empty());
    }

    #[test]
    fn other_answers_are_found() {
        assert_eq!(broken(&format!("{THING}/required"), json!([])).len(), 1);
        assert_eq!(broken(&format!("{THING}/properties/count/type"), json!("string")).len(), 1);
        assert_eq!(broken(&format!("{THING}/properties/count/type"), json!(["integer", "null"])).len(), 1);
        assert_eq!(broken(&format!("{THING}/properties/tags/items/type"), json!("integer")).len(), 1);
        let wider =
            json!({ "oneOf": [{ "$ref": "#/components/schemas/Thing" }, { "type": "null" }, { "type": "string" }] });
        assert_eq!(broken(&format!("{THING}/properties/parent"), wider).len(), 1);
    }
}
