//! Failures, with the exit codes of SOPS.

use hagane::sops::{DecryptError, EncryptError, PathError, ValueProblem};
use hagane::{Diagnostic, Failed, SourceMap, Span};

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) source_map: SourceMap,
}

pub(super) const GENERIC: u8 = 1;
pub(super) const UNREADABLE: u8 = 2;
pub(super) const UNWRITABLE: u8 = 3;
pub(super) const UNFIT: u8 = 4;
pub(super) const BAD_CONTEXT: u8 = 6;
pub(super) const BAD_VALUE: u8 = 7;
pub(super) const CONFLICT: u8 = 8;
const NOT_ENCRYPTABLE: u8 = 23;
const NOT_DECRYPTABLE: u8 = 25;
const BAD_MAC: u8 = 51;
pub(super) const BAD_PATH: u8 = 91;
pub(super) const EMPTY: u8 = 92;
pub(super) const NO_FILE: u8 = 100;
pub(super) const DUPLICATE_ORDER: u8 = 112;
const NO_KEY: u8 = 128;
pub(super) const UNCHANGED: u8 = 200;
pub(super) const EDITOR: u8 = 201;
const ALREADY_ENCRYPTED: u8 = 203;

impl Failure {
    /// Returns a failure without a place in a file.
    pub(super) fn new(code: u8, message: impl Into<String>) -> Failure {
        Failure::of(code, Diagnostic::error(Span::default(), message))
    }

    pub(crate) fn of(code: u8, diagnostic: Diagnostic) -> Failure {
        Failure { code, diagnostics: diagnostic.flattened(), source_map: SourceMap::new() }
    }

    pub(super) fn hinted(mut self, hint: impl Into<String>) -> Failure {
        if let Some(first) = self.diagnostics.first_mut() {
            first.hints.push(hint.into());
        }
        self
    }

    pub(super) fn noted(mut self, note: impl Into<String>) -> Failure {
        if let Some(first) = self.diagnostics.first_mut() {
            first.notes.push(note.into());
        }
        self
    }

    /// Returns the failure with the places that it speaks of.
    pub(crate) fn within(mut self, source_map: SourceMap) -> Failure {
        self.source_map = source_map;
        self
    }

    /// Returns the failure of opening an encrypted file.
    pub(super) fn decrypting(error: &DecryptError, source_map: SourceMap) -> Failure {
        let code = match error {
            DecryptError::NoKey(_) | DecryptError::BadDataKey { .. } => NO_KEY,
            DecryptError::BadValue { .. } => NOT_DECRYPTABLE,
            DecryptError::MacMissing { .. }
            | DecryptError::MacMismatch { .. }
            | DecryptError::MacUndecryptable { .. } => BAD_MAC,
            _ => GENERIC,
        };
        Failure::of(code, hagane::decrypt_diagnostic(error, Default::default())).within(source_map)
    }

    /// Returns the failure of reading a file that is to be encrypted. No line of it is shown.
    pub(super) fn reading(error: &DecryptError, source_map: SourceMap) -> Failure {
        let code = match error {
            DecryptError::AlreadyEncrypted { .. } => ALREADY_ENCRYPTED,
            DecryptError::BadValue { .. } => NOT_ENCRYPTABLE,
            _ => UNREADABLE,
        };
        let mut diagnostic = hagane::decrypt_diagnostic(error, Default::default());
        if let DecryptError::BadValue { path, problem, .. } = error {
            diagnostic.message = format!("cannot encrypt `{path}`: {problem}");
            if *problem != ValueProblem::KeyNotString {
                diagnostic.hints.clear();
            }
        }
        diagnostic.quotable = false;
        Failure::of(code, diagnostic).within(source_map)
    }
}

impl From<EncryptError> for Failure {
    fn from(error: EncryptError) -> Failure {
        let code = if matches!(error, EncryptError::Unfit(_)) { UNFIT } else { GENERIC };
        let mut diagnostic = Diagnostic::error(Span::default(), error.to_string());
        if let EncryptError::KeyFailed { tried, .. } = &error {
            diagnostic
                .notes
                .extend(tried.iter().map(|attempt| format!("{} {}", attempt.source, attempt.reason)));
        }
        Failure::of(code, diagnostic)
    }
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Failure {
        let code = match error {
            PathError::Malformed => BAD_PATH,
            PathError::Unfit(_) => UNFIT,
            _ => GENERIC,
        };
        Failure::new(code, error.to_string())
    }
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Failure {
        Failure { code: UNWRITABLE, diagnostics: failed.diagnostics, source_map: failed.source_map }
    }
}
