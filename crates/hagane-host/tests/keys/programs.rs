//! Programs that hold keys: which one is started, and what it is not told.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use hagane::sops::MasterKey;
use hagane::{KeyFailure, Keyring, MemoryFiles};
use hagane_host::LocalKeys;

use super::{DATA_KEY, wrapped};

/// A directory with a program `gpg` in a directory of it.
struct Scratch(PathBuf);

impl Scratch {
    /// Returns one whose gpg gives the data key, and also says these lines.
    fn new(name: &str, says: &str) -> Scratch {
        let directory = format!("hagane-key-programs-{name}-{}", std::process::id());
        let directory = std::env::temp_dir().join(directory);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(directory.join("bin")).unwrap();
        let text = String::from_utf8_lossy(DATA_KEY);
        let script = format!(
            "#!/bin/sh\nwhile read -r line; do :; done\nprintf '%s' '{text}'\nprintf '%s' '{says}' >&2\n"
        );
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

fn last(failure: &KeyFailure) -> String {
    failure.tried.last().map(|attempt| attempt.reason.clone()).unwrap_or_default()
}

/// What lies where somebody works is no program of theirs.
#[test]
fn only_absolute_directories_are_searched() {
    let (scratch, files) = (Scratch::new("searched", ""), MemoryFiles::new());
    let check = |path: &str, found: bool| {
        let environment = |name: &str| (name == "PATH").then(|| OsString::from(path));
        let keys = LocalKeys::new(&environment, &files, &scratch.0);
        let answer = keys.unwrap_key(&wrapped(MasterKey::pgp("AB"), "-----BEGIN PGP MESSAGE-----"));
        let answer = answer.map(|key| key.expose().to_vec()).map_err(|failure| last(&failure));
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

/// gpg tries every key that it has: what the message names is up to who wrote the file.
#[test]
fn gpg_says_which_key_it_used() {
    let (subkey, primary, other) = ("AA".repeat(20), "BB".repeat(20), "CC".repeat(20));
    let used = |subkey: &str| format!("[GNUPG:] ENC_TO 1\n[GNUPG:] DECRYPTION_KEY {subkey} {primary} u\n");
    let check = |named: &str, says: &str, expected: Result<(), &str>| {
        let (scratch, files) = (Scratch::new("bound", says), MemoryFiles::new());
        let path = scratch.0.join("bin").display().to_string();
        let environment = |name: &str| (name == "PATH").then(|| OsString::from(&path));
        let keys = LocalKeys::new(&environment, &files, &scratch.0);
        let answer = keys.unwrap_bound(&wrapped(MasterKey::pgp(named), "-----BEGIN PGP MESSAGE-----"));
        let answer = answer.map(|key| assert_eq!(key.expose(), DATA_KEY));
        let answer = answer.map_err(|failure| last(&failure));
        assert_eq!(answer, expected.map_err(str::to_owned), "{named} where gpg says {says}");
    };
    check(&primary, &used(&subkey), Ok(()));
    check(&primary.to_lowercase(), &used(&subkey), Ok(()));
    check(&subkey, &used(&subkey), Ok(()));
    check(&format!("{subkey}!"), &used(&subkey), Ok(()));
    let another = Err("opens it with another key than the one that the file names");
    check(&other, &used(&subkey), another);
    check(&format!("{primary}!"), &used(&subkey), another);
    check(&subkey, &format!("{}{}", used(&subkey), used(&other)), another);
    check(&primary, "gpg: used it\n", Err("does not say which key it used"));
    let quoted = format!("gpg: [GNUPG:] DECRYPTION_KEY {subkey} {primary} u\n");
    check(&primary, &quoted, Err("does not say which key it used"));
    let part = Err("is not asked: the file does not name the key by its whole fingerprint");
    check(&primary[..16], &used(&subkey), part);
    check("", &used(&subkey), part);
}

/// What is given is asked first; gpg may have what is not.
#[cfg(feature = "openpgp")]
#[test]
fn a_key_that_is_given_goes_before_gpg() {
    let (scratch, files) = (Scratch::new("given", ""), MemoryFiles::new());
    std::fs::write(scratch.0.join("bin/gpg"), "#!/bin/sh\nprintf 'of gpg, not of what is given here'")
        .unwrap();
    let path = scratch.0.join("bin").display().to_string();
    let environment = |name: &str| match name {
        "PATH" => Some(OsString::from(&path)),
        "HAGANE_PGP_KEY" => Some(include_str!("pgp/keys/curve.asc").into()),
        _ => None,
    };
    let keys = LocalKeys::new(&environment, &files, &scratch.0);
    let check = |message: &str, expected: &[u8]| {
        let answer = keys.unwrap_key(&wrapped(MasterKey::pgp("AB"), message));
        assert_eq!(
            answer.map(|key| key.expose().to_vec()).map_err(|failure| last(&failure)),
            Ok(expected.to_vec())
        );
    };
    check(include_str!("pgp/messages/curve.asc"), DATA_KEY);
    check(include_str!("pgp/messages/rsa.asc"), b"of gpg, not of what is given here");
    check("none", b"of gpg, not of what is given here");
}
