//! What workers that go round have in common: woken or after a while, slower while the database is away, until stopped.

use proofmark_base::error::Result;
use proofmark_base::id::Random;
use proofmark_store::system::SystemRandom;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Wakes whoever waits for work. Clones wake the same.
#[derive(Clone, Debug, Default)]
pub struct Waker(Arc<Notify>);

impl From<Arc<Notify>> for Waker {
    fn from(notify: Arc<Notify>) -> Self {
        Waker(notify)
    }
}

impl Waker {
    /// One that nobody waits for yet.
    pub fn new() -> Self {
        Waker::default()
    }

    /// There may be work. Cheap, and never lost: who is at work looks once more before it waits.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    async fn woken(&self) {
        self.0.notified().await;
    }
}

/// Longest pause while rounds fail.
const SLOWEST: Duration = Duration::from_secs(15);

/// Goes round until `stop`. A round gives the time until the next; it is finished before this returns.
pub(crate) async fn go<F: Future<Output = Result<Duration>>>(
    what: &str,
    waker: &Waker,
    stop: impl Future<Output = ()>,
    mut round: impl FnMut() -> F,
) {
    let mut stop = pin!(stop);
    let mut failures = 0_u32;
    loop {
        let pause = match round().await {
            Ok(pause) => {
                failures = 0;
                pause
            }
            Err(e) => {
                failures = failures.saturating_add(1);
                let pause = later(Duration::from_millis(250), failures - 1, SLOWEST);
                tracing::warn!(error = %e, source = ?e.source, failures, "{what} goes on in {pause:?}");
                pause
            }
        };
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
            // while the database is away, work that others announce does not make it come back
            () = waker.woken(), if failures == 0 => {}
        }
    }
}

/// `first` doubled `times` times, at most `longest`, give or take a tenth, so that what failed together does not come
/// back together.
pub(crate) fn later(first: Duration, times: u32, longest: Duration) -> Duration {
    let mut byte = [0_u8];
    SystemRandom.fill(&mut byte);
    let planned = first.saturating_mul(2_u32.saturating_pow(times)).min(longest);
    jittered(planned, byte[0])
}

/// Between nine and eleven tenths of it.
fn jittered(planned: Duration, byte: u8) -> Duration {
    planned.mul_f64(0.9 + 0.2 * f64::from(byte) / 255.0)
}

/// Between nine and eleven tenths of it.
pub(crate) fn about(planned: Duration) -> Duration {
    later(planned, 0, planned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_base::error::Error;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn waits_grow_to_a_limit() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(300));
        for (times, planned) in [(0, 1.0), (1, 2.0), (8, 256.0), (9, 300.0), (4_000_000, 300.0)] {
            let wait = later(first, times, longest).as_secs_f64();
            assert!(wait >= planned * 0.899 && wait <= planned * 1.101, "{times}: {wait}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn work_announced_during_a_round_is_not_missed() {
        let (waker, rounds) = (Waker::new(), AtomicU32::new(0));
        let stop = tokio::time::sleep(Duration::from_secs(60));
        go("test", &waker, stop, || async {
            if rounds.fetch_add(1, Ordering::SeqCst) == 0 {
                waker.wake();
            }
            Ok(Duration::from_secs(3600))
        })
        .await;
        assert_eq!(rounds.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn failing_rounds_are_tried_again_ever_more_slowly() {
        let (waker, rounds) = (Waker::new(), AtomicU32::new(0));
        let stop = tokio::time::sleep(Duration::from_secs(120));
        go("test", &waker, stop, || async {
            rounds.fetch_add(1, Ordering::SeqCst);
            waker.wake();
            Err(Error::unavailable("test.away", "away"))
        })
        .await;
        let rounds = rounds.load(Ordering::SeqCst);
        assert!((10..20).contains(&rounds), "{rounds}");
    }
}
