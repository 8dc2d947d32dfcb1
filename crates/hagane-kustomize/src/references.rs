//! What kustomizations refer to, layer by layer: for whoever pins, copies or lists it without building it.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use hagane_resource::Diagnostic;
use hagane_yaml::Span;

use crate::chart::Chart;
use crate::compose::{Layer, Place};
use crate::decode::Located;
use crate::files::FileKind;
use crate::kustomization::{self, Kustomization, Loaded, OpenApi, PatchText, ReplacementEntry};
use crate::remote::Repository;
use crate::remote_directory::RemoteDirectory;
use crate::sources::{Root, Source, Sources, is_file_url, marks_repository};

/// A layer that is looked at: its kustomization, and what that refers to.
pub struct Visit {
    layer: Layer,
    file_name: &'static str,
    source: Rc<Source>,
    references: Vec<Reference>,
    charts: Vec<ChartReference>,
    chart_home: String,
    entered: Option<Entered>,
    checkout: Option<PathBuf>,
}

/// A path or URL in a kustomization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The text as it stands there.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// What it is to the kustomization.
    pub role: Role,
}

/// What a text of a kustomization refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A file of resources, or a layer.
    Resource,
    /// A component.
    Component,
    /// A file.
    File,
    /// A file of a generator, maybe with a key and `=` before it.
    FileSource,
    /// A file or a layer with configurations of generators, transformers or validators.
    Plugin,
    /// A configuration itself, in the kustomization.
    InlinePlugin,
}

/// A Helm chart of a kustomization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartReference {
    /// Where the entry stands.
    pub span: Span,
    /// Its name.
    pub name: String,
    /// Its directory, relative to the layer.
    pub directory: String,
}

/// The repository that a layer was entered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// The repository.
    pub repository: Repository,
    /// The directory of its tree.
    pub checkout: PathBuf,
    /// The path of the layer in it, symbolic links resolved.
    pub path: PathBuf,
}

/// What a reference leads to.
pub enum Found {
    /// A file of this machine or of a checkout, links in its path resolved.
    File(PathBuf, Rc<Source>),
    /// A file behind a URL.
    Url(Rc<Source>),
    /// A layer.
    Layer(Box<Visit>),
}

impl Reference {
    /// Returns the path or URL: of `key=path` the part behind the key.
    pub fn path(&self) -> &str {
        match (self.role, self.text.split_once('=')) {
            (Role::FileSource, Some((key, path))) if !key.contains("://") => path,
            _ => &self.text,
        }
    }
}

impl Visit {
    /// Looks at the layer at the top: a directory, relative to the working directory, or one in a repository.
    pub fn top(target: &Path, sources: &Sources) -> Result<Visit, Diagnostic> {
        let place = target.to_str().map_or_else(|| Place::Here(target.to_owned()), Place::of);
        let root = match &place {
            Place::Here(path) => sources.root(path, None, Span::default())?,
            Place::Elsewhere(directory) => sources.remote_root(directory, Span::default())?,
        };
        let loaded = kustomization::load(&root, sources, Span::default())?;
        let layer = Layer::top(&place, &root, loaded.file_name, Default::default());
        Visit::new(layer, loaded, &place, &root, sources, Span::default())
    }

    fn new(
        layer: Layer,
        loaded: Loaded,
        place: &Place,
        root: &Root,
        sources: &Sources,
        at: Span,
    ) -> Result<Visit, Diagnostic> {
        let source = sources.read_config(&sources.file(root, loaded.file_name, at)?, at)?;
        let checkout = sources.checkout_of(root.path());
        let entered = match place {
            Place::Here(_) => None,
            Place::Elsewhere(directory) => checkout.clone().map(|checkout| Entered {
                repository: directory.repository.clone(),
                path: root.path().strip_prefix(&checkout).map(Path::to_owned).unwrap_or_default(),
                checkout,
            }),
        };
        let kustomization = &loaded.kustomization;
        let home = &kustomization.chart_homes.charts;
        let home = if home.is_empty() { "charts" } else { home };
        Ok(Visit {
            layer,
            file_name: loaded.file_name,
            source,
            references: references(kustomization),
            charts: charts(kustomization, home),
            chart_home: home.to_owned(),
            entered,
            checkout,
        })
    }

    /// Returns the directory, links resolved.
    pub fn directory(&self) -> &Path {
        self.layer.root.path()
    }

    /// Returns the name of the kustomization file.
    pub fn file_name(&self) -> &'static str {
        self.file_name
    }

    /// Returns the kustomization file.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Returns what the kustomization refers to.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Returns the charts that it inflates.
    pub fn charts(&self) -> &[ChartReference] {
        &self.charts
    }

    /// Returns the directory of charts, as it stands there.
    pub fn chart_home(&self) -> &str {
        &self.chart_home
    }

    /// Returns the repository that the layer was entered by; nothing where it was found in the tree of the one above.
    pub fn entered(&self) -> Option<&Entered> {
        self.entered.as_ref()
    }

    /// Returns the directory of the repository that the layer lies in, if it was fetched.
    pub fn checkout(&self) -> Option<&Path> {
        self.checkout.as_deref()
    }

    /// Fetches what the references need, several at once. What fails shows when it is looked for.
    pub fn prefetch(&self, sources: &Sources) {
        let layers = self.references.iter();
        let layers = layers.filter(|r| matches!(r.role, Role::Resource | Role::Component));
        sources.prefetch(layers.map(|reference| reference.text.as_str()));
    }

    /// Returns whether something of this machine is at a path that a reference has.
    pub fn kind(&self, path: &str, sources: &Sources) -> Option<FileKind> {
        sources.kind(&self.layer.root, path)
    }

    /// Finds what a reference leads to, as composing does. An inline configuration leads nowhere.
    pub fn find(&self, reference: &Reference, sources: &Sources) -> Result<Found, Diagnostic> {
        let path = Located { value: reference.path().to_owned(), span: reference.span, block: false };
        match reference.role {
            Role::Component => self.layer(&Place::of(&path), &path, sources),
            Role::File | Role::FileSource | Role::InlinePlugin => self.file(&path, path.span, sources),
            Role::Resource | Role::Plugin => {
                let kind = sources.kind(&self.layer.root, &path);
                match Place::of(&path) {
                    _ if kind == Some(FileKind::File) => self.file(&path, path.span, sources),
                    place @ Place::Elsewhere(_) if is_file_url(&path) => {
                        self.resources_at(&path, sources).or_else(|error| {
                            // As in composing: a page about a repository is no file of resources.
                            let is_of_content = error.span.is_known() && error.span.file != path.span.file;
                            let is_better = is_of_content || !marks_repository(&path);
                            self.layer(&place, &path, sources).map_err(|e| if is_better { error } else { e })
                        })
                    }
                    place @ Place::Elsewhere(_) => self.layer(&place, &path, sources),
                    place if kind == Some(FileKind::Directory) => self.layer(&place, &path, sources),
                    _ => self.file(&path, path.span, sources),
                }
            }
        }
    }

    /// Finds the file at a path or URL, relative to the layer.
    pub fn file(&self, path: &str, at: Span, sources: &Sources) -> Result<Found, Diagnostic> {
        let file = sources.file(&self.layer.root, path, at)?;
        let source = sources.read(&file, at)?;
        Ok(if is_file_url(path) { Found::Url(source) } else { Found::File(file.path().to_owned(), source) })
    }

    fn resources_at(&self, url: &Located<String>, sources: &Sources) -> Result<Found, Diagnostic> {
        let file = sources.file(&self.layer.root, url, url.span)?;
        sources.resources(&file, url.span)?;
        sources.read(&file, url.span).map(Found::Url)
    }

    fn layer(&self, place: &Place, path: &Located<String>, sources: &Sources) -> Result<Found, Diagnostic> {
        let root = self.layer.find(place, path, sources)?;
        let loaded = kustomization::load(&root, sources, path.span)?;
        let layer = self.layer.below(place, root.clone(), loaded.file_name);
        Visit::new(layer, loaded, place, &root, sources, path.span).map(|visit| Found::Layer(Box::new(visit)))
    }
}

/// Returns the repository that a text asks for, if it is the URL of a directory in one.
pub fn repository_of(text: &str) -> Option<Repository> {
    RemoteDirectory::parse(text).map(|directory| directory.repository)
}

/// Returns what a kustomization refers to.
fn references(k: &Kustomization) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut add = |role: Role, text: &Located<String>| {
        if !text.is_empty() {
            found.push(Reference { text: text.value.clone(), span: text.span, role });
        }
    };
    if let Some(OpenApi::File(path)) = &k.openapi {
        add(Role::File, path);
    }
    k.resources.iter().for_each(|text| add(Role::Resource, text));
    k.components.iter().for_each(|text| add(Role::Component, text));
    k.configurations.iter().chain(&k.crds).for_each(|text| add(Role::File, text));
    for generator in k.config_maps.iter().chain(&k.secrets) {
        generator.envs.iter().for_each(|text| add(Role::File, text));
        generator.files.iter().for_each(|text| add(Role::FileSource, text));
    }
    for chart in &k.charts {
        chart.values_file.iter().chain(&chart.additional_values_files).for_each(|text| add(Role::File, text));
    }
    for patch in k.patches.iter().chain(&k.patches_json6902) {
        if let PatchText::Path(path) = &patch.text {
            add(Role::File, path);
        }
    }
    let is_path = |text: &&Located<String>| !is_inline(text);
    k.patches_strategic_merge.iter().filter(is_path).for_each(|text| add(Role::File, text));
    for replacement in &k.replacements {
        if let ReplacementEntry::File(path) = replacement {
            add(Role::File, path);
        }
    }
    for text in k.generators.iter().chain(&k.transformers).chain(&k.validators) {
        add(if is_inline(text) { Role::InlinePlugin } else { Role::Plugin }, text);
    }
    found
}

/// Returns whether a text that may be a path is YAML instead.
fn is_inline(text: &str) -> bool {
    text.contains('\n') || text.contains(": ") || text.starts_with(['{', '['])
}

fn charts(k: &Kustomization, home: &str) -> Vec<ChartReference> {
    let reference = |chart: &Chart| ChartReference {
        span: chart.span,
        name: chart.name.clone(),
        directory: chart_directory(home, &chart.name, &chart.version, &chart.repo),
    };
    k.charts.iter().map(reference).collect()
}

/// Returns the directory of a chart in a directory of charts: one that was pulled in a version has its own.
pub fn chart_directory(home: &str, name: &str, version: &str, repository: &str) -> String {
    match (version, repository) {
        ("", _) | (_, "") => format!("{home}/{name}"),
        (version, _) => format!("{home}/{name}-{version}/{name}"),
    }
}
