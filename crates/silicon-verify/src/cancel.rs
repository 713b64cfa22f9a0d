//! Giving up in the middle of work. The flag belongs to a thread and those it starts for the same work, not to an
//! argument of every function: what must see it are the runs of tools and of the golden model at the very bottom, and
//! nothing on the way there may decide anything by it. Work that was cancelled fails in some way; whoever set the flag
//! throws its result away ([`Cancel::is_set`] after the work tells).

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static CURRENT: RefCell<Option<Cancel>> = const { RefCell::new(None) };
}

/// A flag that, once set, ends the work it was given to within a second or so. It stays set.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not set.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Sets it.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag of this thread's work; one that nobody sets where there is none.
    pub fn current() -> Cancel {
        CURRENT.with(|c| c.borrow().clone()).unwrap_or_default()
    }

    /// Does work under this flag, in this thread.
    pub fn over<R>(&self, work: impl FnOnce() -> R) -> R {
        struct Restore(Option<Cancel>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.with(|c| *c.borrow_mut() = self.0.take());
            }
        }
        let _restore = Restore(CURRENT.with(|c| c.borrow_mut().replace(self.clone())));
        work()
    }

    /// The flag itself, for the golden model.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_that_of_the_innermost_work() {
        let (outer, inner) = (Cancel::new(), Cancel::new());
        outer.over(|| {
            inner.over(|| Cancel::current().set());
            assert!(inner.is_set() && !Cancel::current().is_set());
            Cancel::current().set();
        });
        assert!(outer.is_set() && !Cancel::current().is_set());
    }
}
