//! Events as they happen, for views that are open at the moment. A hint and no more: who was not listening, or too
//! slowly, reads the state from the database.

use crate::relay::Consumer;
use async_trait::async_trait;
use proofmark_base::error::Result;
use proofmark_kernel::event::{Event, EventId};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;

/// Events that a slow listener may be behind.
const BEHIND: usize = 1024;
/// Identifiers that are remembered, so that an event that comes by two ways is told once.
const REMEMBERED: usize = 1024;

/// Tells this process's listeners of events. Clones tell the same listeners.
#[derive(Clone, Debug)]
pub struct Live {
    sender: broadcast::Sender<Arc<Event>>,
    told: Arc<Mutex<VecDeque<EventId>>>,
}

impl Default for Live {
    fn default() -> Self {
        Live { sender: broadcast::Sender::new(BEHIND), told: Arc::default() }
    }
}

impl Live {
    /// One without listeners.
    pub fn new() -> Self {
        Live::default()
    }

    /// Listens from now on. A listener that falls behind is told how many events it missed
    /// ([`RecvError::Lagged`](broadcast::error::RecvError::Lagged)).
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.sender.subscribe()
    }

    /// Tells of an event, unless it was told of lately; whether it did.
    pub fn tell(&self, event: &Event) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.contains(&event.id) {
            return false;
        }
        if told.len() == REMEMBERED {
            told.pop_front();
        }
        told.push_back(event.id);
        if self.sender.receiver_count() > 0 {
            // the last listener may have gone this moment
            let _ = self.sender.send(Arc::new(event.clone()));
        }
        true
    }
}

#[async_trait]
impl Consumer for Live {
    fn name(&self) -> &str {
        "live"
    }

    async fn consume(&self, event: &Event) -> Result<()> {
        self.tell(event);
        Ok(())
    }
}
