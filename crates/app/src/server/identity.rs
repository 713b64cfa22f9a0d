//! Single sign-on and TLS, as the options say them.

use crate::server::config::Settings;
use proofmark_base::error::{Error, Result};
use proofmark_http::{Clients, Pem, Tls};
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::principal::Role;
use proofmark_platform_service::identity::Identity;
use proofmark_platform_service::identity::oidc::{GroupRole, Provider, SingleSignOn, Web, callback};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Options that say nothing without `oidc-issuer`.
const OIDC: &[&str] =
    &["oidc-client-id", "oidc-client-secret", "oidc-roles", "oidc-allowed-domains", "oidc-organization"];

/// `group:role` or `group:role:project`; a group's name may hold colons.
struct Mapping(GroupRole);

impl FromStr for Mapping {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let (rest, last) = text.rsplit_once(':').ok_or(())?;
        let (group, role, project) = match last.parse::<ProjectId>() {
            Ok(project) => {
                let (group, role) = rest.rsplit_once(':').ok_or(())?;
                (group, role, Some(project))
            }
            Err(_) => (rest, last, None),
        };
        let role = role.trim().parse::<Role>().map_err(drop)?;
        let group = group.trim();
        if group.is_empty() { Err(()) } else { Ok(Mapping(GroupRole { group: group.into(), role, project })) }
    }
}

/// Identity with the provider that the settings name. The provider is not asked at the start, and readiness does not
/// depend on it: while it is away nobody new comes in by it, but sessions, tokens and passwords work, and a process taken
/// out of service for it would take those away, too.
///
/// # Errors
/// `config.invalid`, with the option and its origin.
pub fn identity(settings: &Settings) -> Result<Identity> {
    let identity = Identity::default();
    let Some(issuer) = settings.given("oidc-issuer") else {
        return match OIDC.iter().find(|name| settings.given(name).is_some()) {
            Some(name) => Err(settings.unusable(name, "it says nothing without `oidc-issuer`")),
            None => Ok(identity),
        };
    };
    let needed = |name: &str| {
        let missing = || settings.unusable(name, "a provider of single sign-on needs it (`oidc-issuer` is given)");
        settings.given(name).map(String::from).ok_or_else(missing)
    };
    let name = needed("oidc-name")?;
    let organization = match settings.given("oidc-organization") {
        Some(_) => Some(settings.parsed::<OrganizationId>("oidc-organization", "an identifier like org_01k...")?),
        None => None,
    };
    let groups = settings.list::<Mapping>("oidc-roles", "group:role or group:role:project")?;
    let provider = Provider {
        redirect_uri: callback(needed("public-url")?.trim_end_matches('/'), &name),
        name,
        issuer: issuer.into(),
        client_id: needed("oidc-client-id")?,
        client_secret: needed("oidc-client-secret")?,
        scopes: settings.list("oidc-scopes", "a scope")?,
        groups_claim: needed("oidc-groups-claim")?,
        groups: groups.into_iter().map(|m| m.0).collect(),
        allowed_domains: settings.list("oidc-allowed-domains", "a domain")?,
        auto_provision: settings.parsed("oidc-auto-provision", "true or false")?,
        link_by_email: settings.parsed("oidc-link-by-email", "true or false")?,
        organization,
    };
    let web = Arc::new(Web::new(client()?));
    let sso = SingleSignOn::new(provider, web).map_err(|e| match e.places.first() {
        Some(place) => {
            let option = if place.at == "redirect-uri" { "public-url".into() } else { format!("oidc-{}", place.at) };
            settings.unusable(&option, &place.message)
        }
        None => e,
    })?;
    Ok(identity.with_provider(sso))
}

fn client() -> Result<reqwest::Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(|e| {
            Error::unavailable("server.client", "there is no HTTP client to talk to the provider with").because(e)
        })
}

fn file(settings: &Settings, name: &str) -> Result<Option<Vec<u8>>> {
    let read = |path: &str| std::fs::read(path).map_err(|e| settings.unusable(name, format!("{path}: {e}")));
    settings.given(name).map(read).transpose()
}

/// Certificate and key of the listener, if the settings name them.
///
/// # Errors
/// `config.invalid`, with the option and its origin.
pub fn tls(settings: &Settings) -> Result<Option<Tls>> {
    pem(settings)?.map(|pem| Tls::new(pem).map_err(|e| named(settings, e))).transpose()
}

/// The error with the option whose file it is about.
fn named(settings: &Settings, e: Error) -> Error {
    match e.places.first() {
        Some(place) => settings.unusable(&place.at, &place.message),
        None => e,
    }
}

/// Takes what the files hold now, if it is something else. Until all of them belong together what was there before stays.
///
/// # Errors
/// `config.invalid`, with the option and its origin.
pub fn renew(settings: &Settings, tls: &Tls) -> Result<bool> {
    pem(settings)?.map_or(Ok(false), |pem| tls.renew(pem).map_err(|e| named(settings, e)))
}

fn pem(settings: &Settings) -> Result<Option<Pem>> {
    let asked: bool = settings.parsed("tls-client-certificates", "true or false")?;
    let authorities = file(settings, "tls-client-ca")?;
    let (certificates, key) = match (file(settings, "tls-certificate")?, file(settings, "tls-key")?) {
        (Some(certificates), Some(key)) => (certificates, key),
        (Some(_), None) => return Err(settings.unusable("tls-key", "`tls-certificate` needs it")),
        (None, Some(_)) => return Err(settings.unusable("tls-certificate", "`tls-key` needs it")),
        (None, None) if asked || authorities.is_some() => {
            let name = if asked { "tls-client-certificates" } else { "tls-client-ca" };
            return Err(settings.unusable(name, "clients show certificates over TLS only: give `tls-certificate`"));
        }
        (None, None) => return Ok(None),
    };
    let clients = match (asked, authorities) {
        (true, Some(pem)) => Clients::IssuedBy(pem),
        (true, None) => Clients::Registered,
        (false, None) => Clients::Unasked,
        (false, Some(_)) => {
            return Err(settings.unusable("tls-client-ca", "it says nothing unless `tls-client-certificates` is true"));
        }
    };
    Ok(Some(Pem { certificates, key, clients }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const ISSUER: &str = "oidc-issuer = \"https://id.example.org\"\n";
    const GOOD: &str = "public-url = \"https://p.example.org/\"\noidc-client-id = \"proofmark\"\n\
                        oidc-client-secret = \"hush\"\n";

    fn settings(file: &str) -> Settings {
        Settings::read(Some((Path::new("f.toml"), file)), std::iter::empty(), &[]).unwrap()
    }

    #[test]
    fn groups_give_roles_in_the_organization_or_a_project() {
        let read = |text: &str| text.parse::<Mapping>().ok().map(|m| (m.0.group, m.0.role, m.0.project));
        assert_eq!(read("engineers:engineer"), Some(("engineers".into(), Role::Engineer, None)));
        assert_eq!(read("urn:team:chips:approver"), Some(("urn:team:chips".into(), Role::Approver, None)));
        let project = "prj_01kaznm9t8e3r9c5w4s2v0x7qb";
        let found = read(&format!("urn:chips:viewer:{project}")).unwrap();
        assert_eq!((found.0.as_str(), found.1, found.2), ("urn:chips", Role::Viewer, project.parse().ok()));
        for bad in ["engineers", "engineers:boss", ":engineer", "engineers:", project, &format!("viewer:{project}")] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_provider_that_cannot_be_used_stops_the_start_with_the_option_and_its_origin() {
        identity(&settings("")).map(drop).unwrap();
        identity(&settings(&format!("{ISSUER}{GOOD}"))).map(drop).unwrap();
        let refused = |text: &str| identity(&settings(text)).map(drop).unwrap_err().detail;
        for (text, option) in [
            ("oidc-client-id = \"x\"\n".to_string(), "`oidc-client-id` (f.toml:1)"),
            (ISSUER.to_string(), "`public-url` (default)"),
            (format!("{ISSUER}public-url = \"https://p.example.org\"\n"), "`oidc-client-id` (default)"),
            (format!("{GOOD}oidc-issuer = \"http://id.example.org\"\n"), "`oidc-issuer` (f.toml:4)"),
            (format!("{ISSUER}{GOOD}oidc-name = \"a/b\"\n"), "`oidc-name` (f.toml:5)"),
            (format!("{ISSUER}{GOOD}oidc-roles = [\"a:engineer\", \"b:boss\"]\n"), "`oidc-roles` (f.toml:5)"),
            (format!("{ISSUER}{GOOD}oidc-auto-provision = \"yes\"\n"), "`oidc-auto-provision` (f.toml:5)"),
            (format!("{ISSUER}{GOOD}oidc-organization = \"mine\"\n"), "`oidc-organization` (f.toml:5)"),
            (format!("{ISSUER}{}", GOOD.replace("https://p.example.org/", "here")), "`public-url` (f.toml:2)"),
        ] {
            let detail = refused(&text);
            assert!(detail.contains(option) && !detail.contains("hush"), "{option}: {detail}");
        }
    }

    #[test]
    fn tls_that_cannot_be_used_stops_the_start_with_the_option_and_its_origin() {
        assert!(tls(&settings("")).unwrap().is_none());
        let folder = tempfile::tempdir().unwrap();
        let none = folder.path().join("none.pem");
        std::fs::write(&none, "no certificate").unwrap();
        let none = none.display();
        for (text, option) in [
            (
                "tls-certificate = \"/nowhere/c.pem\"\ntls-key = \"/nowhere/k.pem\"\n".to_string(),
                "`tls-certificate` (f.toml:1)",
            ),
            (format!("tls-certificate = \"{none}\"\n"), "`tls-key` (default)"),
            (format!("tls-key = \"{none}\"\n"), "`tls-certificate` (default)"),
            (format!("tls-certificate = \"{none}\"\ntls-key = \"{none}\"\n"), "`tls-certificate` (f.toml:1)"),
            ("tls-client-certificates = true\n".to_string(), "`tls-client-certificates` (f.toml:1)"),
            (format!("tls-client-ca = \"{none}\"\n"), "`tls-client-ca` (f.toml:1)"),
        ] {
            let e = tls(&settings(&text)).map(drop).unwrap_err();
            assert!(e.detail.contains(option), "{option}: {e}");
        }
    }
}
