//! Secrets that we make and hand out once: of sessions, tokens and one-time links.
//!
//! Text form: a prefix that says what it is, `_`, and 56 characters of lower-case Crockford base 32 for 256 random bits
//! and 24 bits of checksum. The checksum lets leak scanners be sure and refuses typing errors without a query. Kept is
//! the SHA-256 of the text only: 256 random bits need no slow hash.

use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::id::Random;
use std::fmt;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM: usize = 32;
const CHECKSUM: usize = 3;
/// Characters after the prefix and `_`.
const LENGTH: usize = (RANDOM + CHECKSUM) * 8 / 5;

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A session: `pms_`.
    Session,
    /// An API token: `pmt_`.
    Token,
    /// Good for one use: the first start, an invitation, a new password, a sign-in under way: `pmo_`.
    Once,
}

impl Purpose {
    fn prefix(self) -> &'static str {
        match self {
            Purpose::Session => "pms",
            Purpose::Token => "pmt",
            Purpose::Once => "pmo",
        }
    }
}

/// A secret. It is not printed with `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    purpose: Purpose,
    text: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_...", self.purpose.prefix())
    }
}

fn checksum(prefix: &str, random: &[u8]) -> [u8; CHECKSUM] {
    let mut all = prefix.as_bytes().to_vec();
    all.extend_from_slice(random);
    let digest = Digest::of(&all);
    let [a, b, c, ..] = *digest.as_bytes();
    [a, b, c]
}

fn refused() -> Error {
    Error::new(Kind::Unauthenticated, "credential.invalid", "what was shown is not a valid secret of this installation")
        .help("sign in again, or use a token that is in force")
}

impl Secret {
    /// A new one.
    pub fn new(purpose: Purpose, random: &dyn Random) -> Self {
        let mut bytes = [0; RANDOM + CHECKSUM];
        let (secret, sum) = bytes.split_at_mut(RANDOM);
        random.fill(secret);
        sum.copy_from_slice(&checksum(purpose.prefix(), secret));
        Secret { purpose, text: format!("{}_{}", purpose.prefix(), encode(&bytes)) }
    }

    /// Reads one; the one text form only.
    ///
    /// # Errors
    /// `credential.invalid`, the same for every reason.
    pub fn read(text: &str) -> Result<Self> {
        let purpose = [Purpose::Session, Purpose::Token, Purpose::Once]
            .into_iter()
            .find(|p| text.starts_with(p.prefix()))
            .ok_or_else(refused)?;
        let digits = text[purpose.prefix().len()..].strip_prefix('_').ok_or_else(refused)?;
        let bytes = decode(digits).filter(|_| digits.len() == LENGTH).ok_or_else(refused)?;
        let (secret, sum) = bytes.split_at_checked(RANDOM).ok_or_else(refused)?;
        if sum != checksum(purpose.prefix(), secret) {
            return Err(refused());
        }
        Ok(Secret { purpose, text: text.to_string() })
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The text, to be shown to its owner once and written nowhere.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What is kept of it.
    pub fn hash(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

/// Base 32 of whole groups of five bytes.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5);
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
        text.extend((0..8).rev().map(|i| char::from(ALPHABET[(bits >> (5 * i)) as usize & 31])));
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    for group in text.as_bytes().chunks(8) {
        let group: &[u8; 8] = group.try_into().ok()?;
        let mut bits = 0_u64;
        for c in group {
            bits = bits << 5 | ALPHABET.iter().position(|a| a == c)? as u64;
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

/// A code for a person to write down: four groups of four characters, 80 random bits.
pub(super) fn code(random: &dyn Random) -> String {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let text = encode(&bytes);
    [&text[..4], &text[4..8], &text[8..12], &text[12..]].join("-")
}

/// A code as a person typed it, in the form of [`code`]: case, spaces and look-alike letters forgiven.
pub(super) fn typed(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        })
        .collect();
    let good = plain.len() == 16 && plain.bytes().all(|c| ALPHABET.contains(&c));
    good.then(|| [&plain[..4], &plain[4..8], &plain[8..12], &plain[12..]].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_store::system::SystemRandom;
    use proptest::prelude::*;

    struct Bytes(Vec<u8>);
    impl Random for Bytes {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0[..bytes.len()]);
        }
    }

    fn purpose() -> impl Strategy<Value = Purpose> {
        prop::sample::select(vec![Purpose::Session, Purpose::Token, Purpose::Once])
    }

    #[test]
    fn it_is_not_printed() {
        let secret = Secret::new(Purpose::Token, &SystemRandom);
        assert_eq!(format!("{secret:?}"), "pmt_...");
        assert_eq!(secret.expose().len(), 4 + 56);
    }

    proptest! {
        #[test]
        fn one_text_for_one_secret(bytes in prop::collection::vec(any::<u8>(), 32), purpose in purpose()) {
            let secret = Secret::new(purpose, &Bytes(bytes));
            let again = Secret::read(secret.expose()).unwrap();
            prop_assert_eq!(again.purpose(), purpose);
            prop_assert_eq!(again, secret);
        }

        #[test]
        fn a_changed_character_is_refused(bytes in prop::collection::vec(any::<u8>(), 32), purpose in purpose(), at in 0..60_usize, to in "[0-9a-z_]") {
            let secret = Secret::new(purpose, &Bytes(bytes));
            let mut text = secret.expose().to_string();
            text.replace_range(at..=at, &to);
            prop_assert_eq!(Secret::read(&text).is_ok(), text == secret.expose());
        }

        #[test]
        fn no_text_panics(text in "(pm[sto]_)?\\PC{0,70}") {
            let _ = Secret::read(&text);
            let _ = typed(&text);
        }

        #[test]
        fn codes_survive_handwriting(bytes in prop::collection::vec(any::<u8>(), 10)) {
            let code = code(&Bytes(bytes));
            let sloppy = code.to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l");
            prop_assert_eq!(typed(&sloppy), Some(code));
        }
    }
}
