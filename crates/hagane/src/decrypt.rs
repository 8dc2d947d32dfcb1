//! Encrypted files to plain ones, as composing reads them.

mod ahead;
mod values;

use std::cell::RefCell;
use std::path::Path;

use hagane_kustomize::{Decrypted, Decrypter};
use hagane_resource::Resource;
use hagane_sops::{
    Contents, DecryptError, ErrorClass, Format, MasterKey, NoKey, ValueProblem, decrypt_file, detect,
    kubesec, placeholders,
};
use hagane_yaml::{FileId, Span};
use zeroize::Zeroizing;

use ahead::{Ahead, Tree};

use crate::{Diagnostic, Fault, RenderOptions, SecretsMode, World};

pub(crate) use values::kms_key;
pub use values::{KMS_ANNOTATION, KMS_CONTEXT_ANNOTATION};

/// Opens SOPS files, recognised by their metadata, and kubesec files, by their comments. A file is read once a run, so each is opened once.
pub(crate) struct Opener<'w> {
    keyring: Ahead<'w>,
    mode: SecretsMode,
    warnings: RefCell<Vec<Diagnostic>>,
}

impl<'w> Opener<'w> {
    /// Returns the opener of a run that composes `target`.
    pub(crate) fn new(world: &World<'w>, target: &'w Path, options: &RenderOptions) -> Opener<'w> {
        let restriction = options.build.load_restriction;
        let tree = Tree { files: world.files, directory: world.directory, target, restriction };
        let (keyring, mode) = (Ahead::new(world.keyring, tree), options.secrets);
        Opener { keyring, mode, warnings: RefCell::default() }
    }

    /// Returns what was noticed and does not make the values less trustworthy.
    pub(crate) fn warnings(&self) -> Vec<Diagnostic> {
        self.warnings.take()
    }
}

impl Decrypter for Opener<'_> {
    fn decrypt_values(&self, secret: &mut Resource) -> Result<(), Diagnostic> {
        match self.mode {
            SecretsMode::KeepEncrypted => Ok(()),
            mode => values::decrypt(secret, mode, &self.keyring, &mut self.warnings.borrow_mut()),
        }
    }

    fn keeps_encrypted(&self) -> bool {
        self.mode == SecretsMode::KeepEncrypted
    }

    fn decrypt(&self, path: &Path, content: &[u8], file: FileId) -> Option<Result<Decrypted, Diagnostic>> {
        if self.mode == SecretsMode::KeepEncrypted {
            return None;
        }
        let opened = match (Encrypted::of(path, content)?, self.mode) {
            (Encrypted::Sops(format), SecretsMode::Placeholder) => placeholders(content, format, file),
            (Encrypted::Sops(format), _) => decrypt_file(content, format, file, &self.keyring),
            (Encrypted::Kubesec, SecretsMode::Placeholder) => kubesec::placeholders(content, file),
            (Encrypted::Kubesec, _) => kubesec::decrypt(content, file, &self.keyring),
        };
        Some(match opened {
            Ok(contents) => {
                let warnings = contents.warnings().iter().map(|w| Diagnostic::warning(w.span, w.message));
                self.warnings.borrow_mut().extend(warnings);
                Ok(plain(&contents, self.mode))
            }
            Err(error) => Err(diagnostic(&error, file)),
        })
    }
}

/// How a file is encrypted.
enum Encrypted {
    Sops(Format),
    Kubesec,
}

impl Encrypted {
    /// Returns how a file is encrypted; nothing for a plain one.
    fn of(path: &Path, content: &[u8]) -> Option<Encrypted> {
        let sops = detect(content, Format::of_path(&path.to_string_lossy())).map(Encrypted::Sops);
        sops.or_else(|| kubesec::is_kubesec(content).then_some(Encrypted::Kubesec))
    }
}

fn plain(contents: &Contents, mode: SecretsMode) -> Decrypted {
    let documents = match contents.format() {
        Format::Yaml | Format::Json => Some(contents.documents()),
        Format::Dotenv | Format::Ini | Format::Binary => None,
    };
    let has_plain_keys = contents.format() == Format::Dotenv;
    let is_secret = mode == SecretsMode::Decrypt;
    Decrypted {
        documents,
        is_secret,
        has_plain_keys,
        content: Zeroizing::new(contents.to_bytes().expose().to_vec()),
    }
}

/// Returns an error of a SOPS file as it is shown: with its place, what was tried, and what would be right.
pub fn diagnostic(error: &DecryptError, file: FileId) -> Diagnostic {
    let span = error.span().unwrap_or(Span { file, line: 1, column: 1 });
    let mut diagnostic = Diagnostic::error(span, error.to_string());
    // A value that somebody forgot to encrypt is in the line.
    diagnostic.quotable = !matches!(error, DecryptError::Syntax { .. } | DecryptError::BadValue { .. })
        || matches!(error, DecryptError::BadValue { problem: ValueProblem::NotAuthentic, .. });
    if error.class() == ErrorClass::Key {
        diagnostic.fault = Fault::Access;
    }
    match error {
        DecryptError::NoKey(no_key) => {
            diagnostic.notes = notes(no_key);
            diagnostic.hints.push(
                "put an identity that opens the file into SOPS_AGE_KEY, or the path of its key file into SOPS_AGE_KEY_FILE".into(),
            );
            diagnostic.hints.push(
                "or let somebody who can open the file add your recipient: `sops rotate --in-place --add-age RECIPIENT FILE`".into(),
            );
        }
        _ => diagnostic.hints.extend(error.hint()),
    }
    diagnostic
}

/// Returns for whom the file is encrypted and why each identity did not help, each said once.
fn notes(no_key: &NoKey) -> Vec<String> {
    let keys = || no_key.groups.iter().flat_map(|group| &group.keys);
    let mut notes: Vec<String> = Vec::new();
    let mut note = |text: String| {
        if !notes.contains(&text) {
            notes.push(text);
        }
    };
    if keys().count() > 1 {
        keys().for_each(|(key, _)| note(format!("the file is encrypted for {key}")));
    }
    for (key, tried) in keys() {
        match key {
            MasterKey::Age(_) if tried.is_empty() => note("no identity was found".into()),
            _ if tried.is_empty() => note(format!("there is no service for keys of this kind: {key}")),
            _ => tried.iter().for_each(|t| note(format!("{} {}", t.source, t.reason))),
        }
    }
    notes
}
