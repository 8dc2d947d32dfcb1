//! Disruption budgets that are there.

use hagane_yaml::Node;

use crate::field::given;
use crate::field_path::FieldPath;
use crate::proposal::Proposal;
use crate::scope::Scope;

pub(crate) fn unhealthy_eviction(scope: &Scope, out: &mut Vec<Proposal>) {
    let gvk = scope.resource.gvk();
    let path = FieldPath::of(&["spec", "unhealthyPodEvictionPolicy"]);
    let is_meant =
        gvk.group == "policy" && gvk.kind == "PodDisruptionBudget" && scope.version.is_at_least(27);
    if is_meant && given(path.get(scope.resource.tree())).is_none() {
        let message = "a node cannot be drained while pods of the budget are not healthy";
        out.push(Proposal::new(path, message).fill(Node::string("AlwaysAllow")));
    }
}
