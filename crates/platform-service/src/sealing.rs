//! Encryption of the secrets that must be read again: what a database or a backup alone shows is useless.
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with a random nonce of 24 bytes for each text. The key lies outside the
//! database. Sealed texts name their key, so that a new key can be brought in while the former ones still open.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Result};
use proofmark_base::id::Random;

/// Bytes of a key.
pub const KEY: usize = 32;
const NONCE: usize = 24;

/// Seals with one key and opens with it and with former ones.
pub struct Sealer {
    /// Name and cipher; the first one seals.
    keys: Vec<(String, XChaCha20Poly1305)>,
}

fn named(key: &[u8; KEY]) -> (String, XChaCha20Poly1305) {
    let mut labelled = b"proofmark sealing key".to_vec();
    labelled.extend_from_slice(key);
    (Digest::of(&labelled).to_string()[..8].to_string(), XChaCha20Poly1305::new(key.into()))
}

impl Sealer {
    /// Seals and opens with this key.
    pub fn new(key: &[u8; KEY]) -> Self {
        Sealer { keys: vec![named(key)] }
    }

    /// Opens what was sealed with that key as well.
    #[must_use]
    pub fn with_former(mut self, key: &[u8; KEY]) -> Self {
        self.keys.push(named(key));
        self
    }

    /// The secret as text for the database. `purpose` says what it is and whose (`totp prn_...`): opening it for
    /// anything else fails, so a sealed text cannot be moved to another row.
    ///
    /// # Errors
    /// Only a defect of ours.
    pub fn seal(&self, random: &dyn Random, purpose: &str, secret: &[u8]) -> Result<String> {
        let mut nonce = [0; NONCE];
        random.fill(&mut nonce);
        let (name, cipher) = self.keys.first().ok_or_else(|| Error::bug("a sealer without a key"))?;
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: purpose.as_bytes() })
            .map_err(|_| Error::bug("a secret cannot be sealed"))?;
        Ok(format!("v1.{name}.{}", URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())))
    }

    /// The secret of a sealed text.
    ///
    /// # Errors
    /// `secret.key` where the key it was sealed with is not here; a defect where the text is damaged or belongs elsewhere.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>> {
        let damaged = || Error::bug("a sealed secret is damaged or stands in the wrong place");
        let (name, text) = sealed.strip_prefix("v1.").and_then(|s| s.split_once('.')).ok_or_else(damaged)?;
        let (_, cipher) = self.keys.iter().find(|(n, _)| n == name).ok_or_else(|| {
            Error::unavailable("secret.key", "a secret was sealed with a key that this process does not have")
                .help("start it with the key it was started with before, or name that one as a former key")
        })?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| damaged())?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: purpose.as_bytes() }).map_err(|_| damaged())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::error::Kind;
    use proofmark_store::system::SystemRandom;
    use proptest::prelude::*;

    #[test]
    fn a_new_key_seals_and_the_former_one_still_opens() {
        let old = Sealer::new(&[1; KEY]);
        let sealed = old.seal(&SystemRandom, "totp prn_1", b"secret").unwrap();
        let new = Sealer::new(&[2; KEY]).with_former(&[1; KEY]);
        assert_eq!(new.open("totp prn_1", &sealed).unwrap(), b"secret");
        let e = Sealer::new(&[2; KEY]).open("totp prn_1", &sealed).unwrap_err();
        assert_eq!((e.code.as_ref(), e.kind), ("secret.key", Kind::Unavailable));
        assert!(old.open("totp prn_1", &new.seal(&SystemRandom, "totp prn_1", b"x").unwrap()).is_err());
    }

    #[test]
    fn one_secret_is_never_sealed_alike() {
        let sealer = Sealer::new(&[1; KEY]);
        let seal = || sealer.seal(&SystemRandom, "a", b"secret").unwrap();
        assert_ne!(seal(), seal());
    }

    proptest! {
        #[test]
        fn only_the_same_purpose_and_the_same_text_open(secret: Vec<u8>, purpose in "[a-z ]{0,12}", other in "[a-z ]{0,12}", at: prop::sample::Index, bit in 0..8_u32) {
            let sealer = Sealer::new(&[3; KEY]);
            let sealed = sealer.seal(&SystemRandom, &purpose, &secret).unwrap();
            prop_assert_eq!(sealer.open(&purpose, &sealed).unwrap(), secret);
            prop_assert_eq!(sealer.open(&other, &sealed).is_ok(), other == purpose);
            let mut bytes = sealed.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(text) = String::from_utf8(bytes) {
                prop_assert!(sealer.open(&purpose, &text).is_err());
            }
        }

        #[test]
        fn no_text_panics(text in "(v1\\.)?\\PC{0,60}") {
            let _ = Sealer::new(&[3; KEY]).open("a", &text);
        }
    }
}
