//! Lists the images that an overlay runs, for a scanner or a mirror. No key is needed.
//!
//!     cargo run -p hagane-host --example list_images -- overlays-sample/overlays/production
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example is a program")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use hagane::{AgeKeyring, Failed, Identities, Node, RenderOptions, SecretsMode, World};
use hagane_host::Disk;

/// Returns the images of all containers, each once, in order.
fn images(directory: &Path, target: &Path) -> Result<BTreeSet<String>, Failed> {
    let keyring = AgeKeyring::new(Identities::new());
    let disk = Disk::default();
    let world = World::new(&disk, &keyring, directory);
    let options = RenderOptions { secrets: SecretsMode::Placeholder, ..RenderOptions::default() };
    let rendered = hagane::render(&world, target, &options)?;
    let mut images = BTreeSet::new();
    rendered.resources.iter().for_each(|resource| collect(resource.tree(), &mut images));
    Ok(images)
}

/// Collects the field `image` of every item of a list `containers` or `initContainers`.
fn collect(node: &Node, images: &mut BTreeSet<String>) {
    match node {
        Node::Mapping(mapping) => {
            for entry in &mapping.entries {
                if let ("containers" | "initContainers", Node::Sequence(list)) =
                    (entry.key.text.as_str(), &entry.value)
                {
                    let found = list.items.iter().filter_map(|container| container.get("image")?.as_str());
                    images.extend(found.map(str::to_owned));
                }
                collect(&entry.value, images);
            }
        }
        Node::Sequence(sequence) => sequence.items.iter().for_each(|item| collect(item, images)),
        Node::Scalar(_) => {}
    }
}

fn main() -> ExitCode {
    let target = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let directory = match hagane_host::working_directory() {
        Ok(directory) => directory,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match images(&directory, Path::new(&target)) {
        Ok(images) => {
            images.iter().for_each(|image| println!("{image}"));
            ExitCode::SUCCESS
        }
        Err(failed) => {
            failed.diagnostics.iter().for_each(|error| eprintln!("{}", error.message));
            ExitCode::FAILURE
        }
    }
}

#[test]
fn the_images_of_the_sample_are_listed() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let images = images(&repository, Path::new("overlays-sample/overlays/production"));
    let Ok(images) = images else { panic!("the sample renders") };
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    assert_eq!(
        images,
        [
            "registry.example.com/mirror/postgres@sha256:af336133d12ff9544713ef26928da77cf8dd3a667e665b867755692bbccc85f3",
            "registry.example.com/shop/catalog:2.3.0",
            "registry.example.com/shop/exporter:1.4.0",
            "registry.example.com/shop/storefront:2.4.1",
        ]
    );
}
