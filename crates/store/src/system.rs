//! The machine's clock and random source behind the ports of `base`.

use proofmark_base::id::Random;
use proofmark_base::time::{Clock, Timestamp};

/// The wall clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The operating system's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // without random bytes no secret and no identifier can be made: nothing sensible is left to do
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
