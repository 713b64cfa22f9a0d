//! Signing in at a provider.

use super::Shape;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A provider that people can sign in at.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Provider {
    /// Name.
    pub name: String,
    /// Where a browser begins to sign in there.
    #[schema(format = "uri-reference")]
    pub begin: String,
}

/// The providers of this installation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Providers {
    /// They, in the order of the configuration; none where people sign in with passwords only.
    pub items: Vec<Provider>,
}

impl Shape for Providers {
    fn example() -> Self {
        Providers {
            items: vec![Provider { name: "corporate".into(), begin: "/api/v1/single-sign-on/corporate/begin".into() }],
        }
    }
}
