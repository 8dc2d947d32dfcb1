//! `hagane secrets seal-kms`.

use std::path::PathBuf;

use clap::Args;
use hagane::{Diagnostic, SourceMap, Span, seal_kms};
use hagane_host::Access;

use crate::message::{self, MessageFormat};
use crate::sops::{Failure, file};
use crate::{Surroundings, output};

/// Encrypt each value of a Secret by a key of AWS KMS or Google Cloud KMS
///
/// The result is a Secret with the ciphertexts in `data`, and with the annotation `hagane.dev/kms`, by which `hagane render` decrypts it.
/// Nothing tells a value that was put under another name of the same Secret, and no MAC tells that one is missing: `hagane sops encrypt` does
/// both. An encryption context binds values to what it says, and to AWS alone.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane secrets seal-kms --key arn:aws:kms:eu-west-1:123456789012:key/KEY secret.yaml > sealed.yaml
  hagane secrets seal-kms --key KEY --encryption-context app:shop --in-place secret.yaml
  kubectl create secret generic shop --from-file=token --dry-run=client -o yaml | hagane secrets seal-kms --key KEY

Exit codes: 0, 1 where the Secret is wrong, 3 where the key cannot be used.")]
pub(super) struct SealKms {
    /// A file with one Secret; standard input unless stated
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The key: an ARN, with `+ROLE` behind it where one is assumed, or the resource name of Google Cloud
    #[arg(long, value_name = "KEY")]
    key: String,
    /// The encryption context of AWS KMS: `NAME:VALUE`, with commas
    #[arg(long, value_name = "CONTEXT", default_value = "", hide_default_value = true)]
    encryption_context: String,
    /// Write to the file itself
    #[arg(short, long, requires = "file", conflicts_with = "output")]
    in_place: bool,
    /// Write to another file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &SealKms, surroundings: &mut Surroundings) -> u8 {
    match seal(arguments, surroundings) {
        Ok(()) => 0,
        Err(failure) => {
            message::tell(&failure.diagnostics, &failure.source_map, MessageFormat::Human, surroundings);
            failure.code
        }
    }
}

fn seal(arguments: &SealKms, surroundings: &mut Surroundings) -> Result<(), Failure> {
    let path = arguments.file.as_ref().map(|file| surroundings.directory.join(file));
    let content = match &path {
        Some(path) => file::read(path, surroundings),
        None => file::read_stdin(),
    };
    // The exit codes of SOPS are for its commands.
    let content = content.map_err(|failure| Failure { code: 1, ..failure })?;
    // No line of it is shown, so none is kept.
    let mut map = SourceMap::new();
    let name = arguments.file.as_ref().map_or("standard input".into(), |file| file.display().to_string());
    let file = map.add(name, "".into());
    let text = std::str::from_utf8(&content).map_err(|_| {
        Failure::of(1, Diagnostic::error(Span { file, line: 1, column: 1 }, "the file is not valid UTF-8"))
    });
    let (key, context) = (&arguments.key, &arguments.encryption_context);
    let sealed = text.and_then(|text| {
        seal_kms(text, file, key, context, surroundings.keyring).map_err(|error| {
            Failure::of(crate::exit_code(error.fault), Diagnostic { quotable: false, ..error })
        })
    });
    let sealed = sealed.map_err(|failure| failure.within(map))?;
    let target = arguments.output.as_ref().map(|output| surroundings.directory.join(output));
    match target.or_else(|| path.filter(|_| arguments.in_place)) {
        Some(target) => file::write(&target, sealed.as_bytes(), Access::Usual, surroundings),
        None => output::print(sealed.as_bytes(), surroundings).map_err(Failure::from),
    }
}
