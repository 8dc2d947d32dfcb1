//! Where pods run.

use hagane_yaml::Node;

use crate::field::{Whole, given, integer, mapping, number, sequence};
use crate::pod::Pod;
use crate::proposal::Proposal;
use crate::scope::Scope;

pub(crate) fn topology_spread(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let (resource, keys) = (scope.resource, ["topologySpreadConstraints"]);
    let spec = resource.tree().get("spec");
    let Some(selector) = given(spec.and_then(|spec| spec.get("selector"))) else { return };
    let is_meant =
        matches!(resource.gvk().kind.as_str(), "Deployment" | "StatefulSet" | "Rollout" | "ReplicaSet");
    if !is_meant || pod.get(&keys).is_some() || selector.as_mapping().is_none() {
        return;
    }
    let scaled = scope.surroundings().and_then(|others| others.scaler_of(resource));
    let replicas = integer(spec.and_then(|spec| spec.get("replicas")));
    if scaled.is_none() && replicas.unwrap_or(1) < 2 {
        return;
    }
    let constraint = |topology: String| {
        mapping([
            ("labelSelector", selector.clone()),
            ("maxSkew", number(Whole::plain(1))),
            ("topologyKey", Node::string(topology)),
            // The other word would leave pods without a node.
            ("whenUnsatisfiable", Node::string("ScheduleAnyway")),
        ])
    };
    let all = sequence(scope.texts("topologies", None).into_iter().map(constraint));
    let message = "all pods may come to run on one node, or in one zone";
    out.push(Proposal::new(pod.path(&keys), message).fill(all));
}
