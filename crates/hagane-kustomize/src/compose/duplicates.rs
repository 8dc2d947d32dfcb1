//! What is left in the end: nothing that was for the build alone, and one resource of each id.

use std::collections::HashMap;

use hagane_resource::{Diagnostic, Resource, ResourceSet};

/// Drops the resources that are there for the build alone, and not for the cluster. kustomize does not drop one that has,
/// as written, the id of a resource that stays: it is one of two then.
pub(super) fn drop_local(resources: &mut ResourceSet) -> Result<(), Diagnostic> {
    if !resources.iter().any(is_local) {
        return Ok(());
    }
    let as_written = |resource: &Resource| {
        let id = resource.id();
        (id.gvk.clone(), id.name.clone(), id.namespace.clone())
    };
    let staying: HashMap<_, _> =
        resources.iter().filter(|r| !is_local(r)).map(|r| (as_written(r), r)).collect();
    for local in resources.iter().filter(|r| is_local(r)) {
        if let Some(other) = staying.get(&as_written(local)) {
            return Err(two_of_one(local, other));
        }
    }
    resources.retain(|resource| !is_local(resource));
    Ok(())
}

fn is_local(resource: &Resource) -> bool {
    resource
        .metadata_entry("annotations", "config.kubernetes.io/local-config")
        .is_some_and(|value| value != "false")
}

/// Refuses two resources of one id: JSON patches may rename one to another.
pub(super) fn refuse_duplicates(resources: &ResourceSet) -> Result<(), Diagnostic> {
    let mut seen = HashMap::with_capacity(resources.len());
    for resource in resources {
        let id = resource.id();
        let (named, nameless): (Vec<_>, Vec<_>) = resource.formers.iter().partition(|f| !f.name.is_empty());
        if !named.is_empty() && !nameless.is_empty() {
            let error = Diagnostic::error(resource.tree().span(), format!("{id} had no name at first"));
            return Err(error.hinted("give it a name in the file it comes from"));
        }
        if let Some(first) = seen.insert((&id.gvk, &id.name, id.effective_namespace()), resource) {
            return Err(two_of_one(resource, first));
        }
    }
    Ok(())
}

fn two_of_one(resource: &Resource, other: &Resource) -> Diagnostic {
    let message = format!("there are two resources {} in the end", resource.id());
    Diagnostic::error(resource.tree().span(), message).hinted_at("the other one is here", other.tree().span())
}
