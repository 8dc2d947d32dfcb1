//! `vendor/hagane.vendor`: where the copies come from, and what they are.

use std::collections::BTreeMap;

use hagane_resource::Diagnostic;
use hagane_resource::strict::check_fields;
use hagane_yaml::{FileId, Mapping, Node};

use crate::file_form::{
    API_VERSION, FileForm, content, items, line, read, repository, text_of, write_repository,
};
use crate::layout::VENDOR;
use crate::lock::{FileKey, LockedRepository, RepositoryKey};

/// The name of the file, which lies in the directory `vendor`.
pub const VENDOR_FILE: &str = "hagane.vendor";

const FORM: FileForm = FileForm { what: "the list of copies", kind: "Vendor", written_by: "hagane vendor" };

/// Where copies come from. Paths are those of the directory that was vendored, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The directories with the parts of repositories that are used. The hash is that of these parts.
    pub(crate) repositories: BTreeMap<String, (RepositoryKey, LockedRepository)>,
    /// The files, and their hashes.
    pub(crate) files: BTreeMap<String, (FileKey, String)>,
}

impl Manifest {
    /// Reads the text of the file.
    pub(crate) fn parse(text: &str, file: FileId) -> Result<Manifest, Diagnostic> {
        let top = read(text, file, &FORM)?;
        let mut manifest = Manifest::default();
        for entry in items(&top, "repositories")? {
            let fields = ["path", "url", "ref", "submodules", "commit", "content"];
            check_fields(entry, "a repository", &fields)?;
            manifest.repositories.insert(path(entry)?, repository(entry)?);
        }
        for entry in items(&top, "files")? {
            check_fields(entry, "a file", &["path", "url", "content"])?;
            let key = FileKey(text_of(entry, "url")?.to_owned());
            manifest.files.insert(path(entry)?, (key, content(entry)?));
        }
        Ok(manifest)
    }

    /// Returns the text of the file.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "# Copies of what the kustomizations here used to fetch. `hagane vendor` writes this file, and the copies.\n\
             apiVersion: {API_VERSION}\nkind: {}\n",
            FORM.kind
        );
        if !self.repositories.is_empty() {
            text.push_str("repositories:\n");
        }
        for (path, (key, locked)) in &self.repositories {
            line(&mut text, "  - path", path);
            line(&mut text, "    url", &key.url);
            write_repository(&mut text, key, locked);
        }
        if !self.files.is_empty() {
            text.push_str("files:\n");
        }
        for (path, (FileKey(url), content)) in &self.files {
            line(&mut text, "  - path", path);
            line(&mut text, "    url", url);
            line(&mut text, "    content", content);
        }
        text
    }

    /// Returns whether nothing is copied.
    pub(crate) fn is_empty(&self) -> bool {
        self.repositories.is_empty() && self.files.is_empty()
    }
}

/// Returns the path of an entry: one into a directory `vendor`, and nowhere else, since what is there may be removed.
fn path(entry: &Mapping) -> Result<String, Diagnostic> {
    let path = text_of(entry, "path")?;
    let parts: Vec<&str> = path.split('/').collect();
    let is_plain = |part: &&str| !["", ".", ".."].contains(part);
    let is_below = parts.iter().rev().skip(1).any(|part| *part == VENDOR);
    if is_below && parts.iter().all(is_plain) && !path.chars().any(char::is_control) {
        return Ok(path.to_owned());
    }
    let span = entry.get("path").map_or(entry.span, Node::span);
    Err(Diagnostic::error(span, format!("`{path}` is no path into a directory `{VENDOR}`"))
        .hinted("`hagane vendor` writes it"))
}
