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

/// Takes the notes among the annotations of a resource for its history. Transformations that are no list stay where they
/// are, since they matter only to who adds one.
pub(crate) fn take_notes(resource: &mut Resource) -> Result<(), Diagnostic> {
    let has_names = resource.metadata_entry("annotations", FORMER_NAMES).is_some();
    let taken = resource.edit(|tree| TAKEN.map(|key| remove_annotation(tree, key).unwrap_or_default()));
    let [former_names, former_namespaces, former_kinds, prefixes, suffixes, marks @ ..] = taken;
    let [behavior, needs_hash, from_helm, origin, transformations] = marks;
    let (names, namespaces, kinds) = (parts(&former_names), parts(&former_namespaces), parts(&former_kinds));
    // Without names the rest says nothing.
    let agree = !names.is_empty() && names.len() == namespaces.len() && names.len() == kinds.len();
    if has_names && !agree {
        let message = format!("the notes about the former names of {} do not agree", resource.id());
        return Err(Diagnostic::error(resource.tree().span(), message)
            .hinted(format!("`{FORMER_NAMES}`, `…Namespaces` and `…Kinds` have as many parts each")));
    }
    let decrypted = resource.id().decrypted;
    let former = |((name, namespace), kind): ((&&str, &&str), &&str)| Former {
        kind: (*kind).into(),
        name: (*name).into(),
        namespace: (*namespace).into(),
        decrypted,
    };
    resource.formers = names.iter().zip(&namespaces).zip(&kinds).map(former).collect();
    resource.prefixes = parts(&prefixes).into_iter().map(Into::into).collect();
    resource.suffixes = parts(&suffixes).into_iter().map(Into::into).collect();
    resource.generated = !behavior.is_empty();
    resource.behavior = Behavior::of(&behavior);
    resource.needs_hash = needs_hash == "enabled";
    resource.from_helm = !from_helm.is_empty();
    resource.origin = Origin::read(&origin).into_iter().next();
    resource.transformations = Vec::new();
    match is_list_of_origins(&transformations) {
        true => resource.transformations = Origin::read(&transformations),
        false => {
            resource.edit(|tree| annotate(tree, TRANSFORMATIONS, Scalar::string(transformations.as_str())))
        }
    }
    Ok(())
}

/// Takes notes that a file brings along: they count as if kustomize had made them.
pub(crate) fn adopt_notes(resource: &mut Resource) -> Result<(), Diagnostic> {
    if !has_notes(resource.tree()) {
        return Ok(());
    }
    let referred = resource.metadata_entry("annotations", REFERRERS).is_some();
    take_notes(resource)?;
    resource.referred = referred;
    Ok(())
}

/// Refuses to add a transformation where the annotation has none to begin with.
pub(crate) fn refuse_odd_transformations(resource: &Resource) -> Result<(), Diagnostic> {
    match resource.metadata_entry("annotations", TRANSFORMATIONS) {
        None => Ok(()),
        Some(_) => {
            let message = format!("the annotation `{TRANSFORMATIONS}` of {} is no list", resource.id());
            Err(Diagnostic::error(resource.tree().span(), message)
                .hinted("take it out: the build writes it where it is asked to"))
        }
    }
}

fn is_list_of_origins(text: &str) -> bool {
    let documents = hagane_yaml::parse(text, Default::default(), &Default::default()).unwrap_or_default();
    match documents.first() {
        Some(Node::Sequence(list)) => list.items.iter().all(|item| matches!(item, Node::Mapping(_))),
        other => other.is_none_or(Node::is_null),
    }
}

/// Returns whether there are notes among the annotations.
pub(crate) fn has_notes(tree: &Node) -> bool {
    let annotations = tree.at(&["metadata", "annotations"]).and_then(Node::as_mapping);
    annotations.is_some_and(|map| map.entries.iter().any(|e| OWN.contains(&e.key.text.as_str())))
}

/// Returns whether a strategic merge patch changes the notes: it brings some, or does something to all annotations.
pub(crate) fn changes_notes(patch: &Node) -> bool {
    let is_plain = |map: &Mapping| map.get("$patch").is_none();
    match patch.get("metadata") {
        Some(Node::Mapping(metadata)) if is_plain(metadata) => match metadata.get("annotations") {
            Some(Node::Mapping(annotations)) => !is_plain(annotations) || has_notes(patch),
            other => other.is_some(),
        },
        other => other.is_some(),
    }
}

/// Puts the notes among the annotations of a resource, for a JSON patch that may see them.
pub(crate) fn put_notes(resource: &mut Resource) {
    let tree = with_notes(resource);
    resource.edit(|old| *old = tree);
}

/// Takes the notes from among the annotations after a JSON patch. kustomize puts back those about ids; where the patch has
/// taken away the origin and the transformations, they are lost.
pub(crate) fn keep_notes(resource: &mut Resource) {
    let taken = resource.edit(|tree| TAKEN.map(|key| remove_annotation(tree, key).unwrap_or_default()));
    let [.., origin, transformations] = taken;
    resource.origin = Origin::read(&origin).into_iter().next();
    resource.transformations = Origin::read(&transformations);
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
