//! Who gets to pods from outside.

use hagane_yaml::{Node, Text};

use crate::field::{given, items, mapping, sequence, text};
use crate::field_path::FieldPath;
use crate::proposal::Proposal;
use crate::scope::Scope;

fn is_ingress(scope: &Scope) -> bool {
    let gvk = scope.resource.gvk();
    gvk.group == "networking.k8s.io" && gvk.version == "v1" && gvk.kind == "Ingress"
}

pub(crate) fn ingress_tls(scope: &Scope, out: &mut Vec<Proposal>) {
    let (tree, path) = (scope.resource.tree(), FieldPath::of(&["spec", "tls"]));
    if !is_ingress(scope) || !items(given(path.get(tree))).is_empty() {
        return;
    }
    let mut hosts: Vec<Node> = Vec::new();
    for rule in items(tree.at(&["spec", "rules"])) {
        let host = given(rule.get("host")).filter(|host| !hosts.contains(host));
        hosts.extend(host.cloned());
    }
    let proposal = Proposal::new(path.clone(), "requests and answers go over the network in the clear");
    let secret = scope.text("secretName", None).replace("{name}", scope.resource.name());
    let secret = Text::with_mark(secret, scope.resource.id().decrypted);
    let tls = sequence([mapping([("hosts", sequence(hosts.clone())), ("secretName", Node::string(secret))])]);
    let is_null = path.get(tree).is_none_or(Node::is_null);
    out.push(match hosts.is_empty() {
        // Without a host nobody knows what the certificate is for.
        true => proposal,
        false if is_null => proposal.fill(tls),
        false => proposal.replace(tls),
    });
}

/// Controllers read the addresses that may come in from an annotation of their own.
pub(crate) fn ingress_sources(scope: &Scope, out: &mut Vec<Proposal>) {
    let ranges = scope.texts("ranges", None);
    if !is_ingress(scope) || ranges.is_empty() {
        return;
    }
    let path = FieldPath::of(&["metadata", "annotations"]).key(scope.text("annotation", None));
    if text(path.get(scope.resource.tree())).is_none() {
        let message = "requests may come from any address";
        out.push(Proposal::new(path, message).fill(Node::string(ranges.join(","))));
    }
}
