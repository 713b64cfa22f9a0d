//! Approvals, releases, the audit log, webhooks.

use super::{delete, get, patch, post, query};
use crate::endpoint::{Access, Endpoint, Link};
use crate::types::approvals::{Approval, CreateRelease, Decide, Release, RevokeRelease};
use crate::types::audit::{AuditEntry, AuditVerdict};
use crate::types::webhooks::{CreateWebhook, Delivery, UpdateWebhook, Webhook, WebhookMade};
use proofmark_kernel::action::Action;

const APPROVAL_READ: Access = Access::Action(Action::ApprovalRead);
const RELEASE_READ: Access = Access::Action(Action::ReleaseRead);
const WEBHOOK: Access = Access::Action(Action::WebhookManage);
const AUDIT: Access = Access::Action(Action::AuditRead);

pub(super) const TABLE: &[Endpoint] = &[
    get("/api/v1/projects/{project}/approvals", "approval_list", APPROVAL_READ)
        .about("approvals", "Requests for approval of a project", "Newest first.")
        .query(&[query(
            "status",
            "Only those that stand there.",
            r##"{"$ref":"#/components/schemas/ApprovalStatus"}"##,
            "pending",
        )])
        .lists::<Approval>()
        .links(&[
            Link { operation: "approval_get", parameter: "approval", pointer: "/items/0/id" },
            Link { operation: "approval_decide", parameter: "approval", pointer: "/items/0/id" },
        ]),
    post("/api/v1/runs/{run}/approvals", "approval_create", Access::Action(Action::RunCreate))
        .about(
            "approvals",
            "Ask for approval of a run's work",
            "Where the evidence does not meet the project's policy it is refused, with each reason. Workflows ask by \
             themselves; this is for asking again.",
        )
        .gives::<Approval>(201)
        .tagged()
        .also(&[409])
        .audited("approval.request")
        .links(&[
            Link { operation: "approval_get", parameter: "approval", pointer: "/id" },
            Link { operation: "approval_decide", parameter: "approval", pointer: "/id" },
        ]),
    get("/api/v1/approvals/{approval}", "approval_get", APPROVAL_READ)
        .about("approvals", "A request for approval", "With what is to be released, who decided, and who is still wanted.")
        .gives::<Approval>(200)
        .tagged()
        .links(&[Link { operation: "approval_decide", parameter: "approval", pointer: "/id" }]),
    post("/api/v1/approvals/{approval}/decisions", "approval_decide", Access::Action(Action::ApprovalDecide))
        .about(
            "approvals",
            "Decide",
            "Names the `binding` that was seen: a decision about other bytes or another policy is refused (`412`). Whoever \
             had a hand in the work does not decide, and nobody decides twice.",
        )
        .takes::<Decide>()
        .gives::<Approval>(201)
        .tagged()
        .also(&[409, 412])
        .audited("approval.decide"),
    post("/api/v1/releases", "release_create", Access::Action(Action::ReleaseCreate))
        .about(
            "releases",
            "Release what was approved",
            "Reads the bytes again: one that changed voids the approval. Signs an in-toto statement (DSSE).",
        )
        .takes::<CreateRelease>()
        .gives::<Release>(201)
        .tagged()
        .also(&[404, 409])
        .audited("release.create")
        .links(&[
            Link { operation: "release_get", parameter: "release", pointer: "/id" },
            Link { operation: "release_download", parameter: "release", pointer: "/id" },
            Link { operation: "release_revoke", parameter: "release", pointer: "/id" },
        ]),
    get("/api/v1/projects/{project}/releases", "release_list", RELEASE_READ)
        .about("releases", "Releases of a project", "Newest first.")
        .lists::<Release>()
        .links(&[
            Link { operation: "release_get", parameter: "release", pointer: "/items/0/id" },
            Link { operation: "release_download", parameter: "release", pointer: "/items/0/id" },
        ]),
    get("/api/v1/releases/{release}", "release_get", RELEASE_READ)
        .about("releases", "A release", "With its revocation, if it was revoked.")
        .gives::<Release>(200)
        .tagged(),
    get("/api/v1/releases/{release}/envelope", "release_download", RELEASE_READ)
        .about("releases", "The signed envelope", "DSSE (JSON) around an in-toto statement: what `proofmark verify` reads.")
        .gives_raw(&["application/vnd.in-toto+json"], "{\"payloadType\":\"application/vnd.in-toto+json\"}"),
    post("/api/v1/releases/{release}/revocation", "release_revoke", Access::Action(Action::ReleaseRevoke))
        .about("releases", "Revoke a release", "With a reason. It stays listed.")
        .takes::<RevokeRelease>()
        .gives::<Release>(201)
        .tagged()
        .matched()
        .also(&[409])
        .audited("release.revoke"),
    get("/api/v1/audit", "audit_list", AUDIT)
        .about("audit", "Entries of the audit log", "Oldest first.")
        .lists::<AuditEntry>(),
    get("/api/v1/audit/verification", "audit_verify", AUDIT)
        .about(
            "audit",
            "Examine the audit log",
            "Every hash, every link, every signed checkpoint. An edit, a deletion, a swap or a cut-off end is found.",
        )
        .gives::<AuditVerdict>(200)
        .streams()
        .audited("audit.verify"),
    get("/api/v1/audit/export", "audit_export", AUDIT)
        .about(
            "audit",
            "Export the audit log",
            "JSON Lines, one `AuditEntry` a line, as `proofmark audit verify` reads it; or CEF for a SIEM.",
        )
        .query(&[
            query("format", "`jsonl` or `cef`.", r#"{"type":"string","enum":["jsonl","cef"],"default":"jsonl"}"#, "jsonl"),
        ])
        .gives_raw(
            &["application/x-ndjson", "text/plain"],
            "{\"seq\":1,\"action\":\"setup.complete\"}\n",
        )
        .streams()
        .audited("audit.export"),
    post("/api/v1/webhooks", "webhook_create", WEBHOOK)
        .about(
            "webhooks",
            "Make a webhook",
            "Events are sent as CloudEvents 1.0, signed by Standard Webhooks. The key is shown once.",
        )
        .takes::<CreateWebhook>()
        .gives::<WebhookMade>(201)
        .not_idempotent()
        .also(&[402, 404, 409])
        .audited("webhook.create")
        .links(&[
            Link { operation: "webhook_get", parameter: "webhook", pointer: "/webhook/id" },
            Link { operation: "webhook_update", parameter: "webhook", pointer: "/webhook/id" },
            Link { operation: "webhook_delete", parameter: "webhook", pointer: "/webhook/id" },
            Link { operation: "delivery_list", parameter: "webhook", pointer: "/webhook/id" },
        ]),
    get("/api/v1/webhooks", "webhook_list", WEBHOOK)
        .about("webhooks", "Webhooks", "Of the whole organization, or of one project. Newest first.")
        .query(&[query(
            "project",
            "Those of this project.",
            r##"{"$ref":"#/components/schemas/ProjectId"}"##,
            "prj_01kaznm9t8e3r9c5w4s2v0x7qb",
        )])
        .lists::<Webhook>()
        .also(&[404]),
    get("/api/v1/webhooks/{webhook}", "webhook_get", WEBHOOK)
        .about("webhooks", "A webhook", "Never its key.")
        .gives::<Webhook>(200)
        .tagged(),
    patch("/api/v1/webhooks/{webhook}", "webhook_update", WEBHOOK)
        .about("webhooks", "Change a webhook", "What is left out stays.")
        .takes::<UpdateWebhook>()
        .gives::<Webhook>(200)
        .tagged()
        .matched()
        .also(&[409])
        .audited("webhook.update"),
    delete("/api/v1/webhooks/{webhook}", "webhook_delete", WEBHOOK)
        .about("webhooks", "Delete a webhook", "With its deliveries.")
        .audited("webhook.delete"),
    post("/api/v1/webhooks/{webhook}/secrets", "webhook_rotate_secret", WEBHOOK)
        .about("webhooks", "Give a new key", "Shown once. The former one signs as well for a day, so that the receiver can be told in between.")
        .gives::<WebhookMade>(201)
        .not_idempotent()
        .audited("webhook.rotate-secret"),
    post("/api/v1/webhooks/{webhook}/tests", "webhook_test", WEBHOOK)
        .about("webhooks", "Send a test event", "Delivered like any other; see the deliveries.")
        .gives::<Delivery>(202)
        .also(&[409])
        .audited("webhook.test"),
    get("/api/v1/webhooks/{webhook}/deliveries", "delivery_list", WEBHOOK)
        .about("webhooks", "Deliveries of a webhook", "Newest first.")
        .query(&[query(
            "status",
            "Only those that stand there.",
            r##"{"$ref":"#/components/schemas/DeliveryStatus"}"##,
            "failed",
        )])
        .lists::<Delivery>(),
    post("/api/v1/webhooks/{webhook}/deliveries/{delivery}/replay", "delivery_replay", WEBHOOK)
        .about("webhooks", "Send a delivery again", "A delivery of its own, with the same event.")
        .gives::<Delivery>(202)
        .also(&[409])
        .audited("webhook.replay"),
];
