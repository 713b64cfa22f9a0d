//! Client certificates of service accounts, in real handshakes.

use crate::world::{Made, World, certificate, code_of, config, json_of};
use proofmark_http::{Clients, Pem, Tls};
use proofmark_kernel::principal::{Caller, PrincipalKind, Role};
use proofmark_store::{Scope, audit};
use reqwest::{Certificate, Identity, Method, RequestBuilder, StatusCode};
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A server with a certificate of its own that asks for those of clients as said.
struct Secured {
    world: World,
    server: Made,
}

impl Secured {
    async fn new(clients: Clients) -> Self {
        let server = certificate(&["localhost"]);
        let mut config = config();
        let pem = Pem { certificates: server.pem.clone().into(), key: server.key.clone().into(), clients };
        config.tls = Some(Tls::new(pem).unwrap());
        Secured { world: World::with(config).await, server }
    }

    /// A client that believes the server and shows that certificate.
    fn client(&self, shown: Option<&Made>) -> reqwest::Client {
        let trusted = Certificate::from_pem(self.server.pem.as_bytes()).unwrap();
        // each request has a connection of its own: later ones resume the first one's session
        let mut builder = reqwest::Client::builder().tls_certs_only([trusted]).pool_max_idle_per_host(0);
        if let Some(made) = shown {
            let pem = format!("{}{}", made.pem, made.key);
            builder = builder.identity(Identity::from_pem(pem.as_bytes()).unwrap());
        }
        builder.build().unwrap()
    }

    fn get(&self, client: &reqwest::Client, path: &str) -> RequestBuilder {
        client.request(Method::GET, format!("https://localhost:{}{path}", self.world.address.port()))
    }

    async fn program(&self) -> Caller {
        self.world.principal(self.world.organization, PrincipalKind::ServiceAccount, &[Role::Engineer]).await
    }

    /// Registers a certificate over the API; its fingerprint.
    async fn register(&self, of: &Caller, made: &Made) -> String {
        let url = format!("https://localhost:{}{}", self.world.address.port(), place(of));
        let request = self.client(None).post(url).bearer_auth(self.world.secret().await);
        let answer = request.json(&json!({ "certificate": made.pem })).send().await.unwrap();
        let shown = json_of(answer, StatusCode::CREATED).await;
        assert_eq!(shown["fingerprint"], crate::world::digest(&made.der));
        shown["fingerprint"].as_str().unwrap().to_string()
    }

    /// What the server answers to a client that shows `shown` and signs with `key`; nothing where it breaks off.
    async fn answer_by_hand(&self, shown: &Made, key: &Made) -> String {
        #[derive(Debug)]
        struct Shows(Arc<CertifiedKey>);
        impl ResolvesClientCert for Shows {
            fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
                Some(Arc::clone(&self.0))
            }
            fn has_certs(&self) -> bool {
                true
            }
        }
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.server.der.clone())).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.key.as_bytes()).unwrap();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let shown = CertifiedKey::new(vec![CertificateDer::from(shown.der.clone())], key);
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(Shows(Arc::new(shown))));
        let stream = TcpStream::connect(self.world.address).await.unwrap();
        let mut stream =
            TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await.unwrap();
        let request = b"GET /api/v1/me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        // with TLS 1.3 a client learns only afterwards that it was refused
        let _ = stream.write_all(request).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        String::from_utf8(bytes).unwrap()
    }
}

fn place(of: &Caller) -> String {
    format!("/api/v1/principals/{}/certificates", of.principal)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_certificate_with_its_key_is_a_credential() {
    let s = Secured::new(Clients::Registered).await;
    let program = s.program().await;
    let (known, unknown) = (certificate(&["program"]), certificate(&["program"]));
    let fingerprint = s.register(&program, &known).await;

    let client = s.client(Some(&known));
    for _ in 0..3 {
        let me = json_of(s.get(&client, "/api/v1/me").send().await.unwrap(), StatusCode::OK).await;
        assert_eq!((&me["credential"], &me["principal"]), (&json!("certificate"), &json!(program.principal)));
    }
    json_of(s.get(&client, "/api/v1/projects").send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(code_of(s.get(&client, "/api/v1/audit").send().await.unwrap(), 403).await, "authorization.denied");
    // the audit log says by which certificate something was done
    let url = format!("https://localhost:{}/api/v1/projects", s.world.address.port());
    let made = client.post(url).json(&json!({ "name": "by a program" })).send().await.unwrap();
    json_of(made, StatusCode::CREATED).await;
    let mut tx = s.world.platform.database.read(Scope::System).await.unwrap();
    let log = audit::list(&mut tx, s.world.organization, 0, 100).await.unwrap();
    let entry = log.iter().find(|e| e.action == "project.create").unwrap();
    assert_eq!(entry.credential, format!("certificate {fingerprint}"));
    drop(tx);
    let stranger = s.get(&s.client(Some(&unknown)), "/api/v1/me").send().await.unwrap();
    assert_eq!(code_of(stranger, 401).await, "certificate.unknown");

    // without one: a token does, and nothing does not
    let plain = s.client(None);
    let secret = s.world.secret().await;
    let me = json_of(s.get(&plain, "/api/v1/me").bearer_auth(&secret).send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(me["credential"], "session");
    assert_eq!(code_of(s.get(&plain, "/api/v1/me").send().await.unwrap(), 401).await, "authentication.required");
    // what is said goes before what is shown, right or wrong
    let me = json_of(s.get(&client, "/api/v1/me").bearer_auth(&secret).send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(me["credential"], "session");
    let wrong = s.get(&client, "/api/v1/me").bearer_auth("pmt_guess").send().await.unwrap();
    assert_eq!(code_of(wrong, 401).await, "credential.invalid");
    // a header that claims a certificate shows none
    for name in ["x-client-cert", "x-ssl-client-cert", "x-forwarded-client-cert", "ssl-client-cert"] {
        let answer = s.get(&plain, "/api/v1/me").header(name, &fingerprint).send().await.unwrap();
        assert_eq!(code_of(answer, 401).await, "authentication.required", "{name}");
    }

    // a copy of the certificate is worth nothing without its key
    assert!(s.answer_by_hand(&known, &known).await.starts_with("HTTP/1.1 200"));
    assert_eq!(s.answer_by_hand(&known, &unknown).await, "");

    // revoked: on connections that resume the session too
    let url = format!("https://localhost:{}{}/{fingerprint}", s.world.address.port(), place(&program));
    assert_eq!(plain.delete(&url).bearer_auth(&secret).send().await.unwrap().status(), 204);
    let revoked = s.get(&client, "/api/v1/me").send().await.unwrap();
    assert_eq!(code_of(revoked, 401).await, "certificate.unknown");
    assert_eq!(
        code_of(plain.delete(&url).bearer_auth(&secret).send().await.unwrap(), 404).await,
        "certificate.not-found"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_are_listed_and_refused_where_they_are_no_good() {
    let s = Secured::new(Clients::Registered).await;
    let program = s.program().await;
    let (plain, secret, made) = (s.client(None), s.world.secret().await, certificate(&["program"]));
    let fingerprint = s.register(&program, &made).await;
    let listed = s.get(&plain, &place(&program)).bearer_auth(&secret).send().await.unwrap();
    let listed = json_of(listed, StatusCode::OK).await;
    let prints: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|c| &c["fingerprint"]).collect();
    assert_eq!(prints, [&json!(fingerprint)]);

    let post = async |of: &Caller, pem: &str| {
        let url = format!("https://localhost:{}{}", s.world.address.port(), place(of));
        plain.post(url).bearer_auth(&secret).json(&json!({ "certificate": pem })).send().await.unwrap()
    };
    assert_eq!(code_of(post(&program, &made.pem).await, 409).await, "certificate.taken");
    let two = format!("{}{}", made.pem, certificate(&["other"]).pem);
    for bad in ["", "certificate", &made.key, &two] {
        assert_eq!(code_of(post(&program, bad).await, 400).await, "certificate.invalid", "{bad}");
    }
    let fresh = certificate(&["person"]);
    assert_eq!(code_of(post(&s.world.author, &fresh.pem).await, 400).await, "certificate.person");
    let others = s.world.principal(s.world.other, PrincipalKind::ServiceAccount, &[]).await;
    assert_eq!(code_of(post(&others, &fresh.pem).await, 404).await, "principal.not-found");
    let url = format!("https://localhost:{}{}/here", s.world.address.port(), place(&program));
    assert_eq!(code_of(plain.delete(url).bearer_auth(&secret).send().await.unwrap(), 400).await, "id.invalid");
}

/// A certificate by an authority, and the authority.
fn issued() -> (Made, String) {
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "Clients of the tests");
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, key);
    let mut params = rcgen::CertificateParams::new(vec!["program".to_string()]).unwrap();
    params.extended_key_usages.push(rcgen::ExtendedKeyUsagePurpose::ClientAuth);
    let key = rcgen::KeyPair::generate().unwrap();
    let made = params.signed_by(&key, &issuer).unwrap();
    (Made { pem: made.pem(), key: key.serialize_pem(), der: made.der().to_vec() }, authority)
}

#[tokio::test(flavor = "multi_thread")]
async fn authorities_that_are_named_must_have_issued_it_and_the_registration_decides_still() {
    let (made, authority) = issued();
    let s = Secured::new(Clients::IssuedBy(authority.into())).await;
    let client = s.client(Some(&made));
    assert_eq!(code_of(s.get(&client, "/api/v1/me").send().await.unwrap(), 401).await, "certificate.unknown");
    let program = s.program().await;
    s.register(&program, &made).await;
    // the cache of refusals is none: it counts at once
    let me = json_of(s.get(&client, "/api/v1/me").send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(me["principal"], json!(program.principal));
    // one of nobody's breaks the connection off, registered or not
    let own = certificate(&["program"]);
    s.register(&program, &own).await;
    assert_eq!(s.answer_by_hand(&own, &own).await, "");
    assert!(s.answer_by_hand(&made, &made).await.starts_with("HTTP/1.1 200"));
    json_of(s.get(&s.client(None), "/livez").send().await.unwrap(), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_ask_hears_of_no_certificate() {
    let s = Secured::new(Clients::Unasked).await;
    let (program, made) = (s.program().await, certificate(&["program"]));
    s.register(&program, &made).await;
    let answer = s.get(&s.client(Some(&made)), "/api/v1/me").send().await.unwrap();
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000; includeSubDomains");
    assert_eq!(code_of(answer, 401).await, "authentication.required");
    let plain = reqwest::get(format!("http://{}/livez", s.world.address)).await;
    assert!(plain.is_err(), "no plain HTTP where TLS is spoken");
}
