//! Projects, uploads, artifacts, runs.

use super::{delete, get, patch, post, put, query};
use crate::endpoint::{Access, Endpoint, Link, Parameter};
use crate::types::projects::{Artifact, CreateProject, CreateUpload, Policy, Project, UpdateProject, Upload};
use crate::types::runs::{Checks, CreateRun, RetryRun, Run, Step};
use proofmark_kernel::action::Action;

const PROJECT_READ: Access = Access::Action(Action::ProjectRead);
const ARTIFACT_READ: Access = Access::Action(Action::ArtifactRead);
const ARTIFACT_CREATE: Access = Access::Action(Action::ArtifactCreate);
const RUN_READ: Access = Access::Action(Action::RunRead);
const RUN_CREATE: Access = Access::Action(Action::RunCreate);

const COUNT: &str = r#"{"type":"integer","format":"int64","minimum":0}"#;

/// Where the bytes of an upload go on.
const OFFSET: Parameter = Parameter {
    name: "Upload-Offset",
    required: true,
    description: "Number of bytes before those of this request; in answers, the number that is safely here.",
    schema: COUNT,
    example: "0",
};

/// Bytes of one request of an upload; an upload has as many requests as it takes.
pub const CHUNK_LIMIT: usize = 4 << 30;

pub(super) const TABLE: &[Endpoint] = &[
    post("/api/v1/projects", "project_create", Access::Action(Action::ProjectCreate))
        .about("projects", "Make a project", "Its policy says what must hold before something of it is released.")
        .takes::<CreateProject>()
        .gives::<Project>(201)
        .tagged()
        .also(&[409])
        .audited("project.create")
        .links(&[
            Link { operation: "project_get", parameter: "project", pointer: "/id" },
            Link { operation: "project_update", parameter: "project", pointer: "/id" },
            Link { operation: "project_set_policy", parameter: "project", pointer: "/id" },
            Link { operation: "upload_create", parameter: "project", pointer: "/id" },
            Link { operation: "run_create", parameter: "project", pointer: "/id" },
            Link { operation: "run_list", parameter: "project", pointer: "/id" },
        ]),
    get("/api/v1/projects", "project_list", PROJECT_READ)
        .about("projects", "Projects", "Those the caller may see, newest first.")
        .query(&[query("archived", "Those that were put away instead.", r#"{"type":"boolean","default":false}"#, "false")])
        .lists::<Project>()
        .links(&[
            Link { operation: "project_get", parameter: "project", pointer: "/items/0/id" },
            Link { operation: "run_list", parameter: "project", pointer: "/items/0/id" },
            Link { operation: "artifact_list", parameter: "project", pointer: "/items/0/id" },
            Link { operation: "approval_list", parameter: "project", pointer: "/items/0/id" },
            Link { operation: "release_list", parameter: "project", pointer: "/items/0/id" },
        ]),
    get("/api/v1/projects/{project}", "project_get", PROJECT_READ)
        .about("projects", "A project", "With its policy.")
        .gives::<Project>(200)
        .tagged(),
    patch("/api/v1/projects/{project}", "project_update", Access::Action(Action::ProjectUpdate))
        .about("projects", "Rename a project, put it away or take it back", "What is left out stays.")
        .takes::<UpdateProject>()
        .gives::<Project>(200)
        .tagged()
        .matched()
        .also(&[409])
        .audited("project.update"),
    put("/api/v1/projects/{project}/policy", "project_set_policy", Access::Action(Action::ProjectSetPolicy))
        .about("projects", "Set the approval policy", "Approvals that are open or not yet used are void from then on.")
        .takes::<Policy>()
        .gives::<Project>(200)
        .tagged()
        .matched()
        .also(&[409])
        .audited("project.set-policy"),
    post("/api/v1/projects/{project}/uploads", "upload_create", ARTIFACT_CREATE)
        .about(
            "artifacts",
            "Begin an upload",
            "Bytes follow by `PATCH`, in as many requests as it takes; the artifact exists once all are here and their \
             digest is the one announced.",
        )
        .takes::<CreateUpload>()
        .gives::<Upload>(201)
        .also(&[409])
        .audited("upload.create")
        .links(&[
            Link { operation: "upload_get", parameter: "upload", pointer: "/id" },
            Link { operation: "upload_append", parameter: "upload", pointer: "/id" },
            Link { operation: "upload_delete", parameter: "upload", pointer: "/id" },
        ]),
    get("/api/v1/uploads/{upload}", "upload_get", ARTIFACT_CREATE)
        .about(
            "artifacts",
            "How far an upload is",
            "`received`, also as the header `Upload-Offset`, is where the next request goes on.",
        )
        .gives::<Upload>(200)
        .says(&[OFFSET]),
    patch("/api/v1/uploads/{upload}", "upload_append", ARTIFACT_CREATE)
        .about(
            "artifacts",
            "Send bytes of an upload",
            "`Upload-Offset` says where they begin and must be what `received` says, else `409`. What arrived before a \
             connection broke is kept. The request that completes the upload makes the artifact.",
        )
        .takes_bytes(CHUNK_LIMIT)
        .hears(&[OFFSET])
        .gives::<Upload>(200)
        .says(&[OFFSET])
        .also(&[400, 409])
        .audited("artifact.create"),
    delete("/api/v1/uploads/{upload}", "upload_delete", ARTIFACT_CREATE)
        .about("artifacts", "Give an upload up", "What arrived is forgotten.")
        .also(&[409])
        .audited("upload.discard"),
    get("/api/v1/projects/{project}/artifacts", "artifact_list", ARTIFACT_READ)
        .about("artifacts", "Files of a project", "Newest first.")
        .lists::<Artifact>()
        .links(&[
            Link { operation: "artifact_get", parameter: "artifact", pointer: "/items/0/id" },
            Link { operation: "artifact_download", parameter: "artifact", pointer: "/items/0/id" },
        ]),
    get("/api/v1/artifacts/{artifact}", "artifact_get", ARTIFACT_READ)
        .about("artifacts", "What is known of a file", "Never changes; its entity tag is the digest of its bytes.")
        .gives::<Artifact>(200)
        .tagged()
        .links(&[Link { operation: "artifact_download", parameter: "artifact", pointer: "/id" }]),
    get("/api/v1/artifacts/{artifact}/content", "artifact_download", ARTIFACT_READ)
        .about(
            "artifacts",
            "The bytes of a file",
            "One range may be asked for (`Range: bytes=...`, `If-Range` with the entity tag). Sent as an attachment, never \
             as something to be shown in place.",
        )
        .gives_raw(&["application/octet-stream"], "import numpy as np\n")
        .tagged()
        .streams()
        .hears(&[
            query("Range", "One range of bytes (RFC 9110, section 14).", r#"{"type":"string"}"#, "bytes=0-1023"),
            query("If-Range", "The entity tag the range is of; without it all is sent.", r#"{"type":"string"}"#, "\"9f86\""),
        ])
        .also(&[206, 416]),
    post("/api/v1/projects/{project}/runs", "run_create", RUN_CREATE)
        .about("runs", "Start a run", "Answers once it is accepted; a worker takes it from there. Follow its events.")
        .takes::<CreateRun>()
        .up_to(1 << 20)
        .gives::<Run>(201)
        .tagged()
        .also(&[409])
        .audited("run.create")
        .links(&[
            Link { operation: "run_get", parameter: "run", pointer: "/id" },
            Link { operation: "run_cancel", parameter: "run", pointer: "/id" },
            Link { operation: "run_retry", parameter: "run", pointer: "/id" },
            Link { operation: "run_list_steps", parameter: "run", pointer: "/id" },
            Link { operation: "run_list_artifacts", parameter: "run", pointer: "/id" },
            Link { operation: "run_get_checks", parameter: "run", pointer: "/id" },
        ]),
    get("/api/v1/projects/{project}/runs", "run_list", RUN_READ)
        .about("runs", "Runs of a project", "Newest first.")
        .query(&[query(
            "status",
            "Only those that stand there.",
            r##"{"$ref":"#/components/schemas/RunStatus"}"##,
            "running",
        )])
        .lists::<Run>()
        .links(&[
            Link { operation: "run_get", parameter: "run", pointer: "/items/0/id" },
            Link { operation: "run_list_steps", parameter: "run", pointer: "/items/0/id" },
            Link { operation: "run_list_artifacts", parameter: "run", pointer: "/items/0/id" },
            Link { operation: "run_get_checks", parameter: "run", pointer: "/items/0/id" },
            Link { operation: "approval_create", parameter: "run", pointer: "/items/0/id" },
        ]),
    get("/api/v1/runs/{run}", "run_get", RUN_READ)
        .about("runs", "A run", "Where it stands and what came of it.")
        .gives::<Run>(200)
        .tagged(),
    post("/api/v1/runs/{run}/cancellation", "run_cancel", Access::Action(Action::RunCancel))
        .about("runs", "Stop a run", "It is cancelled from here on; its worker lets go within seconds. A run that ended stays as it is: `409`.")
        .gives::<Run>(200)
        .tagged()
        .also(&[409])
        .audited("run.cancel"),
    post("/api/v1/runs/{run}/retries", "run_retry", RUN_CREATE)
        .about("runs", "Repeat a run from a step", "Makes a run of its own that takes over what the steps before it made.")
        .may_take::<RetryRun>()
        .gives::<Run>(201)
        .tagged()
        .also(&[409])
        .audited("run.create"),
    get("/api/v1/runs/{run}/steps", "run_list_steps", RUN_READ)
        .about("runs", "Steps of a run", "In the order they first began.")
        .lists::<Step>(),
    get("/api/v1/runs/{run}/events", "run_watch", RUN_READ)
        .about(
            "runs",
            "Follow a run",
            "Its log as server-sent events: `id` is the entry's number, `event` its kind, `data` the entry (`RunEvent`). \
             Begins behind `Last-Event-ID` or `after`, sends a comment every 15 s, and ends when the run has ended and \
             everything was sent.",
        )
        .query(&[query(
            "after",
            "Number of the last entry that is known; `Last-Event-ID` goes before it.",
            r#"{"type":"integer","format":"int64","minimum":0,"default":0}"#,
            "0",
        )])
        .hears(&[query("Last-Event-ID", "Number of the last entry that was received.", COUNT, "2")])
        .gives_raw(
            &["text/event-stream"],
            "id: 3\nevent: step\ndata: {\"seq\":3,\"at\":\"2026-11-22T09:40:22.123000Z\",\"kind\":\"step\",\"data\":{}}\n\n",
        )
        .streams(),
    get("/api/v1/runs/{run}/artifacts", "run_list_artifacts", RUN_READ)
        .about("runs", "What a run made", "By name.")
        .lists::<Artifact>()
        .links(&[
            Link { operation: "artifact_get", parameter: "artifact", pointer: "/items/0/id" },
            Link { operation: "artifact_download", parameter: "artifact", pointer: "/items/0/id" },
        ]),
    get("/api/v1/runs/{run}/checks", "run_get_checks", RUN_READ)
        .about("runs", "What was checked in a run", "And what is claimed of each target from it.")
        .gives::<Checks>(200),
];
