//! Which nodes pods go to, and before whom.

use hagane_yaml::{Mapping, Node};

use crate::field::{given, items, sequence, text};
use crate::pod::Pod;
use crate::proposal::Proposal;
use crate::scope::Scope;

/// Labels that nodes must have; each is written beside those that are there.
pub(crate) fn node_selector(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for label in scope.texts("labels", None) {
        let Some((key, value)) = label.split_once('=') else { continue };
        // Affinity may say it another way.
        if pod.get(&["nodeSelector", key]).is_some() || pod.get(&["affinity", "nodeAffinity"]).is_some() {
            continue;
        }
        let path = pod.path(&["nodeSelector"]).key(key.to_owned());
        let message = format!("the pod may go to nodes of any `{key}`");
        out.push(Proposal::new(path, message).fill(Node::string(value)));
    }
}

/// The list has no key to merge by: it is read, and written whole.
pub(crate) fn tolerations(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let own = items(given(pod.get(&["tolerations"])));
    let is_tolerated = |taint: &Node| {
        own.iter().any(|own| own.get("key").is_none() || text(own.get("key")) == text(taint.get("key")))
    };
    let asked: Vec<Node> = scope.texts("taints", None).iter().filter_map(|taint| toleration(taint)).collect();
    let lacking: Vec<Node> = asked.into_iter().filter(|taint| !is_tolerated(taint)).collect();
    if !lacking.is_empty() {
        let all = sequence(own.iter().cloned().chain(lacking));
        let message = "the nodes that are kept for such pods do not take it";
        out.push(Proposal::new(pod.path(&["tolerations"]), message).fill(all));
    }
}

/// Reads `key=value:Effect`, `key:Effect` and `key`.
fn toleration(taint: &str) -> Option<Node> {
    let (rest, effect) = match taint.rsplit_once(':') {
        Some((rest, effect)) => (rest, Some(effect)),
        None => (taint, None),
    };
    let (key, value) = rest.split_once('=').map_or((rest, None), |(key, value)| (key, Some(value)));
    let mut fields = Mapping::default();
    if let Some(effect) = effect {
        fields.push("effect", Node::string(effect));
    }
    fields.push("key", Node::string(key));
    fields.push("operator", Node::string(if value.is_some() { "Equal" } else { "Exists" }));
    if let Some(value) = value {
        fields.push("value", Node::string(value));
    }
    (!key.is_empty()).then_some(Node::Mapping(fields))
}

pub(crate) fn priority_class(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let is_meant = matches!(scope.resource.gvk().kind.as_str(), "DaemonSet" | "StatefulSet");
    if !is_meant || pod.get(&["priorityClassName"]).is_some() || pod.get(&["priority"]).is_some() {
        return;
    }
    let message = "nothing says which pods go first when a node is full";
    let proposal = Proposal::new(pod.path(&["priorityClassName"]), message);
    let class = scope.text("value", None);
    // A class that is not there would keep every pod from being made.
    out.push(if class.is_empty() { proposal } else { proposal.fill(Node::string(class)) });
}
