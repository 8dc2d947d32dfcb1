//! Manifests that come from functions, as text and as files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use hagane::{Diagnostic, Failed, Fault, FileKind, Node, Span};
use hagane_host::{remove_files, write_tree};
use hagane_yaml::emit::json_indented;

use super::super::format;
use super::super::package::{Package, Stray};
use super::tracked::{self, INDEX, PATH};
use crate::{Surroundings, failure};

/// What is to change in a directory.
pub(super) struct Changes {
    written: Vec<(PathBuf, String)>,
    removed: Vec<PathBuf>,
}

/// Returns manifests as they are printed: their files stay in the annotations.
pub(super) fn printed(mut list: Vec<Node>) -> String {
    let is_json =
        is_json(&list, list.first().and_then(|manifest| tracked::first(manifest, PATH)).unwrap_or(""));
    for manifest in &mut list {
        INDEX.into_iter().for_each(|name| tracked::remove(manifest, name));
        tracked::remove_empty(manifest);
        format::settle(manifest);
    }
    text(&list, is_json)
}

impl Changes {
    /// Returns what is to change in the directory `top`, of whose files `held` had manifests and all of
    /// `files` were read. Nothing is written yet.
    pub(super) fn of(
        list: Vec<Node>,
        held: &BTreeSet<String>,
        files: &BTreeSet<String>,
        top: &Path,
        surroundings: &Surroundings,
    ) -> Result<Changes, Diagnostic> {
        let mut errors = Vec::new();
        let mut new: BTreeMap<String, Vec<Node>> = BTreeMap::new();
        for manifest in list {
            match destination(&manifest) {
                Ok(path) => new.entry(path).or_default().push(manifest),
                Err(error) => errors.push(error),
            }
        }
        Diagnostic::refuse(errors)?;
        let check = |(path, manifests): (&String, &Vec<Node>)| {
            let at = manifests.first().map(Node::span).unwrap_or_default();
            may_be_written(path, at, &new, files, top, surroundings).err()
        };
        Diagnostic::refuse(new.iter().filter_map(check).collect())?;
        let removed =
            held.iter().filter(|path| !new.contains_key(*path)).map(|path| top.join(path)).collect();
        let mut written = Vec::new();
        let mut errors = Vec::new();
        for (path, manifests) in new {
            let at = manifests.first().map(Node::span).unwrap_or_default();
            let encrypted = manifests.iter().find(|manifest| is_encrypted(manifest)).map(Node::span);
            let text = file_text(manifests, &path)?;
            let place = top.join(&path);
            let content = surroundings.files.read(&place).unwrap_or_default();
            if *content == *text.as_bytes() {
                continue;
            }
            let before = Before::of(&content, &path);
            if before.text == text {
                continue;
            }
            // Without its MAC the values of a file are lost for good, so what it has by now counts as well.
            match encrypted.or_else(|| before.is_encrypted.then_some(at)) {
                Some(at) => errors.push(breaks_mac(&path, at)),
                None => written.push((place, text)),
            }
        }
        Diagnostic::refuse(errors).map(|()| Changes { written, removed })
    }

    /// Writes what is to change.
    pub(super) fn write(&self, top: &Path, surroundings: &Surroundings) -> Result<(), Failed> {
        let files = self.written.iter().map(|(path, text)| (path.as_path(), text.as_bytes()));
        write_tree(top, files).and_then(|()| remove_files(top, &self.removed)).map_err(|(path, error)| {
            let path = hagane::relative(&path, &surroundings.directory);
            let message = format!("cannot write `{}`: {}", path.display(), hagane_host::words(&error));
            failure(Fault::Access, message)
        })
    }
}

/// What a file has that is to be written.
struct Before {
    /// Its manifests, laid out as what is written; nothing where it has none, or they cannot be read.
    text: String,
    is_encrypted: bool,
}

impl Before {
    fn of(content: &[u8], path: &str) -> Before {
        let mut manifests = Package::default().documents(content, path, Stray::Kept).unwrap_or_default();
        let is_encrypted = manifests.iter().any(is_encrypted);
        manifests.iter_mut().for_each(format::settle);
        Before { text: text(&manifests, is_json(&manifests, path)), is_encrypted }
    }
}

/// Returns whether SOPS encrypted a manifest, and authenticates all of it.
fn is_encrypted(manifest: &Node) -> bool {
    manifest.at(&["sops", "mac"]).is_some_and(|mac| !mac.is_null())
}

fn breaks_mac(path: &str, at: Span) -> Diagnostic {
    Diagnostic::error(
        at,
        format!("the file `{path}` is encrypted, and functions do not change or move what is"),
    )
    .hinted("its MAC holds for all of its values: without it nobody can decrypt them; `hagane sops edit` changes them")
    .hinted("a function in a directory is given what lies beside and below it, and nothing else")
}

/// Returns the file that a manifest goes to, below the directory.
fn destination(manifest: &Node) -> Result<String, Diagnostic> {
    let at = manifest.span();
    let Some(path) = tracked::first(manifest, PATH) else {
        return Err(Diagnostic::error(at, format!("a manifest has no annotation `{}`", PATH[0])));
    };
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::CurDir => {}
            _ => {
                return Err(Diagnostic::error(
                    at,
                    format!("the file `{path}` is not in or below the directory"),
                )
                .hinted("a path without `..` and without a slash at its start is"));
            }
        }
    }
    if parts.iter().any(|part| part.eq_ignore_ascii_case(".git")) || path.contains(char::is_control) {
        return Err(Diagnostic::error(at, format!("the file `{path}` is none for manifests")));
    }
    Ok(parts.join("/"))
}

/// Refuses files through which something else would be written over.
fn may_be_written(
    path: &str,
    at: Span,
    new: &BTreeMap<String, Vec<Node>>,
    files: &BTreeSet<String>,
    top: &Path,
    surroundings: &Surroundings,
) -> Result<(), Diagnostic> {
    let error = |what: &str| Diagnostic::error(at, format!("the file `{path}` cannot be written: {what}"));
    let leads_out = "a link leads out of the directory";
    match surroundings.files.resolve(&top.join(path)) {
        Ok((_, FileKind::Directory)) => return Err(error("a directory has its name")),
        Ok((resolved, _)) if !resolved.starts_with(top) => return Err(error(leads_out)),
        Ok(_) if !files.contains(path) => {
            return Err(error("it is there, and its manifests were not read")
                .hinted("what functions were not given they cannot replace"));
        }
        _ => {}
    }
    for above in Path::new(path).ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
        if above.to_str().is_some_and(|above| new.contains_key(above)) {
            return Err(error("another manifest goes to a file that has the name of its directory"));
        }
        match surroundings.files.resolve(&top.join(above)) {
            Ok((resolved, FileKind::Directory)) if resolved.starts_with(top) => {}
            Ok((_, FileKind::Directory)) => return Err(error(leads_out)),
            Ok(_) => return Err(error("a file has the name of its directory")),
            Err(_) => {}
        }
    }
    Ok(())
}

/// Returns the text of a file: its manifests in the order of their places, new ones behind those that are
/// there.
fn file_text(manifests: Vec<Node>, path: &str) -> Result<String, Diagnostic> {
    let mut placed = Vec::with_capacity(manifests.len());
    let mut next = 0;
    for manifest in manifests {
        let index = tracked::index(&manifest)?;
        next = next.max(index.unwrap_or(0));
        placed.push((index, manifest));
    }
    for (index, _) in placed.iter_mut().filter(|(index, _)| index.is_none()) {
        *index = Some(next);
        next = next.saturating_add(1);
    }
    placed.sort_by_key(|(index, _)| *index);
    let mut list: Vec<Node> = placed.into_iter().map(|(_, manifest)| manifest).collect();
    for manifest in &mut list {
        PATH.into_iter().chain(INDEX).for_each(|name| tracked::remove(manifest, name));
        tracked::remove_empty(manifest);
        format::settle(manifest);
    }
    Ok(text(&list, is_json(&list, path)))
}

fn text(list: &[Node], is_json: bool) -> String {
    let json = || json_indented(list.first().filter(|_| is_json)?, "  ");
    json().map_or_else(|| format::stream(list), |json| json + "\n")
}

/// Returns whether manifests are written as JSON: one alone in a file that is named so.
fn is_json(list: &[Node], path: &str) -> bool {
    list.len() == 1 && path.ends_with(".json")
}
