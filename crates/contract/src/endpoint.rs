//! What an endpoint is: everything that router, document, authorization and tests need to know of it, said once.

use crate::types::Shape;
use proofmark_kernel::action::Action;
use serde_json::Value;
use std::borrow::Cow;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// HTTP methods in use. `HEAD` is answered wherever `GET` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes something or asks for something to happen.
    Post,
    /// Replaces.
    Put,
    /// Changes what is named.
    Patch,
    /// Takes away.
    Delete,
}

impl Method {
    /// All of them.
    pub const ALL: [Method; 5] = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];

    /// Its name in requests.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody: nothing is known of the caller.
    Public,
    /// Everybody who is signed in, about themselves.
    SignedIn,
    /// Whoever the policies allow this action.
    Action(Action),
}

/// A JSON type with its schema and its example.
#[derive(Clone, Copy)]
pub struct JsonType {
    /// Name among the document's components.
    pub name: fn() -> Cow<'static, str>,
    /// Its schema.
    pub schema: fn() -> RefOr<Schema>,
    /// Adds what the schema refers to.
    pub schemas: fn(&mut Vec<(String, RefOr<Schema>)>),
    /// The example.
    pub example: fn() -> Value,
}

fn example<T: Shape>() -> Value {
    serde_json::to_value(T::example()).expect("examples have a JSON form")
}

fn page_name<T: Shape>() -> Cow<'static, str> {
    format!("{}Page", T::name()).into()
}

fn page_schemas<T: Shape>(found: &mut Vec<(String, RefOr<Schema>)>) {
    found.push((T::name().into_owned(), T::schema()));
    T::schemas(found);
}

impl JsonType {
    /// Of a page of a list of this type.
    pub const fn page_of<T: Shape>() -> Self
    where
        crate::types::common::Page<T>: Shape,
    {
        JsonType { name: page_name::<T>, schemas: page_schemas::<T>, ..JsonType::of::<crate::types::common::Page<T>>() }
    }

    /// Of this type.
    pub const fn of<T: Shape>() -> Self {
        JsonType { name: T::name, schema: T::schema, schemas: T::schemas, example: example::<T> }
    }
}

/// What a request carries.
#[derive(Clone, Copy)]
pub enum Body {
    /// Nothing.
    None,
    /// A JSON document.
    Json(JsonType),
    /// A JSON document or nothing.
    OptionalJson(JsonType),
    /// Bytes, in order, of any length.
    Bytes,
}

/// What a good answer carries.
#[derive(Clone, Copy)]
pub enum Answer {
    /// Nothing.
    Empty,
    /// A JSON document.
    Json(JsonType),
    /// Free text or bytes of these media types, with an example.
    Raw(&'static [&'static str], &'static str),
}

/// A parameter in the query, or a header.
#[derive(Clone, Copy)]
pub struct Parameter {
    /// Name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it does.
    pub description: &'static str,
    /// JSON Schema of its value, as JSON text.
    pub schema: &'static str,
    /// An example of its value.
    pub example: &'static str,
}

/// Where an answer leads: what stands at `pointer` in it is the `parameter` of the operation.
#[derive(Clone, Copy)]
pub struct Link {
    /// Operation.
    pub operation: &'static str,
    /// Its parameter.
    pub parameter: &'static str,
    /// JSON pointer into the answer.
    pub pointer: &'static str,
}

/// Bytes that a JSON request may have where nothing else is said.
pub const BODY_LIMIT: usize = 256 * 1024;

/// An endpoint.
#[derive(Clone, Copy)]
pub struct Endpoint {
    /// Operation id, `resource_verb`: what metrics, logs, matrix and clients call it.
    pub id: &'static str,
    /// Method.
    pub method: Method,
    /// Path; parameters in braces.
    pub path: &'static str,
    /// Group in the document.
    pub tag: &'static str,
    /// One line.
    pub summary: &'static str,
    /// More, in Markdown.
    pub description: &'static str,
    /// Who may.
    pub access: Access,
    /// The action that its success leaves in the audit log.
    pub audited: Option<&'static str>,
    /// Parameters in the query.
    pub query: &'static [Parameter],
    /// Whether parameters in the query that it does not know are no fault: others decide about them.
    pub open_query: bool,
    /// Headers it hears beyond those that follow from the rest.
    pub headers: &'static [Parameter],
    /// Headers its good answer has beyond those that follow from the rest.
    pub answer_headers: &'static [Parameter],
    /// What it takes.
    pub body: Body,
    /// Bytes that the body may have.
    pub body_limit: usize,
    /// Status of success.
    pub status: u16,
    /// What it gives.
    pub answer: Answer,
    /// Whether browsers, which ask for `text/html`, are shown a page in its place, of errors too.
    pub pages: bool,
    /// Whether it is a list in pages: `limit` and `cursor`.
    pub paged: bool,
    /// Whether its answer has an entity tag, and `If-None-Match` is heard.
    pub tagged: bool,
    /// Whether `If-Match` is required.
    pub matched: bool,
    /// Whether `Idempotency-Key` is heard.
    pub idempotent: bool,
    /// Whether it answers for longer than a request may usually take: streams.
    pub streams: bool,
    /// Statuses it may answer with beyond those that follow from the rest.
    pub also: &'static [u16],
    /// Where its answer leads.
    pub links: &'static [Link],
    /// Since when it should not be used any more, and when it goes: RFC 9745 and RFC 8594.
    pub deprecated: Option<Deprecated>,
}

/// An endpoint's end.
#[derive(Clone, Copy, Debug)]
pub struct Deprecated {
    /// Seconds since 1970 from which on it is deprecated.
    pub since: i64,
    /// HTTP date at which it goes.
    pub sunset: &'static str,
    /// Where to read what to use in its place.
    pub link: &'static str,
}

impl Endpoint {
    /// One that takes nothing and gives nothing; the rest is said by the methods below.
    pub const fn new(method: Method, path: &'static str, id: &'static str, access: Access) -> Self {
        Endpoint {
            id,
            method,
            path,
            tag: "",
            summary: "",
            description: "",
            access,
            audited: None,
            query: &[],
            open_query: false,
            headers: &[],
            answer_headers: &[],
            body: Body::None,
            body_limit: 0,
            status: 204,
            answer: Answer::Empty,
            pages: false,
            paged: false,
            tagged: false,
            matched: false,
            idempotent: matches!(method, Method::Post) && !matches!(access, Access::Public),
            streams: false,
            also: &[],
            links: &[],
            deprecated: None,
        }
    }

    /// Group, one line, and more.
    pub const fn about(mut self, tag: &'static str, summary: &'static str, description: &'static str) -> Self {
        (self.tag, self.summary, self.description) = (tag, summary, description);
        self
    }

    /// Takes this JSON.
    pub const fn takes<T: Shape>(mut self) -> Self {
        self.body = Body::Json(JsonType::of::<T>());
        self.body_limit = BODY_LIMIT;
        self
    }

    /// Takes this JSON or nothing.
    pub const fn may_take<T: Shape>(mut self) -> Self {
        self.body = Body::OptionalJson(JsonType::of::<T>());
        self.body_limit = BODY_LIMIT;
        self
    }

    /// Takes up to so many bytes.
    pub const fn takes_bytes(mut self, limit: usize) -> Self {
        self.body = Body::Bytes;
        self.body_limit = limit;
        self.streams = true;
        self
    }

    /// Bytes that the body may have.
    pub const fn up_to(mut self, limit: usize) -> Self {
        self.body_limit = limit;
        self
    }

    /// Answers with this JSON.
    pub const fn gives<T: Shape>(mut self, status: u16) -> Self {
        self.status = status;
        self.answer = Answer::Json(JsonType::of::<T>());
        self
    }

    /// Answers with text or bytes.
    pub const fn gives_raw(mut self, media_types: &'static [&'static str], example: &'static str) -> Self {
        self.status = 200;
        self.answer = Answer::Raw(media_types, example);
        self
    }

    /// Answers with a page of a list of `T`.
    pub const fn lists<T: Shape>(mut self) -> Self
    where
        crate::types::common::Page<T>: Shape,
    {
        self.status = 200;
        self.answer = Answer::Json(JsonType::page_of::<T>());
        self.paged = true;
        self
    }

    /// Hears these parameters in the query.
    pub const fn query(mut self, query: &'static [Parameter]) -> Self {
        self.query = query;
        self
    }

    /// Ignores parameters that it does not know.
    pub const fn ignores_other_parameters(mut self) -> Self {
        self.open_query = true;
        self
    }

    /// Sends elsewhere, with these headers.
    pub const fn sends_on(mut self, headers: &'static [Parameter]) -> Self {
        self.status = 303;
        self.answer_headers = headers;
        self
    }

    /// Shows pages to browsers.
    pub const fn shows_pages(mut self) -> Self {
        self.pages = true;
        self
    }

    /// Hears these headers.
    pub const fn hears(mut self, headers: &'static [Parameter]) -> Self {
        self.headers = headers;
        self
    }

    /// Its good answer has these headers.
    pub const fn says(mut self, headers: &'static [Parameter]) -> Self {
        self.answer_headers = headers;
        self
    }

    /// Has an entity tag.
    pub const fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// Wants `If-Match`.
    pub const fn matched(mut self) -> Self {
        self.matched = true;
        self
    }

    /// Leaves that action in the audit log.
    pub const fn audited(mut self, action: &'static str) -> Self {
        self.audited = Some(action);
        self
    }

    /// Hears no `Idempotency-Key`: what it does twice is the same as once, or its answer holds a secret.
    pub const fn not_idempotent(mut self) -> Self {
        self.idempotent = false;
        self
    }

    /// Takes or gives a stream.
    pub const fn streams(mut self) -> Self {
        self.streams = true;
        self
    }

    /// May answer with these statuses too.
    pub const fn also(mut self, statuses: &'static [u16]) -> Self {
        self.also = statuses;
        self
    }

    /// Leads there.
    pub const fn links(mut self, links: &'static [Link]) -> Self {
        self.links = links;
        self
    }

    /// Names of the parameters in the path, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}
