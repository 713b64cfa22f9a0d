//! Instants as integers, and the clock as a port: nothing here reads one.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00Z, without leap seconds. Its text form is RFC 3339 in UTC with six
/// decimals, `2026-11-22T09:40:22.000000Z`: equal instants have equal texts, and texts sort as instants do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Timestamp(i64);

/// Seconds of a day.
const DAY: i64 = 86_400;
/// First microsecond after the year 9999, the last that RFC 3339 writes.
const END: i64 = 253_402_300_800_000_000;

impl Timestamp {
    /// From microseconds since 1970; clamped to the years 1970 to 9999.
    pub fn from_micros(micros: i64) -> Self {
        Timestamp(micros.clamp(0, END - 1))
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970, rounded down.
    pub fn millis(self) -> i64 {
        self.0 / 1_000
    }

    /// Seconds since 1970, rounded down.
    pub fn seconds(self) -> i64 {
        self.0 / 1_000_000
    }

    /// Later by that much.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Timestamp::from_micros(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Earlier by that much.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Timestamp::from_micros(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Time since `earlier`; zero if that is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Civil date of a day number, days since 1970-01-01. Proleptic Gregorian calendar, counted in eras of 400 years.
fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, date)
}

/// Day number of a civil date; the inverse of [`civil`].
fn day_number(year: i64, month: i64, date: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + date - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The text form, written by hand: the formatter of numbers takes several times as long, and answers are full of these.
fn written(t: Timestamp) -> [u8; 27] {
    let (seconds, micros) = (t.0.div_euclid(1_000_000), t.0.rem_euclid(1_000_000));
    let (year, month, date) = civil(seconds.div_euclid(DAY));
    let s = seconds.rem_euclid(DAY);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let fields = [
        (0, 4, year),
        (5, 2, month),
        (8, 2, date),
        (11, 2, s / 3600),
        (14, 2, s / 60 % 60),
        (17, 2, s % 60),
        (20, 6, micros),
    ];
    for (at, digits, mut value) in fields {
        for c in text[at..at + digits].iter_mut().rev() {
            *c = b'0' + (value % 10) as u8;
            value /= 10;
        }
    }
    text
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&written(*self)).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&written(*self)).map_err(serde::ser::Error::custom)?)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads RFC 3339 (section 5.6) with any offset and up to nine decimals; digits beyond microseconds are dropped.
    fn from_str(text: &str) -> Result<Self> {
        read(text).ok_or_else(|| {
            Error::invalid("time.invalid", format!("`{text}` is not a time"))
                .help("write it as RFC 3339, for example 2026-11-22T09:40:22Z")
        })
    }
}

fn read(text: &str) -> Option<Timestamp> {
    let b = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = b.get(from..to)?;
        digits.iter().all(u8::is_ascii_digit).then(|| digits.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
    };
    let is = |at: usize, any: &[u8]| b.get(at).is_some_and(|c| any.contains(c));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, date) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if civil(day_number(year, month, date)) != (year, month, date) || !(1..=12).contains(&month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut micros = 0;
    if is(at, b".") {
        let digits = b[at + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits == 0 || digits > 9 {
            return None;
        }
        let kept = digits.min(6);
        micros = number(at + 1, at + 1 + kept)? * 10_i64.pow(u32::try_from(6 - kept).ok()?);
        at += 1 + digits;
    }
    let offset = match (b.get(at)?, b.len() - at) {
        (b'Z' | b'z', 1) => 0,
        (sign @ (b'+' | b'-'), 6) if is(at + 3, b":") => {
            let (h, m) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            if h > 23 || m > 59 {
                return None;
            }
            (h * 3600 + m * 60) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    let seconds = day_number(year, month, date) * DAY + hour * 3600 + minute * 60 + second - offset;
    let all = seconds * 1_000_000 + micros;
    (0..END).contains(&all).then_some(Timestamp(all))
}

impl TryFrom<String> for Timestamp {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(t: Timestamp) -> String {
        t.to_string()
    }
}

/// Gives the time. Wall clocks jump: what decides about leases and order asks the database instead.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_instants() {
        assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
        // 2000-02-29 exists, 1900-02-29 does not
        assert_eq!(
            "2000-02-29T12:30:45.5+02:00".parse::<Timestamp>().unwrap().to_string(),
            "2000-02-29T10:30:45.500000Z"
        );
        assert!("1900-02-29T00:00:00Z".parse::<Timestamp>().is_err());
        assert_eq!("9999-12-31T23:59:59.999999999Z".parse::<Timestamp>().unwrap().micros(), END - 1);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026",
            "2026-11-22",
            "2026-13-01T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T00:00:00",
            "2026-11-22T00:00:00.Z",
            "2026-11-22T00:00:00+1:00",
            "1969-12-31T23:59:59Z",
            "2026-11-22T00:00:00Zx",
            "２026-11-22T00:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips_and_sorts_like_time(a in 0..END, b in 0..END) {
            let (a, b) = (Timestamp(a), Timestamp(b));
            prop_assert_eq!(a.to_string().parse::<Timestamp>().unwrap(), a);
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
