//! Files behind `http` and `https` URLs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hagane::{RemoteError, without_credentials};
use percent_encoding::percent_decode_str;
use ureq::config::{Config, RedirectAuthHeaders};
use ureq::tls::{Certificate, ClientCert, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Error};

use crate::disk::{MAX_FILE, words};
use crate::hosts::{Careful, HostRefused, Hosts};

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

/// Returns an agent that asks these hosts and no others.
pub(crate) fn agent_for(hosts: &Hosts) -> Agent {
    match hosts {
        Hosts::Any => agent(),
        hosts => {
            Agent::with_parts(config(Trust::default()), DefaultConnector::default(), Careful(hosts.clone()))
        }
    }
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
pub(crate) fn file(agent: &Agent, url: &str, time_limit: Duration) -> Result<Arc<[u8]>, RemoteError> {
    let (url, authorization) = split_credentials(url);
    let mut request = agent.get(&url).config().timeout_global(Some(time_limit)).build();
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    let mut response = request.call().map_err(|error| remote_error(error, time_limit))?;
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
