//! The organization, and the client certificates of its service accounts.

use super::{delete, get, patch, post};
use crate::endpoint::{Access, Endpoint, Link};
use crate::types::organizations::{Certificate, Organization, RegisterCertificate, UpdateOrganization};
use proofmark_kernel::action::Action;

const TOKENS: Access = Access::Action(Action::TokenManage);

/// Bytes of a request with a certificate: 16 KiB in base 64, with line ends that JSON escapes.
const CERTIFICATE: usize = 64 * 1024;

pub(super) const TABLE: &[Endpoint] = &[
    get("/api/v1/organizations/{organization}", "organization_get", Access::Action(Action::OrganizationRead))
        .about("organizations", "The organization", "The caller's own, which `GET /api/v1/me` names: any other is not there.")
        .gives::<Organization>(200)
        .tagged()
        .links(&[Link { operation: "organization_update", parameter: "organization", pointer: "/id" }]),
    patch("/api/v1/organizations/{organization}", "organization_update", Access::Action(Action::OrganizationUpdate))
        .about("organizations", "Rename the organization", "What was signed before keeps the name that it was signed with.")
        .takes::<UpdateOrganization>()
        .gives::<Organization>(200)
        .tagged()
        .matched()
        .audited("organization.update"),
    post("/api/v1/principals/{principal}/certificates", "certificate_register", TOKENS)
        .about(
            "principals",
            "Register a client certificate of a service account",
            "Whoever shows it in the TLS handshake, and by its key that it is theirs, acts as the service account; a token \
             in `Authorization` goes first. The registration alone counts: neither names nor dates in the certificate do, \
             unless the server was given the authorities that must have issued it.",
        )
        .takes::<RegisterCertificate>()
        .up_to(CERTIFICATE)
        .gives::<Certificate>(201)
        .audited("certificate.register")
        .links(&[
            Link { operation: "certificate_list", parameter: "principal", pointer: "/principal" },
            Link { operation: "certificate_revoke", parameter: "principal", pointer: "/principal" },
        ]),
    get("/api/v1/principals/{principal}/certificates", "certificate_list", TOKENS)
        .about("principals", "The client certificates of a service account", "Oldest first.")
        .lists::<Certificate>(),
    delete("/api/v1/principals/{principal}/certificates/{certificate}", "certificate_revoke", TOKENS)
        .about("principals", "Take a client certificate's registration away", "It is worth nothing from that moment, on open connections too.")
        .audited("certificate.revoke"),
];
