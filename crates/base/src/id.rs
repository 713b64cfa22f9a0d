//! Identifiers that say what they name: `run_01kaznm9t8e3r9c5w4s2v0x7qd`.
//!
//! Text form: a prefix, `_`, and 26 characters of lower-case Crockford base 32 (no i, l, o, u) for the 128 bits of a
//! UUID version 7 (RFC 9562, section 5.7). Identifiers of one kind sort by the millisecond in which they were made.

use crate::error::{Error, Result};
use crate::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters after the prefix.
const LENGTH: usize = 26;

/// The digit that each byte stands for; 255 where it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut i = 0;
    while i < ALPHABET.len() {
        digits[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    digits
};

/// Gives bytes that nobody can foresee. Nothing in this crate makes them.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// The 128 bits of a UUID version 7 for that millisecond.
pub fn uuid7(now: Timestamp, random: &dyn Random) -> u128 {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes[6..]);
    bytes[..6].copy_from_slice(&now.millis().to_be_bytes()[2..]);
    bytes[6] = 0x70 | bytes[6] & 0x0f;
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    u128::from_be_bytes(bytes)
}

/// Most bytes of a prefix.
pub const PREFIX: usize = 16;

/// The text form of an identifier. Identifiers are a good part of what the API answers: no allocation, no arithmetic on
/// 128 bits.
pub struct Text {
    bytes: [u8; PREFIX + 1 + LENGTH],
    length: usize,
}

/// The lowest bits of a word as digits.
fn put(digits: &mut [u8], word: u64) {
    let most = digits.len();
    for (i, c) in digits.iter_mut().enumerate() {
        *c = ALPHABET[(word >> (5 * (most - 1 - i)) & 31) as usize];
    }
}

impl Text {
    /// `prefix_` and the 26 characters; a prefix has at most [`PREFIX`] bytes.
    pub fn new(prefix: &str, bits: u128) -> Self {
        let mut bytes = [b'_'; PREFIX + 1 + LENGTH];
        let before = prefix.len();
        bytes[..before].copy_from_slice(&prefix.as_bytes()[..before]);
        let length = before + 1 + LENGTH;
        // 2, 12 and 12 digits: 130 bits, of which the upper two are zero
        let (first, digits) = bytes[before + 1..length].split_at_mut(2);
        let (upper, lower) = digits.split_at_mut(12);
        put(first, (bits >> 120) as u64);
        put(upper, (bits >> 60) as u64);
        put(lower, bits as u64);
        Text { bytes, length }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // made of texts
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

/// Reads `prefix_` and the 26 characters; the one text form only.
///
/// # Errors
/// `id.invalid`, saying what was expected.
pub fn read(prefix: &str, text: &str) -> Result<u128> {
    let wrong = || {
        Error::invalid(
            "id.invalid",
            format!("`{}` is not an identifier of the form {prefix}_...", crate::id::shown(text)),
        )
    };
    let digits = text.strip_prefix(prefix).and_then(|t| t.strip_prefix('_')).ok_or_else(wrong)?;
    if digits.len() != LENGTH {
        return Err(wrong());
    }
    // what is no digit has bits that no digit has
    let mut seen = 0;
    let mut word = |digits: &[u8]| {
        digits.iter().fold(0_u64, |word, c| {
            let digit = DIGITS[usize::from(*c)];
            seen |= digit;
            word << 5 | u64::from(digit)
        })
    };
    let digits = digits.as_bytes();
    let (first, upper, lower) = (word(&digits[..2]), word(&digits[2..14]), word(&digits[14..]));
    if seen > 31 || DIGITS[usize::from(digits[0])] > 7 {
        return Err(wrong());
    }
    Ok(u128::from(first) << 120 | u128::from(upper) << 60 | u128::from(lower))
}

/// A caller's text cut to what a message should repeat.
pub fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// Declares an identifier type with its prefix.
///
/// ```
/// proofmark_base::id!(
///     /// A lamp.
///     LampId, "lamp"
/// );
/// let id: LampId = "lamp_00000000000000000000000001".parse().unwrap();
/// assert_eq!(id.to_string(), "lamp_00000000000000000000000001");
/// ```
#[macro_export]
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        const _: () = assert!($prefix.len() <= $crate::id::PREFIX, "the prefix of an identifier is too long");

        impl $name {
            /// What its text form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new one.
            pub fn new(now: $crate::time::Timestamp, random: &dyn $crate::id::Random) -> Self {
                $name($crate::id::uuid7(now, random))
            }

            /// From its 128 bits.
            pub const fn from_bits(bits: u128) -> Self {
                $name(bits)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str($crate::id::Text::new($prefix, self.0).as_str())
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::error::Error;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::error::Error> {
                $crate::id::read($prefix, text).map($name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::error::Error;

            fn try_from(text: String) -> ::std::result::Result<Self, $crate::error::Error> {
                text.parse()
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::id::Text::new($prefix, self.0).as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let text = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::id!(ThingId, "thing");

    struct Fixed(u8);
    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_new_one_is_a_uuid_of_version_7() {
        let bits = uuid7("2026-11-22T09:40:22.123Z".parse().unwrap(), &Fixed(0xff));
        assert_eq!(bits >> 76 & 15, 7);
        assert_eq!(bits >> 62 & 3, 2);
        assert_eq!(bits >> 80, 1_795_340_422_123);
        assert!(ThingId::from_bits(bits).to_string().starts_with(ThingId::PREFIX));
    }

    proptest! {
        #[test]
        fn one_text_for_one_identifier(bits: u128, text in "thing_[0-9a-z]{26}") {
            let id = ThingId::from_bits(bits);
            prop_assert_eq!(id.to_string().parse::<ThingId>().unwrap(), id);
            if let Ok(id) = text.parse::<ThingId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn later_ones_sort_later(a in 0..1_i64 << 47, b in 0..1_i64 << 47) {
            let at = |millis: i64| ThingId::new(Timestamp::from_micros(millis.saturating_mul(1000)), &Fixed(1));
            let (x, y) = (at(a), at(b));
            prop_assert_eq!(x.cmp(&y), x.to_string().cmp(&y.to_string()));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<ThingId>();
        }
    }
}
