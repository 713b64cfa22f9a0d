//! Health, figures, the document, the setup page, and an orderly end.

use crate::world::{World, code_of, config, json_of};
use proofmark_base::error::Error;
use proofmark_http::{Dependency, Front};
use reqwest::{Method, StatusCode};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn health_says_what_is_missing() {
    let mut config = config();
    config.dependencies.push(Dependency::new("events", || async {
        Err(Error::unavailable("bus.unavailable", "the event server does not answer"))
    }));
    let world = World::with(config).await;
    let get = |path: &str| world.client.get(world.url(path)).send();
    assert_eq!(json_of(get("/livez").await.unwrap(), StatusCode::OK).await["status"], "alive");
    let ready = json_of(get("/readyz").await.unwrap(), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(ready["ready"], false);
    let dependencies = ready["dependencies"].as_array().unwrap();
    let of = |name: &str| dependencies.iter().find(|d| d["name"] == name).unwrap();
    assert_eq!(of("database")["ready"], true);
    assert_eq!(of("blobs")["ready"], true);
    assert_eq!(of("events")["reason"], "the event server does not answer (bus.unavailable)");
    let metrics = get("/metrics").await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("http_server_request_duration_seconds_bucket{endpoint=\"health_ready\",status=\"503\""),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_served_document_is_the_committed_one() {
    let world = World::new().await;
    let answer = world.client.get(world.url("/api/v1/openapi.json")).send().await.unwrap();
    let tag = answer.headers()["etag"].clone();
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/v1.json")).unwrap();
    assert!(answer.text().await.unwrap() == committed);
    let again = world.client.get(world.url("/api/v1/openapi.json")).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.bytes().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_behind_links_run_nothing_but_their_own() {
    let world = World::new().await;
    for (path, to) in [("/setup", "/api/v1/setup"), ("/invitation", "/api/v1/invitations")] {
        let answer = world.client.get(world.url(path)).send().await.unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_string();
        assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"));
        assert!(answer.text().await.unwrap().contains(&format!("data-to=\"{to}\"")));
        assert_eq!(code_of(world.client.post(world.url(path)).send().await.unwrap(), 405).await, "request.method");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_lets_requests_end_and_takes_no_more() {
    let mut world = World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let run = world.run(&project).await;
    // a stream that would go on for ever
    let mut stream =
        world.request(Method::GET, &format!("/api/v1/runs/{}/events", run.id), &secret).send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    let address = world.address;
    tokio::time::timeout(Duration::from_secs(10), world.stop()).await.expect("the server stops");
    while let Some(chunk) = stream.chunk().await.unwrap() {
        assert!(!chunk.is_empty());
    }
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_waits_says_for_what_and_serves_at_the_same_address_afterwards() {
    let world = World::empty().await;
    let front = Front::bind(config()).await.unwrap();
    let url = format!("http://{}", front.address);
    let get = |path: &str| world.client.get(format!("{url}{path}")).send();
    assert_eq!(json_of(get("/livez").await.unwrap(), StatusCode::OK).await["status"], "alive");
    let ready = json_of(get("/readyz").await.unwrap(), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(ready["dependencies"][0]["name"], "process");
    front.waits("database", &Error::unavailable("store.unavailable", "the database cannot be reached"));
    let ready = json_of(get("/readyz").await.unwrap(), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(ready["dependencies"][0]["reason"], "the database cannot be reached (store.unavailable)");
    let answer = get("/api/v1/me").await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "2");
    assert_eq!(code_of(answer, 503).await, "server.starting");
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let server = front.serve(world.platform.clone(), async { drop(stopping.await) }).await.unwrap();
    assert_eq!(url, format!("http://{}", server.address));
    assert_eq!(json_of(get("/readyz").await.unwrap(), StatusCode::OK).await["ready"], true);
    assert_eq!(code_of(get("/api/v1/me").await.unwrap(), 401).await, "authentication.required");
    drop(stop);
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_says_how_it_stands_and_nothing_else() {
    let world = World::empty().await;
    let front = Front::bind(config()).await.unwrap();
    let url = format!("http://{}", front.address);
    let get = |path: &str| world.client.get(format!("{url}{path}")).send();
    let mut needs = Dependency::of(&world.platform);
    front.works(needs.clone());
    let ready = json_of(get("/readyz").await.unwrap(), StatusCode::OK).await;
    assert_eq!(ready["dependencies"].as_array().unwrap().len(), 2);
    assert_eq!(code_of(get("/api/v1/me").await.unwrap(), 404).await, "server.worker");
    assert!(get("/metrics").await.unwrap().text().await.unwrap().contains("http_server_connections"));
    needs.push(Dependency::new("executor", || async { Err(Error::unavailable("worker.not-listed", "not listed")) }));
    front.works(needs);
    let ready = json_of(get("/readyz").await.unwrap(), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(ready["dependencies"][2]["reason"], "not listed (worker.not-listed)");
    front.stops();
    let ready = json_of(get("/readyz").await.unwrap(), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(ready["dependencies"][0]["reason"], "the process is stopping");
    assert_eq!(json_of(get("/livez").await.unwrap(), StatusCode::OK).await["status"], "alive");
}
