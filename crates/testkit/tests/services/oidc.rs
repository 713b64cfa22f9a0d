//! The OpenID Connect provider: a sign-in from the redirect to the tokens, as a browser and a client do it.

use crate::support::{Answer, http};
use proofmark_testkit::services::{CLIENT_ID, CLIENT_SECRET, USERS, oidc};
use serde_json::Value;

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 of URLs, padding left out (RFC 4648, section 5).
fn decode(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut out) = (0u32, 0, Vec::new());
    for c in text.bytes() {
        bits = bits << 6 | ALPHABET.iter().position(|a| *a == c).unwrap() as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

/// The value of a parameter in a URL's query.
fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    url.split_once('?')?.1.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('='))
}

/// A browser: it keeps cookies.
#[derive(Default)]
struct Browser(Vec<String>);

impl Browser {
    fn ask(&mut self, method: &str, url: &str, form: &str) -> Answer {
        let cookies = self.0.join("; ");
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        let answer = http(method, url, &[("Cookie", &cookies), kind], form);
        for (_, cookie) in answer.headers.iter().filter(|(n, _)| n == "set-cookie") {
            let pair = cookie.split(';').next().unwrap();
            let name = pair.split_once('=').unwrap().0;
            self.0.retain(|c| c.split_once('=').unwrap().0 != name);
            self.0.push(pair.to_string());
        }
        answer
    }
}

fn absolute(issuer: &str, location: &str) -> String {
    if location.starts_with('/') { format!("{issuer}{location}") } else { location.to_string() }
}

#[test]
fn both_users_sign_in_and_their_groups_arrive() {
    let provider = oidc(&["http://127.0.0.1/callback"]);
    let issuer = provider.issuer();
    let found = http("GET", &format!("{issuer}/.well-known/openid-configuration"), &[], "");
    let found: Value = serde_json::from_str(&found.body).unwrap();
    assert_eq!(found["issuer"], issuer);
    let endpoint = |name: &str| found[name].as_str().unwrap().to_string();

    for user in &USERS {
        // Port 12345: that of the redirect is not compared. The challenge is `plain`'s better, S256 of RFC 7636, appendix B.
        let query = format!(
            "client_id={CLIENT_ID}&response_type=code&redirect_uri=http%3A%2F%2F127.0.0.1%3A12345%2Fcallback&state=s1&nonce=n1\
             &scope=openid%20profile%20email%20groups&code_challenge_method=S256\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        let mut browser = Browser::default();
        let sent = browser.ask("GET", &format!("{}?{query}", endpoint("authorization_endpoint")), "");
        assert_eq!(sent.status, 303, "{}", sent.body);
        let page = absolute(issuer, sent.header("location"));
        assert_eq!(browser.ask("GET", &page, "").status, 200);
        let wrong = browser.ask("POST", &page, &format!("username={}&password=guessed", user.name));
        assert_eq!(wrong.status, 401);
        let mut at = browser.ask("POST", &page, &format!("username={}&password={}", user.name, user.password));
        while at.header("location").starts_with('/') || at.header("location").starts_with(issuer) {
            at = browser.ask("GET", &absolute(issuer, at.header("location")), "");
        }
        let back = at.header("location");
        assert!(back.starts_with("http://127.0.0.1:12345/callback?"), "{back}: {}", at.body);
        assert_eq!(parameter(back, "state"), Some("s1"));

        let code = parameter(back, "code").unwrap();
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri=http%3A%2F%2F127.0.0.1%3A12345%2Fcallback\
             &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        let basic = format!("Basic {}", encode(format!("{CLIENT_ID}:{CLIENT_SECRET}").as_bytes()));
        let impostor = format!("Basic {}", encode(format!("{CLIENT_ID}:guessed").as_bytes()));
        let refused = http("POST", &endpoint("token_endpoint"), &[kind, ("Authorization", &impostor)], &form);
        assert_eq!(refused.status, 401, "{}", refused.body);
        let tokens = http("POST", &endpoint("token_endpoint"), &[kind, ("Authorization", &basic)], &form);
        assert_eq!(tokens.status, 200, "{}", tokens.body);
        let tokens: Value = serde_json::from_str(&tokens.body).unwrap();
        let claims = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&decode(claims)).unwrap();
        assert_eq!(claims["iss"], issuer);
        assert_eq!(claims["aud"], CLIENT_ID);
        assert_eq!(claims["nonce"], "n1");
        assert_eq!(claims["sub"], user.name);
        assert_eq!(claims["email"], user.email);
        assert_eq!(claims["groups"], serde_json::json!(user.groups));
    }
}

/// Base64 with padding, of the standard alphabet; three bytes are four characters.
fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().chain(&[0, 0]).take(3).fold(0u32, |w, b| w << 8 | u32::from(*b));
        for i in 0..4 {
            let c = ALPHABET[(word >> (18 - 6 * i) & 63) as usize];
            out.push(if i > chunk.len() { '=' } else { char::from(c) });
        }
    }
    out.replace('-', "+").replace('_', "/")
}

#[test]
fn a_restarted_provider_is_the_same_issuer_with_the_same_keys() {
    let mut provider = oidc(&["http://127.0.0.1/callback"]);
    let issuer = provider.issuer().to_string();
    let keys = |issuer: &str| http("GET", &format!("{issuer}/jwks"), &[], "");
    let before = keys(&issuer);
    assert_eq!(before.status, 200);
    assert!(before.body.contains("\"kid\"") && !before.body.contains("\"d\""), "{}", before.body);
    provider.stop();
    assert!(std::net::TcpStream::connect(issuer.trim_start_matches("http://")).is_err());
    provider.start();
    assert_eq!(provider.issuer(), issuer);
    assert_eq!(keys(&issuer).body, before.body);
}
