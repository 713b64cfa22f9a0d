//! Wake-ups within a process: who waits for something names it, who brings it about says so. A wake-up is a hint;
//! the database is looked at again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// Those who wait, by what they wait for.
#[derive(Debug, Default)]
pub(crate) struct Hub(Mutex<HashMap<String, Arc<Notify>>>);

/// A message to a run.
pub(crate) fn mail(run: &str, topic: &str) -> String {
    format!("mail {run} {topic}")
}

/// The end of a run.
pub(crate) fn end(run: &str) -> String {
    format!("end {run}")
}

impl Hub {
    /// Begins to listen; signals from now on are not missed if `notified()` is enabled before looking.
    pub(crate) fn listen(self: &Arc<Self>, key: String) -> Listening {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let notify = all.entry(key.clone()).or_default().clone();
        Listening { hub: self.clone(), key, notify }
    }

    /// Wakes who listens for it.
    pub(crate) fn signal(&self, key: &str) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = all.get(key) {
            notify.notify_waiters();
        }
    }
}

/// Somebody listens.
pub(crate) struct Listening {
    hub: Arc<Hub>,
    key: String,
    pub(crate) notify: Arc<Notify>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut all = self.hub.0.lock().unwrap_or_else(PoisonError::into_inner);
        // the map's and ours
        if Arc::strong_count(&self.notify) <= 2 {
            all.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signal_between_looking_and_waiting_is_not_lost_and_nothing_stays_behind() {
        let hub = Arc::new(Hub::default());
        let one = hub.listen(mail("a", "t"));
        let two = hub.listen(mail("a", "t"));
        let (mut first, mut second) = (Box::pin(one.notify.notified()), Box::pin(two.notify.notified()));
        first.as_mut().enable();
        second.as_mut().enable();
        hub.signal(&mail("a", "t"));
        hub.signal(&end("nobody"));
        first.await;
        second.await;
        drop(one);
        assert_eq!(hub.0.lock().unwrap().len(), 1);
        drop(two);
        assert!(hub.0.lock().unwrap().is_empty());
    }
}
