//! OpenPGP through the program `gpg`: its agent, its smart cards and its keyrings.

use std::io::Write as _;
use std::process::Stdio;
use std::thread;

use hagane::{Attempt, SecretBytes};
use zeroize::Zeroizing;

use super::Named;
use crate::disk::words;
use crate::keys::{SECRET_VARIABLES, Surroundings, bounded};

/// Returns what an OpenPGP message holds.
pub(super) fn decrypt(message: &str, surroundings: &Surroundings) -> Result<SecretBytes, Attempt> {
    let gpg = program(surroundings);
    let said = run(&gpg, &["--quiet", "-d"], message.as_bytes().to_vec(), surroundings)?;
    some(&gpg, said.stdout)
}

/// Returns what an OpenPGP message holds, if it is the named key that opens it. gpg tries every key that it has, and says which one it
/// was.
pub(super) fn decrypt_by(
    named: &Named,
    message: &str,
    surroundings: &Surroundings,
) -> Result<SecretBytes, Attempt> {
    let gpg = program(surroundings);
    let failed = |reason: &str| Attempt::new(&gpg, reason);
    let arguments = ["--quiet", "--status-fd", "2", "-d"];
    let said = run(&gpg, &arguments, message.as_bytes().to_vec(), surroundings)?;
    let stderr = String::from_utf8_lossy(&said.stderr);
    let mut used = stderr.lines().filter_map(|line| line.strip_prefix(USED)).peekable();
    if used.peek().is_none() {
        return Err(failed("does not say which key it used"));
    }
    match used.all(|line| is_meant(named, line)) {
        true => some(&gpg, said.stdout),
        false => Err(failed("opens it with another key than the one that the file names")),
    }
}

fn some(gpg: &str, output: SecretBytes) -> Result<SecretBytes, Attempt> {
    match output.expose().is_empty() {
        true => Err(Attempt::new(gpg, "gave nothing")),
        false => Ok(output),
    }
}

/// How gpg says which key it used: the fingerprint of the subkey and that of its primary key follow.
const USED: &str = "[GNUPG:] DECRYPTION_KEY ";

fn is_meant(named: &Named, line: &str) -> bool {
    let mut keys = line.split_whitespace();
    let (subkey, primary) = (keys.next().unwrap_or_default(), keys.next().unwrap_or_default());
    named.is(subkey, primary)
}

/// Returns a text as a message for the key of a fingerprint; with `!` behind it, for just that subkey.
pub(in crate::keys) fn encrypt(
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
    let said = run(&gpg, &arguments, text.expose().to_vec(), surroundings)?;
    let message = said.stdout.expose_str().filter(|text| text.starts_with("-----BEGIN PGP MESSAGE"));
    message.map(|text| text.trim_end().to_owned()).ok_or_else(|| Attempt::new(&gpg, "gave no message"))
}

/// Returns whether the program is there.
#[cfg(feature = "openpgp")]
pub(super) fn is_there(surroundings: &Surroundings) -> bool {
    surroundings.command(&program(surroundings)).is_ok()
}

pub(super) fn program(surroundings: &Surroundings) -> String {
    surroundings.text("SOPS_GPG_EXEC").unwrap_or_else(|| "gpg".into())
}

/// What gpg says where it succeeds.
struct Said {
    stdout: SecretBytes,
    stderr: Vec<u8>,
}

fn run(gpg: &str, arguments: &[&str], input: Vec<u8>, surroundings: &Surroundings) -> Result<Said, Attempt> {
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
        return Ok(Said { stdout, stderr: output.stderr });
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().filter(|line| !line.starts_with("[GNUPG:] "));
    let said: Vec<&str> = said.map(|line| line.trim_start_matches("gpg: ").trim()).collect();
    Err(failed(format!("says: {}", bounded(&said.join("; ")))))
}
