//! `overlays-sample` in memory, and what its secrets are.
#![allow(clippy::disallowed_methods, reason = "a test reads the sample of this repository")]
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

use std::fs;
use std::path::{Path, PathBuf};

use hagane::MemoryFiles;

/// The passwords and tokens of the sample: made up, and in no other file in the clear.
const SECRETS: [&str; 6] = [
    "fake-production-database-password",
    "fake-production-account",
    "fake-production-token",
    "fake production, in quotes",
    "not a certificate, only production",
    "bm90IGEgY2VydGlmaWNhdGUsIG9ubHkgcHJvZHVjdGlvbgo",
];

/// Returns the secrets, as they are and in base64.
pub(crate) fn plaintexts() -> Vec<String> {
    let base64 = |text: &&str| {
        // The letters that the end of a text does not decide.
        let whole = text.len() / 3 * 3;
        encode(&text.as_bytes()[..whole])
    };
    SECRETS.iter().map(|text| (*text).to_owned()).chain(SECRETS.iter().map(base64)).collect()
}

fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = bytes.chunks(3).flat_map(|three| {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| ALPHABET[bits >> shift & 63] as char)
    });
    letters.collect()
}

/// Returns the identity that opens the sample.
pub(crate) fn key() -> String {
    fs::read_to_string(root().join("keys/test.agekey")).unwrap()
}

/// Returns what the production overlay renders to.
pub(crate) fn rendered() -> String {
    fs::read_to_string(root().join("expected/production.rendered.yaml")).unwrap()
}

/// Returns the sample as the root of a file system.
pub(crate) fn files() -> MemoryFiles {
    let mut files = MemoryFiles::new();
    add(&mut files, &root(), Path::new("/"));
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../overlays-sample")
}

fn add(files: &mut MemoryFiles, from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => add(files, &entry.path(), &to),
            false => files.insert(to, fs::read(entry.path()).unwrap()),
        }
    }
}
