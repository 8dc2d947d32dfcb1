//! What the peers say to a case: kustomize, and sops before it.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{Invocation, Output, spoken};

/// Answers `build` with `kubectl kustomize`, and `render` with the same after `sops decrypt` of every encrypted file.
/// Standard error is left out: our messages are our own.
pub fn answer(invocation: &Invocation) -> io::Result<Output> {
    let Some((verb, args)) = invocation.args.split_first() else {
        return Err(io::Error::other("a peer answers `build` and `render` only"));
    };
    match verb.as_str() {
        "build" => {}
        "render" => decrypt(invocation.directory, invocation)?,
        _ => return Err(io::Error::other(format!("a peer does not know `{verb}`"))),
    }
    let args = args.iter().filter(|arg| !OURS.iter().any(|flag| arg.starts_with(flag)));
    let output = peer("kubectl", invocation).arg("kustomize").args(args).output()?;
    Ok(Output { stderr: String::new(), ..spoken(output, invocation.directory) })
}

/// Flags of ours that change nothing in a peer's answer.
const OURS: [&str; 2] = ["--reveal", "--message-format"];

fn peer(name: &str, invocation: &Invocation) -> Command {
    let mut command = Command::new(name);
    command
        .current_dir(invocation.directory)
        .envs(invocation.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null());
    command
}

/// Decrypts the SOPS files below a directory in place. A file that sops refuses stays as it is.
fn decrypt(directory: &Path, invocation: &Invocation) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            decrypt(&path, invocation)?;
        } else if is_encrypted(&fs::read(&path)?) {
            peer("sops", invocation).args(["decrypt", "--in-place"]).arg(&path).output()?;
        }
    }
    Ok(())
}

/// Returns whether the bytes hold a MAC of SOPS, in any of its formats.
fn is_encrypted(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| {
        let line = line.trim_start().trim_start_matches('"');
        line.strip_prefix("sops_").unwrap_or(line).starts_with("mac") && line.contains("ENC[")
    })
}
