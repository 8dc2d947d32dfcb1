//! The age identities that the user has given, as SOPS looks for them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use hagane::{
    AgeKeyring, FileError, Files, Identities, KeyFailure, Keyring, MasterKey, Remembering, SecretBytes,
};
use zeroize::Zeroize;

/// A keyring of the identities in `SOPS_AGE_KEY`, `SOPS_AGE_KEY_FILE` and the default key file. They are read when
/// the first encrypted file asks for them, and data keys are remembered.
pub struct LocalKeys<'h>(Remembering<Local<'h>>);

struct Local<'h> {
    environment: &'h dyn Fn(&str) -> Option<OsString>,
    files: &'h dyn Files,
    directory: &'h Path,
    keyring: OnceLock<AgeKeyring>,
}

impl<'h> LocalKeys<'h> {
    /// Returns the keys that an environment leads to; relative paths start at `directory`.
    pub fn new(
        environment: &'h dyn Fn(&str) -> Option<OsString>,
        files: &'h dyn Files,
        directory: &'h Path,
    ) -> LocalKeys<'h> {
        LocalKeys(Remembering::new(Local { environment, files, directory, keyring: OnceLock::new() }))
    }
}

impl Keyring for LocalKeys<'_> {
    fn unwrap_key(&self, key: &MasterKey) -> Result<SecretBytes, KeyFailure> {
        self.0.unwrap_key(key)
    }
}

impl Keyring for Local<'_> {
    fn unwrap_key(&self, key: &MasterKey) -> Result<SecretBytes, KeyFailure> {
        self.keyring.get_or_init(|| AgeKeyring::new(self.identities())).unwrap_key(key)
    }
}

impl Local<'_> {
    fn identities(&self) -> Identities {
        let mut identities = Identities::new();
        let key = self.variable("SOPS_AGE_KEY");
        let file = self.variable("SOPS_AGE_KEY_FILE");
        let given = key.is_some() || file.is_some();
        match key.map(OsString::into_string) {
            Some(Ok(mut text)) => {
                identities.add_text("SOPS_AGE_KEY", &text);
                text.zeroize();
            }
            Some(Err(_)) => identities.add_failure("SOPS_AGE_KEY", "is not UTF-8"),
            None if !given => identities.add_failure("SOPS_AGE_KEY", "is not set"),
            None => {}
        }
        match file {
            Some(path) => {
                let path = PathBuf::from(path);
                self.add_file(&mut identities, &format!("SOPS_AGE_KEY_FILE ({})", path.display()), &path);
            }
            None if !given => identities.add_failure("SOPS_AGE_KEY_FILE", "is not set"),
            None => {}
        }
        if let Some(path) = self.default_file() {
            // Nobody has to have this one; that it is absent is news only where nothing else was given.
            if !given || self.files.resolve(&path).is_ok() {
                self.add_file(&mut identities, &path.display().to_string(), &path);
            }
        }
        identities
    }

    fn add_file(&self, identities: &mut Identities, label: &str, path: &Path) {
        match self.files.read(&self.directory.join(path)) {
            Ok(mut content) => {
                match std::str::from_utf8(&content) {
                    Ok(text) => identities.add_text(label, text),
                    Err(_) => identities.add_failure(label, "is not UTF-8"),
                }
                // Files of this machine are ours alone once they are read.
                if let Some(content) = Arc::get_mut(&mut content) {
                    content.zeroize();
                }
            }
            Err(error) => identities.add_failure(label, reason(&error)),
        }
    }

    /// Returns the variable, if it holds anything.
    fn variable(&self, name: &str) -> Option<OsString> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }

    fn default_file(&self) -> Option<PathBuf> {
        let configuration = match self.variable("XDG_CONFIG_HOME") {
            Some(directory) => PathBuf::from(directory),
            None => {
                let home = PathBuf::from(self.variable("HOME")?);
                home.join(if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" })
            }
        };
        Some(configuration.join("sops/age/keys.txt"))
    }
}

fn reason(error: &FileError) -> String {
    match error {
        FileError::NotFound => "does not exist".into(),
        FileError::PermissionDenied => "may not be read".into(),
        FileError::TooLarge { limit } => format!("is larger than {} MiB", limit >> 20),
        FileError::Other(why) => format!("cannot be read: {why}"),
    }
}
