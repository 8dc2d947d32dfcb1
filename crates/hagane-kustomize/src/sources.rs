//! Every file of a run, read once; and the rule which files a kustomization may read.

mod remote;
mod resources;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use hagane_resource::{Diagnostic, Fault, Resource, nearest};
use hagane_yaml::{FileId, SourceMap, Span};

use crate::address::without_credentials;
use crate::decode::Located;
use crate::files::{Decrypted, Decrypter, FileError, FileKind, Files};
use crate::outside::Outside;
use crate::process::Processes;
use crate::selector::Compared;
use remote::Checkout;
pub use remote::is_file_url;
pub(crate) use remote::marks_repository;

/// The files of a run.
pub struct Sources<'w> {
    files: &'w dyn Files,
    decrypter: Option<&'w dyn Decrypter>,
    outside: Outside<'w>,
    /// What shown paths are relative to.
    base: PathBuf,
    restriction: LoadRestriction,
    map: RefCell<SourceMap>,
    read: RefCell<HashMap<PathBuf, Rc<Source>>>,
    resources: RefCell<HashMap<PathBuf, Rc<Vec<Resource>>>>,
    checkouts: RefCell<Vec<Checkout>>,
}

/// Which files a kustomization may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadRestriction {
    /// Those in or below its own directory.
    #[default]
    RootOnly,
    /// Any.
    None,
}

/// A file as it was read.
pub struct Source {
    /// Its number in the source map.
    pub file: FileId,
    /// Its content as it lies on disk.
    pub bytes: Arc<[u8]>,
    /// Its content decrypted, if it was encrypted.
    pub decrypted: Option<Decrypted>,
    /// Its text, if it is in UTF-16, as a mark at its beginning says.
    pub(crate) utf16: Option<String>,
}

/// A directory with a kustomization, symbolic links resolved. Only [`Sources`] makes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Root {
    path: PathBuf,
    /// The checkout it lies in, which nothing in it may leave.
    checkout: Option<Rc<PathBuf>>,
}

/// A file that the load restriction lets through, or the URL of one. Only [`Sources::file`] makes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RootedPath(PathBuf);

impl Root {
    /// Returns the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl RootedPath {
    /// Returns the path, or the URL.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Source {
    /// Returns whether the content came out of decryption.
    pub(crate) fn is_secret(&self) -> bool {
        self.decrypted.as_ref().is_some_and(|decrypted| decrypted.is_secret)
    }

    /// Returns the content: the plain one where the file was encrypted.
    pub fn content(&self) -> &[u8] {
        match &self.decrypted {
            Some(decrypted) => &decrypted.content,
            None => &self.bytes,
        }
    }

    /// Returns the content as text; invalid UTF-8 is an error with its place.
    pub fn text(&self) -> Result<&str, Diagnostic> {
        match &self.utf16 {
            Some(text) => Ok(text),
            None => self.utf8(),
        }
    }

    /// Returns the content as text, which must be UTF-8.
    pub(crate) fn utf8(&self) -> Result<&str, Diagnostic> {
        std::str::from_utf8(self.content()).map_err(|error| {
            let before = &self.content()[..error.valid_up_to()];
            let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
            let column = String::from_utf8_lossy(&before[line_start..]).chars().count() as u32 + 1;
            let line = before.iter().filter(|b| **b == b'\n').count() as u32 + 1;
            Diagnostic::error(Span { file: self.file, line, column }, "the file is not valid UTF-8")
                .hinted("save it as UTF-8; binary content belongs in a generator's `files:`")
        })
    }
}

impl<'w> Sources<'w> {
    /// Returns the files of a run that has read none yet.
    pub fn new(
        files: &'w dyn Files,
        decrypter: Option<&'w dyn Decrypter>,
        outside: Outside<'w>,
        base: PathBuf,
        restriction: LoadRestriction,
    ) -> Self {
        Sources {
            files,
            decrypter,
            outside,
            base,
            restriction,
            map: RefCell::new(SourceMap::new()),
            read: RefCell::default(),
            resources: RefCell::default(),
            checkouts: RefCell::default(),
        }
    }

    /// Returns whoever starts programs.
    pub(crate) fn processes(&self, at: Span) -> Result<&dyn Processes, Diagnostic> {
        self.outside.processes.ok_or_else(|| Diagnostic::error(at, "no other programs are started here"))
    }

    /// Returns what shown paths are relative to: the working directory.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// Returns whether encrypted files are decrypted, or shown as if they were.
    pub(crate) fn decrypts(&self) -> bool {
        self.decrypter.is_some()
    }

    /// Returns whether encrypted files are left as they lie.
    pub(crate) fn keeps_encrypted(&self) -> bool {
        self.decrypter.is_none_or(Decrypter::keeps_encrypted)
    }

    /// Returns what selectors are compared with.
    pub(crate) fn compared(&self) -> Compared {
        match self.decrypter.is_some_and(Decrypter::is_guarded) {
            true => Compared::PlainOnly,
            false => Compared::Anything,
        }
    }

    /// Adds a text that is no file, for positions in it.
    pub(crate) fn add_text(&self, name: &str, text: &str) -> FileId {
        self.map.borrow_mut().add(name, text.into())
    }

    /// Returns what an absolute path leads to.
    pub(crate) fn leads_to(&self, path: &Path) -> Option<FileKind> {
        self.files.resolve(path).ok().map(|(_, kind)| kind)
    }

    /// Returns whether a path below a root stays there, links followed; one that is not there does.
    pub(crate) fn stays_within(&self, root: &Root, path: &Path) -> bool {
        let resolved = self.files.resolve(&normalized(&root.path.join(path)));
        resolved.map_or(true, |(resolved, _)| resolved.starts_with(&root.path))
    }

    /// Returns where positions resolve.
    pub fn into_map(self) -> SourceMap {
        self.map.into_inner()
    }

    /// Returns the path as messages show it.
    pub fn shown(&self, path: &Path) -> String {
        if !path.is_absolute() {
            return without_credentials(&path.to_string_lossy());
        }
        let checkouts = self.checkouts.borrow();
        let checkout = checkouts
            .iter()
            .find_map(|checkout| Some((checkout, path.strip_prefix(&checkout.directory).ok()?)));
        match checkout {
            Some((checkout, within)) => format!("{}{}", checkout.shown, within.display()),
            None => relative(path, &self.base).to_string_lossy().into_owned(),
        }
    }

    /// Returns the directory at `path`, relative to `from`.
    pub fn root(&self, path: &Path, from: Option<&Root>, at: Span) -> Result<Root, Diagnostic> {
        let full = normalized(&from.map_or(&self.base, |root| &root.path).join(path));
        let checkout = from.and_then(|root| root.checkout.clone());
        match self.files.resolve(&full) {
            Ok((found, FileKind::Directory))
                if checkout.as_ref().is_some_and(|c| !found.starts_with(&**c)) =>
            {
                let message = format!("`{}` leads out of the repository it stands in", path.display());
                Err(Diagnostic::error(at, message)
                    .hinted("what is fetched may not refer to the files of this machine"))
            }
            Ok((path, FileKind::Directory)) => Ok(Root { path, checkout }),
            Ok(_) => Err(Diagnostic::error(at, format!("`{}` is a file, not a directory", path.display()))
                .hinted("name the directory that the file lies in")),
            Err(error) => Err(self.missing(&error, path, &full, at)),
        }
    }

    /// Returns whether `path`, relative to `root`, leads to something, and to what.
    pub fn kind(&self, root: &Root, path: &str) -> Option<FileKind> {
        self.files.resolve(&normalized(&root.path.join(path))).ok().map(|(_, kind)| kind)
    }

    /// Returns the file at `path`, relative to `root`, if the load restriction lets it through.
    pub fn file(&self, root: &Root, path: &str, at: Span) -> Result<RootedPath, Diagnostic> {
        if is_file_url(path) {
            return Ok(self.remote_file(path));
        }
        let full = normalized(&root.path.join(path));
        let (resolved, kind) =
            self.files.resolve(&full).map_err(|e| self.missing(&e, Path::new(path), &full, at))?;
        match kind {
            FileKind::File => {}
            FileKind::Directory => {
                let error = Diagnostic::error(at, format!("`{path}` is a directory; a file is needed here"));
                return Err(error.hinted("name a file in it"));
            }
            FileKind::Other => return Err(Diagnostic::error(at, format!("`{path}` is not a regular file"))),
        }
        let is_restricted = self.restriction == LoadRestriction::RootOnly || root.checkout.is_some();
        if is_restricted && !resolved.starts_with(&root.path) {
            let root = self.shown(&root.path);
            let mut error = Diagnostic::error(
                at,
                format!("`{path}` is outside of `{root}`, whose files alone may be read here"),
            );
            if full.parent().is_some_and(|p| normalized(p).starts_with(normalized(Path::new(&root))))
                || !path.contains("..")
            {
                error = error.hinted(format!("`{path}` is a symbolic link to `{}`", self.shown(&resolved)));
            }
            return Err(error.hinted(
                "refer to the directory as a base or component, copy the file, or lift the rule with `--load-restrictor LoadRestrictionsNone`",
            ));
        }
        Ok(RootedPath(resolved))
    }

    /// Returns the content of a file, read once a run and decrypted if it is encrypted.
    pub fn read(&self, path: &RootedPath, at: Span) -> Result<Rc<Source>, Diagnostic> {
        if let Some(source) = self.read.borrow().get(&path.0) {
            return Ok(source.clone());
        }
        let bytes = match path.0.is_absolute() {
            true => self.files.read(&path.0).map_err(|e| self.missing(&e, &path.0, &path.0, at))?,
            false => self.read_remote(&path.0, at)?,
        };
        let utf16 = of_utf16(&bytes);
        let shown = utf16.as_deref().map_or_else(|| String::from_utf8_lossy(&bytes), Cow::Borrowed);
        let file = self.map.borrow_mut().add(self.shown(&path.0), shown.into());
        let decrypted = match self.decrypter.and_then(|d| d.decrypt(&path.0, &bytes, file)) {
            Some(result) => Some(result?),
            None => None,
        };
        let source = Rc::new(Source { file, bytes, decrypted, utf16 });
        self.read.borrow_mut().insert(path.0.clone(), source.clone());
        Ok(source)
    }

    /// Returns where the text of a value begins: behind its quote, or with the first line of its block.
    pub(crate) fn start_of(&self, value: &Located<String>) -> Span {
        let map = self.map.borrow();
        let below = Span { line: value.span.line + 1, ..value.span };
        let indent = |line: &str| (line.len() - line.trim_start_matches(' ').len()) as u32;
        match (value.block, map.line(if value.block { below } else { value.span })) {
            (true, Some(line)) => {
                let own = value.lines().next().map(indent).unwrap_or_default();
                Span { column: indent(line).saturating_sub(own) + 1, ..below }
            }
            (true, None) => Span { column: 1, ..below },
            (false, line) => {
                let first =
                    line.and_then(|line| line.chars().nth(value.span.column.saturating_sub(1) as usize));
                let quote = u32::from(matches!(first, Some('"' | '\'')));
                Span { column: value.span.column + quote, ..value.span }
            }
        }
    }

    /// Returns the content of a file that configures the build. An encrypted one is refused: what it says goes into
    /// names, labels and messages, where nobody could tell any more that it is secret.
    pub(crate) fn read_config(&self, path: &RootedPath, at: Span) -> Result<Rc<Source>, Diagnostic> {
        let source = self.read(path, at)?;
        match &source.decrypted {
            None => Ok(source),
            Some(_) => {
                let place = Span { file: source.file, line: 1, column: 1 };
                Err(Diagnostic::error(place, "a file that configures the build cannot be encrypted")
                    .hinted("keep secrets in resources, patches and generator files"))
            }
        }
    }

    /// Returns the names in a directory, for hints.
    pub fn names(&self, root: &Root) -> Vec<String> {
        self.files.names(&root.path)
    }

    fn missing(&self, error: &FileError, path: &Path, full: &Path, at: Span) -> Diagnostic {
        let shown = if path.is_absolute() { self.shown(path) } else { path.to_string_lossy().into_owned() };
        let diagnostic = |message: String| match at.is_known() {
            true => Diagnostic::error(at, message),
            false => Diagnostic::error(at, message).with_path(shown.clone()),
        };
        match error {
            FileError::NotFound => {
                let error = diagnostic(format!("`{shown}` does not exist"));
                match self.nearest_name(full) {
                    Some(name) => error.hinted(format!("there is `{name}`")),
                    None => error.hinted(self.looked_in(full)),
                }
            }
            FileError::PermissionDenied => {
                diagnostic(format!("`{shown}` may not be read")).with_fault(Fault::Access)
            }
            FileError::TooLarge { limit } => {
                diagnostic(format!("`{shown}` is larger than {} MiB", limit >> 20))
                    .hinted("no Kubernetes object can hold a file of this size")
            }
            FileError::Other(why) => diagnostic(format!("`{shown}` cannot be read: {why}"))
                .hinted("a path leads to a file or a directory that can be read"),
        }
    }

    /// Says where a missing file was looked for.
    fn looked_in(&self, full: &Path) -> String {
        let full = normalized(full);
        let exists = |directory: &&Path| self.leads_to(directory) == Some(FileKind::Directory);
        match full.parent().filter(exists) {
            Some(directory) => match self.shown(directory).as_str() {
                "" | "." => "nothing in the current directory has a name like it".to_owned(),
                shown => format!("nothing in `{shown}` has a name like it"),
            },
            None => "the directory that it is to lie in does not exist either".to_owned(),
        }
    }

    /// Returns the path of the file that is most like the missing one, in the deepest directory that exists.
    fn nearest_name(&self, full: &Path) -> Option<String> {
        let full = normalized(full);
        let directory = full.parent()?;
        let wanted = full.file_name()?.to_string_lossy();
        let names = self.files.names(directory);
        let stem = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
        let same_stem = names.iter().find(|name| stem(name) == stem(&wanted)).map(String::as_str);
        // `prod` is short for `production`.
        let is_longer = |name: &&String| wanted.len() > 2 && name.starts_with(&*wanted);
        let longer = || names.iter().find(is_longer).map(String::as_str);
        let near = || nearest(&wanted, names.iter().map(String::as_str));
        let name = same_stem.or_else(near).or_else(longer)?;
        Some(self.shown(&directory.join(name)))
    }
}

/// Returns the text of a file in UTF-16; one without the mark, or with half a character, is none.
fn of_utf16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, rest) = bytes[2..].as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}

/// Returns `path` without `.` and `..`, by its text alone.
pub fn normalized(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = out.pop(),
            other => out.push(other),
        }
    }
    out
}

/// Returns `path` as seen from `base`; both are absolute.
pub fn relative(path: &Path, base: &Path) -> PathBuf {
    let path = normalized(path);
    let shared = path.components().zip(base.components()).take_while(|(a, b)| a == b).count();
    let up = base.components().count() - shared;
    let mut out: PathBuf = std::iter::repeat_n(Component::ParentDir, up).collect();
    out.extend(path.components().skip(shared));
    if out.as_os_str().is_empty() {
        out.push(".");
    }
    out
}
