//! Health, the document, setting up, workers.

use super::{SELF, get, post};
use crate::endpoint::{Access, Endpoint, Link};
use crate::types::common::{Alive, Readiness};
use crate::types::identity::{Setup, SetupDone};
use crate::types::system::Workers;
use proofmark_kernel::action::Action;

pub(super) const TABLE: &[Endpoint] = &[
    get("/livez", "health_live", Access::Public)
        .about(
            "health",
            "Whether the process is alive",
            "Answers as long as requests are answered at all; asks no other system.",
        )
        .gives::<Alive>(200),
    get("/readyz", "health_ready", Access::Public)
        .about(
            "health",
            "Whether the process can do its work",
            "Asks everything that is needed, each with a time limit, at most once a second however often it is called. \
             `503` with the reasons where something is missing; the process goes on and recovers by itself.",
        )
        .gives::<Readiness>(200),
    get("/metrics", "health_metrics", Access::Public)
        .about("health", "Figures of the process", "In the Prometheus text format. Holds no data of organizations.")
        .gives_raw(&["text/plain"], "http_server_requests_in_flight 3\n"),
    get("/api/v1/openapi.json", "document_get", Access::Public)
        .about("system", "This document", "The OpenAPI document of version 1, as it is released.")
        .gives_raw(&["application/json"], "{\"openapi\":\"3.1.0\"}")
        .tagged(),
    post("/api/v1/setup", "setup_create", Access::Public)
        .about(
            "setup",
            "Set up the first organization",
            "Wants the secret of the one-time link that the first start printed; it works once.",
        )
        .takes::<Setup>()
        .gives::<SetupDone>(201)
        .also(&[401, 403, 409])
        .audited("organization.create"),
    get("/api/v1/workers", "worker_list", Access::Action(Action::SystemRead))
        .about("system", "Workers that were heard from lately", "With the queues they serve and the tools they have.")
        .gives::<Workers>(200),
    get("/api/v1/me", "me_get", SELF)
        .about("me", "Who is asking", "The caller, its roles and the limits of the credential in use.")
        .gives::<crate::types::identity::Me>(200)
        .links(&[
            Link { operation: "organization_get", parameter: "organization", pointer: "/organization" },
            Link { operation: "principal_get", parameter: "principal", pointer: "/principal" },
        ]),
];
