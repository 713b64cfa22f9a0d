//! DSSE envelopes (Dead Simple Signing Envelope, protocol version 1) signed with Ed25519 (RFC 8032), and the
//! text files that hold keys. No randomness here: the caller gives the 32 bytes a key is made of.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use proofmark_base::digest::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Media type of an in-toto statement in an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const SEED_HEADER: &str = "proofmark ed25519 secret key v1";
const PUBLIC_HEADER: &str = "proofmark ed25519 public key v1";

/// Why an envelope or a key is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    /// Not JSON of an envelope's shape.
    #[error("not a DSSE envelope: {0}")]
    Envelope(String),
    /// The payload is of another kind than asked for.
    #[error("payloadType is {found:?}, expected {PAYLOAD_TYPE:?}")]
    PayloadType {
        /// What the envelope says.
        found: String,
    },
    /// A field is not base64.
    #[error("{field} is not base64: {reason}")]
    Base64 {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// No signature by a trusted key.
    #[error("no signature by a trusted key; signed by {}", list(.found))]
    UnknownKey {
        /// The key ids the envelope names.
        found: Vec<String>,
    },
    /// A signature said to be by a trusted key is not by it, or not of these bytes.
    #[error("the signature by key {keyid} does not match")]
    BadSignature {
        /// The key.
        keyid: Digest,
    },
    /// Not a key file.
    #[error("not a key file: {0}")]
    KeyFile(String),
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nobody".to_string() } else { names.join(", ") }
}

/// A secret key. Its bytes are wiped when it is dropped, and `Debug` shows only the key id.
pub struct SecretKey(SigningKey);

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl SecretKey {
    /// The key made of 32 bytes, which the caller draws from the system's cryptographic random source.
    pub fn from_random(random: &[u8; 32]) -> Self {
        SecretKey(SigningKey::from_bytes(random))
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The key as a file: a header line, then the 32-byte seed in base64. Whoever reads it can sign.
    pub fn to_file(&self) -> String {
        format!("{SEED_HEADER}\n{}\n", STANDARD.encode(self.0.as_bytes()))
    }

    /// Reads a key file.
    pub fn from_file(text: &str) -> Result<Self, DsseError> {
        Ok(SecretKey(SigningKey::from_bytes(&key_bytes(text, SEED_HEADER)?)))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(keyid {})", self.public().keyid())
    }
}

impl PublicKey {
    /// SHA-256 of the 32 bytes of the public key.
    pub fn keyid(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// The key as a file: a header line, then the 32 bytes in base64.
    pub fn to_file(&self) -> String {
        format!("{PUBLIC_HEADER}\n{}\n", STANDARD.encode(self.0.as_bytes()))
    }

    /// Reads a key file. Refuses bytes that are no point of the curve and points of small order, under which
    /// one signature fits many messages.
    pub fn from_file(text: &str) -> Result<Self, DsseError> {
        let key = VerifyingKey::from_bytes(&key_bytes(text, PUBLIC_HEADER)?)
            .map_err(|e| DsseError::KeyFile(format!("not an Ed25519 public key: {e}")))?;
        if key.is_weak() {
            return Err(DsseError::KeyFile("a weak Ed25519 public key (small order)".to_string()));
        }
        Ok(PublicKey(key))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey(keyid {})", self.keyid())
    }
}

/// The 32 bytes in a key file: exactly the header line and one line of base64.
fn key_bytes(text: &str, header: &str) -> Result<[u8; 32], DsseError> {
    let mut lines = text.lines();
    if lines.next() != Some(header) {
        return Err(DsseError::KeyFile(format!("the first line is not {header:?}")));
    }
    let line = lines.next().unwrap_or_default();
    if lines.next().is_some() {
        return Err(DsseError::KeyFile("there is more than the header and the key".to_string()));
    }
    let bytes = STANDARD.decode(line).map_err(|e| DsseError::Base64 { field: "key", reason: e.to_string() })?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| DsseError::KeyFile(format!("{length} bytes, a key has 32")))
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeSignature {
    /// Which key is said to have signed; see [`PublicKey::keyid`].
    pub keyid: String,
    /// 64 bytes in base64.
    pub sig: String,
}

/// A DSSE envelope: a payload with its type, and signatures over both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Envelope {
    /// Media type of the payload.
    pub payload_type: String,
    /// The payload in base64.
    pub payload: String,
    /// The signatures.
    pub signatures: Vec<EnvelopeSignature>,
}

/// DSSE pre-authentication encoding, the bytes that are signed: `DSSEv1 SP LEN(type) SP type SP LEN(body) SP body`
/// with lengths in bytes as ASCII decimal.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// An envelope of this payload with one signature. Ed25519 is deterministic: equal payloads give equal envelopes.
pub fn sign(payload: &[u8], key: &SecretKey) -> Envelope {
    let signature = key.0.sign(&pae(PAYLOAD_TYPE, payload));
    Envelope {
        payload_type: PAYLOAD_TYPE.to_string(),
        payload: STANDARD.encode(payload),
        signatures: vec![EnvelopeSignature {
            keyid: key.public().keyid().to_string(),
            sig: STANDARD.encode(signature.to_bytes()),
        }],
    }
}

/// A payload whose signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The payload.
    pub payload: Vec<u8>,
    /// The trusted keys that signed it; at least one, in the envelope's order.
    pub signers: Vec<Digest>,
    /// Key ids of signatures by other keys, which were not checked.
    pub unchecked: Vec<String>,
}

impl Envelope {
    /// Reads an envelope. Repeated and unknown fields are refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DsseError> {
        serde_json::from_slice(bytes).map_err(|e| DsseError::Envelope(e.to_string()))
    }

    /// The envelope as indented JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::json_bytes(self)
    }

    /// The payload, not yet verified. Good for telling what went wrong, for nothing else.
    pub fn unverified_payload(&self) -> Result<Vec<u8>, DsseError> {
        decode("payload", &self.payload)
    }

    /// Verifies every signature that names a trusted key; there must be one, and all of them must hold.
    pub fn verify(&self, trusted: &[PublicKey]) -> Result<Verified, DsseError> {
        if self.payload_type != PAYLOAD_TYPE {
            return Err(DsseError::PayloadType { found: self.payload_type.clone() });
        }
        let payload = self.unverified_payload()?;
        let message = pae(&self.payload_type, &payload);
        let (mut signers, mut unchecked) = (Vec::new(), Vec::new());
        for signature in &self.signatures {
            let Some(key) = trusted.iter().find(|key| key.keyid().to_string() == signature.keyid) else {
                unchecked.push(signature.keyid.clone());
                continue;
            };
            let keyid = key.keyid();
            let bytes = decode("sig", &signature.sig)?;
            // Strict: no small-order points, no second encoding of the same signature.
            Signature::from_slice(&bytes)
                .and_then(|signature| key.0.verify_strict(&message, &signature))
                .map_err(|_| DsseError::BadSignature { keyid })?;
            signers.push(keyid);
        }
        if signers.is_empty() {
            return Err(DsseError::UnknownKey { found: unchecked });
        }
        Ok(Verified { payload, signers, unchecked })
    }
}

/// DSSE lets a producer choose the standard or the URL-safe alphabet, and a consumer accept both.
fn decode(field: &'static str, text: &str) -> Result<Vec<u8>, DsseError> {
    STANDARD
        .decode(text)
        .or_else(|e| URL_SAFE.decode(text).map_err(|_| e))
        .map_err(|e| DsseError::Base64 { field, reason: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(n: u8) -> SecretKey {
        SecretKey::from_random(&[n; 32])
    }

    #[test]
    fn pae_by_hand() {
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
        assert_eq!(pae("text/plain", b"two words"), b"DSSEv1 10 text/plain 9 two words");
        // Lengths count bytes, not characters, and the body is taken as it is.
        assert_eq!(pae("\u{b5}", b"\xff\x00"), b"DSSEv1 2 \xc2\xb5 2 \xff\x00");
        assert_eq!(pae("a", &[b'x'; 1000])[..14], *b"DSSEv1 1 a 100");
    }

    #[test]
    fn ed25519_agrees_with_rfc_8032() {
        // Section 7.1, TEST 1: seed, public key, and the signature of the empty message.
        let hex = |text: &str| text.parse::<Digest>().map(|d| *d.as_bytes()).unwrap();
        let key = SecretKey::from_random(&hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
        let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert_eq!(*key.public().0.as_bytes(), public);
        assert_eq!(key.public().keyid(), Digest::of(&public));
        assert_eq!(
            key.0.sign(b"").to_bytes()[..32],
            hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
        );
    }

    #[test]
    fn signs_and_verifies() {
        let envelope = sign(b"{}", &key(1));
        assert_eq!(sign(b"{}", &key(1)), envelope);
        let verified = envelope.verify(&[key(2).public(), key(1).public()]).unwrap();
        assert_eq!((verified.payload.as_slice(), verified.signers), (&b"{}"[..], vec![key(1).public().keyid()]));
        assert_eq!(Envelope::from_bytes(&envelope.to_bytes()).unwrap(), envelope);
    }

    #[test]
    fn rejects_unknown_keys() {
        let envelope = sign(b"{}", &key(1));
        let found = vec![key(1).public().keyid().to_string()];
        assert_eq!(envelope.verify(&[key(2).public()]), Err(DsseError::UnknownKey { found: found.clone() }));
        assert_eq!(envelope.verify(&[]), Err(DsseError::UnknownKey { found }));
        let unsigned = Envelope { signatures: vec![], ..envelope };
        assert_eq!(unsigned.verify(&[key(1).public()]), Err(DsseError::UnknownKey { found: vec![] }));
    }

    #[test]
    fn rejects_bad_signatures() {
        let good = sign(b"{}", &key(1));
        let trusted = [key(1).public(), key(2).public()];
        let bad = Err(DsseError::BadSignature { keyid: key(1).public().keyid() });
        let other_payload = Envelope { payload: STANDARD.encode(b"[]"), ..good.clone() };
        assert_eq!(other_payload.verify(&trusted), bad);
        let mut other_key = good.clone();
        other_key.signatures[0].sig = sign(b"{}", &key(2)).signatures[0].sig.clone();
        assert_eq!(other_key.verify(&trusted), bad);
        let mut short = good.clone();
        short.signatures[0].sig = STANDARD.encode([0; 63]);
        assert_eq!(short.verify(&trusted), bad);
        // A good signature beside a bad one by another trusted key does not make the bad one good.
        let mut both = good.clone();
        both.signatures.insert(
            0,
            EnvelopeSignature { sig: good.signatures[0].sig.clone(), ..sign(b"", &key(2)).signatures[0].clone() },
        );
        assert_eq!(both.verify(&trusted), Err(DsseError::BadSignature { keyid: key(2).public().keyid() }));
        // By a key nobody trusts it is only named.
        assert_eq!(both.verify(&trusted[..1]).unwrap().unchecked, [key(2).public().keyid().to_string()]);
    }

    #[test]
    fn rejects_other_types_and_malformed_text() {
        let good = sign(b"{}", &key(1));
        let trusted = [key(1).public()];
        let other = Envelope { payload_type: "application/json".to_string(), ..good.clone() };
        assert_eq!(other.verify(&trusted), Err(DsseError::PayloadType { found: "application/json".to_string() }));
        for payload in ["!", "e30", "e31=", "e30=\n", " e30="] {
            let broken = Envelope { payload: payload.to_string(), ..good.clone() };
            assert!(matches!(broken.verify(&trusted), Err(DsseError::Base64 { field: "payload", .. })), "{payload:?}");
        }
        let mut broken = good.clone();
        broken.signatures[0].sig.push('=');
        assert!(matches!(broken.verify(&trusted), Err(DsseError::Base64 { field: "sig", .. })));
        for text in ["", "{}", r#"{"payloadType":"a","payloadType":"b","payload":"","signatures":[]}"#] {
            assert!(matches!(Envelope::from_bytes(text.as_bytes()), Err(DsseError::Envelope(_))), "{text}");
        }
    }

    #[test]
    fn accepts_the_url_safe_alphabet() {
        let payload = [0xfb, 0xff, 0xbe];
        let mut envelope = sign(&payload, &key(1));
        assert_eq!(envelope.payload, "+/++");
        envelope.payload = "-_--".to_string();
        assert_eq!(envelope.verify(&[key(1).public()]).unwrap().payload, payload);
    }

    #[test]
    fn key_files_round_trip_and_are_not_confused() {
        let secret = key(7);
        assert_eq!(SecretKey::from_file(&secret.to_file()).unwrap().public(), secret.public());
        assert_eq!(PublicKey::from_file(&secret.public().to_file()).unwrap(), secret.public());
        assert!(matches!(PublicKey::from_file(&secret.to_file()), Err(DsseError::KeyFile(_))));
        assert!(matches!(SecretKey::from_file(&secret.public().to_file()), Err(DsseError::KeyFile(_))));
        assert!(!format!("{secret:?}").contains(secret.to_file().lines().nth(1).unwrap()));
        let file = |line: &str| format!("{PUBLIC_HEADER}\n{line}\n");
        let identity = STANDARD.encode(std::array::from_fn::<u8, 32, _>(|i| (i == 0) as u8));
        for bad in ["", "AAAA", "!", &identity, &format!("{identity}\nmore")] {
            assert!(PublicKey::from_file(&file(bad)).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "(.|\n){0,60}", payload in ".{0,20}", sig in ".{0,20}") {
            let _ = Envelope::from_bytes(text.as_bytes());
            let _ = PublicKey::from_file(&text);
            let _ = SecretKey::from_file(&format!("{SEED_HEADER}\n{text}"));
            let signatures = vec![EnvelopeSignature { keyid: key(1).public().keyid().to_string(), sig }];
            let envelope = Envelope { payload_type: PAYLOAD_TYPE.to_string(), payload, signatures };
            prop_assert!(envelope.verify(&[key(1).public()]).is_err());
        }
    }
}
