//! Ingresses.

use hagane_yaml::Node;

use crate::field::given;
use crate::field_path::FieldPath;
use crate::proposal::{Proposal, Write};
use crate::scope::Scope;

const ANNOTATION: &str = "kubernetes.io/ingress.class";

/// The annotation moves to the field: the API server refuses both.
pub(crate) fn ingress_class(scope: &Scope, out: &mut Vec<Proposal>) {
    let (tree, gvk) = (scope.resource.tree(), scope.resource.gvk());
    if gvk.group != "networking.k8s.io" || gvk.version != "v1" || gvk.kind != "Ingress" {
        return;
    }
    let field = FieldPath::of(&["spec", "ingressClassName"]);
    let is_set = given(field.get(tree)).is_some();
    let annotation = FieldPath::of(&["metadata", "annotations", ANNOTATION]);
    match annotation.get(tree).and_then(Node::as_scalar) {
        Some(_) if is_set => {
            let message = "the class is given twice, which the API server refuses";
            out.push(Proposal::new(annotation, message).remove());
        }
        Some(class) => {
            let message = "the class is in an annotation of old";
            let proposal = Proposal::new(field, message).fill(Node::string(class.text.clone()));
            out.push(proposal.and(annotation, Write::Remove, None));
        }
        None if !is_set => {
            let proposal =
                Proposal::new(field, "no class is given: which controller serves it is left to the cluster");
            let class = scope.text("value", None);
            out.push(if class.is_empty() { proposal } else { proposal.fill(Node::string(class)) });
        }
        None => {}
    }
}
