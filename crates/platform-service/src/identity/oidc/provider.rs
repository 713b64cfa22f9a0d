//! A provider: how it is configured, and the talk with it.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, TokenResponse,
};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::principal::Role;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

use super::super::secret::Secret;

/// How long what a provider says about itself is believed.
const METADATA: Duration = Duration::from_secs(10 * 60);
/// Largest answer of a provider, bytes.
const ANSWER: usize = 1 << 20;

/// A provider as the operator configures it.
#[derive(Clone)]
pub struct Provider {
    /// Name in addresses and on the sign-in page: `corporate`.
    pub name: String,
    /// The issuer's address, `https://...`, exactly as the provider has it.
    pub issuer: String,
    /// Our identifier there.
    pub client_id: String,
    /// Our secret there; from a file or the environment, never printed.
    pub client_secret: String,
    /// Where the provider sends people back to: an address of this program, registered there.
    pub redirect_uri: String,
    /// Scopes that are asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that holds a person's groups.
    pub groups_claim: String,
    /// Roles that groups give.
    pub groups: Vec<GroupRole>,
    /// Domains of addresses that may come in; any, verified or not, if empty.
    pub allowed_domains: Vec<String>,
    /// Whether who is not known yet gets an account.
    pub auto_provision: bool,
    /// Whether an account that was added here with the same verified address is theirs. The provider then decides who
    /// signs in to that account, past its password and second factor.
    pub link_by_email: bool,
    /// The organization whose people it knows; the only one of this installation if none.
    pub organization: Option<OrganizationId>,
}

/// A role that a group gives.
#[derive(Clone, Debug)]
pub struct GroupRole {
    /// Name of the group, as it stands in the claim.
    pub group: String,
    /// The role.
    pub role: Role,
    /// In which project; in the whole organization if none.
    pub project: Option<ProjectId>,
}

/// Sends a request to a provider.
#[async_trait]
pub trait Http: Send + Sync {
    /// The answer, whatever its status. Redirects are not followed.
    ///
    /// # Errors
    /// `oidc.unavailable`.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse>;
}

/// Over the network.
pub struct Web(reqwest::Client);

impl Web {
    /// With a client that follows no redirects and has time limits.
    pub fn new(client: reqwest::Client) -> Self {
        Web(client)
    }
}

fn unavailable(e: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::unavailable("oidc.unavailable", "the sign-in provider cannot be reached").retry_after(5).because(e)
}

#[async_trait]
impl Http for Web {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let request = reqwest::Request::try_from(request).map_err(unavailable)?;
        let mut answer = self.0.execute(request).await.map_err(unavailable)?;
        let mut response = HttpResponse::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        while let Some(chunk) = answer.chunk().await.map_err(unavailable)? {
            if response.body().len() + chunk.len() > ANSWER {
                return Err(unavailable("the answer is longer than 1 MiB"));
            }
            response.body_mut().extend_from_slice(&chunk);
        }
        Ok(response)
    }
}

/// Whom a provider vouches for.
pub(super) struct Person {
    /// Identifier at the provider, never given to anybody else there.
    pub(super) subject: String,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) email_verified: bool,
    pub(super) groups: Vec<String>,
}

/// A provider in use.
pub struct SingleSignOn {
    pub(super) provider: Provider,
    http: Arc<dyn Http>,
    /// What it said about itself, and when.
    metadata: Mutex<Option<(Timestamp, CoreProviderMetadata)>>,
}

/// The PKCE verifier of a secret.
pub(super) fn verifier(secret: &Secret) -> PkceCodeVerifier {
    PkceCodeVerifier::new(secret.expose().to_string())
}

fn refused(e: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Kind::Unauthenticated, "oidc.refused", "the provider does not vouch for this sign-in")
        .help("begin again")
        .because(e)
}

impl SingleSignOn {
    /// For that provider.
    ///
    /// # Errors
    /// `oidc.config`: an address that is none or not protected.
    pub fn new(provider: Provider, http: Arc<dyn Http>) -> Result<Self> {
        let wrong = |what: &str, why: &str| {
            Error::invalid("oidc.config", format!("the provider `{}` cannot be used", provider.name)).at(what, why)
        };
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|_| wrong("issuer", "this is no address"))?;
        let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        let local = local
            .iter()
            .filter_map(|l| provider.issuer.strip_prefix(l))
            .any(|rest| rest.is_empty() || rest.starts_with([':', '/']));
        if issuer.url().scheme() != "https" && !local {
            return Err(wrong("issuer", "it must begin with https://"));
        }
        RedirectUrl::new(provider.redirect_uri.clone()).map_err(|_| wrong("redirect-uri", "this is no address"))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if provider.name.is_empty() || !provider.name.chars().all(plain) {
            return Err(wrong("name", "use letters, digits and hyphens"));
        }
        Ok(SingleSignOn { provider, http, metadata: Mutex::new(None) })
    }

    fn http(&self) -> impl Fn(HttpRequest) -> futures_util::future::BoxFuture<'static, Result<HttpResponse>> + use<> {
        let http = Arc::clone(&self.http);
        move |request| {
            let http = Arc::clone(&http);
            Box::pin(async move { http.send(request).await })
        }
    }

    /// What the provider says about itself, with its keys; asked again after a while, or where `anew`.
    async fn metadata(&self, now: Timestamp, anew: bool) -> Result<CoreProviderMetadata> {
        let mut kept = self.metadata.lock().await;
        if let Some((at, metadata)) = &*kept
            && !anew
            && now.since(*at) < METADATA
        {
            return Ok(metadata.clone());
        }
        let issuer = IssuerUrl::new(self.provider.issuer.clone()).map_err(|e| Error::bug("the issuer").because(e))?;
        let found = CoreProviderMetadata::discover_async(issuer, &self.http()).await.map_err(unavailable)?;
        *kept = Some((now, found.clone()));
        Ok(found)
    }

    /// Where to send a browser.
    pub(super) async fn authorize_url(
        &self,
        now: Timestamp,
        state: &str,
        nonce: &str,
        challenge: PkceCodeChallenge,
    ) -> Result<String> {
        let metadata = self.metadata(now, false).await?;
        let client = CoreClient::from_provider_metadata(metadata, self.client_id(), Some(self.client_secret()))
            .set_redirect_uri(self.redirect()?);
        let (state, nonce) = (CsrfToken::new(state.to_string()), Nonce::new(nonce.to_string()));
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
            .set_pkce_challenge(challenge);
        for scope in &self.provider.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        Ok(request.url().0.to_string())
    }

    fn client_id(&self) -> ClientId {
        ClientId::new(self.provider.client_id.clone())
    }

    fn client_secret(&self) -> ClientSecret {
        ClientSecret::new(self.provider.client_secret.clone())
    }

    fn redirect(&self) -> Result<RedirectUrl> {
        RedirectUrl::new(self.provider.redirect_uri.clone()).map_err(|e| Error::bug("the redirect address").because(e))
    }

    /// Who stands behind a code.
    pub(super) async fn person(&self, now: Timestamp, code: &str, verifier: String, nonce: &str) -> Result<Person> {
        let metadata = self.metadata(now, false).await?;
        let client = CoreClient::from_provider_metadata(metadata, self.client_id(), Some(self.client_secret()))
            .set_redirect_uri(self.redirect()?);
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_string()))
            .map_err(unavailable)?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&self.http())
            .await
            .map_err(|e| match e {
                RequestTokenError::ServerResponse(_) => refused(e.to_string()),
                e => unavailable(e.to_string()),
            })?;
        let token = answer.id_token().ok_or_else(|| refused("the provider gave no identity token"))?;
        let nonce = Nonce::new(nonce.to_string());
        let claims = match token.claims(&client.id_token_verifier(), &nonce) {
            // its keys may be newer than those that are kept
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let metadata = self.metadata(now, true).await?;
                let client = CoreClient::from_provider_metadata(metadata, self.client_id(), Some(self.client_secret()));
                token.claims(&client.id_token_verifier(), &nonce).map_err(refused)?
            }
            found => found.map_err(refused)?,
        };
        Ok(Person {
            subject: claims.subject().to_string(),
            name: claims.name().and_then(|n| n.get(None)).map(|n| n.to_string()),
            email: claims.email().map(|e| e.to_string()),
            email_verified: claims.email_verified().unwrap_or(false),
            groups: groups(&token.to_string(), &self.provider.groups_claim),
        })
    }
}

/// The groups in a token whose signature was found good: a list of names, or one name.
fn groups(token: &str, claim: &str) -> Vec<String> {
    let payload = token.split('.').nth(1).and_then(|p| URL_SAFE_NO_PAD.decode(p).ok());
    let payload: Option<Value> = payload.and_then(|p| serde_json::from_slice(&p).ok());
    match payload.as_ref().and_then(|p| p.get(claim)) {
        Some(Value::Array(names)) => names.iter().filter_map(|n| n.as_str().map(String::from)).collect(),
        Some(Value::String(name)) => vec![name.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn groups_are_names_or_one_name() {
        assert_eq!(groups(&token(r#"{"groups": ["a", 1, "b"]}"#), "groups"), ["a", "b"]);
        assert_eq!(groups(&token(r#"{"roles": "a"}"#), "roles"), ["a"]);
        for nothing in [r#"{"groups": {"a": 1}}"#, "{}", "[]", "x"] {
            assert!(groups(&token(nothing), "groups").is_empty());
        }
    }

    proptest! {
        #[test]
        fn no_token_panics(text in "\\PC{0,60}") {
            prop_assert!(groups(&text, "groups").is_empty() || text.contains('.'));
        }
    }
}
