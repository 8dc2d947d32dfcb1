//! How pods look up names.

use hagane_yaml::Node;

use crate::field::{given, items, mapping, sequence, text};
use crate::pod::Pod;
use crate::proposal::Proposal;
use crate::scope::Scope;

/// The list of options has no key to merge by: it is read, and written whole.
pub(crate) fn ndots(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let policy = text(pod.get(&["dnsPolicy"])).unwrap_or("ClusterFirst");
    // `Default` looks up as the node does, `None` as the pod says itself, and `ClusterFirst` in the node's
    // network is `Default`.
    let searches = match policy {
        "ClusterFirst" => !pod.has_host_network(),
        "ClusterFirstWithHostNet" => true,
        _ => false,
    };
    if !searches || pod.is_windows() {
        return;
    }
    let keys = ["dnsConfig", "options"];
    let options = given(pod.get(&keys));
    if items(options).iter().any(|option| text(option.get("name")) == Some("ndots")) {
        return;
    }
    // A number is refused: the API wants a text.
    let value = Node::string(scope.integer("value", None).to_string());
    let option = mapping([("name", Node::string("ndots")), ("value", value)]);
    let all = sequence(items(options).iter().cloned().chain([option]));
    let message = "names with up to four dots are looked up in every search domain first";
    out.push(Proposal::new(pod.path(&keys), message).fill(all));
}

pub(crate) fn host_network_dns(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    if pod.has_host_network() && pod.get(&["dnsPolicy"]).is_none() && !pod.is_windows() {
        let message = "in the node's network, the pod does not find Services by their names";
        let proposal = Proposal::new(pod.path(&["dnsPolicy"]), message);
        out.push(proposal.fill(Node::string("ClusterFirstWithHostNet")));
    }
}
