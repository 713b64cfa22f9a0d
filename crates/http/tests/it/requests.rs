//! What is wrong with a request is said, with its place; nothing is guessed.

use crate::world::{World, code_of, json_of};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_problem() {
    let world = World::new().await;
    let secret = world.secret().await;
    let send = |method: Method, path: &str| world.request(method, path, &secret).send();
    assert_eq!(code_of(send(Method::GET, "/nothing").await.unwrap(), 404).await, "request.path");
    assert_eq!(code_of(send(Method::GET, "/api/v1/projects/").await.unwrap(), 404).await, "request.path");
    let wrong = send(Method::DELETE, "/api/v1/projects").await.unwrap();
    assert_eq!(wrong.headers()["allow"], "GET, HEAD, POST");
    assert_eq!(code_of(wrong, 405).await, "request.method");
    // no answer to preflights: other origins stay out
    assert_eq!(code_of(send(Method::OPTIONS, "/api/v1/projects").await.unwrap(), 405).await, "request.method");
    assert_eq!(code_of(send(Method::GET, "/api/v1/projects/prj_x").await.unwrap(), 400).await, "id.invalid");
    assert_eq!(code_of(send(Method::GET, "/api/v1/projects/%ff").await.unwrap(), 400).await, "id.invalid");
    let unknown = "/api/v1/projects/prj_00000000000000000000000001";
    assert_eq!(code_of(send(Method::GET, unknown).await.unwrap(), 404).await, "project.not-found");
    assert_eq!(code_of(send(Method::GET, "/api/v1/projects?sort=name").await.unwrap(), 400).await, "request.query");
    assert_eq!(code_of(send(Method::GET, "/api/v1/me?limit=1").await.unwrap(), 400).await, "request.query");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_checked_before_they_are_read() {
    let world = World::new().await;
    let secret = world.secret().await;
    let post = || world.request(Method::POST, "/api/v1/projects", &secret);
    let json = "application/json";
    let cases: [(&str, &str, u16, &str, Option<&str>); 7] = [
        (json, "{\"name\":\"a\",}", 400, "request.json", Some("")),
        (json, "", 400, "request.json", Some("")),
        (json, "{\"name\":7}", 400, "request.body", Some("/name")),
        (json, "{\"name\":\"a\",\"extra\":1}", 400, "request.body", Some("/extra")),
        (json, "{\"name\":\"\"}", 400, "name.invalid", Some("/name")),
        ("text/plain", "{\"name\":\"a\"}", 415, "request.media-type", None),
        ("application/json; charset=utf-16", "{}", 415, "request.media-type", None),
    ];
    for (media_type, body, status, code, pointer) in cases {
        let answer = post().header("content-type", media_type).body(body).send().await.unwrap();
        let problem = json_of(answer, StatusCode::from_u16(status).unwrap()).await;
        assert_eq!(problem["code"], code, "{body}");
        assert_eq!(problem["errors"][0]["pointer"].as_str(), pointer, "{body}: {problem}");
    }
    let long = format!("{{\"name\":\"{}\"}}", "a".repeat(300 * 1024));
    let sent = post().header("content-type", json).body(long.clone()).send().await.unwrap();
    assert_eq!(code_of(sent, 413).await, "request.too-large");
    // without a length the body is read only up to the limit
    let stream = futures_util::stream::iter(
        long.as_bytes().chunks(1000).map(|c| Ok::<_, std::io::Error>(c.to_vec())).collect::<Vec<_>>(),
    );
    let sent = post().header("content-type", json).body(reqwest::Body::wrap_stream(stream)).send().await;
    // the server may answer and close before it has read everything
    if let Ok(sent) = sent {
        assert_eq!(code_of(sent, 413).await, "request.too-large");
    }
    let get = world.request(Method::GET, "/api/v1/me", &secret).json(&json!({})).send().await.unwrap();
    assert_eq!(code_of(get, 400).await, "request.body");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_asked_for_and_checked() {
    let world = World::new().await;
    let me = || world.client.get(world.url("/api/v1/me"));
    let nobody = me().send().await.unwrap();
    assert_eq!(nobody.headers()["www-authenticate"], "Bearer");
    assert_eq!(code_of(nobody, 401).await, "authentication.required");
    for value in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "pms_x"] {
        let answer = me().header("authorization", value).send().await.unwrap();
        assert_eq!(code_of(answer, 401).await, "authentication.scheme", "{value}");
    }
    let made_up = me().bearer_auth("pms_made-up").send().await.unwrap();
    assert_eq!(code_of(made_up, 401).await, "credential.invalid");
    let secret = world.secret().await;
    let found = json_of(me().bearer_auth(&secret).send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(found["organization"], world.organization.to_string());
    let signed_out = world.request(Method::DELETE, "/api/v1/sessions/current", &secret).send().await.unwrap();
    assert_eq!(signed_out.status(), StatusCode::NO_CONTENT);
    assert_eq!(code_of(me().bearer_auth(&secret).send().await.unwrap(), 401).await, "credential.invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_its_security_headers_and_no_answer_lets_other_origins_in() {
    let world = World::new().await;
    let secret = world.secret().await;
    let paths = ["/api/v1/me", "/nothing", "/livez", "/setup", "/api/v1/projects/prj_x"];
    for path in paths {
        let answer =
            world.request(Method::GET, path, &secret).header("origin", "https://evil.example").send().await.unwrap();
        let headers = answer.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
        assert!(headers["cache-control"].to_str().unwrap().contains("no-store"), "{path}");
        assert!(!headers.contains_key("access-control-allow-origin"), "{path}");
        assert!(!headers.contains_key("server"), "{path}");
        assert_eq!(headers["trace-id"].len(), 32, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_goes_on_from_its_caller() {
    let world = World::new().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let answer = world.client.get(world.url("/livez")).header("traceparent", parent).send().await.unwrap();
    assert_eq!(answer.headers()["trace-id"], trace);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_do_not_disturb() {
    let world = World::new().await;
    for junk in [
        "\0\0\0\0\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /\u{7f} HTTP/1.1\r\nhost: a\r\n\r\n",
        "POST /api/v1/projects HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n",
    ] {
        let mut socket = tokio::net::TcpStream::connect(world.address).await.unwrap();
        socket.write_all(junk.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(std::time::Duration::from_secs(5), socket.read_to_end(&mut answer));
        let _ = read.await.expect("the server closes the connection");
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{junk:?}");
    }
    assert_eq!(world.client.get(world.url("/livez")).send().await.unwrap().status(), StatusCode::OK);
}
