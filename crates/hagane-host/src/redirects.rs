//! Where a redirect leads.

/// Returns the URL that a `Location` means, as seen from the URL that gave it (RFC 3986, 5.2). There is none where it is no
/// `http` or `https` URL.
pub(crate) fn target(from: &str, location: &str) -> Option<String> {
    let location = location.trim();
    let location = location.split('#').next().unwrap_or_default();
    let (scheme, rest) = from.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let url = match location.find([':', '/', '?']) {
        Some(at) if location[at..].starts_with(':') => location.to_owned(),
        _ if location.starts_with("//") => format!("{scheme}:{location}"),
        _ if location.is_empty() || location.starts_with('?') => {
            format!("{scheme}://{authority}{path}{location}")
        }
        _ => {
            let (wanted, query) = location.split_at(location.find('?').unwrap_or(location.len()));
            let directory = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
            let directory = if wanted.starts_with('/') { "" } else { directory };
            format!("{scheme}://{authority}{}{query}", without_dots(&format!("{directory}{wanted}")))
        }
    };
    let lower = url.get(..8).unwrap_or(&url).to_ascii_lowercase();
    (lower.starts_with("http://") || lower.starts_with("https://")).then_some(url)
}

/// Returns an absolute path without `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut is_directory = true;
    for part in path.split('/') {
        is_directory = matches!(part, "" | "." | "..");
        match part {
            "." => {}
            ".." => _ = parts.pop(),
            // What stands before the first slash, and behind the last.
            "" if parts.is_empty() => {}
            part => parts.push(part),
        }
    }
    if is_directory && parts.last().is_some_and(|part| !part.is_empty()) {
        parts.push("");
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        let check = |from: &str, location: &str, expected: Option<&str>| {
            assert_eq!(target(from, location).as_deref(), expected, "{from} {location}");
        };
        let from = "https://me@host:8443/a/b/c?x=y#z";
        check(from, "https://other/x", Some("https://other/x"));
        check(from, "HTTP://other", Some("HTTP://other"));
        check(from, "//other/x?y", Some("https://other/x?y"));
        check(from, "/x/./y/../z", Some("https://me@host:8443/x/z"));
        check(from, "x", Some("https://me@host:8443/a/b/x"));
        check(from, "../x?a=../b#c", Some("https://me@host:8443/a/x?a=../b"));
        check(from, "../../../../x/", Some("https://me@host:8443/x/"));
        check(from, "..", Some("https://me@host:8443/a/"));
        check(from, ".", Some("https://me@host:8443/a/b/"));
        check(from, "?q", Some("https://me@host:8443/a/b/c?q"));
        check(from, "", Some("https://me@host:8443/a/b/c"));
        check(from, "x/a:b", Some("https://me@host:8443/a/b/x/a:b"));
        check("http://host", "x", Some("http://host/x"));
        check("http://host?x", "y", Some("http://host/y"));
        check(from, "file:///etc/passwd", None);
        check(from, "https:other", None);
        check(from, "a:b", None);
    }
}
