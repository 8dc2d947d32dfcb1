//! The subjects of RoleBindings.

use hagane_resource::{Diagnostic, ResourceSet};
use hagane_yaml::Node;
use hagane_yaml::scalar::{Value, value};

/// Refuses what kustomize stumbles over in the subjects of a RoleBinding: one that is no mapping or has a blank kind,
/// and a service account whose namespace is no text.
pub(super) fn refuse_odd_subjects(resources: &ResourceSet) -> Result<(), Diagnostic> {
    for resource in resources.iter().filter(|r| r.gvk().kind == "RoleBinding") {
        let Some(Node::Sequence(subjects)) = resource.tree().get("subjects") else { continue };
        for subject in &subjects.items {
            if subject.as_mapping().is_none() || subject.get("kind").is_some_and(Node::is_null) {
                let message = format!("a subject of {} must be a mapping with a kind", resource.id());
                return Err(Diagnostic::error(subject.span(), message)
                    .hinted("for example `{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}`"));
            }
            let is_account = subject.get("kind").and_then(Node::as_str) == Some("ServiceAccount");
            let is_text = |node: &Node| {
                node.as_scalar().is_some_and(|scalar| matches!(value(scalar), Ok(Value::Str(_))))
            };
            if let Some(namespace) = subject.get("namespace").filter(|n| is_account && !is_text(n)) {
                let message =
                    format!("the namespace of a service account in {} is blank or no text", resource.id());
                return Err(Diagnostic::error(namespace.span(), message)
                    .hinted("name the namespace, or drop the key"));
            }
        }
    }
    Ok(())
}
