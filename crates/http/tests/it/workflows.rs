//! Engineers run `silicon.*`, marketers `campaigns.*`: who starts, stops, repeats a run and asks for its approval.

use crate::world::{CAMPAIGNS, SILICON, World, code_of, json_of};
use proofmark_kernel::principal::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn runs_belong_to_those_of_their_field() {
    let world = World::new().await;
    let project = world.project().await;
    let (_, engineer) = world.session(&world.user(world.organization, &[Role::Engineer]).await).await;
    let (_, marketer) = world.session(&world.user(world.organization, &[Role::Marketer]).await).await;
    let runs = format!("/api/v1/projects/{}/runs", project.id);
    for (own, other, workflow) in [(&engineer, &marketer, SILICON), (&marketer, &engineer, CAMPAIGNS)] {
        let post = |secret: &str, path: &str, body: Value| world.request(Method::POST, path, secret).json(&body).send();
        let body = json!({ "workflow": workflow, "input": {} });
        let refused = post(other, &runs, body.clone()).await.unwrap();
        assert_eq!(code_of(refused, 403).await, "authorization.denied", "{workflow}");
        let run = json_of(post(own, &runs, body).await.unwrap(), StatusCode::CREATED).await;
        let run = format!("/api/v1/runs/{}", run["id"].as_str().unwrap());
        let change = async |secret: &str, what: &str| {
            world.request(Method::POST, &format!("{run}/{what}"), secret).send().await.unwrap()
        };
        // both see it
        for secret in [own, other] {
            json_of(world.request(Method::GET, &run, secret).send().await.unwrap(), StatusCode::OK).await;
        }
        assert_eq!(code_of(change(other, "cancellation").await, 403).await, "authorization.denied");
        json_of(change(own, "cancellation").await, StatusCode::OK).await;
        assert_eq!(code_of(change(other, "retries").await, 403).await, "authorization.denied");
        json_of(change(own, "retries").await, StatusCode::CREATED).await;
        assert_eq!(code_of(change(other, "approvals").await, 403).await, "authorization.denied");
        assert_eq!(code_of(change(own, "approvals").await, 409).await, "run.state");
    }
}
