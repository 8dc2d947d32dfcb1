//! What containers ask for and may take.

use std::cmp::Ordering;

use hagane_yaml::Node;

use crate::field::{given, text};
use crate::pod::{Container, Pod};
use crate::pod_security::named;
use crate::proposal::Proposal;
use crate::quantity::compare;
use crate::scope::Scope;

/// Returns whether the pod says it for all its containers together.
fn is_said_for_all(pod: &Pod, list: &str, what: &str) -> bool {
    given(pod.get(&["resources"]).and_then(|own| own.at(&[list, what]))).is_some()
}

/// Proposes a value for something that containers ask for or may take.
fn fill<'a>(
    pod: &'a Pod,
    keys: [&'static str; 3],
    value: impl Fn(&'a Container<'a>) -> Option<Node>,
    message: &str,
    out: &mut Vec<Proposal>,
) {
    if is_said_for_all(pod, keys[1], keys[2]) {
        return;
    }
    for container in pod.containers.iter().filter(|container| container.get(&keys).is_none()) {
        if let Some(value) = value(container) {
            let message = format!("{} {message}", named(container));
            out.push(Proposal::of(container, &keys, message).fill(value).unless_ephemeral(container));
        }
    }
}

pub(crate) fn memory_limit(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let requested = |container: &Container| container.get(&["resources", "requests", "memory"]).cloned();
    let message = "may take all the memory of the node";
    fill(pod, ["resources", "limits", "memory"], requested, message, out);
}

/// Whether processors should be limited is disputed: nobody is asked to.
pub(crate) fn cpu_limit(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let requested = |container: &Container| container.get(&["resources", "requests", "cpu"]).cloned();
    fill(pod, ["resources", "limits", "cpu"], requested, "may take all the processors of the node", out);
}

pub(crate) fn requests(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for what in ["cpu", "memory"] {
        // All that containers ask for must fit into what the pod may take.
        if is_said_for_all(pod, "limits", what) {
            continue;
        }
        // A limit alone is also the request.
        let value = |container: &Container| {
            let limit = container.get(&["resources", "limits", what]);
            limit.is_none().then(|| Node::string(scope.text(what, Some(container))))
        };
        let message = format!("asks for no {}", if what == "cpu" { "processor time" } else { what });
        fill(pod, ["resources", "requests", what], value, &message, out);
    }
}

pub(crate) fn ephemeral_storage(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    const WHAT: &str = "ephemeral-storage";
    let of = |container: &Container, list| text(container.get(&["resources", list, WHAT])).map(str::to_owned);
    // A limit alone is also the request.
    let request = |container: &Container| {
        let value = scope.text("request", Some(container));
        of(container, "limits").is_none().then(|| Node::string(value))
    };
    if !is_said_for_all(pod, "limits", WHAT) {
        fill(pod, ["resources", "requests", WHAT], request, "asks for no room on the node", out);
    }
    // The API server refuses a limit below the request.
    let limit = |container: &Container| {
        let value = scope.text("limit", Some(container));
        let request = of(container, "requests").unwrap_or_else(|| scope.text("request", Some(container)));
        compare(&request, &value).is_some_and(Ordering::is_le).then(|| Node::string(value))
    };
    fill(pod, ["resources", "limits", WHAT], limit, "may take all the room of the node", out);
}
