//! Submodules: trees inside a tree, each from a repository of its own.

use std::fs;
use std::path::Path;

use gix::bstr::{BStr, ByteSlice};
use gix::index::entry::Mode;
use gix::submodule;
use hagane::{RemoteError, without_credentials};

use super::{Fetching, Step, other};
use crate::address::{self, Transport};

/// How deep submodules may lie in one another.
const MAX_DEPTH: usize = 16;

impl Fetching {
    /// Fetches the submodules of a tree that lies in a directory, and theirs.
    pub(super) fn submodules(
        &self,
        url: &str,
        index: &gix::index::File,
        directory: &Path,
        depth: usize,
    ) -> Result<(), RemoteError> {
        let places = index.entries().iter().filter(|entry| entry.mode == Mode::COMMIT);
        let places: Vec<_> = places.map(|entry| (entry.path(index), entry.id)).collect();
        if places.is_empty() {
            return Ok(());
        }
        if depth == MAX_DEPTH {
            return Err(RemoteError::Other(format!("its submodules are nested more than {MAX_DEPTH} deep")));
        }
        let modules = modules(index, directory)?;
        for (path, commit) in places {
            let name = modules.as_ref().and_then(|modules| Some((modules, modules.name_by_path(path)?)));
            let Some((modules, name)) = name else {
                return Err(RemoteError::Other(format!(
                    "no URL for the submodule `{path}` in `.gitmodules`"
                )));
            };
            if matches!(modules.update(name), Ok(Some(submodule::config::Update::None))) {
                continue;
            }
            let from = location(modules, name, url)?;
            let inner = directory.join(gix::path::from_bstr(path).map_err(|error| other(&error))?);
            let _ = self.steps.send(Step::Next);
            let (_, index) = self
                .tree(&from, &commit.to_string(), None, &inner)
                .map_err(|error| within(path, &from, error))?;
            self.submodules(&from, &index, &inner, depth + 1)?;
        }
        Ok(())
    }
}

/// Returns what `.gitmodules` says, if it is a file of the tree.
fn modules(index: &gix::index::File, directory: &Path) -> Result<Option<submodule::File>, RemoteError> {
    let entry = index.entry_by_path(b".gitmodules".as_bstr());
    if entry.is_none_or(|entry| entry.mode != Mode::FILE) {
        return Ok(None);
    }
    let unreadable = |error: &dyn std::fmt::Display| RemoteError::Other(format!("`.gitmodules`: {error}"));
    let text = fs::read(directory.join(".gitmodules")).map_err(|error| unreadable(&error))?;
    let configuration = gix::config::File::default();
    let file = submodule::File::from_bytes(&text, None, &configuration);
    file.map(Some).map_err(|error| unreadable(&error))
}

/// Returns where a submodule of the repository at a URL is fetched from.
fn location(modules: &submodule::File, name: &BStr, url: &str) -> Result<String, RemoteError> {
    let given = modules.config().string_by("submodule", Some(name), "url");
    let given = given.map(|given| given.to_string()).unwrap_or_default();
    let location =
        if given.starts_with("./") || given.starts_with("../") { beside(url, &given) } else { given };
    match address::transport(&location)? {
        // As in git: what somebody else wrote does not get at the repositories of this machine.
        Transport::File => Err(RemoteError::Refused {
            why: format!(
                "the submodule `{name}` is fetched from this machine: `{}`",
                without_credentials(&location)
            ),
            hint: "submodules are fetched over `https` or `ssh`".into(),
        }),
        Transport::Http | Transport::Ssh => Ok(location),
    }
}

/// Returns the URL that a relative one means, as git finds it: each `../` takes a part off the end, behind a slash or,
/// in `user@host:path`, a colon.
fn beside(url: &str, relative: &str) -> String {
    let mut base = url.trim_end_matches('/');
    let mut rest = relative;
    let mut separator = '/';
    loop {
        if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else if let Some(after) = rest.strip_prefix("../") {
            rest = after;
            match base.rfind(['/', ':']) {
                Some(at) => {
                    separator = if base[at..].starts_with(':') { ':' } else { '/' };
                    base = &base[..at];
                }
                None => base = "",
            }
        } else {
            return format!("{base}{separator}{}", rest.trim_end_matches('/'));
        }
    }
}

/// Says which submodule an error is about.
fn within(path: &BStr, url: &str, error: RemoteError) -> RemoteError {
    let about = |what: &str| format!("submodule `{path}` from `{}`: {what}", without_credentials(url));
    match error {
        RemoteError::Denied(why) => RemoteError::Denied(about(&why)),
        RemoteError::Unreachable(why) => RemoteError::Unreachable(about(&why)),
        RemoteError::Other(why) => RemoteError::Other(about(&why)),
        RemoteError::NoSuchReference => RemoteError::Other(about("it has no such commit")),
        RemoteError::Status(status) => RemoteError::Other(about(&format!("the server answered {status}"))),
        other @ (RemoteError::TimedOut(_) | RemoteError::TooLarge { .. } | RemoteError::Refused { .. }) => {
            other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_urls() {
        let check = |url: &str, relative: &str, expected: &str| assert_eq!(beside(url, relative), expected);
        check("https://host/org/shop.git", "../lib.git", "https://host/org/lib.git");
        check("https://host/org/shop.git/", "../../other/lib.git/", "https://host/other/lib.git");
        check("https://host/org/shop", "./lib", "https://host/org/shop/lib");
        check("git@host:org/shop.git", "../lib.git", "git@host:org/lib.git");
        check("git@host:shop.git", "../lib.git", "git@host:lib.git");
        check("ssh://git@host:22/org/shop.git", "../../lib.git", "ssh://git@host:22/lib.git");
    }
}
