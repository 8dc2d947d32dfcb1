//! Namespaces.

use hagane_yaml::Node;

use crate::field::text;
use crate::field_path::FieldPath;
use crate::proposal::Proposal;
use crate::scope::Scope;

/// The level that all pods of the namespace keep to in this render, once they are hardened.
pub(crate) fn pod_security_labels(scope: &Scope, out: &mut Vec<Proposal>) {
    let resource = scope.resource;
    let path = FieldPath::of(&["metadata", "labels", "pod-security.kubernetes.io/enforce"]);
    let is_said = text(path.get(resource.tree())).is_some();
    if !resource.gvk().group.is_empty() || resource.gvk().kind != "Namespace" || is_said {
        return;
    }
    // Of a namespace without pods here nobody knows what runs in it.
    let Some(level) = scope.surroundings().and_then(|others| others.level(resource.name())) else { return };
    let proposal = Proposal::new(path, "the namespace takes pods that are less strict than those in it");
    match level {
        Some(level) => out.push(proposal.fill(Node::string(level.to_string()))),
        None => out.push(Proposal {
            message: "not even `baseline` takes the pods of the namespace".into(),
            ..proposal
        }),
    }
}
