//! Lists are found by an index, however long they are and however deep the page.

use async_trait::async_trait;
use proofmark_base::error::Result;
use proofmark_kernel::approval::ApprovalStatus;
use proofmark_kernel::run::RunStatus;
use proofmark_store::page::Page;
use proofmark_store::{
    Connection, Database, Dialect, Row, Scope, Transaction, Value, approvals, artifacts, deliveries, migrate,
    principals, projects, releases, runs, tokens, webhooks,
};

/// Asks SQLite how it would answer, and answers nothing.
struct Explained {
    tx: Transaction,
    plans: Vec<(String, String)>,
}

#[async_trait]
impl Connection for Explained {
    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }

    async fn execute(&mut self, sql: &str, _: &[Value]) -> Result<u64> {
        panic!("a list only reads: {sql}");
    }

    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        let plan = self.tx.rows(&format!("EXPLAIN QUERY PLAN {sql}"), values).await?;
        let lines: Vec<String> = plan.iter().map(|r| r.text("detail").unwrap()).collect();
        self.plans.push((sql.into(), lines.join("; ")));
        Ok(Vec::new())
    }
}

fn deep<Id: std::str::FromStr>(prefix: &str) -> [Page<Id>; 2] {
    let id = format!("{prefix}_00000000000000000000000009").parse().ok();
    assert!(id.is_some());
    [Page { before: None, limit: 50 }, Page { before: id, limit: 50 }]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_list_is_found_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::sqlite(&folder.path().join("a.db")).await.unwrap();
    migrate::run(&database).await.unwrap();
    let mut on = Explained { tx: database.begin(Scope::System).await.unwrap(), plans: Vec::new() };
    let organization = "org_00000000000000000000000001".parse().unwrap();
    let project = "prj_00000000000000000000000001".parse().unwrap();
    for page in deep("prj") {
        for archived in [false, true] {
            projects::list(&mut on, organization, archived, page).await.unwrap();
        }
    }
    for page in deep("run") {
        for status in [None, Some(RunStatus::Running)] {
            runs::list(&mut on, organization, project, status, page).await.unwrap();
        }
    }
    for page in deep("apr") {
        for status in [None, Some(ApprovalStatus::Pending)] {
            approvals::list(&mut on, organization, project, status, page).await.unwrap();
        }
    }
    for page in deep("art") {
        artifacts::list(&mut on, organization, project, page).await.unwrap();
    }
    for page in deep("rel") {
        releases::list(&mut on, organization, project, page).await.unwrap();
    }
    for page in deep("prn") {
        principals::list(&mut on, organization, page).await.unwrap();
    }
    for page in deep("tok") {
        for of in [None, Some("prn_00000000000000000000000001".parse().unwrap())] {
            tokens::list(&mut on, organization, of, page).await.unwrap();
        }
    }
    for page in deep("whk") {
        for of in [None, Some(project)] {
            webhooks::list(&mut on, organization, of, page).await.unwrap();
        }
    }
    for page in deep("dlv") {
        let webhook = "whk_00000000000000000000000001".parse().unwrap();
        deliveries::list(&mut on, organization, webhook, None, page).await.unwrap();
    }
    assert!(on.plans.len() >= 26);
    for (sql, plan) in on.plans {
        let found = plan.starts_with("SEARCH") && plan.contains("USING INDEX");
        assert!(found && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        assert!(!sql.contains("id < ?") || plan.contains("id<?"), "the page is found, not searched for: {sql}: {plan}");
    }
}
