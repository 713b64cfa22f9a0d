//! PostgreSQL: databases, roles, and a server that stops and crashes.

use proofmark_testkit::services::{own_postgres, postgres};
use sqlx::{Connection, Executor, PgConnection, Row};

/// Rows of `query`, the first column as text.
fn rows(url: &str, query: &str) -> Result<Vec<String>, sqlx::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        let rows = connection.fetch_all(query).await?;
        Ok(rows.iter().map(|r| r.get::<String, _>(0)).collect())
    })
}

fn run(url: &str, statement: &str) {
    rows(url, statement).unwrap();
}

/// PostgreSQL's code of the error.
fn code(error: sqlx::Error) -> String {
    error.as_database_error().unwrap_or_else(|| panic!("{error}")).code().unwrap().into_owned()
}

#[test]
fn row_level_security_binds_the_ordinary_role() {
    let server = postgres();
    let database = server.fresh_database();
    let superuser = "SELECT rolsuper::text || ' ' || rolbypassrls::text FROM pg_roles WHERE rolname = current_user";
    assert_eq!(rows(&database.superuser_url(), superuser).unwrap(), ["true true"]);
    assert_eq!(rows(&database.url(), superuser).unwrap(), ["false false"]);
    assert_eq!(rows(&database.app_url(), superuser).unwrap(), ["false false"]);

    run(&database.url(), "CREATE TABLE notes (organization text, body text)");
    run(&database.url(), "INSERT INTO notes VALUES ('a', 'of a'), ('b', 'of b')");
    assert_eq!(code(rows(&database.app_url(), "SELECT body FROM notes").unwrap_err()), "42501");
    run(&database.url(), &format!("GRANT SELECT ON notes TO {}", database.app_role()));
    assert_eq!(rows(&database.app_url(), "SELECT body FROM notes ORDER BY 1").unwrap(), ["of a", "of b"]);
    run(&database.url(), "ALTER TABLE notes ENABLE ROW LEVEL SECURITY");
    run(&database.url(), "CREATE POLICY own ON notes USING (organization = 'a')");
    assert_eq!(rows(&database.app_url(), "SELECT body FROM notes").unwrap(), ["of a"]);
    assert_eq!(rows(&database.superuser_url(), "SELECT body FROM notes ORDER BY 1").unwrap(), ["of a", "of b"]);
}

#[test]
fn databases_are_apart_and_go_with_their_guard() {
    let server = postgres();
    let (first, second) = (server.fresh_database(), server.fresh_database());
    run(&first.url(), "CREATE TABLE here (x int)");
    assert_eq!(code(rows(&second.url(), "SELECT x::text FROM here").unwrap_err()), "42P01");
    let (url, name) = (first.superuser_url(), first.name().to_string());
    drop(first);
    assert_eq!(code(rows(&url, "SELECT 'x'").unwrap_err()), "3D000");
    let roles = format!("SELECT rolname::text FROM pg_roles WHERE rolname LIKE '{name}%'");
    assert!(rows(server.url(), &roles).unwrap().is_empty());
}

#[test]
fn vectors_are_there_once_the_superuser_says_so() {
    let database = postgres().fresh_database();
    run(&database.superuser_url(), "CREATE EXTENSION vector");
    let distance = "SELECT ('[0,3]'::vector <-> '[4,0]'::vector)::text";
    assert_eq!(rows(&database.url(), distance).unwrap(), ["5"]);
}

#[test]
fn a_database_can_be_made_inside_an_async_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let name = runtime.block_on(async { postgres().fresh_database().name().to_string() });
    assert!(name.starts_with("test_"));
}

#[test]
fn what_was_committed_survives_a_stop_and_a_crash() {
    let mut server = own_postgres();
    let (url, first) = (server.url().to_string(), server.pid());
    let database = server.fresh_database();
    run(&database.url(), "CREATE TABLE kept AS SELECT 'before the stop' AS what");
    server.stop();
    assert!(matches!(rows(&url, "SELECT 'x'"), Err(sqlx::Error::Io(_))));
    server.start();
    assert_eq!(server.url(), url);
    assert_ne!(server.pid(), first);
    run(&database.url(), "INSERT INTO kept VALUES ('before the crash')");
    server.crash();
    assert!(matches!(rows(&url, "SELECT 'x'"), Err(sqlx::Error::Io(_))));
    server.start();
    let kept = rows(&database.url(), "SELECT what FROM kept ORDER BY 1").unwrap();
    assert_eq!(kept, ["before the crash", "before the stop"]);
    server.restart();
    assert_eq!(rows(&url, "SELECT 'here'").unwrap(), ["here"]);
}
