//! Configuration of the server and the worker: a file, then the environment, then flags; later ones win. Each value
//! knows where it comes from, and secrets come by file or environment only and are never printed.

use proofmark_base::error::{Error, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of the file.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
    /// The command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// An option: its name in the file and as a flag; `PROOFMARK_NAME` in the environment.
pub struct Key {
    /// `public-url`.
    pub name: &'static str,
    /// What it is without being said.
    pub default: &'static str,
    /// Whether it is printed, and may stand on the command line.
    pub secret: bool,
    /// One line for people.
    pub about: &'static str,
}

const fn key(name: &'static str, default: &'static str, about: &'static str) -> Key {
    Key { name, default, secret: false, about }
}

/// Every option.
pub const KEYS: &[Key] = &[
    key("data", "./proofmark-data", "folder of the database, the blobs and the keys"),
    key("listen", "127.0.0.1:8080", "address and port to answer at"),
    key(
        "health-listen",
        "",
        "address and port where `proofmark worker` answers /livez, /readyz and /metrics; none if empty",
    ),
    key("public-url", "", "how browsers and other programs reach the server; made from `listen` if empty"),
    Key {
        name: "database",
        default: "",
        secret: true,
        about: "postgres://user:password@host/name; SQLite in `data` if empty",
    },
    key("database-connections", "16", "connections to PostgreSQL, at least 2"),
    Key { name: "blobs", default: "", secret: true, about: "s3://bucket/prefix; a folder in `data` if empty" },
    Key { name: "events", default: "", secret: true, about: "nats://host:4222; within the process if empty" },
    key("workers", "2", "steps that run at a time on each limited queue of this process; 0: this process runs none"),
    key("tools", "", "tools that this worker offers, separated by commas; those that are found if empty"),
    key("signing-key", "", "key file for releases and checkpoints; made in `data` if empty"),
    key("secrets-key", "", "key file that secrets are sealed with; made in `data` if empty"),
    key("policies", "", "file of Cedar policies that are added to the shipped ones"),
    key("tls-certificate", "", "PEM file of the server's certificate and its issuers; plain HTTP if empty"),
    key("tls-key", "", "PEM file of the certificate's private key"),
    key(
        "tls-client-certificates",
        "false",
        "true: clients may show certificates that are registered for service accounts",
    ),
    key("tls-client-ca", "", "PEM file of authorities that must have issued clients' certificates; any if empty"),
    key("oidc-issuer", "", "address of an OpenID Connect provider to sign in at; none if empty"),
    key("oidc-name", "sso", "name of that provider in addresses and on pages"),
    key("oidc-client-id", "", "what this program is called there"),
    Key { name: "oidc-client-secret", default: "", secret: true, about: "its secret there" },
    key("oidc-scopes", "profile,email,groups", "scopes that are asked for beside openid, separated by commas"),
    key("oidc-groups-claim", "groups", "the claim that holds a person's groups"),
    key("oidc-roles", "", "roles that groups give: group:role or group:role:project, separated by commas"),
    key(
        "oidc-allowed-domains",
        "",
        "domains of verified addresses that may come in, separated by commas; any if empty",
    ),
    key("oidc-auto-provision", "false", "true: whoever is not known yet gets an account"),
    key("oidc-link-by-email", "false", "true: the provider decides who signs in to an account with the same address"),
    key("oidc-organization", "", "identifier of the organization that its people belong to; the only one if empty"),
    key("trusted-proxies", "", "networks whose X-Forwarded-For is believed, separated by commas"),
    key("allow-networks", "", "private networks that webhooks may reach, separated by commas"),
    key("max-upload", "8589934592", "largest artifact, bytes"),
    key("principal-rate", "500", "requests a second that one principal may make, counted over ten seconds"),
    key("max-open-runs", "1000", "runs of an organization that have not ended"),
    key("log", "info", "what is logged: error, warn, info, debug, trace, or filters by module"),
    key("log-format", "text", "text or json"),
    key("python", "", "Python interpreter with NumPy 2, for benches"),
];

/// A value with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// As it was written.
    pub value: String,
    /// Where.
    pub origin: Origin,
}

/// Every option's value.
#[derive(Clone, Debug)]
pub struct Settings(BTreeMap<&'static str, Setting>);

/// Variables of the environment that are others' or the command line's own.
const NOT_OURS: &[&str] = &[
    "PROOFMARK_CONFIG",
    "PROOFMARK_TOKEN",
    "PROOFMARK_SERVER",
    "PROOFMARK_CA",
    "PROOFMARK_CLIENT_CERTIFICATE",
    "PROOFMARK_CLIENT_KEY",
];

fn wrong(origin: &Origin, name: &str, why: impl fmt::Display) -> Error {
    Error::invalid("config.invalid", format!("the option `{name}` ({origin}) cannot be used: {why}"))
        .help("`proofmark config explain` prints every option with its value and origin")
}

impl Settings {
    /// From a file's text, the environment and flags.
    ///
    /// # Errors
    /// `config.invalid` and `config.unknown`, with the option's name and origin.
    pub fn read(
        file: Option<(&Path, &str)>,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[(&'static str, String)],
    ) -> Result<Settings> {
        let mut all: BTreeMap<&'static str, Setting> =
            KEYS.iter().map(|k| (k.name, Setting { value: k.default.into(), origin: Origin::Default })).collect();
        if let Some((path, text)) = file {
            for (name, value, line) in lines(path, text)? {
                let origin = Origin::File(path.into(), line);
                let known = KEYS.iter().find(|k| k.name == name).ok_or_else(|| unknown(&name, &origin))?;
                all.insert(known.name, Setting { value, origin });
            }
        }
        for (variable, value) in environment {
            let Some(rest) = variable.strip_prefix("PROOFMARK_") else { continue };
            let name = rest.to_lowercase().replace('_', "-");
            let origin = Origin::Environment(variable.clone());
            match KEYS.iter().find(|k| k.name == name) {
                Some(known) => drop(all.insert(known.name, Setting { value, origin })),
                None if NOT_OURS.contains(&variable.as_str()) || variable.starts_with("PROOFMARK_TEST_") => {}
                None => return Err(unknown(&name, &origin)),
            }
        }
        for (name, value) in flags {
            all.insert(name, Setting { value: value.clone(), origin: Origin::Flag(format!("--{name}")) });
        }
        Ok(Settings(all))
    }

    /// A value.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |s| s.value.as_str())
    }

    /// A value that is not empty.
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|v| !v.is_empty())
    }

    /// A value read as `T`.
    ///
    /// # Errors
    /// `config.invalid`.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str, what: &str) -> Result<T> {
        let setting = &self.0[name];
        setting.value.trim().parse().map_err(|_| wrong(&setting.origin, name, format!("it is not {what}")))
    }

    /// A list separated by commas.
    ///
    /// # Errors
    /// `config.invalid`.
    pub fn list<T: std::str::FromStr>(&self, name: &str, what: &str) -> Result<Vec<T>> {
        let setting = &self.0[name];
        let items = setting.value.split(',').map(str::trim).filter(|v| !v.is_empty());
        items.map(|v| v.parse().map_err(|_| wrong(&setting.origin, name, format!("`{v}` is not {what}")))).collect()
    }

    /// The address to listen at.
    ///
    /// # Errors
    /// `config.invalid`.
    pub fn listen(&self) -> Result<SocketAddr> {
        self.parsed("listen", "an address and a port, like 127.0.0.1:8080")
    }

    /// Where a worker says how it stands, if anywhere.
    ///
    /// # Errors
    /// `config.invalid`.
    pub fn health_listen(&self) -> Result<Option<SocketAddr>> {
        let given = self.given("health-listen").is_some();
        given.then(|| self.parsed("health-listen", "an address and a port, like 127.0.0.1:8081")).transpose()
    }

    /// How browsers and other programs reach the server, if somebody said so; without a slash at the end.
    pub fn public_url(&self) -> Option<&str> {
        self.given("public-url").map(|url| url.trim_end_matches('/'))
    }

    /// The same; made from the address that it listens at where nobody said anything.
    pub fn url(&self, listens: SocketAddr) -> String {
        let scheme = if self.given("tls-certificate").is_some() { "https" } else { "http" };
        self.public_url().map_or_else(|| format!("{scheme}://{listens}"), String::from)
    }

    /// The error for an option that was read and cannot be followed.
    pub fn unusable(&self, name: &str, why: impl fmt::Display) -> Error {
        wrong(&self.0[name].origin, name, why)
    }

    /// Every option with value and origin, secrets hidden.
    pub fn explain(&self) -> Vec<(&'static Key, String, String)> {
        let shown = |k: &Key, s: &Setting| match (s.value.is_empty(), k.secret) {
            (true, _) => String::new(),
            (false, true) => "(hidden)".to_string(),
            (false, false) => s.value.clone(),
        };
        KEYS.iter().map(|k| (k, shown(k, &self.0[k.name]), self.0[k.name].origin.to_string())).collect()
    }
}

fn unknown(name: &str, origin: &Origin) -> Error {
    let near = KEYS.iter().map(|k| k.name).filter(|k| distance(k, name) <= 2).collect::<Vec<_>>().join(", ");
    let error = Error::invalid("config.unknown", format!("there is no option `{name}` ({origin})"));
    error.help(if near.is_empty() {
        "`proofmark config explain` prints every option".into()
    } else {
        format!("did you mean {near}?")
    })
}

/// Edits between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left_above = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (left_above + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
            left_above = above;
        }
    }
    row[b.len()]
}

/// The options of a file with their lines: TOML of strings, numbers, truth values and lists of them.
fn lines(path: &Path, text: &str) -> Result<Vec<(String, String, usize)>> {
    let line_of = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let broken = |line: usize, why: String| {
        Error::invalid("config.file", format!("{}:{line} cannot be read: {why}", path.display()))
    };
    let table: toml::Table =
        toml::from_str(text).map_err(|e| broken(e.span().map_or(1, |s| line_of(s.start)), e.message().to_string()))?;
    let mut found = Vec::new();
    for (name, value) in table {
        let here = |l: &str| l.trim_start().strip_prefix(&*name).is_some_and(|r| r.trim_start().starts_with('='));
        let line = text.lines().position(here).map_or(1, |l| l + 1);
        let word = |v: &toml::Value| match v {
            toml::Value::String(s) => Some(s.clone()),
            toml::Value::Integer(i) => Some(i.to_string()),
            toml::Value::Boolean(b) => Some(b.to_string()),
            _ => None,
        };
        let value = match &value {
            toml::Value::Array(items) => items.iter().map(word).collect::<Option<Vec<_>>>().map(|v| v.join(",")),
            other => word(other),
        };
        let value =
            value.ok_or_else(|| broken(line, format!("`{name}` must be a text, a number or a list of those")))?;
        found.push((name, value, line));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn environment(pairs: &[(&str, &str)]) -> std::vec::IntoIter<(String, String)> {
        pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = "# comment\nlisten = \"0.0.0.0:1\"\nworkers = 3\nlog = \"debug\"\nallow-networks = [\"10.0.0.0/8\", \"::1/128\"]\n";
        let path = Path::new("/etc/proofmark.toml");
        let variables =
            [("PROOFMARK_WORKERS", "4"), ("PROOFMARK_LOG", "warn"), ("HOME", "/"), ("PROOFMARK_TEST_X", "1")];
        let settings = Settings::read(Some((path, file)), environment(&variables), &[("log", "trace".into())]).unwrap();
        let origin = |name: &str| settings.0[name].origin.to_string();
        assert_eq!((settings.get("listen"), origin("listen").as_str()), ("0.0.0.0:1", "/etc/proofmark.toml:2"));
        assert_eq!((settings.get("workers"), origin("workers").as_str()), ("4", "environment PROOFMARK_WORKERS"));
        assert_eq!((settings.get("log"), origin("log").as_str()), ("trace", "flag --log"));
        assert_eq!(settings.list::<String>("allow-networks", "x").unwrap(), ["10.0.0.0/8", "::1/128"]);
        assert_eq!(origin("data"), "default");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_origin() {
        let read = |file: &str, variables: &[(&str, &str)]| {
            Settings::read(Some((Path::new("f.toml"), file)), environment(variables), &[])
        };
        let error = read("data = \"x\"\nlissten = \"y\"\n", &[]).unwrap_err();
        assert_eq!(error.to_string(), "there is no option `lissten` (f.toml:2) (config.unknown)");
        assert_eq!(error.help.as_deref(), Some("did you mean listen?"));
        assert_eq!(read("", &[("PROOFMARK_PORT", "1")]).unwrap_err().code, "config.unknown");
        assert!(read("\n\nx = [", &[]).unwrap_err().detail.starts_with("f.toml:3 cannot be read"));
        let error = read("listen = \"here\"", &[]).unwrap().listen().unwrap_err();
        assert!(error.detail.contains("`listen` (f.toml:1)"), "{error}");
    }

    #[test]
    fn secrets_are_never_printed() {
        let settings =
            Settings::read(None, environment(&[("PROOFMARK_DATABASE", "postgres://u:hunter2@h/d")]), &[]).unwrap();
        let text =
            format!("{:?}", settings.explain().iter().map(|(_, v, o)| (v.clone(), o.clone())).collect::<Vec<_>>());
        assert!(!text.contains("hunter2") && text.contains("(hidden)"));
    }

    proptest! {
        #[test]
        fn no_file_panics(text in "\\PC{0,200}") {
            let _ = Settings::read(Some((Path::new("f"), &text)), environment(&[]), &[]);
        }
    }
}
