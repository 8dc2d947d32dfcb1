//! What annotations carry of a manifest on its way through functions: its file, its place there, and which
//! one it is.
//!
//! Each annotation has two names. Functions know one or the other, so both are written, and what a function
//! changes under one counts for both.

use hagane::{Diagnostic, Node};
use hagane_yaml::{Scalar, Style};

use super::super::format;

pub(super) use super::super::format::{INDEX, PATH};

/// By which a manifest that comes back is known, for its comments and the order of its fields.
pub(super) const ID: [&str; 2] = ["internal.config.kubernetes.io/id", "config.k8s.io/id"];
/// By which a manifest that comes back is known, for its file and its place there.
const PASSING: &str = "internal.config.kubernetes.io/annotations-migration-resource-id";

/// Which of the two names are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Names([bool; 2]);

/// Where the manifests were before a function ran.
pub(super) struct Before {
    places: Vec<[Option<String>; 2]>,
    names: Names,
}

/// Notes where manifests are, and writes into each which one it is.
pub(super) fn before(list: &mut [Node]) -> Result<Before, Diagnostic> {
    let names = Names::of(list)?;
    let mut places = Vec::with_capacity(list.len());
    for (number, manifest) in list.iter_mut().enumerate() {
        if format::annotations(manifest).is_none() {
            return Err(Diagnostic::error(
                manifest.span(),
                "`metadata` and its annotations must be mappings",
            ));
        }
        let place = [PATH, INDEX].map(|pair| unite(manifest, pair, None));
        let [path, index] = place;
        places.push([path?, index?]);
        set(manifest, PASSING, &number.to_string());
    }
    Ok(Before { places, names })
}

/// Brings the two names of each annotation into line when a function has run, and removes what was written
/// for it.
pub(super) fn after(list: &mut [Node], before: &Before) -> Result<(), Diagnostic> {
    for manifest in list {
        let number = annotation(manifest, PASSING).and_then(|text| text.parse::<usize>().ok());
        let known = number.and_then(|number| before.places.get(number));
        for (pair, place) in [PATH, INDEX].into_iter().zip([0, 1]) {
            let old = known.and_then(|places| places.get(place)?.as_deref());
            unite(manifest, pair, old)?;
            for (name, is_used) in pair.into_iter().zip(before.names.0) {
                if !is_used {
                    remove(manifest, name);
                }
            }
        }
        ID.into_iter().chain([PASSING]).for_each(|name| remove(manifest, name));
    }
    Ok(())
}

/// Gives a manifest without a file the one that it is to be in.
pub(super) fn default_path(manifest: &mut Node, directory: &str) -> Result<(), Diagnostic> {
    if first(manifest, PATH).is_some() {
        return Ok(());
    }
    let text = |keys: &[&str]| manifest.at(keys).and_then(Node::as_str).unwrap_or("");
    let (kind, name) = (text(&["kind"]).to_lowercase(), text(&["metadata", "name"]));
    if kind.is_empty() || name.is_empty() {
        let message =
            format!("a new manifest has no `{}`", if kind.is_empty() { "kind" } else { "metadata.name" });
        return Err(Diagnostic::error(manifest.span(), message)
            .hinted(format!("it needs both, or the annotation `{}` with its file", PATH[0])));
    }
    let file = format!("{kind}_{name}.yaml");
    let parts = [directory, text(&["metadata", "namespace"]), &file];
    let path = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    if format::annotations(manifest).is_none() {
        return Err(Diagnostic::error(manifest.span(), "`metadata` and its annotations must be mappings"));
    }
    PATH.into_iter().rev().for_each(|key| set(manifest, key, &path));
    Ok(())
}

/// Returns the place that a manifest has in its file.
pub(super) fn index(manifest: &Node) -> Result<Option<u64>, Diagnostic> {
    let Some(text) = first(manifest, INDEX) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        Diagnostic::error(manifest.span(), format!("`{text}` is no place in a file"))
            .hinted(format!("the annotation `{}` is a number", INDEX[0]))
    })
}

/// Returns the annotation that has one of two names.
pub(super) fn first<'n>(manifest: &'n Node, names: [&str; 2]) -> Option<&'n str> {
    names.into_iter().find_map(|name| annotation(manifest, name))
}

/// Writes an annotation into a manifest whose annotations are a mapping.
pub(super) fn set(manifest: &mut Node, name: &str, text: &str) {
    let value = Node::Scalar(Scalar { style: Style::SingleQuoted, ..Scalar::string(text) });
    if let Some(annotations) = format::annotations(manifest) {
        annotations.set(name, value);
    }
}

/// Removes an annotation.
pub(super) fn remove(manifest: &mut Node, name: &str) {
    let annotations = manifest.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
    if let Some(Node::Mapping(annotations)) = annotations {
        annotations.remove(name);
    }
}

/// Removes annotations and metadata of which nothing is left.
pub(super) fn remove_empty(manifest: &mut Node) {
    let is_empty = |node: Option<&Node>| {
        node.is_some_and(|node| node.as_mapping().is_some_and(|mapping| mapping.entries.is_empty()))
    };
    let Node::Mapping(fields) = manifest else { return };
    if let Some(Node::Mapping(metadata)) = fields.get_mut("metadata")
        && is_empty(metadata.get("annotations"))
    {
        metadata.remove("annotations");
    }
    if is_empty(fields.get("metadata")) {
        fields.remove("metadata");
    }
}

fn annotation<'n>(manifest: &'n Node, name: &str) -> Option<&'n str> {
    manifest.at(&["metadata", "annotations", name])?.as_str().filter(|text| !text.is_empty())
}

/// Writes an annotation under both its names. Where they differ, the one that is not as it was before counts.
fn unite(manifest: &mut Node, pair: [&str; 2], before: Option<&str>) -> Result<Option<String>, Diagnostic> {
    let [one, other] = pair.map(|name| annotation(manifest, name));
    let text = match (one, other) {
        (None, None) => return Ok(None),
        (Some(text), None) | (None, Some(text)) => text,
        (Some(one), Some(other)) if one == other || before == Some(other) => one,
        (Some(one), Some(other)) if before == Some(one) => other,
        (Some(one), Some(other)) => {
            let message = format!("the annotations `{}` and `{}` differ", pair[0], pair[1]);
            return Err(Diagnostic::error(manifest.span(), message)
                .hinted(format!("they are two names for one thing: `{one}` or `{other}`")));
        }
    };
    let text = text.to_owned();
    for name in pair.into_iter().rev() {
        if annotation(manifest, name) != Some(&text) {
            set(manifest, name, &text);
        }
    }
    Ok(Some(text))
}

impl Names {
    /// Returns the names that manifests have; both where there is none yet.
    fn of(list: &[Node]) -> Result<Names, Diagnostic> {
        let mut names: Option<Names> = None;
        for manifest in list {
            let has = [0, 1].map(|place| {
                [PATH, INDEX, ID].iter().any(|pair| annotation(manifest, pair[place]).is_some())
            });
            match names {
                _ if has == [false, false] => {}
                None => names = Some(Names(has)),
                Some(Names(others)) if others == has => {}
                Some(_) => {
                    let message =
                        format!("some manifests have the annotation `{}` and others `{}`", PATH[0], PATH[1]);
                    return Err(Diagnostic::error(manifest.span(), message)
                        .hinted("they are two names for one thing: all manifests have the same ones"));
                }
            }
        }
        Ok(names.unwrap_or(Names([list.is_empty(); 2])))
    }
}
