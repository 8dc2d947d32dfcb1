//! `hagane harden --write-patches`: the changes of the stages as patches of the overlay, for people to own.
//!
//! What is to be written is built before it is written: a patch is only any good where the layer's own prefixes, images and
//! the like leave what it says as it is.

mod overlaid;
mod target;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hagane::policy::{Ejected, PatchFormat, Report, eject};
use hagane::sops::PLACEHOLDER;
use hagane::{
    Diagnostic, FILE_NAMES, Failed, Fault, FileKind, Node, RenderOptions, Rendered, Resource, ResourceSet,
    SourceMap, World,
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
    let plain = Overlaid::new(world.files, &overlay.directory, &[]);
    let built = hagane::render(&World { files: &plain, ..*world }, directory, options)?;
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
        let mut exact: Vec<String> = Vec::new();
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
                Err(_) if !exact.is_empty() => return Err(self.not_the_same(&exact)),
                Err(failed) => return Err(failed),
            };
            // Merging puts new items of lists first: where that differs, the place of each is named.
            let mended: Vec<String> = other.iter().filter(|id| !exact.contains(id)).cloned().collect();
            if mended.is_empty() {
                return Err(self.not_the_same(&other));
            }
            exact.extend(mended);
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
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for patch in &ejected.patches {
            let target = affixes.target(&patch.resource, built)?;
            for content in &patch.contents {
                if v3::kyaml(content).contains(PLACEHOLDER) {
                    let message =
                        format!("the patch of {} would hold a value that is encrypted", patch.resource.id());
                    return Err(failure(Fault::Input, message));
                }
                let path = free_name(&patch.resource, affixes.name(&patch.resource), &files);
                let target = target.clone();
                let argument = PatchArgument { path: path.clone(), patch: String::new(), target };
                if let Err(error) = kustomization.add_patch(&argument) {
                    return Err(refused(error, source_map));
                }
                let content = with_name(content, affixes.name(&patch.resource));
                let text = format!("{}{}", reasons(report, &patch.resource), v3::kyaml(&content).as_str());
                files.insert(path, text);
            }
        }
        for resource in &ejected.added {
            let before = affixes.before(resource);
            let path = free_name(resource, before.name(), &files);
            if let Err(error) = kustomization.add_paths("resources", std::slice::from_ref(&path)) {
                return Err(refused(error, source_map));
            }
            let text = go_v2(before.tree()).map_err(|error| failure(Fault::Input, error.message))?;
            files.insert(path, format!("{}{text}", reasons(report, resource)));
        }
        let text = kustomization.text().to_owned();
        Ok(files.into_iter().chain([(self.name.to_owned(), text)]).collect())
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

    /// Builds the kustomization with the files, and returns the resources that differ from what was rendered.
    fn difference(
        &self,
        files: &[(String, String)],
        rendered: &Rendered,
        options: &RenderOptions,
        world: &World,
    ) -> Result<Option<Vec<String>>, Failed> {
        let overlaid = Overlaid::new(world.files, &self.directory, files);
        let built = hagane::render(&World { files: &overlaid, ..*world }, &self.directory, options)?;
        let texts = |set: &ResourceSet| -> BTreeMap<String, String> {
            set.iter().map(|own| (own.id().to_string(), go_v2(own.tree()).unwrap_or_default())).collect()
        };
        let (built, wanted) = (texts(&built.resources), texts(&rendered.resources));
        let ids = built.keys().chain(wanted.keys().filter(|id| !built.contains_key(*id)));
        let other: Vec<String> = ids.filter(|id| built.get(*id) != wanted.get(*id)).cloned().collect();
        Ok((!other.is_empty()).then_some(other))
    }

    fn not_the_same(&self, other: &[String]) -> Failed {
        let message =
            format!("patches in `{}` do not lead to what is rendered: {}", self.name, other.join(", "));
        let error = Diagnostic::error(Default::default(), message)
            .noted("a field of the same kustomization, or another stage of `hagane.yaml`, changes it after the patches")
            .hinted("write the patches in an overlay over this one");
        Failed { diagnostics: vec![error], source_map: SourceMap::new() }
    }
}

/// Returns a name for the file about a resource that no other has.
fn free_name(resource: &Resource, called: &str, taken: &BTreeMap<String, String>) -> String {
    let plain = |text: &str| {
        let one = |c: char| match c {
            'a'..='z' | '0'..='9' | '.' | '-' => c,
            'A'..='Z' => c.to_ascii_lowercase(),
            _ => '-',
        };
        text.chars().map(one).collect::<String>()
    };
    let name = format!("{DIRECTORY}/{}-{}", plain(&resource.gvk().kind), plain(called));
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered).map(|name| format!("{name}.yaml"));
    names.find(|name| !taken.contains_key(name)).unwrap_or(name)
}

/// Returns a patch with the name that its layer knows the resource by; operations have none.
fn with_name(content: &Node, name: &str) -> Node {
    let mut content = content.clone();
    if let Some(Node::Mapping(metadata)) = content.get_mut("metadata") {
        metadata.set("name", Node::string(name));
    }
    content
}

/// Returns the rules behind a patch and why they have something to say, as comments.
fn reasons(report: &Report, resource: &Resource) -> String {
    let mut lines: Vec<String> = Vec::new();
    for change in report.changes.iter().filter(|change| change.resource == *resource.id()) {
        let message = change.message.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = format!("# {}: {message}\n", change.rule);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.concat()
}
