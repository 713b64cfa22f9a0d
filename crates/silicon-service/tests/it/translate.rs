//! Whole runs: translated, refused, cancelled.

use crate::fixture::{Fixture, key, python};
use proofmark_base::digest::Digest;
use proofmark_kernel::approval::Choice;
use proofmark_kernel::run::{RunEventKind, RunStatus, StepStatus};
use proofmark_platform_service::{approvals, audit, releases, runs};
use proofmark_silicon_verify::cancel::Cancel;
use proofmark_silicon_verify::translate::{self, Options, Origin, Results, STACK, Session, Step};
use proofmark_store::Scope;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const SOURCE: &str = "import numpy as np\n\n\ndef scale(x, gain):\n    return np.clip(x * gain, -1.0, 1.0)\n";
const BENCH: &str = "import numpy as np\nfrom scale import scale\n\nrng = np.random.default_rng(1)\nfor n in (5, 64):\n    y = scale(rng.standard_normal(n), 0.75)\n    assert np.all(np.abs(y) <= 1.0)\n";

/// The files that the command line would write, signed with the same key.
fn by_command_line(file: &Path, bench: &Path) -> BTreeMap<String, Digest> {
    let options = Options { bench: Some(bench.into()), target: vec!["c".into(), "rust".into()], ..Options::default() };
    let resolved = translate::resolve(file, options, Origin::Own).unwrap();
    let (scratch, python) = (tempfile::tempdir().unwrap(), python());
    let mut session = Session::new(&resolved.job, &resolved.folder, &python, scratch.path(), Cancel::new());
    let mut results = Results::new();
    for step in Step::plan(&resolved.job) {
        let bytes = session.run(step, &results, &mut |_| {}).unwrap();
        results.insert(step, bytes);
    }
    let bundle = Session::bundle(&resolved.job, &results).unwrap();
    bundle.sealed(&key()).unwrap().into_iter().map(|(name, bytes)| (name, Digest::of(&bytes))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_gives_the_bytes_of_the_command_line_and_is_released_once_approved() {
    let f = Fixture::new().await;
    let folder = f.folder.path().join("project");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("scale.py"), SOURCE).unwrap();
    std::fs::write(folder.join("bench.py"), BENCH).unwrap();
    let (file, bench) = (folder.join("scale.py"), folder.join("bench.py"));
    let here = std::thread::Builder::new().stack_size(STACK).spawn(move || by_command_line(&file, &bench)).unwrap();

    let sources = json!([
        {"artifact": f.artifact("scale.py", SOURCE.as_bytes()).await, "path": "scale.py"},
        {"artifact": f.artifact("bench.py", BENCH.as_bytes()).await, "path": "bench.py"},
    ]);
    let input = json!({"sources": sources, "file": "scale.py", "bench": "bench.py", "targets": ["c", "rust"], "release": "scale 1"});
    let run = f.start(input).await;
    let waiting = f.wait(&run, |r| r.status == RunStatus::Waiting).await;
    assert_eq!(waiting.result.as_ref().unwrap().value().unwrap()["outcome"], "translated");

    let made = runs::artifacts(&f.platform, &f.author, run.id).await.unwrap();
    let made: BTreeMap<String, Digest> = made.into_iter().map(|a| (a.name, a.digest)).collect();
    let expected = here.join().unwrap();
    assert!(expected.len() > 10);
    assert_eq!(made, expected);

    let (checks, claims) = runs::evidence(&f.platform, &f.author, run.id).await.unwrap();
    assert!(checks.len() > 10);
    assert_eq!(claims.iter().map(|(t, _)| t.as_str()).collect::<Vec<_>>(), ["c", "rust"]);

    // nobody approves their own work, and the approver sees what is approved
    let listed = approvals::list(&f.platform, &f.approver, f.project.id, None, Default::default()).await.unwrap();
    let approval = &listed.items[0];
    let own = approvals::decide(&f.platform, &f.author, approval.id, Choice::Approve, "", approval.binding()).await;
    assert!(own.is_err());
    let decided = approvals::decide(&f.platform, &f.approver, approval.id, Choice::Approve, "good", approval.binding())
        .await
        .unwrap();
    f.engine.signal(&run.id.to_string(), approvals::TOPIC, &decided.status, "decision").await.unwrap();
    let done = f.wait(&run, |r| r.status == RunStatus::Succeeded).await;
    assert_eq!(done.result, waiting.result);

    let released = releases::list(&f.platform, &f.author, f.project.id, Default::default()).await.unwrap();
    assert_eq!(released.items[0].name, "scale 1");
    let envelope = releases::envelope(&f.platform, &f.author, released.items[0].id).await.unwrap();
    let envelope = proofmark_evidence::dsse::Envelope::from_bytes(&envelope).unwrap();
    let statement = envelope.verify(&[key().public()]).unwrap().payload;
    let statement: serde_json::Value = serde_json::from_slice(&statement).unwrap();
    assert_eq!(statement["subject"].as_array().unwrap().len(), expected.len());

    let steps = runs::steps(&f.platform, &f.author, run.id).await.unwrap();
    assert!(steps.iter().all(|s| s.status == StepStatus::Succeeded), "{steps:#?}");
    let names: Vec<&str> = steps.iter().map(|s| s.name.as_str()).collect();
    for name in [
        "sources",
        "record",
        "model",
        "faults",
        "blocks",
        "target.c",
        "target.rust",
        "mutants",
        "evidence",
        "seal",
        "release",
    ] {
        assert!(names.contains(&name), "{name} of {names:?}");
    }
    let (_, events) = runs::events(&f.platform, &f.author, run.id, 0, 1_000).await.unwrap();
    assert!(events.iter().any(|e| e.kind == RunEventKind::Progress));
    assert!(events.iter().map(|e| e.seq).eq(1..=events.len() as i64));
    let report = audit::verify_database(&f.platform.database, f.author.organization, &[]).await.unwrap();
    assert!(report.faults.is_empty() && report.entries >= 5, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_program_ends_the_run_with_its_diagnostics() {
    let f = Fixture::new().await;
    let source = "def f(x):\n    yield x\n";
    let bench = "from gen import f\nlist(f(1.0))\n";
    let sources = json!([
        {"artifact": f.artifact("gen.py", source.as_bytes()).await, "path": "gen.py"},
        {"artifact": f.artifact("bench.py", bench.as_bytes()).await, "path": "bench.py"},
    ]);
    let run = f.start(json!({"sources": sources, "file": "gen.py", "bench": "bench.py", "targets": ["c"]})).await;
    let ended = f.wait(&run, |r| r.status == RunStatus::Failed).await;
    assert!(ended.error.as_ref().unwrap().code.starts_with("PM"), "{ended:?}");
    assert_eq!(ended.result.unwrap().value().unwrap()["outcome"], "refused");
    let made = runs::artifacts(&f.platform, &f.author, run.id).await.unwrap();
    let text = made.iter().find(|a| a.name == "diagnostics.txt").unwrap();
    let text = String::from_utf8(f.platform.blobs.bytes(text.digest, 1 << 20).await.unwrap()).unwrap();
    assert!(text.contains("error[PM0107]: generators"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_ends_its_work_within_seconds() {
    let f = Fixture::new().await;
    let bench = "from scale import scale\nimport time\ntime.sleep(600)\nscale(1.0, 2.0)\n";
    let sources = json!([
        {"artifact": f.artifact("scale.py", SOURCE.as_bytes()).await, "path": "scale.py"},
        {"artifact": f.artifact("bench.py", bench.as_bytes()).await, "path": "bench.py"},
    ]);
    let run = f.start(json!({"sources": sources, "file": "scale.py", "bench": "bench.py", "targets": ["c"]})).await;
    // the bench is asleep
    for _ in 0..400 {
        let steps = runs::steps(&f.platform, &f.author, run.id).await.unwrap();
        if steps.iter().any(|s| s.name == "record") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    runs::cancel(&f.platform, &f.author, run.id).await.unwrap();
    f.engine.cancel(&run.id.to_string()).await.unwrap();
    let scratch = f.folder.path().join("scratch");
    let mut left = usize::MAX;
    for _ in 0..200 {
        left = std::fs::read_dir(&scratch).unwrap().count();
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(left, 0, "the step still has its scratch folder");
    let ended = runs::get(&f.platform, &f.author, run.id).await.unwrap();
    assert_eq!(ended.status, RunStatus::Cancelled);
    let steps = runs::steps(&f.platform, &f.author, run.id).await.unwrap();
    assert!(steps.iter().all(|s| s.ended_at.is_some()), "{steps:#?}");
    let mut tx = f.platform.database.read(Scope::System).await.unwrap();
    assert!(proofmark_store::runs::checks(&mut tx, run.id).await.unwrap().is_empty());
}
