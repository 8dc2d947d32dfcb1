//! NetworkPolicies for namespaces whose pods take everything from everybody.

use std::collections::BTreeMap;

use hagane_resource::Resource;
use hagane_yaml::{Mapping, Node, Text};

use crate::additions::{Addition, SetScope};
use crate::field::{given, mapping, sequence, texts};
use crate::pod::{Pod, templates};
use crate::selections::{Label, Labelled};
use crate::surroundings::owned;

/// One policy a namespace, about the first resource with pods that none isolates. What pods send stays free.
///
/// A policy for all pods would also be one for those that are opted out, and would let their neighbours in to
/// those whose own policy keeps them out: beside such pods, each of the others gets one for itself.
pub(crate) fn network_policy(scope: &SetScope) -> Vec<Addition> {
    let templates: Vec<_> = scope.resources.iter().map(|own| templates(own, scope.kinds)).collect();
    let mut spaces: BTreeMap<&str, Vec<Member>> = BTreeMap::new();
    for (place, (resource, templates)) in scope.resources.iter().zip(&templates).enumerate() {
        let space = resource.id().effective_namespace();
        let pods = templates.iter().filter_map(|path| Pod::at(resource, path));
        let is_isolated = |pod: &Pod| {
            let labels: Vec<Label> = texts(pod.metadata("labels")).collect();
            scope.surroundings.is_isolated(space, &labels)
        };
        let (isolated, open): (Vec<Pod>, Vec<Pod>) =
            pods.filter(|pod| !pod.has_host_network()).partition(is_isolated);
        if !isolated.is_empty() || !open.is_empty() {
            let is_meant = scope.applies_to(resource);
            let from = From::named(&scope.text("from", resource));
            spaces.entry(space).or_default().push(Member { place, resource, open, isolated, from, is_meant });
        }
    }
    let mut found: Vec<Addition> = spaces.into_values().flat_map(|members| additions(&members)).collect();
    found.sort_by_key(|addition| addition.about);
    found
}

/// A resource with pods in a network of their own.
struct Member<'a> {
    place: usize,
    resource: &'a Resource,
    /// The pods that every other may send to.
    open: Vec<Pod<'a>>,
    isolated: Vec<Pod<'a>>,
    from: From,
    /// Whether the rule may write something for it.
    is_meant: bool,
}

/// Who may send to pods.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Namespace,
    Nobody,
}

impl From {
    fn named(name: &str) -> From {
        if name == "namespace" { From::Namespace } else { From::Nobody }
    }

    fn policy(self) -> &'static str {
        match self {
            From::Namespace => "same-namespace",
            From::Nobody => "deny-ingress",
        }
    }
}

fn additions(members: &[Member]) -> Vec<Addition> {
    let is_written = members.iter().any(|own| own.is_meant && !own.open.is_empty());
    // The pods that no policy may select.
    let mut apart = Labelled::default();
    let mut note = |pods: &[Pod]| pods.iter().for_each(|pod| apart.note(owned(pod.metadata("labels"))));
    for own in members {
        if is_written && !own.is_meant {
            note(&own.open);
        }
        // A policy that lets nobody in takes nothing from what another one says.
        if own.from == From::Namespace || (is_written && !own.is_meant) {
            note(&own.isolated);
        }
    }
    let addition = |own: &Member| {
        let (made, message) = match apart.is_empty() || (is_written && !own.is_meant) {
            true => {
                let made = policy(own.resource, own.from, None);
                (Some(made), "every pod of the cluster may send to the pods of the namespace")
            }
            false => {
                let is_free = |labels: &Node| !apart.has_one_with(&texts(Some(labels)).collect::<Vec<_>>());
                let labels = common_labels(&own.open).filter(is_free);
                let made = labels.map(|labels| policy(own.resource, own.from, Some(labels)));
                (made, "every pod of the cluster may send to its pods")
            }
        };
        Addition { about: own.place, place: &[], made, message: message.to_owned() }
    };
    members.iter().filter(|own| !own.open.is_empty()).map(addition).collect()
}

/// Labels that change with each release, so that pods would come and go from a policy.
const PASSING: &[&str] = &["app.kubernetes.io/version", "helm.sh/chart", "pod-template-hash"];

/// Returns the labels that all the pods have, if there are any.
fn common_labels(pods: &[Pod]) -> Option<Node> {
    let (first, others) = pods.split_first()?;
    let mut labels = Mapping::default();
    for entry in &first.metadata("labels")?.as_mapping()?.entries {
        let key = entry.key.text.as_str();
        let has = |pod: &Pod| {
            texts(pod.metadata("labels"))
                .any(|own| Some(own) == entry.value.as_str().map(|value| (key, value)))
        };
        if !PASSING.contains(&key) && entry.value.as_str().is_some() && others.iter().all(has) {
            labels.push(entry.key.text.clone(), Node::string(entry.value.as_scalar()?.text.clone()));
        }
    }
    (!labels.entries.is_empty()).then_some(Node::Mapping(labels))
}

/// Returns the policy for the pods with these labels, or for all of the namespace.
fn policy(resource: &Resource, from: From, labels: Option<Node>) -> Resource {
    let name = match labels {
        Some(_) => format!("{}-{}", resource.name(), from.policy()),
        None => from.policy().to_owned(),
    };
    let name = Text::with_mark(name, labels.is_some() && resource.id().decrypted);
    let mut metadata = mapping([("name", Node::string(name))]);
    let space = given(resource.tree().at(&["metadata", "namespace"])).and_then(Node::as_scalar);
    if let (Some(space), Node::Mapping(metadata)) = (space, &mut metadata) {
        metadata.push("namespace", Node::string(space.text.clone()));
    }
    let selector = labels.map_or_else(Node::mapping, |labels| mapping([("matchLabels", labels)]));
    let mut spec = mapping([("podSelector", selector), ("policyTypes", sequence([Node::string("Ingress")]))]);
    if let (From::Namespace, Node::Mapping(spec)) = (from, &mut spec) {
        let neighbours = sequence([mapping([("podSelector", Node::mapping())])]);
        spec.push("ingress", sequence([mapping([("from", neighbours)])]));
    }
    Resource::new(mapping([
        ("apiVersion", Node::string("networking.k8s.io/v1")),
        ("kind", Node::string("NetworkPolicy")),
        ("metadata", metadata),
        ("spec", spec),
    ]))
}
