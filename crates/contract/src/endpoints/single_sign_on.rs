//! Signing in at a provider, by OpenID Connect. Made for browsers without a script: they are sent from one address to the
//! next, and what must not be guessed or shown lies in cookies that are for these addresses only.

use super::{get, query};
use crate::endpoint::{Access, Endpoint, Parameter};
use crate::types::identity::SignedIn;
use crate::types::single_sign_on::Providers;

const STATE: Parameter =
    query("state", "What names the sign-in.", r#"{"type":"string","maxLength":200}"#, "pmo_Yk3nD0c5n9");
const CODE: Parameter =
    query("code", "What stands for the person.", r#"{"type":"string","maxLength":4096}"#, "SplxlOBeZQQYbYS6WxSbIA");
const ERROR: Parameter = query(
    "error",
    "Why the provider sends nobody: a code of RFC 6749, section 4.1.2.1.",
    r#"{"type":"string","maxLength":200}"#,
    "access_denied",
);
const ISSUER: Parameter = query(
    "iss",
    "Which provider it was (RFC 9207).",
    r#"{"type":"string","maxLength":1000}"#,
    "https://id.example.org",
);

const COOKIE: Parameter = Parameter {
    name: "Set-Cookie",
    required: true,
    description: "`HttpOnly`, for these addresses only, and only over HTTPS where the server is reached so.",
    schema: r#"{"type":"string"}"#,
    example: "proofmark_sign_in=pmo_Yk3nD0c5n9; Path=/api/v1/single-sign-on; Max-Age=600; HttpOnly; SameSite=Lax; Secure",
};
const LOCATION: Parameter = Parameter {
    name: "Location",
    required: true,
    description: "Where to go.",
    schema: r#"{"type":"string"}"#,
    example: "https://id.example.org/authorize?client_id=proofmark",
};

pub(super) const TABLE: &[Endpoint] = &[
    get("/api/v1/single-sign-on", "single_sign_on_list", Access::Public)
        .about("sessions", "Where people can sign in", "The providers that the operator configured; often none or one.")
        .gives::<Providers>(200),
    get("/api/v1/single-sign-on/{provider}/begin", "single_sign_on_begin", Access::Public)
        .about(
            "sessions",
            "Begin to sign in at a provider",
            "For browsers: sends them to the provider, which sends them back to the callback. A cookie that lasts for ten \
             minutes ties the sign-in to the browser that began it.",
        )
        .query(&[query(
            "then",
            "The page of this server to go to afterwards, a path with its query; anything else becomes `/`. Without it the \
             callback itself answers.",
            r#"{"type":"string","maxLength":500}"#,
            "/runs",
        )])
        .sends_on(&[LOCATION, COOKIE])
        .shows_pages(),
    get("/api/v1/single-sign-on/{provider}/callback", "single_sign_on_callback", Access::Public)
        .about(
            "sessions",
            "Come back from a provider",
            "Signs in whoever the provider vouches for, always in a new session. Refused for a sign-in that another browser \
             began (`oidc.state`), and where the provider lets nobody in (`oidc.denied`). Gives the session as \
             `POST /api/v1/sessions` does, to browsers on a page, for use in a terminal. With `then` it sends the browser \
             on, and the page that it comes to takes the session from `GET /api/v1/single-sign-on/session`.",
        )
        .query(&[STATE, CODE, ERROR, ISSUER])
        .ignores_other_parameters()
        .gives::<SignedIn>(200)
        .shows_pages()
        .also(&[303, 401, 403, 409])
        .audited("session.sign-in"),
    get("/api/v1/single-sign-on/session", "single_sign_on_session", Access::Public)
        .about(
            "sessions",
            "Take the session of a sign-in that has just ended",
            "For the page that `then` named: gives the session to whoever has the cookie that the callback set, which is \
             good for one minute and not sent by pages of others.",
        )
        .gives::<SignedIn>(200)
        .also(&[401]),
];
