//! Which hosts may be asked for what kustomizations refer to.
//!
//! Who renders the repositories of others from inside a network lends them its place in it: a URL in a kustomization could reach
//! services that listen for this machine alone, and those that give away the machine's credentials.

mod host;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use hagane::{RemoteError, without_credentials};
use ureq::Proxy;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use host::{Unclear, host, is_name, plain};

/// Addresses at which clouds give machines their credentials, where those are not link-local.
const CREDENTIALS: [IpAddr; 4] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
];

/// The hosts that may be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hosts {
    /// Any.
    #[default]
    Any,
    /// Any but this machine, its link, and the addresses at which clouds give away credentials.
    Beyond,
    /// Of those, the ones with these names: `git.example.com`, `*.example.com`. One that is an address or `localhost` is allowed
    /// wherever it is.
    Named(Vec<String>),
}

impl Hosts {
    /// Reads a list of names, parted by commas; says which one is none.
    pub fn named(list: &str) -> Result<Hosts, String> {
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        // Addresses are compared as they are usually written.
        let usual = |name: String| name.parse::<Ipv6Addr>().map_or(name, |address| address.to_string());
        let names: Vec<String> = names.map(plain).map(usual).collect();
        let is_listed = |name: &&String| {
            is_name(name.strip_prefix("*.").unwrap_or(name)) || name.parse::<Ipv6Addr>().is_ok()
        };
        match names.iter().find(|name| !is_listed(name)) {
            Some(name) => Err(name.clone()),
            None => Ok(Hosts::Named(names)),
        }
    }

    /// Refuses a URL that another program is to ask, if it does not name its host plainly, or one that may not be asked.
    pub fn check_url(&self, url: &str) -> Result<(), RemoteError> {
        self.check(url, LookUp::of_program(url)).map(drop)
    }

    /// Refuses a URL whose host may not be asked, by its name, and by its addresses where they are looked up. Returns these.
    pub(crate) fn check(&self, url: &str, look_up: LookUp) -> Result<Vec<IpAddr>, RemoteError> {
        if *self == Hosts::Any {
            return Ok(Vec::new());
        }
        // What lies on no host is refused elsewhere.
        let Some(host) = host(url).map_err(|Unclear| unclear(url))? else { return Ok(Vec::new()) };
        // First, so that nobody hears a name who may not be asked.
        if !self.allows_name(&host) {
            return Err(self.refusal(&host));
        }
        let addresses: Vec<IpAddr> = match (host.parse(), look_up) {
            (Ok(address), _) => vec![address],
            (Err(_), LookUp::No) => return Ok(Vec::new()),
            (Err(_), LookUp::Yes | LookUp::IfFound) => (host.as_str(), 443)
                .to_socket_addrs()
                .map_or_else(|_| Vec::new(), |found| found.map(|address| address.ip()).collect()),
        };
        // One that is not found now may be found by who fetches, and be any then.
        if addresses.is_empty() && look_up == LookUp::Yes {
            return Err(RemoteError::Unreachable(format!("there is no host `{host}`")));
        }
        match addresses.iter().all(|address| self.allows(&host, *address)) {
            true => Ok(addresses),
            false => Err(self.refusal(&host)),
        }
    }

    fn allows_name(&self, host: &str) -> bool {
        match self {
            Hosts::Any => true,
            // Where a proxy looks them up, nobody else sees their addresses.
            Hosts::Beyond => {
                host != "localhost" && !host.ends_with(".localhost") && host != "metadata.google.internal"
            }
            Hosts::Named(names) => names.iter().any(|name| match name.strip_prefix("*.") {
                Some(end) => host.strip_suffix(end).is_some_and(|rest| rest.ends_with('.')),
                None => name == host,
            }),
        }
    }

    fn allows(&self, host: &str, address: IpAddr) -> bool {
        let is_listed = |names: &[String]| {
            let is_literal = host == "localhost" || host.parse::<IpAddr>().is_ok();
            is_literal && names.iter().any(|name| name == host)
        };
        match self {
            Hosts::Any => true,
            Hosts::Beyond => !is_near(address),
            Hosts::Named(names) => !is_near(address) || is_listed(names),
        }
    }

    fn refusal(&self, host: &str) -> RemoteError {
        RemoteError::Refused {
            why: format!("`{host}` may not be asked from here"),
            hint:
                "`--allowed-hosts`, or HAGANE_ALLOWED_HOSTS, of whoever runs this says which hosts may be; \
                   `hagane vendor` keeps a copy in the repository"
                    .into(),
        }
    }
}

/// Whether the addresses of a name are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookUp {
    /// They are, and there must be one.
    Yes,
    /// They are, where this machine knows any: a proxy may know others.
    IfFound,
    /// Who fetches does it, with [`Careful`].
    No,
}

impl LookUp {
    /// Returns what is right for a URL that another program asks.
    pub(crate) fn of_program(url: &str) -> LookUp {
        if is_proxied(url) { LookUp::IfFound } else { LookUp::Yes }
    }
}

/// Returns whether an address is this machine's, its link's, or one at which machines get their credentials.
fn is_near(address: IpAddr) -> bool {
    let address = match address {
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    let is_special = match address {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets()[0] == 0
        }
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local()
        }
    };
    is_special || CREDENTIALS.contains(&address)
}

/// Returns the address of IPv4 that one of IPv6 stands for: mapped, or through NAT64.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let nat64 = || match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))),
        _ => None,
    };
    address.to_ipv4_mapped().or_else(nat64)
}

fn unclear(url: &str) -> RemoteError {
    RemoteError::Refused {
        why: format!("`{}` does not say plainly which host it is on", without_credentials(url)),
        hint: "a name or an address in its usual form does, with no percent sign and no zone in it".into(),
    }
}

/// Returns whether a proxy of the environment is asked for a URL.
fn is_proxied(url: &str) -> bool {
    let names = match url.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => ["https_proxy", "HTTPS_PROXY"],
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => ["http_proxy", "HTTP_PROXY"],
        _ => return false,
    };
    let is_set = |name| std::env::var_os(name).is_some_and(|proxy| !proxy.is_empty());
    let uri = url.parse::<Uri>().ok().zip(Proxy::try_from_env());
    names.into_iter().chain(["all_proxy", "ALL_PROXY"]).any(is_set)
        && uri.is_some_and(|(uri, proxy)| !proxy.is_no_proxy(&uri))
}

/// A resolver that gives no address which may not be asked.
#[derive(Debug)]
pub(crate) struct Careful(pub(crate) Hosts);

impl Resolver for Careful {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        // Who set it wants it to be asked, wherever it is. What it is asked for has been checked.
        if config.proxy().is_some_and(|proxy| proxy.uri().authority() == uri.authority()) {
            return DefaultResolver::default().resolve(uri, config, timeout);
        }
        let host = plain(uri.host().unwrap_or_default());
        if self.0.allows_name(&host) {
            let found = DefaultResolver::default().resolve(uri, config, timeout)?;
            if found.iter().all(|address| self.0.allows(&host, address.ip())) {
                return Ok(found);
            }
        }
        Err(ureq::Error::Other(Box::new(HostRefused(host, self.0.clone()))))
    }
}

/// Says that a host may not be asked.
#[derive(Debug)]
pub(crate) struct HostRefused(String, Hosts);

impl HostRefused {
    pub(crate) fn error(&self) -> RemoteError {
        self.1.refusal(&self.0)
    }
}

impl fmt::Display for HostRefused {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "`{}` may not be asked from here", self.0)
    }
}

impl std::error::Error for HostRefused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_be_asked() {
        let named = Hosts::named("git.example.com, *.corp.example,127.0.0.1").expect("they are names");
        let check = |hosts: &Hosts, url: &str, allowed: bool| {
            assert_eq!(hosts.check(url, LookUp::No).is_ok(), allowed, "{hosts:?} {url}");
        };
        check(&Hosts::Any, "http://169.254.169.254/latest", true);
        for near in [
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[fd00:ec2::254]",
            "100.100.100.200",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            check(&Hosts::Beyond, &format!("http://{near}:8081/x"), false);
        }
        for near in ["localhost", "LOCALHOST.", "x.localhost", "metadata.google.internal"] {
            check(&Hosts::Beyond, &format!("http://{near}/x"), false);
        }
        for beyond in ["10.1.2.3", "192.168.0.1", "github.com", "[2001:db8::1]"] {
            check(&Hosts::Beyond, &format!("https://{beyond}/x"), true);
            check(&named, &format!("https://{beyond}/x"), false);
        }
        check(&named, "https://git.example.com/a", true);
        check(&named, "git@GIT.example.com:a", true);
        check(&named, "https://a.corp.example/a", true);
        check(&named, "https://corp.example/a", false);
        check(&named, "https://evilcorp.example/a", false);
        check(&named, "https://git.example.com.evil/a", false);
        check(&named, "http://127.0.0.1:9/a", true);
        check(&named, "http://127.0.0.2:9/a", false);
        let six = Hosts::named("[0:0:0:0:0:0:0:1]").expect("it is an address");
        check(&six, "https://[::1]:8443/a", true);
        assert_eq!(Hosts::named("a b"), Err("a b".into()));
        assert_eq!(Hosts::named("https://x"), Err("https://x".into()));
        assert_eq!(Hosts::named(""), Ok(Hosts::Named(Vec::new())));
    }

    #[test]
    fn a_name_is_looked_up() {
        let listed = Hosts::named("localhost, *.invalid").expect("they are names");
        assert!(listed.check("https://localhost/a", LookUp::Yes).is_ok_and(|found| !found.is_empty()));
        // What is found only later could be anything.
        let nowhere = "https://nobody.invalid/a";
        let unreachable = RemoteError::Unreachable("there is no host `nobody.invalid`".into());
        assert_eq!(listed.check(nowhere, LookUp::Yes), Err(unreachable));
        assert_eq!(listed.check(nowhere, LookUp::IfFound), Ok(Vec::new()));
        let unclear = listed.check("ssh://git@%6cocalhost/a", LookUp::No);
        assert!(matches!(unclear, Err(RemoteError::Refused { .. })), "{unclear:?}");
    }
}
