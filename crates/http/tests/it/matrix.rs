//! Every endpoint of the table, called as every role, as nobody, and as the owner of another organization. What came of it
//! is `tests/api/matrix.txt`; `BLESS=1` writes it. An endpoint without a case fails, and so does one whose success does not
//! leave the audit entry that the table says.

use crate::world::{PASSWORD, SILICON, World, certificate, config};
use futures_util::future::BoxFuture;
use proofmark_contract::endpoint::{Access, Endpoint};
use proofmark_contract::endpoints;
use proofmark_kernel::principal::{Caller, Credential, Grant, PrincipalKind, Role};
use proofmark_kernel::run::RunEventKind;
use proofmark_platform_service::identity::{accounts, certificates, oidc, otp, setup, tokens, totp};
use proofmark_platform_service::{releases, runs, uploads, webhooks};
use proofmark_store::{Scope, audit, deliveries, organizations};
use proofmark_testkit::services::USERS;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

const MATRIX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/api/matrix.txt");

/// What is sent to an endpoint: made anew for each call, so that no call sees what another did.
struct Sent {
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
    bytes: Option<Vec<u8>>,
}

fn sent(path: String) -> Sent {
    Sent { path, headers: Vec::new(), body: None, bytes: None }
}

impl Sent {
    fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
    fn matched(mut self) -> Self {
        self.headers.push(("if-match", "\"1\"".into()));
        self
    }
}

/// Makes what the endpoint is about, in the first organization, and the request for it. `me` is who will call.
async fn case(world: &World, endpoint: &Endpoint, me: &Caller) -> Sent {
    let w = world;
    let platform = &w.platform;
    let plain = || sent(endpoint.path.to_string());
    let at = |parameter: &str, id: String| sent(endpoint.path.replace(&format!("{{{parameter}}}"), &id));
    let project = async || at("project", w.project().await.id.to_string());
    let run = async || {
        let project = w.project().await;
        at("run", w.run(&project).await.id.to_string())
    };
    let ended = async || {
        let project = w.project().await;
        at("run", w.finished(&project).await.0.id.to_string())
    };
    let principal = async || at("principal", w.user(w.organization, &[Role::Viewer]).await.principal.to_string());
    match endpoint.id {
        "health_live"
        | "health_ready"
        | "health_metrics"
        | "document_get"
        | "me_get"
        | "worker_list"
        | "session_list"
        | "session_end"
        | "session_revoke_others"
        | "token_list"
        | "principal_list"
        | "project_list"
        | "audit_list"
        | "audit_verify"
        | "audit_export"
        | "single_sign_on_list"
        | "totp_get" => plain(),
        "organization_get" => at("organization", w.organization.to_string()),
        "organization_update" => {
            let mut tx = platform.database.read(Scope::System).await.unwrap();
            let found = organizations::get(&mut tx, w.organization).await.unwrap().unwrap();
            let mut sent = at("organization", w.organization.to_string()).json(json!({ "name": w.name("Radio") }));
            sent.headers.push(("if-match", format!("\"{}\"", found.version)));
            sent
        }
        "single_sign_on_begin" => at("provider", "corporate".into()),
        "single_sign_on_callback" => {
            let begun = oidc::begin(platform, "corporate", None).await.unwrap();
            let provider = w.provider.as_ref().unwrap();
            let back = tokio::task::block_in_place(|| provider.visit(&begun.url, &USERS[1]));
            let mut sent = sent(back.trim_start_matches("http://127.0.0.1").to_string());
            sent.headers.push(("cookie", format!("proofmark_sign_in={}", begun.browser.expose())));
            sent
        }
        "single_sign_on_session" => {
            let mut sent = plain();
            sent.headers.push(("cookie", format!("proofmark_session={}", w.session(me).await.1)));
            sent
        }
        "certificate_register" | "certificate_list" | "certificate_revoke" => {
            let program = w.principal(w.organization, PrincipalKind::ServiceAccount, &[]).await;
            let sent = at("principal", program.principal.to_string());
            let made = certificate(&["program"]);
            match endpoint.id {
                "certificate_register" => sent.json(json!({ "certificate": made.pem })),
                "certificate_list" => sent,
                _ => {
                    let known = certificates::register(platform, &w.owner, program.principal, &made.der).await.unwrap();
                    let path = sent.path.replace("{certificate}", &known.fingerprint.to_string());
                    Sent { path, ..sent }
                }
            }
        }
        "setup_create" => {
            // the organizations of this world were made without it: there is no link any more
            let made = setup::begin(platform).await.unwrap();
            assert!(made.is_none());
            plain().json(json!({ "link": "pmo_x", "organization": "A", "name": "B", "email": "c@example.org", "password": PASSWORD }))
        }
        "session_create" => {
            let user = w.user(w.organization, &[Role::Viewer]).await;
            plain().json(json!({ "email": w.email(&user).await, "password": PASSWORD }))
        }
        "session_revoke" => {
            let (caller, _) = w.session(me).await;
            let Credential::Session(id) = caller.credential else { panic!("a session") };
            at("session", id.to_string())
        }
        "me_set_password" => plain().json(json!({ "current": PASSWORD, "new": "nine red otters juggle" })),
        "totp_start" => plain().json(json!({ "password": PASSWORD })),
        "totp_confirm" => {
            let begun = totp::enrol(platform, &w.session(me).await.0, PASSWORD).await.unwrap();
            let code = otp::code(&base32(&begun.secret), otp::step(platform.now().seconds()));
            plain().json(json!({ "code": format!("{code:06}") }))
        }
        "totp_remove" => {
            totp::enrol(platform, &w.session(me).await.0, PASSWORD).await.unwrap();
            plain().json(json!({ "password": PASSWORD, "code": "000000" }))
        }
        "token_create" => {
            let expires_at = platform.now().after(Duration::from_secs(3600));
            plain().json(json!({ "name": w.name("token"), "expires_at": expires_at }))
        }
        "token_get" | "token_revoke" => {
            // one's own, except for the other organization's owner, who asks for one of the first organization's
            let whose = if me.organization == w.organization { me } else { &w.owner };
            let expires_at = platform.now().after(Duration::from_secs(3600));
            let new = tokens::NewToken { name: "token", scopes: None, expires_at };
            let (token, _) = tokens::create(platform, &w.session(whose).await.0, None, new).await.unwrap();
            at("token", token.id.to_string())
        }
        "principal_create" => {
            let email = format!("{}@example.org", w.name("new").replace(' ', ""));
            plain().json(json!({ "kind": "user", "name": "New", "email": email }))
        }
        "principal_enable" => {
            let sent = principal().await;
            let id = sent.path.split('/').nth(4).unwrap().parse().unwrap();
            accounts::disable(platform, &w.session(&w.owner).await.0, id).await.unwrap();
            sent
        }
        "principal_get" | "principal_invite" | "principal_disable" | "principal_revoke_credentials" => {
            principal().await
        }
        "principal_update" => principal().await.json(json!({ "name": "Renamed" })).matched(),
        "principal_reset_totp" => {
            let user = w.user(w.organization, &[Role::Viewer]).await;
            totp::enrol(platform, &w.session(&user).await.0, PASSWORD).await.unwrap();
            at("principal", user.principal.to_string())
        }
        "grant_put" => {
            let mut sent = principal().await;
            sent.path = sent.path.replace("{role}", "auditor");
            sent
        }
        "grant_delete" => {
            let mut sent = principal().await;
            sent.path = sent.path.replace("{role}", "viewer");
            sent
        }
        "invitation_accept" => {
            let user = w.user(w.organization, &[Role::Viewer]).await;
            let link = accounts::invite(platform, &w.session(&w.owner).await.0, user.principal).await.unwrap();
            plain().json(json!({ "link": link.expose(), "password": "nine red otters juggle" }))
        }
        "project_create" => plain().json(json!({ "name": w.name("made") })),
        "project_get" | "artifact_list" | "run_list" | "approval_list" | "release_list" => project().await,
        "project_update" => project().await.json(json!({ "name": w.name("renamed") })).matched(),
        "project_set_policy" => {
            let policy = json!({ "level": "built", "checks": [], "signers": [{ "roles": ["owner"], "number": 1 }] });
            project().await.json(policy).matched()
        }
        "upload_create" => project().await.json(json!({ "name": "a.py", "media_type": "text/x-python", "size": 3 })),
        "upload_get" | "upload_append" | "upload_delete" => {
            let announced =
                uploads::Announced { name: "a".into(), media_type: "text/plain".into(), size: 3, digest: None };
            // an upload is its maker's own: role decides whether one may make it at all
            let may = me.organization == w.organization
                && platform.authorizer.check(me, proofmark_kernel::action::Action::ArtifactCreate, None).is_ok();
            let whose = if may { me } else { &w.owner };
            let project = w.project().await;
            let upload = uploads::begin(platform, whose, project.id, announced).await.unwrap();
            let mut sent = at("upload", upload.id.to_string());
            if endpoint.id == "upload_append" {
                sent.headers = vec![("upload-offset", "0".into()), ("content-type", "application/octet-stream".into())];
                sent.bytes = Some(b"abc".to_vec());
            }
            sent
        }
        "artifact_get" | "artifact_download" => {
            let project = w.project().await;
            at("artifact", w.finished(&project).await.1.id.to_string())
        }
        "run_create" => project().await.json(json!({ "workflow": SILICON, "input": {} })),
        "run_get" | "run_cancel" | "run_list_steps" | "run_list_artifacts" | "run_get_checks" => run().await,
        "run_watch" => {
            let sent = ended().await;
            let id = sent.path.split('/').nth(4).unwrap().parse().unwrap();
            let mut tx = platform.database.begin(Scope::System).await.unwrap();
            let data = json!({ "status": "succeeded" });
            let kind = RunEventKind::Status;
            proofmark_store::runs::event(&mut tx, id, w.organization, platform.now(), kind, data).await.unwrap();
            tx.commit().await.unwrap();
            sent
        }
        "run_retry" => {
            let project = w.project().await;
            let run = w.run(&project).await;
            runs::cancel(platform, &w.author, run.id).await.unwrap();
            at("run", run.id.to_string())
        }
        "approval_create" => ended().await,
        "approval_get" => {
            let project = w.project().await;
            at("approval", w.approval(&project).await.id.to_string())
        }
        "approval_decide" => {
            let project = w.project().await;
            let open = w.approval(&project).await;
            at("approval", open.id.to_string()).json(json!({ "choice": "approve", "binding": open.binding() }))
        }
        "release_create" => {
            let project = w.project().await;
            plain().json(json!({ "approval": w.approved(&project).await.id, "name": "fm 1" }))
        }
        "release_get" | "release_download" | "release_revoke" => {
            let project = w.project().await;
            let approved = w.approved(&project).await;
            let release = releases::create(platform, &w.author, approved.id, "fm 1").await.unwrap();
            let sent = at("release", release.id.to_string());
            if endpoint.id == "release_revoke" { sent.matched().json(json!({ "reason": "wrong" })) } else { sent }
        }
        "webhook_list" => plain(),
        "webhook_create" => plain().json(json!({ "url": "https://8.8.8.8/hook" })),
        "webhook_get"
        | "webhook_update"
        | "webhook_delete"
        | "webhook_rotate_secret"
        | "webhook_test"
        | "delivery_list"
        | "delivery_replay" => {
            let new = webhooks::New {
                url: "https://8.8.8.8/hook".into(),
                description: String::new(),
                kinds: Default::default(),
                project: None,
            };
            // nothing is sent: no deliverer runs here
            let outside = webhooks::Outside::default();
            let made = webhooks::create(platform, &outside, &w.owner, new).await.unwrap().webhook;
            let sent = at("webhook", made.id.to_string());
            match endpoint.id {
                "webhook_update" => sent.matched().json(json!({ "description": "board" })),
                "delivery_replay" => {
                    let delivery = webhooks::test(platform, &outside, &w.owner, made.id).await.unwrap();
                    let mut tx = platform.database.begin(Scope::System).await.unwrap();
                    deliveries::give_up(&mut tx, made.id, "a test").await.unwrap();
                    tx.commit().await.unwrap();
                    let path = sent.path.replace("{delivery}", &delivery.id.to_string());
                    Sent { path, ..sent }
                }
                _ => sent,
            }
        }
        other => panic!("the endpoint {other} has no case here"),
    }
}

/// Bytes of RFC 4648 base 32 without padding.
fn base32(text: &str) -> Vec<u8> {
    let mut bits = 0_u64;
    let (mut held, mut bytes) = (0, Vec::new());
    for c in text.bytes() {
        let digit = if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' };
        bits = bits << 5 | u64::from(digit);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// The trace identifier of every request here.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn call(world: &World, endpoint: &Endpoint, sent: &Sent, secret: Option<&str>) -> (u16, String) {
    let method = endpoint.method.name().parse().unwrap();
    let mut request = world.client.request(method, world.url(&sent.path));
    if let Some(secret) = secret {
        request = request.bearer_auth(secret);
    }
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", HeaderValue::try_from(format!("00-{TRACE}-00f067aa0ba902b7-01")).unwrap());
    for (name, value) in &sent.headers {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    request = request.headers(headers);
    if let Some(body) = &sent.body {
        request = request.json(body);
    }
    if let Some(bytes) = &sent.bytes {
        request = request.body(bytes.clone());
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.text().await.unwrap())
}

/// Number of the newest entry of the first organization's audit log.
async fn head(world: &World) -> i64 {
    let mut tx = world.platform.database.read(Scope::System).await.unwrap();
    audit::head(&mut tx, world.organization).await.unwrap().map_or(0, |(seq, _)| seq)
}

/// Actions in the audit log behind that entry, each of the request that [`call`] sent.
async fn noted(world: &World, after: i64) -> Vec<String> {
    let mut tx = world.platform.database.read(Scope::System).await.unwrap();
    let entries = audit::list(&mut tx, world.organization, after, 100).await.unwrap();
    for entry in &entries {
        assert_eq!(entry.trace.as_deref(), Some(TRACE), "{} does not say in whose course it was", entry.action);
    }
    entries.into_iter().map(|e| e.action).collect()
}

fn callers(world: &World) -> Vec<(&'static str, BoxFuture<'_, Caller>)> {
    let user = |roles: &'static [Role]| -> BoxFuture<'_, Caller> { Box::pin(world.user(world.organization, roles)) };
    vec![
        ("owner", user(&[Role::Owner])),
        ("admin", user(&[Role::Admin])),
        ("engineer", user(&[Role::Engineer])),
        ("marketer", user(&[Role::Marketer])),
        ("approver", user(&[Role::Approver])),
        ("auditor", user(&[Role::Auditor])),
        ("viewer", user(&[Role::Viewer])),
        ("none", user(&[])),
        ("program", Box::pin(world.principal(world.organization, PrincipalKind::ServiceAccount, &[Role::Engineer]))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_what_and_what_is_noted() {
    let world = World::with_provider(config(), &[("marketing", Role::Viewer)]).await;
    let mut people = Vec::new();
    for (name, caller) in callers(&world) {
        people.push((name, caller.await));
    }
    let stranger = world.user(world.other, &[Role::Owner]).await;
    let mut text = String::from(
        "What each endpoint answers to whom. Made by `BLESS=1 cargo test -p proofmark-http matrix`.\n\
         nobody: without a credential. other: the owner of another organization. program: a service account, engineer.\n\n",
    );
    let names: Vec<&str> = people.iter().map(|(n, _)| *n).chain(["nobody", "other"]).collect();
    writeln!(text, "{:<30}{}", "", names.iter().map(|n| format!("{n:<9}")).collect::<String>().trim_end()).unwrap();
    let mut wrong: Vec<String> = Vec::new();
    for endpoint in endpoints::all() {
        let mut row = format!("{:<30}", endpoint.id);
        let mut noted_once = false;
        let mut succeeded = false;
        for (name, person) in &people {
            // totp and passwords stay as they are for the next endpoint
            let person = if endpoint.path.contains("/me/") { fresh(&world, person).await } else { person.clone() };
            if person.kind == PrincipalKind::ServiceAccount && endpoint.path.contains("/me/") {
                write!(row, "{:<9}", "-").unwrap();
                continue;
            }
            let sent = case(&world, endpoint, &person).await;
            let (_, secret) = world.session(&person).await;
            let before = head(&world).await;
            let (status, body) = call(&world, endpoint, &sent, Some(&secret)).await;
            write!(row, "{status:<9}").unwrap();
            if (200..400).contains(&status) {
                succeeded = true;
                let found = noted(&world, before).await;
                match endpoint.audited {
                    Some(action) if !found.iter().any(|a| a == action) => {
                        wrong.push(format!("{} as {name} left {found:?}, not {action}", endpoint.id));
                    }
                    None if !found.is_empty() => {
                        wrong.push(format!("{} left {found:?}, which the table does not say", endpoint.id))
                    }
                    _ => noted_once |= endpoint.audited.is_some(),
                }
            } else if status >= 500 {
                wrong.push(format!("{} as {name} is {status}: {body}", endpoint.id));
            }
            // a list of what one may see may be empty
            let nothing = body.contains("\"items\":[]");
            if let Access::Action(action) = endpoint.access
                && status < 300
                && !nothing
                && world.platform.authorizer.reach(&person, action).is_err()
            {
                wrong.push(format!("{} as {name} went through without {action}", endpoint.id));
            }
        }
        let sent = case(&world, endpoint, &world.owner).await;
        let (status, body) = call(&world, endpoint, &sent, None).await;
        write!(row, "{status:<9}").unwrap();
        if (endpoint.access == Access::Public) == (status == 401 && endpoint.id != "setup_create") {
            wrong.push(format!("{} without a credential is {status}: {body}", endpoint.id));
        }
        let stranger = if endpoint.path.contains("/me/") { fresh(&world, &stranger).await } else { stranger.clone() };
        let sent = case(&world, endpoint, &stranger).await;
        let (_, secret) = world.session(&stranger).await;
        let before = head(&world).await;
        let (status, body) = call(&world, endpoint, &sent, Some(&secret)).await;
        write!(row, "{status}").unwrap();
        let own = matches!(endpoint.id, "session_revoke");
        let public = endpoint.access == Access::Public;
        if endpoint.parameters().next().is_some() && !own && !public && status != 404 {
            wrong.push(format!("{} as another organization's owner is {status}: {body}", endpoint.id));
        }
        if endpoint.access != Access::Public && !noted(&world, before).await.is_empty() {
            wrong
                .push(format!("{} as another organization's owner left something in the first one's log", endpoint.id));
        }
        if body.contains(&world.organization.to_string()) || body.contains(&world.owner.principal.to_string()) {
            wrong.push(format!("{} tells another organization's owner of the first one: {body}", endpoint.id));
        }
        if !succeeded && endpoint.id != "setup_create" {
            wrong.push(format!("{} went through for nobody: its case is no case", endpoint.id));
        }
        if endpoint.audited.is_some() && !noted_once && endpoint.id != "setup_create" {
            wrong.push(format!("{} was not seen in the audit log", endpoint.id));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(MATRIX, &text).unwrap();
    }
    let kept = std::fs::read_to_string(MATRIX).unwrap_or_default();
    assert!(kept == text, "tests/api/matrix.txt is not what the server does; it does this:\n{text}");
}

/// Another person with the same roles.
async fn fresh(world: &World, like: &Caller) -> Caller {
    let made = world.principal(like.organization, like.kind, &[]).await;
    let mut tx = world.platform.database.begin(Scope::System).await.unwrap();
    for grant in &like.grants {
        proofmark_store::principals::give(&mut tx, made.organization, made.principal, *grant).await.unwrap();
    }
    tx.commit().await.unwrap();
    Caller { grants: like.grants.clone(), ..made }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_is_set_up_once() {
    let world = World::empty().await;
    let link = setup::begin(&world.platform).await.unwrap().unwrap();
    let body = |link: &str| json!({ "link": link, "organization": "A", "name": "B", "email": "b@example.org", "password": PASSWORD });
    let post = |link: String| {
        let request = world.client.post(world.url("/api/v1/setup")).json(&body(&link));
        async move { request.send().await.unwrap() }
    };
    assert!(post("pmo_guess".into()).await.status().is_client_error());
    let done = post(link.expose().to_string()).await;
    assert_eq!(done.status(), 201);
    let done: Value = done.json().await.unwrap();
    let id = done["organization"].as_str().unwrap().parse().unwrap();
    let mut tx = world.platform.database.read(Scope::System).await.unwrap();
    let actions: BTreeSet<String> =
        audit::list(&mut tx, id, 0, 10).await.unwrap().into_iter().map(|e| e.action).collect();
    assert!(actions.contains(endpoints::find("setup_create").unwrap().audited.unwrap()), "{actions:?}");
    assert!(post(link.expose().to_string()).await.status().is_client_error(), "the link works once");
    let grants: Vec<Grant> =
        proofmark_store::principals::grants(&mut tx, done["principal"].as_str().unwrap().parse().unwrap())
            .await
            .unwrap();
    assert_eq!(grants, [Grant { role: Role::Owner, project: None }]);
}
