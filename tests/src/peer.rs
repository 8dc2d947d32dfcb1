//! What the peers say to a case: kustomize, and sops before it.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{Invocation, Output, at_home, spoken};

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
    let spoken = spoken(output, invocation.directory);
    // A panic ends with 2; where the peer panics a message is to be had from us.
    let exit = if spoken.exit == 2 { 1 } else { spoken.exit };
    Ok(Output { stderr: String::new(), exit, ..spoken })
}

/// Refuses a `kubectl` on `PATH` that has another kustomize than the one whose bytes are recorded.
pub fn check() -> io::Result<()> {
    let output = Command::new("kubectl").args(["version", "--client"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().any(|line| line == format!("Kustomize Version: {KUSTOMIZE}")) {
        true => Ok(()),
        false => Err(io::Error::other(format!("`kubectl` has no kustomize {KUSTOMIZE}, but: {text}"))),
    }
}

/// The version of kustomize that is recorded.
const KUSTOMIZE: &str = "v5.8.1";

/// Flags of ours that change nothing in a peer's answer.
const OURS: [&str; 2] = ["--reveal", "--message-format"];

fn peer(name: &str, invocation: &Invocation) -> Command {
    let mut command = Command::new(name);
    command.current_dir(invocation.directory).stdin(Stdio::null());
    for (name, value) in invocation.env {
        let mut value = at_home(value, invocation.directory);
        if name == "PATH" {
            // The peer itself is found where it always is.
            value = format!("{value}:{}", std::env::var("PATH").unwrap_or_default());
        }
        command.env(name, value);
    }
    command
}

/// Decrypts the SOPS files below a directory in place. A file that sops refuses stays as it is.
fn decrypt(directory: &Path, invocation: &Invocation) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            decrypt(&path, invocation)?;
        } else if let Some(format) = format(&String::from_utf8_lossy(&fs::read(&path)?)) {
            let mut sops = peer("sops", invocation);
            sops.args(["decrypt", "--in-place", "--input-type", format, "--output-type", format]);
            sops.arg(&path).output()?;
        }
    }
    Ok(())
}

/// Returns the format of a SOPS file, told by its metadata; `None` for any other file.
fn format(text: &str) -> Option<&'static str> {
    let starts = |prefix: &str| text.lines().any(|line| line.starts_with(prefix));
    match () {
        () if starts("sops_mac=ENC[") => Some("dotenv"),
        () if starts("[sops]") => Some("ini"),
        () if starts("sops:") => Some("yaml"),
        () if text.starts_with('{') && text.contains("\"sops\": {") => {
            let first = text.split('"').nth(1).unwrap_or_default();
            Some(if first == "data" { "binary" } else { "json" })
        }
        () => None,
    }
}
