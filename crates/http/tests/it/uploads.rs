//! Uploads in pieces, downloads in ranges.

use crate::world::{World, code_of, digest, json_of};
use proofmark_kernel::organization::Project;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn begin(world: &World, secret: &str, project: &Project, size: usize, digest: Option<String>) -> Value {
    let path = format!("/api/v1/projects/{}/uploads", project.id);
    let body = json!({ "name": "data/a b.bin", "media_type": "application/x-thing", "size": size, "digest": digest });
    json_of(world.request(Method::POST, &path, secret).json(&body).send().await.unwrap(), StatusCode::CREATED).await
}

async fn append(world: &World, secret: &str, id: &str, offset: usize, bytes: Vec<u8>) -> reqwest::Response {
    world
        .request(Method::PATCH, &format!("/api/v1/uploads/{id}"), secret)
        .header("upload-offset", offset)
        .header("content-type", "application/octet-stream")
        .body(bytes)
        .send()
        .await
        .unwrap()
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i * 7 + i / 251) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_where_it_stopped_and_becomes_an_artifact() {
    let world = World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let bytes = content(100_000);
    let upload = begin(&world, &secret, &project, bytes.len(), Some(digest(&bytes))).await;
    let id = upload["id"].as_str().unwrap();
    let path = format!("/api/v1/uploads/{id}");

    let part = append(&world, &secret, id, 0, bytes[..30_000].to_vec()).await;
    assert_eq!(part.headers()["upload-offset"], "30000");
    assert_eq!(json_of(part, StatusCode::OK).await["received"], 30_000);
    assert_eq!(code_of(append(&world, &secret, id, 0, vec![1]).await, 409).await, "upload.offset");
    assert_eq!(code_of(append(&world, &secret, id, 40_000, vec![1]).await, 409).await, "upload.offset");
    let head = world.request(Method::HEAD, &path, &secret).send().await.unwrap();
    assert_eq!(head.headers()["upload-offset"], "30000");
    let without = world.request(Method::PATCH, &path, &secret).header("content-type", "application/octet-stream");
    assert_eq!(code_of(without.body("x").send().await.unwrap(), 400).await, "request.header");
    let typed = world
        .request(Method::PATCH, &path, &secret)
        .header("upload-offset", 30_000)
        .header("content-type", "text/plain");
    assert_eq!(code_of(typed.body("x").send().await.unwrap(), 415).await, "request.media-type");

    let last = json_of(append(&world, &secret, id, 30_000, bytes[30_000..].to_vec()).await, StatusCode::OK).await;
    let artifact = last["artifact"].as_str().unwrap().to_string();
    assert_eq!(code_of(append(&world, &secret, id, 100_000, vec![]).await, 409).await, "upload.complete");
    let path = format!("/api/v1/artifacts/{artifact}");
    let known = json_of(world.request(Method::GET, &path, &secret).send().await.unwrap(), StatusCode::OK).await;
    assert_eq!((known["digest"].as_str().unwrap(), &known["size"]), (digest(&bytes).as_str(), &json!(100_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_keeps_what_is_safe() {
    let world = World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let bytes = content(20 << 20);
    let upload = begin(&world, &secret, &project, bytes.len(), Some(digest(&bytes))).await;
    let id = upload["id"].as_str().unwrap();
    let mut socket = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "PATCH /api/v1/uploads/{id} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {secret}\r\nupload-offset: 0\r\n\
         content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&bytes[..12 << 20]).await.unwrap();
    socket.flush().await.unwrap();
    drop(socket);
    let path = format!("/api/v1/uploads/{id}");
    let mut received = 0;
    for _ in 0..100 {
        let state = json_of(world.request(Method::GET, &path, &secret).send().await.unwrap(), StatusCode::OK).await;
        received = usize::try_from(state["received"].as_u64().unwrap()).unwrap();
        if received > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(received > 0 && received <= 12 << 20, "{received}");
    // it may still be growing: go on from what is said until nobody objects
    for _ in 0..20 {
        let answer = append(&world, &secret, id, received, bytes[received..].to_vec()).await;
        if answer.status() == StatusCode::OK {
            let done = json_of(answer, StatusCode::OK).await;
            assert!(done["artifact"].is_string());
            return;
        }
        let state = json_of(world.request(Method::GET, &path, &secret).send().await.unwrap(), StatusCode::OK).await;
        received = usize::try_from(state["received"].as_u64().unwrap()).unwrap();
    }
    panic!("the upload could not be completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_than_announced_become_nothing() {
    let world = World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let upload = begin(&world, &secret, &project, 3, Some(digest(b"abc"))).await;
    let id = upload["id"].as_str().unwrap();
    let wrong = append(&world, &secret, id, 0, b"abd".to_vec()).await;
    assert!(wrong.status().is_client_error());
    let upload = begin(&world, &secret, &project, 3, None).await;
    let long = append(&world, &secret, upload["id"].as_str().unwrap(), 0, b"abcd".to_vec()).await;
    assert_eq!(code_of(long, 400).await, "upload.size");
    let list = format!("/api/v1/projects/{}/artifacts", project.id);
    let found = json_of(world.request(Method::GET, &list, &secret).send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(found["items"], json!([]));
    for name in ["../a", "/a", "a/../b", "a\\b", "", "a\u{0}b"] {
        let path = format!("/api/v1/projects/{}/uploads", project.id);
        let body = json!({ "name": name, "media_type": "text/plain", "size": 1 });
        let answer = world.request(Method::POST, &path, &secret).json(&body).send().await.unwrap();
        assert_eq!(code_of(answer, 400).await, "artifact.name", "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_are_whole_or_in_ranges_and_never_shown_in_place() {
    let world = World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let bytes = content(1000);
    let upload = begin(&world, &secret, &project, bytes.len(), None).await;
    let done =
        json_of(append(&world, &secret, upload["id"].as_str().unwrap(), 0, bytes.clone()).await, StatusCode::OK).await;
    let path = format!("/api/v1/artifacts/{}/content", done["artifact"].as_str().unwrap());
    let get = |range: Option<&'static str>| {
        let request = world.request(Method::GET, &path, &secret);
        match range {
            Some(range) => request.header("range", range),
            None => request,
        }
        .send()
    };
    let whole = get(None).await.unwrap();
    assert_eq!(whole.headers()["content-type"], "application/octet-stream");
    assert_eq!(whole.headers()["content-disposition"], "attachment; filename=\"a_b.bin\"; filename*=UTF-8''a%20b.bin");
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    let tag = whole.headers()["etag"].to_str().unwrap().to_string();
    assert_eq!(tag, format!("\"{}\"", digest(&bytes)));
    assert_eq!(whole.bytes().await.unwrap(), bytes);

    let part = get(Some("bytes=10-19")).await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], "bytes 10-19/1000");
    assert_eq!(part.bytes().await.unwrap(), bytes[10..20]);
    assert_eq!(get(Some("bytes=-5")).await.unwrap().bytes().await.unwrap(), bytes[995..]);
    assert_eq!(code_of(get(Some("bytes=1000-")).await.unwrap(), 416).await, "artifact.range");
    let head = world.request(Method::HEAD, &path, &secret).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "1000");
    let known = world.request(Method::GET, &path, &secret).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let other = world.request(Method::GET, &path, &secret).header("range", "bytes=0-1").header("if-range", "\"x\"");
    assert_eq!(other.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_can_be_uploaded_and_downloaded() {
    let world = World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let upload = begin(&world, &secret, &project, 0, None).await;
    let artifact = match upload["artifact"].as_str() {
        Some(artifact) => artifact.to_string(),
        None => {
            let sent = append(&world, &secret, upload["id"].as_str().unwrap(), 0, Vec::new()).await;
            json_of(sent, StatusCode::OK).await["artifact"].as_str().unwrap().to_string()
        }
    };
    let path = format!("/api/v1/artifacts/{artifact}/content");
    let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {secret}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("content-length: 0\r\n") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
}
