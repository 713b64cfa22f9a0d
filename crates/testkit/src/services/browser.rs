//! Somebody with a browser at the OpenID Connect provider: follows its redirects with its cookies, and fills in its form.

use super::oidc::{Oidc, User};
use super::or_panic;
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The head of an answer: status, and headers with their names in lower case.
type Head = (u16, Vec<(String, String)>);

impl Oidc {
    /// Signs `user` in at this provider, beginning at `url` of its; gives the address of ours that they are sent back to.
    /// Blocks for as long as that takes.
    pub fn visit(&self, url: &str, user: &User) -> String {
        or_panic(self.walk(url, user))
    }

    fn walk(&self, url: &str, user: &User) -> Result<String> {
        let (mut at, mut cookies, mut form) = (url.to_string(), Vec::<String>::new(), false);
        for _ in 0..12 {
            let Some(path) = at.strip_prefix(self.issuer()) else { return Ok(at) };
            let body = form.then(|| format!("username={}&password={}", user.name, user.password));
            let (status, headers) = self.ask(path, &cookies.join("; "), body.as_deref()).with_context(|| at.clone())?;
            for (_, cookie) in headers.iter().filter(|(name, _)| name == "set-cookie") {
                let pair = cookie.split(';').next().unwrap_or_default();
                let name = pair.split('=').next().unwrap_or_default();
                cookies.retain(|kept| kept.split('=').next() != Some(name));
                cookies.push(pair.to_string());
            }
            match headers.iter().find(|(name, _)| name == "location") {
                Some((_, location)) => {
                    at = if location.starts_with('/') {
                        format!("{}{location}", self.issuer())
                    } else {
                        location.clone()
                    };
                    form = false;
                }
                None if status == 200 && at.contains("/interaction/") && !form => form = true,
                None => bail!("{at} answers {status}"),
            }
        }
        bail!("the provider never sends back: {at}")
    }

    fn ask(&self, path: &str, cookies: &str, body: Option<&str>) -> Result<Head> {
        let host = self.issuer().trim_start_matches("http://");
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let (method, body) = body.map_or(("GET", ""), |body| ("POST", body));
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\nConnection: close\r\nAccept: text/html\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let (head, _) = text.split_once("\r\n\r\n").context("an answer without a head")?;
        let mut lines = head.lines();
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).context("an answer's status")?;
        let pair = |line: &str| line.split_once(':').map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_string()));
        Ok((status, lines.filter_map(pair).collect()))
    }
}
