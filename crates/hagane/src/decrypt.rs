//! Encrypted files to plain ones, as composing reads them.

use std::cell::RefCell;
use std::path::Path;

use hagane_kustomize::{Decrypted, Decrypter};
use hagane_sops::{Contents, DecryptError, ErrorClass, Format, Keyring, decrypt_file, detect, placeholders};
use hagane_yaml::{FileId, Span};
use zeroize::Zeroizing;

use crate::{Diagnostic, Fault, SecretsMode};

/// Opens SOPS files, recognised by their metadata. A file is read once a run, so each is opened once.
pub(crate) struct Opener<'w> {
    keyring: &'w dyn Keyring,
    mode: SecretsMode,
    warnings: RefCell<Vec<Diagnostic>>,
}

impl<'w> Opener<'w> {
    pub(crate) fn new(keyring: &'w dyn Keyring, mode: SecretsMode) -> Opener<'w> {
        Opener { keyring, mode, warnings: RefCell::default() }
    }

    /// Returns what was noticed and does not make the values less trustworthy.
    pub(crate) fn warnings(&self) -> Vec<Diagnostic> {
        self.warnings.take()
    }
}

impl Decrypter for Opener<'_> {
    fn decrypt(&self, path: &Path, content: &[u8], file: FileId) -> Option<Result<Decrypted, Diagnostic>> {
        let open: fn(&[u8], Format, FileId, &dyn Keyring) -> Result<Contents, DecryptError> = match self.mode {
            SecretsMode::Decrypt => decrypt_file,
            SecretsMode::Placeholder => |content, format, file, _| placeholders(content, format, file),
            SecretsMode::KeepEncrypted => return None,
        };
        let format = detect(content, Format::of_path(&path.to_string_lossy()))?;
        Some(match open(content, format, file, self.keyring) {
            Ok(contents) => {
                let warnings = contents.warnings().iter().map(|w| Diagnostic::warning(w.span, w.message));
                self.warnings.borrow_mut().extend(warnings);
                Ok(plain(&contents))
            }
            Err(error) => Err(diagnostic(&error, file)),
        })
    }
}

fn plain(contents: &Contents) -> Decrypted {
    let documents = match contents.format() {
        Format::Yaml | Format::Json => Some(contents.documents()),
        Format::Dotenv | Format::Ini | Format::Binary => None,
    };
    Decrypted { documents, content: Zeroizing::new(contents.to_bytes().expose().to_vec()) }
}

fn diagnostic(error: &DecryptError, file: FileId) -> Diagnostic {
    let span = error.span().unwrap_or(Span { file, line: 1, column: 1 });
    let mut diagnostic = Diagnostic::error(span, error.to_string());
    if error.class() == ErrorClass::Key {
        diagnostic.fault = Fault::Access;
    }
    if let DecryptError::NoKey(no_key) = error {
        diagnostic.notes = no_key.notes();
    }
    diagnostic.hints.extend(error.hint());
    diagnostic
}
