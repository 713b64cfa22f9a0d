//! TLS 1.3 for listeners that stand without a proxy in front.

use proofmark_base::error::{Error, Result};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Certificate and key of the server, as the files hold them.
#[derive(Clone)]
pub struct Tls {
    /// PEM: the server's certificate, then those of its issuers.
    pub certificates: Vec<u8>,
    /// PEM: the private key, PKCS#8, SEC1 or PKCS#1.
    pub key: Vec<u8>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// What accepts connections with it.
    ///
    /// # Errors
    /// `http.tls`, saying what is wrong with certificate or key.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor> {
        let wrong = |what: &str| {
            Error::invalid("http.tls", format!("the server's {what} cannot be used"))
                .help("give PEM files: the certificate with its issuers, and the private key that belongs to it")
        };
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.certificates)
            .collect::<std::result::Result<_, _>>()
            .map_err(|e| wrong("certificate").because(e))?;
        if certificates.is_empty() {
            return Err(wrong("certificate"));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|e| wrong("private key").because(e))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| Error::bug("TLS 1.3 is not to be had").because(e))?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(|e| wrong("certificate or its key").because(e))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_stops_the_start() {
        for (certificates, key) in [("", ""), ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x")] {
            let tls = Tls { certificates: certificates.into(), key: key.into() };
            let Err(e) = tls.acceptor() else { panic!("it was taken") };
            assert_eq!(e.code, "http.tls");
        }
    }
}
