//! Key services against servers that the test runs itself: what is asked, how often, and what comes of the answers.
#![allow(clippy::disallowed_methods, reason = "a test is where the outside is")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

mod buckets;
mod echo;
#[cfg(feature = "openpgp")]
mod given;
mod google;
mod huawei;
mod programs;
mod secrets;
mod server;
#[cfg(feature = "keyservice")]
mod service;
mod vault;

use std::ffi::OsString;
use std::path::Path;

use hagane::sops::{MasterKey, WrappedKey};
use hagane::{Keyring, MemoryFiles, SecretBytes};
use hagane_host::{KeyOptions, LocalKeys};

const DATA_KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// Asks with these variables and files; the directory and the home are `/`.
fn with_keys<T>(variables: &[(&str, &str)], files: &MemoryFiles, ask: impl FnOnce(&LocalKeys) -> T) -> T {
    let environment = |name: &str| {
        let given =
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| OsString::from(value));
        given.or_else(|| (name == "HOME").then(|| "/".into()))
    };
    let keys = LocalKeys::with_options(&environment, files, Path::new("/"), KeyOptions::default());
    ask(&keys)
}

fn wrapped(key: MasterKey, enc: &str) -> WrappedKey {
    WrappedKey { key, enc: enc.to_owned(), created_at: String::new(), span: Default::default() }
}

/// Returns the data key, or what was tried.
fn unwrap(keys: &LocalKeys, key: MasterKey, enc: &str) -> Result<Vec<u8>, String> {
    let answer = keys.unwrap_key(&wrapped(key, enc));
    answer.map(|plain| plain.expose().to_vec()).map_err(|failure| {
        let tried = failure.tried.iter().map(|attempt| format!("{} {}", attempt.source, attempt.reason));
        tried.collect::<Vec<_>>().join("\n")
    })
}

fn wrap(keys: &LocalKeys, mut key: MasterKey) -> Result<String, String> {
    let answer = keys.wrap_key(&mut key, &SecretBytes::new(DATA_KEY.to_vec()));
    answer.map_err(|failure| {
        failure.tried.iter().map(|attempt| attempt.reason.clone()).collect::<Vec<_>>().join("\n")
    })
}
