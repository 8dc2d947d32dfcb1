//! Resources that stay encrypted: where their MAC still holds, and where it cannot.
//!
//! The MAC of a SOPS file covers its values in the order of the file, all of them, or, with `mac_only_encrypted`, those that are
//! encrypted; and each encrypted value is bound to its path. So what composing did not touch is written as it lies, in its own
//! order, and what it did touch can only stay encrypted where the MAC covers none of that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hagane_resource::ResourceSet;
use hagane_sops::{Format, detect, inspect};
use hagane_yaml::emit::go_v2;
use hagane_yaml::{FileId, Node, ParseOptions, parse};

use crate::{Diagnostic, Resource};

/// How an encrypted value begins.
const ENCRYPTED: &str = "ENC[AES256_GCM,";

/// An encrypted file as it lies.
pub(crate) struct KeptFile {
    documents: Vec<Node>,
    mac: String,
    only_encrypted: bool,
}

impl KeptFile {
    /// Returns the file, if it is one of resources.
    pub(crate) fn read(content: &[u8], format: Format, file: FileId) -> Option<KeptFile> {
        if !matches!(format, Format::Yaml | Format::Json) {
            return None;
        }
        let text = std::str::from_utf8(content).ok()?;
        let documents = parse(text, file, &ParseOptions::default()).ok()?;
        let only_encrypted = inspect(content, format, file).ok()?.metadata.is_mac_only_encrypted();
        let mac = documents.iter().find_map(mac)?.to_owned();
        Some(KeptFile { documents, mac, only_encrypted })
    }
}

fn mac(document: &Node) -> Option<&str> {
    document.at(&["sops", "mac"])?.as_str()
}

/// Returns for each resource the tree that is written in its place, where the order of its fields is what its MAC holds for.
pub(crate) fn keep(resources: &ResourceSet, files: &[KeptFile]) -> Result<Vec<Option<Node>>, Diagnostic> {
    let mut errors = Vec::new();
    let mut kept = Vec::with_capacity(resources.len());
    for resource in resources.iter() {
        kept.push(
            match resource.tree().get("sops") {
                Some(_) => as_it_lies(resource, files),
                None => no_ciphertext(resource).map(|()| None),
            }
            .unwrap_or_else(|error| {
                errors.push(error);
                None
            }),
        );
    }
    Diagnostic::refuse(errors).map(|()| kept)
}

fn as_it_lies(resource: &Resource, files: &[KeptFile]) -> Result<Option<Node>, Diagnostic> {
    let refused = |why: String| {
        Diagnostic::error(resource.tree().span(), format!("{} cannot stay encrypted: {why}", resource.id()))
    };
    let own = mac(resource.tree()).and_then(|mac| files.iter().find(|file| file.mac == mac));
    let Some(file) = own else {
        return Err(refused("its MAC is that of no file that was read".into()));
    };
    let [document] = file.documents.as_slice() else {
        return Err(refused("its MAC covers all documents of its file".into())
            .hinted("put each encrypted resource into a file of its own"));
    };
    let (before, after) = (values(document, false), values(resource.tree(), false));
    let sorted = |mut values: Vec<(String, String)>| {
        values.sort();
        values
    };
    if sorted(before.clone()) == sorted(after.clone()) {
        return Ok(Some(document.clone()));
    }
    let written = go_v2(resource.tree()).ok();
    let written = written.and_then(|text| parse(&text, FileId::default(), &ParseOptions::default()).ok());
    let written = written.and_then(|documents| documents.into_iter().next()).unwrap_or_else(Node::mapping);
    if file.only_encrypted && values(document, true) == values(&written, true) {
        return Ok(None);
    }
    let is_there = |all: &[(String, String)], one: &(String, String)| all.iter().any(|other| other == one);
    let changed = after
        .iter()
        .find(|value| !is_there(&before, value))
        .or_else(|| before.iter().find(|value| !is_there(&after, value)))
        .map_or("the order of its values", |(path, _)| path.as_str());
    let error = refused(format!("composing changes `{changed}`, and its MAC would no longer hold"));
    Err(match file.only_encrypted {
        false => error
            .hinted(
                "with `mac_only_encrypted: true` in `.sops.yaml` only encrypted values must stay as they are",
            )
            .hinted("`--secrets decrypt` and `--secrets placeholder` can change it"),
        true => error.hinted("the encrypted values must stay where they are, in the order of their names"),
    })
}

/// Returns paths and texts of values in their order; without the metadata.
fn values(tree: &Node, only_encrypted: bool) -> Vec<(String, String)> {
    fn walk(node: &Node, path: &str, only_encrypted: bool, out: &mut Vec<(String, String)>) {
        match node {
            Node::Mapping(mapping) => {
                for entry in &mapping.entries {
                    let key = entry.key.text.as_str();
                    let below = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                    walk(&entry.value, &below, only_encrypted, out);
                }
            }
            Node::Sequence(sequence) => {
                sequence.items.iter().for_each(|item| walk(item, path, only_encrypted, out));
            }
            Node::Scalar(scalar) => {
                let text = scalar.text.as_str();
                if !only_encrypted || text.starts_with(ENCRYPTED) {
                    out.push((path.to_owned(), text.to_owned()));
                }
            }
        }
    }
    let mut out = Vec::new();
    for entry in tree.as_mapping().map(|tree| tree.entries.as_slice()).unwrap_or_default() {
        if entry.key.text.as_str() != "sops" {
            walk(&entry.value, entry.key.text.as_str(), only_encrypted, &mut out);
        }
    }
    out
}

/// Refuses ciphertext that lost the metadata to open it. A whole file in a value has its own.
fn no_ciphertext(resource: &Resource) -> Result<(), Diagnostic> {
    for (path, text) in values(resource.tree(), false) {
        let decoded =
            STANDARD.decode(text.replace('\n', "")).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let texts = [Some(text), decoded];
        let mut texts = texts.iter().flatten().filter(|text| text.contains(ENCRYPTED));
        if texts.any(|text| detect(text.as_bytes(), Format::Yaml).is_none()) {
            let message = format!(
                "{} cannot stay encrypted: `{path}` holds an encrypted value without its metadata",
                resource.id()
            );
            return Err(Diagnostic::error(resource.tree().span(), message)
                .hinted("an encrypted value can be opened only in its own file, at its own place")
                .hinted("use the whole file: in `resources`, or in `files` of a generator"));
        }
    }
    Ok(())
}
