//! What containers ask for and may take.

use crate::field::given;
use crate::pod::Pod;
use crate::pod_security::named;
use crate::proposal::Proposal;
use crate::scope::Scope;

pub(crate) fn memory_limit(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    // What the pod may take as a whole is its containers' limit.
    if given(pod.get(&["resources"]).and_then(|own| own.at(&["limits", "memory"]))).is_some() {
        return;
    }
    for container in &pod.containers {
        let keys = ["resources", "limits", "memory"];
        let requested = container.get(&["resources", "requests", "memory"]);
        if let Some(requested) = requested.filter(|_| container.get(&keys).is_none()) {
            let message = format!("{} may take all the memory of the node", named(container));
            let proposal = Proposal::of(container, &keys, message).fill(requested.clone());
            out.push(proposal.unless_ephemeral(container));
        }
    }
}
