//! Artifacts: immutable bytes under their SHA-256.

use crate::organization::{OrganizationId, ProjectId};
use crate::principal::PrincipalId;
use crate::run::RunId;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use serde::{Deserialize, Serialize};

proofmark_base::id!(
    /// An artifact of a project: a name for bytes, once.
    ArtifactId, "art"
);
proofmark_base::id!(
    /// An upload that is under way.
    UploadId, "upl"
);

/// Bytes of a project, under a name. Two artifacts may hold the same bytes; the bytes are kept once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Identifier.
    pub id: ArtifactId,
    /// Whose.
    pub organization: OrganizationId,
    /// Where.
    pub project: ProjectId,
    /// The run that made it; none for what was uploaded.
    pub run: Option<RunId>,
    /// Relative path: parts of letters, digits and `._-` and blanks, with `/` between them.
    pub name: String,
    /// Media type (RFC 6838).
    pub media_type: String,
    /// Digest of the bytes.
    pub digest: Digest,
    /// Number of bytes.
    pub size: i64,
    /// Who put it here.
    pub created_by: PrincipalId,
    /// When.
    pub created_at: Timestamp,
}

/// An upload: bytes arrive in order, in as many requests as it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Identifier.
    pub id: UploadId,
    /// Whose.
    pub organization: OrganizationId,
    /// Where it goes.
    pub project: ProjectId,
    /// Name the artifact will have.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Bytes that were announced.
    pub size: i64,
    /// Digest that was announced, if it was: what arrives must have it.
    pub digest: Option<Digest>,
    /// Bytes that are safely here.
    pub received: i64,
    /// Who sends it.
    pub created_by: PrincipalId,
    /// When it began.
    pub created_at: Timestamp,
    /// After this it is forgotten.
    pub expires_at: Timestamp,
    /// What it became.
    pub artifact: Option<ArtifactId>,
}

/// A relative path that means the same on every system and cannot leave its folder.
///
/// # Errors
/// `artifact.name`: empty, absolute, with `.` or `..` or empty parts, backslashes, colons, control characters, a part
/// that ends in a blank or a dot, or longer than 400 bytes.
pub fn path(text: &str) -> Result<String> {
    let wrong = |why: &str| {
        Err(Error::invalid(
            "artifact.name",
            format!("`{}` cannot be the name of a file", proofmark_base::id::shown(text)),
        )
        .at("/name", why.to_string()))
    };
    if text.is_empty() || text.len() > 400 {
        return wrong("it must have 1 to 400 bytes");
    }
    for part in text.split('/') {
        if part.is_empty() || part == "." || part == ".." {
            return wrong("it must be relative, without empty parts, `.` and `..`");
        }
        if part.ends_with(['.', ' ']) || part.starts_with(' ') {
            return wrong("no part may begin with a blank or end with a blank or a dot");
        }
        if part.chars().any(|c| c.is_control() || "\\:*?\"<>|".contains(c)) {
            return wrong(r#"no control characters and none of \ : * ? " < > |"#);
        }
    }
    Ok(text.to_string())
}

/// A media type of two tokens and optional parameters (RFC 9110, section 8.3.1), lower case, without parameters.
///
/// # Errors
/// `artifact.media-type`.
pub fn media_type(text: &str) -> Result<String> {
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let token = |t: &str| {
        !t.is_empty() && t.len() <= 100 && t.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&c))
    };
    match essence.split_once('/') {
        Some((kind, sub)) if token(kind) && token(sub) => Ok(essence),
        _ => Err(Error::invalid("artifact.media-type", "this is not a media type")
            .at("/media_type", "write it as `application/zip`")),
    }
}

#[cfg(test)]
mod tests;
