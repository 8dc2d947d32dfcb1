//! The file that a command works on, and where its result goes.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hagane::sops::{
    Contents, DecryptError, EditError, Format, MacCheck, OpenedFile, decrypt_checked, detect, inspect,
    open_file,
};
use hagane::{Diagnostic, FileError, FileId, FileKind, Keyring, SourceMap, Span};
use hagane_host::{Access, MAX_FILE, read_secret, write_file};

use super::arguments::{Destination, Types};
use super::failure::{Failure, GENERIC, NO_FILE, UNREADABLE, UNWRITABLE};
use super::session::shown;
use crate::message::{self, MessageFormat};
use crate::{Surroundings, output};

/// The bytes of a file that may hold secrets, as they were read: a large file is not copied. They are wiped when dropped.
#[derive(Default)]
pub(crate) struct Bytes(Arc<[u8]>);

impl Bytes {
    /// Returns a copy of some bytes.
    pub(crate) fn of(bytes: &[u8]) -> Bytes {
        Bytes(bytes.into())
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // Files that are in memory already, as in tests, are their owner's.
        if let Some(bytes) = Arc::get_mut(&mut self.0) {
            zeroize::Zeroize::zeroize(bytes);
        }
    }
}

/// A file as it lies, and what it is taken for.
pub(super) struct Input {
    pub(super) text: Bytes,
    /// Where it lies; standard input lies nowhere.
    pub(super) path: Option<PathBuf>,
    /// The name that decides which rule and which format are for it.
    pub(super) name: PathBuf,
    pub(super) format: Format,
    pub(super) output: Format,
}

impl Input {
    /// Reads the file, or standard input where none is named.
    pub(super) fn read(
        file: Option<&Path>,
        types: &Types,
        surroundings: &mut Surroundings,
    ) -> Result<Input, Failure> {
        let (path, text) = match file {
            Some(file) => {
                let path = surroundings.directory.join(file);
                let text = read(&path, surroundings)?;
                (Some(path), text)
            }
            None => (None, read_stdin()?),
        };
        let named = types.filename_override.as_ref().map(|name| surroundings.directory.join(name));
        let name = named.or_else(|| path.clone()).unwrap_or_default();
        let by_name = Format::of_path(&name.to_string_lossy());
        let format = chosen(types.input_type.as_deref(), by_name, surroundings);
        let output = chosen(types.output_type.as_deref(), by_name, surroundings);
        Ok(Input { text, path, name, format, output })
    }

    /// Returns a file that is not there yet.
    pub(super) fn new_file(path: &Path, types: &Types, surroundings: &mut Surroundings) -> Input {
        let by_name = Format::of_path(&path.to_string_lossy());
        let format = chosen(types.input_type.as_deref(), by_name, surroundings);
        let output = chosen(types.output_type.as_deref(), by_name, surroundings);
        Input { text: Bytes::default(), path: Some(path.to_owned()), name: path.to_owned(), format, output }
    }

    /// Returns the file with another text, of the format that it is written in.
    pub(super) fn with_text(&self, text: &[u8]) -> Input {
        Input {
            text: Bytes::of(text),
            path: self.path.clone(),
            name: self.name.clone(),
            format: self.output,
            output: self.output,
        }
    }

    /// Opens the encrypted file, to write it again.
    pub(super) fn open(
        &self,
        keyring: &dyn Keyring,
        ignore_mac: bool,
        surroundings: &mut Surroundings,
    ) -> Result<OpenedFile, Failure> {
        let check = self.mac_check(ignore_mac, surroundings);
        let opened = open_file(&self.text, self.format, self.first_file(), keyring, check);
        let opened = opened.map_err(|error| self.cannot_open(&error, surroundings))?;
        self.warn(opened.contents(), surroundings);
        Ok(opened)
    }

    /// Decrypts the file, which nobody needs then: a large one would stay beside its values.
    pub(super) fn decrypt(
        &mut self,
        keyring: &dyn Keyring,
        ignore_mac: bool,
        surroundings: &mut Surroundings,
    ) -> Result<Contents, Failure> {
        let check = self.mac_check(ignore_mac, surroundings);
        let contents = decrypt_checked(&self.text, self.format, self.first_file(), keyring, check);
        let contents = contents.map_err(|error| self.cannot_open(&error, surroundings))?;
        self.warn(&contents, surroundings);
        self.text = Bytes::default();
        Ok(contents)
    }

    /// Fails where the file is not encrypted, or its metadata are broken. No key is needed.
    pub(super) fn inspected(&self, surroundings: &Surroundings) -> Result<(), Failure> {
        let inspected = inspect(&self.text, self.format, self.first_file());
        inspected.map(drop).map_err(|error| self.cannot_open(&error, surroundings))
    }

    fn mac_check(&self, ignore_mac: bool, surroundings: &mut Surroundings) -> MacCheck {
        if !ignore_mac {
            return MacCheck::Required;
        }
        let message = "the MAC is not verified: values may be missing or moved";
        let warning = Diagnostic::warning(Span::default(), message);
        message::tell(&[warning], &SourceMap::new(), MessageFormat::Human, surroundings);
        MacCheck::Ignored
    }

    /// The file is the only one of its source map, which is made when there is something to say.
    fn first_file(&self) -> FileId {
        SourceMap::new().add(String::new(), "".into())
    }

    fn warn(&self, contents: &Contents, surroundings: &mut Surroundings) {
        let warnings = contents.warnings().iter();
        let warnings: Vec<_> = warnings.map(|w| Diagnostic::warning(w.span, w.message)).collect();
        if !warnings.is_empty() {
            let (source_map, _) = self.source_map(&String::from_utf8_lossy(&self.text), surroundings);
            message::tell(&warnings, &source_map, MessageFormat::Human, surroundings);
        }
    }

    fn cannot_open(&self, error: &DecryptError, surroundings: &Surroundings) -> Failure {
        let (source_map, _) = self.source_map(&String::from_utf8_lossy(&self.text), surroundings);
        self.told(Failure::decrypting(error, source_map))
    }

    /// Reads the file as one that is not encrypted.
    pub(super) fn plain(&self, surroundings: &Surroundings) -> Result<Contents, Failure> {
        // A plain text is not kept for messages to quote from.
        let (source_map, file) = self.source_map("", surroundings);
        let contents = Contents::read(&self.text, self.format, file);
        contents.map_err(|error| Failure::reading(&error, source_map))
    }

    /// Returns what an edited file with its metadata is sealed to; `seal` is told which file it is.
    pub(super) fn sealed(
        &self,
        surroundings: &Surroundings,
        seal: impl FnOnce(&[u8], FileId) -> Result<Vec<u8>, EditError>,
    ) -> Result<Vec<u8>, Failure> {
        let (source_map, file) = self.source_map("", surroundings);
        seal(&self.text, file).map_err(|error| match error {
            EditError::Unreadable(error) => Failure::reading(&error, source_map),
            EditError::Unsealed(error) => error.into(),
        })
    }

    /// Returns the failure with a hint, where the file is not of the format that its name says.
    fn told(&self, failure: Failure) -> Failure {
        match detect(&self.text, self.format) {
            Some(format) if format != self.format => {
                failure.hinted(format!("the file looks like {}: `--input-type {0}`", format.name()))
            }
            _ => failure,
        }
    }

    fn source_map(&self, quoted: &str, surroundings: &Surroundings) -> (SourceMap, FileId) {
        let mut map = SourceMap::new();
        let name =
            self.path.as_ref().map_or_else(|| "standard input".into(), |path| shown(path, surroundings));
        let file = map.add(name, quoted.into());
        (map, file)
    }

    /// Returns where the file lies, for a command that writes it again.
    pub(super) fn place(&self) -> Result<&Path, Failure> {
        self.path.as_deref().ok_or_else(|| Failure::new(GENERIC, "standard input cannot be written in place"))
    }

    /// Writes a result. `access` is for files: who may read them.
    pub(super) fn write(
        &self,
        content: &[u8],
        destination: &Destination,
        access: Access,
        surroundings: &mut Surroundings,
    ) -> Result<(), Failure> {
        match (&destination.output, destination.in_place) {
            (Some(path), _) => write(&surroundings.directory.join(path), content, access, surroundings),
            (None, true) => write(self.place()?, content, access, surroundings),
            (None, false) => output::print(content, surroundings).map_err(Failure::from),
        }
    }
}

/// Returns the format of a flag. SOPS goes by the file's name where it does not know the format; so do we, and say it.
fn chosen(named: Option<&str>, by_name: Format, surroundings: &mut Surroundings) -> Format {
    let Some(named) = named.filter(|named| !named.is_empty()) else { return by_name };
    Format::of_name(named).unwrap_or_else(|| {
        let message =
            format!("there is no format `{named}`; the file is taken for {}, by its name", by_name.name());
        let warning = Diagnostic::warning(Span::default(), message)
            .hinted("the formats are yaml, json, dotenv, ini and binary");
        message::tell(&[warning], &SourceMap::new(), MessageFormat::Human, surroundings);
        by_name
    })
}

/// Returns the format of a file for a command that takes only `--input-type`.
pub(super) fn types(input_type: Option<&String>) -> Types {
    Types { input_type: input_type.cloned(), output_type: input_type.cloned(), filename_override: None }
}

/// Reads a file that may hold secrets.
pub(crate) fn read(path: &Path, surroundings: &Surroundings) -> Result<Bytes, Failure> {
    match surroundings.files.read(path) {
        Ok(content) => Ok(Bytes(content)),
        Err(FileError::Other(_)) if is_stream(path) => read_stream(path),
        Err(error) => {
            let shown = shown(path, surroundings);
            Err(match error {
                FileError::NotFound => Failure::new(NO_FILE, format!("there is no file `{shown}`")),
                FileError::PermissionDenied => Failure::new(UNREADABLE, format!("`{shown}` may not be read")),
                FileError::TooLarge { limit } => {
                    Failure::new(UNREADABLE, format!("`{shown}` is larger than {limit} bytes"))
                }
                FileError::Other(_) if is_directory(path, surroundings) => {
                    Failure::new(UNREADABLE, format!("`{shown}` is a directory"))
                }
                FileError::Other(words) => {
                    Failure::new(UNREADABLE, format!("`{shown}` cannot be read: {words}"))
                }
            })
        }
    }
}

fn is_directory(path: &Path, surroundings: &Surroundings) -> bool {
    matches!(surroundings.files.resolve(path), Ok((_, FileKind::Directory)))
}

/// `/dev/stdin` and what a shell's `<(…)` stands for.
fn is_stream(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

fn read_stream(path: &Path) -> Result<Bytes, Failure> {
    let content = hagane_host::read_stream(path);
    content.map(|content| Bytes::of(&content)).map_err(|error| {
        Failure::new(
            UNREADABLE,
            format!("`{}` cannot be read: {}", path.display(), hagane_host::words(&error)),
        )
    })
}

pub(crate) fn read_stdin() -> Result<Bytes, Failure> {
    match read_secret(io::stdin().lock().take(MAX_FILE)) {
        Ok(text) => Ok(Bytes::of(&text)),
        Err(error) => {
            let words = hagane_host::words(&error);
            Err(Failure::new(UNREADABLE, format!("standard input cannot be read: {words}")))
        }
    }
}

/// Writes a file wholly or not at all. What only its owner could read stays so.
pub(crate) fn write(
    path: &Path,
    content: &[u8],
    access: Access,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let access = if hagane_host::is_private(path) { Access::Owner } else { access };
    write_file(path, content, access).map_err(|error| {
        let shown = shown(path, surroundings);
        Failure::new(UNWRITABLE, format!("cannot write `{shown}`: {}", hagane_host::words(&error)))
    })
}
