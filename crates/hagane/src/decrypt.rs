//! Encrypted files to plain ones, as composing reads them.

mod ahead;
mod values;

use std::cell::RefCell;
use std::path::Path;

use hagane_kustomize::{Decrypted, Decrypter};
use hagane_resource::Resource;
use hagane_sops::{
    Contents, DecryptError, ErrorClass, Format, Keyring, MasterKey, NoKey, ValueProblem, decrypt_file,
    detect, kubesec, kubesec::WithoutMac, placeholders,
};
use hagane_yaml::{FileId, Span, Text};
use zeroize::Zeroizing;

use ahead::{Ahead, Tree};

use crate::decryption_policy::{GuardedKeys, Opening};
use crate::kept::KeptFile;
use crate::{Diagnostic, Fault, Guard, RenderOptions, SecretsMode, World};

pub(crate) use values::kms_key;
pub use values::{KMS_ANNOTATION, KMS_CONTEXT_ANNOTATION};

/// Opens SOPS files, recognised by their metadata, and kubesec files, by their comments. A file is read once a run, so each is opened once.
pub(crate) struct Opener<'w> {
    /// Asks for many keys at once.
    ahead: Ahead<'w>,
    keyring: &'w dyn Keyring,
    mode: SecretsMode,
    guard: Option<&'w Guard>,
    warnings: RefCell<Vec<Diagnostic>>,
    /// Files that a rule of the policy let be opened.
    openings: RefCell<Vec<Opening>>,
    /// Files that stay encrypted.
    kept: RefCell<Vec<KeptFile>>,
}

impl<'w> Opener<'w> {
    /// Returns the opener of a run that composes `target`.
    pub(crate) fn new(world: &World<'w>, target: &'w Path, options: &'w RenderOptions) -> Opener<'w> {
        let restriction = options.build.load_restriction;
        let tree = Tree { files: world.files, directory: world.directory, target, restriction };
        let (warnings, openings, kept) = Default::default();
        Opener {
            ahead: Ahead::new(world.keyring, tree, options.guard.as_ref()),
            keyring: world.keyring,
            mode: options.secrets,
            guard: options.guard.as_ref(),
            warnings,
            openings,
            kept,
        }
    }

    /// Returns the files that a rule of the policy let be opened.
    pub(crate) fn openings(&self) -> Vec<Opening> {
        self.openings.borrow().clone()
    }

    /// Returns the files that stay encrypted.
    pub(crate) fn kept(&self) -> Vec<KeptFile> {
        self.kept.take()
    }

    /// Decrypts a file, if the policy lets it be.
    fn open(
        &self,
        path: &Path,
        content: &[u8],
        encrypted: Encrypted,
        file: FileId,
    ) -> Result<Contents, Diagnostic> {
        let start = Span { file, line: 1, column: 1 };
        self.with_keys(path, start, |guarded, keyring| {
            if let (Some(guarded), Encrypted::Sops(format)) = (guarded, &encrypted) {
                guarded.check_file(content, *format, file)?;
            }
            let opened = match encrypted {
                Encrypted::Sops(format) => decrypt_file(content, format, file, keyring),
                Encrypted::Kubesec => kubesec::decrypt(content, file, keyring, WithoutMac::Refused),
            };
            opened.map_err(|error| diagnostic(&error, file))
        })
    }

    /// Decrypts the encrypted values of a Secret in a plain file.
    fn values(&self, path: &Path, secret: &mut Resource) -> Result<(), Diagnostic> {
        if !values::are_encrypted(secret) {
            return Ok(());
        }
        self.with_keys(path, secret.tree().span(), |_, keyring| {
            values::decrypt(secret, self.mode, keyring, &mut self.warnings.borrow_mut())
        })
    }

    /// Works with the keys that may be used for what lies at a path.
    fn with_keys<T>(
        &self,
        path: &Path,
        at: Span,
        work: impl FnOnce(Option<&GuardedKeys>, &dyn Keyring) -> Result<T, Diagnostic>,
    ) -> Result<T, Diagnostic> {
        let Some(guard) = self.guard else { return work(None, &self.ahead) };
        let keys = guard.keys(path, at, &self.ahead)?;
        let done = work(Some(&keys), &keys);
        self.openings.borrow_mut().extend(keys.into_openings());
        done
    }

    /// Returns what was noticed and does not make the values less trustworthy.
    pub(crate) fn warnings(&self) -> Vec<Diagnostic> {
        self.warnings.take()
    }
}

impl Decrypter for Opener<'_> {
    fn decrypt_values(&self, path: &Path, secret: &mut Resource) -> Result<(), Diagnostic> {
        match self.mode {
            SecretsMode::KeepEncrypted | SecretsMode::AsTheyLie => Ok(()),
            SecretsMode::Placeholder | SecretsMode::MarkedPlaceholder => {
                values::decrypt(secret, self.mode, self.keyring, &mut self.warnings.borrow_mut())
            }
            SecretsMode::Decrypt => self.values(path, secret),
        }
    }

    fn keeps_encrypted(&self) -> bool {
        matches!(self.mode, SecretsMode::KeepEncrypted | SecretsMode::AsTheyLie)
    }

    fn is_guarded(&self) -> bool {
        self.guard.is_some()
    }

    fn decrypt(&self, path: &Path, content: &[u8], file: FileId) -> Option<Result<Decrypted, Diagnostic>> {
        let encrypted = Encrypted::of(path, content)?;
        let opened = match (encrypted, self.mode) {
            (Encrypted::Sops(format), SecretsMode::KeepEncrypted) => {
                self.kept.borrow_mut().extend(KeptFile::read(content, format, file));
                return None;
            }
            (_, SecretsMode::KeepEncrypted | SecretsMode::AsTheyLie) => return None,
            (Encrypted::Sops(format), SecretsMode::Placeholder | SecretsMode::MarkedPlaceholder) => {
                placeholders(content, format, file).map_err(|error| diagnostic(&error, file))
            }
            (Encrypted::Kubesec, SecretsMode::Placeholder | SecretsMode::MarkedPlaceholder) => {
                kubesec::placeholders(content, file).map_err(|error| diagnostic(&error, file))
            }
            (encrypted, SecretsMode::Decrypt) => self.open(path, content, encrypted, file),
        };
        Some(opened.map(|contents| {
            let warnings = contents.warnings().iter().map(|w| Diagnostic::warning(w.span, w.message));
            self.warnings.borrow_mut().extend(warnings);
            plain(&contents, self.mode)
        }))
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
    let mut documents = match contents.format() {
        Format::Yaml | Format::Json => Some(contents.documents()),
        Format::Dotenv | Format::Ini | Format::Binary => None,
    };
    // A fixed text is no secret; the mark is for who asks.
    for document in documents.iter_mut().flatten().filter(|_| mode == SecretsMode::Placeholder) {
        document.for_each_scalar(&mut |scalar| {
            if scalar.text.is_sensitive() {
                scalar.text = Text::from(scalar.text.as_str());
            }
        });
    }
    let has_plain_keys = contents.format() == Format::Dotenv;
    let is_secret = mode.is_marked();
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
            diagnostic.hints.push(way_in(no_key).into());
            diagnostic.hints.push(
                "or let somebody who can open the file add your recipient: `sops rotate --in-place --add-age RECIPIENT FILE`".into(),
            );
        }
        _ => diagnostic.hints.extend(error.hint()),
    }
    diagnostic
}

/// Returns how somebody gives what opens a file, by the kinds of keys that it is encrypted for.
fn way_in(no_key: &NoKey) -> &'static str {
    let mut keys = no_key.groups.iter().flat_map(|group| &group.keys).map(|(key, _)| key);
    let has_age = keys.clone().any(|key| matches!(key, MasterKey::Age(_)));
    if !has_age && keys.any(|key| matches!(key, MasterKey::Pgp(_))) {
        return "put the armoured private key into HAGANE_PGP_KEY, or its path into HAGANE_PGP_KEY_FILE, or have it in the keyring of `gpg`";
    }
    "put an identity that opens the file into SOPS_AGE_KEY, or the path of its key file into SOPS_AGE_KEY_FILE"
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
