//! Organizations, and the client certificates of their service accounts.

use super::Shape;
use crate::fields::{self, of};
use proofmark_base::digest;
use proofmark_base::time::Timestamp;
use proofmark_kernel::{organization, principal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An organization.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Organization {
    /// Identifier.
    #[schema(value_type = fields::OrganizationId)]
    pub id: organization::OrganizationId,
    /// Name for people.
    pub name: String,
    /// When it was made.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// Counts changes, from 1; the entity tag is this number in quotes.
    pub version: i64,
}

impl From<organization::Organization> for Organization {
    fn from(o: organization::Organization) -> Self {
        Organization { id: o.id, name: o.name, created_at: o.created_at, version: o.version }
    }
}

impl Shape for Organization {
    fn example() -> Self {
        Organization {
            id: of::<_, fields::OrganizationId>(),
            name: "Example Radio".into(),
            created_at: of::<_, fields::Time>(),
            version: 1,
        }
    }
}

/// What changes in an organization.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateOrganization {
    /// A new name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

impl Shape for UpdateOrganization {
    fn example() -> Self {
        UpdateOrganization { name: "Example Radio and Television".into() }
    }
}

/// A client certificate to be registered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterCertificate {
    /// The certificate as its PEM file has it: one, without its issuers and without its key.
    #[schema(min_length = 1, max_length = 32768)]
    pub certificate: String,
}

impl Shape for RegisterCertificate {
    fn example() -> Self {
        RegisterCertificate {
            certificate: "-----BEGIN CERTIFICATE-----\nMIIBXjCCAQOgAwIBAgIUQnR3\n-----END CERTIFICATE-----\n".into(),
        }
    }
}

/// A client certificate of a service account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// SHA-256 of its DER form: `openssl x509 -in FILE -noout -fingerprint -sha256`, in lower case, without colons.
    #[schema(value_type = fields::Digest)]
    pub fingerprint: digest::Digest,
    /// On whose account its holder acts.
    #[schema(value_type = fields::PrincipalId)]
    pub principal: principal::PrincipalId,
    /// Who registered it.
    #[schema(value_type = fields::PrincipalId)]
    pub created_by: principal::PrincipalId,
    /// When.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
}

impl Shape for Certificate {
    fn example() -> Self {
        Certificate {
            fingerprint: of::<_, fields::Digest>(),
            principal: of::<_, fields::PrincipalId>(),
            created_by: of::<_, fields::PrincipalId>(),
            created_at: of::<_, fields::Time>(),
        }
    }
}
