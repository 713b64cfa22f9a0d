//! The first start, signing in and out, guessing, sessions.

use crate::on_both;
use crate::support::{ADDRESS, PASSWORD, World, ada, done, enter, somebody};
use proofmark_base::error::{Error, Kind};
use proofmark_kernel::principal::{Credential, Role};
use proofmark_platform_service::identity::secret::{Purpose, Secret};
use proofmark_platform_service::identity::{SignIn, accounts, authenticate, sessions, setup, sign_in};
use proofmark_store::system::SystemRandom;
use proofmark_store::{Connection, Scope, values};
use std::time::Duration;

on_both!(
    the_first_start_has_one_owner_once,
    a_session_lives_until_it_is_ended_unused_or_old,
    a_session_is_always_a_new_one,
    everybody_who_is_refused_costs_the_same_and_hears_the_same,
    guessing_gets_slow,
    guessing_at_once_gains_nothing,
    an_address_that_guesses_is_slowed_for_all_accounts,
    sessions_are_listed_and_ended,
);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

async fn the_first_start_has_one_owner_once(w: &World) {
    let p = &w.platform;
    let first = setup::First { organization: "Engines", name: "Ada", email: "Ada@Example.org", password: PASSWORD };
    let ended = setup::begin(p).await.unwrap().unwrap();
    let old = setup::begin(p).await.unwrap().unwrap();
    let refused = |e: Error| assert_eq!((e.kind, e.code.as_ref()), (Kind::Unauthenticated, "setup.refused"));
    refused(setup::finish(p, ended.expose(), first).await.unwrap_err());
    refused(setup::finish(p, Secret::new(Purpose::Once, &SystemRandom).expose(), first).await.unwrap_err());
    refused(setup::finish(p, "", first).await.unwrap_err());
    w.clock.on(DAY);
    refused(setup::finish(p, old.expose(), first).await.unwrap_err());
    assert_eq!(p.identity.passwords.runs(), 0, "nobody without the link makes this hash passwords");

    let secret = setup::begin(p).await.unwrap().unwrap();
    for (bad, code) in [
        (setup::First { organization: " ", ..first }, "name.invalid"),
        (setup::First { email: "ada", ..first }, "email.invalid"),
        (setup::First { password: "password1234", ..first }, "password.weak"),
    ] {
        assert_eq!(setup::finish(p, secret.expose(), bad).await.unwrap_err().code, code);
    }
    // two at once: one of them begins
    let (a, b) = tokio::join!(setup::finish(p, secret.expose(), first), setup::finish(p, secret.expose(), first));
    let ((organization, owner), refusal) = match (a, b) {
        (Ok(ids), Err(e)) | (Err(e), Ok(ids)) => (ids, e),
        (a, b) => panic!("{a:?} {b:?}"),
    };
    assert!(["setup.refused", "setup.done"].contains(&refusal.code.as_ref()), "{refusal}");
    refused(setup::finish(p, secret.expose(), first).await.unwrap_err());
    assert!(setup::begin(p).await.unwrap().is_none());
    let signed_in = enter(p, " ADA@example.ORG", PASSWORD).await.unwrap();
    assert_eq!((signed_in.caller.principal, signed_in.caller.organization), (owner, organization));
    assert!(signed_in.caller.holds(&[Role::Owner], None));
    assert_eq!(done(p, organization).await, ["organization.create", "session.sign-in"]);
}

async fn a_session_lives_until_it_is_ended_unused_or_old(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let caller = authenticate(p, ada.secret.expose(), ADDRESS).await.unwrap();
    assert_eq!((caller.principal, caller.credential), (ada.caller.principal, Credential::Session(ada.session.id)));
    assert_eq!((caller.scopes, caller.grants), (None, ada.caller.grants.clone()));

    // signed out, it is refused at once, although it was looked up a moment ago
    sessions::sign_out(p, &ada.caller).await.unwrap();
    let e = authenticate(p, ada.secret.expose(), ADDRESS).await.unwrap_err();
    assert_eq!((e.kind, e.code.as_ref()), (Kind::Unauthenticated, "credential.invalid"));
    assert_eq!(sessions::sign_out(p, &ada.caller).await.unwrap_err().kind, Kind::NotFound);

    // unused for twelve hours
    let unused = enter(p, "ada@example.org", PASSWORD).await.unwrap();
    w.clock.on(sessions::IDLE);
    assert_eq!(authenticate(p, unused.secret.expose(), ADDRESS).await.unwrap_err().code, "session.expired");

    // used every hour it ends after seven days
    let used = enter(p, "ada@example.org", PASSWORD).await.unwrap();
    for hour in 0..7 * 24 {
        authenticate(p, used.secret.expose(), ADDRESS).await.unwrap_or_else(|e| panic!("hour {hour}: {e}"));
        noted(w, &used.session.id.to_string()).await;
        w.clock.on(HOUR);
    }
    assert_eq!(authenticate(p, used.secret.expose(), ADDRESS).await.unwrap_err().code, "session.expired");
}

/// Waits until the use was written, which happens beside the request.
async fn noted(w: &World, session: &str) {
    use proofmark_base::time::Clock;
    for _ in 0..1_000 {
        let mut tx = w.platform.database.read(Scope::System).await.unwrap();
        let rows = tx.rows("SELECT seen_at FROM platform_sessions WHERE id = ?", values![session]).await.unwrap();
        if rows[0].time("seen_at").unwrap() == w.clock.now() {
            return;
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the use was never noted");
}

async fn a_session_is_always_a_new_one(w: &World) {
    let p = &w.platform;
    let a = ada(p).await;
    let b = enter(p, "ada@example.org", PASSWORD).await.unwrap();
    assert_ne!(a.session.id, b.session.id);
    assert_ne!(a.secret, b.secret);
    // a secret that somebody planted before the sign-in is no session afterwards
    let planted = Secret::new(Purpose::Session, &SystemRandom);
    assert_eq!(authenticate(p, planted.expose(), ADDRESS).await.unwrap_err().code, "credential.invalid");
    // the database does not hold what it takes to be somebody
    let mut tx = p.database.read(Scope::System).await.unwrap();
    let kept = tx.rows("SELECT secret_hash FROM platform_sessions", values![]).await.unwrap();
    for row in kept {
        let text = row.text("secret_hash").unwrap();
        assert!(![a.secret.expose(), b.secret.expose()].contains(&text.as_str()));
        assert!(authenticate(p, &text, ADDRESS).await.is_err());
    }
    for wrong in ["", "pms_", "pms_x", "Bearer", &a.secret.expose()[1..], &a.secret.expose().to_uppercase()] {
        let e = authenticate(p, wrong, ADDRESS).await.unwrap_err();
        assert_eq!(e.code, "credential.invalid", "{wrong}");
    }
}

async fn everybody_who_is_refused_costs_the_same_and_hears_the_same(w: &World) {
    let p = &w.platform;
    let ada = ada(p).await;
    let out = somebody(p, &ada.caller, "out", &[Role::Viewer]).await;
    accounts::disable(p, &ada.caller, out.caller.principal).await.unwrap();
    let invited = accounts::NewUser { name: "Grace", email: "grace@example.org", password: None };
    accounts::create_user(p, &ada.caller, invited).await.unwrap();

    let mut heard = Vec::new();
    for (email, password) in [
        ("ada@example.org", "not the password"),
        ("nobody@example.org", PASSWORD),
        ("not an address", PASSWORD),
        ("out@example.org", PASSWORD),
        ("grace@example.org", PASSWORD),
        ("grace@example.org", ""),
    ] {
        let before = p.identity.passwords.runs();
        let e = enter(p, email, password).await.unwrap_err();
        assert_eq!(p.identity.passwords.runs() - before, 1, "{email}");
        heard.push((e.kind, e.code.to_string(), e.detail, e.help, e.retry_after, e.places.len()));
    }
    assert!(heard.iter().all(|h| *h == heard[0]), "{heard:?}");
    assert_eq!((heard[0].0, heard[0].1.as_str()), (Kind::Unauthenticated, "sign-in.refused"));
    let failures = done(p, ada.caller.organization).await;
    assert_eq!(failures.iter().filter(|a| *a == "session.sign-in-failed").count(), 4);
    // endless input is refused before it costs anything
    let before = p.identity.passwords.runs();
    assert!(enter(p, "ada@example.org", &"x".repeat(1_000_000)).await.is_err());
    assert_eq!(p.identity.passwords.runs(), before);
}

async fn guessing_gets_slow(w: &World) {
    let p = &w.platform;
    ada(p).await;
    for email in ["ada@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            assert_eq!(enter(p, email, "a wrong guess").await.unwrap_err().code, "sign-in.refused");
        }
        let mut waits = Vec::new();
        for _ in 0..4 {
            let before = p.identity.passwords.runs();
            let e = enter(p, email, PASSWORD).await.unwrap_err();
            assert_eq!((e.kind, e.code.as_ref()), (Kind::RateLimited, "sign-in.throttled"));
            assert_eq!(p.identity.passwords.runs(), before, "who must wait costs nothing");
            waits.push(e.retry_after.unwrap());
            w.clock.on(Duration::from_secs(u64::from(e.retry_after.unwrap())));
            assert_eq!(enter(p, email, "a wrong guess").await.unwrap_err().code, "sign-in.refused");
        }
        assert!(waits.windows(2).all(|w| w[1] > w[0] && w[1] <= 2 * w[0]), "{waits:?}");
    }
    // the owner comes in after the wait, and starts afresh
    w.clock.on(Duration::from_secs(3_600));
    enter(p, "ada@example.org", PASSWORD).await.unwrap();
    for _ in 0..4 {
        assert_eq!(enter(p, "ada@example.org", "a wrong guess").await.unwrap_err().code, "sign-in.refused");
    }
    enter(p, "ada@example.org", PASSWORD).await.unwrap();
}

async fn guessing_at_once_gains_nothing(w: &World) {
    let p = &w.platform;
    ada(p).await;
    let before = p.identity.passwords.runs();
    let guesses = (0..30).map(|i| {
        let p = p.clone();
        tokio::spawn(async move { enter(&p, "ada@example.org", &format!("guess number {i}")).await })
    });
    for guess in guesses.collect::<Vec<_>>() {
        let e = guess.await.unwrap().unwrap_err();
        assert!(["sign-in.refused", "sign-in.throttled"].contains(&e.code.as_ref()), "{e}");
    }
    assert_eq!(p.identity.passwords.runs() - before, 5);
}

async fn an_address_that_guesses_is_slowed_for_all_accounts(w: &World) {
    let p = &w.platform;
    ada(p).await;
    // one password against many accounts
    for i in 0..50 {
        let e = enter(p, &format!("person{i}@example.org"), "Summer 2026 in Rome").await.unwrap_err();
        assert_eq!(e.code, "sign-in.refused");
    }
    assert_eq!(enter(p, "ada@example.org", PASSWORD).await.unwrap_err().code, "sign-in.throttled");
    // elsewhere the owner is not disturbed
    let shown = SignIn { email: "ada@example.org", password: PASSWORD, code: None, address: "198.51.100.1" };
    sign_in(p, shown).await.unwrap();
}

async fn sessions_are_listed_and_ended(w: &World) {
    let p = &w.platform;
    let a = ada(p).await;
    w.clock.on(HOUR);
    let b = enter(p, "ada@example.org", PASSWORD).await.unwrap();
    let other = somebody(p, &a.caller, "grace", &[Role::Admin]).await;
    let listed = sessions::list(p, &a.caller).await.unwrap();
    assert_eq!(listed, [b.session.clone(), a.session.clone()]);
    // nobody ends another's session
    assert_eq!(sessions::revoke(p, &other.caller, a.session.id).await.unwrap_err().code, "session.not-found");
    sessions::revoke(p, &a.caller, b.session.id).await.unwrap();
    assert!(authenticate(p, b.secret.expose(), ADDRESS).await.is_err());
    let c = enter(p, "ada@example.org", PASSWORD).await.unwrap();
    authenticate(p, a.secret.expose(), ADDRESS).await.unwrap();
    assert_eq!(sessions::revoke_others(p, &c.caller).await.unwrap(), 1);
    assert!(authenticate(p, a.secret.expose(), ADDRESS).await.is_err());
    authenticate(p, c.secret.expose(), ADDRESS).await.unwrap();
    authenticate(p, other.secret.expose(), ADDRESS).await.unwrap();
    // what is over is not listed and not kept
    w.clock.on(sessions::IDLE);
    let d = enter(p, "ada@example.org", PASSWORD).await.unwrap();
    assert_eq!(sessions::list(p, &d.caller).await.unwrap(), std::slice::from_ref(&d.session));
    let mut tx = p.database.read(Scope::System).await.unwrap();
    let owner = d.caller.principal.to_string();
    let kept = tx.rows("SELECT id FROM platform_sessions WHERE principal_id = ?", values![owner]).await.unwrap();
    assert_eq!(kept.len(), 1);
}
