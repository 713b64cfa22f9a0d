//! Guessing made slow: failed attempts are counted for each account name, existing or not, and for each network
//! address, in the database, so that restarts and further processes change nothing.
//!
//! An attempt is counted before its password is looked at and given back if it was right, so attempts at the same
//! moment count too. The first ones are free; then each failure doubles the wait, up to [`LONGEST`]. A counter is
//! forgotten after [`FORGOTTEN`] without an attempt. Names are kept as hashes.
//!
//! Who fails on purpose can make an account's owner wait: at most [`LONGEST`] at a time, which is the price of no
//! guesser getting more than about a hundred attempts a day.

use crate::platform::Platform;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_store::{Connection, Scope, throttles};
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(15 * 60);
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);
/// Failures that cost nothing: a person's typing, an office's shared address.
const FREE_ACCOUNT: i64 = 5;
const FREE_ADDRESS: i64 = 50;

/// The wait after that many failures.
fn wait(failures: i64, free: i64) -> Duration {
    match failures - free {
        over if over < 0 => Duration::ZERO,
        over => Duration::from_secs(1_u64 << over.min(20)).min(LONGEST),
    }
}

/// An attempt that was counted.
pub(super) struct Attempt {
    account: String,
    address: Option<String>,
}

/// Counts an attempt, if it may be made now.
///
/// # Errors
/// `sign-in.throttled` with the seconds to wait.
pub(super) async fn begin(platform: &Platform, account: &str, address: Option<&str>) -> Result<Attempt> {
    let now = platform.clock.now();
    let key = |what: &str, name: &str| format!("{what} {}", Digest::of(name.as_bytes()));
    let attempt = Attempt { account: key("account", account), address: address.map(|a| key("address", a)) };
    let mut tx = platform.database.begin(Scope::System).await?;
    let counters = [Some((&attempt.account, FREE_ACCOUNT)), attempt.address.as_ref().map(|a| (a, FREE_ADDRESS))];
    for (key, free) in counters.into_iter().flatten() {
        // in the order of account and address always, so that no two attempts wait for each other
        let known = throttles::hold(&mut tx, key).await?;
        // a clock that was far ahead for a while must not shut people out until it is right
        let wrong = known.last_at > now.after(LONGEST);
        let failures = if wrong || now.since(known.last_at) >= FORGOTTEN { 0 } else { known.failures };
        let left = wait(failures, free).saturating_sub(now.since(known.last_at));
        if !left.is_zero() {
            let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            return Err(Error::new(Kind::RateLimited, "sign-in.throttled", "too many attempts failed")
                .retry_after(seconds)
                .help("wait, then try again; whoever forgot the password asks an admin for a new link"));
        }
        throttles::set(&mut tx, key, failures + 1, now).await?;
    }
    tx.commit().await?;
    // now and then, in a transaction of its own: it touches other attempts' counters
    let mut dice = [0];
    platform.random.fill(&mut dice);
    if dice[0] == 0 {
        let mut tx = platform.database.begin(Scope::System).await?;
        throttles::sweep(&mut tx, now.before(FORGOTTEN)).await?;
        tx.commit().await?;
    }
    Ok(attempt)
}

impl Attempt {
    /// It was right: the account's failures are forgotten, the address gets this one back.
    pub(super) async fn succeeded(&self, on: &mut dyn Connection) -> Result<()> {
        throttles::clear(on, &self.account).await?;
        match &self.address {
            Some(address) => throttles::give_back(on, address).await,
            None => Ok(()),
        }
    }

    /// It was neither right nor wrong: nothing is counted, nothing forgotten.
    pub(super) async fn undecided(&self, on: &mut dyn Connection) -> Result<()> {
        throttles::give_back(on, &self.account).await?;
        match &self.address {
            Some(address) => throttles::give_back(on, address).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<u64> = (0..18).map(|n| wait(n, FREE_ACCOUNT).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert_eq!(wait(i64::MAX, FREE_ACCOUNT), LONGEST);
        // attempts that fit into a day when each waits as long as it must
        let (mut at, mut attempts) = (0, 0);
        while at < 86_400 {
            at += wait(attempts, FREE_ACCOUNT).as_secs();
            attempts += 1;
        }
        assert!(attempts < 115, "{attempts}");
    }
}
