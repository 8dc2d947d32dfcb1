//! Where a node came from.

use std::sync::Arc;

/// The number of a file in a [`SourceMap`]. The default is file 0, "from memory".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FileId(pub u32);

/// A position: file, line and column, both counted from 1; line 0 means that the place is not known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Span {
    /// Returns whether the place is known.
    pub fn is_known(self) -> bool {
        self.line > 0
    }
}

/// The files a run has read: their paths as shown to people, and their text as it lies on disk
/// (for an encrypted file the ciphertext, so that a quoted line never shows a secret).
#[derive(Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

struct SourceFile {
    path: String,
    text: Arc<str>,
}

/// Shows the paths alone.
impl std::fmt::Debug for SourceMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.files.iter().map(|file| &file.path)).finish()
    }
}

impl SourceMap {
    /// Returns a map whose file 0 is "from memory".
    pub fn new() -> SourceMap {
        SourceMap { files: vec![SourceFile { path: String::new(), text: "".into() }] }
    }

    /// Adds a file and returns its number. `path` is what messages show.
    pub fn add(&mut self, path: impl Into<String>, text: Arc<str>) -> FileId {
        if self.files.is_empty() {
            *self = SourceMap::new();
        }
        self.files.push(SourceFile { path: path.into(), text });
        FileId(self.files.len() as u32 - 1)
    }

    /// Returns the path of a file as messages show it; empty when the file is not known.
    pub fn path(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |f| &f.path)
    }

    /// Returns the text of a line (counted from 1) without its line break.
    pub fn line(&self, span: Span) -> Option<&str> {
        let file = self.files.get(span.file.0 as usize)?;
        let index = (span.line as usize).checked_sub(1)?;
        file.text.lines().nth(index)
    }
}
