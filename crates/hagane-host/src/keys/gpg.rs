//! OpenPGP through the program `gpg`: its agent, its smart cards and its keyrings.

use std::io::Write as _;
use std::process::Stdio;
use std::thread;

use hagane::{Attempt, SecretBytes};
use zeroize::Zeroizing;

use super::{SECRET_VARIABLES, Surroundings};
use crate::disk::words;

/// Returns what an OpenPGP message holds.
pub(super) fn decrypt(message: &str, surroundings: &Surroundings) -> Result<SecretBytes, Attempt> {
    let gpg = program(surroundings);
    let output = run(&gpg, &["--quiet", "-d"], message.as_bytes().to_vec(), surroundings)?;
    match output.expose().is_empty() {
        true => Err(Attempt::new(&gpg, "gave nothing")),
        false => Ok(output),
    }
}

/// Returns a text as a message for the key of a fingerprint; with `!` behind it, for just that subkey.
pub(super) fn encrypt(
    fingerprint: &str,
    text: &SecretBytes,
    surroundings: &Surroundings,
) -> Result<String, Attempt> {
    let gpg = program(surroundings);
    if fingerprint.is_empty() || !fingerprint.trim_end_matches('!').bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Attempt::new(&gpg, "takes the fingerprint of a key, in hexadecimal"));
    }
    let bare = fingerprint.trim_end_matches('!');
    let trusted = &bare[bare.len().saturating_sub(16)..];
    let arguments = [
        "--quiet",
        "--batch",
        "--no-default-recipient",
        "--yes",
        "--encrypt",
        "-a",
        "-r",
        fingerprint,
        "--trusted-key",
        trusted,
        "--no-encrypt-to",
    ];
    let output = run(&gpg, &arguments, text.expose().to_vec(), surroundings)?;
    let message = output.expose_str().filter(|text| text.starts_with("-----BEGIN PGP MESSAGE"));
    message.map(|text| text.trim_end().to_owned()).ok_or_else(|| Attempt::new(&gpg, "gave no message"))
}

fn program(surroundings: &Surroundings) -> String {
    surroundings.text("SOPS_GPG_EXEC").unwrap_or_else(|| "gpg".into())
}

fn run(
    gpg: &str,
    arguments: &[&str],
    input: Vec<u8>,
    surroundings: &Surroundings,
) -> Result<SecretBytes, Attempt> {
    let input = Zeroizing::new(input);
    let failed = |reason: String| Attempt::new(gpg, reason);
    let mut command = surroundings.command(gpg).map_err(failed)?;
    SECRET_VARIABLES.iter().for_each(|name| _ = command.env_remove(name));
    command.args(arguments).current_dir(surroundings.directory).stdin(Stdio::piped());
    for name in ["GNUPGHOME", "HOME"] {
        if let Some(value) = surroundings.variable(name) {
            command.env(name, value);
        }
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cannot be started: {}", words(&error))))?;
    let pipe = child.stdin.take();
    // A message is small, and yet gpg may want to speak before it has read it all.
    let writer = thread::spawn(move || pipe.map(|mut pipe| pipe.write_all(&input)));
    let output = child.wait_with_output().map_err(|error| failed(words(&error)))?;
    // A gpg that did not read to the end says why.
    let _ = writer.join();
    let stdout = SecretBytes::new(output.stdout);
    if output.status.success() {
        return Ok(stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().map(|line| line.trim_start_matches("gpg: ").trim()).collect();
    Err(failed(format!("says: {}", super::bounded(&said.join("; ")))))
}
