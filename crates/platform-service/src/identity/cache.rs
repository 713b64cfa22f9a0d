//! Who was authenticated a moment ago, so that most requests need no query.
//!
//! An entry lives for [`LIFE`]: that is how long another process may still accept what was revoked here. In the process
//! that revokes it is gone at once: [`forget`](Cache::forget) runs after the commit, and a lookup that began before it
//! does not put back what it read.

use proofmark_base::digest::Digest;
use proofmark_base::time::Timestamp;
use proofmark_kernel::principal::{Caller, PrincipalId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an entry is believed.
pub(super) const LIFE: Duration = Duration::from_secs(3);
/// Most entries: some megabytes.
const MOST: usize = 8_192;

struct Entry {
    caller: Arc<Caller>,
    read_at: Timestamp,
    ends_at: Timestamp,
}

/// The entries.
#[derive(Default)]
pub(super) struct Cache {
    entries: Mutex<HashMap<Digest, Entry>>,
    /// Counts forgetting.
    generation: AtomicU64,
}

impl Cache {
    fn entries(&self) -> MutexGuard<'_, HashMap<Digest, Entry>> {
        // entries are put in whole: whoever panicked while holding the lock left nothing half done
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller of that secret, if read a moment ago and not ended since.
    pub(super) fn get(&self, secret: &Digest, now: Timestamp) -> Option<Arc<Caller>> {
        let entries = self.entries();
        let entry = entries.get(secret)?;
        // a clock that jumped back must not lengthen an entry's life
        let fresh = now >= entry.read_at && now.since(entry.read_at) < LIFE && now < entry.ends_at;
        fresh.then(|| Arc::clone(&entry.caller))
    }

    /// What to hand to [`put`](Cache::put): to be taken before the query.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Keeps what a query read, unless somebody was forgotten since it began.
    pub(super) fn put(&self, generation: u64, secret: Digest, caller: Arc<Caller>, now: Timestamp, ends_at: Timestamp) {
        let mut entries = self.entries();
        if self.generation.load(Ordering::Acquire) != generation {
            return;
        }
        if entries.len() >= MOST {
            entries.retain(|_, e| now >= e.read_at && now.since(e.read_at) < LIFE);
        }
        if entries.len() >= MOST {
            entries.clear();
        }
        entries.insert(secret, Entry { caller, read_at: now, ends_at });
    }

    /// Forgets everything of that principal.
    pub(super) fn forget(&self, principal: PrincipalId) {
        let mut entries = self.entries();
        self.generation.fetch_add(1, Ordering::AcqRel);
        entries.retain(|_, e| e.caller.principal != principal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_kernel::organization::OrganizationId;
    use proofmark_kernel::principal::{Credential, PrincipalKind};

    fn caller(principal: u128) -> Arc<Caller> {
        Arc::new(Caller {
            principal: PrincipalId::from_bits(principal),
            organization: OrganizationId::from_bits(1),
            kind: PrincipalKind::User,
            grants: vec![],
            credential: Credential::System,
            scopes: None,
        })
    }

    #[test]
    fn an_entry_ends_and_can_be_forgotten() {
        let (cache, at) = (Cache::default(), Timestamp::from_micros(1_000_000_000));
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        cache.put(cache.generation(), a, caller(1), at, at.after(Duration::from_secs(60)));
        cache.put(cache.generation(), b, caller(2), at, at.after(Duration::from_secs(1)));
        assert!(cache.get(&a, at).is_some());
        assert!(cache.get(&a, at.after(LIFE)).is_none());
        assert!(cache.get(&a, at.before(Duration::from_secs(1))).is_none());
        assert!(cache.get(&b, at.after(Duration::from_secs(1))).is_none());
        cache.forget(PrincipalId::from_bits(1));
        assert!(cache.get(&a, at).is_none());
        assert!(cache.get(&b, at).is_some());
    }

    #[test]
    fn what_was_read_before_somebody_was_forgotten_is_not_kept() {
        let (cache, at) = (Cache::default(), Timestamp::from_micros(1_000_000_000));
        let before = cache.generation();
        cache.forget(PrincipalId::from_bits(1));
        cache.put(before, Digest::of(b"a"), caller(1), at, at.after(LIFE));
        assert!(cache.get(&Digest::of(b"a"), at).is_none());
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let (cache, at) = (Cache::default(), Timestamp::from_micros(1_000_000_000));
        for i in 0..2 * MOST as u64 {
            cache.put(cache.generation(), Digest::of(&i.to_le_bytes()), caller(1), at, at.after(LIFE));
        }
        assert!(cache.entries().len() <= MOST);
    }
}
