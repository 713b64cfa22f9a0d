//! Sessions, the caller's own account, tokens, principals.

use super::{SELF, delete, get, patch, post, put, query};
use crate::endpoint::{Access, Endpoint, Link, Parameter};
use crate::types::identity::{
    AcceptInvitation, ChangePassword, CreatePrincipal, CreateToken, Invitation, InvitationAccepted, Password,
    Principal, PrincipalMade, RecoveryCodes, Session, SignIn, SignedIn, Token, TokenMade, Totp, TotpCode, TotpRemove,
    TotpStart, UpdatePrincipal,
};
use proofmark_kernel::action::Action;

const MANAGE: Access = Access::Action(Action::PrincipalManage);
const READ: Access = Access::Action(Action::PrincipalRead);
const OWN: Access = Access::Action(Action::TokenOwn);

/// Bytes of a request that holds a password or a code.
const SMALL: usize = 8 * 1024;

/// Where a role is given or taken.
const PLACE: Parameter = query(
    "project",
    "In which project; in the whole organization if left out.",
    r##"{"$ref":"#/components/schemas/ProjectId"}"##,
    "prj_01kaznm9t8e3r9c5w4s2v0x7qb",
);

pub(super) const TABLE: &[Endpoint] = &[
    post("/api/v1/sessions", "session_create", Access::Public)
        .about(
            "sessions",
            "Sign in",
            "Gives a secret to send as `Authorization: Bearer`. Wrong passwords, unknown addresses and shut-out accounts \
             read the same and take the same time; after several failures attempts are slowed down. \
             `sign-in.code-needed` asks for a code of the authenticator.",
        )
        .takes::<SignIn>()
        .up_to(SMALL)
        .gives::<SignedIn>(201)
        .also(&[401])
        .audited("session.sign-in"),
    get("/api/v1/sessions", "session_list", OWN)
        .about("sessions", "The caller's sessions", "Newest first.")
        .lists::<Session>(),
    delete("/api/v1/sessions", "session_revoke_others", SELF)
        .about("sessions", "End all of the caller's sessions but this one", "Only in a session, not with a token.")
        .also(&[403])
        .audited("session.revoke-others"),
    delete("/api/v1/sessions/current", "session_end", SELF)
        .about("sessions", "Sign out", "Ends the session that asks. With a token there is none: `404`.")
        .also(&[404])
        .audited("session.sign-out"),
    delete("/api/v1/sessions/{session}", "session_revoke", SELF)
        .about("sessions", "End one of the caller's sessions", "What it could do it cannot do from that moment.")
        .also(&[403])
        .audited("session.revoke"),
    put("/api/v1/me/password", "me_set_password", SELF)
        .about(
            "me",
            "Change one's password",
            "Wants the one in force. All other sessions end. Only in a session, not with a token.",
        )
        .takes::<ChangePassword>()
        .up_to(SMALL)
        .also(&[403, 409])
        .audited("password.change"),
    get("/api/v1/me/totp", "totp_get", SELF)
        .about("me", "Whether an authenticator is asked for", "And how many recovery codes are left.")
        .gives::<Totp>(200)
        .also(&[403]),
    post("/api/v1/me/totp", "totp_start", SELF)
        .about(
            "me",
            "Begin to set up an authenticator",
            "Gives the shared secret (RFC 6238: SHA-1, 6 digits, 30 s). It counts once a code has confirmed it.",
        )
        .takes::<Password>()
        .up_to(SMALL)
        .gives::<TotpStart>(201)
        .not_idempotent()
        .also(&[403, 409])
        .audited("totp.enrol"),
    post("/api/v1/me/totp/confirmation", "totp_confirm", SELF)
        .about("me", "Confirm the authenticator", "With a code of it. From then on signing in wants a code. Gives recovery codes.")
        .takes::<TotpCode>()
        .up_to(SMALL)
        .gives::<RecoveryCodes>(200)
        .not_idempotent()
        .also(&[403, 404, 409])
        .audited("totp.confirm"),
    post("/api/v1/me/totp/removal", "totp_remove", SELF)
        .about("me", "Take the authenticator away", "Wants the password and a code.")
        .takes::<TotpRemove>()
        .up_to(SMALL)
        .not_idempotent()
        .also(&[403, 404, 409])
        .audited("totp.disable"),
    post("/api/v1/tokens", "token_create", OWN)
        .about(
            "tokens",
            "Make a token",
            "For oneself, or with `token.manage` for a service account. The secret is shown once.",
        )
        .takes::<CreateToken>()
        .gives::<TokenMade>(201)
        .not_idempotent()
        .also(&[404, 409])
        .audited("token.create")
        .links(&[
            Link { operation: "token_get", parameter: "token", pointer: "/token/id" },
            Link { operation: "token_revoke", parameter: "token", pointer: "/token/id" },
        ]),
    get("/api/v1/tokens", "token_list", OWN)
        .about("tokens", "Tokens", "One's own; with `token.manage` and `principal` those of another. Newest first.")
        .query(&[query(
            "principal",
            "Whose; one's own if left out.",
            r##"{"$ref":"#/components/schemas/PrincipalId"}"##,
            "prn_01kaznm9t8e3r9c5w4s2v0x7qc",
        )])
        .lists::<Token>()
        .also(&[404]),
    get("/api/v1/tokens/{token}", "token_get", OWN)
        .about("tokens", "A token", "Never its secret.")
        .gives::<Token>(200),
    delete("/api/v1/tokens/{token}", "token_revoke", OWN)
        .about("tokens", "Revoke a token", "It is worth nothing from that moment. It stays listed.")
        .also(&[409])
        .audited("token.revoke"),
    post("/api/v1/principals", "principal_create", MANAGE)
        .about("principals", "Add a user or a service account", "It holds no role yet.")
        .takes::<CreatePrincipal>()
        .gives::<PrincipalMade>(201)
        .not_idempotent()
        .also(&[409])
        .audited("principal.create")
        .links(&[
            Link { operation: "principal_get", parameter: "principal", pointer: "/principal/id" },
            Link { operation: "principal_update", parameter: "principal", pointer: "/principal/id" },
            Link { operation: "principal_disable", parameter: "principal", pointer: "/principal/id" },
            Link { operation: "principal_enable", parameter: "principal", pointer: "/principal/id" },
            Link { operation: "principal_invite", parameter: "principal", pointer: "/principal/id" },
            Link { operation: "grant_put", parameter: "principal", pointer: "/principal/id" },
            Link { operation: "grant_delete", parameter: "principal", pointer: "/principal/id" },
        ]),
    get("/api/v1/principals", "principal_list", READ)
        .about("principals", "Users and service accounts", "Newest first. Reading addresses leaves an entry in the audit log.")
        .lists::<Principal>()
        .audited("principal.read"),
    get("/api/v1/principals/{principal}", "principal_get", READ)
        .about("principals", "A user or a service account", "Reading the address leaves an entry in the audit log.")
        .gives::<Principal>(200)
        .tagged()
        .audited("principal.read"),
    patch("/api/v1/principals/{principal}", "principal_update", MANAGE)
        .about("principals", "Rename", "Nobody changes the account of somebody above them.")
        .takes::<UpdatePrincipal>()
        .gives::<Principal>(200)
        .tagged()
        .matched()
        .audited("principal.update"),
    post("/api/v1/principals/{principal}/disablement", "principal_disable", MANAGE)
        .about(
            "principals",
            "Shut out",
            "Its sessions and tokens are worth nothing from that moment. The last owner cannot be shut out.",
        )
        .gives::<Principal>(200)
        .tagged()
        .also(&[409])
        .audited("principal.disable"),
    post("/api/v1/principals/{principal}/enablement", "principal_enable", MANAGE)
        .about("principals", "Let in again", "Sessions and tokens it had stay worth nothing if they were revoked.")
        .gives::<Principal>(200)
        .tagged()
        .also(&[409])
        .audited("principal.enable"),
    post("/api/v1/principals/{principal}/invitation", "principal_invite", MANAGE)
        .about("principals", "Make a one-time link", "With it a user sets a password; links made before are worth nothing.")
        .gives::<Invitation>(201)
        .not_idempotent()
        .also(&[409])
        .audited("principal.invite"),
    delete("/api/v1/principals/{principal}/credentials", "principal_revoke_credentials", MANAGE)
        .about("principals", "End all sessions and revoke all tokens", "Of a user or a service account.")
        .audited("principal.revoke-credentials"),
    delete("/api/v1/principals/{principal}/totp", "principal_reset_totp", MANAGE)
        .about("principals", "Take somebody's authenticator away", "For those who lost it and their recovery codes.")
        .also(&[409])
        .audited("totp.reset"),
    put("/api/v1/principals/{principal}/grants/{role}", "grant_put", MANAGE)
        .about("principals", "Give a role", "In the whole organization or in one project. Nobody gives a role above their own.")
        .query(&[PLACE])
        .gives::<Principal>(200)
        .also(&[409])
        .audited("member.grant"),
    delete("/api/v1/principals/{principal}/grants/{role}", "grant_delete", MANAGE)
        .about("principals", "Take a role", "The organization keeps at least one owner.")
        .query(&[PLACE])
        .gives::<Principal>(200)
        .also(&[409])
        .audited("member.revoke"),
    post("/api/v1/invitations", "invitation_accept", Access::Public)
        .about("principals", "Set a password with a one-time link", "The link works once.")
        .takes::<AcceptInvitation>()
        .up_to(SMALL)
        .gives::<InvitationAccepted>(200)
        .also(&[401, 403, 409])
        .audited("password.set"),
];
