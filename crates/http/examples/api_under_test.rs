//! A server with something in it, for tests of other languages: prints a line of JSON with its address, a secret of an
//! owner and identifiers of what is there, and stops when its standard input ends.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]

#[expect(dead_code, reason = "the tests need more of it")]
#[path = "../tests/it/world.rs"]
mod world;

use serde_json::json;
use std::io::Read;

#[tokio::main]
async fn main() {
    let mut world = world::World::new().await;
    let secret = world.secret().await;
    let project = world.project().await;
    let (run, artifact) = world.finished(&project).await;
    let approval = world.approval(&project).await;
    println!(
        "{}",
        json!({
            "url": world.url(""), "secret": secret, "project": project.id, "run": run.id, "artifact": artifact.id,
            "approval": approval.id,
        })
    );
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let _ = ended.await;
    world.stop().await;
}
