//! The host that a URL names.
//!
//! Programs read URLs in ways of their own: what is a separator to one is part of a name to another, and some decode percent
//! signs in names. So only what nobody reads otherwise is a host.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Says that programs may disagree about which host a URL names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclear;

/// Returns the host of a URL, or of `user@host:path`; none where it is on this machine.
pub(super) fn host(url: &str) -> Result<Option<String>, Unclear> {
    let (scheme, authority) = match url.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") => return Ok(None),
        Some((scheme, rest)) => (Some(scheme), rest.split('/').next().unwrap_or_default()),
        None if url.starts_with(['/', '.']) => return Ok(None),
        None => (None, url.split_once(':').ok_or(Unclear)?.0),
    };
    // Git decodes all of a URL for ssh before it looks for the host in it; over HTTP, it stands in passwords.
    let is_http = |scheme: &str| ["http", "https"].iter().any(|http| scheme.eq_ignore_ascii_case(http));
    if authority.contains('%') && !scheme.is_some_and(is_http) {
        return Err(Unclear);
    }
    let (user, host) = authority.split_once('@').unwrap_or(("", authority));
    let is_user = |c: char| c.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=:".contains(c);
    if !user.chars().all(is_user) || user.starts_with('-') {
        return Err(Unclear);
    }
    let (host, port) = match host.strip_prefix('[') {
        Some(rest) if scheme.is_some() => {
            let (address, port) = rest.split_once(']').ok_or(Unclear)?;
            // One with a zone is none.
            let address: Ipv6Addr = address.parse().map_err(|_| Unclear)?;
            (address.to_string(), port)
        }
        _ => {
            let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
            let name = plain(name);
            (is_name(&name).then_some(name).ok_or(Unclear)?, port)
        }
    };
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_number);
    if is_port { Ok(Some(host)) } else { Err(Unclear) }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether a text is a name of a host, or an address of IPv4 with four parts: `127.1` and `0x7f000001` are addresses to
/// some, too.
pub(super) fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && !name.starts_with('-')
        && name.split('.').all(is_label)
        && (!(last.starts_with("0x") || is_number(last)) || name.parse::<Ipv4Addr>().is_ok())
}

/// Returns a name as names are compared.
pub(super) fn plain(name: &str) -> String {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).map_or(name.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_urls() {
        let check = |url: &str, expected: Option<&str>| {
            assert_eq!(host(url), Ok(expected.map(str::to_owned)), "{url}");
        };
        check("https://Git.Example.com./a", Some("git.example.com"));
        check("https://me:pw@host:8443/a@b", Some("host"));
        check("https://me%40corp:p%2Fw@host/a", Some("host"));
        check("https://[::1]:80/a", Some("::1"));
        check("https://[0:0:0:0:0:0:0:1]/a", Some("::1"));
        check("https://10.0.0.1/a", Some("10.0.0.1"));
        check("git@github.com:org/repo", Some("github.com"));
        check("ssh://git@host:22/x", Some("host"));
        check("ssh://git@host/x%20y?z#z@z", Some("host"));
        check("file:///etc", None);
        check("/etc", None);
    }

    #[test]
    fn what_programs_may_read_otherwise_is_no_host() {
        for url in [
            // Decoded by git, by curl, or by neither.
            "ssh://git@%6c%6fcalhost/x",
            "ssh://127.0.0.1%2f@host/x",
            "ssh://127.0.0.1%2f%40host@host/x",
            "https://%31%32%37.0.0.1/x",
            "https://host%2eexample/x",
            // A zone.
            "https://[fe80::1%25eth0]/x",
            "ssh://[fe80::1%eth0]/x",
            "ssh://[::ffff:127.0.0.1%lo]:22/x",
            "https://[::1/x",
            "https://[::1]x/x",
            // Which part is the user?
            "https://a@b@c/x",
            "git@a@b:x",
            "ssh://host?@127.0.0.1/x",
            "ssh://host#@127.0.0.1/x",
            "https://host?x@127.0.0.1/x",
            r"https://host\@127.0.0.1/x",
            r"https://127.0.0.1\@host/x",
            // Addresses in other forms.
            "[::1]:x",
            "git@[127.0.0.1:22]:x",
            "https://127.1/x",
            "https://0177.0.0.1/x",
            "https://2130706433/x",
            "https://0x7f000001/x",
            "https://127.0.0.0x1/x",
            "https://exämple.com/x",
            "https://ｌocalhost/x",
            "https://a..b/x",
            "https://host../x",
            "https:///x",
            "https://host:8o/x",
            "https://-host/x",
            "host",
        ] {
            assert_eq!(host(url), Err(Unclear), "{url}");
        }
    }
}
