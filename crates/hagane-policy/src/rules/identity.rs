//! Which user of the node a container is.

use crate::field::{boolean, switch};
use crate::pod::{Container, Pod};
use crate::pod_security::named;
use crate::proposal::Proposal;
use crate::scope::Scope;

/// Who a pod runs as is said for all its containers, where none says otherwise.
pub(crate) fn user_and_group(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    if pod.is_windows() {
        return;
    }
    for (field, parameter) in [("runAsUser", "user"), ("runAsGroup", "group")] {
        let keys = ["securityContext", field];
        let is_silent = |container: &&Container| container.get(&keys).is_none();
        if pod.get(&keys).is_some() {
            continue;
        }
        let lacking: Vec<_> = pod.containers.iter().filter(is_silent).collect();
        let first = lacking.first().map(|own| scope.integer(parameter, Some(own)));
        let is_common =
            |own: &&Container| scope.applies_to(own) && Some(scope.integer(parameter, Some(own))) == first;
        if lacking.len() == pod.containers.len() && lacking.iter().all(is_common) {
            let message = format!("`{field}` is left to the images");
            let value = scope.number(parameter, lacking.first().copied());
            out.push(Proposal::new(pod.path(&keys), message).fill(value).for_all_containers());
            continue;
        }
        for container in lacking {
            let value = scope.number(parameter, Some(container));
            let message = format!("{} leaves `{field}` to its image", named(container));
            out.push(Proposal::of(container, &keys, message).fill(value).unless_ephemeral(container));
        }
    }
}

/// Users of its own, so that root in the pod is nobody on the node.
pub(crate) fn host_users(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    // The field is on without a feature gate from there on.
    let is_known = scope.version.is_at_least(33);
    let shares =
        ["hostNetwork", "hostPID", "hostIPC"].iter().any(|field| boolean(pod.get(&[field])) == Some(true));
    let has_devices = pod.containers.iter().any(|container| container.get(&["volumeDevices"]).is_some());
    if !is_known || shares || has_devices || pod.is_windows() || pod.get(&["hostUsers"]).is_some() {
        return;
    }
    let message = "the users of the pod are users of the node";
    out.push(Proposal::new(pod.path(&["hostUsers"]), message).fill(switch(false)));
}
