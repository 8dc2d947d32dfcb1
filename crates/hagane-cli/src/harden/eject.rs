//! `hagane harden --write-patches`: the changes of the stages as patches of the overlay, for people to own.
//!
//! What is to be written is built before it is written: a patch is only any good where the layer's own prefixes, images and
//! the like leave what it says as it is.

mod overlaid;
mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hagane::policy::{Ejected, PatchFormat, Report, eject};
use hagane::{
    Diagnostic, FILE_NAMES, Failed, Fault, FileKind, Node, RenderOptions, Rendered, ResId, Resource,
    ResourceSet, SourceMap, Stages, World,
};
use hagane_edit::{Kustomization, PatchArgument};
use hagane_host::write_tree;
use hagane_yaml::emit::{go_v2, v3};

use crate::{Surroundings, failure, output};
use overlaid::Overlaid;
use target::Affixes;

/// The directory of the patches, beside the kustomization.
const DIRECTORY: &str = "hardening";

/// Files to write.
pub(super) struct Files {
    directory: PathBuf,
    /// Their names from the directory on, and contents.
    files: Vec<(String, String)>,
}

/// Returns what leads from what the kustomization builds to what was rendered of it.
pub(super) fn files(
    directory: &Path,
    rendered: &Rendered,
    options: &RenderOptions,
    world: &World,
) -> Result<Files, Failed> {
    let overlay = Overlay::open(directory, world)?;
    let built =
        hagane::render(world, directory, &RenderOptions { stages: Stages::Composing, ..options.clone() })?;
    let files = overlay.files(&built.resources, rendered, options, world)?;
    Ok(Files { directory: overlay.directory, files })
}

impl Files {
    /// Writes the files and prints their names; or prints them, and writes nothing.
    pub(super) fn write(&self, dry_run: bool, surroundings: &mut Surroundings) -> Result<(), Failed> {
        if self.files.is_empty() {
            let text = b"nothing to write: the kustomization builds what is rendered\n";
            return output::print(text, surroundings);
        }
        let mut said = String::new();
        for (name, content) in &self.files {
            let _ = match dry_run {
                true => writeln!(said, "--- # {name}\n{}", content.trim_end()),
                false => writeln!(said, "{name}"),
            };
        }
        if !dry_run {
            let paths: Vec<PathBuf> = self.files.iter().map(|(name, _)| self.directory.join(name)).collect();
            let contents = self.files.iter().map(|(_, content)| content.as_bytes());
            let files = paths.iter().map(PathBuf::as_path).zip(contents);
            write_tree(&self.directory, files).map_err(|(path, error)| {
                let words = hagane_host::words(&error);
                failure(Fault::Access, format!("cannot write `{}`: {words}", path.display()))
            })?;
        }
        output::print(said.as_bytes(), surroundings)
    }
}

/// The layer that gets the patches.
struct Overlay {
    directory: PathBuf,
    /// The name of the kustomization file.
    name: &'static str,
    text: String,
}

impl Overlay {
    fn open(target: &Path, world: &World) -> Result<Overlay, Failed> {
        let shown = target.display();
        let Ok((directory, FileKind::Directory)) = world.files.resolve(&world.directory.join(target)) else {
            let message = format!("`{shown}` is no directory here: only what lies here can be written to");
            return Err(failure(Fault::Usage, message));
        };
        let is_there = |name: &&str| world.files.resolve(&directory.join(name)).is_ok();
        let Some(name) = FILE_NAMES.into_iter().find(is_there) else {
            return Err(failure(Fault::Usage, format!("`{shown}` has no kustomization")));
        };
        let content = world.files.read(&directory.join(name)).ok();
        let text = content.and_then(|content| String::from_utf8(content.to_vec()).ok());
        let text = text.ok_or_else(|| failure(Fault::Input, format!("`{name}` cannot be read")))?;
        Ok(Overlay { directory, name, text })
    }

    /// Returns the files to write, by their names from the overlay on: patches, added resources, the kustomization.
    fn files(
        &self,
        built: &ResourceSet,
        rendered: &Rendered,
        options: &RenderOptions,
        world: &World,
    ) -> Result<Vec<(String, String)>, Failed> {
        let mut exact: BTreeSet<String> = BTreeSet::new();
        loop {
            let format = |resource: &Resource| match exact.contains(&resource.id().to_string()) {
                true => PatchFormat::Split,
                false => PatchFormat::Merge,
            };
            let ejected = eject(built, &rendered.resources, format);
            if ejected.patches.is_empty() && ejected.added.is_empty() {
                return Ok(Vec::new());
            }
            let files = self.written(&ejected, built, &rendered.report)?;
            self.check_free(&files, world)?;
            let other = match self.difference(&files, rendered, options, world) {
                Ok(None) => return Ok(files),
                Ok(Some(other)) => other,
                // What merging can do and operations cannot is not there when the patches are laid on.
                Err(_) if !exact.is_empty() => return Err(self.not_the_same(exact)),
                Err(failed) => return Err(failed),
            };
            // Merging puts new items of lists first: where that differs, the place of each is named.
            let before = exact.len();
            exact.extend(other.iter().cloned());
            if exact.len() == before {
                return Err(self.not_the_same(other));
            }
        }
    }

    fn written(
        &self,
        ejected: &Ejected,
        built: &ResourceSet,
        report: &Report,
    ) -> Result<Vec<(String, String)>, Failed> {
        let (mut source_map, refused) = (SourceMap::new(), |error: Diagnostic, source_map| Failed {
            diagnostics: error.flattened(),
            source_map,
        });
        let file = source_map.add(self.name, self.text.as_str().into());
        let mut kustomization = match Kustomization::read(&self.text, file) {
            Ok(kustomization) => kustomization,
            Err(error) => return Err(refused(error, source_map)),
        };
        let affixes = Affixes::read(&self.text);
        let (called, reasons) = (affixes.called(built), Reasons::of(report));
        let mut files = Written::default();
        let mut arguments = Vec::new();
        for patch in &ejected.patches {
            refuse_secret(&patch.resource, patch.is_secret, "patch of")?;
            let target = affixes.target(&patch.resource, &called)?;
            let name = affixes.name(&patch.resource);
            for content in &patch.contents {
                let text = v3::kyaml(&with_name(content, name)).as_str().to_owned();
                let path =
                    files.add(&patch.resource, name, format!("{}{text}", reasons.about(&patch.resource)));
                arguments.push(PatchArgument { path, patch: String::new(), target: target.clone() });
            }
        }
        let mut paths = Vec::new();
        for resource in &ejected.added {
            refuse_secret(resource, resource.tree().is_sensitive(), "file of")?;
            let before = affixes.before(resource);
            let text = go_v2(before.tree()).map_err(|error| failure(Fault::Input, error.message))?;
            paths.push(files.add(resource, before.name(), format!("{}{text}", reasons.about(resource))));
        }
        let added =
            kustomization.add_patches(&arguments).and_then(|()| kustomization.add_paths("resources", &paths));
        if let Err(error) = added {
            return Err(refused(error, source_map));
        }
        let text = kustomization.text().to_owned();
        Ok(files.files.into_iter().chain([(self.name.to_owned(), text)]).collect())
    }

    /// Refuses to write over what is there.
    fn check_free(&self, files: &[(String, String)], world: &World) -> Result<(), Failed> {
        let is_taken =
            |name: &&String| **name != self.name && world.files.resolve(&self.directory.join(name)).is_ok();
        match files.iter().map(|(name, _)| name).find(is_taken) {
            None => Ok(()),
            Some(name) => {
                let error = Diagnostic::error(Default::default(), format!("`{name}` is there already"));
                let hint = "write into it what `hagane harden` reports; or take it and its entry in the kustomization away, \
                            and all is written anew";
                Err(Failed { diagnostics: vec![error.hinted(hint)], source_map: SourceMap::new() })
            }
        }
    }

    /// Renders the kustomization with the files, and returns the resources that differ from what was rendered: once all is
    /// composed, or at the end, since the stages may run again.
    fn difference(
        &self,
        files: &[(String, String)],
        rendered: &Rendered,
        options: &RenderOptions,
        world: &World,
    ) -> Result<Option<Vec<String>>, Failed> {
        let overlaid = Overlaid::new(world.files, &self.directory, files);
        let world = World { files: &overlaid, ..*world };
        let texts = |set: &ResourceSet| -> BTreeMap<String, String> {
            set.iter().map(|own| (own.id().to_string(), go_v2(own.tree()).unwrap_or_default())).collect()
        };
        let wanted = texts(&rendered.resources);
        for stages in [Stages::Composing, Stages::All] {
            let options = RenderOptions { stages, ..options.clone() };
            let built = texts(&hagane::render(&world, &self.directory, &options)?.resources);
            let ids = built.keys().chain(wanted.keys().filter(|id| !built.contains_key(*id)));
            let other: Vec<String> = ids.filter(|id| built.get(*id) != wanted.get(*id)).cloned().collect();
            if !other.is_empty() {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }

    fn not_the_same(&self, other: impl IntoIterator<Item = String>) -> Failed {
        let other: Vec<String> = other.into_iter().collect();
        let message =
            format!("patches in `{}` do not lead to what is rendered: {}", self.name, other.join(", "));
        let error = Diagnostic::error(Default::default(), message)
            .noted("a field of the same kustomization, or another stage of `hagane.yaml`, changes it after the patches")
            .hinted("write the patches in an overlay over this one");
        Failed { diagnostics: vec![error], source_map: SourceMap::new() }
    }
}

/// Refuses to write what comes of an encrypted value, or takes its place: nothing here knows it.
fn refuse_secret(resource: &Resource, is_secret: bool, what: &str) -> Result<(), Failed> {
    if !is_secret && !resource.id().decrypted {
        return Ok(());
    }
    let message =
        format!("the {what} {} would hold a value that is encrypted, or what comes of one", resource.id());
    let hint = "opt the resource out of the rules that look at the value, or write the patch by hand";
    let error = Diagnostic::error(Default::default(), message).hinted(hint);
    Err(Failed { diagnostics: vec![error], source_map: SourceMap::new() })
}

/// The files about resources.
#[derive(Default)]
struct Written {
    files: BTreeMap<String, String>,
    /// How many there are of a name.
    counts: BTreeMap<String, usize>,
}

impl Written {
    /// Adds a file and returns its name, which no other has.
    fn add(&mut self, resource: &Resource, called: &str, text: String) -> String {
        let plain = |text: &str| {
            let one = |c: char| match c {
                'a'..='z' | '0'..='9' | '.' | '-' => c,
                'A'..='Z' => c.to_ascii_lowercase(),
                _ => '-',
            };
            text.chars().map(one).collect::<String>()
        };
        let name = format!("{DIRECTORY}/{}-{}", plain(&resource.gvk().kind), plain(called));
        let count = self.counts.entry(name.clone()).or_default();
        let path = loop {
            *count += 1;
            let path = if *count == 1 { format!("{name}.yaml") } else { format!("{name}-{count}.yaml") };
            if !self.files.contains_key(&path) {
                break path;
            }
        };
        self.files.insert(path.clone(), text);
        path
    }
}

/// Returns a patch with the name that its layer knows the resource by; operations have none.
fn with_name(content: &Node, name: &str) -> Node {
    let mut content = content.clone();
    if let Some(Node::Mapping(metadata)) = content.get_mut("metadata") {
        metadata.set("name", Node::string(name));
    }
    content
}

/// The rules behind patches and why they have something to say, as comments, by resource: its kind, name and namespace, since
/// its version may be another one.
struct Reasons<'r>(BTreeMap<[&'r str; 3], Vec<String>>);

impl Reasons<'_> {
    fn of(report: &Report) -> Reasons<'_> {
        let mut all: BTreeMap<[&str; 3], Vec<String>> = BTreeMap::new();
        for change in &report.changes {
            let message = change.message.split_whitespace().collect::<Vec<_>>().join(" ");
            all.entry(key(&change.resource)).or_default().push(format!("# {}: {message}\n", change.rule));
        }
        Reasons(all)
    }

    /// Returns the comments, each once.
    fn about(&self, resource: &Resource) -> String {
        let lines = self.0.get(&key(resource.id())).map_or(&[][..], Vec::as_slice);
        let mut told = BTreeSet::new();
        lines.iter().filter(|line| told.insert(*line)).map(String::as_str).collect()
    }
}

fn key(id: &ResId) -> [&str; 3] {
    [id.gvk.kind.as_str(), id.name.as_str(), id.namespace.as_str()]
}
