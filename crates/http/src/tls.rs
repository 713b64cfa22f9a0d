//! TLS 1.3 for listeners that stand without a proxy in front, and client certificates: rustls checks that whoever shows
//! one holds its key, use cases decide whom it stands for.

use proofmark_base::error::{Error, Result};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;

/// Certificate and key of the server, as the files hold them, and what is asked of clients.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    /// PEM: the server's certificate, then those of its issuers.
    pub certificates: Vec<u8>,
    /// PEM: the private key, PKCS#8, SEC1 or PKCS#1.
    pub key: Vec<u8>,
    /// Whether clients are asked for certificates.
    pub clients: Clients,
}

/// What is asked of clients. None must show a certificate: tokens and sessions work without.
#[derive(Clone, PartialEq, Eq)]
pub enum Clients {
    /// Nothing.
    Unasked,
    /// A certificate, whoever issued it: the handshake shows that its key is there, and its registration decides.
    Registered,
    /// A certificate that one of these authorities (PEM) issued and that is in force; its registration decides as well.
    IssuedBy(Vec<u8>),
}

/// Accepts connections over TLS. A renewed certificate is taken while it listens, for connections from then on; clones are
/// the same one.
#[derive(Clone)]
pub struct Tls(Arc<RwLock<(Pem, TlsAcceptor)>>);

impl Tls {
    /// With these.
    ///
    /// # Errors
    /// `http.tls`, with the option that names the wrong file as its place.
    pub fn new(pem: Pem) -> Result<Tls> {
        let acceptor = acceptor(&pem)?;
        Ok(Tls(Arc::new(RwLock::new((pem, acceptor)))))
    }

    /// With these from now on; whether they are others. Those before stay where these cannot be used.
    ///
    /// # Errors
    /// As [`Tls::new`].
    pub fn renew(&self, pem: Pem) -> Result<bool> {
        if self.0.read().unwrap_or_else(PoisonError::into_inner).0 == pem {
            return Ok(false);
        }
        let acceptor = acceptor(&pem)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (pem, acceptor);
        Ok(true)
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// The error for one of the files: `option` is what the configuration calls it.
fn wrong(option: &str, why: impl fmt::Display) -> Error {
    Error::invalid("http.tls", "certificate or key of the server cannot be used").at(option, why.to_string()).help(
        "give PEM files: the certificate with its issuers, the private key that belongs to it, and the authorities that \
         issue the clients' certificates",
    )
}

fn certificates(pem: &[u8], option: &str) -> Result<Vec<CertificateDer<'static>>> {
    let found: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(pem).collect::<std::result::Result<_, _>>().map_err(|e| wrong(option, e))?;
    if found.is_empty() { Err(wrong(option, "there is no certificate in it")) } else { Ok(found) }
}

/// The one certificate of a PEM text, in DER form, as a client of this server could show it.
///
/// # Errors
/// `certificate.invalid`.
pub(crate) fn certificate(pem: &str) -> Result<Vec<u8>> {
    let refused = |why: String| {
        Error::invalid("certificate.invalid", "this is not a certificate that can be used").at("/certificate", why)
    };
    let found: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| refused(e.to_string()))?;
    let [one] = &found[..] else {
        return Err(refused(format!("one certificate in PEM form; there are {}", found.len())));
    };
    // one that no handshake accepts would be registered in vain
    ParsedCertificate::try_from(one).map_err(|e| refused(e.to_string()))?;
    Ok(one.to_vec())
}

fn acceptor(pem: &Pem) -> Result<TlsAcceptor> {
    let chain = certificates(&pem.certificates, "tls-certificate")?;
    let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|e| wrong("tls-key", e))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| Error::bug("TLS 1.3 is not to be had").because(e))?;
    let builder = match &pem.clients {
        Clients::Unasked => builder.with_no_client_auth(),
        Clients::Registered => builder.with_client_cert_verifier(Arc::new(HoldsKey::new(&provider))),
        Clients::IssuedBy(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(authorities, "tls-client-ca")? {
                roots.add(authority).map_err(|e| wrong("tls-client-ca", e))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|e| wrong("tls-client-ca", e))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|e| wrong("tls-key", format!("it is not the key of the certificate: {e}")))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Takes any certificate whose holder signs the handshake with its key: who issued it says nothing where certificates are
/// registered one by one. A certificate copied without its key fails here.
#[derive(Debug)]
struct HoldsKey(WebPkiSupportedAlgorithms);

impl HoldsKey {
    fn new(provider: &CryptoProvider) -> Self {
        HoldsKey(provider.signature_verification_algorithms)
    }
}

impl ClientCertVerifier for HoldsKey {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> std::result::Result<ClientCertVerified, rustls::Error> {
        ParsedCertificate::try_from(end_entity)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_usable_certificate_is_taken_to_be_registered() {
        let pem = |text: &str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        for bad in [String::new(), "x".into(), pem("AAAA"), pem("MAA="), pem("AAAA").repeat(2)] {
            let e = certificate(&bad).unwrap_err();
            assert_eq!((e.code.as_ref(), e.places[0].at.as_str()), ("certificate.invalid", "/certificate"), "{bad}");
        }
    }

    #[test]
    fn what_is_no_certificate_stops_the_start() {
        for (certificates, key) in [("", ""), ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x")] {
            let pem = Pem { certificates: certificates.into(), key: key.into(), clients: Clients::Unasked };
            let Err(e) = Tls::new(pem) else { panic!("it was taken") };
            assert_eq!(e.code, "http.tls");
        }
    }
}
