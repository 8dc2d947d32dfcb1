//! How pods end.

use crate::field::{integer, mapping, number};
use crate::pod::{Class, Pod};
use crate::pod_security::named;
use crate::proposal::Proposal;
use crate::scope::Scope;

/// The time that Kubernetes gives a pod to end, where none is said.
const GRACE: i64 = 30;

/// Pods go on getting requests until every proxy knows that they end: a container that sleeps first still answers them.
/// The sleep is part of the grace period, which grows by it.
pub(crate) fn pre_stop(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let Some(others) = scope.surroundings() else { return };
    if !scope.version.is_at_least(30) || pod.runs_to_end() {
        return;
    }
    if others.services_of(scope.resource, pod).next().is_none() {
        return;
    }
    let keys = ["terminationGracePeriodSeconds"];
    let grace = integer(pod.get(&keys));
    let mut longest = 0;
    for container in pod.lasting().filter(|container| container.class == Class::App) {
        if container.get(&["lifecycle", "preStop"]).is_some() {
            continue;
        }
        let seconds = scope.integer("seconds", Some(container));
        let message = format!("{} ends while requests still come in", named(container));
        let proposal = Proposal::of(container, &["lifecycle", "preStop"], message);
        // What the author gives the pod to end must be longer than the sleep.
        if grace.is_some_and(|grace| grace <= seconds) {
            out.push(proposal);
            continue;
        }
        if scope.applies_to(container) {
            longest = longest.max(seconds);
        }
        out.push(proposal.fill(mapping([("sleep", mapping([("seconds", number(seconds))]))])));
    }
    if longest > 0 {
        let message = "the time to end includes the time that containers sleep first";
        let proposal = Proposal::new(pod.path(&keys), message);
        let all = number(grace.unwrap_or(GRACE) + longest);
        out.push(if grace.is_some() { proposal.replace(all) } else { proposal.fill(all) });
    }
}
