//! What the system met: one error type with a closed kind, a stable code and places in the request.
//! What a user's program did is a [diagnostic](crate::diagnostics) instead.

use std::borrow::Cow;
use std::fmt;

/// What an error means to the caller, and so which status an interface answers with. The list is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The request cannot be understood or breaks a rule that it could have known.
    Invalid,
    /// Nobody is signed in, or what was shown as proof is not accepted.
    Unauthenticated,
    /// The caller is known and may not.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// It contradicts what is there: a name that is taken, a state that does not allow it.
    Conflict,
    /// The caller's idea of the current version (`If-Match`) is not true any more.
    Precondition,
    /// A limit on money, time or storage does not leave room for it.
    BudgetExceeded,
    /// Too many requests; see [`Error::retry_after`].
    RateLimited,
    /// Something this needs is not there at the moment; trying again later is reasonable.
    Unavailable,
    /// A defect of ours.
    Bug,
}

/// A place in a request that an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// JSON pointer (RFC 6901) into the body, or `query:NAME`, `header:NAME`, `path:NAME`.
    pub at: String,
    /// What is wrong there.
    pub message: String,
}

/// An error on its way to whoever asked: what, where, and how to mend it.
///
/// ```
/// use proofmark_base::error::{Error, Kind};
/// let e = Error::new(Kind::Conflict, "project.name-taken", "the organization has a project of that name")
///     .at("/name", "`radar` is taken")
///     .help("choose another name, or use the project that is there");
/// assert_eq!(e.to_string(), "the organization has a project of that name (project.name-taken)");
/// ```
#[derive(Debug)]
pub struct Error {
    /// What it means.
    pub kind: Kind,
    /// Stable, `area.what`, kebab-case: what programs compare with.
    pub code: Cow<'static, str>,
    /// One sentence for people.
    pub detail: String,
    /// Where in the request.
    pub places: Vec<Place>,
    /// How to mend it.
    pub help: Option<String>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u32>,
    /// What lies beneath: for logs, never shown to callers.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Results of this workspace's services.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of that kind. `code` is `area.what`.
    pub fn new(kind: Kind, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Error {
            kind,
            code: code.into(),
            detail: detail.into(),
            places: Vec::new(),
            help: None,
            retry_after: None,
            source: None,
        }
    }

    /// The request breaks a rule.
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Error::new(Kind::Invalid, code, detail)
    }

    /// There is no such thing, or the caller may not know of it: both read the same.
    pub fn not_found(what: &str) -> Self {
        Error::new(
            Kind::NotFound,
            format!("{what}.not-found"),
            format!("there is no such {what}, or it is not yours to see"),
        )
    }

    /// A defect of ours.
    pub fn bug(detail: impl Into<String>) -> Self {
        Error::new(Kind::Bug, "bug", detail)
    }

    /// Something this needs is not there.
    pub fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        Error::new(Kind::Unavailable, code, detail)
    }

    /// The same with a place in the request.
    #[must_use]
    pub fn at(mut self, at: impl Into<String>, message: impl Into<String>) -> Self {
        self.places.push(Place { at: at.into(), message: message.into() });
        self
    }

    /// The same with a way to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with the seconds after which trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same with what lies beneath.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.code)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
