//! Workflows on real databases and in processes that die.

#![allow(missing_docs, clippy::unwrap_used)]

mod backend;
mod cancel;
mod children;
mod errors;
mod faults;
mod fence;
mod mail;
mod operations;
mod queues;
mod retry;
mod schedules;
mod takeover;
mod traps;
mod victim;

/// The same test on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($backend:ident) $body:block)+) => {
        $(mod $name {
            use super::*;

            async fn test($backend: &$crate::backend::Backend) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$attribute])*
            async fn sqlite() {
                test(&$crate::backend::Backend::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$attribute])*
            async fn postgres() {
                test(&$crate::backend::Backend::postgres().await).await;
            }
        })+
    };
}
pub(crate) use on_both;
