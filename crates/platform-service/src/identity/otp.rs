//! Time-based one-time passwords (RFC 6238 over RFC 4226): HMAC-SHA-1, 6 digits, steps of 30 s, which is what every
//! authenticator app knows.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Bytes of a secret: the length of the hash, as RFC 4226, section 4 recommends.
pub const SECRET: usize = 20;
/// Seconds of a step.
const STEP: i64 = 30;
/// Steps before and after the current one whose codes are accepted: clocks differ and typing takes time.
const WINDOW: i64 = 1;

/// The step of that second since 1970.
pub fn step(seconds: i64) -> i64 {
    seconds.div_euclid(STEP)
}

/// The code of a step, below 1,000,000; shown with six digits. RFC 4226, section 5.3.
pub fn code(secret: &[u8], step: i64) -> u32 {
    truncated(secret, step) % 1_000_000
}

fn truncated(secret: &[u8], step: i64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]])
}

/// The step whose code was typed, if it lies in the window and after the one that was used last.
///
/// All steps of the window are computed whatever was typed.
pub fn matched(secret: &[u8], typed: u32, now: i64, last: i64) -> Option<i64> {
    let current = step(now);
    (current - WINDOW..=current + WINDOW).fold(None, |found, step| {
        let good = code(secret, step) == typed && step > last;
        if good { found.or(Some(step)) } else { found }
    })
}

/// The code that a person typed: six digits, spaces forgiven.
pub fn typed(text: &str) -> Option<u32> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    (digits.len() == 6 && digits.bytes().all(|c| c.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

/// Base 32 as authenticator apps read it (RFC 4648, section 6), without padding.
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let mut padded = [0_u8; 8];
        padded[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(padded);
        let characters = (group.len() * 8).div_ceil(5);
        text.extend((0..characters).map(|i| char::from(ALPHABET[(bits >> (35 - 5 * i)) as usize & 31])));
    }
    text
}

/// What an authenticator app reads from a square code: the `otpauth` address of the secret.
pub fn uri(issuer: &str, account: &str, secret: &[u8]) -> String {
    let (issuer, account, secret) = (percent(issuer), percent(account), base32(secret));
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30")
}

/// Percent-encoding of everything but the unreserved characters of RFC 3986.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RFC: &[u8] = b"12345678901234567890";

    #[test]
    fn the_values_of_rfc_6238_appendix_b() {
        for (seconds, eight_digits) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(truncated(RFC, step(seconds)) % 100_000_000, eight_digits);
            assert_eq!(code(RFC, step(seconds)), eight_digits % 1_000_000);
        }
    }

    #[test]
    fn the_values_of_rfc_4226_appendix_d() {
        let codes = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        assert_eq!((0..10).map(|n| code(RFC, n)).collect::<Vec<_>>(), codes);
    }

    #[test]
    fn the_values_of_rfc_4648_section_10() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_code_is_good_for_a_step_before_and_after_and_once() {
        let now = 1_000_000_000;
        let current = step(now);
        for offset in -3..=3 {
            let found = matched(RFC, code(RFC, current + offset), now, 0);
            assert_eq!(found.is_some(), (-1..=1).contains(&offset), "{offset}");
        }
        let used = matched(RFC, code(RFC, current), now, 0).unwrap();
        assert_eq!(matched(RFC, code(RFC, current), now, used), None);
        assert_eq!(matched(RFC, code(RFC, current - 1), now, used), None);
        assert_eq!(matched(RFC, code(RFC, current + 1), now, used), Some(current + 1));
    }

    #[test]
    fn what_is_typed() {
        assert_eq!(typed("012 345"), Some(12_345));
        for wrong in ["", "12345", "1234567", "12345a", "-12345", "+12345", "１２３４５６"] {
            assert_eq!(typed(wrong), None, "{wrong}");
        }
    }

    proptest! {
        /// Whatever an issuer or an account is called, the parts of the address can be told apart again.
        #[test]
        fn the_address_keeps_its_parts(issuer in "\\PC{0,20}", account in "\\PC{0,20}", secret in prop::collection::vec(any::<u8>(), 0..40)) {
            let uri = uri(&issuer, &account, &secret);
            prop_assert!(uri.is_ascii() && !uri.contains(char::is_whitespace));
            let rest = uri.strip_prefix("otpauth://totp/").unwrap();
            let (label, query) = rest.split_once('?').unwrap();
            let (a, b) = label.split_once(':').unwrap();
            prop_assert_eq!(unpercent(a), issuer.clone());
            prop_assert_eq!(unpercent(b), account);
            let fields: Vec<(&str, &str)> = query.split('&').map(|f| f.split_once('=').unwrap()).collect();
            prop_assert_eq!(fields.len(), 5);
            prop_assert_eq!(fields[0].0, "secret");
            prop_assert_eq!(fields[0].1, base32(&secret));
            prop_assert_eq!(unpercent(fields[1].1), issuer);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            let _ = typed(&text);
        }
    }

    fn unpercent(text: &str) -> String {
        let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
        while let Some((first, more)) = rest.split_first() {
            if *first == b'%' {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&more[..2]).unwrap(), 16).unwrap());
                rest = &more[2..];
            } else {
                bytes.push(*first);
                rest = more;
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}
