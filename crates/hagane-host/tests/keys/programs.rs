//! Programs that hold keys: which one is started, and what it is not told.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use hagane::sops::MasterKey;
use hagane::{Keyring, MemoryFiles};
use hagane_host::LocalKeys;

use super::{DATA_KEY, wrapped};

/// A directory with a program `gpg` in a directory of it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        let directory = std::env::temp_dir().join(format!("hagane-key-programs-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(directory.join("bin")).unwrap();
        let text = String::from_utf8_lossy(DATA_KEY);
        let script = format!("#!/bin/sh\nwhile read -r line; do :; done\nprintf '%s' '{text}'\n");
        for path in ["gpg", "bin/gpg"] {
            let path = directory.join(path);
            std::fs::write(&path, &script).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        Scratch(directory)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What lies where somebody works is no program of theirs.
#[test]
fn only_absolute_directories_are_searched() {
    let (scratch, files) = (Scratch::new(), MemoryFiles::new());
    let check = |path: &str, found: bool| {
        let environment = |name: &str| (name == "PATH").then(|| OsString::from(path));
        let keys = LocalKeys::new(&environment, &files, &scratch.0);
        let answer = keys.unwrap_key(&wrapped(MasterKey::pgp("AB"), "-----BEGIN PGP MESSAGE-----"));
        let answer =
            answer.map(|key| key.expose().to_vec()).map_err(|failure| failure.tried[0].reason.clone());
        let expected = if found {
            Ok(DATA_KEY.to_vec())
        } else {
            Err("cannot be started: there is no such program".into())
        };
        assert_eq!(answer, expected, "{path}");
    };
    check(&scratch.0.join("bin").display().to_string(), true);
    for path in ["", ".", ":", ":.:bin", "bin", "./bin", "../"] {
        check(path, false);
    }
}
