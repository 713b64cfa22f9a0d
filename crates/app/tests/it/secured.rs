//! Servers with TLS, client certificates and single sign-on, as their operators start them.

use crate::processes::{Server, token};
use proofmark_testkit::services::{self, CLIENT_ID, CLIENT_SECRET, USERS};
use reqwest::{Certificate, Client};
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

fn client() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(reqwest::redirect::Policy::none())
}

async fn json_of(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_at_the_provider_that_the_options_name() {
    let folder = tempfile::tempdir().unwrap();
    let callback = "http://127.0.0.1/api/v1/single-sign-on/corporate/callback";
    let mut provider = tokio::task::spawn_blocking(|| services::oidc(&[callback])).await.unwrap();
    // where browsers come back to must be known before the start
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (listen, url) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
    let file = folder.path().join("proofmark.toml");
    let text = format!(
        "public-url = \"{url}/\"\noidc-name = \"corporate\"\noidc-issuer = \"{}\"\noidc-client-id = \"{CLIENT_ID}\"\n\
         oidc-roles = [\"engineers:engineer\", \"approvers:approver\", \"marketing:marketer\"]\n\
         oidc-allowed-domains = [\"example.org\"]\noidc-auto-provision = true\n",
        provider.issuer()
    );
    std::fs::write(&file, text).unwrap();
    let variables = [("PROOFMARK_CONFIG", file.to_str().unwrap()), ("PROOFMARK_OIDC_CLIENT_SECRET", CLIENT_SECRET)];
    let data = folder.path().join("data");
    let server = Server::with(&data, &listen, &variables);
    let client = client().build().unwrap();
    token(&server, &client).await;

    let begun = client.get(format!("{url}/api/v1/single-sign-on/corporate/begin")).send().await.unwrap();
    assert_eq!(begun.status(), 303);
    let header = |name: &str| begun.headers()[name].to_str().unwrap().to_string();
    let (to, cookie) = (header("location"), header("set-cookie").split(';').next().unwrap().to_string());
    // Grace, for the first owner here has Ada's address
    let back = tokio::task::block_in_place(|| provider.visit(&to, &USERS[1]));
    assert!(back.starts_with(&format!("{url}/api/v1/single-sign-on/corporate/callback?")), "{back}");
    let session = json_of(client.get(&back).header("cookie", cookie)).await;
    let me = json_of(client.get(format!("{url}/api/v1/me")).bearer_auth(session["secret"].as_str().unwrap())).await;
    assert_eq!(me["grants"], json!([{"role": "marketer", "project": null}]));
    drop(server);

    // it starts without the provider as well, and is ready
    let provider = tokio::task::spawn_blocking(move || {
        provider.stop();
        provider
    })
    .await
    .unwrap();
    let _server = Server::with(&data, &listen, &variables);
    assert_eq!(json_of(client.get(format!("{url}/readyz"))).await["ready"], true);
    let begun = client.get(format!("{url}/api/v1/single-sign-on/corporate/begin")).send().await.unwrap();
    assert_eq!(begun.status(), 503);
    tokio::task::spawn_blocking(move || drop(provider)).await.unwrap();
}

/// `proofmark --server URL translate` up to the question which project is meant; its diagnostic's code.
fn asked(folder: &Path, url: &str, options: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
    command.args(["--message-format", "json", "--server", url]).args(options);
    command.args(["translate", "scale.py", "--entry", "scale", "--arg", "x=float64[8]", "--target", "c", "-o", "out"]);
    let done = command.current_dir(folder).env_remove("PROOFMARK_TOKEN").output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    let text = String::from_utf8(done.stdout).unwrap();
    let lines = text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    let codes: Vec<String> = lines.filter_map(|l| l["code"].as_str().map(String::from)).collect();
    codes.last().unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&done.stderr))).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_comes_by_its_client_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    std::fs::write(path("scale.py"), "def scale(x):\n    return x * 2.0\n").unwrap();
    let made = |name: &str, of: &str| {
        let made = rcgen::generate_simple_self_signed([of.to_string(), "127.0.0.1".into()]).unwrap();
        std::fs::write(path(&format!("{name}.pem")), made.cert.pem()).unwrap();
        std::fs::write(path(&format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
        made.cert.pem()
    };
    let (server_pem, known, _) = (made("server", "localhost"), made("known", "program"), made("unknown", "program"));
    let (certificate, key) = (path("server.pem"), path("server.key"));
    let server = Server::with(
        &folder.path().join("data"),
        "127.0.0.1:0",
        &[
            ("PROOFMARK_TLS_CERTIFICATE", &certificate),
            ("PROOFMARK_TLS_KEY", &key),
            ("PROOFMARK_TLS_CLIENT_CERTIFICATES", "true"),
        ],
    );
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let client = client().tls_certs_only([Certificate::from_pem(server_pem.as_bytes()).unwrap()]).build().unwrap();
    let token = token(&server, &client).await;
    let post = async |place: &str, body: Value| {
        json_of(client.post(format!("{}/api/v1/{place}", server.url)).bearer_auth(&token).json(&body)).await
    };
    let program = post("principals", json!({"kind": "service-account", "name": "ci"})).await;
    let id = program["principal"]["id"].as_str().unwrap();
    post(&format!("principals/{id}/certificates"), json!({"certificate": known})).await;

    let shown = |name: &str| [path(&format!("{name}.pem")), path(&format!("{name}.key"))];
    let (ca, [pem, key], [other, others]) = (path("server.pem"), shown("known"), shown("unknown"));
    let (folder, url) = (folder.path(), &server.url);
    let ask = |options: &[&str]| tokio::task::block_in_place(|| asked(folder, url, options));
    let of = |pem, key| ["--ca-certificate", &ca, "--client-certificate", pem, "--client-key", key];
    assert_eq!(ask(&of(&pem, &key)), "server.project", "let in, and asked which project is meant");
    assert_eq!(ask(&of(&other, &others)), "certificate.unknown");
    assert_eq!(ask(&of(&pem, &others)), "server.certificate", "the key of another");
    assert_eq!(ask(&["--ca-certificate", &ca]), "server.token");
    assert_eq!(ask(&["--client-certificate", &pem, "--client-key", &key]), "server.untrusted");
    assert_eq!(ask(&["--client-certificate", &pem]), "server.certificate");
    let plain = url.replace("https://", "http://");
    let ask = |options: &[&str]| tokio::task::block_in_place(|| asked(folder, &plain, options));
    assert_eq!(ask(&of(&pem, &key)), "server.certificate", "a certificate is shown over TLS only");
}

#[test]
fn files_that_are_no_certificates_stop_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let one = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    std::fs::write(path("c.pem"), one.cert.pem()).unwrap();
    std::fs::write(path("k.pem"), one.signing_key.serialize_pem()).unwrap();
    std::fs::write(path("other.pem"), other.signing_key.serialize_pem()).unwrap();
    let run = |certificate: &str, key: &str, more: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(path("data"));
        command.env("PROOFMARK_TLS_CERTIFICATE", path(certificate)).env("PROOFMARK_TLS_KEY", path(key));
        let done = command.envs(more.iter().copied()).output().unwrap();
        assert_eq!(done.status.code(), Some(2));
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    let text = run("none.pem", "k.pem", &[]);
    assert!(text.contains("`tls-certificate` (environment PROOFMARK_TLS_CERTIFICATE)"), "{text}");
    let text = run("c.pem", "other.pem", &[]);
    assert!(text.contains("`tls-key` (environment PROOFMARK_TLS_KEY)"), "{text}");
    let key = path("k.pem").display().to_string();
    let asked = [("PROOFMARK_TLS_CLIENT_CERTIFICATES", "true"), ("PROOFMARK_TLS_CLIENT_CA", key.as_str())];
    let text = run("c.pem", "k.pem", &asked);
    assert!(text.contains("`tls-client-ca` (environment PROOFMARK_TLS_CLIENT_CA)"), "{text}");
    assert!(!path("data").exists(), "nothing was made before that");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_taken_while_the_server_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let made = || rcgen::generate_simple_self_signed(["localhost".to_string(), "127.0.0.1".into()]).unwrap();
    let (first, second) = (made(), made());
    std::fs::write(path("c.pem"), first.cert.pem()).unwrap();
    std::fs::write(path("k.pem"), first.signing_key.serialize_pem()).unwrap();
    let (certificate, key) = (path("c.pem").display().to_string(), path("k.pem").display().to_string());
    let variables = [("PROOFMARK_TLS_CERTIFICATE", certificate.as_str()), ("PROOFMARK_TLS_KEY", key.as_str())];
    let server = Server::with(&path("data"), "127.0.0.1:0", &variables);
    let believes = async |pem: String| {
        // a connection of its own
        let client = client().tls_certs_only([Certificate::from_pem(pem.as_bytes()).unwrap()]).build().unwrap();
        client.get(format!("{}/livez", server.url)).send().await.is_ok()
    };
    let hang_up = async || {
        rustix::process::kill_process(Pid::from_child(&server.process.0), Signal::HUP).unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    };
    assert!(believes(first.cert.pem()).await && !believes(second.cert.pem()).await);
    // half of the files is new: they do not belong together
    std::fs::write(path("k.pem"), second.signing_key.serialize_pem()).unwrap();
    hang_up().await;
    assert!(believes(first.cert.pem()).await && !believes(second.cert.pem()).await);
    std::fs::write(path("c.pem"), second.cert.pem()).unwrap();
    hang_up().await;
    let began = std::time::Instant::now();
    while !believes(second.cert.pem()).await {
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "the new certificate is not taken");
    }
    assert!(!believes(first.cert.pem()).await);
}
