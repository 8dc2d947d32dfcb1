//! Volumes: what they may take, and when they follow a pod.

use hagane_yaml::Node;

use crate::field::{given, items, mapping, shown, text};
use crate::field_path::FieldPath;
use crate::pod::Pod;
use crate::proposal::Proposal;
use crate::scope::Scope;

pub(crate) fn empty_dir_size(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for (index, volume) in items(pod.get(&["volumes"])).iter().enumerate() {
        let Some(directory) = given(volume.get("emptyDir")).filter(|own| own.as_mapping().is_some()) else {
            continue;
        };
        if given(directory.get("sizeLimit")).is_none() {
            let name = shown(volume.get("name"));
            let message = format!("volume `{name}` may take all the room of the node");
            let path = pod.path(&["volumes"]).item(index).key("emptyDir").key("sizeLimit");
            out.push(Proposal::new(path, message).fill(Node::string(scope.text("value", None))));
        }
    }
}

/// A volume that one node has at a time cannot be with the old pod and the new one, where they are on two.
pub(crate) fn claim_rollout(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let (resource, path) = (scope.resource, FieldPath::of(&["spec", "strategy"]));
    let strategy = given(path.get(resource.tree()));
    let kind = text(strategy.and_then(|strategy| strategy.get("type")));
    if resource.gvk().kind != "Deployment" || kind == Some("Recreate") {
        return;
    }
    let Some(others) = scope.surroundings() else { return };
    let space = resource.id().effective_namespace();
    let claim = items(pod.get(&["volumes"])).iter().find_map(|volume| {
        let name = volume.at(&["persistentVolumeClaim", "claimName"]);
        others.is_single(space, text(name)?).then(|| shown(name))
    });
    if let Some(claim) = claim {
        let message =
            format!("the new pod waits for claim `{claim}`, which the old one keeps until the new one runs");
        let proposal = Proposal::new(path, message);
        let recreate = mapping([("type", Node::string("Recreate"))]);
        out.push(if strategy.is_some() { proposal.replace(recreate) } else { proposal.fill(recreate) });
    }
}

pub(crate) fn volume_binding(scope: &Scope, out: &mut Vec<Proposal>) {
    let (tree, gvk) = (scope.resource.tree(), scope.resource.gvk());
    if gvk.group != "storage.k8s.io" || gvk.kind != "StorageClass" {
        return;
    }
    let path = FieldPath::of(&["volumeBindingMode"]);
    let message = "a volume may be made in a zone where the pod cannot run";
    let proposal = Proposal::new(path.clone(), message);
    let value = Node::string("WaitForFirstConsumer");
    match text(path.get(tree)) {
        None => out.push(proposal.fill(value)),
        Some("WaitForFirstConsumer") => {}
        Some(_) => out.push(proposal.replace(value)),
    }
}
