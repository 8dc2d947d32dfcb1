//! Files behind `http` and `https` URLs.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hagane::{RemoteError, without_credentials};
use percent_encoding::percent_decode_str;
use ureq::config::{Config, RedirectAuthHeaders};
use ureq::http::{Response, Uri};
use ureq::tls::{Certificate, ClientCert, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Error};

use crate::disk::{MAX_FILE, words};
use crate::hosts::{Careful, HostRefused, Hosts, LookUp};
use crate::redirects;

/// The most redirects on one way.
const MAX_REDIRECTS: usize = 10;

/// Whom an agent trusts, and as whom it shows itself.
#[derive(Default)]
pub(crate) struct Trust {
    /// The certificates that are trusted; those of this machine unless stated.
    pub(crate) roots: Option<RootCerts>,
    /// The certificate that is shown.
    pub(crate) client: Option<ClientCert>,
    /// Whether everybody is trusted, because the user says so.
    pub(crate) blindly: bool,
}

/// Returns an agent that trusts the certificates of this machine (`SSL_CERT_FILE` and `SSL_CERT_DIR`, else the
/// system's) and goes through the proxies of the environment.
pub(crate) fn agent() -> Agent {
    agent_with(Trust::default())
}

/// Returns an agent that goes through the proxies of the environment.
pub(crate) fn agent_with(trust: Trust) -> Agent {
    Agent::new_with_config(config(trust))
}

/// Whom one may ask, and by what.
#[derive(Clone)]
pub(crate) struct Reach {
    agent: Agent,
    hosts: Hosts,
}

impl Reach {
    pub(crate) fn new(hosts: &Hosts) -> Reach {
        let connector = DefaultConnector::default;
        let agent = match hosts {
            Hosts::Any => agent(),
            hosts => Agent::with_parts(config(Trust::default()), connector(), Careful(hosts.clone())),
        };
        Reach { agent, hosts: hosts.clone() }
    }

    /// Returns the hosts that may be asked.
    #[cfg(feature = "git")]
    pub(crate) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Gets what is at a URL, or where that leads, and the URL in the end. Each on the way is one that may be asked, and the
    /// authorization is for the first host alone.
    pub(crate) fn get(
        &self,
        url: &str,
        headers: &[(String, String)],
        authorization: Option<&str>,
        patience: Patience,
    ) -> Result<(Response<Body>, String), RemoteError> {
        let mut at = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            self.hosts.check(&at, LookUp::No)?;
            let authorization = authorization.filter(|_| authority(&at) == authority(url));
            let request = self.agent.get(&at).config().timeout_global(Some(patience.left()?));
            let mut request = request.max_redirects(0).max_redirects_will_error(false).build();
            for (name, value) in headers {
                request = request.header(name, value);
            }
            if let Some(authorization) = authorization {
                request = request.header("Authorization", authorization);
            }
            let response = request.call().map_err(|error| remote_error(error, patience.limit))?;
            let location =
                response.headers().get("Location").filter(|_| leads_on(response.status().as_u16()));
            let Some(location) = location else { return Ok((response, at)) };
            let target = location.to_str().ok().and_then(|location| redirects::target(&at, location));
            at = target.ok_or_else(|| RemoteError::Other("it redirects to what is no URL".into()))?;
        }
        Err(RemoteError::Other("too many redirects".into()))
    }

    /// Sends a body to a URL, and no further.
    #[cfg(feature = "git")]
    pub(crate) fn post(
        &self,
        url: &str,
        headers: &[(String, String)],
        authorization: Option<&str>,
        body: &[u8],
        patience: Patience,
    ) -> Result<Response<Body>, RemoteError> {
        self.hosts.check(url, LookUp::No)?;
        let request = self.agent.post(url).config().timeout_global(Some(patience.left()?));
        let mut request = request.max_redirects(0).build();
        let authorization = authorization.map(|value| ("Authorization", value));
        for (name, value) in
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(authorization)
        {
            request = request.header(name, value);
        }
        request.send(body).map_err(|error| remote_error(error, patience.limit))
    }
}

/// How long something may take, and until when that is.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    limit: Duration,
    until: Instant,
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Patience {
        let now = Instant::now();
        // Longer than any machine runs.
        Patience { limit, until: now + limit.min(Duration::from_secs(1 << 30)) }
    }

    fn left(self) -> Result<Duration, RemoteError> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(RemoteError::TimedOut(self.limit)) } else { Ok(left) }
    }
}

/// Returns whether a status says that what is asked for lies elsewhere.
fn leads_on(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Returns the scheme, host and port of a URL.
pub(crate) fn authority(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

fn config(trust: Trust) -> Config {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(trust.roots.unwrap_or_else(of_this_machine))
        .client_cert(trust.client)
        .disable_verification(trust.blindly)
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        .user_agent(concat!("hagane/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Where there are none, no certificate is right, and that is what the message then says.
fn of_this_machine() -> RootCerts {
    let certificates = rustls_native_certs::load_native_certs().certs;
    let certificates: Vec<_> = certificates.iter().map(|c| Certificate::from_der(c).to_owned()).collect();
    RootCerts::Specific(Arc::new(certificates))
}

/// Returns the content of the file at a URL.
pub(crate) fn file(reach: &Reach, url: &str, time_limit: Duration) -> Result<Arc<[u8]>, RemoteError> {
    // Before it is taken apart: where programs may disagree, so may we.
    reach.hosts.check(url, LookUp::No)?;
    let (url, authorization) = split_credentials(url);
    let (mut response, _) = reach.get(&url, &[], authorization.as_deref(), Patience::new(time_limit))?;
    if !response.status().is_success() {
        return Err(RemoteError::Status(response.status().as_u16()));
    }
    let content = response.body_mut().with_config().limit(MAX_FILE).read_to_vec();
    content.map(Arc::from).map_err(|error| remote_error(error, time_limit))
}

/// Returns a URL without its user and password, and the header that says them.
pub(crate) fn split_credentials(url: &str) -> (String, Option<String>) {
    let url = url.split('#').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return (url.to_owned(), None) };
    let (user, password) = rest[..at].split_once(':').unwrap_or((&rest[..at], ""));
    let mut credentials: Vec<u8> = percent_decode_str(user).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(password));
    let authorization = format!("Basic {}", BASE64_STANDARD.encode(credentials));
    (format!("{scheme}://{}", &rest[at + 1..]), Some(authorization))
}

/// Returns what an error of the agent says, without what the URL says about the user.
pub(crate) fn remote_error(error: Error, time_limit: Duration) -> RemoteError {
    match error {
        Error::StatusCode(status) => RemoteError::Status(status),
        Error::Timeout(_) => RemoteError::TimedOut(time_limit),
        Error::BodyExceedsLimit(limit) => RemoteError::TooLarge { limit },
        Error::HostNotFound => RemoteError::Unreachable("there is no such host".into()),
        Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => RemoteError::TimedOut(time_limit),
        Error::Io(error) => RemoteError::Unreachable(without_credentials(&words(&error))),
        Error::Rustls(error) => RemoteError::Unreachable(without_credentials(&error.to_string())),
        Error::ConnectionFailed | Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl | Error::Tls(_) => {
            RemoteError::Unreachable(without_credentials(&error.to_string()))
        }
        Error::Other(error) => match error.downcast::<HostRefused>() {
            Ok(refused) => refused.error(),
            Err(error) => RemoteError::Other(without_credentials(&error.to_string())),
        },
        other => RemoteError::Other(without_credentials(&other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials() {
        let check = |url: &str, bare: &str, authorization: Option<&str>| {
            assert_eq!(split_credentials(url), (bare.to_owned(), authorization.map(str::to_owned)));
        };
        check("https://host/a@b?c#d", "https://host/a@b?c", None);
        check("https://me:a%40b@host/x", "https://host/x", Some("Basic bWU6YUBi"));
        check("https://token@host:80", "https://host:80", Some("Basic dG9rZW46"));
    }
}
