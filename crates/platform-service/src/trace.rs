//! The trace identifier of the request at work: audit entries that are written in its course carry it, without each
//! use case handing it on.

use std::future::Future;

tokio::task_local! {
    static TRACE: String;
}

/// Does `work` in the course of the request with that trace identifier.
pub async fn within<F: Future>(id: String, work: F) -> F::Output {
    TRACE.scope(id, work).await
}

/// The trace identifier of the request that this task is in, if it is in one.
pub fn current() -> Option<String> {
    TRACE.try_with(Clone::clone).ok()
}

/// `work` with the trace identifier of the task that calls this, for a task of its own.
pub fn go_on<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let id = current();
    async move {
        match id {
            Some(id) => within(id, work).await,
            None => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_trace_reaches_tasks_that_are_told_to_carry_it() {
        assert_eq!(current(), None);
        let seen = within("a".into(), async {
            let beside = tokio::spawn(async { current() }).await.unwrap();
            let carried = tokio::spawn(go_on(async { current() })).await.unwrap();
            (current(), beside, carried)
        });
        assert_eq!(seen.await, (Some("a".into()), None, Some("a".into())));
        assert_eq!(current(), None);
    }
}
