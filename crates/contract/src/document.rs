//! The OpenAPI 3.1 document, made from the table of endpoints and the schemas of the types. What follows from an
//! endpoint's properties (its error answers, the headers it hears, its pages) is written here once for all.

use crate::endpoint::{Access, Answer, Body, Endpoint, JsonType, Method, Parameter};
use crate::endpoints;
use crate::fields::{self, Example};
use crate::types::Shape;
use crate::types::common::Problem;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// Version of the document: the first number is that in the paths, the second grows with additions.
pub const VERSION: &str = "1.0.0";

/// Media type of problems.
pub const PROBLEM: &str = "application/problem+json";

const ABOUT: &str = "\
Proofmark's public API. Errors are problems (RFC 9457) with a stable `code`. Lists come in pages: pass `next_cursor` back \
as `cursor` and change nothing else. Single resources have an entity tag; changing one wants it as `If-Match`. A `POST` \
with an `Idempotency-Key` can be repeated for 24 hours and is carried out once. What lies in another organization does not \
exist: `404`. `HEAD` is answered wherever `GET` is. Every answer has `Trace-Id`; requests are counted against the limits \
that `RateLimit-Policy` names. Fields may be added to answers at any time; requests with unknown fields are refused.";

/// Schemas of the document by name.
#[derive(Default)]
struct Components(BTreeMap<String, Value>);

impl Components {
    fn add(&mut self, json: &JsonType) -> Value {
        let mut found = vec![((json.name)().into_owned(), (json.schema)())];
        (json.schemas)(&mut found);
        for (name, schema) in found {
            self.schema(name, &schema);
        }
        json!({ "$ref": format!("#/components/schemas/{}", (json.name)()) })
    }

    fn schema(&mut self, name: String, schema: &RefOr<Schema>) {
        let schema = serde_json::to_value(schema).expect("schemas have a JSON form");
        if let Some(old) = self.0.insert(name.clone(), schema.clone()) {
            assert!(old == schema, "two types are named {name}");
        }
    }

    fn named<T: ToSchema>(&mut self) {
        self.schema(T::name().into_owned(), &<T as PartialSchema>::schema());
    }
}

/// The document, keys in alphabetical order.
pub fn document() -> Value {
    let mut components = Components::default();
    components.add(&JsonType::of::<Problem>());
    components.add(&JsonType::of::<crate::types::runs::RunEvent>());
    components.named::<fields::RunStatus>();
    components.named::<fields::ApprovalStatus>();
    components.named::<fields::PrincipalId>();
    components.named::<fields::Action>();
    components.named::<fields::ProjectId>();
    components.named::<fields::DeliveryStatus>();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut statuses: BTreeMap<u16, ()> = BTreeMap::new();
    for e in endpoints::all() {
        let operation = operation(e, &mut components);
        statuses.extend(problems(e).into_iter().map(|s| (s, ())));
        paths.entry(e.path).or_default().insert(e.method.name().to_ascii_lowercase(), operation);
    }
    let responses: Map<String, Value> = statuses.into_keys().map(|s| (format!("Problem{s}"), problem(s))).collect();
    let tags: Vec<Value> =
        endpoints::TAGS.iter().map(|(name, text)| json!({ "name": name, "description": text })).collect();
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Proofmark",
            "version": VERSION,
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The server that gave this document." }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": components.0,
            "responses": responses,
            "parameters": shared_parameters(),
            "headers": shared_headers(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The secret of a session (`pms_...`) or of an API token (`pmt_...`).",
                },
            },
        },
    });
    sorted(document)
}

/// The document as text, the bytes that are committed and served.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).expect("a value has a JSON form");
    text.push('\n');
    text
}

/// The same with keys in order, whichever map the JSON library was built with.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let by_key: BTreeMap<String, Value> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(by_key.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// Error statuses an endpoint may answer with.
pub fn problems(e: &Endpoint) -> Vec<u16> {
    let mut found: Vec<u16> = e.also.iter().copied().filter(|s| *s >= 400).collect();
    let mut add = |statuses: &[u16], when: bool| {
        if when {
            found.extend_from_slice(statuses);
        }
    };
    let body = !matches!(e.body, Body::None);
    let health = e.tag == "health";
    add(&[400], e.parameters().next().is_some() || !e.query.is_empty() || e.paged || body || e.idempotent);
    add(&[401], e.access != Access::Public);
    add(&[403], matches!(e.access, Access::Action(_)));
    add(&[404], e.parameters().next().is_some());
    add(&[413, 415], body);
    add(&[409, 422], e.idempotent);
    add(&[412, 428], e.matched);
    add(&[429, 500, 503], !health);
    add(&[503], e.id == "health_ready");
    add(&[504], !health && !e.streams);
    found.sort_unstable();
    found.dedup();
    found
}

fn operation(e: &Endpoint, components: &mut Components) -> Value {
    let mut parameters: Vec<Value> = e.parameters().map(path_parameter).collect();
    parameters.extend(e.query.iter().map(|p| parameter(p, "query")));
    parameters.extend(e.headers.iter().map(|p| parameter(p, "header")));
    let mut shared = |name: &str, when: bool| {
        if when {
            parameters.push(json!({ "$ref": format!("#/components/parameters/{name}") }));
        }
    };
    shared("Limit", e.paged);
    shared("Cursor", e.paged);
    shared("IdempotencyKey", e.idempotent);
    shared("IfMatch", e.matched);
    shared("IfNoneMatch", e.tagged && e.method == Method::Get);

    let mut responses = Map::new();
    responses.insert(e.status.to_string(), success(e, components));
    if e.tagged && e.method == Method::Get {
        let not_modified = json!({
            "description": "It is what `If-None-Match` names.",
            "headers": { "ETag": { "$ref": "#/components/headers/ETag" } },
        });
        responses.insert("304".into(), not_modified);
    }
    if e.also.contains(&206) {
        let mut partial = success(e, components);
        partial["description"] = json!("The range that was asked for.");
        partial["headers"]["Content-Range"] = json!({
            "description": "Which bytes these are, and of how many.",
            "schema": { "type": "string" },
            "example": "bytes 0-1023/1311",
        });
        responses.insert("206".into(), partial);
    }
    if e.also.contains(&303) {
        let mut elsewhere = success(e, components);
        elsewhere["description"] = json!("Go to the page that `then` named.");
        elsewhere["headers"]["Location"] =
            json!({ "description": "Where to go.", "schema": { "type": "string" }, "example": "/runs" });
        if let Some(answer) = elsewhere.as_object_mut() {
            answer.remove("content");
        }
        responses.insert("303".into(), elsewhere);
    }
    for status in problems(e) {
        let answer = if e.id == "health_ready" {
            let mut answer = success(e, components);
            answer["description"] = json!("Something that is needed is missing; the reasons.");
            answer
        } else {
            json!({ "$ref": format!("#/components/responses/Problem{status}") })
        };
        responses.insert(status.to_string(), answer);
    }

    let mut operation = json!({
        "operationId": e.id,
        "tags": [e.tag],
        "summary": e.summary,
        "description": described(e),
        "parameters": parameters,
        "responses": responses,
        "security": if e.access == Access::Public { json!([]) } else { json!([{ "bearer": [] }]) },
        "x-audited": e.audited,
        "x-action": match e.access { Access::Action(a) => json!(a.name()), Access::Public | Access::SignedIn => Value::Null },
    });
    let map = operation.as_object_mut().expect("an object");
    map.retain(|_, v| !v.is_null());
    if e.deprecated.is_some() {
        map.insert("deprecated".into(), json!(true));
    }
    let body = match &e.body {
        Body::None => None,
        Body::Json(json) | Body::OptionalJson(json) => Some(json!({
            "description": "JSON, UTF-8; unknown fields are refused.",
            "required": matches!(e.body, Body::Json(_)),
            "content": { "application/json": { "schema": components.add(json), "example": (json.example)() } },
        })),
        Body::Bytes => Some(json!({
            "description": "The bytes.",
            "required": true,
            "content": { "application/octet-stream": { "schema": {}, "example": "import numpy as np\n" } },
        })),
    };
    if let Some(body) = body {
        map.insert("requestBody".into(), body);
    }
    operation
}

/// The description with what the endpoint asks of its caller.
fn described(e: &Endpoint) -> String {
    let access = match e.access {
        Access::Public => "Open to everybody.".to_string(),
        Access::SignedIn => "Needs a session or a token.".to_string(),
        Access::Action(a) => format!("Needs the action `{a}`."),
    };
    format!("{}\n\n{access}", e.description)
}

fn success(e: &Endpoint, components: &mut Components) -> Value {
    let mut headers = Map::new();
    if e.tagged {
        headers.insert("ETag".into(), json!({ "$ref": "#/components/headers/ETag" }));
    }
    if e.idempotent {
        headers.insert("Idempotency-Replayed".into(), json!({ "$ref": "#/components/headers/IdempotencyReplayed" }));
    }
    for h in e.answer_headers {
        let header = json!({ "description": h.description, "schema": json_text(h.schema), "example": value(h) });
        headers.insert(h.name.into(), header);
    }
    if e.tag != "health" {
        headers.insert("RateLimit".into(), json!({ "$ref": "#/components/headers/RateLimit" }));
        headers.insert("RateLimit-Policy".into(), json!({ "$ref": "#/components/headers/RateLimitPolicy" }));
    }
    headers.insert("Trace-Id".into(), json!({ "$ref": "#/components/headers/TraceId" }));
    let description = match e.status {
        201 => "It was made.",
        202 => "It was accepted.",
        204 => "It is done.",
        303 => "Go on elsewhere.",
        _ => "What was asked for.",
    };
    let mut answer = json!({ "description": description, "headers": headers });
    match &e.answer {
        Answer::Empty => {}
        Answer::Json(json) => {
            let content = json!({ "schema": components.add(json), "example": (json.example)() });
            answer["content"] = json!({ "application/json": content });
        }
        Answer::Raw(media_types, example) => {
            for media_type in *media_types {
                let (schema, example) = match *media_type {
                    "application/json" | "application/vnd.in-toto+json" => {
                        (json!({ "type": "object" }), json_text(example))
                    }
                    // what a stream or bytes hold cannot be said by a JSON Schema; the description says it
                    "application/octet-stream" | "text/event-stream" => (json!({}), json!(example)),
                    _ => (json!({ "type": "string" }), json!(example)),
                };
                answer["content"][*media_type] = json!({ "schema": schema, "example": example });
            }
        }
    }
    if e.pages && !matches!(e.answer, Answer::Empty) {
        answer["content"]["text/html"] = json!({ "schema": { "type": "string" }, "example": "<!doctype html>" });
    }
    for link in e.links {
        let expression = format!("$response.body#{}", link.pointer);
        answer["links"][link.operation] = json!({
            "operationId": link.operation,
            "description": format!("`{}` of the answer.", link.pointer),
            "parameters": { link.parameter: expression },
        });
    }
    answer
}

fn json_text(text: &str) -> Value {
    serde_json::from_str(text).expect("the table's texts are JSON")
}

/// The example of a parameter in the type its schema says.
fn value(p: &Parameter) -> Value {
    let schema = json_text(p.schema);
    match schema["type"].as_str() {
        Some("integer" | "boolean") => json_text(p.example),
        _ => json!(p.example),
    }
}

fn parameter(p: &Parameter, place: &str) -> Value {
    json!({
        "name": p.name,
        "in": place,
        "required": p.required,
        "description": p.description,
        "schema": json_text(p.schema),
        "example": value(p),
    })
}

fn path_parameter(name: &str) -> Value {
    fn of<T: PartialSchema + Example>() -> (Value, Value) {
        (serde_json::to_value(T::schema()).expect("schemas have a JSON form"), T::example())
    }
    let provider = || {
        let schema =
            json!({ "type": "string", "pattern": "^[A-Za-z0-9-]{1,100}$", "description": "Name of a provider." });
        (schema, json!("corporate"))
    };
    let (schema, example) = match name {
        "project" => of::<fields::ProjectId>(),
        "organization" => of::<fields::OrganizationId>(),
        "certificate" => of::<fields::Digest>(),
        "provider" => provider(),
        "principal" => of::<fields::PrincipalId>(),
        "session" => of::<fields::SessionId>(),
        "token" => of::<fields::TokenId>(),
        "artifact" => of::<fields::ArtifactId>(),
        "upload" => of::<fields::UploadId>(),
        "run" => of::<fields::RunId>(),
        "approval" => of::<fields::ApprovalId>(),
        "release" => of::<fields::ReleaseId>(),
        "role" => of::<fields::Role>(),
        "webhook" => of::<fields::WebhookId>(),
        "delivery" => of::<fields::DeliveryId>(),
        other => panic!("the parameter {other} has no schema"),
    };
    let description = schema["description"].clone();
    json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema, "example": example })
}

/// What a status means, for people.
pub fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        422 => "Unprocessable Content",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}

fn problem(status: u16) -> Value {
    let description = match status {
        400 => "The request cannot be understood or breaks a rule; `errors` says where.",
        401 => "Nobody is signed in, or the credential is not accepted.",
        402 => "A budget does not leave room for it.",
        403 => "The caller may not.",
        404 => "There is no such thing, or the caller may not know of it.",
        409 => "It contradicts what is there.",
        412 => "It is not what it was when the caller saw it.",
        413 => "The body has more bytes than it may have.",
        415 => "The body is of a type that is not read here.",
        416 => "The file does not have that range.",
        422 => "The idempotency key was used with another request.",
        428 => "`If-Match` is missing.",
        429 => "Too many requests; `Retry-After` says when to go on.",
        500 => "A defect of ours; the trace id finds it in the logs.",
        503 => "Something that is needed is not there, or the server is full; try again.",
        504 => "It took longer than a request may; whether it was carried out is not known.",
        _ => "It was refused.",
    };
    let example = Problem {
        status,
        title: title(status).into(),
        detail: description.replace('`', ""),
        code: example_code(status).into(),
        kind: format!("https://proofmark.dev/errors/{}", example_code(status)),
        errors: Vec::new(),
        help: None,
        ..Problem::example()
    };
    let mut answer = json!({
        "description": description,
        "headers": { "Trace-Id": { "$ref": "#/components/headers/TraceId" } },
        "content": {
            PROBLEM: {
                "schema": { "$ref": "#/components/schemas/Problem" },
                "example": example,
            },
        },
    });
    if matches!(status, 429 | 503) {
        answer["headers"]["Retry-After"] = json!({
            "description": "Seconds.", "schema": { "type": "integer", "minimum": 0 }, "example": 1,
        });
    }
    if status == 401 {
        answer["headers"]["WWW-Authenticate"] =
            json!({ "description": "`Bearer`.", "schema": { "type": "string" }, "example": "Bearer" });
    }
    answer
}

fn example_code(status: u16) -> &'static str {
    match status {
        400 => "request.body",
        401 => "authentication.required",
        403 => "authorization.denied",
        404 => "project.not-found",
        409 => "project.name-taken",
        412 => "request.stale",
        413 => "request.too-large",
        415 => "request.media-type",
        416 => "artifact.range",
        422 => "idempotency.mismatch",
        428 => "request.if-match",
        429 => "rate-limit.exceeded",
        500 => "bug",
        504 => "request.timeout",
        _ => "server.busy",
    }
}

fn shared_parameters() -> Value {
    json!({
        "Limit": {
            "name": "limit", "in": "query", "required": false, "description": "Most items of a page.",
            "schema": { "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }, "example": 50,
        },
        "Cursor": {
            "name": "cursor", "in": "query", "required": false,
            "description": "`next_cursor` of the page before; the rest of the query must be the same.",
            "schema": { "type": "string", "maxLength": 400 }, "example": "cHJqXzAx",
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Made by the caller, unique for what is meant. The same key with the same request is answered \
                            as the first time, for 24 hours.",
            "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
            "example": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        },
        "IfMatch": {
            "name": "If-Match", "in": "header", "required": true,
            "description": "The entity tag of what is to be changed, as it was seen. Neither `*` nor a list: what nobody has \
                            seen is not changed.",
            "schema": { "type": "string" }, "example": "\"1\"",
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "An entity tag that is known already.",
            "schema": { "type": "string" }, "example": "\"1\"",
        },
    })
}

fn shared_headers() -> Value {
    json!({
        "ETag": {
            "description": "Entity tag: the version in quotes, or the digest for bytes.",
            "schema": { "type": "string" }, "example": "\"1\"",
        },
        "IdempotencyReplayed": {
            "description": "`true` where this is the answer of an earlier request with the same key.",
            "schema": { "type": "string", "enum": ["true"] }, "example": "true",
        },
        "RateLimit": {
            "description": "What is left: requests (`r`), and seconds until all are there again (`t`).",
            "schema": { "type": "string" }, "example": "\"principal\";r=999;t=1",
        },
        "RateLimitPolicy": {
            "description": "The limits that hold: requests (`q`) in so many seconds (`w`).",
            "schema": { "type": "string" }, "example": "\"principal\";q=1000;w=10",
        },
        "TraceId": {
            "description": "Identifies the request in logs and traces (W3C Trace Context).",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" }, "example": "4bf92f3577b34da6a3ce929d0e0e4736",
        },
    })
}
