//! How many pods there are.

use hagane_yaml::Node;

use crate::field::{given, integer, items, text, texts};
use crate::field_path::FieldPath;
use crate::pod::Pod;
use crate::proposal::Proposal;
use crate::scope::Scope;

pub(crate) fn scaled_replicas(scope: &Scope, out: &mut Vec<Proposal>) {
    let resource = scope.resource;
    let path = FieldPath::of(&["spec", "replicas"]);
    if given(path.get(resource.tree())).is_some()
        && scope.surroundings().is_some_and(|others| others.scaler_of(resource).is_some())
    {
        let message = "`replicas` is set back by every deployment, against what scales it";
        out.push(Proposal::new(path, message).remove());
    }
}

/// One pod more than one: what one node takes with it is answered by another. Nothing that one
/// pod at a time has.
pub(crate) fn replicas(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let (resource, path) = (scope.resource, FieldPath::of(&["spec", "replicas"]));
    let Some(others) = scope.surroundings() else { return };
    let is_meant = matches!(resource.gvk().kind.as_str(), "Deployment" | "StatefulSet");
    if !is_meant || others.scaler_of(resource).is_some() {
        return;
    }
    let space = resource.id().effective_namespace();
    let is_single = |volume: &Node| {
        text(volume.at(&["persistentVolumeClaim", "claimName"]))
            .is_some_and(|name| others.is_single(space, name))
    };
    // Nor what its author never lets overlap.
    let strategy = text(resource.tree().at(&["spec", "strategy", "type"]));
    if strategy == Some("Recreate") || items(pod.get(&["volumes"])).iter().any(is_single) {
        return;
    }
    let own = given(path.get(resource.tree()));
    let wanted = scope.number("value", None);
    let proposal = Proposal::new(path, "one pod is all there is");
    match own {
        None => out.push(proposal.fill(wanted)),
        // Who writes 0 means it.
        Some(own) if integer(Some(own)) == Some(1) => out.push(proposal.replace(wanted)),
        Some(_) => {}
    }
}

/// A number of pods that must stay means another share with every number of pods that there are.
pub(crate) fn budget_share(scope: &Scope, out: &mut Vec<Proposal>) {
    let (resource, path) = (scope.resource, FieldPath::of(&["spec", "minAvailable"]));
    let (tree, gvk) = (resource.tree(), resource.gvk());
    if gvk.group != "policy" || gvk.kind != "PodDisruptionBudget" || integer(path.get(tree)).is_none() {
        return;
    }
    let labels: Vec<(&str, &str)> = texts(tree.at(&["spec", "selector", "matchLabels"])).collect();
    let space = resource.id().effective_namespace();
    if !labels.is_empty() && scope.surroundings().is_some_and(|others| others.is_scaled(space, &labels)) {
        let message = "the pods are scaled, and a number of them means more or less with it";
        out.push(Proposal::new(path, message).replace(Node::string(scope.text("value", None))));
    }
}
