//! Sessions, the caller's own account, tokens.

use crate::call::Call;
use crate::reply::Reply;
use proofmark_base::error::Result;
use proofmark_contract::types::identity::{
    AcceptInvitation, ChangePassword, CreateToken, InvitationAccepted, Me, Password, RecoveryCodes, Session, SignIn,
    SignedIn, Token, TokenMade, Totp, TotpCode, TotpRemove, TotpStart,
};
use proofmark_kernel::principal::{Credential, SessionId};
use proofmark_platform_service::identity::{self, accounts, sessions, tokens, totp};
use proofmark_store::{sessions as session_rows, tokens as token_rows};

pub(crate) async fn me(call: Call) -> Result<Reply> {
    let caller = call.caller()?;
    let credential = match caller.credential {
        Credential::Session(_) => "session",
        Credential::Token(_) => "token",
        Credential::Certificate(_) => "certificate",
        Credential::System => "system",
    };
    Reply::ok(&Me {
        principal: caller.principal,
        organization: caller.organization,
        kind: caller.kind,
        grants: caller.grants.iter().copied().map(Into::into).collect(),
        credential: credential.into(),
        scopes: caller.scopes.clone(),
    })
}

pub(super) fn session(s: session_rows::Session, current: Option<SessionId>) -> Session {
    Session {
        id: s.id,
        principal: s.principal,
        method: s.method,
        created_at: s.created_at,
        seen_at: s.seen_at,
        expires_at: s.expires_at,
        current: current == Some(s.id),
    }
}

pub(crate) async fn sign_in(mut call: Call) -> Result<Reply> {
    let sent: SignIn = call.json().await?;
    let address = call.address.to_string();
    let shown = identity::SignIn {
        email: &sent.email,
        password: &sent.password,
        code: sent.code.as_deref(),
        address: &address,
    };
    let begun = identity::sign_in(call.platform(), shown).await?;
    let current = begun.session.id;
    Reply::created(&SignedIn {
        secret: begun.secret.expose().to_string(),
        session: session(begun.session, Some(current)),
    })
}

pub(crate) async fn sessions(call: Call) -> Result<Reply> {
    let caller = call.caller()?;
    let current = match caller.credential {
        Credential::Session(id) => Some(id),
        Credential::Token(_) | Credential::Certificate(_) | Credential::System => None,
    };
    let found = sessions::list(call.platform(), caller).await?;
    let found: Vec<Session> = found.into_iter().map(|s| session(s, current)).collect();
    Reply::ok(&call.slice::<Session, Session>(found)?)
}

pub(crate) async fn sign_out(call: Call) -> Result<Reply> {
    sessions::sign_out(call.platform(), call.caller()?).await?;
    Ok(Reply::done())
}

pub(crate) async fn revoke_session(call: Call) -> Result<Reply> {
    sessions::revoke(call.platform(), call.caller()?, call.id("session")?).await?;
    Ok(Reply::done())
}

pub(crate) async fn revoke_other_sessions(call: Call) -> Result<Reply> {
    sessions::revoke_others(call.platform(), call.caller()?).await?;
    Ok(Reply::done())
}

pub(crate) async fn set_password(mut call: Call) -> Result<Reply> {
    let sent: ChangePassword = call.json().await?;
    accounts::change_password(call.platform(), call.caller()?, &sent.current, &sent.new).await?;
    Ok(Reply::done())
}

pub(crate) async fn totp(call: Call) -> Result<Reply> {
    let status = totp::status(call.platform(), call.caller()?).await?;
    Reply::ok(&Totp { confirmed: status.confirmed, recovery_codes: status.recovery_codes })
}

pub(crate) async fn totp_start(mut call: Call) -> Result<Reply> {
    let sent: Password = call.json().await?;
    let begun = totp::enrol(call.platform(), call.caller()?, &sent.password).await?;
    Reply::created(&TotpStart { secret: begun.secret, uri: begun.uri })
}

pub(crate) async fn totp_confirm(mut call: Call) -> Result<Reply> {
    let sent: TotpCode = call.json().await?;
    let recovery_codes = totp::confirm(call.platform(), call.caller()?, &sent.code).await?;
    Reply::ok(&RecoveryCodes { recovery_codes })
}

pub(crate) async fn totp_remove(mut call: Call) -> Result<Reply> {
    let sent: TotpRemove = call.json().await?;
    totp::disable(call.platform(), call.caller()?, &sent.password, &sent.code).await?;
    Ok(Reply::done())
}

/// A token as it is shown.
struct Shown(Token);

impl From<token_rows::Token> for Shown {
    fn from(t: token_rows::Token) -> Self {
        Shown(Token {
            id: t.id,
            principal: t.principal,
            name: t.name,
            scopes: t.scopes,
            created_at: t.created_at,
            expires_at: t.expires_at,
            seen_at: t.seen_at,
            revoked_at: t.revoked_at,
        })
    }
}

impl From<Shown> for Token {
    fn from(s: Shown) -> Self {
        s.0
    }
}

pub(crate) async fn create_token(mut call: Call) -> Result<Reply> {
    let sent: CreateToken = call.json().await?;
    let new = tokens::NewToken { name: &sent.name, scopes: sent.scopes.as_deref(), expires_at: sent.expires_at };
    let (token, secret) = tokens::create(call.platform(), call.caller()?, sent.principal, new).await?;
    Reply::created(&TokenMade { secret: secret.expose().to_string(), token: Shown::from(token).into() })
}

pub(crate) async fn tokens(call: Call) -> Result<Reply> {
    let caller = call.caller()?;
    let of = call.query.get("principal")?.unwrap_or(caller.principal);
    let found = tokens::list(call.platform(), caller, Some(of), call.page()?).await?;
    let page = call.listed::<_, Shown, _>(found);
    Reply::ok(&proofmark_contract::types::common::Page {
        items: page.items.into_iter().map(Token::from).collect(),
        next_cursor: page.next_cursor,
    })
}

pub(crate) async fn token(call: Call) -> Result<Reply> {
    let token = tokens::get(call.platform(), call.caller()?, call.id("token")?).await?;
    Reply::ok(&Token::from(Shown::from(token)))
}

pub(crate) async fn revoke_token(call: Call) -> Result<Reply> {
    tokens::revoke(call.platform(), call.caller()?, call.id("token")?).await?;
    Ok(Reply::done())
}

pub(crate) async fn accept_invitation(mut call: Call) -> Result<Reply> {
    let sent: AcceptInvitation = call.json().await?;
    let principal = accounts::accept(call.platform(), &sent.link, &sent.password).await?;
    Reply::ok(&InvitationAccepted { principal })
}
