//! A tree of kustomizations that fetches nothing any more: what it fetched lies in `vendor`, and is referred to there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hagane_kustomize::{
    FileKind, Files, Remotes, Sources, TreeFile, TreeFileKind, Visit, digest, tree_hash, without_credentials,
};
use hagane_resource::{Diagnostic, Fault};
use hagane_yaml::Span;

use crate::copy::{Copied, Copying, Origin};
use crate::layout::{Layout, VENDOR};
use crate::lock::{FileKey, LockedRepository, RepositoryKey, content_hash};
use crate::manifest::{Manifest, VENDOR_FILE};
use crate::survey::{Reach, Survey, survey};
use crate::tree::kustomizations;

/// What is vendored, and to where.
#[derive(Clone, Copy)]
pub struct Vendoring<'v> {
    /// The directory whose kustomizations are to fetch nothing, absolute.
    pub top: &'v Path,
    /// The directory of the copy, absolute; nothing changes the tree itself.
    pub out: Option<&'v Path>,
    /// Names of files that are copied where they lie beside or above a layer.
    pub beside: &'v [&'v str],
    /// Whoever fetches.
    pub remotes: Option<&'v dyn Remotes>,
}

/// What is to be done so that nothing is fetched any more.
#[derive(Debug, Default)]
pub struct Vendored {
    /// The directory that holds the tree.
    pub top: PathBuf,
    /// The files to write.
    pub files: BTreeMap<PathBuf, Arc<[u8]>>,
    /// The files to remove.
    pub removed: Vec<PathBuf>,
}

/// Returns what is to be written so that the kustomizations of a directory fetch nothing any more.
pub fn vendor(request: &Vendoring, sources: &Sources, files: &dyn Files) -> Result<Vendored, Diagnostic> {
    let top = top(request, files)?;
    let to = request.out.map_or(top.clone(), Path::to_owned);
    refuse_link(&to.join(VENDOR), sources, files)?;
    if request.out.is_some() {
        check_out(&to, &top, sources, files)?;
    }
    let old = read_manifest(&top, sources)?;
    let layout = Layout::Vendored { top: top.clone(), vendor: to.join(VENDOR) };
    let mut copying = Copying::new(sources, files, layout, to.clone());
    let mut errors: Vec<Diagnostic> = Vec::new();
    for directory in layers(&top, request.out, files) {
        let visit = Visit::top(&directory, sources);
        let within = directory.strip_prefix(&top).unwrap_or(Path::new(""));
        if let Err(error) = visit.and_then(|visit| copying.layer(&visit, &to.join(within), Origin::Own)) {
            let new: Vec<Diagnostic> =
                error.flattened().into_iter().filter(|error| !errors.contains(error)).collect();
            errors.extend(new);
        }
    }
    Diagnostic::refuse(errors)?;
    let mut copied = copying.copied;
    beside(request, &top, &to, &mut copied, files);
    Made { request, top: &top, to: &to, old, sources, files }.finish(copied)
}

/// Checks, without fetching anything, that the kustomizations of a directory fetch nothing, and that the copies are as
/// they were made. Returns what is wrong.
pub fn check(request: &Vendoring, sources: &Sources, files: &dyn Files) -> Result<(), Diagnostic> {
    let top = top(request, files)?;
    let mut found = Survey::default();
    let mut errors = Vec::new();
    for directory in layers(&top, None, files) {
        if let Err(error) = survey(&directory, sources, Reach::ThisTree, &mut found) {
            errors.extend(error.flattened());
        }
    }
    for reference in &found.leaving {
        let url = without_credentials(reference.path());
        let error = Diagnostic::error(reference.span, format!("`{url}` is fetched: there is no copy of it"));
        errors.push(error.hinted("`hagane vendor` makes one"));
    }
    Diagnostic::refuse(errors)?;
    let vendored = vendor(&Vendoring { remotes: None, out: None, ..*request }, sources, files)?;
    let shown = |path: &Path| format!("`{}`", sources.shown(path));
    match (vendored.files.keys().next(), vendored.removed.first()) {
        (None, None) => Ok(()),
        (Some(path), _) => {
            let message = format!("{} is not as `hagane vendor` writes it", shown(path));
            Err(Diagnostic::error(Span::default(), message).hinted("run `hagane vendor`"))
        }
        (None, Some(path)) => {
            let message = format!("nothing asks for {} any more", shown(path));
            Err(Diagnostic::error(Span::default(), message).hinted("`hagane vendor` removes it"))
        }
    }
}

fn top(request: &Vendoring, files: &dyn Files) -> Result<PathBuf, Diagnostic> {
    match files.resolve(request.top) {
        Ok((top, FileKind::Directory)) => Ok(top),
        _ => {
            let message = format!("`{}` is no directory", request.top.display());
            Err(Diagnostic::error(Span::default(), message).with_fault(Fault::Usage))
        }
    }
}

/// Returns the directories of the user's own layers.
fn layers(top: &Path, out: Option<&Path>, files: &dyn Files) -> Vec<PathBuf> {
    let is_copy = |path: &Path| {
        let within = path.strip_prefix(top).unwrap_or(path);
        within.iter().any(|name| name == VENDOR) || out.is_some_and(|out| path.starts_with(out))
    };
    kustomizations(top, files).into_iter().filter(|path| !is_copy(path)).collect()
}

/// Refuses a directory of copies that is a link: it may lead anywhere.
fn refuse_link(vendor: &Path, sources: &Sources, files: &dyn Files) -> Result<(), Diagnostic> {
    match files.resolve(vendor) {
        Ok((resolved, FileKind::Directory)) if resolved == vendor => Ok(()),
        Err(_) => Ok(()),
        Ok(_) => {
            let message = format!("`{}` is no directory of its own", sources.shown(vendor));
            Err(Diagnostic::error(Span::default(), message)
                .hinted("the copies lie in it; remove the link or the file"))
        }
    }
}

/// Refuses to write a tree of its own over the one that it is a copy of, or over anything but an earlier copy.
fn check_out(out: &Path, top: &Path, sources: &Sources, files: &dyn Files) -> Result<(), Diagnostic> {
    let wrong = |message: String| Diagnostic::error(Span::default(), message).with_fault(Fault::Usage);
    let Ok((resolved, kind)) = files.resolve(out) else { return Ok(()) };
    let shown = sources.shown(out);
    if kind != FileKind::Directory {
        return Err(wrong(format!("`{shown}` is no directory")));
    }
    if top.starts_with(&resolved) {
        return Err(wrong(format!("`{shown}` holds what is to be copied"))
            .hinted("without a second directory, the tree itself is changed"));
    }
    let is_copy = files.resolve(&out.join(VENDOR).join(VENDOR_FILE)).is_ok();
    match files.names(out).is_empty() || is_copy {
        true => Ok(()),
        false => Err(wrong(format!("`{shown}` is there already, and is no copy that `hagane vendor` made"))
            .hinted("give it a new directory")),
    }
}

fn read_manifest(top: &Path, sources: &Sources) -> Result<Manifest, Diagnostic> {
    let root = sources.root(top, None, Span::default())?;
    let path = format!("{VENDOR}/{VENDOR_FILE}");
    if sources.kind(&root, &path) != Some(FileKind::File) {
        return Ok(Manifest::default());
    }
    let source = sources.read(&sources.file(&root, &path, Span::default())?, Span::default())?;
    Manifest::parse(source.text()?, source.file)
}

/// Copies the files that lie beside and above the layers.
fn beside(request: &Vendoring, top: &Path, to: &Path, copied: &mut Copied, files: &dyn Files) {
    let own: Vec<PathBuf> = copied.own.iter().cloned().collect();
    let directories: BTreeSet<&Path> =
        own.iter().flat_map(|path| path.ancestors().take_while(|above| above.starts_with(top))).collect();
    for directory in directories {
        for name in request.beside {
            let within = directory.strip_prefix(top).unwrap_or(Path::new(""));
            if let Ok(content) = files.read(&directory.join(name)) {
                copied.files.insert(to.join(within).join(name), content);
            }
        }
    }
}

/// What was copied, and what there was before.
struct Made<'m, 'w> {
    request: &'m Vendoring<'m>,
    top: &'m Path,
    to: &'m Path,
    old: Manifest,
    sources: &'m Sources<'w>,
    files: &'m dyn Files,
}

impl Made<'_, '_> {
    /// Returns what is to be written and removed.
    fn finish(&self, mut copied: Copied) -> Result<Vendored, Diagnostic> {
        let is_used = |path: &String| copied.own.iter().any(|own| own.starts_with(self.top.join(path)));
        let mut manifest = Manifest::default();
        // A copy that nothing refers to any more is removed, and must not take anybody's work with it.
        for (path, entry) in &self.old.repositories {
            self.refuse_changed(path, &entry.1.content)?;
            if is_used(path) {
                manifest.repositories.insert(path.clone(), entry.clone());
            }
        }
        for (path, entry) in &self.old.files {
            self.refuse_changed(path, &entry.1)?;
            if is_used(path) {
                manifest.files.insert(path.clone(), entry.clone());
            }
        }
        let mut removed: BTreeSet<PathBuf> = BTreeSet::new();
        for path in self.old.repositories.keys().chain(self.old.files.keys()) {
            if !manifest.repositories.contains_key(path) && !manifest.files.contains_key(path) {
                removed.extend(self.there(&self.to.join(path)));
            }
        }
        for (place, entered) in &copied.repositories {
            let path = self.within(place);
            let key = RepositoryKey::of(&entered.repository);
            let is_kept = manifest.repositories.contains_key(&path);
            let mut contents: BTreeMap<PathBuf, Arc<[u8]>> = BTreeMap::new();
            for file in self.there(place) {
                match (is_kept, self.files.read(&file)) {
                    (true, Ok(content)) => _ = contents.insert(file, content),
                    _ => _ = removed.insert(file),
                }
            }
            contents.extend(
                copied
                    .files
                    .range(place.clone()..)
                    .take_while(|(path, _)| path.starts_with(place))
                    .map(|(path, content)| (path.clone(), content.clone())),
            );
            let content = hash(place, &contents);
            let commit = self.commit(entered)?;
            manifest.repositories.insert(path, (key, LockedRepository { commit, content }));
        }
        for (place, url) in &copied.urls {
            let inside = copied.repositories.keys().any(|repository| place.starts_with(repository));
            if let (false, Some(content)) = (inside, copied.files.get(place)) {
                let entry = (FileKey::of(url), content_hash(content));
                manifest.files.insert(self.within(place), entry);
            }
        }
        let list = self.to.join(VENDOR).join(VENDOR_FILE);
        if self.request.out.is_some() {
            removed.extend(self.there(&self.to.join(VENDOR)));
        }
        if !manifest.is_empty() || self.request.out.is_some() {
            copied.files.insert(list, manifest.text().as_bytes().into());
        } else if !self.old.is_empty() {
            removed.insert(list);
        }
        let is_new =
            |(path, content): &(PathBuf, Arc<[u8]>)| self.files.read(path).ok().as_ref() != Some(content);
        removed.retain(|path| !copied.files.contains_key(path));
        let files = copied.files.into_iter().filter(is_new).collect();
        Ok(Vendored { top: self.to.to_owned(), files, removed: removed.into_iter().collect() })
    }

    /// Refuses copies that somebody changed.
    fn refuse_changed(&self, path: &str, content: &str) -> Result<(), Diagnostic> {
        let place = self.top.join(path);
        let found = match self.files.read(&place) {
            Ok(file) => content_hash(&file),
            Err(_) => {
                let read = |file: PathBuf| Some((file.clone(), self.files.read(&file).ok()?));
                hash(&place, &self.there(&place).into_iter().filter_map(read).collect())
            }
        };
        if found == content {
            return Ok(());
        }
        let shown = self.sources.shown(&place);
        Err(Diagnostic::error(Span::default(), format!("the copy `{shown}` is not as it was made")).with_path(shown).hinted(
            "changes belong in a layer over it; to copy it anew, refer to its URL, which `vendor/hagane.vendor` has",
        ))
    }

    fn commit(&self, entered: &hagane_kustomize::Entered) -> Result<String, Diagnostic> {
        let checkout = self.request.remotes.map(|remotes| remotes.checkout(&entered.repository, None));
        match checkout {
            Some(Ok(checkout)) => Ok(checkout.commit),
            // It has been fetched for the copy.
            _ => {
                let url = without_credentials(&entered.repository.url);
                Err(Diagnostic::error(Span::default(), format!("`{url}` cannot be read any more"))
                    .with_fault(Fault::Passing))
            }
        }
    }

    fn within(&self, place: &Path) -> String {
        place.strip_prefix(self.to).unwrap_or(place).to_string_lossy().into_owned()
    }

    /// Returns the files that are at or below a place.
    fn there(&self, place: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut waiting = vec![place.to_owned()];
        while let Some(next) = waiting.pop() {
            match self.files.resolve(&next) {
                Ok((resolved, FileKind::File)) if resolved == next => found.push(next),
                Ok((resolved, FileKind::Directory)) if resolved == next => {
                    waiting.extend(self.files.names(&next).into_iter().map(|name| next.join(name)));
                }
                _ => {}
            }
        }
        found.sort();
        found
    }
}

/// Returns the hash of the files of a copy.
fn hash(top: &Path, contents: &BTreeMap<PathBuf, Arc<[u8]>>) -> String {
    let file = |(path, content): (&PathBuf, &Arc<[u8]>)| TreeFile {
        path: path.strip_prefix(top).unwrap_or(path).to_string_lossy().into_owned().into_bytes(),
        kind: TreeFileKind::File,
        digest: digest(content),
    };
    let mut files: Vec<TreeFile> = contents.iter().map(file).collect();
    tree_hash(&mut files)
}

#[cfg(test)]
mod tests;
