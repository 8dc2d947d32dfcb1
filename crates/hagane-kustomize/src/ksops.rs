//! Generators of ksops, without ksops: what its manifests ask for, out of files that are decrypted like any other.
//!
//! A manifest of `viaduct.ai/v1`, kind `ksops`, names encrypted files whose resources it generates, and encrypted files that it
//! makes Secrets of. In both of its forms, as a plugin of the old kind and as a function, it comes to the same.

mod dotenv;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane_resource::{Diagnostic, Resource};
use hagane_yaml::{Mapping, Node, Span, Text};

use crate::decode::{Located, Object};
use crate::plugin::take_options;
use crate::sources::{Root, Source, Sources};

const API_VERSION: &str = "viaduct.ai/v1";
const KINDS: [&str; 2] = ["ksops", "ksops-exec"];

/// Returns whether a config is a manifest of ksops.
pub(crate) fn is_manifest(config: &Resource) -> bool {
    config.gvk().api_version() == API_VERSION && KINDS.contains(&config.gvk().kind.as_str())
}

/// Returns the paths that the manifests of ksops in a file name, for whoever wants to know them ahead.
pub fn ksops_files(source: &Source) -> Vec<String> {
    let resources =
        source.text().ok().and_then(|text| hagane_resource::read_documents(text, source.file).ok());
    let manifests = resources.unwrap_or_default();
    let mut files = Vec::new();
    for manifest in manifests.iter().filter(|resource| is_manifest(resource)) {
        let mut add = |node: &Node, field: &str| {
            let paths = node.get(field).and_then(Node::as_sequence).into_iter().flat_map(|list| &list.items);
            let paths = paths.filter_map(Node::as_str);
            files.extend(paths.map(|path| path.split_once('=').map_or(path, |(_, path)| path).to_owned()));
        };
        add(manifest.tree(), "files");
        let secrets = manifest.tree().get("secretFrom").and_then(Node::as_sequence);
        for secret in secrets.into_iter().flat_map(|secrets| &secrets.items) {
            ["files", "binaryFiles", "envs"].iter().for_each(|field| add(secret, field));
        }
    }
    files
}

/// Returns what ksops would generate.
pub(crate) fn generate(
    config: &Resource,
    root: &Root,
    sources: &Sources,
) -> Result<Vec<Resource>, Diagnostic> {
    let object = Object::lenient(config.tree(), "a ksops generator", &["files", "secretFrom"])?;
    let files = object.strings("files")?;
    let secrets = object.list("secretFrom", SecretFrom::decode)?;
    if object.get("files").is_none() && object.get("secretFrom").is_none() {
        let message = format!("{} names neither `files` nor `secretFrom`", config.id());
        return Err(Diagnostic::error(object.span, message).hinted("`files: [secret.enc.yaml]`"));
    }
    let mut resources = Vec::new();
    for file in &files {
        let path = sources.file(root, file, file.span)?;
        refuse_plain(&*sources.read(&path, file.span)?, file, sources)?;
        resources.extend(sources.resources(&path, file.span)?.iter().cloned());
    }
    for secret in &secrets {
        resources.push(Resource::new(secret.tree(root, sources)?));
    }
    for resource in &mut resources {
        take_options(resource, config)?;
    }
    Ok(resources)
}

/// A Secret that is made of files.
struct SecretFrom<'c> {
    span: Span,
    files: Vec<Located<String>>,
    binary_files: Vec<Located<String>>,
    envs: Vec<Located<String>>,
    metadata: Option<&'c Mapping>,
    secret_type: String,
}

impl<'c> SecretFrom<'c> {
    fn decode(node: &'c Node) -> Result<SecretFrom<'c>, Diagnostic> {
        let names = &["files", "binaryFiles", "envs", "metadata", "type"];
        let object = Object::lenient(node, "an entry of `secretFrom`", names)?;
        let metadata = object.get("metadata").and_then(Node::as_mapping);
        if metadata.and_then(|metadata| metadata.get("name")).is_none_or(Node::is_null) {
            return Err(Diagnostic::error(
                object.span,
                "an entry of `secretFrom` needs `metadata` with a `name`",
            )
            .hinted("`metadata: {name: shop}`"));
        }
        Ok(SecretFrom {
            span: object.span,
            files: object.strings("files")?,
            binary_files: object.strings("binaryFiles")?,
            envs: object.strings("envs")?,
            metadata,
            secret_type: object.text("type")?,
        })
    }

    fn tree(&self, root: &Root, sources: &Sources) -> Result<Node, Diagnostic> {
        let (mut texts, mut binary) = (BTreeMap::new(), BTreeMap::new());
        for file in &self.files {
            let (key, source) = read(file, root, sources)?;
            texts.insert(key, marked(text(&source, file)?, &source));
        }
        for file in &self.binary_files {
            let (key, source) = read(file, root, sources)?;
            let encoded = BASE64_STANDARD.encode(source.content());
            binary.insert(key, Text::with_mark(encoded, source.is_secret()));
        }
        for file in &self.envs {
            let (_, source) = read(file, root, sources)?;
            let pairs = dotenv::pairs(text(&source, file)?)
                .map_err(|(line, message)| {
                    Diagnostic::error(Span { file: source.file, line, column: 1 }, message)
                })
                .map_err(|error| Diagnostic { quotable: false, ..error })?;
            for (key, value) in pairs {
                texts.insert(key, marked(&value, &source));
            }
        }
        let mut tree = Mapping { span: self.span, ..Mapping::default() };
        tree.push("apiVersion", Node::string("v1"));
        let add = |tree: &mut Mapping, field: &str, entries: BTreeMap<String, Text>| {
            let mut data = Mapping::default();
            entries.into_iter().for_each(|(key, value)| data.push(key, Node::string(value)));
            if !data.entries.is_empty() {
                tree.push(field, Node::Mapping(data));
            }
        };
        add(&mut tree, "data", binary);
        tree.push("kind", Node::string("Secret"));
        if let Some(metadata) = self.metadata {
            tree.push("metadata", Node::Mapping(metadata.clone()));
        }
        add(&mut tree, "stringData", texts);
        if !self.secret_type.is_empty() {
            tree.push("type", Node::string(self.secret_type.as_str()));
        }
        Ok(Node::Mapping(tree))
    }
}

/// Returns the key of `path` or `key=path`, and the file.
fn read(
    file: &Located<String>,
    root: &Root,
    sources: &Sources,
) -> Result<(String, std::rc::Rc<Source>), Diagnostic> {
    let (key, path) = match file.split_once('=') {
        Some((key, path)) => (key, path),
        None => (file.rsplit('/').next().unwrap_or_default(), file.as_str()),
    };
    let source = sources.read(&sources.file(root, path, file.span)?, file.span)?;
    refuse_plain(&source, file, sources)?;
    Ok((key.to_owned(), source))
}

/// Refuses a file that nobody encrypted, as ksops does: it lies where a secret should.
fn refuse_plain(source: &Source, file: &Located<String>, sources: &Sources) -> Result<(), Diagnostic> {
    if source.decrypted.is_some() || sources.keeps_encrypted() {
        return Ok(());
    }
    let message = format!("`{}` is not encrypted, and a ksops generator takes encrypted files", **file);
    Err(Diagnostic::error(file.span, message)
        .hinted("`hagane sops encrypt --in-place` encrypts it; if it was ever pushed, change what is in it"))
}

fn text<'s>(source: &'s Source, file: &Located<String>) -> Result<&'s str, Diagnostic> {
    std::str::from_utf8(source.content()).map_err(|_| {
        Diagnostic::error(file.span, format!("`{}` does not hold text", **file))
            .hinted("list it under `binaryFiles`")
    })
}

fn marked(text: &str, source: &Source) -> Text {
    Text::with_mark(text, source.is_secret())
}
