//! Fresh databases on the PostgreSQL server, each with roles of its own.

use super::{Postgres, or_panic, unique_name};
use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use std::str::FromStr;

/// A new, empty database. Dropping it ends its connections and drops database and roles.
pub struct Database {
    server: Postgres,
    name: String,
}

impl Postgres {
    /// A new, empty database with an owner and an ordinary role, neither of them a superuser.
    pub fn fresh_database(&self) -> Database {
        let name = unique_name("test");
        let (owner, app) = (format!("{name}_owner"), format!("{name}_app"));
        // The names need no quotes; each role's password is its name, for the server answers on loopback only.
        or_panic(execute(
            self.url(),
            &[
                format!("CREATE ROLE {owner} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{owner}'"),
                format!("CREATE ROLE {app} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{app}'"),
                format!("CREATE DATABASE {name} OWNER {owner}"),
            ],
        ));
        Database { server: self.clone(), name }
    }
}

impl Database {
    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// URL as the database's owner, who makes schemas, tables and policies, as a migration does. No superuser: it cannot
    /// say `CREATE EXTENSION vector`, see [`Database::superuser_url`].
    pub fn url(&self) -> String {
        let role = format!("{}_owner", self.name);
        self.url_as(Some((&role, &role)))
    }

    /// URL as a role that owns nothing and bypasses nothing: row-level security binds it. It has no privileges but
    /// to connect; grant it what the test needs.
    pub fn app_url(&self) -> String {
        let role = self.app_role();
        self.url_as(Some((&role, &role)))
    }

    /// Name of the role of [`Database::app_url`], for `GRANT`.
    pub fn app_role(&self) -> String {
        format!("{}_app", self.name)
    }

    /// URL as the server's superuser.
    pub fn superuser_url(&self) -> String {
        self.url_as(None)
    }

    fn url_as(&self, role: Option<(&str, &str)>) -> String {
        let mut options = or_panic(options(self.server.url())).database(&self.name);
        if let Some((user, password)) = role {
            options = options.username(user).password(password);
        }
        options.to_url_lossy().to_string()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = &self.name;
        let dropped = execute(
            self.server.url(),
            &[
                format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                format!("DROP ROLE IF EXISTS {name}_owner"),
                format!("DROP ROLE IF EXISTS {name}_app"),
            ],
        );
        // A test may have stopped its server: then all goes with the server's folder.
        if let Err(error) = dropped {
            eprintln!("{name} stays: {error:#}");
        }
    }
}

fn options(url: &str) -> Result<PgConnectOptions> {
    // The error may quote the URL, password included, which is a test's: it helps more than it harms.
    PgConnectOptions::from_str(url).with_context(|| format!("not a PostgreSQL URL: {url}"))
}

/// Executes statements one by one. On a thread of its own: the caller may be inside an async runtime, which must not
/// be blocked on from within.
fn execute(url: &str, statements: &[String]) -> Result<()> {
    let options = options(url)?;
    let work = async {
        let mut connection = PgConnection::connect_with(&options).await.context("cannot connect to PostgreSQL")?;
        for statement in statements {
            connection.execute(statement.as_str()).await.with_context(|| statement.clone())?;
        }
        connection.close().await.context("closing a connection")
    };
    let on_thread = || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
        runtime.block_on(async {
            let limit = std::time::Duration::from_secs(60);
            tokio::time::timeout(limit, work).await.context("PostgreSQL takes longer than a minute")?
        })
    };
    let joined = std::thread::scope(|scope| scope.spawn(on_thread).join());
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
