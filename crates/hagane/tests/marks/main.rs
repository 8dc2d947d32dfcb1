//! Decrypted values keep their mark, wherever composing takes them.
//!
//! Random compositions of canaries: every key, value and name of the output that holds a byte of one, as it is or in base64,
//! must be marked, and what touched none must not be. `HAGANE_SEEDS=0..100000 cargo test -p hagane --test marks` tries more.

#![allow(clippy::disallowed_methods, reason = "the numbers to try are given in the environment")]

mod canary;
mod composition;

use std::path::Path;

use hagane::{Diagnostic, EmitOptions, MemoryFiles, Resource, Secrets};
use hagane_kustomize::{
    Additions, Decrypted, Decrypter, LoadRestriction, Options, Outside, OwnGenerator, Root, Sources,
    compose_with,
};
use hagane_policy::{Detail, Labelling, Policy, harden, label};
use hagane_template::{Limits, Template};
use hagane_yaml::{FileId, Node, Text};

use canary::Canaries;
use composition::Composition;

/// What the suite tries.
const SEEDS: std::ops::Range<u64> = 0..150;

/// Takes files whose name begins with `enc` for encrypted ones: of a tree, what holds a canary was.
struct Marker<'c>(&'c Canaries);

impl Decrypter for Marker<'_> {
    fn decrypt_values(&self, _: &Path, _: &mut Resource) -> Result<(), Diagnostic> {
        Ok(())
    }

    fn keeps_encrypted(&self) -> bool {
        false
    }

    fn decrypt(&self, path: &Path, content: &[u8], file: FileId) -> Option<Result<Decrypted, Diagnostic>> {
        let name = path.file_name()?.to_str()?;
        if !name.starts_with("enc") {
            return None;
        }
        let mut documents = None;
        if name.ends_with(".yaml") {
            let text = std::str::from_utf8(content).ok()?;
            let mut trees = hagane_yaml::parse(text, file, &Default::default()).ok()?;
            trees.iter_mut().for_each(|tree| self.mark(tree));
            documents = Some(trees);
        }
        let content = content.to_vec().into();
        Some(Ok(Decrypted { documents, is_secret: true, has_plain_keys: name.ends_with(".env"), content }))
    }
}

/// Renders `template.hbs` over `enc-values.yaml`.
struct Templater;

impl OwnGenerator for Templater {
    fn generate(
        &self,
        config: &Resource,
        root: &Root,
        sources: &Sources,
    ) -> Option<Result<Vec<Resource>, Diagnostic>> {
        if config.gvk().kind != "Template" {
            return None;
        }
        let read = |name: &str| {
            let at = config.tree().span();
            sources.read(&sources.file(root, name, at)?, at)
        };
        let made = || {
            let values = read("enc-values.yaml")?;
            let values = values.decrypted.as_ref().and_then(|values| values.documents.clone());
            let values = values.unwrap_or_default().pop().unwrap_or_else(Node::mapping);
            let template = read("template.hbs")?;
            Template::parse(template.text()?, template.file)?.render(&values, &Limits::default())
        };
        Some(made())
    }
}

impl Marker<'_> {
    fn mark(&self, node: &mut Node) {
        let mark = |text: &mut Text| {
            if self.0.are_in(text.as_str()) {
                *text = Text::sensitive(text.as_str().to_owned());
            }
        };
        match node {
            Node::Mapping(mapping) => mapping.entries.iter_mut().for_each(|entry| {
                mark(&mut entry.key.text);
                self.mark(&mut entry.value);
            }),
            Node::Sequence(sequence) => sequence.items.iter_mut().for_each(|item| self.mark(item)),
            Node::Scalar(scalar) => mark(&mut scalar.text),
        }
    }
}

/// Visits every key and value, with the path that leads to it.
fn visit(node: &Node, path: &str, seen: &mut dyn FnMut(&str, &Text)) {
    match node {
        Node::Mapping(mapping) => {
            for entry in &mapping.entries {
                let path = format!("{path}/{}", entry.key.text.as_str());
                seen(&path, &entry.key.text);
                visit(&entry.value, &path, seen);
            }
        }
        Node::Sequence(sequence) => sequence.items.iter().for_each(|item| visit(item, path, seen)),
        Node::Scalar(scalar) => seen(path, &scalar.text),
    }
}

/// Composes one composition. Returns whether it could be composed.
fn check(seed: u64) -> bool {
    let composition = Composition::random(seed);
    let canaries = &composition.canaries;
    let files =
        composition.files.iter().fold(MemoryFiles::new(), |files, (path, text)| files.with(path, text));
    let marker = Marker(canaries);
    let sources =
        Sources::new(&files, Some(&marker), Outside::default(), "/".into(), LoadRestriction::RootOnly);
    let additions = Additions { resources: Vec::new(), generator: Some(&Templater) };
    let mut composed = match compose_with(Path::new("/top"), &sources, &Options::default(), additions) {
        Ok(composed) => composed,
        Err(error) => {
            silent(&error.flattened(), canaries, seed);
            return false;
        }
    };
    silent(&composed.warnings, canaries, seed);
    label(&mut composed.resources, &Labelling::default(), Detail::Changes);
    harden(&mut composed.resources, &Policy::default(), Detail::Changes);
    for resource in composed.resources.iter() {
        let at = |path: &str| format!("seed {seed}: {path} of\n{}", composition.shown());
        visit(resource.tree(), "", &mut |path, text| {
            let holds = canaries.are_in(text.as_str());
            assert!(!holds || text.is_sensitive(), "a canary without a mark, {}", at(path));
            // Fields of this name are given plain values alone.
            let is_plain = path.ends_with("/plain") && !holds;
            assert!(!(is_plain && text.is_sensitive()), "a mark on a plain text, {}", at(path));
        });
        let holds = canaries.are_in(resource.name()) || canaries.are_in(resource.namespace());
        assert!(!holds || resource.id().decrypted, "a canary in an id, {}", at("its id"));
        assert!(!canaries.are_in(&resource.id().to_string()), "an id that shows a canary, {}", at("its id"));
    }
    if let Ok(text) = hagane_resource::emit(&composed.resources, EmitOptions { secrets: Secrets::Redact }) {
        assert!(!canaries.are_in(&text), "seed {seed}: redacted output shows a canary\n{text}");
    }
    true
}

/// No message shows a canary.
fn silent(diagnostics: &[Diagnostic], canaries: &Canaries, seed: u64) {
    for diagnostic in diagnostics {
        assert!(!canaries.are_in(&format!("{diagnostic:?}")), "seed {seed}: {diagnostic:?}");
    }
}

#[test]
fn canaries_are_marked_wherever_they_go() {
    let given = std::env::var("HAGANE_SEEDS").ok().and_then(|range| {
        let (start, end) = range.split_once("..")?;
        Some(start.parse().ok()?..end.parse().ok()?)
    });
    let seeds = given.unwrap_or(SEEDS);
    let tried = seeds.end - seeds.start;
    let composed = seeds.filter(|seed| check(*seed)).count() as u64;
    // Where nearly nothing composes, nearly nothing is checked.
    assert!(composed * 2 > tried, "{composed} of {tried} were composed");
}
