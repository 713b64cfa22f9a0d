//! What is done for each endpoint: read the request, ask the service, write the answer. No decisions here.

use crate::call::Call;
use crate::reply::Reply;
use futures_util::future::BoxFuture;
use proofmark_base::error::Result;

mod approvals;
mod artifacts;
mod audit;
mod events;
mod identity;
mod organizations;
mod principals;
mod projects;
mod releases;
mod runs;
mod single_sign_on;
mod system;
mod uploads;
mod webhooks;

pub(crate) use system::{alive, figures, readiness};

/// Answers a call.
pub(crate) type Handler = fn(Call) -> BoxFuture<'static, Result<Reply>>;

macro_rules! handlers {
    ($($id:literal => $handler:path,)+) => {
        /// The handler of the endpoint with that id.
        pub(crate) fn of(id: &str) -> Option<Handler> {
            let handler: Handler = match id {
                $($id => |call| Box::pin($handler(call)),)+
                _ => return None,
            };
            Some(handler)
        }

        /// Every id that has a handler.
        #[cfg(test)]
        pub(crate) const IDS: &[&str] = &[$($id),+];
    };
}

handlers! {
    "health_live" => system::live,
    "health_ready" => system::ready,
    "health_metrics" => system::metrics,
    "document_get" => system::document,
    "setup_create" => system::setup,
    "worker_list" => system::workers,
    "me_get" => identity::me,
    "organization_get" => organizations::get,
    "organization_update" => organizations::update,
    "single_sign_on_list" => single_sign_on::list,
    "single_sign_on_begin" => single_sign_on::begin,
    "single_sign_on_callback" => single_sign_on::callback,
    "single_sign_on_session" => single_sign_on::session,
    "session_create" => identity::sign_in,
    "session_list" => identity::sessions,
    "session_end" => identity::sign_out,
    "session_revoke" => identity::revoke_session,
    "me_set_password" => identity::set_password,
    "session_revoke_others" => identity::revoke_other_sessions,
    "totp_get" => identity::totp,
    "totp_start" => identity::totp_start,
    "totp_confirm" => identity::totp_confirm,
    "totp_remove" => identity::totp_remove,
    "token_create" => identity::create_token,
    "token_list" => identity::tokens,
    "token_get" => identity::token,
    "token_revoke" => identity::revoke_token,
    "principal_create" => principals::create,
    "principal_list" => principals::list,
    "principal_get" => principals::get,
    "principal_update" => principals::update,
    "principal_disable" => principals::disable,
    "principal_enable" => principals::enable,
    "principal_invite" => principals::invite,
    "principal_revoke_credentials" => principals::revoke_credentials,
    "principal_reset_totp" => principals::reset_totp,
    "certificate_register" => principals::register_certificate,
    "certificate_list" => principals::certificates,
    "certificate_revoke" => principals::revoke_certificate,
    "grant_put" => principals::grant,
    "grant_delete" => principals::revoke,
    "invitation_accept" => identity::accept_invitation,
    "project_create" => projects::create,
    "project_list" => projects::list,
    "project_get" => projects::get,
    "project_update" => projects::update,
    "project_set_policy" => projects::set_policy,
    "upload_create" => uploads::create,
    "upload_get" => uploads::get,
    "upload_append" => uploads::append,
    "upload_delete" => uploads::delete,
    "artifact_list" => artifacts::list,
    "artifact_get" => artifacts::get,
    "artifact_download" => artifacts::download,
    "run_create" => runs::create,
    "run_list" => runs::list,
    "run_get" => runs::get,
    "run_cancel" => runs::cancel,
    "run_retry" => runs::retry,
    "run_list_steps" => runs::steps,
    "run_watch" => events::watch,
    "run_list_artifacts" => runs::artifacts,
    "run_get_checks" => runs::checks,
    "approval_list" => approvals::list,
    "approval_create" => approvals::create,
    "approval_get" => approvals::get,
    "approval_decide" => approvals::decide,
    "release_create" => releases::create,
    "release_list" => releases::list,
    "release_get" => releases::get,
    "release_download" => releases::download,
    "release_revoke" => releases::revoke,
    "audit_list" => audit::list,
    "audit_verify" => audit::verify,
    "audit_export" => audit::export,
    "webhook_create" => webhooks::create,
    "webhook_list" => webhooks::list,
    "webhook_get" => webhooks::get,
    "webhook_update" => webhooks::update,
    "webhook_delete" => webhooks::delete,
    "webhook_rotate_secret" => webhooks::rotate_secret,
    "webhook_test" => webhooks::test,
    "delivery_list" => webhooks::deliveries,
    "delivery_replay" => webhooks::replay,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_contract::endpoints;
    use std::collections::BTreeSet;

    #[test]
    fn endpoints_and_handlers_are_the_same_set() {
        let table: BTreeSet<&str> = endpoints::all().map(|e| e.id).collect();
        let handled: BTreeSet<&str> = IDS.iter().copied().collect();
        assert_eq!(table, handled);
    }
}
