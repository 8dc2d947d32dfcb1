//! The lock file: YAML that people read in a merge request.

use hagane_resource::Diagnostic;
use hagane_resource::strict::check_fields;
use hagane_yaml::{FileId, Mapping};

use super::{FileKey, Lock};
use crate::file_form::{
    API_VERSION, FileForm, content, items, line, read, repository, text_of, write_repository,
};

const FORM: FileForm = FileForm { what: "the lock file", kind: "Lock", written_by: "hagane lock" };

impl Lock {
    /// Reads the text of a lock file.
    pub fn parse(text: &str, file: FileId) -> Result<Lock, Diagnostic> {
        let top = read(text, file, &FORM)?;
        let mut lock = Lock::default();
        for entry in items(&top, "repositories")? {
            check_fields(entry, "a repository", &["url", "ref", "submodules", "commit", "content"])?;
            let (key, locked) = repository(entry)?;
            if lock.repositories.insert(key, locked).is_some() {
                return Err(twice(entry));
            }
        }
        for entry in items(&top, "files")? {
            check_fields(entry, "a file", &["url", "content"])?;
            let (url, content) = (text_of(entry, "url")?, content(entry)?);
            if lock.files.insert(FileKey(url.to_owned()), content).is_some() {
                return Err(twice(entry));
            }
        }
        Ok(lock)
    }

    /// Returns the text of the lock file: the same for the same lock.
    pub fn text(&self) -> String {
        let mut text = format!(
            "# What the kustomizations here fetch. `hagane lock` writes this file, `hagane lock --update URL` changes it.\n\
             apiVersion: {API_VERSION}\nkind: {}\n",
            FORM.kind
        );
        if !self.repositories.is_empty() {
            text.push_str("repositories:\n");
        }
        for (key, locked) in &self.repositories {
            line(&mut text, "  - url", &key.url);
            write_repository(&mut text, key, locked);
        }
        if !self.files.is_empty() {
            text.push_str("files:\n");
        }
        for (FileKey(url), content) in &self.files {
            line(&mut text, "  - url", url);
            line(&mut text, "    content", content);
        }
        text
    }
}

fn twice(entry: &Mapping) -> Diagnostic {
    Diagnostic::error(entry.span, "this is locked twice").hinted("keep one entry, or run `hagane lock`")
}

#[cfg(test)]
mod tests;
