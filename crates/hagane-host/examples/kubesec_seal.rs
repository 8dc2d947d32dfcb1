//! Makes kubesec files for tests, with real keys: `gpg` signs and encrypts, services wrap through their interfaces.
//!
//! Usage: kubesec_seal VERSION KIND:ID... < SECRET, where KIND is pgp, gcp or aws, and SECRET has lines `data KEY BASE64` and `stringData KEY TEXT`

// An example is a program: it may read, start others, and print.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../../hagane-sops/tests/kubesec/generator.rs"]
mod generator;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane::{Keyring, MasterKey, SecretBytes};
use hagane_host::{Disk, LocalKeys};

use generator::{Plain, seal};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (version, keys) = arguments.split_first().expect("the version comes first");
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let of = |wanted: &str| -> Vec<(&str, &str)> {
        let lines =
            text.lines().filter_map(|line| line.split_once(' ')).filter(|(field, _)| *field == wanted);
        lines.map(|(_, entry)| entry.split_once(' ').unwrap_or((entry, ""))).collect()
    };
    let mut data_key = [0; 32];
    hagane_host::random(&mut data_key);
    let keys: Vec<(&str, &str, Vec<u8>)> = keys
        .iter()
        .map(|key| key.split_once(':').expect("a key is KIND:ID"))
        .map(|(kind, id)| (kind, id, wrapped(kind, id, &data_key)))
        .collect();
    let (data, string_data) = (of("data"), of("stringData"));
    let version = version.parse().expect("the version is a number");
    let plain = Plain { version, data: &data, string_data: &string_data, keys: &keys };
    print!("{}", seal(&plain, &data_key, &mut |bytes| hagane_host::random(bytes)));
}

fn wrapped(kind: &str, id: &str, data_key: &[u8; 32]) -> Vec<u8> {
    let mut key = match kind {
        "pgp" => return signed_and_encrypted(id, data_key),
        "gcp" => MasterKey::gcp_kms(id),
        _ => MasterKey::aws_kms(id, &[], ""),
    };
    let disk = Disk::default();
    let keys = LocalKeys::new(&hagane_host::environment, &disk, Path::new("/"));
    let wrapped = keys.wrap_key(&mut key, &SecretBytes::new(data_key.to_vec()));
    BASE64_STANDARD.decode(wrapped.expect("the service wraps")).unwrap()
}

fn signed_and_encrypted(fingerprint: &str, data_key: &[u8; 32]) -> Vec<u8> {
    let mut gpg = Command::new("gpg")
        .args(["--batch", "--quiet", "--trust-model", "always", "--sign", "--encrypt", "-r", fingerprint])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gpg is there");
    gpg.stdin.take().unwrap().write_all(data_key).unwrap();
    let output = gpg.wait_with_output().unwrap();
    assert!(output.status.success(), "gpg encrypts for {fingerprint}");
    output.stdout
}
