//! Resources that stay encrypted: where their MAC still holds, and where it cannot.
//!
//! The MAC of a SOPS file covers its values in the order of the file, all of them, or, with `mac_only_encrypted`, those that are
//! encrypted; and each encrypted value is bound to its path. So what composing did not touch is written as it lies, in its own
//! order, and what it did touch can only stay encrypted where the MAC covers none of that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hagane_resource::ResourceSet;
use hagane_sops::{Format, detect, read_metadata};
use hagane_yaml::emit::go_v2;
use hagane_yaml::{FileId, Node, ParseOptions, Tag, parse};

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
        let only_encrypted = read_metadata(content, format, file).ok()?.is_mac_only_encrypted();
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
    let (before, after) = (parts(document), parts(resource.tree()));
    if before == after {
        return Ok(Some(document.clone()));
    }
    let written = go_v2(resource.tree()).ok();
    let written = written.and_then(|text| parse(&text, FileId::default(), &ParseOptions::default()).ok());
    let written = written.and_then(|documents| documents.into_iter().next()).unwrap_or_else(Node::mapping);
    if file.only_encrypted && encrypted(document) == encrypted(&written) {
        return Ok(None);
    }
    let changed = first_change(&before, &after).map_or("the order of its values", |part| part.path.as_str());
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

/// A part of a tree: a value, or that there is a mapping or a list.
#[derive(PartialEq, Eq)]
struct Part {
    path: String,
    text: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mapping,
    List,
    Value(Tag),
}

impl Part {
    /// Returns what parts are sorted by.
    fn place(&self) -> (&str, &str) {
        (&self.path, &self.text)
    }
}

/// Returns all parts in the order of their paths, the metadata among them: the order of fields is all that does not count.
fn parts(tree: &Node) -> Vec<Part> {
    fn walk(node: &Node, path: String, out: &mut Vec<Part>) {
        let below = |step: &str| if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
        let (kind, text) = match node {
            Node::Mapping(mapping) => {
                for entry in &mapping.entries {
                    walk(&entry.value, below(entry.key.text.as_str()), out);
                }
                (Kind::Mapping, "")
            }
            Node::Sequence(sequence) => {
                for (place, item) in sequence.items.iter().enumerate() {
                    walk(item, below(&place.to_string()), out);
                }
                (Kind::List, "")
            }
            // There are several ways to write that there is nothing.
            Node::Scalar(scalar) if scalar.is_null() => (Kind::Value(Tag::Null), ""),
            Node::Scalar(scalar) => (Kind::Value(scalar.resolved_tag()), scalar.text.as_str()),
        };
        out.push(Part { path, text: text.to_owned(), kind });
    }
    let mut out = Vec::new();
    walk(tree, String::new(), &mut out);
    out.sort_by(|one, other| one.place().cmp(&other.place()));
    out
}

/// Returns the first part that only one of two sorted lists has, rather a new one.
fn first_change<'p>(before: &'p [Part], after: &'p [Part]) -> Option<&'p Part> {
    let is_in = |others: &[Part], part: &Part| {
        let found = others.binary_search_by(|other| other.place().cmp(&part.place()));
        found.is_ok_and(|at| others[at].kind == part.kind)
    };
    let mut new = after.iter().filter(|part| !is_in(before, part));
    new.next().or_else(|| before.iter().find(|part| !is_in(after, part)))
}

/// Returns paths and texts of the encrypted values in their order, as the MAC has them: that of an item is its list's.
fn encrypted(tree: &Node) -> Vec<(String, String)> {
    fn walk(node: &Node, path: &str, out: &mut Vec<(String, String)>) {
        match node {
            Node::Mapping(mapping) => {
                for entry in &mapping.entries {
                    let key = entry.key.text.as_str();
                    let below = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                    walk(&entry.value, &below, out);
                }
            }
            Node::Sequence(sequence) => sequence.items.iter().for_each(|item| walk(item, path, out)),
            Node::Scalar(scalar) if scalar.text.as_str().starts_with(ENCRYPTED) => {
                out.push((path.to_owned(), scalar.text.as_str().to_owned()));
            }
            Node::Scalar(_) => {}
        }
    }
    let mut out = Vec::new();
    for entry in tree.as_mapping().map(|tree| tree.entries.as_slice()).unwrap_or_default() {
        if entry.key.text.as_str() != "sops" {
            walk(&entry.value, entry.key.text.as_str(), &mut out);
        }
    }
    out
}

/// Refuses ciphertext that lost the metadata to open it. A whole file in a value has its own.
fn no_ciphertext(resource: &Resource) -> Result<(), Diagnostic> {
    for Part { path, text, .. } in parts(resource.tree()) {
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
