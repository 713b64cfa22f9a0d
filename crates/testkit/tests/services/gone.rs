//! No server, no backend and no folder stays: not after the handle, not after a killed owner, not after a killed supervisor.

use crate::support::{authority, descendants, eventually, folder, parent, runs};
use proofmark_testkit::services::{
    NATS, POSTGRES, S3_SERVER, nats, oidc, own_nats, own_postgres, own_s3, postgres, s3,
};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn a_server_goes_with_its_handle() {
    let (postgres, nats, s3) = (own_postgres(), own_nats(), own_s3());
    let oidc = oidc(&["http://127.0.0.1/callback"]);
    let pids = [postgres.pid(), nats.pid(), s3.pid().unwrap(), oidc.pid()];
    let folders = pids.map(folder);
    let urls = [postgres.url(), nats.url(), s3.url(), oidc.issuer()].map(|url| authority(url).to_string());
    for ((pid, folder), address) in pids.iter().zip(&folders).zip(&urls) {
        assert!(runs(*pid) && folder.join("log").is_file());
        TcpStream::connect(address).unwrap();
    }
    // A bucket and a database keep the server that they are on.
    let bucket = s3.fresh_bucket();
    drop((postgres, nats, s3, oidc));
    assert!(runs(pids[2]));
    drop(bucket);
    for ((pid, folder), address) in pids.iter().zip(&folders).zip(&urls) {
        assert!(!runs(*pid) && !folder.exists());
        assert!(TcpStream::connect(address).is_err());
    }
}

/// Starts the shared servers, says that they run, and waits for its end.
#[test]
#[ignore = "the process that the next tests start and kill"]
fn owner() {
    let (postgres, nats, s3) = (postgres(), nats(), s3());
    assert_eq!(postgres.url(), proofmark_testkit::services::postgres().url());
    let database = postgres.fresh_database();
    println!(
        "\nready {} {} {} {}",
        authority(postgres.url()),
        authority(nats.url()),
        authority(s3.url()),
        database.name()
    );
    // Until the test closes the pipe, which it does when this process is to end by itself.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Runs [`owner`], ends it by `end`, and holds that nothing of it stays.
fn nothing_stays(end: impl FnOnce(&mut std::process::Child)) {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["gone::owner", "--exact", "--ignored", "--nocapture"])
        .env_remove(POSTGRES)
        .env_remove(NATS)
        .env_remove(S3_SERVER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Open to the end: the owner still writes when it stops.
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let ready = lines.find(|l| l.starts_with("ready ")).expect("the owner starts its servers");
    let addresses: Vec<&str> = ready.split(' ').skip(1).take(3).collect();
    let family = descendants(owner.id());
    // Three supervisors, three servers, and the processes of PostgreSQL.
    assert!(family.len() > 8, "{family:?}");
    let folders: Vec<_> = family.iter().filter(|pid| runs(**pid)).map(|pid| folder(*pid)).collect();
    addresses.iter().for_each(|a| drop(TcpStream::connect(a).unwrap()));
    end(&mut owner);
    for pid in family {
        eventually("no process of it stays", || !runs(pid));
    }
    for folder in folders {
        eventually("no folder of it stays", || !folder.exists());
    }
    addresses.iter().for_each(|a| assert!(TcpStream::connect(a).is_err()));
}

#[test]
fn nothing_stays_of_an_owner_that_was_killed() {
    nothing_stays(|owner| {
        owner.kill().unwrap();
        assert!(!owner.wait().unwrap().success());
    });
}

#[test]
fn nothing_stays_of_an_owner_that_ended() {
    nothing_stays(|owner| {
        drop(owner.stdin.take());
        assert!(owner.wait().unwrap().success());
    });
}

#[test]
fn a_server_whose_supervisor_was_killed_is_killed() {
    let (postgres, nats, s3) = (own_postgres(), own_nats(), own_s3());
    for pid in [postgres.pid(), nats.pid(), s3.pid().unwrap()] {
        let folder = folder(pid);
        let family = descendants(pid);
        // The shell's own `kill`: a minimal Debian has no program of that name.
        let killed =
            Command::new("sh").args(["-c", &format!("kill -s KILL {}", parent(pid).unwrap())]).status().unwrap();
        assert!(killed.success());
        for pid in family.into_iter().chain([pid]) {
            eventually("the server is gone", || !runs(pid));
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
