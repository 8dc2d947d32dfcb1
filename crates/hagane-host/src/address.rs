//! The addresses of repositories and files, and texts that name them.

use hagane::{RemoteError, without_credentials};

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
        why: format!("`{}` is no URL that a repository is fetched from", without_credentials(url)),
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

/// Refuses what is not all the digits of a commit.
pub(crate) fn check_commit(commit: &str) -> Result<(), RemoteError> {
    if is_commit(commit) { Ok(()) } else { Err(RemoteError::NoSuchReference) }
}

/// Returns whether a text is a whole commit: 40 hexadecimal digits, or 64 where git uses SHA-256.
pub(crate) fn is_commit(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
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
    fn references() {
        let check = |reference: &str, right: bool| assert_eq!(check_reference(reference).is_ok(), right);
        check("main", true);
        check("refs/heads/a-b", true);
        check("", true);
        check("--upload-pack=true", false);
        check("a\nb", false);
    }
}
