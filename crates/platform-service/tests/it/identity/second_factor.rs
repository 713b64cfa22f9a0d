//! The second factor at sign-in.

use crate::on_both;
use crate::support::{ADDRESS, PASSWORD, World, ada, done, enter, somebody};
use proofmark_base::error::{Error, Kind};
use proofmark_kernel::principal::Role;
use proofmark_platform_service::Platform;
use proofmark_platform_service::identity::{SignIn, SignedIn, otp, sign_in, totp};
use proofmark_store::{Connection, Scope, values};
use std::time::Duration;

on_both!(
    a_confirmed_second_factor_is_asked_for,
    a_code_opens_one_session,
    recovery_codes_work_once_each,
    codes_cannot_be_guessed,
    the_second_factor_is_taken_away_with_proof_or_by_an_admin,
);

const STEP: Duration = Duration::from_secs(30);

async fn with_code(p: &Platform, email: &str, code: &str) -> Result<SignedIn, Error> {
    sign_in(p, SignIn { email, password: PASSWORD, code: Some(code), address: ADDRESS }).await
}

/// What the app shows now.
fn shown(p: &Platform, secret: &[u8]) -> String {
    format!("{:06}", otp::code(secret, otp::step(p.now().seconds())))
}

/// Base 32 back to bytes, as an app does.
fn secret_of(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for c in text.bytes() {
        let digit = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|a| *a == c).unwrap() as u32;
        bits = bits << 5 | digit;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}

/// Enrols and confirms; the secret and the recovery codes.
async fn enrolled(w: &World, who: &SignedIn) -> (Vec<u8>, Vec<String>) {
    let p = &w.platform;
    let enrolment = totp::enrol(p, &who.caller, PASSWORD).await.unwrap();
    let secret = secret_of(&enrolment.secret);
    assert_eq!(secret.len(), otp::SECRET);
    assert!(enrolment.uri.starts_with("otpauth://totp/Proofmark:"));
    assert!(enrolment.uri.contains(&format!("secret={}&", enrolment.secret)));
    let codes = totp::confirm(p, &who.caller, &shown(p, &secret)).await.unwrap();
    w.clock.on(3 * STEP);
    (secret, codes)
}

async fn a_confirmed_second_factor_is_asked_for(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    assert_eq!(totp::confirm(p, &ada.caller, "123456").await.unwrap_err().code, "totp.not-found");
    assert_eq!(totp::enrol(p, &ada.caller, "not the password").await.unwrap_err().code, "password.wrong");
    let enrolment = totp::enrol(p, &ada.caller, PASSWORD).await.unwrap();
    let secret = secret_of(&enrolment.secret);
    // enrolled but not confirmed: nothing is asked yet, a typing error locks nobody out
    assert_eq!(totp::confirm(p, &ada.caller, "abc").await.unwrap_err().code, "totp.wrong");
    enter(p, "ada@example.org", PASSWORD).await.unwrap();
    let codes = totp::confirm(p, &ada.caller, &shown(p, &secret)).await.unwrap();
    assert_eq!(codes.len(), 8);
    assert_eq!(totp::status(p, &ada.caller).await.unwrap(), totp::Status { confirmed: true, recovery_codes: 8 });
    assert_eq!(totp::enrol(p, &ada.caller, PASSWORD).await.unwrap_err().code, "totp.confirmed");

    let needed = enter(p, "ada@example.org", PASSWORD).await.unwrap_err();
    assert_eq!((needed.kind, needed.code.as_ref()), (Kind::Unauthenticated, "sign-in.code-needed"));
    // whoever does not know the password does not learn that there is a second factor
    let e = enter(p, "ada@example.org", "not the password").await.unwrap_err();
    assert_eq!(e.code, "sign-in.refused");
    w.clock.on(STEP);
    let signed_in = with_code(p, "ada@example.org", &shown(p, &secret)).await.unwrap();
    assert_eq!(signed_in.session.method, "password+totp");

    // neither secret nor codes can be read from the database
    let mut tx = p.database.read(Scope::System).await.unwrap();
    let kept = tx.rows("SELECT totp_secret FROM platform_credentials", values![]).await.unwrap();
    let kept = kept[0].text("totp_secret").unwrap();
    assert!(kept.starts_with("v1.") && !kept.contains(&enrolment.secret), "{kept}");
    let hashes = tx.rows("SELECT code_hash FROM platform_recovery_codes", values![]).await.unwrap();
    assert_eq!(hashes.len(), 8);
    assert!(hashes.iter().all(|r| !codes.contains(&r.text("code_hash").unwrap())));
}

async fn a_code_opens_one_session(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let (secret, _) = enrolled(w, &ada).await;
    let code = shown(p, &secret);
    let p2 = p.clone();
    let (a, b) = tokio::join!(with_code(p, "ada@example.org", &code), with_code(&p2, "ada@example.org", &code));
    assert!(a.is_ok() != b.is_ok(), "of two at once one comes in");
    let e = with_code(p, "ada@example.org", &code).await.unwrap_err();
    assert_eq!(e.code, "sign-in.refused");
    // nor does the code of the step before, once a later one was used
    let before = format!("{:06}", otp::code(&secret, otp::step(p.now().seconds()) - 1));
    assert!(with_code(p, "ada@example.org", &before).await.is_err());
    w.clock.on(STEP);
    with_code(p, "ada@example.org", &shown(p, &secret)).await.unwrap();
    w.clock.on(10 * STEP);
    let old = format!("{:06}", otp::code(&secret, otp::step(p.now().seconds()) - 2));
    assert!(with_code(p, "ada@example.org", &old).await.is_err());
}

async fn recovery_codes_work_once_each(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let (_, codes) = enrolled(w, &ada).await;
    let signed_in = with_code(p, "ada@example.org", &codes[0].to_uppercase().replace('-', " ")).await.unwrap();
    assert_eq!(signed_in.session.method, "password+recovery");
    assert!(with_code(p, "ada@example.org", &codes[0]).await.is_err());
    with_code(p, "ada@example.org", &codes[7]).await.unwrap();
    assert_eq!(totp::status(p, &ada.caller).await.unwrap().recovery_codes, 6);
}

async fn codes_cannot_be_guessed(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let (secret, _) = enrolled(w, &ada).await;
    let good: Vec<u32> = (-1..=1).map(|i| otp::code(&secret, otp::step(p.now().seconds()) + i)).collect();
    let mut wrong = (0..1_000_000_u32).filter(|c| !good.contains(c));
    let mut codes = Vec::new();
    for _ in 0..6 {
        let code = format!("{:06}", wrong.next().unwrap());
        // asking whether a code is needed gives no attempt back that a wrong code cost
        assert!(enter(p, "ada@example.org", PASSWORD).await.is_err());
        codes.push(with_code(p, "ada@example.org", &code).await.unwrap_err().code.to_string());
    }
    assert_eq!(codes[..5], ["sign-in.refused"; 5]);
    assert_eq!(codes[5], "sign-in.throttled");
    let e = with_code(p, "ada@example.org", &shown(p, &secret)).await.unwrap_err();
    assert_eq!(e.code, "sign-in.throttled");
}

async fn the_second_factor_is_taken_away_with_proof_or_by_an_admin(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let (secret, codes) = enrolled(w, &ada).await;
    let away = async |password: &str, code: &str| totp::disable(p, &ada.caller, password, code).await;
    assert_eq!(away("not the password", &codes[0]).await.unwrap_err().code, "password.wrong");
    assert_eq!(away(PASSWORD, "000000000").await.unwrap_err().code, "totp.wrong");
    away(PASSWORD, &shown(p, &secret)).await.unwrap();
    assert_eq!(totp::status(p, &ada.caller).await.unwrap(), totp::Status { confirmed: false, recovery_codes: 0 });
    enter(p, "ada@example.org", PASSWORD).await.unwrap();

    let grace = somebody(p, &ada.caller, "grace", &[Role::Engineer]).await;
    enrolled(w, &grace).await;
    let e = totp::reset(p, &grace.caller, grace.caller.principal).await.unwrap_err();
    assert_eq!(e.code, "authorization.denied");
    totp::reset(p, &ada.caller, grace.caller.principal).await.unwrap();
    enter(p, "grace@example.org", PASSWORD).await.unwrap();
    let log = done(p, ada.caller.organization).await;
    for action in ["totp.enrol", "totp.confirm", "totp.disable", "totp.reset"] {
        assert!(log.iter().any(|a| a == action), "{action} in {log:?}");
    }
}
