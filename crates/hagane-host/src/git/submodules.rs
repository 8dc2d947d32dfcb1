//! Submodules where not every host may be asked: git would fetch from whatever a repository names.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hagane::{RemoteError, without_credentials};

use super::{Program, success};
use crate::address::{self, Transport};

/// How deep submodules may lie in one another.
const MAX_DEPTH: usize = 16;

impl Program<'_> {
    /// Fetches the submodules of a checkout, and theirs, from hosts that may be asked.
    pub(super) fn submodules(&self, directory: &Path, depth: usize) -> Result<(), RemoteError> {
        if !directory.join(".gitmodules").exists() {
            return Ok(());
        }
        if depth == MAX_DEPTH {
            return Err(RemoteError::Other(format!("its submodules are nested more than {MAX_DEPTH} deep")));
        }
        // It notes the URLs, those that were relative as well, and `update` takes them from there.
        success(self.step(directory, &[], &["submodule", "--quiet", "init"])?)?;
        let mut settings = Vec::new();
        for url in self.urls(directory)? {
            if address::transport(&url)? == Transport::File {
                return Err(RemoteError::Refused {
                    why: format!("a submodule is fetched from this machine: `{}`", without_credentials(&url)),
                    hint: "submodules are fetched over `https` or `ssh`".into(),
                });
            }
            settings.extend(self.check(&url)?);
        }
        success(self.step(directory, &settings, &["submodule", "--quiet", "update"])?)?;
        for inner in self.places(directory)? {
            let inner = directory.join(inner);
            // Without one of its own, git would look at what it lies in.
            if inner.join(".git").exists() {
                self.submodules(&inner, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Returns the URLs of the submodules that are fetched.
    fn urls(&self, directory: &Path) -> Result<Vec<String>, RemoteError> {
        let arguments = ["config", "--local", "--null", "--get-regexp", r"^submodule\..*\.url$"];
        let listed = self.step(directory, &[], &arguments)?;
        // There are none.
        if listed.code == Some(1) {
            return Ok(Vec::new());
        }
        let unreadable = || RemoteError::Other("the URL of a submodule cannot be read".into());
        let text = String::from_utf8(listed.stdout.clone()).map_err(|_| unreadable())?;
        success(listed)?;
        let entries = text.split_terminator('\0');
        entries
            .map(|entry| Some(entry.split_once('\n')?.1.to_owned()))
            .collect::<Option<_>>()
            .ok_or_else(unreadable)
    }

    /// Returns where submodules lie.
    fn places(&self, directory: &Path) -> Result<Vec<PathBuf>, RemoteError> {
        let listed = self.step(directory, &[], &["ls-files", "--stage", "-z"])?;
        let places = listed.stdout.split(|byte| *byte == 0).filter(|line| line.starts_with(b"160000 "));
        let places = places.filter_map(|line| {
            let tab = line.iter().position(|byte| *byte == b'\t')?;
            Some(PathBuf::from(OsStr::from_bytes(&line[tab + 1..])))
        });
        let places = places.collect();
        success(listed)?;
        Ok(places)
    }
}
