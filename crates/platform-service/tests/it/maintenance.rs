//! What operators do at the machine: ways back in, and the collection of what nothing refers to.

use crate::on_both;
use crate::support::{PASSWORD, World, ada, done, enter, somebody};
use proofmark_base::digest::Digest;
use proofmark_base::time::{Clock, Timestamp};
use proofmark_kernel::principal::Role;
use proofmark_platform_service::identity::accounts;
use proofmark_platform_service::maintenance::admin::Console;
use proofmark_platform_service::maintenance::collect::{GRACE, STEPS, collect};
use proofmark_store::archive::Hold;
use proofmark_store::system::SystemClock;
use proofmark_store::{Connection, Scope, credentials, values};
use std::collections::BTreeSet;
use std::time::Duration;

on_both!(
    an_organization_is_made_and_its_owner_enters,
    whoever_is_locked_out_gets_in_again,
    accounts_are_stopped_at_once,
    only_what_nothing_refers_to_is_collected,
    nothing_is_collected_under_a_backup,
);

fn console(world: &World) -> Console<'_> {
    Console { database: &world.platform.database, now: world.platform.now(), random: &*world.platform.random }
}

async fn an_organization_is_made_and_its_owner_enters(world: &World) {
    let here = console(world);
    let (made, invited) = here.create_organization(" Second ", "Zoe@Example.org").await.unwrap();
    assert_eq!((made.name.as_str(), invited.owner.email.as_deref()), ("Second", Some("zoe@example.org")));
    assert!(invited.new && invited.owner.name == "zoe");
    let listed = here.organizations().await.unwrap();
    assert_eq!((listed.len(), listed[0].principals, listed[0].owners), (1, 1, 0), "nobody can sign in yet");
    accounts::accept(&world.platform, invited.secret.expose(), PASSWORD).await.unwrap();
    let signed = enter(&world.platform, "zoe@example.org", PASSWORD).await.unwrap();
    assert_eq!(signed.caller.organization, made.id);
    assert_eq!(here.organizations().await.unwrap()[0].owners, 1);
    assert_eq!(here.create_organization("Second", "x@example.org").await.unwrap_err().code, "organization.name-taken");
    let taken = here.create_organization("Third", "zoe@example.org").await.unwrap_err();
    assert_eq!(taken.code, "principal.email-taken");
    assert_eq!(here.organizations().await.unwrap().len(), 1, "the third is not there without its owner");
    assert_eq!(here.create_organization("", "a@example.org").await.unwrap_err().code, "name.invalid");
    assert_eq!(here.create_organization("A", "nobody").await.unwrap_err().code, "email.invalid");
    let log = done(&world.platform, made.id).await;
    assert_eq!(log[..4], ["organization.create", "principal.create", "member.grant", "principal.invite"]);
}

async fn whoever_is_locked_out_gets_in_again(world: &World) {
    let first = ada(&world.platform).await;
    let here = console(world);
    let name = "Analytical Engines";
    let (of, invited) = here.link(name, None).await.unwrap();
    assert_eq!((of.id, invited.owner.id, invited.new), (first.caller.organization, first.caller.principal, false));
    let (_, again) = here.link(&of.id.to_string(), Some("ada@example.org")).await.unwrap();
    let old = accounts::accept(&world.platform, invited.secret.expose(), PASSWORD).await.unwrap_err();
    assert_eq!(old.code, "link.refused", "a later link ends the one before");
    let other = "another pass phrase of seven otters";
    accounts::accept(&world.platform, again.secret.expose(), other).await.unwrap();
    enter(&world.platform, "ada@example.org", other).await.unwrap();
    // a second factor whose app is gone
    let mut tx = world.platform.database.begin(Scope::System).await.unwrap();
    let (o, id) = (first.caller.organization, first.caller.principal);
    credentials::set_totp(&mut tx, o, id, Some("sealed"), world.platform.now()).await.unwrap();
    credentials::confirm_totp(&mut tx, id, world.platform.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(here.principals(None).await.unwrap()[0].second_factor);
    assert!(enter(&world.platform, "ada@example.org", other).await.is_err());
    assert!(here.reset_second_factor("Ada@example.org").await.unwrap().1);
    assert!(!here.reset_second_factor(&id.to_string()).await.unwrap().1, "there is none any more");
    enter(&world.platform, "ada@example.org", other).await.unwrap();
    // somebody new becomes an owner
    let (_, invited) = here.link(name, Some("new@example.org")).await.unwrap();
    assert!(invited.new);
    assert_eq!(here.link("nobody", None).await.unwrap_err().code, "organization.not-found");
    let log = done(&world.platform, o).await;
    assert!(log.iter().any(|a| a == "totp.reset") && log.iter().filter(|a| *a == "principal.invite").count() == 3);
    let report = proofmark_platform_service::audit::verify_database(&world.platform.database, o, &[]).await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}

async fn accounts_are_stopped_at_once(world: &World) {
    let owner = ada(&world.platform).await;
    let eve = somebody(&world.platform, &owner.caller, "eve", &[Role::Engineer]).await;
    let here = console(world);
    let (_, ended) = here.revoke_sessions("eve@example.org").await.unwrap();
    assert_eq!((ended.sessions, ended.tokens), (1, 0));
    enter(&world.platform, "eve@example.org", PASSWORD).await.unwrap();
    let (out, ended) = here.set_disabled(&eve.caller.principal.to_string(), true).await.unwrap();
    assert!(out.disabled_at.is_some() && ended.sessions == 1);
    assert!(enter(&world.platform, "eve@example.org", PASSWORD).await.is_err());
    assert_eq!(here.set_disabled("eve@example.org", true).await.unwrap().1.sessions, 0, "shut out already");
    here.set_disabled("eve@example.org", false).await.unwrap();
    enter(&world.platform, "eve@example.org", PASSWORD).await.unwrap();
    // the last owner, too: there is another way in
    here.set_disabled("ada@example.org", true).await.unwrap();
    assert_eq!(here.link("Analytical Engines", None).await.unwrap_err().code, "admin.no-owner");
    assert_eq!(here.link("Analytical Engines", Some("ada@example.org")).await.unwrap_err().code, "principal.disabled");
    here.link("Analytical Engines", Some("eve@example.org")).await.unwrap();
    assert_eq!(here.set_disabled("nobody@example.org", true).await.unwrap_err().code, "principal.not-found");
    let listed = here.principals(Some("Analytical Engines")).await.unwrap();
    assert_eq!(listed.len(), 2);
    let log = done(&world.platform, owner.caller.organization).await;
    for action in ["principal.disable", "principal.enable", "principal.revoke-credentials", "principal.read"] {
        assert!(log.iter().any(|a| a == action), "{action}: {log:?}");
    }
}

/// A moment at which everything that was put until now is old.
fn later() -> Timestamp {
    SystemClock.now().after(GRACE + Duration::from_secs(60))
}

/// A workflow's row as the library writes it: its state, and when that came to be.
async fn recorded(world: &World, id: &str, status: &str, at: Timestamp, output: &str) {
    let table = match world.platform.database.postgres_pool() {
        Some(_) => "flow.workflow_status",
        None => "workflow_status",
    };
    let mut tx = world.platform.database.begin(Scope::System).await.unwrap();
    let sql =
        format!("INSERT INTO {table} (workflow_uuid, status, created_at, updated_at, output) VALUES (?, ?, ?, ?, ?)");
    tx.execute(&sql, values![id, status, at.millis(), at.millis(), output]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn only_what_nothing_refers_to_is_collected(world: &World) {
    let (database, blobs) = (&world.platform.database, &world.platform.blobs);
    proofmark_flow::prepare(database).await.unwrap();
    let owner = ada(&world.platform).await;
    let (o, prn) = (owner.caller.organization.to_string(), owner.caller.principal.to_string());
    let prj = "prj_00000000000000000000000001";
    let mut tx = database.begin(Scope::System).await.unwrap();
    let sql = "INSERT INTO platform_projects (id, organization_id, name, policy, policy_version, created_by, created_at, version)
        VALUES (?, ?, 'p', '{}', 1, ?, 0, 1)";
    tx.execute(sql, values![prj, &o, &prn]).await.unwrap();
    let now = later();
    let long_ago = now.before(STEPS + GRACE + Duration::from_secs(3600));
    let recently = now.before(STEPS);
    // run, its end by the platform, state and time by the library, of itself and of a child; whether its results stay
    let cases = [
        ("open", None, "PENDING", long_ago, "SUCCESS", long_ago, true),
        ("waiting", None, "ENQUEUED", long_ago, "SUCCESS", long_ago, true),
        ("over", Some(long_ago), "SUCCESS", long_ago, "SUCCESS", long_ago, false),
        ("failed", Some(long_ago), "ERROR", long_ago, "CANCELLED", long_ago, false),
        ("lately", Some(recently), "SUCCESS", recently, "SUCCESS", long_ago, true),
        ("by one only", Some(long_ago), "PENDING", long_ago, "SUCCESS", long_ago, true),
        ("by the other only", None, "SUCCESS", long_ago, "SUCCESS", long_ago, true),
        ("child at work", Some(long_ago), "CANCELLED", long_ago, "PENDING", long_ago, true),
        ("child lately", Some(long_ago), "CANCELLED", long_ago, "CANCELLED", recently, true),
    ];
    for (id, ended, ..) in &cases {
        let sql = "INSERT INTO platform_runs (id, organization_id, project_id, workflow, input, status, created_by,
            created_at, ended_at, last_event, version) VALUES (?, ?, ?, 'w', '{}', 'x', ?, 0, CAST(? AS BIGINT), 0, 1)";
        tx.execute(sql, values![*id, &o, prj, &prn, *ended]).await.unwrap();
    }
    let artifact = blobs.put(b"an artifact".to_vec()).await.unwrap();
    let sql = "INSERT INTO platform_artifacts (id, organization_id, project_id, name, media_type, digest, size, created_by, created_at)
        VALUES ('art_1', ?, ?, 'a', 't', ?, 11, ?, 0)";
    tx.execute(sql, values![&o, prj, artifact, &prn]).await.unwrap();
    tx.commit().await.unwrap();
    let (mut stay, mut go) = (BTreeSet::from([artifact]), BTreeSet::new());
    for (id, _, status, at, child, child_at, stays) in &cases {
        for (of, state, time) in [(id.to_string(), status, at), (format!("{id}/step"), child, child_at)] {
            let digest = blobs.put(format!("result of {of}").into_bytes()).await.unwrap();
            recorded(world, &of, state, *time, &format!("{{\"done\":\"{digest}\"}}")).await;
            if *stays {
                stay.insert(digest)
            } else {
                go.insert(digest)
            };
        }
    }
    // of a record whose run is not known to the platform, as well as of one that another refers to
    let shared = blobs.put(b"of two runs".to_vec()).await.unwrap();
    recorded(world, "elsewhere", "SUCCESS", long_ago, &shared.to_string()).await;
    stay.insert(shared);
    for n in 0..20_u32 {
        go.insert(blobs.put(format!("garbage {n}").into_bytes()).await.unwrap());
    }

    let there = async || {
        use futures_util::TryStreamExt;
        blobs.list().map_ok(|b| b.digest).try_collect::<BTreeSet<Digest>>().await.unwrap()
    };
    let young = collect(database, blobs, SystemClock.now(), false).await.unwrap();
    assert_eq!((young.blobs, young.kept as usize), (0, stay.len() + go.len()), "nothing is old enough");
    let dry = collect(database, blobs, now, true).await.unwrap();
    assert_eq!(dry.blobs as usize, go.len());
    assert_eq!(there().await.len(), stay.len() + go.len(), "a dry run removes nothing");
    let swept = collect(database, blobs, now, false).await.unwrap();
    assert_eq!((swept.blobs, swept.bytes), (dry.blobs, dry.bytes));
    assert_eq!(there().await, stay);
    assert_eq!(collect(database, blobs, now, false).await.unwrap().blobs, 0);
}

async fn nothing_is_collected_under_a_backup(world: &World) {
    let (database, blobs) = (&world.platform.database, &world.platform.blobs);
    blobs.put(b"garbage".to_vec()).await.unwrap();
    let hold = Hold::begin(database).await.unwrap();
    let held = collect(database, blobs, later(), false).await.unwrap();
    assert!(held.held_until.is_some() && held.blobs == 0);
    hold.end().await.unwrap();
    assert_eq!(collect(database, blobs, later(), false).await.unwrap().blobs, 1);
    // one that died is forgotten by itself
    let mut tx = database.begin(Scope::System).await.unwrap();
    let sql = "INSERT INTO platform_settings (name, value) VALUES ('backup.dead', ?)";
    tx.execute(sql, values![database.now().await.unwrap().before(Duration::from_secs(1)).micros().to_string()])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(collect(database, blobs, later(), true).await.unwrap().held_until.is_none());
}

mod whatever_refers {
    use super::*;
    use proofmark_store::{Blobs, Database};
    use proptest::prelude::*;

    /// How a run stands: when it ended by the platform's record, and of each execution of its family (the first is its own)
    /// the state and whether that came to be long ago.
    #[derive(Clone, Debug)]
    struct Run {
        ended_long_ago: Option<bool>,
        family: Vec<(&'static str, bool)>,
    }

    /// A blob: whether it was put long ago, and who refers to it: a place, and the run and execution that it is of.
    #[derive(Clone, Debug)]
    struct Stored {
        old: bool,
        by: Vec<(usize, usize, usize)>,
    }

    /// Places that refer for as long as their row is there, then those that count while their run does.
    const LASTING: usize = 4;
    const PLACES: usize = LASTING + 5;

    fn runs() -> impl Strategy<Value = Vec<Run>> {
        let state =
            prop::sample::select(vec!["PENDING", "ENQUEUED", "DELAYED", "SUCCESS", "ERROR", "CANCELLED", "strange"]);
        // most of them over, or nothing would ever go
        let execution = prop_oneof![3 => Just(("SUCCESS", true)), 1 => (state, any::<bool>())];
        let run =
            (prop_oneof![3 => Just(Some(true)), 1 => any::<Option<bool>>()], prop::collection::vec(execution, 1..4));
        prop::collection::vec(run.prop_map(|(ended_long_ago, family)| Run { ended_long_ago, family }), 1..4)
    }

    fn blobs() -> impl Strategy<Value = Vec<Stored>> {
        let by = prop::collection::vec((0..PLACES, 0..3_usize, 0..3_usize), 0..3);
        prop::collection::vec((prop::bool::weighted(0.8), by).prop_map(|(old, by)| Stored { old, by }), 1..12)
    }

    fn over(run: &Run) -> bool {
        let ended = |s: &str| matches!(s, "SUCCESS" | "ERROR" | "CANCELLED");
        run.ended_long_ago == Some(true) && run.family.iter().all(|(state, long_ago)| ended(state) && *long_ago)
    }

    async fn check(runs: Vec<Run>, stored: Vec<Stored>) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&folder.path().join("a.db")).await.unwrap();
        proofmark_flow::prepare(&database).await.unwrap();
        let blobs = Blobs::local(folder.path().join("blobs")).await.unwrap();
        let now = later();
        let (then, lately) = (now.before(STEPS + GRACE + Duration::from_secs(1)), now.before(STEPS + GRACE));
        let mut tx = database.begin(Scope::System).await.unwrap();
        for sql in [
            "INSERT INTO platform_organizations VALUES ('o', 'o', 0, 1)",
            "INSERT INTO platform_principals VALUES ('p', 'o', 'user', 'p', NULL, NULL, 0, 1)",
            "INSERT INTO platform_projects VALUES ('j', 'o', 'j', '{}', 1, 'p', 0, NULL, 1)",
        ] {
            tx.execute(sql, values![]).await.unwrap();
        }
        let name = |run: usize, at: usize| if at == 0 { format!("run{run}") } else { format!("run{run}/step{at}") };
        for (n, run) in runs.iter().enumerate() {
            let ended = run.ended_long_ago.map(|long_ago| if long_ago { then } else { lately });
            let sql = "INSERT INTO platform_runs (id, organization_id, project_id, workflow, input, status, created_by,
                created_at, ended_at, last_event, version) VALUES (?, 'o', 'j', 'w', '', 'x', 'p', 0, ?, 0, 1)";
            tx.execute(sql, values![name(n, 0), ended]).await.unwrap();
            for (at, (state, long_ago)) in run.family.iter().enumerate() {
                let millis = if *long_ago { then } else { lately }.millis();
                let sql =
                    "INSERT INTO workflow_status (workflow_uuid, status, created_at, updated_at) VALUES (?, ?, 0, ?)";
                tx.execute(sql, values![name(n, at), *state, millis]).await.unwrap();
            }
        }
        let mut expected = BTreeSet::new();
        for (n, blob) in stored.iter().enumerate() {
            let digest = blobs.put(format!("blob {n}").into_bytes()).await.unwrap();
            if !blob.old {
                let name = digest.to_string();
                let file = folder.path().join("blobs/sha256").join(&name[..2]).join(&name);
                let young = now.before(GRACE - Duration::from_secs(1)).micros().unsigned_abs();
                let young = std::time::UNIX_EPOCH + Duration::from_micros(young);
                std::fs::File::open(file).unwrap().set_modified(young).unwrap();
            }
            let mut stays = !blob.old;
            for (i, (place, run, at)) in blob.by.iter().enumerate() {
                let run = run % runs.len();
                let execution = name(run, at % runs[run].family.len());
                let text = format!("{{\"x\":[\"sha256:{digest}\"]}}");
                let key = format!("{n}.{i}");
                let (sql, values) = match place {
                    0 => (
                        "INSERT INTO platform_artifacts VALUES (?, 'o', 'j', NULL, 'n', 't', ?, 0, 'p', 0)",
                        values![&key, digest].to_vec(),
                    ),
                    1 => (
                        "UPDATE platform_runs SET input = input || ? WHERE id = ?",
                        values![&text, name(run, 0)].to_vec(),
                    ),
                    2 => (
                        "INSERT INTO platform_uploads VALUES (?, 'o', 'j', 'n', 't', 1, ?, 0, 'p', 0, 0, NULL)",
                        values![&key, digest].to_vec(),
                    ),
                    3 => (
                        "INSERT INTO platform_approvals VALUES (?, 'o', 'j', ?, ?, '{}', 1, '[]', '[]', 'void', 0, 1)",
                        values![&key, name(run, 0), &text].to_vec(),
                    ),
                    4 => (
                        "UPDATE workflow_status SET inputs = COALESCE(inputs, '') || ? WHERE workflow_uuid = ?",
                        values![&text, &execution].to_vec(),
                    ),
                    5 => (
                        "UPDATE workflow_status SET output = COALESCE(output, '') || ? WHERE workflow_uuid = ?",
                        values![&text, &execution].to_vec(),
                    ),
                    6 => (
                        "INSERT INTO operation_outputs (workflow_uuid, function_id, output) VALUES (?, ?, ?)",
                        values![&execution, (n * 10 + i) as i64, &text].to_vec(),
                    ),
                    7 => (
                        "INSERT INTO notifications (message_uuid, destination_uuid, message, created_at_epoch_ms) VALUES (?, ?, ?, 0)",
                        values![&key, &execution, &text].to_vec(),
                    ),
                    _ => (
                        "INSERT INTO workflow_events (workflow_uuid, key, value) VALUES (?, ?, ?)",
                        values![&execution, &key, &text].to_vec(),
                    ),
                };
                assert_eq!(tx.execute(sql, &values).await.unwrap(), 1);
                stays |= *place < LASTING || !over(&runs[run]);
            }
            if stays {
                expected.insert(digest);
            }
        }
        tx.commit().await.unwrap();
        let done = collect(&database, &blobs, now, false).await.unwrap();
        use futures_util::TryStreamExt;
        let left: BTreeSet<Digest> = blobs.list().map_ok(|b| b.digest).try_collect().await.unwrap();
        assert_eq!(left, expected);
        assert_eq!((done.kept, done.blobs), (left.len() as u64, (stored.len() - left.len()) as u64));
        database.close().await;
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
        /// What something refers to that counts stays, and everything else that is old goes.
        #[test]
        fn exactly_what_counts_stays(runs in runs(), stored in blobs()) {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(check(runs, stored));
        }
    }
}
