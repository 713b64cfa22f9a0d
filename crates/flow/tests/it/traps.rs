//! What the library beneath would do if it were let. Its other traps have tests of their own: no liveness
//! (`takeover`, `fence`, `faults`), polling waits (`mail`), a parked run's place in its queue (`children`), names
//! that can be mixed up (`errors`).

use crate::backend::Backend;
use proofmark_flow::{Context, EnqueueOptions};
use proofmark_store::{Scope, values};
use std::path::Path;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_and_executors_are_ours() {
    let backend = Backend::sqlite().await;
    let declare = || backend.engine().register("x", |_: Context, (): ()| async { Ok(()) });
    let mut seen = Vec::new();
    for id in ["a", "b"] {
        let engine = declare().start().await.unwrap();
        engine.enqueue(id, "x", &(), "main", EnqueueOptions::default()).await.unwrap();
        engine.wait::<()>(id).await.unwrap();
        let status = engine.status(id).await.unwrap().unwrap();
        assert_eq!(status.executor, Some(engine.executor().unwrap().to_string()));
        seen.push(status.executor.unwrap());
        engine.drain(std::time::Duration::ZERO).await.unwrap();
    }
    assert!(seen[0].starts_with("exec_") && seen[0] != seen[1]);
    // not a digest of this program, which would strand the runs of the last one
    let sql = "SELECT COUNT(*) AS n FROM workflow_status WHERE application_version = '1'";
    assert_eq!(backend.number(sql).await, 2);
}

#[tokio::test]
#[ignore = "started by `the_librarys_environment_is_refused`"]
async fn environment() {
    let backend = Backend::sqlite().await;
    let started = backend.engine().register("x", |_: Context, (): ()| async { Ok(()) }).start().await;
    assert_eq!(started.err().unwrap().code, "flow.environment");
}

#[test]
fn the_librarys_environment_is_refused() {
    for name in ["DBOS__VMID", "DBOS__APPVERSION"] {
        let done = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "traps::environment", "--ignored"])
            .env(name, "other")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && text.contains("1 passed"), "{name}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_file_has_one_process() {
    let backend = Backend::sqlite().await;
    let declare = || backend.engine().register("x", |_: Context, (): ()| async { Ok(()) });
    let engine = declare().start().await.unwrap();
    let second = declare().start().await.err().unwrap();
    assert_eq!(second.code, "store.in-use");
    assert!(second.help.is_some());
    engine.enqueue("r", "x", &(), "main", EnqueueOptions::default()).await.unwrap();
    engine.wait::<()>("r").await.unwrap();
    drop(engine);
    declare().start().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_tables_are_found_on_every_connection_of_the_library() {
    let backend = Backend::postgres().await;
    let engine = backend
        .engine()
        .register("count", |ctx: Context, (): ()| async move {
            ctx.tx("count", Scope::System, |on| {
                Box::pin(async move {
                    // long enough that all connections are in use at the same time
                    on.rows("SELECT CAST(pg_sleep(0.1) AS TEXT) AS it", values![]).await?;
                    on.rows("SELECT COUNT(*) AS n FROM platform_settings", values![]).await?.remove(0).int("n")
                })
            })
            .await
        })
        .start()
        .await
        .unwrap();
    let ids: Vec<_> = (0..30).map(|i| format!("r{i}")).collect();
    for id in &ids {
        engine.enqueue(id, "count", &(), "main", EnqueueOptions::default()).await.unwrap();
    }
    for id in &ids {
        assert_eq!(engine.wait::<i64>(id).await.unwrap(), 0);
    }
    // its tables are in a schema of their own
    let sql = "SELECT COUNT(*) AS n FROM information_schema.tables
               WHERE table_schema = 'public' AND table_name NOT LIKE 'platform!_%' ESCAPE '!'";
    assert_eq!(backend.number(sql).await, 0);
}

#[test]
fn the_library_is_pinned_and_its_types_stay_inside() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = std::fs::read_to_string(here.join("../../Cargo.toml")).unwrap();
    assert!(workspace.contains("\ndurare = \"=0.5.0\"\n"), "its records and tables were looked at in 0.5.0");
    let mut looked_at = 0;
    for file in std::fs::read_dir(here.join("src")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines().map(str::trim_start).filter(|l| l.starts_with("pub ")) {
            looked_at += 1;
            for name in ["durare", "sqlx", "chrono", "DurableContext", "DurableEngine", "PgPool"] {
                assert!(!line.contains(name), "{line}");
            }
        }
    }
    assert!(looked_at > 100, "{looked_at}");
}
