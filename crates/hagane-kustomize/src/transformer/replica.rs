//! Replica counts.

use hagane_resource::{Create, Diagnostic, FieldSpec, ResId, ResourceSet};
use hagane_yaml::{Node, Scalar, Tag};

use crate::kustomization::Replica;
use crate::selector::nearest_resource;

/// Sets the count of the workloads that have or had that name; there must be one.
pub(crate) fn set_replicas(
    resources: &mut ResourceSet,
    replica: &Replica,
    specs: &[FieldSpec],
) -> Result<(), Diagnostic> {
    let mut found = false;
    for spec in specs {
        let places = resources.named(&replica.name).to_vec();
        for place in places {
            let resource = resources.get_mut_keeping_name(place);
            let meant = |id: &ResId| id.name == replica.name && spec.takes(&id.gvk);
            if !meant(resource.id()) && !resource.former_ids().any(|id| meant(&id)) {
                continue;
            }
            found = true;
            if !spec.takes(resource.gvk()) {
                // It was of such a kind, and is none now.
                continue;
            }
            spec.apply(resource.tree_mut(), Create::Scalar, &mut |node| {
                let Node::Scalar(old) = node else {
                    let message = format!("`{}` is not a single value, so it cannot take a count", spec.path);
                    return Err(Diagnostic::error(node.span(), message).hinted("write a whole number there"));
                };
                let count = Scalar { tag: Tag::Int, ..Scalar::bare(replica.count.to_string()) };
                *old = Scalar { span: old.span, ..count.restyled(old.written()) };
                Ok(())
            })?;
        }
    }
    if found {
        return Ok(());
    }
    let kinds = specs.iter().map(|spec| spec.gvk.kind.as_str()).filter(|kind| !kind.is_empty());
    let kinds: Vec<&str> = kinds.collect();
    let kinds_or = if kinds.is_empty() { "resource" } else { &kinds.join(", ") };
    let message = format!("no {kinds_or} is named `{}`", replica.name);
    let error = Diagnostic::error(replica.span, message);
    let all: Vec<_> = resources.iter().filter(|r| kinds.contains(&r.gvk().kind.as_str())).collect();
    Err(match nearest_resource("Deployment", &replica.name, &all) {
        Some(near) => error.hinted_at(format!("there is `{}`", near.id()), near.tree().span()),
        None if kinds.is_empty() => {
            error.hinted("`fieldSpecs` says which kinds are meant, and where their count is")
        }
        None => error,
    })
}
