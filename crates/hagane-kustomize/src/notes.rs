//! What happened to a resource, as the annotations that kustomize keeps it in: functions and plugins see those, and what
//! they give back counts.

use hagane_resource::{Behavior, Diagnostic, Former, Origin, Resource};
use hagane_yaml::{Mapping, Node, Scalar, Style};

pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";
const FORMER_NAMES: &str = "internal.config.kubernetes.io/previousNames";
const FORMER_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
const FORMER_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";
const REFERRERS: &str = "internal.config.kubernetes.io/refBy";
const BEHAVIOR: &str = "internal.config.kubernetes.io/generatorBehavior";
const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";
const FROM_HELM: &str = "internal.config.kubernetes.io/helm-generated";

/// The annotations that kustomize keeps its own notes in, and takes off in the end.
pub(crate) const OWN: [&str; 19] = [
    ORIGIN,
    TRANSFORMATIONS,
    FORMER_NAMES,
    FORMER_NAMESPACES,
    FORMER_KINDS,
    PREFIXES,
    SUFFIXES,
    REFERRERS,
    BEHAVIOR,
    NEEDS_HASH,
    FROM_HELM,
    "config.kubernetes.io/index",
    "config.kubernetes.io/path",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
];

/// The notes that are part of a resource's history, in the order in which they are taken.
const TAKEN: [&str; 10] = [
    FORMER_NAMES,
    FORMER_NAMESPACES,
    FORMER_KINDS,
    PREFIXES,
    SUFFIXES,
    BEHAVIOR,
    NEEDS_HASH,
    FROM_HELM,
    ORIGIN,
    TRANSFORMATIONS,
];

/// Returns the tree of a resource with its history among the annotations.
pub(crate) fn with_notes(resource: &Resource) -> Node {
    let mut tree = resource.tree().clone();
    let formers = |part: fn(&Former) -> &str| joined(resource.formers.iter().map(part));
    let behavior = match resource.behavior {
        Behavior::Create => "create",
        Behavior::Replace => "replace",
        Behavior::Merge => "merge",
        Behavior::Unspecified if resource.generated => "unspecified",
        Behavior::Unspecified => "",
    };
    let notes = [
        (ORIGIN, resource.origin.as_ref().map(Origin::to_yaml).unwrap_or_default()),
        (TRANSFORMATIONS, Origin::list_to_yaml(&resource.transformations)),
        (FORMER_NAMES, formers(|former| &former.name)),
        (FORMER_NAMESPACES, formers(|former| &former.namespace)),
        (FORMER_KINDS, formers(|former| &former.kind)),
        (PREFIXES, joined(resource.prefixes.iter().map(|prefix| prefix.as_str()))),
        (SUFFIXES, joined(resource.suffixes.iter().map(|suffix| suffix.as_str()))),
        (BEHAVIOR, behavior.to_owned()),
        (NEEDS_HASH, if resource.needs_hash { "enabled".to_owned() } else { String::new() }),
        (FROM_HELM, if resource.from_helm { "true".to_owned() } else { String::new() }),
    ];
    for (key, text) in notes.into_iter().filter(|(_, text)| !text.is_empty()) {
        annotate(&mut tree, key, Scalar::string(text));
    }
    tree
}

/// Takes the notes among the annotations of a resource for its history.
pub(crate) fn take_notes(resource: &mut Resource) -> Result<(), Diagnostic> {
    let taken = resource.edit(|tree| TAKEN.map(|key| remove_annotation(tree, key).unwrap_or_default()));
    let [former_names, former_namespaces, former_kinds, prefixes, suffixes, marks @ ..] = taken;
    let [behavior, needs_hash, from_helm, origin, transformations] = marks;
    let (names, namespaces, kinds) = (parts(&former_names), parts(&former_namespaces), parts(&former_kinds));
    if names.len() != namespaces.len() || names.len() != kinds.len() {
        let message = format!("the notes about the former names of {} do not agree", resource.id());
        return Err(Diagnostic::error(resource.tree().span(), message)
            .hinted(format!("`{FORMER_NAMES}`, `…Namespaces` and `…Kinds` have as many parts each")));
    }
    let former = |((name, namespace), kind): ((&&str, &&str), &&str)| Former {
        kind: (*kind).into(),
        name: (*name).into(),
        namespace: (*namespace).into(),
    };
    resource.formers = names.iter().zip(&namespaces).zip(&kinds).map(former).collect();
    resource.prefixes = parts(&prefixes).into_iter().map(Into::into).collect();
    resource.suffixes = parts(&suffixes).into_iter().map(Into::into).collect();
    resource.generated = !behavior.is_empty();
    resource.behavior = Behavior::of(&behavior);
    resource.needs_hash = needs_hash == "enabled";
    resource.from_helm = !from_helm.is_empty();
    resource.origin = Origin::read(&origin).into_iter().next();
    resource.transformations = Origin::read(&transformations);
    Ok(())
}

/// Sets an annotation of a tree.
pub(crate) fn annotate(tree: &mut Node, key: &str, value: Scalar) {
    let Node::Mapping(root) = tree else { return };
    let metadata = mapping_of(root, "metadata");
    mapping_of(metadata, "annotations").set(key, Node::Scalar(value));
}

/// Sets an annotation of a tree as functions are shown those that are put on for them: in quotes.
pub(crate) fn annotate_quoted(tree: &mut Node, key: &str, text: &str) {
    annotate(tree, key, Scalar { style: Style::SingleQuoted, ..Scalar::string(text) });
}

/// Removes annotations from a tree, and the mapping of annotations when it is empty then.
pub(crate) fn remove_annotation(tree: &mut Node, key: &str) -> Option<String> {
    let metadata = tree.get_mut("metadata")?.as_mapping_mut()?;
    let annotations = metadata.get_mut("annotations")?.as_mapping_mut()?;
    let value = annotations.remove(key)?;
    if annotations.entries.is_empty() {
        metadata.remove("annotations");
    }
    Some(value.as_str().unwrap_or_default().to_owned())
}

fn mapping_of<'m>(mapping: &'m mut Mapping, key: &str) -> &'m mut Mapping {
    if !matches!(mapping.get(key), Some(Node::Mapping(_))) {
        mapping.set(key, Node::mapping());
    }
    match mapping.get_mut(key) {
        Some(Node::Mapping(mapping)) => mapping,
        _ => unreachable!("put there above"),
    }
}

fn joined<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

fn parts(text: &str) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split(',').collect() }
}
