//! How pods end.

use crate::field::{Whole, mapping, number, whole};
use crate::pod::{Class, Container, Pod};
use crate::pod_security::named;
use crate::proposal::{Nature, Proposal, Write};
use crate::scope::Scope;

/// The time that Kubernetes gives a pod to end, where none is said.
const GRACE: i64 = 30;

/// What a pod may be given: more than a day is a mistake of an author, which is not made larger.
const MAX_GRACE: i64 = 86_400;

const PRE_STOP: &[&str] = &["lifecycle", "preStop"];

/// Pods go on getting requests until every proxy knows that they end: a container that sleeps first still
/// answers them. The sleep is part of the grace period, which grows by it.
pub(crate) fn pre_stop(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let Some(others) = scope.surroundings() else { return };
    if !scope.version.is_at_least(30) || pod.runs_to_end() {
        return;
    }
    if others.services_of(scope.resource, pod).next().is_none() {
        return;
    }
    let keys = ["terminationGracePeriodSeconds"];
    let grace = match pod.get(&keys) {
        None => Some(Whole::plain(GRACE)),
        own => whole(own).filter(|grace| (0..=MAX_GRACE).contains(&grace.value())),
    };
    let is_given = pod.get(&keys).is_some();
    let sleepers = || pod.lasting().filter(|own| own.class == Class::App && own.get(PRE_STOP).is_none());
    let seconds = |container| Whole::plain(scope.integer("seconds", Some(container)));
    // What is not slept takes no time.
    let writes = |own: &&Container| if is_given { scope.is_enforced(own) } else { scope.applies_to(own) };
    let longest = sleepers().filter(writes).map(seconds).max_by_key(|seconds| seconds.value());
    let mut longer = grace.zip(longest).map(|(grace, longest)| grace.with(longest, i64::saturating_add));
    for container in sleepers() {
        let message = format!("{} ends while requests still come in", named(container));
        let proposal = Proposal::of(container, PRE_STOP, message);
        // What the author gives the pod to end must be longer than the sleep.
        if grace.is_none_or(|grace| grace.value() <= seconds(container).value()) && is_given {
            out.push(proposal);
            continue;
        }
        let sleep = mapping([("sleep", mapping([("seconds", number(seconds(container)))]))]);
        let mut proposal = proposal.fill(sleep);
        if writes(&container) {
            if let Some(grace) = longer.take() {
                let message = "the time to end includes the time that containers sleep first";
                proposal = proposal.and(pod.path(&keys), Write::Set(number(grace)), Some(message.into()));
            }
            proposal = if is_given { proposal.of_nature(Nature::Replace) } else { proposal };
        }
        out.push(proposal);
    }
}
