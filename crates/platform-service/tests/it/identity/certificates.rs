//! Service accounts that come with a client certificate.

use crate::on_both;
use crate::support::{ADDRESS, World, ada, done, program, somebody};
use proofmark_base::error::Kind;
use proofmark_kernel::action::Action;
use proofmark_kernel::principal::{Credential, Role};
use proofmark_platform_service::identity::{accounts, authenticate, authenticate_certificate, certificates};

on_both!(a_registered_certificate_is_a_credential_until_it_is_revoked);

/// Bytes in the outer form of a certificate.
fn certificate(fill: u8) -> Vec<u8> {
    let mut der = vec![0x30, 0x82, 0x01, 0x00];
    der.extend([fill; 256]);
    der
}

async fn a_registered_certificate_is_a_credential_until_it_is_revoked(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let worker = program(p, &ada.caller, &[Role::Engineer]).await;
    let engineer = somebody(p, &ada.caller, "engineer", &[Role::Engineer]).await;
    let der = certificate(1);
    let unknown = authenticate_certificate(p, &der).await.unwrap_err();
    assert_eq!((unknown.kind, unknown.code.as_ref()), (Kind::Unauthenticated, "certificate.unknown"));

    let register = async |caller, of, der: &[u8]| certificates::register(p, caller, of, der).await;
    assert_eq!(register(&engineer.caller, worker.id, &der).await.unwrap_err().code, "authorization.denied");
    let person = register(&ada.caller, engineer.caller.principal, &der).await.unwrap_err();
    assert_eq!(person.code, "certificate.person");
    for wrong in [&b"-----BEGIN CERTIFICATE-----"[..], b"", &der[..100], &[&der[..], &der[..]].concat()] {
        assert_eq!(register(&ada.caller, worker.id, wrong).await.unwrap_err().code, "certificate.invalid");
    }
    let registered = register(&ada.caller, worker.id, &der).await.unwrap();
    assert_eq!(register(&ada.caller, worker.id, &der).await.unwrap_err().code, "certificate.taken");
    assert_eq!(certificates::list(p, &ada.caller, worker.id).await.unwrap(), std::slice::from_ref(&registered));

    let caller = authenticate_certificate(p, &der).await.unwrap();
    assert_eq!((caller.principal, caller.credential), (worker.id, Credential::Certificate(registered.fingerprint)));
    p.authorizer.check(&caller, Action::RunCreate, None).unwrap();
    assert!(authenticate_certificate(p, &certificate(2)).await.is_err());
    // the fingerprint, which is no secret, is no credential
    assert!(authenticate(p, &registered.fingerprint.to_string(), ADDRESS).await.is_err());
    assert!(authenticate_certificate(p, registered.fingerprint.as_bytes()).await.is_err());

    accounts::disable(p, &ada.caller, worker.id).await.unwrap();
    assert_eq!(authenticate_certificate(p, &der).await.unwrap_err().code, "principal.disabled");
    accounts::enable(p, &ada.caller, worker.id).await.unwrap();
    authenticate_certificate(p, &der).await.unwrap();
    certificates::revoke(p, &ada.caller, worker.id, registered.fingerprint).await.unwrap();
    assert_eq!(authenticate_certificate(p, &der).await.unwrap_err().code, "certificate.unknown");
    let again = certificates::revoke(p, &ada.caller, worker.id, registered.fingerprint).await.unwrap_err();
    assert_eq!(again.code, "certificate.not-found");
    let log = done(p, ada.caller.organization).await;
    for action in ["certificate.register", "certificate.revoke"] {
        assert_eq!(log.iter().filter(|a| *a == action).count(), 1);
    }
}
