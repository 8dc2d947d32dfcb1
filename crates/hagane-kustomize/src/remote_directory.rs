//! A directory in a git repository, as one text: `https://github.com/org/repo//overlays/dev?ref=v1`.
//!
//! Which texts are such directories, and which part is the repository, is kustomize's contract with its users: it
//! tells remote directories from local ones by nothing but this.

use std::time::Duration;

use crate::remote::Repository;

/// A directory in a git repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteDirectory {
    /// The text.
    pub raw: String,
    /// The repository.
    pub repository: Repository,
    /// The directory in it, relative.
    pub path: String,
}

/// How long each step of git may take, if the text does not say.
const TIME_LIMIT: Duration = Duration::from_secs(27);

const SCHEMES: [&str; 4] = ["ssh://", "https://", "http://", "file://"];

/// Returns whether a text names a directory in a repository rather than one of this machine.
pub fn is_remote(text: &str) -> bool {
    RemoteDirectory::parse(text).is_some()
}

impl RemoteDirectory {
    /// Returns the directory that `text` names; nothing when it is no URL of a repository.
    pub(crate) fn parse(text: &str) -> Option<RemoteDirectory> {
        if text.starts_with('/') {
            return None;
        }
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let Query { reference, time_limit, submodules } = Query::parse(query);
        let (host, rest) = split_host(address)?;
        let (repository, path) = split_path(rest, host.starts_with("file://"))?;
        let path = path.strip_prefix('/').unwrap_or(path);
        if repository.is_empty() || leaves(path) {
            return None;
        }
        let repository = Repository { url: format!("{host}{repository}"), reference, submodules, time_limit };
        Some(RemoteDirectory { raw: text.to_owned(), repository, path: path.to_owned() })
    }
}

/// Splits the address before the path: scheme, user and host, with the separator.
fn split_host(address: &str) -> Option<(String, &str)> {
    let address = without_prefix(address, "git::").unwrap_or(address);
    let (scheme, address) = SCHEMES
        .iter()
        .find_map(|scheme| without_prefix(address, scheme).map(|rest| (*scheme, rest)))
        .unwrap_or(("", address));
    if scheme == "file://" {
        return Some((scheme.to_owned(), address));
    }
    let (user, address) = split_user(address);
    let is_github = ["github.com/", "github.com:"].iter().any(|h| without_prefix(address, h).is_some());
    // `user@host:path`, which git reads as ssh.
    let is_scp = scheme.is_empty() && (!user.is_empty() || is_github);
    if scheme.is_empty() && !is_scp {
        return None;
    }
    let slash = address.find('/');
    let colon = address.find(':').filter(|colon| is_scp && (slash.is_none() || *colon > 0));
    let end = match (slash, colon) {
        (Some(slash), Some(colon)) => Some(slash.min(colon)),
        (slash, colon) => slash.or(colon),
    };
    let (host, rest) = end.map_or((address, ""), |end| address.split_at(end + 1));
    match (is_github, scheme == "ssh://" || !user.is_empty()) {
        (true, true) => Some((format!("{user}github.com:"), rest)),
        (true, false) => Some(("https://github.com/".to_owned(), rest)),
        (false, _) if host.is_empty() => None,
        (false, _) => Some((format!("{scheme}{user}{host}"), rest)),
    }
}

/// Splits `name@` off.
fn split_user(address: &str) -> (&str, &str) {
    let end = address.find('@').filter(|end| {
        let name = &address.as_bytes()[..*end];
        name.first().is_some_and(u8::is_ascii_alphabetic)
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    });
    end.map_or(("", address), |end| address.split_at(end + 1))
}

/// Splits the path into that of the repository and that of the directory in it: behind the element after `_git/`,
/// at `//`, behind `.git`, or behind two elements; a `file://` repository takes all.
fn split_path(path: &str, is_file: bool) -> Option<(&str, &str)> {
    if let Some(start) = path.find("_git/").map(|start| start + "_git/".len()) {
        let end = path[start..].find('/').map_or(path.len(), |end| start + end);
        Some((&path[..end], path.get(end + 1..).unwrap_or_default()))
    } else if let Some(halves) = path.split_once("//") {
        Some(halves)
    } else if let Some(start) = path.find(".git") {
        Some(path.split_at(start + ".git".len()))
    } else if is_file {
        Some((path, ""))
    } else {
        let second = path.find('/').map(|first| first + 1)?;
        let end = path[second..].find('/').map_or(path.len(), |end| second + end);
        Some((&path[..end], path.get(end + 1..).unwrap_or_default()))
    }
}

/// Returns whether the path ends above where it starts.
fn leaves(path: &str) -> bool {
    let depth = path.split('/').try_fold(0_usize, |depth, part| match part {
        "" | "." => Some(depth),
        ".." => depth.checked_sub(1),
        _ => Some(depth + 1),
    });
    depth.is_none()
}

fn without_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// What stands behind the question mark.
struct Query {
    reference: String,
    time_limit: Duration,
    submodules: bool,
}

impl Query {
    /// Anything that cannot be read says nothing at all, as in kustomize.
    fn parse(text: &str) -> Query {
        let nothing = Query { reference: String::new(), time_limit: TIME_LIMIT, submodules: true };
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (unescaped(key), unescaped(value)) {
                (Some(key), Some(value)) if !pair.contains(';') => pairs.push((key, value)),
                _ => return nothing,
            }
        }
        let value = |key: &str| pairs.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
        let value = |key: &str| value(key).filter(|value| !value.is_empty());
        Query {
            reference: value("ref").or(value("version")).unwrap_or_default().to_owned(),
            time_limit: value("timeout").and_then(duration).unwrap_or(TIME_LIMIT),
            submodules: match value("submodules") {
                Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
                _ => nothing.submodules,
            },
        }
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = std::str::from_utf8(after.get(..2)?).ok()?;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return None;
                }
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &after[2..];
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Returns the duration: whole seconds (`61`), or Go's form (`1m30s`, `1.5h`).
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.strip_prefix('+').unwrap_or(text).parse::<u32>() {
        return (seconds > 0).then(|| Duration::from_secs(seconds.into()));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..unit] {
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_name_repositories() {
        let check = |text: &str, expected: Option<(&str, &str, &str)>| {
            let parsed = RemoteDirectory::parse(text);
            let got = parsed.as_ref().map(|directory| {
                let repository = &directory.repository;
                (repository.url.as_str(), directory.path.as_str(), repository.reference.as_str())
            });
            assert_eq!(got, expected, "{text}");
        };
        check("https://github.com/org/repo", Some(("https://github.com/org/repo", "", "")));
        check("github.com/org/repo?ref=v1", Some(("https://github.com/org/repo", "", "v1")));
        check("github.com/org/repo/a/b?version=v2", Some(("https://github.com/org/repo", "a/b", "v2")));
        check("GitHub.com/org/repo//a/b", Some(("https://github.com/org/repo", "a/b", "")));
        check("git@github.com:org/repo.git/a?ref=x", Some(("git@github.com:org/repo.git", "a", "x")));
        check("ssh://git@github.com/org/repo/a", Some(("git@github.com:org/repo", "a", "")));
        check("git::https://h.io/o/r//a", Some(("https://h.io/o/r", "a", "")));
        check("ssh://git@h.io:22/o/r.git//a", Some(("ssh://git@h.io:22/o/r.git", "a", "")));
        check("user@h.io:o/r/a", Some(("user@h.io:o/r", "a", "")));
        check(
            "https://u@dev.azure.com/o/p/_git/r/a/b",
            Some(("https://u@dev.azure.com/o/p/_git/r", "a/b", "")),
        );
        check("file:///srv/r.git//a", Some(("file:///srv/r.git", "a", "")));
        check("file:///srv/r/a", Some(("file:///srv/r/a", "", "")));
        check("https://h.io/o/r?ref=a%2Fb&timeout=1&submodules=false", Some(("https://h.io/o/r", "", "a/b")));
        check("https://h.io/o/r?ref=a%zz", Some(("https://h.io/o/r", "", "")));
        check("https://h.io/o", None);
        check("https://h.io/o/r//../..", None);
        check("/github.com/org/repo", None);
        check("../base", None);
        check("base", None);
        check("github.com", None);
    }

    #[test]
    fn durations_are_gos() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(duration(text), expected.map(Duration::from_millis), "{text}");
        };
        check("61", Some(61_000));
        check("1m30s", Some(90_000));
        check("1.5s", Some(1_500));
        check("250ms", Some(250));
        check("0", None);
        check("-1", None);
        check("1d", None);
        check("s", None);
        check("", None);
    }
}
