//! Manifests as text: the order of their fields, their annotations, lists around them.

use hagane_yaml::emit::v3::{self, SequenceIndent};
use hagane_yaml::{Mapping, Node, Scalar, Sequence, Style, Tag};

use super::package::Manifest;

/// Fields in the order in which a person wants to read them, with blanks between them; others come last, by name.
const FIELD_ORDER: &str = "\
    name generateName namespace clusterName apiVersion kind metadata type labels annotations spec \
    status stringData data binaryData parallelism completions backoffLimit replicas selector \
    manualSelector template ttlSecondsAfterFinished volumeClaimTemplates service serviceName \
    podManagementPolicy updateStrategy strategy minReadySeconds revision revisionHistoryLimit paused \
    progressDeadlineSeconds restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds \
    dnsPolicy serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork \
    hostPID hostIPC shareProcessNamespace hostname subdomain schedulerName priorityClassName priority \
    runtimeClassName enableServiceLinks nodeSelector hostAliases initContainers containers volumes \
    imagePullSecrets affinity tolerations dnsConfig readinessGates image command args workingDir ports \
    envFrom env resources volumeMounts volumeDevices livenessProbe readinessProbe lifecycle \
    terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce \
    tty clusterIP externalIPs loadBalancerIP loadBalancerSourceRanges externalName \
    externalTrafficPolicy sessionAffinity protocol port targetPort hostPort containerPort hostIP \
    readOnly mountPath subPath subPathExpr mountPropagation value valueFrom fieldRef resourceFieldRef \
    configMapKeyRef secretKeyRef prefix configMapRef secretRef";

/// The kinds whose lists are sorted where their order means nothing.
const SORTED_KINDS: [&str; 7] = [
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "ReplicaSet",
    "StatefulSet",
    "ValidatingWebhookConfiguration",
];

/// The versions of those kinds.
const SORTED_VERSIONS: [&str; 9] = [
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "batch/v1",
    "batch/v1beta1",
    "extensions/v1beta1",
    "v1",
    "admissionregistration.k8s.io/v1beta1",
    "admissionregistration.k8s.io/v1",
];

/// The annotations that say where a manifest came from; the older of two names is still read by functions.
pub(super) const INDEX: [&str; 2] = ["internal.config.kubernetes.io/index", "config.kubernetes.io/index"];
pub(super) const PATH: [&str; 2] = ["internal.config.kubernetes.io/path", "config.kubernetes.io/path"];

/// A list around manifests.
pub(super) struct Wrapping<'a> {
    pub(super) api_version: &'a str,
    pub(super) kind: &'a str,
    /// The configuration of a function, which goes beside the items.
    pub(super) function_config: Option<Node>,
}

/// Sorts the fields of a manifest that has a kind and a version, and the lists whose order means nothing.
pub(super) fn sort_fields(manifest: &mut Manifest) {
    let (kind, version) = (manifest.text("kind"), manifest.text("apiVersion"));
    if kind.is_empty() || version.is_empty() {
        return;
    }
    let sorts_lists = SORTED_KINDS.contains(&kind) && SORTED_VERSIONS.contains(&version);
    sort(&mut manifest.tree, "", sorts_lists);
}

fn sort(node: &mut Node, path: &str, sorts_lists: bool) {
    match node {
        Node::Mapping(mapping) => {
            mapping.entries.sort_by(|one, other| {
                let (one, other) = (one.key.text.as_str(), other.key.text.as_str());
                field_rank(one).cmp(&field_rank(other)).then_with(|| one.cmp(other))
            });
            for entry in &mut mapping.entries {
                let path = format!("{path}.{}", entry.key.text.as_str());
                sort(&mut entry.value, &path, sorts_lists);
            }
        }
        Node::Sequence(sequence) => {
            let text = |node: Option<&Node>| node.and_then(Node::as_str).unwrap_or("").to_owned();
            match path {
                ".spec.template.spec.containers" if sorts_lists => {
                    sequence.items.sort_by_key(|item| text(item.get("name")));
                }
                ".webhooks.rules.operations" if sorts_lists => {
                    sequence.items.sort_by_key(|item| text(Some(item)));
                }
                _ => {}
            }
            sequence.items.iter_mut().for_each(|item| sort(item, path, sorts_lists));
        }
        Node::Scalar(_) => {}
    }
}

/// Returns the place of a field; those without one come last.
pub(super) fn field_rank(name: &str) -> usize {
    FIELD_ORDER.split(' ').position(|field| field == name).unwrap_or(usize::MAX)
}

/// Writes into the annotations where a manifest came from.
pub(super) fn annotate(manifest: &mut Manifest) {
    let quoted = |text: &str| Node::Scalar(Scalar { style: Style::SingleQuoted, ..Scalar::string(text) });
    let (index, path) = (quoted(&manifest.index.to_string()), quoted(&manifest.path));
    let has_path = !manifest.path.is_empty();
    let Some(annotations) = annotations(&mut manifest.tree) else { return };
    for (index_name, path_name) in INDEX.into_iter().zip(PATH).rev() {
        annotations.set(index_name, index.clone());
        if has_path {
            annotations.set(path_name, path.clone());
        }
    }
}

/// Removes what [`annotate`] writes, and annotations that are empty then.
pub(super) fn clear(manifest: &mut Manifest) {
    let Some(Node::Mapping(metadata)) = manifest.tree.get_mut("metadata") else { return };
    let Some(Node::Mapping(annotations)) = metadata.get_mut("annotations") else { return };
    for name in INDEX.into_iter().chain(PATH) {
        annotations.remove(name);
    }
    if annotations.entries.is_empty() {
        metadata.remove("annotations");
    }
}

/// Returns the annotations of a manifest, which are made where there are none.
pub(super) fn annotations(tree: &mut Node) -> Option<&mut Mapping> {
    let mut node = tree;
    for name in ["metadata", "annotations"] {
        let mapping = node.as_mapping_mut()?;
        if mapping.get(name).is_none_or(Node::is_null) {
            mapping.set(name, Node::mapping());
        }
        node = mapping.get_mut(name)?;
    }
    node.as_mapping_mut()
}

/// Returns a tree without its comments.
pub(super) fn strip_comments(node: &mut Node) {
    if node.extra().is_some() {
        node.extra_mut().comments = hagane_yaml::Comments::default();
    }
    match node {
        Node::Mapping(mapping) => mapping.entries.iter_mut().for_each(|entry| {
            if let Some(extra) = &mut entry.key.extra {
                extra.comments = hagane_yaml::Comments::default();
            }
            strip_comments(&mut entry.value);
        }),
        Node::Sequence(sequence) => sequence.items.iter_mut().for_each(strip_comments),
        Node::Scalar(_) => {}
    }
}

/// Changes what would not be written as it was. As Go writes folded texts, a line that is indented more gains a line break
/// before it, and those at the end are doubled: they get quotes. And a merge key gets its tag in front.
pub(super) fn settle(node: &mut Node) {
    match node {
        Node::Mapping(mapping) => {
            for entry in &mut mapping.entries {
                if entry.key.tag == Tag::Merge && entry.key.tagged().is_none() {
                    entry.key.tag = Tag::Unresolved;
                }
                settle(&mut entry.value);
            }
        }
        Node::Sequence(sequence) => sequence.items.iter_mut().for_each(settle),
        Node::Scalar(scalar) => {
            let text = scalar.text.as_str();
            let is_indented = |line: &str| line.starts_with([' ', '\t']);
            if scalar.style == Style::Folded && (text.lines().any(is_indented) || text.ends_with("\n\n")) {
                scalar.style = Style::DoubleQuoted;
            }
        }
    }
}

/// Returns manifests as text, or a list of them.
pub(super) fn text(manifests: Vec<Manifest>, wrapping: Option<Wrapping>) -> String {
    let mut trees: Vec<Node> = manifests.into_iter().map(|manifest| manifest.tree).collect();
    if let Some(wrapping) = wrapping {
        let mut list = Mapping::default();
        list.push("apiVersion", Node::string(wrapping.api_version));
        list.push("kind", Node::string(wrapping.kind));
        list.push("items", Node::Sequence(Sequence { items: trees, ..Sequence::default() }));
        if let Some(config) = wrapping.function_config {
            list.push("functionConfig", config);
        }
        trees = vec![Node::Mapping(list)];
    }
    stream(&trees)
}

/// Returns documents as text.
pub(super) fn stream(trees: &[Node]) -> String {
    v3::write(trees, &v3::Options { indent: 2, sequences: SequenceIndent::Compact }).as_str().to_owned()
}

/// Returns a value in one line.
pub(super) fn in_one_line(node: &Node) -> String {
    let mut node = node.clone();
    strip_comments(&mut node);
    match &mut node {
        Node::Mapping(mapping) => mapping.flow = true,
        Node::Sequence(sequence) => sequence.flow = true,
        Node::Scalar(_) => {}
    }
    v3::kyaml(&node).trim().to_owned()
}
