//! Bounds: rates, requests at once, time.

use crate::world::{World, code_of, config};
use reqwest::{Method, StatusCode};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test(flavor = "multi_thread")]
async fn a_principal_has_its_rate() {
    let mut config = config();
    config.limits.per_principal = proofmark_http::Rate { requests: 3, window: Duration::from_secs(600) };
    let world = World::with(config).await;
    let (mine, theirs) = (world.secret().await, world.session(&world.author).await.1);
    let me = |secret: &str| world.request(Method::GET, "/api/v1/me", secret).send();
    for left in ["2", "1", "0"] {
        let answer = me(&mine).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["ratelimit-policy"], "\"principal\";q=3;w=600");
        let told = answer.headers()["ratelimit"].to_str().unwrap().to_string();
        assert!(told.starts_with(&format!("\"principal\";r={left};t=")), "{told}");
    }
    let refused = me(&mine).await.unwrap();
    let wait: u32 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=200).contains(&wait));
    assert_eq!(code_of(refused, 429).await, "rate-limit.exceeded");
    assert_eq!(me(&theirs).await.unwrap().status(), StatusCode::OK, "others go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tries_secrets_is_stopped_and_health_goes_on() {
    let mut config = config();
    config.limits.per_address = proofmark_http::Rate { requests: 5, window: Duration::from_secs(600) };
    let world = World::with(config).await;
    let good = world.secret().await;
    for i in 0..5 {
        let answer = world.request(Method::GET, "/api/v1/me", &format!("pms_guess{i}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    let answer = world.request(Method::GET, "/api/v1/me", "pms_guess").send().await.unwrap();
    assert_eq!(code_of(answer, 429).await, "rate-limit.exceeded");
    let answer = world.request(Method::GET, "/api/v1/me", &good).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "not even a right guess is told apart");
    assert_eq!(world.client.get(world.url("/livez")).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_says_so() {
    let mut config = config();
    config.limits.requests = 1;
    config.limits.head_time = Duration::from_secs(30);
    let world = World::with(config).await;
    let secret = world.secret().await;
    // one request whose body does not come holds the only place
    let mut slow = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "POST /api/v1/projects HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {secret}\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{{"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut refused = None;
    for _ in 0..100 {
        let answer = world.request(Method::GET, "/api/v1/me", &secret).send().await.unwrap();
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            refused = Some(answer);
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let refused = refused.expect("the server is full");
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(code_of(refused, 503).await, "server.busy");
    assert_eq!(world.client.get(world.url("/livez")).send().await.unwrap().status(), StatusCode::OK);
    slow.write_all(b"\"name\":\"a\"}").await.unwrap();
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_bodies_that_do_not_come_are_given_up() {
    let mut config = config();
    config.limits.head_time = Duration::from_millis(300);
    config.limits.request_time = Duration::from_millis(500);
    let world = World::with(config).await;
    let secret = world.secret().await;
    let mut slow = tokio::net::TcpStream::connect(world.address).await.unwrap();
    slow.write_all(b"GET /api/v1/me HTTP/1.1\r\nhost:").await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), slow.read_to_end(&mut answer)).await.expect("it is closed").unwrap();

    let mut slow = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "POST /api/v1/projects HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {secret}\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{{"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::time::timeout(Duration::from_secs(10), slow.read_exact(&mut answer)).await.expect("it is answered").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 504");
}
