//! The namespace of everything.

use std::collections::HashMap;

use hagane_resource::{Create, Diagnostic, FieldSpec, Resource, ResourceSet};
use hagane_yaml::{Node, Scalar, Span};

/// Which subjects of role bindings get the namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subjects {
    /// Those named `default`.
    #[default]
    Default,
    /// Every service account.
    AllServiceAccounts,
    /// None.
    None,
}

/// Sets the namespace of everything that has one, renames Namespace objects, and follows in role bindings.
pub(crate) fn set_namespace(
    resources: &mut ResourceSet,
    namespace: &str,
    specs: &[FieldSpec],
    subjects: Subjects,
    unset_only: bool,
    at: Span,
) -> Result<(), Diagnostic> {
    for resource in resources.iter_mut().filter(|r| !r.is_empty() && !r.from_helm) {
        resource.remember_id();
        set_namespace_of(resource, namespace, specs, subjects, unset_only)?;
    }
    refuse_conflicts(resources, at)
}

/// Sets the namespace of one resource.
pub(crate) fn set_namespace_of(
    resource: &mut Resource,
    namespace: &str,
    specs: &[FieldSpec],
    subjects: Subjects,
    unset_only: bool,
) -> Result<(), Diagnostic> {
    if let Some(node) = resource.tree().at(&["metadata", "namespace"])
        && !matches!(node, Node::Scalar(_))
        && !resource.id().cluster_scoped
    {
        return Err(Diagnostic::error(node.span(), "`metadata.namespace` must be a single value"));
    }
    // A null that is written out is set.
    let old = resource.tree().at(&["metadata", "namespace"]).and_then(Node::as_scalar);
    let keeps = unset_only && old.is_some_and(|old| !old.text.as_str().is_empty());
    if !keeps && !resource.id().cluster_scoped {
        resource.set_namespace(namespace);
    }
    let role_binding = matches!(resource.gvk().kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
    if role_binding {
        refuse_odd_subjects(resource, subjects)?;
        set_subjects(resource, namespace, subjects, unset_only);
    }
    for spec in specs {
        // `metadata.namespace` is done above; a Namespace is renamed only where it is the real one.
        let done = spec.path == "metadata/namespace"
            || role_binding && spec.path == "subjects/namespace"
            || spec.path == "metadata/name" && resource.gvk().api_version() != "v1";
        if done || !spec.takes(resource.gvk()) || !(spec.create || spec.reaches(resource.tree())) {
            continue;
        }
        resource.edit(|tree| {
            spec.apply(tree, Create::Scalar, &mut |node| {
                let Node::Scalar(old) = node else {
                    let message =
                        format!("`{}` is not a single value, so it cannot take a namespace", spec.path);
                    return Err(Diagnostic::error(node.span(), message));
                };
                if !unset_only || old.is_null() || old.text.as_str().is_empty() {
                    *old = Scalar::string(namespace).restyled(old.written());
                }
                Ok(())
            })
        })?;
    }
    Ok(())
}

/// Refuses subjects that are no list of mappings, or in which what is looked at is no single value.
fn refuse_odd_subjects(resource: &Resource, subjects: Subjects) -> Result<(), Diagnostic> {
    let no_value = |item: &Node, field| item.get(field).is_some_and(|node| node.as_scalar().is_none());
    let is_odd = |item: &Node| {
        let looked_at = match subjects {
            Subjects::Default => "name",
            Subjects::AllServiceAccounts => "kind",
            Subjects::None => return false,
        };
        no_value(item, looked_at) || is_wanted(item, subjects) && no_value(item, "namespace")
    };
    let odd = match resource.tree().get("subjects") {
        Some(Node::Sequence(list)) => {
            list.items.iter().find(|item| item.as_mapping().is_none() || is_odd(item))
        }
        Some(node) if !node.is_null() => Some(node),
        _ => None,
    };
    match odd {
        None => Ok(()),
        Some(node) => {
            Err(Diagnostic::error(node.span(), "`subjects` must be a list of mappings of single values")
                .hinted("for example `- {kind: ServiceAccount, name: web}`"))
        }
    }
}

fn is_wanted(subject: &Node, subjects: Subjects) -> bool {
    let text = |key| subject.get(key).and_then(Node::as_str);
    match subjects {
        Subjects::Default => text("name") == Some("default"),
        Subjects::AllServiceAccounts => text("kind") == Some("ServiceAccount"),
        Subjects::None => false,
    }
}

fn set_subjects(resource: &mut Resource, namespace: &str, subjects: Subjects, unset_only: bool) {
    let wanted = |subject: &Node| {
        let namespace = subject.get("namespace").filter(|node| !node.is_null()).and_then(Node::as_str);
        is_wanted(subject, subjects) && !(unset_only && namespace.is_some_and(|n| !n.is_empty()))
    };
    let any =
        matches!(resource.tree().get("subjects"), Some(Node::Sequence(s)) if s.items.iter().any(wanted));
    if !any {
        return;
    }
    if let Some(Node::Sequence(sequence)) = resource.tree_mut().get_mut("subjects") {
        for subject in sequence.items.iter_mut().filter(|s| wanted(s)) {
            if let Node::Mapping(subject) = subject {
                subject.set("namespace", Node::string(namespace));
            }
        }
    }
}

/// Refuses two resources that have the same id once they share a namespace.
fn refuse_conflicts(resources: &ResourceSet, at: Span) -> Result<(), Diagnostic> {
    let mut seen = HashMap::with_capacity(resources.len());
    for resource in resources.iter().filter(|r| !r.is_empty()) {
        let id = resource.id();
        if let Some(first) = seen.insert((&id.gvk, &id.name, id.effective_namespace()), resource) {
            let message = format!("the namespace makes two resources one: {id}");
            let error = Diagnostic::error(at, message).hinted_at("one is here", first.tree().span());
            return Err(error.hinted_at("the other one is here", resource.tree().span()));
        }
    }
    Ok(())
}
