//! Which addresses on the network this program may be sent to by people who only write an address into a form
//! (server-side request forgery, CWE-918).
//!
//! Names are resolved here and nowhere else, and the connection goes to an address that was checked: a name that
//! resolves to something else the next moment gains nothing. Only addresses of the public internet are let through, and
//! networks that the operator names.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proofmark_base::error::{Error, Result};
use proofmark_base::id::shown;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::sync::Arc;
use std::time::Duration;

/// Resolves a name: that of the operating system, or one for tests.
pub type Lookup = Arc<dyn Fn(String, u16) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Longest address that is taken.
const LONGEST: usize = 2_000;
/// How long a name may take to resolve.
const PATIENCE: Duration = Duration::from_secs(5);

/// What may be reached.
#[derive(Clone)]
pub struct Guard {
    allow: Arc<[IpNet]>,
    plain_http: bool,
    lookup: Lookup,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("allow", &self.allow)
            .field("plain_http", &self.plain_http)
            .finish_non_exhaustive()
    }
}

/// IPv4 networks that are not the public internet: the special-purpose registry (RFC 6890 and its updates), multicast,
/// and the one public address at which a cloud answers its own machines.
const NOT_PUBLIC_V4: &[(Ipv4Addr, u8, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private network"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a carrier's shared address space"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "this machine"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local, where clouds keep their metadata"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private network"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relays"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private network"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved or broadcast"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "the metadata of a cloud"),
];

/// The one part of IPv6 that is the public internet, and what within it is not (RFC 6890 and its updates).
const PUBLIC_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const NOT_PUBLIC_V6: &[(Ipv6Addr, u8, &str)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "protocol assignments, Teredo among them"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4, which hides an IPv4 address"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
];

/// Why an address is not of the public internet; none if it is.
pub fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => NOT_PUBLIC_V4
            .iter()
            .find(|(net, bits, _)| Ipv4Net::new_assert(*net, *bits).contains(&v4))
            .map(|(_, _, why)| *why),
        IpAddr::V6(v6) => {
            if v6.to_ipv4_mapped().is_some() {
                return Some("an IPv4 address in disguise");
            }
            if !Ipv6Net::new_assert(PUBLIC_V6.0, PUBLIC_V6.1).contains(&v6) {
                return Some("not in the public part of IPv6");
            }
            NOT_PUBLIC_V6
                .iter()
                .find(|(net, bits, _)| Ipv6Net::new_assert(*net, *bits).contains(&v6))
                .map(|(_, _, why)| *why)
        }
    }
}

impl Default for Guard {
    fn default() -> Self {
        Guard::new(Vec::new(), false)
    }
}

impl Guard {
    /// Lets through the public internet over HTTPS, the networks in `allow`, and plain HTTP if `plain_http`.
    pub fn new(allow: Vec<IpNet>, plain_http: bool) -> Self {
        let lookup: Lookup =
            Arc::new(|host, port| async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) }.boxed());
        Guard { allow: allow.into(), plain_http, lookup }
    }

    /// The same with another way to resolve names.
    #[must_use]
    pub fn with_lookup(mut self, lookup: Lookup) -> Self {
        self.lookup = lookup;
        self
    }

    /// Whether a connection to that address may be made.
    ///
    /// # Errors
    /// `webhook.address`, with the reason.
    pub fn address(&self, address: IpAddr) -> Result<()> {
        // a mapped address is reached over IPv4: what was allowed there is allowed
        let canonical = address.to_canonical();
        if self.allow.iter().any(|net| net.contains(&canonical) || net.contains(&address)) {
            return Ok(());
        }
        match not_public(address) {
            None => Ok(()),
            Some(why) => Err(Error::invalid(
                "webhook.address",
                format!("the address {address} is not of the public internet ({why})"),
            )
            .help("whoever runs this installation can allow networks")),
        }
    }

    /// Reads an address as it was written into a form, without resolving its name.
    ///
    /// # Errors
    /// `webhook.url` where it is none, has a user or a fragment, or is not HTTPS; `webhook.address` where it is a number
    /// that may not be reached.
    pub fn url(&self, text: &str) -> Result<Url> {
        let wrong = |why: &str| {
            Err(Error::invalid("webhook.url", format!("`{}` cannot be a webhook's address", shown(text)))
                .at("/url", why.to_string())
                .help("write it as https://host.example.org/path"))
        };
        if text.len() > LONGEST {
            return wrong("it is longer than 2000 bytes");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return wrong("it has blanks or control characters");
        }
        let Ok(url) = Url::parse(text) else { return wrong("it is no URL") };
        match url.scheme() {
            "https" => {}
            "http" if self.plain_http => {}
            "http" => return wrong("it must begin with https://"),
            _ => return wrong("it must begin with https://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("it must not name a user: receivers know us by the signature");
        }
        if url.fragment().is_some() {
            return wrong("it must not have a fragment, which is never sent");
        }
        if url.port_or_known_default().is_none_or(|port| port == 0) {
            return wrong("it has no port");
        }
        match literal(&url) {
            Some(Ok(address)) => self.address(address).map_err(|e| e.at("/url", "choose another host"))?,
            Some(Err(())) => return wrong("it has no host"),
            None => {}
        }
        Ok(url)
    }

    /// Resolves the host of an address that [`url`](Guard::url) let through, and lets it through only if everything it
    /// resolves to may be reached.
    ///
    /// # Errors
    /// `webhook.address`; `webhook.unresolved` where the name has no address.
    pub async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>> {
        let port = url.port_or_known_default().unwrap_or(443);
        let found = match literal(url) {
            Some(Ok(address)) => vec![SocketAddr::new(address, port)],
            Some(Err(())) => Vec::new(),
            None => self.look_up(url.host_str().unwrap_or_default(), port).await?,
        };
        self.all(found, url.host_str().unwrap_or_default())
    }

    async fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        let unresolved = || {
            Error::invalid("webhook.unresolved", format!("the name {} cannot be resolved", shown(host)))
                .at("/url", "its host has no address")
        };
        match tokio::time::timeout(PATIENCE, (self.lookup)(host.to_string(), port)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(e)) => Err(unresolved().because(e)),
            Err(e) => Err(unresolved().because(e)),
        }
    }

    fn all(&self, found: Vec<SocketAddr>, host: &str) -> Result<Vec<SocketAddr>> {
        if found.is_empty() {
            return Err(Error::invalid("webhook.unresolved", format!("the name {} has no address", shown(host)))
                .at("/url", "its host has no address"));
        }
        // one bad address condemns the name: which of them a connection takes is not for us to choose
        for address in &found {
            self.address(address.ip()).map_err(|e| e.at("/url", format!("{} leads there", shown(host))))?;
        }
        Ok(found)
    }
}

/// The host, if it is a number; an error if there is none.
fn literal(url: &Url) -> Option<Result<IpAddr, ()>> {
    match url.host_str() {
        None | Some("") => Some(Err(())),
        Some(host) => match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(v6) => Some(v6.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| ())),
            // the URL's reader has put every way to write an IPv4 address into the usual form
            None => host.parse::<Ipv4Addr>().ok().map(|v4| Ok(IpAddr::V4(v4))),
        },
    }
}

/// The resolver of the client that connects: what it gives was checked, and the client looks nowhere else.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        let resolving = async move {
            let found = guard.look_up(name.as_str(), 0).await?;
            let found = guard.all(found, name.as_str())?;
            Ok(Box::new(found.into_iter()) as Addrs)
        };
        resolving.boxed()
    }
}

#[cfg(test)]
mod tests;
