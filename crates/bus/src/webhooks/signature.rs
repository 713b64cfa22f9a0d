//! Signatures of the Standard Webhooks specification, version 1 (<https://www.standardwebhooks.com>): HMAC-SHA256 over
//! `ID.TIMESTAMP.BODY`, so that neither the body nor the moment can be changed or used for another message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use proofmark_base::error::{Error, Result};
use proofmark_base::id::Random;
use sha2::Sha256;
use std::fmt;

/// What a secret's text begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a new secret; the specification wants 24 to 64.
const LENGTH: usize = 32;

/// The secret that a webhook's sender and receiver share.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}

impl Secret {
    /// A new one.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = vec![0; LENGTH];
        random.fill(&mut bytes);
        Secret(bytes)
    }

    /// From its bytes, 24 to 64.
    ///
    /// # Errors
    /// `webhook.secret`.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        if (24..=64).contains(&bytes.len()) {
            Ok(Secret(bytes))
        } else {
            Err(Error::invalid("webhook.secret", "a webhook's secret has 24 to 64 bytes"))
        }
    }

    /// From its text, `whsec_` and base 64.
    ///
    /// # Errors
    /// `webhook.secret`.
    pub fn from_text(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("webhook.secret", "a webhook's secret is `whsec_` and base 64");
        let encoded = text.strip_prefix(PREFIX).ok_or_else(wrong)?;
        Secret::from_bytes(STANDARD.decode(encoded).map_err(|_| wrong())?)
    }

    /// Its bytes: what is sealed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its text, `whsec_` and base 64: what its receiver is shown, once.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The signature of a message sent at that second: `v1,...`.
    pub fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        format!("v1,{}", STANDARD.encode(self.code(id, seconds, body).finalize().into_bytes()))
    }

    /// Whether one of the signatures in a `webhook-signature` header is ours; in constant time for each.
    pub fn verifies(&self, header: &str, id: &str, seconds: i64, body: &str) -> bool {
        header
            .split(' ')
            .filter_map(|s| STANDARD.decode(s.strip_prefix("v1,")?).ok())
            .any(|signature| self.code(id, seconds, body).verify_slice(&signature).is_ok())
    }

    fn code(&self, id: &str, seconds: i64, body: &str) -> Hmac<Sha256> {
        // HMAC takes keys of every length
        let mut code = match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(code) => code,
            Err(_) => unreachable!("HMAC takes keys of every length"),
        };
        code.update(format!("{id}.{seconds}.").as_bytes());
        code.update(body.as_bytes());
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_store::system::SystemRandom;

    /// The example that the scheme's authors give with their libraries.
    #[test]
    fn agrees_with_the_published_example() {
        let secret = Secret::from_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, at, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(secret.sign(id, at, body), signature);
        assert!(secret.verifies(&format!("v1,bm8= v2,xyz {signature}"), id, at, body));
        assert!(!secret.verifies(signature, id, at + 1, body));
        assert!(!secret.verifies(signature, "msg_other", at, body));
        assert!(!secret.verifies(signature, id, at, "{}"));
        assert!(!secret.verifies("", id, at, body));
    }

    #[test]
    fn secrets_have_one_text_and_are_not_printed() {
        let secret = Secret::new(&SystemRandom);
        assert_eq!(Secret::from_text(&secret.text()).unwrap(), secret);
        assert_ne!(secret, Secret::new(&SystemRandom));
        assert_eq!(format!("{secret:?}"), "Secret(...)");
        for bad in ["", "whsec_", "whsec_YWJj", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"] {
            assert_eq!(Secret::from_text(bad).unwrap_err().code, "webhook.secret", "{bad}");
        }
    }
}
