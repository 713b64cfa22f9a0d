//! Lists that come whole from the service are cut into pages all the same.

use crate::world::{World, json_of};
use proofmark_store::Scope;
use proofmark_store::runs;
use reqwest::{Method, StatusCode};

#[tokio::test(flavor = "multi_thread")]
async fn steps_and_audit_entries_come_in_pages() {
    let world = World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let run = world.run(&project).await;
    let mut tx = world.platform.database.begin(Scope::System).await.unwrap();
    for name in ["a", "b", "c", "d", "e"] {
        runs::step_began(&mut tx, &run, name, world.platform.now()).await.unwrap();
    }
    tx.commit().await.unwrap();
    let names = read(&world, &secret, &format!("/api/v1/runs/{}/steps", run.id), 2, "name").await;
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    let seqs = read(&world, &secret, "/api/v1/audit", 1, "seq").await;
    assert_eq!(seqs, ["1", "2"], "the project and the run");
}

/// Everything of a list, `limit` at a time.
async fn read(world: &World, secret: &str, path: &str, limit: usize, field: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    for _ in 0..20 {
        let url = format!("{path}?limit={limit}{cursor}");
        let page = json_of(world.request(Method::GET, &url, secret).send().await.unwrap(), StatusCode::OK).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        found.extend(items.iter().map(|i| i[field].to_string().trim_matches('"').to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
    panic!("{path} does not end");
}
