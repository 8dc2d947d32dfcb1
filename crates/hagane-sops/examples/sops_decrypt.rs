//! Prints what `sops decrypt FILE` prints for each file, with the age identities of SOPS_AGE_KEY_FILE and SOPS_AGE_KEY.
//!
//! Usage: sops_decrypt FILE...

// An example is a program: it may read files and print.
#![allow(clippy::disallowed_methods, clippy::print_stderr)]

use std::io::Write as _;
use std::process::ExitCode;

use hagane_sops::{AgeKeyring, DecryptError, ErrorClass, Format, Identities, decrypt_file};

fn main() -> ExitCode {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    if paths.is_empty() {
        eprintln!("usage: sops_decrypt FILE...");
        return ExitCode::from(2);
    }
    let keyring = AgeKeyring::new(identities());
    for path in paths {
        let code = decrypt(&path, &keyring);
        if code != 0 {
            return ExitCode::from(code);
        }
    }
    ExitCode::SUCCESS
}

fn decrypt(path: &str, keyring: &AgeKeyring) -> u8 {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("error: cannot read `{path}`: {error}");
            return 1;
        }
    };
    match decrypt_file(&text, Format::of_path(path), Default::default(), keyring) {
        Ok(contents) => {
            for warning in contents.warnings() {
                eprintln!("warning: {path}:{}: {}", warning.span.line, warning.message);
            }
            u8::from(std::io::stdout().write_all(contents.to_bytes().expose()).is_err())
        }
        Err(error) => {
            report(path, &error);
            match error.class() {
                ErrorClass::Input => 1,
                ErrorClass::Key => 3,
            }
        }
    }
}

fn identities() -> Identities {
    let mut identities = Identities::new();
    if let Ok(text) = std::env::var("SOPS_AGE_KEY") {
        identities.add_text("SOPS_AGE_KEY", &text);
    }
    if let Ok(path) = std::env::var("SOPS_AGE_KEY_FILE") {
        let label = format!("SOPS_AGE_KEY_FILE ({path})");
        match std::fs::read_to_string(&path) {
            Ok(text) => identities.add_text(label, &text),
            Err(error) => identities.add_failure(label, format!("cannot be read: {error}")),
        }
    }
    identities
}

fn report(path: &str, error: &DecryptError) {
    eprintln!("error: {error}");
    if let Some(span) = error.span() {
        eprintln!("  --> {path}:{}:{}", span.line, span.column);
    }
    if let DecryptError::NoKey(no_key) = error {
        for note in no_key.notes() {
            eprintln!("note: {note}");
        }
    }
    if let Some(hint) = error.hint() {
        eprintln!("hint: {hint}");
    }
}
