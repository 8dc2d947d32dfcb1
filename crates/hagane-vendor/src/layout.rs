//! Where copies lie.

use std::path::{Path, PathBuf};

use hagane_kustomize::{Entered, digest, hexadecimal};
use hagane_resource::Diagnostic;
use hagane_yaml::Span;

/// The directory in which `kustomize localize` keeps what was fetched.
pub(crate) const LOCALIZED: &str = "localized-files";

/// The directory in which `hagane vendor` keeps it.
pub(crate) const VENDOR: &str = "vendor";

/// Where copies lie.
pub(crate) enum Layout {
    /// As `kustomize localize` has it: a new tree, in which each layer holds what it asks for.
    Localized {
        /// What local references may not leave.
        scope: PathBuf,
    },
    /// As `hagane vendor` has it: in one directory at the top, each repository once.
    Vendored {
        /// The top of the user's tree.
        top: PathBuf,
        /// That directory in the tree that is made.
        vendor: PathBuf,
    },
}

impl Layout {
    /// Returns where the file behind a URL lies, seen from the layer that asks for it: below it, since a layer reads no
    /// other files.
    pub(crate) fn file(&self, url: &str) -> PathBuf {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, query.split('#').next().unwrap_or_default()),
            None => (rest.split('#').next().unwrap_or_default(), ""),
        };
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let host = host(authority);
        match self {
            Layout::Localized { .. } => joined(Path::new(LOCALIZED).join(host), path),
            Layout::Vendored { .. } => {
                let path = joined(Path::new(VENDOR).join(host), path);
                match (query, path.file_name().map(|name| name.to_string_lossy().into_owned())) {
                    ("", _) | (_, None) => path,
                    // Another query may be another file.
                    (query, Some(name)) => {
                        let hash = hexadecimal(&digest(query.as_bytes())[..4]);
                        let (stem, end) = name.rsplit_once('.').unwrap_or((&name, ""));
                        let end = if end.is_empty() { String::new() } else { format!(".{end}") };
                        path.with_file_name(format!("{stem}@{hash}{end}"))
                    }
                }
            }
        }
    }

    /// Returns where the tree of a repository lies, for a layer whose copy lies in `above`.
    pub(crate) fn repository(
        &self,
        entered: &Entered,
        above: &Path,
        at: Span,
    ) -> Result<PathBuf, Diagnostic> {
        let repository = &entered.repository;
        let (host, path) = host_and_path(&repository.url);
        let path = path.strip_suffix(".git").unwrap_or(&path);
        match self {
            Layout::Localized { .. } => {
                if repository.reference.is_empty() {
                    return Err(without_reference(at));
                }
                let host = if host.is_empty() { "file-schemed" } else { &host };
                let place = joined(above.join(LOCALIZED).join(host), path);
                Ok(joined(place, &repository.reference))
            }
            Layout::Vendored { vendor, .. } => {
                let host = if host.is_empty() { "file" } else { &host };
                let place = joined(vendor.join(host), path);
                let name = place.file_name().map(|name| name.to_string_lossy().into_owned());
                // Always with an `@`: so no copy lies in another one.
                let reference = match repository.reference.as_str() {
                    "" => "HEAD".to_owned(),
                    reference => reference.replace('/', "-"),
                };
                Ok(place.with_file_name(format!("{}@{reference}", name.unwrap_or_default())))
            }
        }
    }
}

/// Returns the error about a repository without a reference: a copy of what moves cannot be made again.
pub(crate) fn without_reference(at: Span) -> Diagnostic {
    Diagnostic::error(at, "only what has a `ref` can be localized")
        .hinted("put `?ref=` and a branch, tag or commit behind the URL")
}

/// Returns the host of a repository's URL, in lower case, and the path in it. A file of this machine has no host.
pub(crate) fn host_and_path(url: &str) -> (String, String) {
    match url.split_once("://") {
        Some(("file", path)) => (String::new(), path.to_owned()),
        Some((_, rest)) => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            (host(authority), path.to_owned())
        }
        // `user@host:path`.
        None => {
            let rest = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
            let (authority, path) = rest.split_once([':', '/']).unwrap_or((rest, ""));
            (host(authority), path.to_owned())
        }
    }
}

/// Returns the host without user, port and the brackets of IPv6.
fn host(authority: &str) -> String {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => host.split(':').next().unwrap_or_default(),
    };
    let host = host.to_lowercase();
    if ["", ".", ".."].contains(&host.as_str()) { "host".into() } else { host }
}

/// Returns a directory with the parts of a path behind it: what leads up takes a part off, but none of the directory.
fn joined(directory: PathBuf, path: &str) -> PathBuf {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    let mut place = directory;
    place.extend(parts);
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use hagane_kustomize::repository_of;

    fn layouts() -> [Layout; 2] {
        [
            Layout::Localized { scope: "/".into() },
            Layout::Vendored { top: "/top".into(), vendor: "/top/vendor".into() },
        ]
    }

    #[test]
    fn files_lie_by_their_urls() {
        let check = |url: &str, localized: &str, vendored: &str| {
            let places = layouts().map(|layout| layout.file(url).display().to_string());
            assert_eq!(places, [format!("localized-files/{localized}"), format!("vendor/{vendored}")]);
        };
        let both = |url: &str, path: &str| check(url, path, path);
        both("https://raw.githubusercontent.com/o/r/v1/a.yaml", "raw.githubusercontent.com/o/r/v1/a.yaml");
        both("https://host", "host");
        both("https://host//", "host");
        both("https://host/file%2Eyaml", "host/file%2Eyaml");
        both("https://host/path/blah/../to/foo/bar/../../file/./", "host/path/to/file");
        both("https://host/foo/bar/baz/../../../../file", "host/file");
        both("https://[2001:4860:4860::8888]/file.yaml", "2001:4860:4860::8888/file.yaml");
        both("https://host/*", "host/*");
        both("https://host/.../.file", "host/.../.file");
        both("https://../../etc/passwd", "host/etc/passwd");
        check(
            "http://userinfo@host:1234/path/file?query",
            "host/path/file",
            &format!("host/path/file@{}", hexadecimal(&digest(b"query")[..4])),
        );
        check(
            "https://host/a.yaml?x=1",
            "host/a.yaml",
            &format!("host/a@{}.yaml", hexadecimal(&digest(b"x=1")[..4])),
        );
    }

    #[test]
    fn repositories_lie_by_their_urls() {
        let check = |url: &str, localized: &str, vendored: &str| {
            let repository = repository_of(url).expect(url);
            let entered = Entered { repository, checkout: "/tmp/x".into(), path: "".into() };
            let places = layouts().map(|layout| {
                let place = layout.repository(&entered, Path::new("/top/layer"), Span::default());
                place.map_or_else(|error| error.message, |place| place.display().to_string())
            });
            assert_eq!(places, [localized.to_owned(), format!("/top/vendor/{vendored}")], "{url}");
        };
        let both = |url: &str, path: &str, reference: &str| {
            let localized = format!("/top/layer/localized-files/{path}/{reference}");
            check(url, &localized, &format!("{path}@{}", reference.replace('/', "-")));
        };
        both("https://gitlab.com/org/repo.git//path?ref=value", "gitlab.com/org/repo", "value");
        both("ssh://git@GitLab.com/org/repo//path?ref=value", "gitlab.com/org/repo", "value");
        both("git@gitlab.com:org/repo//path?ref=value", "gitlab.com/org/repo", "value");
        both("git@github.com:org/repo?ref=value", "github.com/org/repo", "value");
        both("github.com/org/repo?ref=value", "github.com/org/repo", "value");
        both("ssh://git@h.io:22/o/r.git//a?ref=v", "h.io/o/r", "v");
        both("https://gitlab.com/org./repo..git//a?ref=value", "gitlab.com/org./repo.", "value");
        both(
            "https://gitlab.com/org/repo//a?ref=group/version/kind",
            "gitlab.com/org/repo",
            "group/version/kind",
        );
        both(
            "https://github.com/parent-org/child-org/repo.git?ref=value",
            "github.com/parent-org/child-org/repo",
            "value",
        );
        check(
            "https://h.io/../../etc//x?ref=../../v",
            "/top/layer/localized-files/h.io/etc/v",
            "h.io/etc@..-..-v",
        );
        check(
            "file:///srv/r.git//a?ref=v1",
            "/top/layer/localized-files/file-schemed/srv/r/v1",
            "file/srv/r@v1",
        );
        check("https://h.io/o/r", "only what has a `ref` can be localized", "h.io/o/r@HEAD");
    }
}
