//! Addresses as messages show them.

/// Returns a text whose URLs are without users, passwords, and queries with more than kustomize reads: there tokens
/// are.
pub fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        shown.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "'\"`<>".contains(c)).unwrap_or(after.len());
        let (url, behind) = after.split_at(end);
        let url = without_user(url);
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let (place, query) = url.split_at(end);
        shown.push_str(place);
        if is_plain(query) {
            shown.push_str(query);
        }
        rest = behind;
    }
    shown + rest
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

/// Returns whether a query has no parameters but those that kustomize reads from the URL of a repository.
fn is_plain(query: &str) -> bool {
    let known = ["ref", "version", "timeout", "submodules", "depth"];
    query.strip_prefix('?').is_some_and(|query| {
        query
            .split('&')
            .all(|parameter| parameter.split_once('=').is_some_and(|(name, _)| known.contains(&name)))
            && !query.contains('#')
    })
}

fn authority(text: &str) -> &str {
    text.split(['/', '?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_credentials() {
        let check = |text: &str, expected: &str| assert_eq!(without_credentials(text), expected);
        check("https://host/path", "https://host/path");
        check("unable to access 'https://user:word@host/a@b': no", "unable to access 'https://host/a@b': no");
        check("https://token@host:8080/x and http://b:c@d", "https://host:8080/x and http://d");
        check("https://host/file?token=word#x, then", "https://host/file then");
        check("https://user:wo/rd@host/x", "https://host/x");
        check("https://user:1/2@host/x", "https://host/x");
        check("git@host:path", "git@host:path");
        check("https://[::1]:80/x", "https://[::1]:80/x");
        check("https://a:b@host/x?ref=main&timeout=3", "https://host/x?ref=main&timeout=3");
        check("https://host/x?ref=main&token=y", "https://host/x");
    }
}
