//! PostgreSQL: connections of the library, and the fence that keeps an executor whose work was given away from
//! recording anything.

use crate::error::{FENCED, read};
use durare::{PostgresProvider, StateProvider};
use proofmark_base::error::Result;
use proofmark_store::database::error;
use proofmark_store::executors::ExecutorId;
use sqlx::Executor;
use sqlx::postgres::{PgPool, PgPoolOptions};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Where the library's tables are; ours stay where the connection finds them by default.
pub(crate) const SCHEMA: &str = "flow";

/// Any number, the same for all who install the fence.
const LOCK: i64 = 0x666c_6f77;

/// Connections of the library's own.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) pool: PgPool,
    /// When the library had made its tables.
    ready: Arc<OnceLock<Instant>>,
}

impl Connections {
    /// To the database of `model`, made when they are needed. Those of an executor say which it is: the fence asks.
    pub(crate) fn new(model: &PgPool, executor: Option<ExecutorId>, connections: u32) -> Self {
        let options = (*model.connect_options()).clone();
        // a rollback of nothing, below, is no news
        let options = options.options([("client_min_messages", "error")]);
        let options = match executor {
            Some(id) => options.options([("proofmark.executor", id.to_string())]),
            None => options,
        };
        let ready = Arc::new(OnceLock::<Instant>::new());
        let since = ready.clone();
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(10))
            .before_acquire(move |_, about| {
                let older = since.get().is_some_and(|ready| about.age >= ready.elapsed());
                Box::pin(async move { Ok(!older) })
            })
            // a run that is cancelled while a transaction begins leaves its connection within it: the driver does not roll
            // that back, and what the next one records on it would not be committed
            .after_release(|connection, _| Box::pin(async move { connection.execute("ROLLBACK").await.map(|_| true) }))
            .connect_lazy_with(options);
        Connections { pool, ready }
    }

    /// The library on these connections, its tables made or brought up to date.
    pub(crate) async fn provider(&self) -> Result<PostgresProvider> {
        let provider = PostgresProvider::from_pool_with_schema(self.pool.clone(), SCHEMA).map_err(read)?;
        provider.init().await.map_err(read)?;
        Ok(provider)
    }

    /// Gives up all connections made so far. The library's migration, which every engine on it runs when it is made,
    /// leaves its schema as the search path of the connection it ran on, and our tables would not be found there.
    pub(crate) fn begin_anew(&self) {
        let _ = self.ready.set(Instant::now());
    }
}

/// Makes the fence, once.
///
/// A trigger looks, within the transaction of every record that an executor writes, whether that executor still owns
/// work. It holds a shared lock until the commit; who gives the work away takes it exclusively first. So a record is
/// either committed before the work is given away, or refused: however long the process slept in between.
pub(crate) async fn fence(pool: &PgPool) -> Result<()> {
    let mut tx = pool.begin().await.map_err(error)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await.map_err(error)?;
    let there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'proofmark_fence_1_status'
            AND tgrelid = 'flow.workflow_status'::regclass)",
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(error)?;
    if !there {
        let ours: String =
            sqlx::query_scalar("SELECT quote_ident(current_schema())").fetch_one(&mut *tx).await.map_err(error)?;
        let function = format!(
            "CREATE OR REPLACE FUNCTION {SCHEMA}.proofmark_fence() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE me text := current_setting('proofmark.executor', true);
            BEGIN
                IF me IS NULL OR me = '' THEN
                    RETURN NEW;
                END IF;
                PERFORM pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended(me, 0));
                IF NOT EXISTS (SELECT 1 FROM {ours}.platform_executors
                        WHERE id = me AND stopped_at IS NULL AND taken_over_at IS NULL) THEN
                    RAISE EXCEPTION 'the work of % was given away', me USING ERRCODE = '{FENCED}';
                END IF;
                RETURN NEW;
            END $$"
        );
        let outputs = format!(
            "CREATE TRIGGER proofmark_fence_1_outputs BEFORE INSERT ON {SCHEMA}.operation_outputs
             FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.proofmark_fence()"
        );
        let status = format!(
            "CREATE TRIGGER proofmark_fence_1_status BEFORE UPDATE OF status, executor_id ON {SCHEMA}.workflow_status
             FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.proofmark_fence()"
        );
        for statement in [function, outputs, status] {
            sqlx::query(&statement).execute(&mut *tx).await.map_err(error)?;
        }
    }
    tx.commit().await.map_err(error)
}
