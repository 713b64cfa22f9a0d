//! Steps, transactions, time.

use crate::backend::until;
use crate::on_both;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use proofmark_flow::{Context, EnqueueOptions, StepOptions};
use proofmark_kernel::run::RunStatus;
use proofmark_store::{Connection, Scope, values};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

async fn add(on: &mut dyn Connection, n: i64) -> Result<i64> {
    on.execute("UPDATE counts SET n = n + ?", values![n]).await?;
    let row = proofmark_store::connection::first(on, "SELECT n FROM counts", values![]).await?;
    row.unwrap().int("n")
}

/// Each number once, each null and text as it is.
async fn kinds(on: &mut dyn Connection) -> Result<String> {
    on.execute("CREATE TABLE kinds (i BIGINT, r DOUBLE PRECISION, b BOOLEAN, t TEXT, z TEXT)", values![]).await?;
    on.execute("INSERT INTO kinds VALUES (?, ?, ?, ?, ?)", values![7_i64, 2.5, true, "a?b", None::<&str>]).await?;
    let row = on.rows("SELECT * FROM kinds", values![]).await?.remove(0);
    assert_eq!(row.int("t").unwrap_err().kind, proofmark_base::error::Kind::Bug);
    Ok(format!("{} {} {} {} {:?}", row.int("i")?, row.real("r")?, row.bool("b")?, row.text("t")?, row.text_opt("z")?))
}

on_both! {
    async fn a_run_goes_through_its_steps_and_gives_its_result(backend) {
        backend.execute("CREATE TABLE counts (n BIGINT)").await;
        backend.execute("INSERT INTO counts VALUES (0)").await;
        let engine = backend
            .engine()
            .register("sum", |ctx: Context, upto: i64| async move {
                let mut last = 0;
                for n in 1..=upto {
                    let doubled = ctx.step("double", StepOptions::once(), |_| async move { Ok(2 * n) }).await?;
                    last = ctx.tx("add", Scope::System, move |on| Box::pin(add(on, doubled))).await?;
                }
                Ok((last, ctx.run_id().to_string()))
            })
            .start()
            .await
            .unwrap();
        assert!(engine.enqueue("r1", "sum", &4, "main", EnqueueOptions::default()).await.unwrap());
        let got: (i64, String) = engine.wait("r1").await.unwrap();
        assert_eq!(got, (20, "r1".into()));
        assert_eq!(backend.number("SELECT n FROM counts").await, 20);
        let status = engine.status("r1").await.unwrap().unwrap();
        assert_eq!((status.status, status.workflow.as_str(), status.takeovers), (RunStatus::Succeeded, "sum", 0));
        let steps = engine.steps("r1").await.unwrap();
        let names: Vec<_> = steps.iter().map(|s| (s.position, s.name.as_str())).collect();
        assert_eq!(names[..3], [(0, "double"), (1, "add"), (2, "double")]);
        assert_eq!(steps[1].output, Some(2.into()));
        // the identifier is the idempotency key
        assert!(!engine.enqueue("r1", "sum", &4, "main", EnqueueOptions::default()).await.unwrap());
        let other = engine.enqueue("r1", "sum", &5, "main", EnqueueOptions::default()).await.unwrap_err();
        assert_eq!(other.code, "flow.id-taken");
        assert_eq!(backend.number("SELECT n FROM counts").await, 20);
        let metrics = engine.metrics().await.unwrap();
        assert_eq!((metrics.runs, metrics.begun_total, metrics.queued["main"]), (0, 1, 0));
    }

    async fn values_pass_a_transaction_unchanged(backend) {
        let engine = backend
            .engine()
            .register("kinds", |ctx: Context, (): ()| async move {
                ctx.tx("kinds", Scope::System, |on| Box::pin(kinds(on))).await
            })
            .start()
            .await
            .unwrap();
        engine.enqueue("r", "kinds", &(), "main", EnqueueOptions::default()).await.unwrap();
        assert_eq!(engine.wait::<String>("r").await.unwrap(), "7 2.5 true a?b None");
    }

    async fn a_refused_transaction_leaves_nothing_and_is_recorded(backend) {
        backend.execute("CREATE TABLE counts (n BIGINT)").await;
        backend.execute("INSERT INTO counts VALUES (0)").await;
        let tries = Arc::new(AtomicU32::new(0));
        let seen = tries.clone();
        let engine = backend
            .engine()
            .register("refuse", move |ctx: Context, (): ()| {
                let seen = seen.clone();
                async move {
                    let seen = seen.clone();
                    let done: Result<i64> = ctx
                        .tx("refuse", Scope::System, move |on| {
                            seen.fetch_add(1, Ordering::SeqCst);
                            Box::pin(async move {
                                add(on, 5).await?;
                                Err(Error::invalid("test.refused", "no").at("/x", "this").help("so"))
                            })
                        })
                        .await;
                    let e = done.unwrap_err();
                    Ok(format!("{:?} {} {:?} {:?}", e.kind, e.code, e.places[0].at, e.help))
                }
            })
            .start()
            .await
            .unwrap();
        engine.enqueue("r", "refuse", &(), "main", EnqueueOptions::default()).await.unwrap();
        assert_eq!(engine.wait::<String>("r").await.unwrap(), "Invalid test.refused \"/x\" Some(\"so\")");
        assert_eq!(tries.load(Ordering::SeqCst), 1);
        assert_eq!(backend.number("SELECT n FROM counts").await, 0);
        assert!(engine.steps("r").await.unwrap()[0].error.is_some());
    }

    async fn an_unavailable_transaction_is_tried_again(backend) {
        backend.execute("CREATE TABLE counts (n BIGINT)").await;
        backend.execute("INSERT INTO counts VALUES (0)").await;
        let tries = Arc::new(AtomicU32::new(0));
        let seen = tries.clone();
        let engine = backend
            .engine()
            .register("late", move |ctx: Context, (): ()| {
                let seen = seen.clone();
                async move {
                    ctx.tx("late", Scope::System, move |on| {
                        let nth = seen.fetch_add(1, Ordering::SeqCst);
                        Box::pin(async move {
                            let sum = add(on, 1).await?;
                            if nth < 2 { Err(Error::unavailable("test.later", "not yet")) } else { Ok(sum) }
                        })
                    })
                    .await
                }
            })
            .start()
            .await
            .unwrap();
        engine.enqueue("r", "late", &(), "main", EnqueueOptions::default()).await.unwrap();
        assert_eq!(engine.wait::<i64>("r").await.unwrap(), 1);
        assert_eq!(tries.load(Ordering::SeqCst), 3);
    }

    async fn many_transactions_that_read_before_they_write_do_not_fail_each_other(backend) {
        backend.execute("CREATE TABLE counts (n BIGINT)").await;
        backend.execute("INSERT INTO counts VALUES (0)").await;
        let engine = backend
            .engine()
            .register("read-first", |ctx: Context, (): ()| async move {
                ctx.tx("one", Scope::System, |on| {
                    Box::pin(async move {
                        let sql = match on.dialect() {
                            proofmark_store::Dialect::Sqlite => "SELECT n FROM counts",
                            proofmark_store::Dialect::Postgres => "SELECT n FROM counts FOR UPDATE",
                        };
                        let n = on.rows(sql, values![]).await?.remove(0).int("n")?;
                        on.execute("UPDATE counts SET n = ?", values![n + 1]).await
                    })
                })
                .await
            })
            .start()
            .await
            .unwrap();
        // and others that write on connections of their own
        let rival = backend.database.clone();
        let writing = tokio::spawn(async move {
            for _ in 0..50 {
                let mut tx = rival.begin(Scope::System).await.unwrap();
                tx.execute("UPDATE counts SET n = n + 100", values![]).await.unwrap();
                tx.commit().await.unwrap();
            }
        });
        let ids: Vec<_> = (0..60).map(|i| format!("r{i}")).collect();
        for id in &ids {
            engine.enqueue(id, "read-first", &(), "main", EnqueueOptions::default()).await.unwrap();
        }
        for id in &ids {
            engine.wait::<u64>(id).await.unwrap();
        }
        writing.await.unwrap();
        assert_eq!(backend.number("SELECT n FROM counts").await, 5060);
    }

    async fn the_organization_of_a_transaction_is_set_first(backend) {
        use proofmark_kernel::organization::OrganizationId;
        let organization = OrganizationId::from_bits(9);
        let engine = backend
            .engine()
            .register("who", move |ctx: Context, (): ()| async move {
                ctx.tx("who", Scope::Organization(organization), |on| {
                    Box::pin(async move {
                        if on.dialect() == proofmark_store::Dialect::Sqlite {
                            return Ok(None);
                        }
                        let sql = "SELECT current_setting('proofmark.organization') AS it";
                        Ok(Some(on.rows(sql, values![]).await?.remove(0).text("it")?))
                    })
                })
                .await
            })
            .start()
            .await
            .unwrap();
        engine.enqueue("r", "who", &(), "main", EnqueueOptions::default()).await.unwrap();
        let who: Option<String> = engine.wait("r").await.unwrap();
        assert!(who.is_none_or(|w| w == organization.to_string()));
    }

    async fn time_and_chance_are_the_same_in_a_replay_and_sleep_lasts(backend) {
        let engine = backend
            .engine()
            .register("when", |ctx: Context, (): ()| async move {
                let (now, uuid) = (ctx.now().await?, ctx.uuid().await?);
                ctx.sleep(Duration::from_millis(300)).await?;
                let later = ctx.now().await?;
                ctx.step("end", StepOptions::once(), |_| async { Ok(()) }).await?;
                Ok((now, uuid, later))
            })
            .start()
            .await
            .unwrap();
        engine.enqueue("r", "when", &(), "main", EnqueueOptions::default()).await.unwrap();
        let first: (Timestamp, String, Timestamp) = engine.wait("r").await.unwrap();
        assert!(first.2.since(first.0) >= Duration::from_millis(290));
        // the replay of a retry gets what was recorded, without the pause
        engine.retry_from("r", "end", "r2", "main").await.unwrap();
        assert_eq!(engine.wait::<(Timestamp, String, Timestamp)>("r2").await.unwrap(), first);
    }

    async fn a_delayed_run_begins_later_and_priority_goes_first(backend) {
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = order.clone();
        let engine = proofmark_flow::Engine::builder(&backend.database)
            .version("1")
            .queue(proofmark_flow::Queue::new("one").per_worker(1))
            .listen(["one"])
            .register("note", move |ctx: Context, wait: u64| {
                let seen = seen.clone();
                async move {
                    seen.lock().unwrap().push(ctx.run_id().to_string());
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    Ok(())
                }
            })
            .start()
            .await
            .unwrap();
        let put = async |id: &str, wait: u64, options| {
            engine.enqueue(id, "note", &wait, "one", options).await.unwrap();
        };
        let priority = |priority| EnqueueOptions { priority, delay: None };
        put("delayed", 0, EnqueueOptions { priority: -9, delay: Some(Duration::from_secs(4)) }).await;
        put("first", 400, priority(0)).await;
        until("the first runs", Duration::from_secs(5), async || !order.lock().unwrap().is_empty()).await;
        put("late", 0, priority(5)).await;
        put("soon", 0, priority(1)).await;
        for id in ["first", "late", "soon", "delayed"] {
            engine.wait::<()>(id).await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["first", "soon", "late", "delayed"]);
    }
}
