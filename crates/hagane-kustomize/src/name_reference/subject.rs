//! The subjects of RoleBindings.

use hagane_resource::{Diagnostic, ResourceSet};
use hagane_yaml::scalar::{Value, value};
use hagane_yaml::{Node, Scalar, Tag};

/// Refuses what kustomize stumbles over in the subjects of a RoleBinding: one that is no mapping or that has a namespace
/// and a kind that is no text, and a service account whose namespace is no text.
pub(super) fn refuse_odd_subjects(resources: &ResourceSet) -> Result<(), Diagnostic> {
    for resource in resources.iter().filter(|r| r.gvk().kind == "RoleBinding") {
        let Some(Node::Sequence(subjects)) = resource.tree().get("subjects") else { continue };
        for subject in &subjects.items {
            let (kind, namespace) = (subject.get("kind"), subject.get("namespace"));
            let kind_is_odd = namespace.is_some() && kind.is_some_and(|kind| !is_text(kind));
            if subject.as_mapping().is_none() || kind_is_odd {
                let message = format!("a subject of {} must be a mapping with a kind", resource.id());
                return Err(Diagnostic::error(subject.span(), message)
                    .hinted("for example `{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}`"));
            }
            let is_account = kind.and_then(Node::as_str) == Some("ServiceAccount");
            if let Some(namespace) = namespace.filter(|n| is_account && !is_text(n)) {
                let message =
                    format!("the namespace of a service account in {} is blank or no text", resource.id());
                return Err(Diagnostic::error(namespace.span(), message)
                    .hinted("name the namespace, or drop the key"));
            }
        }
    }
    Ok(())
}

/// Returns whether a value is a text once kustomize has read its own text again, for which a timestamp is none.
fn is_text(node: &Node) -> bool {
    let text = |scalar: &Scalar| {
        scalar.resolved_tag() != Tag::Timestamp && matches!(value(scalar), Ok(Value::Str(_)))
    };
    node.as_scalar().is_some_and(text)
}
