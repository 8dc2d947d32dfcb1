//! NetworkPolicies for namespaces whose pods take everything from everybody.

use hagane_resource::Resource;
use hagane_yaml::Node;

use crate::additions::{Addition, SetScope};
use crate::field::{given, mapping, sequence};
use crate::pod::{Pod, templates};
use crate::surroundings::owned;

/// One policy a namespace, about the first resource with pods that none isolates. What pods send stays free.
pub(crate) fn network_policy(scope: &SetScope) -> Vec<Addition> {
    let mut additions = Vec::new();
    for (about, resource) in scope.resources.iter().enumerate() {
        let space = resource.id().effective_namespace();
        let is_open = |pod: &Pod| {
            let labels = owned(pod.metadata("labels"));
            !pod.has_host_network() && !scope.surroundings.is_isolated(space, &labels)
        };
        let templates = templates(resource, scope.kinds);
        if templates.into_iter().filter_map(|path| Pod::at(resource, path)).any(|pod| is_open(&pod)) {
            let made = policy(resource, scope.text("from", resource) == "namespace");
            let message = "every pod of the cluster may send to the pods of the namespace".to_owned();
            additions.push(Addition { about, place: &[], made, message });
        }
    }
    additions
}

fn policy(resource: &Resource, has_neighbours: bool) -> Resource {
    let name = if has_neighbours { "same-namespace" } else { "deny-ingress" };
    let mut metadata = mapping([("name", Node::string(name))]);
    let space = given(resource.tree().at(&["metadata", "namespace"])).and_then(Node::as_scalar);
    if let (Some(space), Node::Mapping(metadata)) = (space, &mut metadata) {
        metadata.push("namespace", Node::string(space.text.clone()));
    }
    let mut spec =
        mapping([("podSelector", Node::mapping()), ("policyTypes", sequence([Node::string("Ingress")]))]);
    if let (true, Node::Mapping(spec)) = (has_neighbours, &mut spec) {
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
