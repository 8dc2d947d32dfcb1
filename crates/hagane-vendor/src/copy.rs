//! Layers copied with all that they refer to, so that nothing is fetched any more: one walk, for every layout.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hagane_kustomize::{
    ChartReference, Entered, FileKind, Files, Found, Reference, Role, Source, Sources, Visit, normalized,
    relative,
};
use hagane_resource::Diagnostic;
use hagane_yaml::Span;

use crate::edit::with_texts;
use crate::layout::{LOCALIZED, Layout};
use crate::plugin;

/// The most layers that are copied.
const MAX_LAYERS: usize = 20_000;

/// A walk that copies.
pub(crate) struct Copying<'c, 'w> {
    sources: &'c Sources<'w>,
    files: &'c dyn Files,
    layout: Layout,
    /// What no copy may leave.
    destination: PathBuf,
    /// What was copied.
    pub(crate) copied: Copied,
    done: BTreeSet<(PathBuf, PathBuf)>,
}

/// What was copied, and from where.
#[derive(Default)]
pub(crate) struct Copied {
    /// The content of each file, by its path.
    pub(crate) files: BTreeMap<PathBuf, Arc<[u8]>>,
    /// The repositories, by the directory of their copies.
    pub(crate) repositories: BTreeMap<PathBuf, Entered>,
    /// The URLs of files, by the paths of their copies.
    pub(crate) urls: BTreeMap<PathBuf, String>,
    /// What the layers of the tree itself read: directories and files.
    pub(crate) own: BTreeSet<PathBuf>,
}

/// Whether a layer lies in the user's tree or in a repository that was fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Own,
    Fetched,
}

impl<'c, 'w> Copying<'c, 'w> {
    pub(crate) fn new(
        sources: &'c Sources<'w>,
        files: &'c dyn Files,
        layout: Layout,
        destination: PathBuf,
    ) -> Copying<'c, 'w> {
        let (copied, done) = (Copied::default(), BTreeSet::new());
        Copying { sources, files, layout, destination, copied, done }
    }

    /// Copies a layer to a directory, with what it refers to.
    pub(crate) fn layer(&mut self, visit: &Visit, to: &Path, origin: Origin) -> Result<(), Diagnostic> {
        if !self.done.insert((visit.directory().to_owned(), to.to_owned())) {
            return Ok(());
        }
        if self.done.len() > MAX_LAYERS {
            let start = Span { file: visit.source().file, line: 1, column: 1 };
            return Err(Diagnostic::error(start, format!("more than {MAX_LAYERS} layers would be copied"))
                .hinted("layers that refer to one another in many ways have a copy for each of them"));
        }
        visit.prefetch(self.sources);
        let (mut texts, mut errors) = (Vec::new(), Vec::new());
        for reference in visit.references() {
            match self.reference(visit, reference, to, origin) {
                Ok(Some(text)) if text != reference.text => texts.push((reference.span, text)),
                Ok(_) => {}
                Err(error) => errors.push(error.or_at(reference.span)),
            }
        }
        if let Err(error) = self.charts(visit, to, origin) {
            errors.push(error);
        }
        Diagnostic::refuse(errors)?;
        if origin == Origin::Own {
            self.copied.own.insert(visit.directory().to_owned());
        }
        let source = visit.source();
        let start = Span { file: source.file, line: 1, column: 1 };
        let text = with_texts(source, &texts)?;
        self.put(to.join(visit.file_name()), text.as_bytes().into(), start)
    }

    /// Copies what a reference leads to. Returns the text that refers to the copy.
    fn reference(
        &mut self,
        visit: &Visit,
        reference: &Reference,
        to: &Path,
        origin: Origin,
    ) -> Result<Option<String>, Diagnostic> {
        if reference.role == Role::InlinePlugin {
            let text = self.plugin(visit, &reference.text, reference.span, to, origin)?;
            return Ok(Some(text));
        }
        match visit.find(reference, self.sources)? {
            Found::File(path, source) => {
                refuse_gits_own(visit, &path, reference)?;
                let within = relative(&path, visit.directory());
                let content = self.content(visit, &source, reference, to, origin)?;
                if origin == Origin::Own {
                    self.copied.own.insert(path);
                }
                self.put(normalized(&to.join(&within)), content, reference.span)?;
                Ok(Some(leading_to(reference, &within)))
            }
            Found::Url(source) => {
                self.refuse_localized(visit, reference.span)?;
                let within = self.layout.file(reference.path());
                let content = self.content(visit, &source, reference, to, origin)?;
                let place = to.join(&within);
                self.put(place.clone(), content, reference.span)?;
                self.copied.urls.insert(place, reference.path().to_owned());
                Ok(Some(leading_to(reference, &within)))
            }
            Found::Layer(below) => match below.entered() {
                Some(entered) => {
                    self.refuse_localized(visit, reference.span)?;
                    let top = self.layout.repository(entered, to, reference.span)?;
                    let place = top.join(&entered.path);
                    self.same_repository(&top, entered, reference.span)?;
                    self.layer(&below, &place, Origin::Fetched)?;
                    Ok(Some(shown(&relative(&place, to))))
                }
                None => {
                    self.check_directory(below.directory(), origin, reference.span)?;
                    let within = relative(below.directory(), visit.directory());
                    self.layer(&below, &normalized(&to.join(&within)), origin)?;
                    Ok(Some(leading_to(reference, &within)))
                }
            },
        }
    }

    /// Returns the content of the copy of a file.
    fn content(
        &mut self,
        visit: &Visit,
        source: &Source,
        reference: &Reference,
        to: &Path,
        origin: Origin,
    ) -> Result<Arc<[u8]>, Diagnostic> {
        if reference.role != Role::Plugin {
            return Ok(source.bytes.clone());
        }
        let start = Span { file: source.file, line: 1, column: 1 };
        let text = self.plugin(visit, source.text()?, start, to, origin)?;
        Ok(text.as_bytes().into())
    }

    /// Copies what configurations of generators and transformers refer to. Returns their text with the new paths.
    fn plugin(
        &mut self,
        visit: &Visit,
        text: &str,
        start: Span,
        to: &Path,
        origin: Origin,
    ) -> Result<String, Diagnostic> {
        for chart in plugin::charts(text, start) {
            match self.layout {
                Layout::Localized { .. } => self.chart_home(visit, &chart.home, to, origin, start)?,
                Layout::Vendored { .. } => self.chart(visit, &chart.reference, to, origin)?,
            }
        }
        plugin::rewrite(text, start, &mut |inner| {
            let new = self.reference(visit, inner, to, origin)?;
            Ok(new.filter(|new| *new != inner.text))
        })
    }

    /// Copies the charts of a layer that lie there.
    fn charts(&mut self, visit: &Visit, to: &Path, origin: Origin) -> Result<(), Diagnostic> {
        let Some(first) = visit.charts().first() else { return Ok(()) };
        if let Layout::Localized { .. } = self.layout {
            return self.chart_home(visit, visit.chart_home(), to, origin, first.span);
        }
        visit.charts().iter().try_for_each(|chart| self.chart(visit, chart, to, origin))
    }

    /// Copies a chart, which must be there.
    fn chart(
        &mut self,
        visit: &Visit,
        chart: &ChartReference,
        to: &Path,
        origin: Origin,
    ) -> Result<(), Diagnostic> {
        if visit.kind(&chart.directory, self.sources) == Some(FileKind::Directory) {
            return self.directory(visit, &chart.directory, to, origin, chart.span);
        }
        let message = format!("the chart `{}` is not there: it would be pulled when it is built", chart.name);
        Err(Diagnostic::error(chart.span, message)
            .hinted(format!("pull it into `{}` and keep it in the repository", chart.directory)))
    }

    /// Copies a directory of charts if it is there; if not, charts will be pulled into it.
    fn chart_home(
        &mut self,
        visit: &Visit,
        home: &str,
        to: &Path,
        origin: Origin,
        at: Span,
    ) -> Result<(), Diagnostic> {
        if visit.kind(home, self.sources) != Some(FileKind::Directory) {
            return Ok(());
        }
        self.directory(visit, home, to, origin, at)
    }

    /// Copies a directory with all that is below it; what links lead to is not part of it.
    fn directory(
        &mut self,
        visit: &Visit,
        path: &str,
        to: &Path,
        origin: Origin,
        at: Span,
    ) -> Result<(), Diagnostic> {
        if Path::new(path).is_absolute() {
            let message = format!("the directory of charts `{path}` is absolute");
            return Err(Diagnostic::error(at, message).hinted("charts are copied from beside the layer"));
        }
        let from = normalized(&visit.directory().join(path));
        self.check_directory(&from, origin, at)?;
        if visit.checkout().is_some_and(|checkout| !from.starts_with(checkout)) {
            let message = format!("`{path}` leads out of the repository it stands in");
            return Err(Diagnostic::error(at, message)
                .hinted("what is fetched may not refer to the files of this machine"));
        }
        let mut waiting = vec![from.clone()];
        while let Some(next) = waiting.pop() {
            // What is git's own may hold passwords.
            for name in self.files.names(&next).into_iter().filter(|name| !name.eq_ignore_ascii_case(".git"))
            {
                let path = next.join(name);
                match self.files.resolve(&path) {
                    Ok((resolved, FileKind::Directory)) if resolved == path => waiting.push(path),
                    Ok((resolved, FileKind::File)) if resolved == path => {
                        let within = relative(&path, visit.directory());
                        let content = self.files.read(&path).map_err(|_| {
                            let shown = self.sources.shown(&path);
                            Diagnostic::error(at, format!("`{shown}` cannot be read"))
                        })?;
                        self.put(normalized(&to.join(within)), content, at)?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Refuses a directory of the user's own that lies where it cannot be copied from.
    fn check_directory(&self, directory: &Path, origin: Origin, at: Span) -> Result<(), Diagnostic> {
        let (bound, hint) = match &self.layout {
            Layout::Localized { scope } => (scope, "`--scope` names a directory that holds both"),
            Layout::Vendored { top, .. } => (top, "give `hagane vendor` a directory that holds both"),
        };
        if origin == Origin::Fetched || directory.starts_with(bound) {
            return Ok(());
        }
        let (shown, bound) = (self.sources.shown(directory), self.sources.shown(bound));
        Err(Diagnostic::error(at, format!("`{shown}` is outside of `{bound}`, and only that is copied"))
            .hinted(hint))
    }

    /// Refuses a layer that already has the directory in which `localize` keeps what is fetched.
    fn refuse_localized(&self, visit: &Visit, at: Span) -> Result<(), Diagnostic> {
        let is_localized = matches!(self.layout, Layout::Localized { .. });
        if !is_localized || visit.kind(LOCALIZED, self.sources).is_none() {
            return Ok(());
        }
        let shown = self.sources.shown(visit.directory());
        let message = format!("`{shown}` has a `{LOCALIZED}` already, where this would be kept");
        Err(Diagnostic::error(at, message).hinted("rename or remove it"))
    }

    /// Refuses two repositories whose copies would lie in one directory.
    fn same_repository(&mut self, top: &Path, entered: &Entered, at: Span) -> Result<(), Diagnostic> {
        let first = self.copied.repositories.entry(top.to_owned()).or_insert_with(|| entered.clone());
        let key = |entered: &Entered| {
            (entered.repository.url.trim_end_matches(".git").to_owned(), entered.repository.reference.clone())
        };
        if key(first) == key(entered) {
            return Ok(());
        }
        // The same repository over another transport has the same files, or the files say so.
        let is_other = first.repository.reference != entered.repository.reference;
        let shown = self.sources.shown(top);
        if is_other {
            let message = format!(
                "`{}` and `{}` of one repository would both lie in `{shown}`",
                first.repository.reference, entered.repository.reference
            );
            return Err(Diagnostic::error(at, message).hinted("refer to both by the same name or by commits"));
        }
        Ok(())
    }

    /// Notes the content of a file. Two contents for one place are refused, as is a place out of the destination.
    fn put(&mut self, place: PathBuf, content: Arc<[u8]>, at: Span) -> Result<(), Diagnostic> {
        if !place.starts_with(&self.destination) {
            let (place, top) = (self.sources.shown(&place), self.sources.shown(&self.destination));
            return Err(Diagnostic::error(at, format!("the copy `{place}` would lie outside of `{top}`")));
        }
        match self.copied.files.get(&place) {
            Some(there) if *there != content => {
                let message =
                    format!("two different files would be copied to `{}`", self.sources.shown(&place));
                Err(Diagnostic::error(at, message).hinted("one of the two is asked for here"))
            }
            _ => {
                self.copied.files.insert(place, content);
                Ok(())
            }
        }
    }
}

/// Refuses a file that git keeps beside the tree of a repository: it is none of the tree, and there may be a password
/// in it.
fn refuse_gits_own(visit: &Visit, path: &Path, reference: &Reference) -> Result<(), Diagnostic> {
    let within = visit.checkout().and_then(|checkout| path.strip_prefix(checkout).ok());
    if within.is_some_and(|within| within.iter().any(|name| name == ".git")) {
        let message = format!("`{}` is git's own, and no file of the repository", reference.path());
        return Err(Diagnostic::error(reference.span, message).hinted("commit what is needed as a file"));
    }
    Ok(())
}

/// Returns the text of a reference for a path; the one that it has where that says the same.
fn leading_to(reference: &Reference, path: &Path) -> String {
    if lexical(reference.path()) == *path {
        return reference.text.clone();
    }
    let new = shown(path);
    if reference.role != Role::FileSource {
        return new;
    }
    // Without a key, the name of the file is the key.
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    match reference.text.strip_suffix(reference.path()) {
        Some("") | None if name(&reference.text) == name(&new) => new,
        Some("") | None => format!("{}={new}", name(&reference.text)),
        Some(key) => format!("{key}{new}"),
    }
}

/// Returns a path without what says nothing, by its text alone; the way up stays.
fn lexical(path: &str) -> PathBuf {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    if parts.is_empty() { PathBuf::from(".") } else { parts.iter().collect() }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
