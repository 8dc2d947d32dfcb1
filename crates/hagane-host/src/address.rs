//! The addresses of repositories and files, and texts that name them.

use hagane::RemoteError;

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Http,
    Ssh,
    File,
}

/// Returns how a repository is reached. Refuses what git would take for an option or for one of its remote helpers,
/// which can run any program.
pub(crate) fn transport(url: &str) -> Result<Transport, RemoteError> {
    if url.chars().any(char::is_control) {
        return Err(RemoteError::Other("its URL holds control characters".into()));
    }
    let transport = match url.split_once("://") {
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" if is_host(rest) => Some(Transport::Http),
            "ssh" if is_host(rest) => Some(Transport::Ssh),
            "file" => Some(Transport::File),
            _ => None,
        },
        // `user@host:path`; two colons would name a helper.
        None => match url.split_once(':') {
            Some((host, path)) if is_host(host) && !host.contains('/') && !path.starts_with(':') => {
                Some(Transport::Ssh)
            }
            _ => None,
        },
    };
    transport.ok_or_else(|| RemoteError::Refused {
        why: format!("`{}` is no URL that a repository is fetched from", redact(url)),
        hint: "`https://`, `http://`, `ssh://` and `file://` URLs are, and `user@host:path`".into(),
    })
}

/// Returns whether a text starts with a host, after a user or without. One that starts with a dash would be an option
/// of ssh.
fn is_host(text: &str) -> bool {
    let authority = authority(text);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    !authority.starts_with('-') && !host.is_empty() && !host.starts_with(['-', ':'])
}

fn authority(text: &str) -> &str {
    text.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Refuses a reference that git would take for something else.
pub(crate) fn check_reference(reference: &str) -> Result<(), RemoteError> {
    if reference.starts_with('-') || reference.chars().any(|c| c.is_control() || c == ' ') {
        return Err(RemoteError::NoSuchReference);
    }
    Ok(())
}

/// Returns a text whose URLs are without users, passwords and queries: there tokens are.
pub(crate) fn redact(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        redacted.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "'\"`<>".contains(c)).unwrap_or(after.len());
        let (url, behind) = after.split_at(end);
        let url = without_user(url);
        redacted.push_str(url.split(['?', '#']).next().unwrap_or_default());
        rest = behind;
    }
    redacted + rest
}

fn without_user(url: &str) -> &str {
    let authority = authority(url);
    let from = match authority.rfind('@') {
        Some(at) => Some(at),
        // A password with a slash in it ends the authority too soon; what should be a port gives it away.
        None => match authority.rsplit_once(':') {
            Some((host, port)) if !host.starts_with('[') && port.bytes().any(|b| !b.is_ascii_digit()) => {
                url.rfind('@')
            }
            _ if authority.contains(':') => url.rfind('@'),
            _ => None,
        },
    };
    from.map_or(url, |at| &url[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports() {
        let check =
            |url: &str, expected: Option<Transport>| assert_eq!(transport(url).ok(), expected, "{url}");
        check("https://github.com/org/repo.git", Some(Transport::Http));
        check("HTTP://token@host:8080/repo", Some(Transport::Http));
        check("ssh://git@host:22/repo", Some(Transport::Ssh));
        check("git@github.com:org/repo", Some(Transport::Ssh));
        check("host.example:repo", Some(Transport::Ssh));
        check("file:///srv/repo", Some(Transport::File));
        check("ext::sh -c true", None);
        check("ext::https://host/x", None);
        check("git://host/repo", None);
        check("/srv/repo", None);
        check("../repo:x", None);
        check("-u:x", None);
        check("--upload-pack=true", None);
        check("ssh://-oProxyCommand=true/repo", None);
        check("ssh://git@-oProxyCommand=true/repo", None);
        check("git@-oProxyCommand=true:repo", None);
        check("https:///repo", None);
        check("https://host/re\npo", None);
        check("", None);
    }

    #[test]
    fn redacted_texts() {
        let check = |text: &str, expected: &str| assert_eq!(redact(text), expected);
        check("https://host/path", "https://host/path");
        check("unable to access 'https://user:word@host/a@b': no", "unable to access 'https://host/a@b': no");
        check("https://token@host:8080/x and http://b:c@d", "https://host:8080/x and http://d");
        check("https://host/file?token=word#x, then", "https://host/file then");
        check("https://user:wo/rd@host/x", "https://host/x");
        check("https://user:1/2@host/x", "https://host/x");
        check("git@host:path", "git@host:path");
        check("https://[::1]:80/x", "https://[::1]:80/x");
    }

    #[test]
    fn references() {
        let check = |reference: &str, right: bool| assert_eq!(check_reference(reference).is_ok(), right);
        check("main", true);
        check("refs/heads/a-b", true);
        check("", true);
        check("--upload-pack=true", false);
        check("a\nb", false);
    }
}
