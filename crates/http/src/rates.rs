//! Rate limits: token buckets for principals and for addresses, in bounded memory, and the headers that tell of them
//! (draft-ietf-httpapi-ratelimit-headers).

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, HeaderValue};
use proofmark_base::error::{Error, Kind, Result};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So many requests in so much time, all at once if need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests.
    pub requests: u32,
    /// In this time.
    pub window: Duration,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Requests.
    pub(crate) requests: u32,
    /// Seconds until all are there again.
    pub(crate) reset: u32,
}

/// Locks are held for a few instructions; this many keep cores from waiting for each other.
const SHARDS: usize = 16;

/// Buckets by key.
pub(crate) struct Rates<K> {
    name: &'static str,
    rate: Rate,
    policy: HeaderValue,
    began: Instant,
    hasher: RandomState,
    shards: [Mutex<HashMap<K, Bucket>>; SHARDS],
    /// Buckets in a shard.
    most: usize,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// Requests that are left.
    tokens: f64,
    /// Seconds since `began`.
    at: f64,
}

impl<K: Hash + Eq + Copy> Rates<K> {
    /// Buckets of that rate for about `keys` keys. `name` is what headers call the limit.
    pub(crate) fn new(name: &'static str, rate: Rate, keys: usize) -> Self {
        let policy = format!("\"{name}\";q={};w={}", rate.requests, rate.window.as_secs().max(1));
        Rates {
            name,
            rate,
            policy: HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("")),
            began: Instant::now(),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::new(HashMap::new())),
            most: keys.div_ceil(SHARDS).max(1),
        }
    }

    /// Takes one request out of the key's bucket.
    ///
    /// # Errors
    /// `rate-limit.exceeded`, with the seconds after which there is one again.
    pub(crate) fn take(&self, key: K) -> Result<Left> {
        self.take_at(key, self.began.elapsed().as_secs_f64(), 1.0)
    }

    /// The same without taking one: whether there is one.
    ///
    /// # Errors
    /// As [`take`](Rates::take).
    pub(crate) fn look(&self, key: K) -> Result<Left> {
        self.take_at(key, self.began.elapsed().as_secs_f64(), 0.0)
    }

    fn take_at(&self, key: K, now: f64, cost: f64) -> Result<Left> {
        let full = f64::from(self.rate.requests);
        let refill = full / self.rate.window.as_secs_f64();
        let shard = &self.shards[(self.hasher.hash_one(key) as usize) % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= self.most && !shard.contains_key(&key) {
            make_room(&mut shard, now, full, refill);
        }
        let bucket = shard.entry(key).or_insert(Bucket { tokens: full, at: now });
        bucket.tokens = (bucket.tokens + (now - bucket.at).max(0.0) * refill).min(full);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            let wait = ((1.0 - bucket.tokens) / refill).ceil().max(1.0) as u32;
            return Err(Error::new(
                Kind::RateLimited,
                "rate-limit.exceeded",
                format!("more than {} requests in {} s", self.rate.requests, self.rate.window.as_secs()),
            )
            .help("send fewer requests; every answer says how many are left, in `RateLimit`")
            .retry_after(wait));
        }
        bucket.tokens -= cost;
        let reset = ((full - bucket.tokens) / refill).ceil() as u32;
        Ok(Left { requests: bucket.tokens as u32, reset })
    }

    /// Says in an answer what is left.
    pub(crate) fn tell(&self, left: Left, headers: &mut HeaderMap) {
        const LEFT: HeaderName = HeaderName::from_static("ratelimit");
        const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
        let text = format!("\"{}\";r={};t={}", self.name, left.requests, left.reset);
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(LEFT, value);
        }
        headers.insert(POLICY, self.policy.clone());
    }
}

/// Forgets buckets that are full again: they say nothing. Where all are in use, the fullest of them goes, so that whoever
/// makes up keys pushes out their own.
fn make_room<K: Eq + Hash + Copy>(buckets: &mut HashMap<K, Bucket>, now: f64, full: f64, refill: f64) {
    let level = |b: &Bucket| b.tokens + (now - b.at) * refill;
    let before = buckets.len();
    buckets.retain(|_, b| level(b) < full);
    if buckets.len() == before {
        let fullest = buckets.iter().max_by(|(_, a), (_, b)| level(a).total_cmp(&level(b))).map(|(k, _)| *k);
        if let Some(key) = fullest {
            buckets.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(keys: usize) -> Rates<u32> {
        Rates::new("test", Rate { requests: 10, window: Duration::from_secs(5) }, keys)
    }

    #[test]
    fn a_bucket_gives_what_it_holds_and_fills_with_time() {
        let rates = rates(100);
        for left in (0..10).rev() {
            assert_eq!(rates.take_at(1, 0.0, 1.0).unwrap().requests, left);
        }
        let e = rates.take_at(1, 0.0, 1.0).unwrap_err();
        assert_eq!((e.kind, e.retry_after), (Kind::RateLimited, Some(1)));
        assert!(rates.take_at(2, 0.0, 1.0).is_ok(), "others are not concerned");
        assert!(rates.take_at(1, 0.6, 1.0).is_ok(), "two a second come back");
        assert!(rates.take_at(1, 0.6, 1.0).is_err());
        assert_eq!(rates.take_at(1, 1e6, 1.0).unwrap().requests, 9, "and never more than fit");
    }

    #[test]
    fn memory_is_bounded_and_spent_buckets_stay() {
        let rates = rates(SHARDS * 4);
        for _ in 0..10 {
            rates.take_at(0, 0.0, 1.0).unwrap();
        }
        for key in 1..10_000 {
            rates.take_at(key, 0.0, 1.0).unwrap();
        }
        assert!(rates.shards.iter().all(|s| s.lock().unwrap().len() <= 4));
        assert!(rates.take_at(0, 0.0, 1.0).is_err(), "making up keys does not win new requests");
    }

    #[test]
    fn headers_are_those_of_the_draft() {
        let rates = rates(10);
        let mut headers = HeaderMap::new();
        rates.tell(rates.take_at(1, 0.0, 1.0).unwrap(), &mut headers);
        assert_eq!(headers["ratelimit"], "\"test\";r=9;t=1");
        assert_eq!(headers["ratelimit-policy"], "\"test\";q=10;w=5");
    }
}
